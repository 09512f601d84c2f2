"""Passwords in files of a PBX: whose they are, and the files without them, for people's eyes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dialplan.plan import Plan

MASK = "•••"
_ANY = "0000000000"  # fits a phone, a line and a mailbox
_PASSWORD = re.compile(r"((?:password|secret) = ).*")
_BOX = re.compile(r"([0-9A-Za-z-]+ = )[0-9]{4,12}(,.*)")


def names(plan: Plan) -> tuple[str, ...]:
    """Names of all passwords that a plan needs, as files.py asks for them."""
    phones = [end for one in plan.people for end in (*one.devices, *one.browsers)]
    boxes = [one.extension for one in plan.people if one.voicemail] + [one.number for one in plan.boxes]
    return (*phones, *(f"box-{one}" for one in boxes), *(f"trunk-{one.name}" for one in plan.trunks))


def blank(plan: Plan) -> Mapping[str, str]:
    """A password for each name that is none: where only the rest of the files is looked at."""
    return dict.fromkeys(names(plan), _ANY)


def masked(text: str) -> str:
    """A file without passwords. Line by line: one pattern over a large file would hold all other threads."""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    found = _PASSWORD.fullmatch(line)
    if found:
        return found[1] + MASK
    found = _BOX.fullmatch(line)
    return f"{found[1]}{MASK}{found[2]}" if found else line
