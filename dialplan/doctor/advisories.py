"""Known holes of Asterisk, and the first version of each branch without them.

Sources: the project's own security advisories (github.com/asterisk/asterisk/security/advisories), where each id leads;
certified versions are not judged. As of 2026-11. A branch that is not named was no longer mended when it was found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Version = tuple[int, ...]
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
OLDEST, NEWEST = 16, 23
MENDED = frozenset((20, 22, 23))  # branches that still get mended


@dataclass(frozen=True, kw_only=True, slots=True)
class Advisory:
    """fixed: by branch. since: the first branch that has the hole."""

    id: str
    what: str
    fixed: Mapping[int, Version]
    since: int = 0


ADVISORIES: tuple[Advisory, ...] = (
    Advisory(
        id="CVE-2021-32558",
        what="iax2",
        fixed={16: (16, 19, 1), 17: (17, 9, 4), 18: (18, 5, 1)},
    ),
    Advisory(
        id="CVE-2023-49786",
        what="dtls",
        fixed={18: (18, 20, 1), 20: (20, 5, 1), 21: (21, 0, 1)},
    ),
    Advisory(
        id="CVE-2024-42365",
        what="originate",
        fixed={18: (18, 24, 2), 20: (20, 9, 2), 21: (21, 4, 2)},
    ),
    Advisory(
        id="CVE-2025-47779",
        what="message",
        fixed={18: (18, 26, 2), 20: (20, 14, 1), 21: (21, 9, 1), 22: (22, 4, 1)},
    ),
    Advisory(
        id="CVE-2026-23738",
        what="httpstatus",
        fixed={20: (20, 18, 2), 21: (21, 12, 1), 22: (22, 8, 2), 23: (23, 2, 2)},
    ),
)


def version(text: str) -> Version:
    """What CoreSettings says as figures; () where it is not to be read (a certified or a private build)."""
    found = _VERSION.search(text)
    return tuple(int(part) for part in found.groups()) if found else ()


def holes(running: Version) -> tuple[Advisory, ...]:
    """Those that a version has. A branch newer than all that are named has none of them, an older one has."""
    return tuple(one for one in ADVISORIES if _has(one, running))


def _has(one: Advisory, running: Version) -> bool:
    branch = running[0]
    if branch in one.fixed:
        return running < one.fixed[branch]
    return one.since <= branch < max(one.fixed)
