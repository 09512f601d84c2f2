"""Each figure against numbers reckoned by hand, and against nothing at all."""

from __future__ import annotations

import pytest

from cti.reports import kpi
from cti.reports.agent_sums import AgentSums, Leg, Line
from cti.reports.agent_sums import sums as agent_sums
from cti.reports.kpi import AGAIN_S, Contact
from cti.reports.queue_sums import Call, History, QueueSums, Stay, Talk, Thresholds, WrapUp, sums

AT = 1_790_000_100.0


def _stay(how: str | None, wait: float | None, queue: str = "sales", joined: float = AT) -> Stay:
    return Stay(queue=queue, joined=joined, left=None if wait is None else joined + wait, how=how)


def _day() -> QueueSums:
    """Ten who came: six answered (four within 20 s), three hung up (one within 5 s, one within 20 s), one sent on."""
    ends = [("answered", wait) for wait in (1, 5, 19, 20, 21, 60)]
    ends += [("abandoned", wait) for wait in (3, 12, 90)] + [("timeout", 300)]
    calls = [Call(over=True, stays=[_stay(how, wait)]) for how, wait in ends]
    calls[0] = Call(
        over=True,
        stays=calls[0].stays,
        talks=[Talk(began=AT + 1, talk_ms=100_000, hold_ms=20_000)],
        wrap_ups=[WrapUp(queue="sales", began=AT + 121, length_ms=30_000)],
    )
    (found,) = sums(calls, {}).values()
    return found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("service-level", 4 / 8),
        ("asterisk-level", 4 / 6),
        ("asterisk-level-2", 6 / 9),
        ("answered-rate", 6 / 10),
        ("answer-speed", 126 / 6),
        ("handling", 150 / 6),
        ("abandon-rate", 2 / 10),
        ("patience", 105 / 3),
    ],
)
def test_a_figure_of_a_queue(key: str, value: float) -> None:
    one = next(one for one in kpi.QUEUES if one.key == key)
    assert one.reckon(_day()) == pytest.approx(value)
    assert one.reckon(QueueSums()) is None


def test_all_who_entered_have_an_end() -> None:
    day = _day()
    assert (day.entered, day.answered, day.abandoned, day.exits, day.difference) == (10, 6, 3, 1, 0)
    lost = sums([Call(over=True, stays=[_stay(None, None)]), Call(over=False, stays=[_stay(None, None)])], {})
    (found,) = lost.values()
    assert (found.entered, found.unseen, found.waiting, found.difference) == (2, 1, 1, 1)


def test_a_wait_whose_clock_ran_backwards_is_counted_and_has_no_length() -> None:
    calls = [Call(over=True, stays=[_stay("answered", -5)]), Call(over=True, stays=[_stay("answered", 4)])]
    (both,) = sums(calls, {}).values()
    assert (both.answered, kpi.service_level_of(both), kpi.answer_speed(both)) == (2, 1, 4)


def test_a_talk_belongs_to_the_stay_that_was_answered_before_it() -> None:
    stays = [_stay("answered", 5), _stay("timeout", 9, "support", AT + 60), _stay("answered", 5, "help", AT + 120)]
    talks = [Talk(began=AT + 5, talk_ms=50_000, hold_ms=0), Talk(began=AT + 125, talk_ms=7_000, hold_ms=1_000)]
    worked = [WrapUp(queue="sales", began=AT + 130, length_ms=15_000)]
    found = sums([Call(over=True, stays=stays, talks=talks, wrap_ups=worked)], {})
    by_queue = {queue: (one.talk_ms, one.hold_ms, one.wrap_ms) for (queue, _), one in found.items()}
    assert by_queue == {"sales": (50_000, 0, 15_000), "support": (0, 0, 0), "help": (7_000, 1_000, 0)}


def test_thresholds_are_those_of_the_queue_at_that_time() -> None:
    history: History = {
        "": [(0.0, Thresholds(answer_within_s=30))],
        "sales": [(AT, Thresholds(answer_within_s=60)), (AT + 9e3, None)],
    }
    calls = [Call(over=True, stays=[_stay("answered", 45, queue, at)])
             for queue, at in (("sales", AT + 900), ("support", AT + 900), ("sales", AT + 1e4))]  # fmt: skip
    assert [one.in_t for one in sums(calls, history).values()] == [1, 0, 0]


def test_a_shift_over_midnight_is_cut_at_the_quarters() -> None:
    lines = [Line(at=0.0, state="ready"), Line(at=1000.0, state="not-ready", reason="lunch"),
             Line(at=1900.0, state="logged-off")]  # fmt: skip
    legs = [
        Leg(rang=95.0, answered=100.0, ended=400.0, talk_s=200.0, hold_s=50.0),
        Leg(rang=500.0, answered=None, ended=510.0, missed=True),
    ]
    found = agent_sums(lines, legs, 5000.0)
    first, second, third = (found[at] for at in (0, 900, 1800))
    assert (first.ready_ms, first.talk_ms, first.hold_ms, first.dial_ms) == (600_000, 200_000, 50_000, 50_000)
    assert (first.answered, first.missed) == (1, 1)
    assert (second.ready_ms, second.pauses) == (100_000, {"lunch": 800_000})
    assert (third.pause_ms, third.signed_on_ms) == (100_000, 100_000)
    whole = AgentSums()
    for one in found.values():
        whole.add(one)
    assert kpi.occupancy(whole) == pytest.approx(250 / 950)
    assert kpi.agent_handling(whole) == 250


def test_who_forgot_to_log_out_was_not_ready_all_night() -> None:
    legs = [Leg(rang=None, answered=100.0, ended=200.0)]
    found = agent_sums([Line(at=0.0, state="ready")], legs, 200.0 + 9 * 3600)
    assert sum(one.ready_ms for one in found.values()) == 100_000
    assert sum(one.ignored_ms for one in found.values()) == 9 * 3_600_000


def test_a_client_who_calls_again_was_not_helped_at_once() -> None:
    def came(at: float, *, inbound: bool = True, answered: bool = True) -> Contact:
        return Contact(at=at, inbound=inbound, answered=answered)

    contacts = {
        1: [came(0.0), came(AGAIN_S - 1)],
        2: [came(0.0), came(AGAIN_S)],
        3: [came(0.0), came(60.0, inbound=False)],
    }
    assert kpi.helped_at_once(contacts, 0.0, 1.0) == (2, 3)
    assert kpi.reached([came(5.0, answered=False), came(9.0, inbound=False)], 4.0) == 5.0
    assert kpi.reached([], 4.0) is None
