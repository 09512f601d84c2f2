"""A client's clock: the card's own time zone, else its region's, else that of the house; always shown with its source.

Numbers do not tell: a mobile number travels, and phone libraries know zones of countries at best.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Source = Literal["card", "region", "house"]
# those of a list; any other that there is may be set through the API or an import
OFFERED = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk",
    "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
    "Europe/Minsk", "Asia/Almaty", "Asia/Tashkent", "Asia/Baku", "Asia/Yerevan", "Asia/Tbilisi", "Asia/Dubai",
    "Europe/London", "Europe/Berlin", "Asia/Shanghai",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Whose time it is and why we think so. zone: one that there is."""

    zone: str
    source: Source

    def now(self, at: float) -> datetime:
        """The client's time. at: UNIX seconds."""
        return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.zone))


def clock_of(card: str, region: str, house: str) -> Clock:
    """The clock of a client. card, region: their zones, "" where none is said; one that there is not counts as none."""
    if card and is_zone(card):
        return Clock(zone=card, source="card")
    if region and is_zone(region):
        return Clock(zone=region, source="region")
    return Clock(zone=house, source="house")


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def offset(zone: str, at: float) -> str:
    """How far it is from UTC then: `UTC+3`, `UTC+5:30`."""
    moved = datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    minutes = int(moved.total_seconds() // 60) if moved else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
