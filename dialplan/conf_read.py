"""Asterisk's own configuration files, read as Asterisk reads them: sections, templates, `+=`, comments and includes.

Pure: the texts are given by name, nothing is opened. `#exec` is told and never done. What is too much (bytes, lines,
includes in includes) is left out and told as a fault; a line that says nothing is a fault too, and the rest is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

MOST_CHARS = 8_000_000
MOST_LINES = 200_000
DEEPEST = 12
MOST_FAULTS = 20
_SECTION = re.compile(r"\[([^\]]{0,200})\](?:\s*\(([^)]{0,400})\))?")
_INCLUDE = re.compile(r"#(include|tryinclude|exec)\s+[\"<]?([^\">]{1,200})[\">]?", re.IGNORECASE)

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One section as it stands, with what its templates give it in front."""

    name: str
    pairs: Pairs = ()
    template: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Conf:
    """A whole file with what it includes. included: names as they are written; missing: those that were not given."""

    parts: tuple[Part, ...] = ()
    included: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def values(self, section: str, key: str) -> tuple[str, ...]:
        """All values of a key in the sections of a name, in order; templates are none."""
        wanted = (section.casefold(), key.casefold())
        return tuple(
            value
            for part in self.parts
            for name, value in part.pairs
            if (part.name.casefold(), name.casefold()) == wanted and not part.template
        )

    def has(self, section: str) -> bool:
        """Whether a section of the name is there, and is no template."""
        return any(part.name.casefold() == section.casefold() and not part.template for part in self.parts)


_Open = tuple[str, list[tuple[str, str]], bool]  # a section that may still grow: name, pairs, whether a template


@dataclass
class _Reading:
    """What is known in the middle of a file."""

    texts: Mapping[str, str]
    parts: list[_Open] = field(default_factory=list)
    last: dict[str, _Open] = field(default_factory=dict)  # of each name
    here: _Open | None = None
    included: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lines: int = 0

    def fault(self, text: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(text)


def read(name: str, texts: Mapping[str, str]) -> Conf:
    """The file of a name among the texts. An absent one is an empty file that is missing."""
    reading = _Reading(texts)
    if name not in texts:
        return Conf(missing=(name,))
    if sum(len(text) for text in texts.values()) > MOST_CHARS:
        return Conf(faults=(f"more than {MOST_CHARS} characters",))
    _file(reading, name, 0)
    parts = tuple(Part(name=one, pairs=tuple(pairs), template=template) for one, pairs, template in reading.parts)
    return Conf(
        parts=parts,
        included=tuple(reading.included),
        missing=tuple(reading.missing),
        faults=tuple(reading.faults),
    )


def _file(reading: _Reading, name: str, depth: int) -> None:
    for number, line in _lines(reading.texts[name]):
        reading.lines += 1
        if reading.lines > MOST_LINES:
            reading.fault(f"{name}: more than {MOST_LINES} lines")
            return
        where = f"{name}:{number}"
        if line.startswith("["):
            _section(reading, line, where)
        elif line.startswith("#"):
            _directive(reading, line, where, depth)
        else:
            _pair(reading, line, where)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, without comments; `;--` opens a comment of lines, `--;` ends it."""
    closed = True
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw
        if not closed:
            _, end, line = line.partition("--;")
            closed = bool(end)
            if not closed:
                continue
        line, closed = _uncommented(line)
        if line.strip():
            yield number, line.strip()


def _uncommented(line: str) -> tuple[str, bool]:
    if ";" not in line:
        return line, True
    kept, at = "", 0
    while at < len(line):
        if line.startswith("\\;", at):
            kept, at = kept + ";", at + 2
        elif line.startswith(";--", at) and not line.startswith(";---", at):
            end = line.find("--;", at + 3)
            if end < 0:
                return kept, False
            at = end + 3
        elif line[at] == ";":
            break
        else:
            kept, at = kept + line[at], at + 1
    return kept, True


def _section(reading: _Reading, line: str, where: str) -> None:
    found = _SECTION.match(line)
    if found is None:
        reading.fault(f"{where}: no section")
        return
    name, marks = found[1], [one.strip() for one in (found[2] or "").split(",") if one.strip()]
    taken: list[tuple[str, str]] = []
    for mark in marks:
        if mark != "!" and not mark.startswith("+"):
            taken += reading.last[mark][1] if mark in reading.last else []
    added = next((mark for mark in marks if mark.startswith("+")), "")
    if added:
        key, _, value = added[1:].partition("=")  # `(+type=endpoint)`: of several the one that has it
        those = (part for part in reversed(reading.parts) if part[0] == name)
        again = next((part for part in those if not key or (key, value) in part[1]), None)
        if again is not None:
            again[1].extend(taken)
            reading.here = again
            return
        reading.fault(f"{where}: nothing to add to")
    reading.here = reading.last[name] = (name, list(taken), "!" in marks)
    reading.parts.append(reading.here)


def _directive(reading: _Reading, line: str, where: str, depth: int) -> None:
    found = _INCLUDE.match(line)
    if found is None:
        reading.fault(f"{where}: an unknown directive")
        return
    kind, name = found[1].lower(), found[2].strip()
    if kind == "exec":
        reading.fault(f"{where}: #exec, which is not done here")
        return
    reading.included.append(name)
    if depth >= DEEPEST:
        reading.fault(f"{where}: includes in includes in includes")
        return
    given = sorted(one for one in reading.texts if _same(one, name))
    here = reading.here
    for one in given:
        _file(reading, one, depth + 1)
    reading.here = here  # a section that was begun there ends there
    if not given and kind == "include":
        reading.missing.append(name)


def _same(given: str, name: str) -> bool:
    """Whether a given file is what an include names: by its path, its pattern, or the end of an absolute path."""
    return fnmatchcase(given, name) or (name.startswith("/") and fnmatchcase(f"/{given}", f"*/{name.split('/')[-1]}"))


def _pair(reading: _Reading, line: str, where: str) -> None:
    key, equals, value = line.partition("=")
    if not equals or reading.here is None:
        reading.fault(f"{where}: {'no value' if reading.here else 'outside of all sections'}")
        return
    raw, value = value, value.removeprefix(">").strip()
    pairs = reading.here[1]
    if key.endswith("+"):
        key = key[:-1].strip()
        for at in range(len(pairs) - 1, -1, -1):
            if pairs[at][0] == key:
                pairs[at] = (key, (pairs[at][1] + raw).strip())  # with its spaces, as Asterisk has it
                return
    pairs.append((key.strip(), value))
