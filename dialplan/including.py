"""Whether the admin's own files include ours: said in words before anything is published, never changed by us."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from dialplan.files import EXTENSIONS, INCLUDED_BY, MUSIC, PJSIP, QUEUES, RULES, VOICEMAIL
from dialplan.plan import Plan

_INCLUDE = re.compile(r"""(?m)^\s*#(?:try)?include\s+["<]?([^"<>;\s]+)""")
DEEPEST = 4


def line(name: str) -> str:
    """What an admin pastes: a file that is not there yet is no fault of `#tryinclude`."""
    return f'#tryinclude "{name}"'


def needed(plan: Plan) -> frozenset[str]:
    """Files without which a plan does not do what it says."""
    wanted = {
        EXTENSIONS: True,
        QUEUES: bool(plan.queues),
        RULES: any(one.penalties for one in plan.queues),
        PJSIP: bool(plan.trunks) or any(one.devices or one.browsers for one in plan.people),
        VOICEMAIL: bool(plan.boxes) or any(one.voicemail for one in plan.people),
        MUSIC: bool(plan.music),
    }
    return frozenset(name for name, is_wanted in wanted.items() if is_wanted)


def lacking(read: Callable[[str], str | None], names: frozenset[str]) -> dict[str, str]:
    """Of these files of ours, by the admin's file that should include each: the line that is not there."""
    return {
        INCLUDED_BY[name]: line(name)
        for name in sorted(names)
        if not any(fnmatchcase(name, one) for one in _included(read, INCLUDED_BY[name], 0))
    }


def _included(read: Callable[[str], str | None], file: str, deep: int) -> Iterator[str]:
    """Names that a file includes, and those that these do."""
    for path in _INCLUDE.findall(read(file) or ""):
        name = path.rpartition("/")[2]
        yield name
        if deep < DEEPEST and not set(name) & set("*?["):
            yield from _included(read, name, deep + 1)
