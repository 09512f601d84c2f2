"""A person's figures out of a journal that cannot be: every kind still adds up, and each number is what it opens."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.reports import agent_lines
from cti.reports.agent_sums import IDLE_S, LEG_S, LINE_S, AgentSums, Leg, Line, sums
from cti.reports.intervals import intervals, period

BERLIN = ZoneInfo("Europe/Berlin")
DAY_S = 86_400
STATES = ("ready", "not-ready", "after-call", "logged-off", "nobody-knows")
moments = st.integers(3600 * 8, 3 * DAY_S * 8).map(lambda eighths: eighths / 8)
lengths = st.one_of(st.integers(-4000, 30_000).map(lambda eighths: eighths / 8), st.sampled_from((9.0 * 3600, 2e5)))
lines = st.lists(
    st.builds(Line, at=moments, state=st.sampled_from(STATES), reason=st.sampled_from(("", "lunch"))), max_size=8
)
legs = st.lists(
    st.builds(
        lambda rang, ring, talk, share, is_missed: Leg(
            rang=rang, answered=None if is_missed else rang + ring, ended=rang + ring + talk,
            talk_s=None if share is None else talk * share, hold_s=abs(talk) / 4, missed=is_missed,
            rung_s=max(0.0, ring), call="c",
        ),
        moments, lengths, lengths, st.sampled_from((None, 0.0, 0.5, 2.0)), st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


def whole(found: dict[int, AgentSums]) -> AgentSums:
    made = AgentSums()
    for one in found.values():
        made.add(one)
    return made


@settings(max_examples=60, deadline=None)
@given(said=lines, parts=legs)
def test_whatever_the_journal_says_it_adds_up_and_every_number_is_what_it_opens(
    said: list[Line], parts: list[Leg]
) -> None:
    said.sort(key=lambda one: one.at)  # as it is read; sessions overlap, calls too, clocks jump back within calls
    now = 4.0 * DAY_S
    found = sums(said, parts, now)
    total = whole(found)
    assert total.difference_ms == 0
    assert all(abs(one.difference_ms) <= 3 for one in found.values())  # talk, hold and dialling are cut at its ends
    assert min(0, *(getattr(one, name) for one in found.values() for name in agent_lines.KINDS.values()), 0) == 0
    for what, name in agent_lines.KINDS.items():
        behind = agent_lines.rows(what, said, parts, now, 0, 12 * DAY_S)
        number = len(behind) if what == "log-ins" else sum(one.length for one in behind)
        assert number == getattr(total, name), what
        first = agent_lines.rows(what, said, parts, now, 0, DAY_S)
        if what != "log-ins":
            assert sum(one.length for one in first) == sum(
                getattr(one, name) for at, one in found.items() if at < DAY_S
            )


def test_logging_in_twice_is_one_session_and_a_second_call_is_said() -> None:
    said = [Line(at=0.0, state="ready"), Line(at=600.0, state="ready"), Line(at=1200.0, state="logged-off")]
    calls = [Leg(rang=None, answered=100.0, ended=400.0), Leg(rang=None, answered=300.0, ended=500.0),
             Leg(rang=None, answered=1100.0, ended=1500.0)]  # fmt: skip
    total = whole(sums(said, calls, 5000.0))
    assert (total.sessions, total.session_ms, total.ready_ms) == (1, 1_200_000, 700_000)
    assert (total.twice_ms, total.outside_ms, total.talk_ms) == (100_000, 300_000, 900_000)
    asked = said, calls, 5000.0, 0, 2700
    assert [(one.begun, one.ended) for one in agent_lines.rows("twice", *asked)] == [(300_000, 400_000)]
    assert [(one.begun, one.ended) for one in agent_lines.rows("outside", *asked)] == [(1_200_000, 1_500_000)]


def test_a_clock_that_jumped_makes_no_time_and_an_end_that_nobody_saw_has_a_limit() -> None:
    back = [Leg(rang=500.0, answered=600.0, ended=100.0, talk_s=50.0)]
    total = whole(sums([], back, 5000.0))
    assert (total.answered, total.talk_ms, total.outside_ms) == (1, 0, 0)
    endless = [Leg(rang=None, answered=0.0, ended=40.0 * DAY_S)]
    assert whole(sums([], endless, 50.0 * DAY_S)).talk_ms == LEG_S * 1000
    night = [Line(at=0.0, state="ready"), Line(at=IDLE_S + 1.0, state="logged-off")]
    total = whole(sums(night, [], 9e5))
    assert (total.ready_ms, total.ignored_ms) == (0, (IDLE_S + 1) * 1000)
    [ignored] = agent_lines.rows("ignored", night, [], 9e5, 0, DAY_S)
    assert (ignored.begun, ignored.ended, ignored.length) == (0, (IDLE_S + 1) * 1000, (IDLE_S + 1) * 1000)
    forgotten = whole(sums([Line(at=0.0, state="not-ready")], [], 40.0 * DAY_S))
    assert forgotten.session_ms == forgotten.ignored_ms == LINE_S * 1000


def test_the_days_on_which_clocks_are_moved_have_the_hours_that_they_have() -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25)):
        since, until = period(day, day, BERLIN)
        said = []
        for hour in range(hours):  # half of every real hour ready, half at lunch, on over both midnights
            at = since + hour * 3600.0
            said += [Line(at=at, state="ready"), Line(at=at + 1800, state="not-ready", reason="lunch")]
        said = [Line(at=since - 1800.0, state="ready"), *said, Line(at=until + 60.0, state="logged-off")]
        found = sums(said, [], until + 900.0)
        parts = intervals(day, day, "hour", BERLIN)
        assert len(parts) == hours
        for part in parts:
            own = whole({at: one for at, one in found.items() if part.since <= at < part.until})
            assert (own.ready_ms, own.pauses) == (1_800_000, {"lunch": 1_800_000})
        own = whole({at: one for at, one in found.items() if since <= at < until})
        assert (own.session_ms, own.ready_ms, own.difference_ms) == (hours * 3_600_000, hours * 1_800_000, 0)


def test_ten_years_are_all_their_months_and_days() -> None:
    first, last = date(2016, 1, 1), date(2025, 12, 31)
    months = intervals(first, last, "month", BERLIN)
    days = intervals(first, last, "day", BERLIN)
    since, until = period(first, last, BERLIN)
    for parts, count in ((months, 120), (days, 3653)):
        assert len(parts) == count
        assert [parts[0].since, *(one.until for one in parts)] == [*(one.since for one in parts), until]
        assert parts[0].since == since
