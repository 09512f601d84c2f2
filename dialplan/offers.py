"""What a running dialplan offers to a phone: numbers of its queues, an echo to speak to, whether it has conferences.

Read from what the PBX lists (AMI ShowDialPlan), so it is as true of a dialplan of somebody else's as of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dialplan.recipes.conference import CONTEXT

Row = Mapping[str, str | list[str]]
_DIALLED = re.compile(r"\*?[0-9]{2,8}")  # a number as a person dials it, no pattern


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """queues: number by queue, the first one found. echo: number of an echo, "" without."""

    queues: Mapping[str, str] = field(default_factory=dict)
    echo: str = ""
    conference: bool = False


def includes(rows: Iterable[Row]) -> list[str]:
    """Contexts that a listed one includes, in order."""
    return [str(row["IncludeContext"]) for row in rows if row.get("IncludeContext")]


def offers(rows: Iterable[Row], conference: Iterable[Row] = ()) -> Offers:
    """rows: of everything an agent's phone can dial; conference: of the context of conferences."""
    queues: dict[str, str] = {}
    echo = ""
    for row in rows:
        number, app = str(row.get("Extension", "")), str(row.get("Application", "")).lower()
        if not _DIALLED.fullmatch(number):
            continue
        if app == "queue":
            name = str(row.get("AppData", "")).partition(",")[0].strip()
            if name and "$" not in name:
                queues.setdefault(name, number)
        elif app == "echo":
            echo = echo or number
    has = any(str(row.get("Application", "")).lower() == "confbridge" for row in conference)
    return Offers(queues=queues, echo=echo, conference=has)


__all__ = ["CONTEXT", "Offers", "Row", "includes", "offers"]
