"""A period cut by the house's clock: days of 23 and 25 hours, weeks and months cut to the period."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from cti.reports.intervals import STEPS, before, count, grain, intervals, period

BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2026, 6, 1), 24)])
def test_a_day_has_as_many_hours_as_the_clock_gives_it(day: date, hours: int) -> None:
    assert len(intervals(day, day, "hour", BERLIN)) == hours
    assert len(intervals(day, day, "quarter", BERLIN)) == hours * 4
    since, until = period(day, day, BERLIN)
    assert until - since == hours * 3600


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("zone", [BERLIN, KATHMANDU])
def test_intervals_leave_nothing_out_and_take_nothing_twice(step: str, zone: ZoneInfo) -> None:
    first, last = date(2026, 10, 14), date(2027, 1, 3)
    parts = intervals(first, last, step, zone)  # type: ignore[arg-type]
    assert (parts[0].since, parts[-1].until) == period(first, last, zone)
    assert all(one.until == following.since for one, following in pairwise(parts))
    assert all(one.since % 900 == 0 for one in parts)
    assert len(parts) <= count(first, last, step)  # type: ignore[arg-type]
    assert grain(parts) == (3600 if zone is BERLIN and step not in ("quarter", "half") else 900)


def test_weeks_begin_on_mondays_and_months_on_the_first() -> None:
    weeks = intervals(date(2026, 11, 4), date(2026, 11, 17), "week", BERLIN)
    assert [one.day.isoformat() for one in weeks] == ["2026-11-04", "2026-11-09", "2026-11-16"]
    months = intervals(date(2026, 11, 4), date(2027, 1, 1), "month", BERLIN)
    assert [one.day.isoformat() for one in months] == ["2026-11-04", "2026-12-01", "2027-01-01"]
    assert before(date(2026, 11, 4), date(2026, 11, 10)) == (date(2026, 10, 28), date(2026, 11, 3))
