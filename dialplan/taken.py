"""A call that is to be walked through, and the steps that it took: what trace.py and trace_inside.py share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A call to be walked through. at: with a zone. keys: what the caller presses, menu by menu.

    caller: a number outside, or the extension of a colleague, whose call then begins inside. answers: ids of steps (of
    a call inside: numbers) at which somebody answers. tags, manager, manager_free, listed: what the server would say.
    """

    number: str
    at: datetime
    caller: str = ""
    keys: tuple[str, ...] = ()
    answers: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    manager: str = ""
    manager_free: bool = True
    listed: Literal["", "black", "white"] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A step that was taken. way: the way out of it, "" where the call ended there. why: code, and what it names."""

    node: str
    kind: str
    way: str
    why: str
    about: Mapping[str, object] = field(default_factory=dict)
