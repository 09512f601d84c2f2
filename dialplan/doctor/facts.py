"""What is known of a PBX when it is examined, and what is found: the two ends of every rule.

A fact that could not be seen is None, never a guess: a rule then says `not-visible` and names the file that tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dialplan.conf_read import Conf
from dialplan.offers import Row
from dialplan.recipes.responsible import ASK_S

Level = Literal["ok", "wrong", "warning", "not-visible"]
Key = tuple[str, str, str]  # file, section, key
YES = frozenset(("yes", "true", "y", "t", "1", "on"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line. code: which check; of: at what (a queue, a phone, a right); says: figures and names for its text.

    snippet: what to paste; file: where to, or which file would tell what cannot be seen.
    """

    code: str
    level: Level = "ok"
    of: str = ""
    says: Mapping[str, str] = field(default_factory=dict)
    snippet: str = ""
    file: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of the PBX: files where they were given, else what its account could ask for, value by value."""

    files: Mapping[str, Conf] = field(default_factory=dict)
    asked: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)

    def values(self, file: str, section: str, key: str) -> tuple[str, ...] | None:
        """All values; () where the setting is not made, None where it cannot be seen."""
        conf = self.files.get(file)
        if conf is not None:
            return conf.values(section, key)
        return self.asked.get((file, section, key))

    def value(self, file: str, section: str, key: str) -> str | None:
        """The one that counts: the last."""
        found = self.values(file, section, key)
        return None if found is None else (found[-1] if found else "")

    def head(self, file: str, section: str) -> str:
        """How a line for a section begins: `(+)` adds to the one that is there, and would be an error where none is."""
        conf = self.files.get(file)
        there = (
            conf.has(section)
            if conf
            else any(values for (name, part, _), values in self.asked.items() if (name, part) == (file, section))
        )
        return f"[{section}](+)\n" if there else f"[{section}]\n"

    def on(self, file: str, section: str, key: str, *, otherwise: bool) -> bool | None:
        """A yes or no. otherwise: what the PBX takes where nothing is set."""
        value = self.value(file, section, key)
        return None if value is None else (value.lower() in YES if value else otherwise)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A place in a queue."""

    interface: str
    dynamic: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    """A phone of the panel's people. allow: codecs of its endpoint, "" unknown. used: there ever was a call with it."""

    device: str
    browser: bool = False
    allow: str = ""
    webrtc: str = ""
    password: bool = True
    used: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """The PBX's SIP over WebSocket, as somebody who knocked found it. days: until its certificate ends."""

    url: str
    answers: bool
    why: str = ""
    days: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder of sound on this machine. free: share of its disk that is free; writes: the PBX's own may write."""

    path: str
    free: float
    writes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """account: the server's name at the PBX; server: its address as the PBX sees it; agi, ask_s: where dialplans ask,
    and how long they wait.

    actions: what the account may do; booted, heard: whether its class of event was seen to come (None: not tried).
    states: by device; desks: shared phones; rows: of the whole dialplan; modules: of those asked about.
    """

    account: str = "trubka"
    server: str = ""
    agi: str = ""
    ask_s: float = ASK_S
    dial_context: str = "from-internal"
    owner: bool = False
    version: str = ""
    actions: frozenset[str] | None = None
    booted: bool | None = None
    heard: bool | None = None
    ahead_s: float | None = None
    config: Config = field(default_factory=Config)
    queues: Mapping[str, tuple[Member, ...]] | None = None
    states: Mapping[str, str] | None = None
    rows: tuple[Row, ...] | None = None
    desks: frozenset[str] = frozenset()
    modules: Mapping[str, bool] = field(default_factory=dict)
    phones: tuple[Phone, ...] = ()
    door: Door | None = None
    recordings: Folder | None = None


def wanted(account: str, queues: tuple[str, ...]) -> tuple[Key, ...]:
    """Which settings are asked for, value by value, where no file is given."""
    keys: dict[tuple[str, str], tuple[str, ...]] = {
        ("manager.conf", "general"): ("bindaddr", "webenabled", "tlsenable"),
        ("manager.conf", account): ("read", "write", "permit", "deny", "acl", "eventfilter"),
        ("http.conf", "general"): ("enabled", "bindaddr", "tlsenable", "tlscertfile"),
        ("asterisk.conf", "options"): ("live_dangerously",),
        ("asterisk.conf", "directories"): ("astspooldir",),
        ("rtp.conf", "general"): ("rtpstart", "rtpend", "icesupport"),
        ("features.conf", "featuremap"): ("atxfer",),
        ("queues.conf", "general"): ("persistentmembers", "shared_lastcall"),
        **{("queues.conf", queue): ("strategy", "ringinuse", "autopause", "wrapuptime") for queue in queues},
    }
    return tuple((file, section, key) for (file, section), names in keys.items() for key in names)


MANY = frozenset(("eventfilter", "permit", "deny"))  # settings that stand several times
