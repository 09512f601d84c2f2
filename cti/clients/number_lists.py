"""Black and white lists of numbers: whose calls the dialplan refuses, and whose go before others. Pure.

A number stands on one list, with a reason and a term. A beginning (`+7 495*`) holds for all that begin so; of several
that fit the longest counts, and the number itself before any beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from cti.clients.masking import Telephone, Words

List = Literal["black", "white"]
LISTS: tuple[List, ...] = ("black", "white")
REASON_CHARS = 200
LONGEST_S = 10 * 366 * 86_400.0
LEAST_DIGITS, MOST_DIGITS = 3, 15  # of a beginning: fewer would be half the world
MOST_LINES = 2000  # of one file


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What is written down. number: in any spelling, a beginning ends with a star. until: UNIX s, None: for good."""

    number: str
    list: List
    reason: str
    until: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A line of the lists. number: E.164, or its beginning. client_id, client_name: whose the number is."""

    id: int
    number: Telephone
    beginning: bool
    list: List
    reason: Words
    until: float | None
    created_at: float
    created_by: str
    ended_at: float | None = None
    client_id: int | None = None
    client_name: Words = ""

    def holds(self, now: float) -> bool:
        """Whether it is in force."""
        return self.ended_at is None and (self.until is None or self.until > now)


def day_of(until: float | None, zone: ZoneInfo) -> str:
    """The last day of a term, `2026-12-31`; "" for good."""
    return datetime.fromtimestamp(until - 1, zone).date().isoformat() if until is not None else ""


def end_of(day: str, zone: ZoneInfo) -> float:
    """The end of a day, UNIX seconds. Raises ValueError."""
    return datetime.combine(datetime.fromisoformat(day).date(), time(23, 59, 59), zone).timestamp() + 1
