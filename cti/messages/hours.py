"""When an answer is due: a target counted in working seconds, of the mailbox or else of the house, on its own clock.

Pure: times are UNIX seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from cti.clients.zones import is_zone

QUARTER_S = 900
DAYS_MOST = 400  # looked ahead: longer than any house is closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """When the house or a mailbox works, on its own clock. weekdays: 0 is Monday."""

    zone: ZoneInfo
    begins: time = time(9)
    ends: time = time(18)
    weekdays: frozenset[int] = frozenset(range(5))


def read(hours: str, weekdays: Iterable[int | str], zone: ZoneInfo) -> Hours:
    """Hours as they are set: `09:00-18:00`, and weekdays of which 1 is Monday."""
    begins, ends = map(time.fromisoformat, hours.split("-"))
    return Hours(zone=zone, begins=begins, ends=ends, weekdays=frozenset(int(day) - 1 for day in weekdays))


def own(house: Hours, *, hours: str, weekdays: str, zone: str) -> Hours:
    """Those of a mailbox: its own, where it says them, on its own clock, where it says that; "": as the house."""
    clock = ZoneInfo(zone) if zone and is_zone(zone) else house.zone
    return read(hours, weekdays, clock) if hours else replace(house, zone=clock)


def due(asked_at: float, target_s: float, hours: Hours) -> float:
    """When so many working seconds have passed since then."""
    return dues(target_s, hours)(asked_at)


def dues(target_s: float, hours: Hours) -> Callable[[float], float]:
    """The same of many moments: what is known of a day is kept."""
    ahead = DAYS_MOST if hours.weekdays and hours.begins < hours.ends else 0
    days: dict[int, int] = {}  # of quarters of an hour, as no clock is moved within one
    opened: dict[int, tuple[float, float] | None] = {}

    def opens(day: int) -> tuple[float, float] | None:
        on = date.fromordinal(day)
        if on.weekday() not in hours.weekdays:
            return None
        begins, ends = (datetime.combine(on, at, hours.zone).timestamp() for at in (hours.begins, hours.ends))
        return begins, ends

    def of(asked_at: float) -> float:
        left, quarter = max(target_s, 0.0), int(asked_at // QUARTER_S)
        day = days.get(quarter)
        if day is None:
            day = days[quarter] = datetime.fromtimestamp(asked_at, hours.zone).toordinal()
        for one in range(day, day + ahead):
            if one not in opened:
                opened[one] = opens(one)
            if (span := opened[one]) is None:
                continue
            begins, ends = max(span[0], asked_at), span[1]
            if begins + left <= ends:
                return begins + left
            left -= max(ends - begins, 0.0)
        return asked_at + target_s  # a house that never opens: plain time

    return of
