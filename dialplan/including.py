"""Whether the admin's own files include ours: said in words before anything is published, never changed by us."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from dialplan import conf_read
from dialplan.files import EXTENSIONS, INCLUDED_BY, MUSIC, PJSIP, QUEUES, RULES, VOICEMAIL
from dialplan.plan import Plan
from dialplan.render import CUSTOM_FILE
from dialplan.theirs import Theirs
from dialplan.theirs import read as read_theirs

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
        if not any(fnmatchcase(name, one) for one in _included(read, INCLUDED_BY[name]))
    }


def theirs(read: Callable[[str], str | None]) -> Theirs:
    """What the admin wrote himself: in extensions.conf and what that includes, and in the file that ours includes."""
    texts = _reached(read, INCLUDED_BY[EXTENSIONS]) | _reached(read, CUSTOM_FILE)
    whole = conf_read.read(INCLUDED_BY[EXTENSIONS], texts)
    if any(one.rpartition("/")[2] == CUSTOM_FILE for one in whole.included):
        return read_theirs(whole)
    return read_theirs(conf_read.read(CUSTOM_FILE, texts), whole)


def _included(read: Callable[[str], str | None], file: str) -> tuple[str, ...]:
    """Names that a file includes, and those that these do, as Asterisk reads them."""
    included = conf_read.read(file, _reached(read, file)).included
    return tuple(name.rpartition("/")[2] for name in included)


def _reached(read: Callable[[str], str | None], file: str) -> dict[str, str]:
    """A file and those that it includes, but for ours."""
    texts = {file: read(file) or ""}
    for _ in range(DEEPEST):
        names = conf_read.read(file, texts).included
        ahead = {name.rpartition("/")[2] for name in names} - texts.keys() - INCLUDED_BY.keys()
        fresh = {name: text for name in ahead if not set(name) & set("*?[") and (text := read(name)) is not None}
        if not fresh:
            break
        texts |= fresh
    return texts


def included(read: Callable[[str], str | None]) -> frozenset[str]:
    """Those files of ours that the PBX reads."""
    return frozenset(name for name in INCLUDED_BY if not lacking(read, frozenset((name,))))
