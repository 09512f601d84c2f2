"""Quarters of an hour by the house's weekday and hour: what a heat map is made of.

The hour that comes twice in autumn counts with its namesake, the one that spring leaves out is missing: a weekday has
as many hours as the clock shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from cti.reports.queue_sums import QUARTER_S

MOST_DAYS = 732
Place = tuple[int, int]  # weekday, 0 is Monday; hour of the clock


def place(at: float, zone: ZoneInfo) -> Place:
    """Where a moment stands."""
    here = datetime.fromtimestamp(at, zone)
    return here.weekday(), here.hour


def quarters(since: int, until: int, zone: ZoneInfo, weekday: int | None, hour: int | None) -> list[int]:
    """Beginnings of the quarters of a weekday, of an hour, or of both; None: any."""
    found = []
    for at in range(since, until, QUARTER_S):
        own = place(at, zone)
        if (weekday is None or own[0] == weekday) and (hour is None or own[1] == hour):
            found.append(at)
    return found


def by_place(rows: Iterable[tuple[int, Sequence[int]]], zone: ZoneInfo) -> dict[Place, list[Sequence[int]]]:
    """Rows of numbers that begin at `at`, and lie within one hour, by where they stand."""
    found: dict[Place, list[Sequence[int]]] = {}
    for at, numbers in rows:
        found.setdefault(place(at, zone), []).append(numbers)
    return found
