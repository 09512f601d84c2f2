"""When a report is sent next, and which days it then tells of, by the house's clock.

A time that spring leaves out is the moment at which the clock jumps over it; one that comes twice in autumn is its
first one: each day has one time. A month without the day that was asked for is sent on its last.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Every = Literal["day", "week", "month"]
Span = Literal["yesterday", "last-7-days", "last-week", "last-30-days", "last-month", "this-month"]
EVERY: tuple[Every, ...] = get_args(Every)
SPANS: tuple[Span, ...] = get_args(Span)
DAYS_AHEAD = 63  # further than any next month


def next_run(every: Every, day: int, minute: int, zone: ZoneInfo, after: float) -> float:
    """The first time after a moment. day: 1 is Monday of a week, or the day of a month; minute: of the day."""
    start = datetime.fromtimestamp(after, zone).date()
    for ahead in range(DAYS_AHEAD):
        on = start + timedelta(days=ahead)
        if not _is_due(every, day, on):
            continue
        at = moment(on, minute, zone)
        if at > after:
            return at
    raise ValueError(f"no day {day} of a {every}")


def _is_due(every: Every, day: int, on: date) -> bool:
    if every == "week":
        return on.isoweekday() == day
    return every == "day" or on.day == min(day, monthrange(on.year, on.month)[1])


def moment(on: date, minute: int, zone: ZoneInfo) -> float:
    """When it is so late on a day."""
    here = datetime(on.year, on.month, on.day, minute // 60, minute % 60, tzinfo=zone)
    back = datetime.fromtimestamp(here.timestamp(), zone)
    if back.replace(tzinfo=None) == here.replace(tzinfo=None):
        return here.timestamp()
    before = here.replace(fold=1).timestamp()  # left out: fold 1 is before the jump, fold 0 after it
    jump = int(before) - int(before) % 60
    while datetime.fromtimestamp(jump, zone).utcoffset() == datetime.fromtimestamp(before, zone).utcoffset():
        jump += 60
    return float(jump)


def days_of(span: Span, today: date) -> tuple[date, date]:
    """The first and the last day that a report tells of."""
    yesterday, first = today - timedelta(days=1), today.replace(day=1)
    monday = today - timedelta(days=today.weekday())
    before = first - timedelta(days=1)
    spans: dict[Span, tuple[date, date]] = {
        "yesterday": (yesterday, yesterday),
        "last-7-days": (today - timedelta(days=7), yesterday),
        "last-week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "last-30-days": (today - timedelta(days=30), yesterday),
        "last-month": (before.replace(day=1), before),
        "this-month": (first, today),
    }
    return spans[span]
