"""A dialplan as frozen data. What stands here is checked when made, so that rendering cannot fail or surprise.

Two kinds of argument exist and never mix: a plain `str` is somebody's text and is written so that Asterisk reads back
exactly these characters; an `Expr` is dialplan code written by a recipe (`${EXTEN}`) and is written as it is.
Names of contexts, extensions, applications and variables are structure, hence refused unless they are plain words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,78}")
_APP = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_NUMBER = re.compile(r"(?:_[0-9A-Za-z*#+.!\[\]-]{1,78}|[0-9A-Za-z*#+]{1,79})")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,78}(?:\([A-Za-z_,-]{1,40}\))?")
_SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/-]{0,78}")
_FOLDER = re.compile(r"(?:/[A-Za-z0-9._-]{1,255}){1,12}")
CUSTOM, OWN = "-custom", "-own"
_EXPR = re.compile(r"[^\x00-\x1f\x7f;]*")


class Expr(str):
    """Dialplan code, trusted: only recipes make it, from constants and checked words. One line, no `;`."""

    __slots__ = ()

    def __new__(cls, code: str) -> Expr:
        return super().__new__(cls, _checked(_EXPR, code, "expression"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One application call. args are separated by commas; label is what Goto may name."""

    app: str
    args: tuple[str, ...] = ()
    label: str = ""

    def __post_init__(self) -> None:
        _checked(_APP, self.app, "application")
        if self.label:
            _checked(_WORD, self.label, "label")


@dataclass(frozen=True, kw_only=True, slots=True)
class Assign:
    """`Set(variable=value)`. Apart from Step because Set reads its value raw: commas and quotes stay as they are."""

    variable: str
    value: str
    label: str = ""

    def __post_init__(self) -> None:
        _checked(_VARIABLE, self.variable, "variable")
        if self.label:
            _checked(_WORD, self.label, "label")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """What happens at a number or pattern (`_7XXXXXXXXXX`). hint: device whose state the number shows."""

    number: str
    steps: tuple[Step | Assign, ...]
    title: str = ""
    hint: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _checked(_NUMBER, self.number, "extension")
        for device in self.hint:
            _checked(re.compile(r"[A-Za-z]+/[A-Za-z0-9_-]{1,79}"), device, "hint")
        if not self.steps:
            raise ValueError(f"extension {self.number!r} has no steps")


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """A named set of extensions. Its `<name>-custom` belongs to the PBX admin and is always looked at first.

    Asterisk looks at what stands in a context before what that includes, so ours stand in a context beside it,
    `<name>-own`, which is included after the admin's.
    """

    name: str
    extensions: tuple[Extension, ...] = ()
    includes: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        for name in (self.name, *self.includes):
            _checked(_WORD, name, "context")
        if self.name.endswith((CUSTOM, OWN)):
            raise ValueError(f"{self.name!r} is the name of a part of another context")
        numbers = Counter(extension.number for extension in self.extensions)
        twice = [number for number, times in numbers.items() if times > 1]
        if twice:
            raise ValueError(f"context {self.name!r} has {', '.join(sorted(twice))} twice")

    def sections(self) -> Iterator[tuple[str, tuple[str, ...], tuple[Extension, ...]]]:
        """What Asterisk is given of it: contexts, each with what it includes and what stands in it."""
        own = (f"{self.name}{OWN}",) if self.extensions else ()
        yield self.name, (f"{self.name}{CUSTOM}", *own, *self.includes), ()
        if own:
            yield own[0], (), self.extensions


def word(text: str, what: str) -> str:
    """text itself when it is a plain word fit for a name; raises ValueError naming `what` otherwise."""
    return _checked(_WORD, text, what)


def sound(name: str) -> str:
    """name itself when it can be a sound (`ru/vm-goodbye`): nothing that begins a list, a path or an option."""
    return _checked(_SOUND, name, "sound")


def folder(path: str) -> str:
    """path itself when it is a plain absolute folder without `..`."""
    if ".." in path:
        raise ValueError(f"{path!r} leads out of itself")
    return _checked(_FOLDER, path, "folder")


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"{text!r} cannot be the name of a {what}" if what != "expression" else f"bad code {text!r}")
    return text
