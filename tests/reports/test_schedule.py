"""When a report is sent next: each day once, also on those of 23 and 25 hours, in short months and leap years."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from cti.reports.schedule import EVERY, SPANS, Every, days_of, moment, next_run

BERLIN = ZoneInfo("Europe/Berlin")


def runs(every: Every, day: int, minute: int, since: str, count: int) -> list[str]:
    at, found = datetime.fromisoformat(since).replace(tzinfo=BERLIN).timestamp(), []
    for _ in range(count):
        at = next_run(every, day, minute, BERLIN, at)
        found.append(f"{datetime.fromtimestamp(at, BERLIN):%m-%d %H:%M}")
    return found


def test_a_time_that_spring_leaves_out_is_the_moment_of_the_jump() -> None:
    assert runs("day", 1, 150, "2026-03-28T02:00", 3) == ["03-28 02:30", "03-29 03:00", "03-30 02:30"]


def test_a_time_that_comes_twice_is_sent_once() -> None:
    assert runs("day", 1, 150, "2026-10-24T12:00", 3) == ["10-25 02:30", "10-26 02:30", "10-27 02:30"]
    first = moment(date(2026, 10, 25), 150, BERLIN)
    assert next_run("day", 1, 150, BERLIN, first + 3600) == moment(date(2026, 10, 26), 150, BERLIN)


def test_months_without_the_day_are_sent_on_their_last() -> None:
    assert runs("month", 31, 0, "2026-01-30T12:00", 4) == ["01-31 00:00", "02-28 00:00", "03-31 00:00", "04-30 00:00"]
    assert runs("week", 1, 480, "2026-11-27T12:00", 2) == ["11-30 08:00", "12-07 08:00"]


@pytest.mark.parametrize("every", EVERY)
def test_each_run_is_after_the_last_and_none_is_left_out(every: Every) -> None:
    at = moment(date(2025, 12, 31), 90, BERLIN)
    days = []
    while at < moment(date(2028, 3, 1), 0, BERLIN):
        following = next_run(every, 7, 90, BERLIN, at)
        assert following > at
        days.append(datetime.fromtimestamp(following, BERLIN).date())
        at = following
    apart = {(later - earlier).days for earlier, later in pairwise(days)}
    assert apart <= {"day": {1}, "week": {7}, "month": {28, 29, 30, 31}}[every]


def test_which_days_a_report_tells_of() -> None:
    today = date(2026, 3, 1)
    assert days_of("yesterday", today) == (date(2026, 2, 28), date(2026, 2, 28))
    assert days_of("last-month", today) == (date(2026, 2, 1), date(2026, 2, 28))
    assert days_of("last-week", today) == (date(2026, 2, 16), date(2026, 2, 22))
    assert all(first <= last <= today for first, last in (days_of(span, today) for span in SPANS))
    assert days_of("last-7-days", today)[0] == today - timedelta(days=7)
