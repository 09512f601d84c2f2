"""Passwords of the browser phones, from the very file that the PBX itself includes in pjsip.conf.

One file is one truth: `config/asterisk/pjsip_browsers.conf`. Only sections of type=auth with userpass count; a section
that continues another one (`(+)`) or a template (`(!)`) does not, and comments are Asterisk's (`;`, `;-- --;`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SECTION = re.compile(r"\[([A-Za-z0-9_.-]{1,79})\](?:\(([A-Za-z0-9_,.+!-]*)\))?")
_SETTING = re.compile(r"([a-z_]{1,40})\s*=>?\s*(.*)")


def passwords(text: str) -> dict[str, str]:
    """Password by the user name that signs in with it; of two sections for one user neither counts."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for section in _sections(text):
        user, password = section.get("username", ""), section.get("password", "")
        if section.get("type") != "auth" or section.get("auth_type", "userpass") != "userpass":
            continue
        if not user or not password:
            continue
        if user in found:
            twice.add(user)
        found[user] = password
    return {user: password for user, password in found.items() if user not in twice}


def _sections(text: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    here: dict[str, str] | None = None
    for line in _lines(text):
        if section := _SECTION.fullmatch(line):
            marks = section[2] or ""
            here = None if "!" in marks or "+" in marks else {}
            if here is not None:
                found.append(here)
        elif here is not None and (setting := _SETTING.fullmatch(line)):
            here[setting[1]] = setting[2].strip()
    return found


def _lines(text: str) -> Iterator[str]:
    """Lines without comments, as Asterisk reads them: a block goes on over lines until its `--;`."""
    inside = False
    for line in text.splitlines():
        kept, at = "", 0
        while at < len(line):
            if inside:
                end = line.find("--;", at)
                inside, at = end < 0, len(line) if end < 0 else end + 3
            elif line.startswith("\\;", at):
                kept, at = kept + ";", at + 2
            elif line.startswith(";--", at) and not line.startswith(";---", at):
                inside, at = True, at + 3
            elif line[at] == ";":
                break
            else:
                kept, at = kept + line[at], at + 1
        yield kept.strip()
