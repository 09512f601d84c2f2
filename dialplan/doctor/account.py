"""The server's account at the PBX: each right one by one, too few and too many; filter, exposure, version, clock."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from dialplan.conf import render_conf
from dialplan.doctor.advisories import MENDED, NEWEST, OLDEST, holes, version
from dialplan.doctor.facts import Facts, Finding, Level
from dialplan.services import NOISE, READ, WRITE, manager
from dialplan.site import Site

FILE = "manager.conf"
CLASSES = (
    "system",
    "call",
    "log",
    "verbose",
    "command",
    "agent",
    "user",
    "config",
    "dtmf",
    "reporting",
    "cdr",
    "dialplan",
    "originate",
    "agi",
    "cc",
    "aoc",
    "test",
    "security",
    "message",
)
# An action that only this right allows (`manager show command X`); with it ListCommands tells what the account may do.
MARKS = {
    "call": "hangup",
    "agent": "queueadd",
    "originate": "originate",
    "reporting": "coreshowchannels",
    "user": "userevent",
    "command": "command",
    "config": "updateconfig",
    "system": "mixmonitor",
    "agi": "agi",
    "aoc": "aocmessage",
    "message": "messagesend",
}
SHARED = {"call": "system", "reporting": "system"}  # who has the second may do the first one's mark too
SHELL = frozenset(("command", "config", "system", "agi"))  # each makes the account as good as root of the PBX
NOISY = frozenset(("dialplan", "dtmf", "cdr", "reporting", "test", "verbose", "log", "cc", "security", "agi", "aoc"))
NEEDED_EVENTS = (
    "Newchannel",
    "Newstate",
    "Rename",
    "Hangup",
    "DialBegin",
    "DialEnd",
    "BridgeEnter",
    "BridgeLeave",
    "UserEvent",
    "BridgeCreate",
    "BridgeDestroy",
    "BlindTransfer",
    "AttendedTransfer",
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueCallerAbandon",
    "QueueMemberPause",
    "QueueMemberStatus",
    "DeviceStateChange",
    "OriginateResponse",
    "Hold",
    "Unhold",
    "LocalBridge",
    "Pickup",
    "ParkedCall",
    "UnParkedCall",
    "FullyBooted",
    "NewConnectedLine",
    "NewCallerid",
)
BLANK = "PUT-A-LONG-RANDOM-WORD-HERE"
LATE_S = 2.0  # the clocks may differ by so much


def account(facts: Facts) -> Iterator[Finding]:
    """All of it, in the order of a page."""
    yield from _rights(facts, "read", READ)
    yield from _rights(facts, "write", WRITE)
    yield from _filter(facts)
    yield _twice(facts)
    yield from _exposure(facts)
    yield from _version(facts)
    yield _dangerously(facts)
    yield _clock(facts)


def section(facts: Facts) -> str:
    """The account as it should stand, with room for the secret that is there."""
    place = facts.server or "127.0.0.1"
    site = Site(
        agi="127.0.0.1:4573",
        caller_id="0",
        secrets={},
        ami_user=facts.account,
        ami_secret=BLANK,
        ami_from=f"{place}/255.255.255.255",
    )
    return render_conf(manager(site)).split("\n", 2)[2]


def granted(facts: Facts, kind: str) -> frozenset[str] | None:
    """The classes that manager.conf gives the account, None where it cannot be seen."""
    said = facts.config.values(FILE, facts.account, kind)
    if not said:
        return None  # not there, or an account from somewhere else
    names = {one.strip().lower() for value in said for one in value.split(",")} - {""}
    return frozenset(CLASSES) if "all" in names else frozenset(names)


def _rights(facts: Facts, kind: str, needed: str) -> Iterator[Finding]:
    said = granted(facts, kind)
    for right in needed.split(","):
        has = _has(facts, kind, right, said)
        level: Level = "not-visible" if has is None else "ok" if has else "wrong"
        line = f"{kind} = {needed}"
        yield Finding(
            code=f"{kind}-{right}", level=level, of=right, file=FILE, snippet="" if has else _in_section(facts, line)
        )
    surplus = (said or frozenset()) - set(needed.split(","))
    if kind == "write" and facts.actions is not None:
        surplus |= {one for one, mark in MARKS.items() if mark in facts.actions and one not in needed.split(",")}
    for right in (one for one in CLASSES if one in surplus):
        code = f"{kind}-shell" if kind == "write" and right in SHELL else f"{kind}-more"
        line = f"{kind} = {needed}"
        yield Finding(code=code, level="warning", of=right, file=FILE, snippet=_in_section(facts, line))
    if not surplus:
        known: Level = "ok" if said is not None or (kind == "write" and facts.actions is not None) else "not-visible"
        yield Finding(code=f"{kind}-more", level=known, file=FILE)


def _has(facts: Facts, kind: str, right: str, said: frozenset[str] | None) -> bool | None:
    """What the account was seen to do comes before what its file says: a file may wait for its reload."""
    if kind == "write" and facts.actions is not None:
        if MARKS[right] in facts.actions:
            stronger = SHARED.get(right, "")
            return right in said if said is not None and stronger in said else True
        return False
    seen = {"system": facts.booted, "user": facts.heard}.get(right)
    if seen or said is None:
        return seen
    return right in said


def _in_section(facts: Facts, line: str) -> str:
    return f"{facts.config.head(FILE, facts.account)}{line.rstrip()}\n"


def _filter(facts: Facts) -> Iterator[Finding]:
    """One line: events arrive, and only those that are needed."""
    lines = "".join(f"eventfilter = !^Event: {name}\n" for name in NOISE)
    said = granted(facts, "read")
    filters = facts.config.values(FILE, facts.account, "eventfilter")
    silenced = [] if filters is None else [name for name in NEEDED_EVENTS if not passes(name, filters)]
    if silenced:
        says = {"events": ", ".join(silenced[:6])}
        yield Finding(code="event-filter", level="wrong", says=says, snippet=_in_section(facts, lines), file=FILE)
    elif facts.heard is False and (said is None or "user" in said):
        says = {"events": "UserEvent"}
        yield Finding(code="event-filter", level="wrong", says=says, snippet=_in_section(facts, lines), file=FILE)
    elif filters is None:
        yield Finding(code="event-filter", level="ok" if facts.heard else "not-visible", file=FILE)
    else:
        noisy = not filters and bool((said or frozenset()) & NOISY)
        snippet = _in_section(facts, lines) if noisy else ""
        yield Finding(
            code="event-noise" if noisy else "event-filter",
            level="warning" if noisy else "ok",
            file=FILE,
            snippet=snippet,
        )


def _twice(facts: Facts) -> Finding:
    """An account that stands twice: the PBX takes the last one whole, and nothing of the first."""
    conf = facts.config.files.get(FILE)
    if conf is not None:
        times = sum(part.name == facts.account and not part.template for part in conf.parts)
    else:
        said = facts.config.values(FILE, facts.account, "read")
        times = 0 if said is None else max(len(said), 1)
    level: Level = "not-visible" if not times else "warning" if times > 1 else "ok"
    return Finding(code="account-twice", level=level, of=facts.account, file=FILE)


def passes(name: str, filters: tuple[str, ...]) -> bool:
    """Whether an event comes through: the PBX sends what some white line (or none is there) and no black line names."""
    text = f"Event: {name}\r\nPrivilege: call,all\r\n"
    white = [one for one in filters if not one.startswith("!")]
    black = [one[1:] for one in filters if one.startswith("!")]
    return (not white or any(_matches(one, text) for one in white)) and not any(_matches(one, text) for one in black)


def _matches(pattern: str, text: str) -> bool:
    """As the PBX's own (POSIX) expression; what cannot be read matches nothing."""
    if len(pattern) > 200 or re.search(r"[*+}]\)?[*+{]", pattern):
        return False
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _exposure(facts: Facts) -> Iterator[Finding]:
    config = facts.config
    bound = config.value(FILE, "general", "bindaddr")
    wide = bound is not None and anywhere(bound)
    tls = config.on(FILE, "general", "tlsenable", otherwise=False)
    if bound is None:
        yield Finding(code="ami-bound", level="not-visible", file=FILE)
    else:
        bad = wide and not tls
        snippet = facts.config.head(FILE, "general") + "bindaddr = 127.0.0.1\n" if bad else ""
        yield Finding(
            code="ami-bound",
            level="warning" if bad else "ok",
            says={"address": bound or "0.0.0.0"},  # noqa: S104
            snippet=snippet,
            file=FILE,
        )
    permits = config.values(FILE, facts.account, "permit")
    denies = config.values(FILE, facts.account, "deny")
    acl = config.values(FILE, facts.account, "acl")
    if permits is None or denies is None or granted(facts, "read") is None:
        yield Finding(code="ami-permit", level="not-visible", file=FILE)
    else:
        open_to_all = not acl and (not any(all_of(one) for one in denies) or any(all_of(one) for one in permits))
        level: Level = "ok" if not open_to_all else "wrong" if wide else "warning"
        lines = f"deny = 0.0.0.0/0.0.0.0\npermit = {facts.server or '127.0.0.1'}/255.255.255.255\n"
        yield Finding(
            code="ami-permit", level=level, snippet=_in_section(facts, lines) if open_to_all else "", file=FILE
        )
    yield from _http(facts)


