"""Heat map, reach time, answer times: pure arithmetic, with the days on which clocks are moved."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from cti.reports import answers, reach, weekdays
from cti.reports.answers import Message, questions
from cti.reports.intervals import period
from cti.reports.reach import Lost, first_tries

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("day", "quarters", "at_two"), [("2026-03-29", 92, 0), ("2026-10-25", 100, 8)])
def test_days_of_23_and_25_hours_stand_where_their_clock_is(day: str, quarters: int, at_two: int) -> None:
    since, until = period(date.fromisoformat(day), date.fromisoformat(day), BERLIN)
    assert len(weekdays.quarters(since, until, BERLIN, 6, None)) == quarters
    assert len(weekdays.quarters(since, until, BERLIN, 6, 2)) == at_two
    assert weekdays.quarters(since, until, BERLIN, 0, None) == []
    each = [weekdays.quarters(since, until, BERLIN, 6, hour) for hour in range(24)]
    assert sorted(at for some in each for at in some) == list(range(since, until, 900))


def test_rows_are_grouped_by_the_clock_of_the_house() -> None:
    since, _ = period(date(2026, 10, 25), date(2026, 10, 25), BERLIN)
    rows = [(since + 7200, [1]), (since + 10800, [2]), (since + 14400, [4])]  # 2:00, 2:00 again, 3:00
    assert weekdays.by_place(rows, BERLIN) == {(6, 2): [[1], [2]], (6, 3): [[4]]}


def lost(at: float, **more: object) -> Lost:
    return Lost(call=f"c{at}", at=at, queue="sales", owner="", **more)  # type: ignore[arg-type]


def test_several_tries_before_a_talk_are_one_client() -> None:
    found = first_tries([lost(100), lost(200), lost(500), lost(900)], [400, 600])
    assert [(one.at, one.after_s, one.end) for one in found] == [
        (100, 300, "reached"),
        (500, 100, "reached"),
        (900, None, "open"),
    ]
    sums = reach.sums([*found, lost(1000, hidden=True)], 200)
    assert (sums.clients, sums.reached, sums.open, sums.hidden, sums.in_time) == (4, 2, 1, 1, 1)
    assert (sums.median_s, sums.share, sum(sums.steps)) == (200, 1 / 3, 2)
    assert [one.step for one in found] == [1, 0, None]
    assert reach.sums([], 60).share is None


def test_a_question_is_the_first_letter_until_the_answer() -> None:
    def one(at: float, ours: bool = False, user: str = "") -> Message:
        return Message(id=int(at), at=at, ours=ours, user=user)

    letters = [one(5, ours=True), one(10), one(20), one(30, ours=True, user="Anna"), one(40, ours=True), one(50)]
    found = questions(letters, "email", "info", lambda at: at + 15, now=100)
    assert [(q.id, q.after_s, q.user, q.first, q.late) for q in found] == [
        (10, 20, "Anna", True, True),
        (50, None, "", False, True),
    ]
    assert [q.late for q in questions(letters, "email", "info", lambda _: None, now=100)] == [None, None]
    sums = answers.sums(found)
    assert (sums.asked, sums.answered, sums.open, sums.late, sums.share) == (2, 1, 1, 2, 0)
    assert (sums.first_median_s, sums.median_s) == (20, 20)


def test_first_answers_have_a_share_in_time_of_their_own_and_what_is_added_is_counted() -> None:
    times = [(10, False), (12, False), (20, True), (30, False), (90, True), (95, False)]
    some = [Message(id=at, at=at, ours=ours) for at, ours in times]
    found = answers.messages_asked(some, "sms", "firm", lambda at: at + 15, now=100)
    assert sorted((q.id, q.end) for q in found) == [(10, "answered"), (12, "adds"), (30, "answered"), (95, "open")]
    sums = answers.sums(found)
    assert (sums.asked, sums.answered, sums.open, sums.added) == (3, 2, 1, 1)
    assert (sums.first_share, sums.share) == (1, 2 / 3)
