"""Extensions that the PBX's admin wrote himself, in `<context>-custom`: the PBX finds them before ours.

Read from his files as they are; what he includes there is his too, but for includes by the time of day. Patterns are
Asterisk's: X, Z, N, sets, `.` (one or more), `!` (none or more), `-` says nothing; `/` names the caller it is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dialplan.conf_read import Conf
from dialplan.model import CUSTOM

Theirs = Mapping[str, tuple[str, ...]]  # context -> extensions that begin there, as they are written
NONE: Theirs = {}
_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+", "!": ".*", "-": ""}
_FIRST = re.compile(r"\s*([^,\s]+)\s*,\s*1(?:\([^)]*\))?\s*(?:,|$)")


def read(*confs: Conf) -> Theirs:
    """Each `-custom` context with what it has and includes. Raises nothing: a line that is none is passed over."""
    has: dict[str, list[str]] = {}
    leads: dict[str, list[str]] = {}
    for part in (part for conf in confs for part in conf.parts):
        for key, value in part.pairs:
            first = _FIRST.match(value) if key == "exten" else None
            if first:
                has.setdefault(part.name, []).append(first[1])
            elif key == "include" and not re.search(r"[,|]", value):
                leads.setdefault(part.name, []).append(value)
    names = [name for name in (*has, *leads) if name.endswith(CUSTOM)]
    return {name: tuple(one for here in _reached(name, leads) for one in has.get(here, ())) for name in names}


def takes(theirs: Theirs, context: str, number: str, caller: str = "") -> str:
    """The admin's extension that takes a number in a context of ours, as he wrote it; "" for none."""
    return next((one for one in theirs.get(f"{context}{CUSTOM}", ()) if _fits(one, number, caller)), "")


def _reached(name: str, leads: Mapping[str, list[str]]) -> Iterator[str]:
    seen, ahead = set[str](), [name]
    while ahead:
        here = ahead.pop(0)
        if here not in seen:
            seen.add(here)
            ahead = [*leads.get(here, ()), *ahead]
            yield here


def _fits(written: str, number: str, caller: str) -> bool:
    extension, _, of = written.partition("/")
    return _matches(extension, number) and (not of or _matches(of, caller))


def _matches(extension: str, number: str) -> bool:
    if not extension.startswith("_"):
        return extension.replace("-", "") == number
    pieces = re.findall(r"\[[^\]]*\]|.", extension[1:])
    return re.fullmatch("".join(map(_piece, pieces)), number) is not None


def _piece(piece: str) -> str:
    if piece.startswith("[") and len(piece) > 2:
        return "[" + re.sub(r"([\\^\[])", r"\\\1", piece[1:-1]) + "]"
    return _CLASSES.get(piece.upper() if piece in "xzn" else piece, re.escape(piece))
