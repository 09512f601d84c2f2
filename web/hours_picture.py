"""Hours as their page shows them: a week as bars, and the months of a year with the days that are not as others."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from dialplan.hours import edges
from dialplan.plan import Day, Hours

MINUTES = 24 * 60
LONGEST_RANGE = 60  # days that one form may set at once


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A span of a day of the week, in minutes of the day."""

    begins: int
    ends: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A day of a month. state: open, closed, holiday; special: it is not as its day of the week says."""

    date: str
    day: int
    state: str
    special: bool = False
    title: str = ""
    open: str = ""


def week(hours: Hours) -> list[list[Bar]]:
    """Bars by day of the week; spans that are none are left out: they are faults."""
    days: list[list[Bar]] = [[] for _ in range(7)]
    for span in hours.spans:
        try:
            begins, ends = edges(f"{span.begins}-{span.ends}")
        except ValueError:
            continue
        for day in span.days:
            if 0 <= day < len(days):
                days[day].append(Bar(begins=_minutes(begins), ends=_minutes(ends)))
    return days


def year(hours: Hours, which: int) -> list[list[list[Cell | None]]]:
    """Months of a year, each as weeks of seven."""
    special = {day.date: day for day in hours.days}
    plain = {day for span in hours.spans for day in span.days}
    return [
        [
            [_cell(date(which, month, day), special, plain) if day else None for day in row]
            for row in calendar.Calendar().monthdayscalendar(which, month)
        ]
        for month in range(1, 13)
    ]


def _cell(day: date, special: dict[str, Day], plain: set[int]) -> Cell:
    own = special.get(day.isoformat())
    if own is None:
        return Cell(date=day.isoformat(), day=day.day, state="open" if day.weekday() in plain else "closed")
    state = "open" if own.open else ("holiday" if own.holiday else "closed")
    return Cell(
        date=own.date, day=day.day, state=state, special=True, title=own.title, open=", ".join(own.open),
    )  # fmt: skip


def dates(first: str, last: str) -> list[str]:
    """Dates from one to another; [] for what are none, or too many."""
    try:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return []
    count = (ends - begins).days + 1
    if not 1 <= count <= LONGEST_RANGE:
        return []
    return [(begins + timedelta(days=n)).isoformat() for n in range(count)]


def _minutes(clock: int) -> int:
    return clock // 100 * 60 + clock % 100
