"""A strict reader of Asterisk's files: what it does not know is an error. It shares nothing with the writer."""

from __future__ import annotations

import re

SECTION = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9_-]*)\](?:\(([A-Za-z0-9_!,-]+)\))?")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
FORBIDDEN = re.compile(r"#exec|\b(?:System|TrySystem|SHELL|CURL|EXEC)\(", re.IGNORECASE)


def read(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Sections in order, each with its keys and values as Asterisk has them. Raises ValueError."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    if control := CONTROL.search(text):
        raise ValueError(f"a control character at {control.start()}")
    for line in text.split("\n"):
        if not line.strip() or line.startswith(";"):
            if ";--" in line:
                raise ValueError(f"a block comment in {line!r}")
            continue
        if line == '#tryinclude "extensions_custom.conf"' and not found:
            continue
        if line[0] in "[#":
            match = SECTION.fullmatch(line)
            if match is None:
                raise ValueError(f"no section: {line!r}")
            found.append((match[1], []))
            continue
        if not found:
            raise ValueError(f"outside of all sections: {line!r}")
        key, equals, value = line.partition("=")
        if not equals or re.search(r"(?<!\\);", value):
            raise ValueError(f"no pair: {line!r}")
        found[-1][1].append((key.strip(), value.removeprefix(">").strip().replace(r"\;", ";")))
    return found
