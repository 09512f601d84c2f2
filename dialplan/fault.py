"""What a fault is, and what all that look for them share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dialplan.model import word

Weight = Literal["error", "warning"]
RESERVED = frozenset(("a", "e", "fax", "h", "i", "o", "s", "t"))  # Asterisk's own extensions


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault. code: which (web/dialplan_texts.py says it); at: id or name of what has it; what: what it names."""

    code: str
    at: str
    what: str = ""
    weight: Weight = "error"


def is_word(text: str) -> bool:
    """Whether it can be a name in a file."""
    try:
        word(text, "name")
    except ValueError:
        return False
    return True


def is_step(text: str) -> bool:
    """Whether it can be a step's id: an extension of a context, and none that Asterisk itself goes to."""
    return text.isascii() and text.isalnum() and text.lower() not in RESERVED


def digits(text: str) -> bool:
    """Whether it is a number as it is dialled."""
    return text.isascii() and text.isdecimal()


def twice(names: Iterable[str]) -> list[str]:
    """What stands there more than once."""
    seen: set[str] = set()
    again: dict[str, None] = {}
    for name in names:
        if name in seen:
            again[name] = None
        seen.add(name)
    return list(again)
