"""The Russian production calendar as days: those of 2025 to 2027 as the government published them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cti.errors import Refused
from cti.holidays_ru import with_year
from dialplan.faults import faults
from dialplan.plan import Day, Hours, Plan, Span

WEEK = Span(days=(0, 1, 2, 3, 4), begins="09:00", ends="18:00")
HOURS = Hours(id="day", title="Рабочие часы", zone="Europe/Moscow", spans=(WEEK,))


async def days(year: int, **more: bool) -> dict[str, Day]:
    made = await with_year(HOURS, year, **more)
    assert faults(Plan(hours=(made,))) == ()
    return {day.date: day for day in made.days}


@pytest.mark.parametrize(
    ("year", "short", "moved"),
    [
        (2025, {"2025-03-07", "2025-04-30", "2025-06-11", "2025-11-01"}, {"2025-05-02", "2025-06-13", "2025-11-03"}),
        (2026, {"2026-04-30", "2026-05-08", "2026-06-11", "2026-11-03"}, {"2026-01-09", "2026-12-31"}),
        (2027, {"2027-02-20", "2027-04-30", "2027-06-11", "2027-11-03"}, {"2027-02-22", "2027-11-05", "2027-12-31"}),
    ],
)
async def test_a_year_is_as_it_was_published(year: int, short: set[str], moved: set[str]) -> None:
    told = await days(year)
    assert {one.date for one in told.values() if one.open} == short
    assert all(told[one].open == ("09:00-17:00",) for one in short), "an hour less, on a worked Saturday as well"
    assert all(told[one].holiday for one in moved | {f"{year}-01-01", f"{year}-05-09", f"{year}-11-04"})


async def test_days_that_somebody_set_stay_and_again_changes_nothing() -> None:
    own = Day(date="2027-01-04", open=("10:00-14:00",), title="Дежурный день")
    once = await with_year(replace(HOURS, days=(own,)), 2027)
    assert next(day for day in once.days if day.date == own.date) == own
    assert await with_year(once, 2027) == once
    assert await with_year(once, 2026) != once


async def test_who_keeps_his_hours_before_a_holiday_may() -> None:
    told = await days(2027, shorter=False)
    assert {one.date: one.open for one in told.values() if one.open} == {"2027-02-20": ("09:00-18:00",)}


async def test_a_year_that_is_not_known_is_said_to_be() -> None:
    with pytest.raises(Refused, match="2049 are not known"):
        await with_year(HOURS, 2049)