def _http(facts: Facts) -> Iterator[Finding]:
    config = facts.config
    enabled = config.on("http.conf", "general", "enabled", otherwise=False)
    web = config.on(FILE, "general", "webenabled", otherwise=False)
    bound = config.value("http.conf", "general", "bindaddr")
    if enabled is None or web is None:
        yield Finding(code="ami-web", level="not-visible", file="http.conf")
        return
    bad = enabled and web
    yield Finding(
        code="ami-web",
        level="warning" if bad else "ok",
        file=FILE,
        snippet=config.head(FILE, "general") + "webenabled = no\n" if bad else "",
    )
    bad = enabled and anywhere(bound or "0.0.0.0")  # noqa: S104
    yield Finding(
        code="http-bound",
        level="warning" if bad else "ok",
        file="http.conf",
        snippet=config.head("http.conf", "general") + "bindaddr = 127.0.0.1\n" if bad else "",
    )


def anywhere(address: str) -> bool:
    """Whether what is bound there is heard from outside on every network of the machine."""
    return address.strip() in ("", "0.0.0.0", "::", "[::]", "*")  # noqa: S104


def all_of(network: str) -> bool:
    """Whether an address mask takes half the world or more."""
    try:
        return ipaddress.ip_network(network.strip(), strict=False).prefixlen <= 1
    except ValueError:
        return False


