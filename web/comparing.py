"""What a report is held against: another period, or another team; and how figures differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cti.reports.intervals import before
from cti.reports.targets import LOWER_IS_BETTER, NEITHER

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)
DAYS = ("since", "until", "since2", "until2", "day", "week")  # names of days in addresses
Kind = Literal["", "1", "year", "days", "team"]
KINDS: tuple[Kind, ...] = ("1", "year", "days", "team")


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """The other side: days, both in it; team_id: of the other team, None: of whom the report is."""

    kind: Kind
    since: date
    until: date
    team_id: int | None = None


def day_of(text: str) -> date | None:
    """A day as an address has it; None where it is none."""
    try:
        found = date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
    return found if found and FIRST_DAY <= found <= LAST_DAY else None


def unread(given: Mapping[str, str]) -> list[str]:
    """What an address says where a day belongs and no day is; a moment in UNIX seconds is one."""
    said = [given.get(name, "").strip() for name in DAYS]
    return [text[:40] for text in said if text and not text.isdecimal() and day_of(text) is None]


def beside(given: Mapping[str, str], since: date, until: date) -> Beside | None:
    """What an address wants to compare with; None: nothing, or what it says cannot be read."""
    kind: Kind = next((one for one in KINDS if one == given.get("compare")), "")
    match kind:
        case "1":
            first, last = before(since, until)
            return Beside(kind=kind, since=first, until=last)
        case "year":
            return Beside(kind=kind, since=_year_before(since), until=_year_before(until))
        case "days":
            days = [one for one in (day_of(given.get("since2", "")), day_of(given.get("until2", ""))) if one]
            return Beside(kind=kind, since=min(days), until=max(days)) if len(days) == 2 else None
        case "team":
            team = given.get("team2", "")[:9]
            is_one = team.isascii() and team.isdigit()
            return Beside(kind=kind, since=since, until=until, team_id=int(team)) if is_one else None
    return None


def _year_before(at: date) -> date:
    try:
        return at.replace(year=at.year - 1)
    except ValueError:  # the 29th of February
        return at.replace(year=at.year - 1, day=28)


def trend(key: str, now: float | None, other: float | None) -> tuple[str, str]:
    """(up | down | same, better | worse | ""): how a figure stands to the other one's; empty where one is missing."""
    if now is None or other is None:
        return "", ""
    if round(now - other, 6) == 0:
        return "same", ""
    way = "up" if now > other else "down"
    if key in NEITHER:
        return way, ""
    return way, "better" if (way == "down") == (key in LOWER_IS_BETTER) else "worse"
