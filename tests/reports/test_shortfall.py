"""A low level split: the parts add up, each answers for its own cause; what is usual, and what is too little for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.reports.agent_sums import AgentSums
from cti.reports.erlang import Goal
from cti.reports.forecast import Day, Usual, forecast
from cti.reports.intervals import Interval
from cti.reports.queue_sums import QueueSums
from cti.reports.shortfall import ORDER, Change, Slot, Staff, in_points, shortfall, split, what_if
from cti.reports.staffing import Offer, staffing

GOAL, HALF_MS = Goal(within_s=20, short_s=5), 1_800_000
DAY = date(2026, 11, 19)


def slot(**more: Any) -> Slot:
    """A half hour with all as usual and 12 agents there."""
    usual = Usual(calls=100.0, handling_s=180.0)
    whole: dict[str, Any] = {
        "label": "10:00", "since": 0, "until": 1800, "calls": 100, "counted": 100, "in_time": 75,
        "handling_s": 180.0, "goal": GOAL, "staff": Staff(there_ms=13 * HALF_MS, people=13), "usual": usual,
    }  # fmt: skip
    return Slot(**(whole | more))


SLOTS = st.builds(
    slot,
    calls=st.integers(0, 300),
    counted=st.integers(0, 300),
    in_time=st.integers(0, 300),
    handling_s=st.none() | st.floats(1, 900),
    staff=st.builds(Staff, there_ms=st.integers(0, 40 * HALF_MS), over_ms=st.integers(0, 5 * HALF_MS),
                    rings_ms=st.integers(0, 3 * HALF_MS)),
    usual=st.builds(Usual, calls=st.floats(0, 300), handling_s=st.none() | st.floats(1, 900)),
)  # fmt: skip


@given(st.lists(SLOTS, max_size=6), st.floats(0.01, 1), st.none() | st.floats(5, 600))
@settings(max_examples=20, deadline=None)
def test_parts_add_up_to_the_shortfall_exactly(slots: list[Slot], target: float, patience_s: float | None) -> None:
    splits = [made for one in slots if (made := split(one, target, patience_s))]
    assert len(splits) == sum(one.counted > 0 for one in slots)
    for one in splits:
        assert sum(one.parts.values()) == one.short
    whole = shortfall(splits)
    assert sum(whole.parts.values()) == whole.short == sum(one.short for one in splits)
    assert sum(whole.points.values()) == whole.short_points


@given(st.lists(st.integers(-500_000, 500_000), min_size=6, max_size=6), st.integers(1, 5000))
def test_rounded_points_add_up_and_are_off_by_less_than_one(parts: list[int], counted: int) -> None:
    named = dict(zip(ORDER, parts, strict=True))
    points = in_points(named, counted)
    assert sum(points.values()) == round(sum(parts) / counted)
    assert all(abs(points[part] - named[part] / counted) < 1 + 1e-9 for part in ORDER)


def test_each_cause_is_told_by_its_own_part() -> None:
    for cause, one in (
        ("agents", slot(staff=Staff(there_ms=10 * HALF_MS))),
        ("pauses", slot(staff=Staff(there_ms=11 * HALF_MS, over_ms=2 * HALF_MS))),
        ("arrivals", slot(calls=140)),
        ("handling", slot(handling_s=260.0)),
        ("rings", slot(staff=Staff(there_ms=13 * HALF_MS, rings_ms=3 * HALF_MS))),
    ):
        made = split(one, 0.8, 60.0)
        assert made is not None
        largest = max(("agents", "pauses", "arrivals", "handling", "rings"), key=lambda part: made.parts[part])
        assert largest == cause
        others = {part: made.parts[part] for part in ("pauses", "arrivals", "handling", "rings") if part != cause}
        assert not any(others.values())


def test_one_more_agent_is_what_the_model_says() -> None:
    one = what_if(slot(staff=Staff(there_ms=12 * HALF_MS)), Change(agents=2), 0.8, None)
    assert one is not None
    assert (round(one.model, 3), round(one.then, 3), one.need) == (0.64, 0.888, 14)
    longer = what_if(
        slot(staff=Staff(there_ms=14 * HALF_MS)), Change(handling_percent=20, calls_percent=-10), 0.8, 90.0
    )
    assert longer is not None
    assert longer.then_c < longer.then < longer.model
    assert what_if(slot(counted=0), Change(), 0.8, None) is None


def day(calls: int, **more: Any) -> Day:
    answered = calls * 9 // 10
    sums = QueueSums(entered=calls, answered=answered, abandoned=calls - answered, talk_ms=answered * 120_000,
                     wait_ms=answered * 10_000, abandoned_ms=(calls - answered) * 30_000, **more)  # fmt: skip
    return {"10:00": sums}


def test_usual_is_the_median_of_the_weekday_without_holidays_and_silent_days() -> None:
    weeks = {DAY - timedelta(days=7 * n): calls for n, calls in enumerate((30, 500, 40, 50, 0, 60), 1)}
    history = {one: day(calls) for one, calls in weeks.items() if calls}
    holiday = DAY - timedelta(days=14)
    made = forecast(DAY, 6, history, {holiday})
    assert made.slots["10:00"].calls == 45.0
    assert made.slots["10:00"].handling_s == 120.0
    assert (list(made.holidays), list(made.silent)) == ([holiday], [DAY - timedelta(days=35)])
    waited = sum((calls * 9 // 10) * 10 + (calls - calls * 9 // 10) * 30 for calls in (30, 40, 50, 60))
    assert made.patience_s == waited / sum(calls - calls * 9 // 10 for calls in (30, 40, 50, 60))


def test_two_days_are_no_habit() -> None:
    made = forecast(DAY, 8, {DAY - timedelta(days=7): day(10), DAY - timedelta(days=14): day(10)}, ())
    assert (made.is_enough, dict(made.slots), len(made.days)) == (False, {}, 2)


def test_time_is_taken_away_by_pauses_other_calls_and_rings() -> None:
    slots = [Interval(since=0, until=1800, day=DAY), Interval(since=1800, until=3600, day=DAY)]
    pause = {"Lunch": 900_000}
    quarters = {
        1: {0: AgentSums(ready_ms=600_000, talk_ms=300_000), 900: AgentSums(pause_ms=900_000, pauses=pause),
            1800: AgentSums(pause_ms=900_000, pauses=pause), 2700: AgentSums(ready_ms=900_000)},
        2: {0: AgentSums(ready_ms=700_000, talk_ms=200_000)},
    }  # fmt: skip
    offers = [
        Offer(call_id="a", user_id=1, rang=5.0, answered=10.0, ended=310.0),
        Offer(call_id="b", user_id=2, rang=100.0, answered=None, ended=118.0),
    ]
    (first, second), shares = staffing(slots, quarters, offers, {"Lunch": 20 * 60_000})
    assert first == Staff(there_ms=900_000 + 700_000, over_ms=0, rings_ms=18_000, people=2)
    assert second == Staff(there_ms=900_000, over_ms=600_000, rings_ms=0, people=1)
    assert (shares[1].over, shares[1].calls, shares[1].elsewhere_ms) == ({"Lunch": 600_000}, 1, 0)
    assert (shares[2].rings, shares[2].elsewhere_ms) == (1, 200_000)
