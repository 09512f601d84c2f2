"""Configuration files of sections, as queues.conf and pjsip.conf are: the only place where their quoting is known.

A name of a section is a plain word; a value is anybody's text on one line, with `;` escaped. No text can begin a line,
so none can begin a section, an include or a comment. Equal sections render to equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dialplan.model import word
from dialplan.render import comment

HEADER = "; Written by Trubka. Changes made here are lost at the next publish.\n"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section. of: the templates that it takes over; template: it is one itself; title: a comment above."""

    name: str
    pairs: tuple[tuple[str, str], ...] = ()
    of: tuple[str, ...] = ()
    template: bool = False
    title: str = ""

    def __post_init__(self) -> None:
        for name in (self.name, *self.of):
            word(name, "section")
        for key, _ in self.pairs:
            if not _KEY.fullmatch(key):
                raise ValueError(f"{key!r} is no key of a configuration")


def render_conf(sections: Iterable[Section]) -> str:
    """The whole file."""
    return "\n".join([HEADER, *(_section(one) for one in sections)])


def text(value: str) -> str:
    """A value as it is written."""
    return _CONTROL.sub(" ", value).strip().replace(";", r"\;")


def within(value: str, most_bytes: int) -> str:
    """A name where Asterisk has room for so many bytes of UTF-8: cut between two letters, on one line."""
    name = " ".join(_CONTROL.sub(" ", value).split())
    return name.encode()[:most_bytes].decode(errors="ignore").strip()


def _section(one: Section) -> str:
    marks = ",".join((*(("!",) if one.template else ()), *one.of))
    lines = [f"; {comment(one.title)}"] if one.title else []
    lines.append(f"[{one.name}]({marks})" if marks else f"[{one.name}]")
    lines += [f"{key} = {text(value)}".rstrip() for key, value in one.pairs]
    return "\n".join(lines) + "\n"