def _version(facts: Facts) -> Iterator[Finding]:
    running = version(facts.version)
    if not running:
        yield Finding(code="version", level="not-visible", of=facts.version, file="core show version")
        return
    text = ".".join(str(part) for part in running)
    branch = running[0]
    if not OLDEST <= branch <= NEWEST:
        yield Finding(code="version-strange", level="wrong", of=text)
        return
    if branch not in MENDED:
        yield Finding(code="version-old", level="warning", of=text)
    else:
        yield Finding(code="version", of=text)
    found = holes(running)
    if not found:
        yield Finding(code="holes", of=text)
        return
    safe = max((one.fixed[branch] for one in found if branch in one.fixed), default=())
    to = ".".join(str(part) for part in safe) if safe else str(max(MENDED - {NEWEST}))
    ids = ", ".join(one.id for one in found)
    yield Finding(code="holes", level="warning", of=text, says={"ids": ids, "to": to})


def _dangerously(facts: Facts) -> Finding:
    file = "asterisk.conf"
    bad = facts.config.on(file, "options", "live_dangerously", otherwise=False)
    if bad is None:
        return Finding(code="live-dangerously", level="not-visible", file=file)
    snippet = facts.config.head(file, "options") + "live_dangerously = no\n" if bad else ""
    return Finding(code="live-dangerously", level="wrong" if bad else "ok", snippet=snippet, file=file)


def _clock(facts: Facts) -> Finding:
    if facts.ahead_s is None:
        return Finding(code="clock", level="not-visible", file="timedatectl")
    says = {"seconds": f"{abs(facts.ahead_s):.1f}"}
    return Finding(code="clock", level="warning" if abs(facts.ahead_s) > LATE_S else "ok", says=says)
