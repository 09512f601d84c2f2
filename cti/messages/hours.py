"""When an answer is due: a target counted in the seconds in which the house works. Pure: times are UNIX seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS_MOST = 400  # looked ahead: longer than any house is closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """When the house works, on its own clock. weekdays: 0 is Monday."""

    zone: ZoneInfo
    begins: time = time(9)
    ends: time = time(18)
    weekdays: frozenset[int] = frozenset(range(5))


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
