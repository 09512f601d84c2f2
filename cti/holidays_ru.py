"""A year of the Russian production calendar as days of somebody's hours: holidays, days moved, days that are shorter.

The days come from the library `holidays`, which knows the government's moves of the years in `known`; of another year
only the holidays themselves are certain, so it is refused rather than half told. Labour Code, articles 95 and 112: the
working day just before a holiday is an hour shorter; a day off that is worked is as long as the day it is changed with.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from cti.errors import Refused
from dialplan.hours import edges
from dialplan.plan import Day, Hours

HOLIDAYS = frozenset(
    [(1, day) for day in range(1, 9)] + [(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)]
)  # article 112: month, day
SHORTER_MIN = 60
_MOVED_FROM = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})")


async def with_year(hours: Hours, year: int, *, language: str = "ru", shorter: bool = True) -> Hours:
    """Hours with the days of a year. Dates that somebody has set stay as they are. Raises Refused `no-calendar`.

    shorter: the day before a holiday ends an hour earlier. The library is read and asked beside the event loop.
    """
    return await asyncio.to_thread(_with_year, hours, year, language, shorter)


def known() -> tuple[int, ...]:
    """Years whose moved days are known, in order. Reads the library: not for the event loop."""
    from holidays.countries.russia import RussiaStaticHolidays

    return tuple(sorted(RussiaStaticHolidays.special_public_holidays))


def days_off(years: Sequence[int]) -> frozenset[date]:
    """Holidays and days of rest that were moved; of a year that is not known the holidays of the law alone.

    Reads the library: not for the event loop.
    """
    from holidays import country_holidays

    sure = {date(year, month, day) for year in years for month, day in HOLIDAYS}
    return frozenset(sure | set(country_holidays("RU", years=[one for one in years if one in known()])))


def _with_year(hours: Hours, year: int, language: str, shorter: bool) -> Hours:
    years = known()
    if year not in years:
        told = ", ".join(str(one) for one in years[-3:])
        raise Refused("no-calendar", f"The moved days of {year} are not known here yet; those of {told} are.")
    own = {day.date for day in hours.days}
    made = [day for day in _days(hours, year, language, shorter) if day.date not in own]
    return replace(hours, days=tuple(sorted((*hours.days, *made), key=lambda day: day.date)))


def _days(hours: Hours, year: int, language: str, shorter: bool) -> Iterator[Day]:
    from holidays import country_holidays

    calendar = country_holidays("RU", years=year, language="en_US" if language == "en" else "ru")
    off: Mapping[date, str] = dict(calendar)
    worked = {one for one in calendar.weekend_workdays if one.year == year}
    instead = {source: day for day, name in off.items() if (source := _moved_from(name)) in worked}
    for day, name in off.items():
        yield Day(date=day.isoformat(), title=name, holiday=True)
    here = date(year, 1, 1)
    while here.year == year:
        as_day = instead.get(here, here)  # the day it was changed with says how long it is
        works = here in worked or (here not in off and here.weekday() < 5)
        is_short = shorter and works and _is_holiday(as_day + timedelta(days=1))
        if here in worked or is_short:
            spans = _spans(hours, as_day.weekday(), SHORTER_MIN if is_short else 0)
            title = SHORT[language] if is_short else WORKED[language]
            if spans or here in worked:
                yield Day(date=here.isoformat(), open=spans, title=title)
        here += timedelta(days=1)


SHORT = {"ru": "Предпраздничный день", "en": "The day before a holiday"}
WORKED = {"ru": "Рабочий день (перенос)", "en": "A working day (moved)"}


def _is_holiday(day: date) -> bool:
    return (day.month, day.day) in HOLIDAYS


def _moved_from(name: str) -> date | None:
    """The day whose rest was moved here, of «Выходной (перенесено с 20.02.2027)»."""
    found = _MOVED_FROM.search(name)
    return date(int(found[3]), int(found[2]), int(found[1])) if found else None


def _spans(hours: Hours, weekday: int, shorter_min: int) -> tuple[str, ...]:
    """When it is open on a day of the week, the last span cut short."""
    open_ = sorted(f"{one.begins}-{one.ends}" for one in hours.spans if weekday in one.days)
    if not open_ or not shorter_min:
        return tuple(open_)
    begins, ends = edges(open_[-1])
    minutes = ends // 100 * 60 + ends % 100 - shorter_min
    cut = minutes // 60 * 100 + minutes % 60
    last = (f"{begins // 100:02}:{begins % 100:02}-{cut // 100:02}:{cut % 100:02}",) if cut > begins else ()
    return (*open_[:-1], *last)
