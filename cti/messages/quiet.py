"""When nobody is disturbed: hours on the client's own clock in which no program writes an SMS. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cti.messages.limits import Limits


def is_quiet(at: float, limits: Limits, zone: ZoneInfo) -> bool:
    """Whether it is such an hour there. zone: of the client; hours that begin when they end are none."""
    begins, ends = time.fromisoformat(limits.quiet_from), time.fromisoformat(limits.quiet_to)
    clock = datetime.fromtimestamp(at, zone).time()
    if begins <= ends:
        return begins <= clock < ends
    return clock >= begins or clock < ends


def loud_at(at: float, limits: Limits, zone: ZoneInfo) -> float:
    """The first moment from then on at which one may write: at once, or when the quiet hours end there.

    A clock that is put forward over their end lets them end by as much later; one that is put back may begin them anew.
    """
    if not is_quiet(at, limits, zone):
        return at
    ends, today = time.fromisoformat(limits.quiet_to), datetime.fromtimestamp(at, zone).date()
    days = [today + timedelta(days=ahead) for ahead in range(3)]
    there = (datetime.combine(day, ends, zone).replace(fold=fold).timestamp() for day in days for fold in (0, 1))
    return min(one for one in there if one > at and not is_quiet(one, limits, zone))


def day_of(at: float, zone: ZoneInfo) -> str:
    """The day of the house: `2026-11-26`."""
    return datetime.fromtimestamp(at, zone).date().isoformat()


def day_begins(at: float, zone: ZoneInfo) -> float:
    """When that day began."""
    return _begins(datetime.fromtimestamp(at, zone).date(), zone)


def day_ends(at: float, zone: ZoneInfo) -> float:
    """When the next day begins."""
    return _begins(datetime.fromtimestamp(at, zone).date() + timedelta(days=1), zone)


def _begins(day: date, zone: ZoneInfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()
