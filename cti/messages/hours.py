"""When an answer is due: a target counted in working seconds, of the mailbox or else of the house, on its own clock.

Pure: times are UNIX seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cti.clients.zones import is_zone

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
    left = max(target_s, 0.0)
    start = datetime.fromtimestamp(asked_at, hours.zone)
    for ahead in range(DAYS_MOST if hours.weekdays and hours.begins < hours.ends else 0):
        day = start.date() + timedelta(days=ahead)
        if day.weekday() not in hours.weekdays:
            continue
        begins = datetime.combine(day, hours.begins, hours.zone).timestamp()
        ends = datetime.combine(day, hours.ends, hours.zone).timestamp()
        begins = max(begins, asked_at)
        if begins + left <= ends:
            return begins + left
        left -= max(ends - begins, 0.0)
    return asked_at + target_s  # a house that never opens: plain time
