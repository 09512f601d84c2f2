"""A period cut into intervals by the house's clock: days of 23 and 25 hours are what they are.

Within a day intervals go by real time from its beginning, so the hour that comes twice in autumn is two intervals, and
the hour that spring leaves out is none. All bounds are beginnings of quarters of an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Step = Literal["quarter", "half", "hour", "day", "week", "month"]
STEPS: tuple[Step, ...] = get_args(Step)
SECONDS = {"quarter": 900, "half": 1800, "hour": 3600}
HOUR_S = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """since <= at < until, UNIX seconds; day: the local one on which it begins."""

    since: int
    until: int
    day: date


def begins(day: date, zone: ZoneInfo) -> int:
    """When a day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def period(first: date, last: date, zone: ZoneInfo) -> tuple[int, int]:
    """Both days and all between them."""
    return begins(first, zone), begins(last + timedelta(days=1), zone)


def before(first: date, last: date) -> tuple[date, date]:
    """The period of the same length just before."""
    days = (last - first).days + 1
    return first - timedelta(days=days), first - timedelta(days=1)


def count(first: date, last: date, step: Step) -> int:
    """About how many intervals there are, never fewer."""
    days = (last - first).days + 1
    per_day = {"quarter": 100, "half": 50, "hour": 25, "day": 1}
    return days * per_day[step] if step in per_day else days // (7 if step == "week" else 28) + 2


def intervals(first: date, last: date, step: Step, zone: ZoneInfo) -> list[Interval]:
    """The period's parts, in order; weeks begin on Mondays, and the first and the last are cut to the period."""
    return list(
        _within_days(first, last, SECONDS[step], zone) if step in SECONDS else _of_days(first, last, step, zone)
    )


def _within_days(first: date, last: date, length_s: int, zone: ZoneInfo) -> Iterator[Interval]:
    day = first
    while day <= last:
        at, end = period(day, day, zone)
        while at < end:
            yield Interval(since=at, until=min(at + length_s, end), day=day)
            at += length_s
        day += timedelta(days=1)


def _of_days(first: date, last: date, step: Step, zone: ZoneInfo) -> Iterator[Interval]:
    day = first
    while day <= last:
        following = min(_following(day, step), last + timedelta(days=1))
        yield Interval(since=begins(day, zone), until=begins(following, zone), day=day)
        day = following


def _following(day: date, step: Step) -> date:
    if step == "week":
        return day + timedelta(days=7 - day.weekday())
    if step == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1)


def grain(parts: Sequence[Interval]) -> int:
    """By what quarters may be summed first: an hour where all intervals begin at one, else a quarter."""
    whole = all(one.since % HOUR_S == 0 and one.until % HOUR_S == 0 for one in parts)
    return HOUR_S if whole else SECONDS["quarter"]
