"""What a PBX has loaded of the files beside the dialplan, against what was written in them, as far as it tells.

Each function takes a file as Asterisk reads it (conf_read.py) and what the PBX said: rows of AMI, or its console's text
(16 to 22 say it alike). It never tells: time-outs and announcements of queues, passwords, keys' time-outs, the order of
music, event filters. Passwords it would tell to our account are not asked for: the link may be an open one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dialplan.conf_read import Conf, Part
from dialplan.loaded import Difference, Row

QUEUE = {"strategy": "Strategy", "maxlen": "Max", "servicelevel": "ServiceLevel", "weight": "Weight"}
KEYS = {
    "pickupexten": "Pickup", "blindxfer": "Blind Transfer", "atxfer": "Attended Transfer", "parkcall": "Park Call",
}  # fmt: skip
OWN = frozenset(("auth", "aors", "callerid", "mailboxes", "set_var", "from_user", "outbound_auth"))  # of one endpoint
COMMON = ("context", "language", "allow", "direct_media", "rtp_symmetric", "force_rport", "webrtc", "transport")
COLUMN = 40  # the console cuts longer names
_TRUTH = {"yes": "true", "no": "false"}
_CALLER = re.compile(r'(?:"(.*)"\s*)?<?([^<>"]*)>?')


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A variable of the PBX and what it has to be. where: the file and the section; key: of which setting."""

    variable: str
    where: str
    key: str
    wanted: str

    def difference(self, has: str) -> Difference | None:
        """How it differs. An endpoint without any value is not there."""
        if _plain(self.key, has) == _plain(self.key, self.wanted):
            return None
        if self.key in ("callerid", "aors", "max_contacts") and not has:
            return Difference(code="no-phone", where=self.where)
        return _otherwise(self.where, self.key, has, self.wanted)


def queues(conf: Conf, rows: Iterable[Row]) -> Iterator[Difference]:
    """QueueStatus."""
    has = {str(row.get("Queue", "")): row for row in rows if row.get("Event") == "QueueParams"}
    for part in conf.parts:
        row = has.get(part.name)
        if row is None:
            yield Difference(code="no-queue", where=part.name)
            continue
        pairs = dict(part.pairs)
        for key, name in QUEUE.items():
            if str(row.get(name, "")) != pairs[key]:
                yield _otherwise(part.name, key, str(row.get(name, "")), pairs[key])


def rules(conf: Conf, said: Mapping[str, str | list[str]]) -> Iterator[Difference]:
    """QueueRule: `RuleList` and `Rule` one below the other, which the headers of one answer hold apart."""
    has = [tuple(each.split(",")) for each in _several(said.get("Rule"))]
    names = _several(said.get("RuleList"))
    for part in conf.parts:
        if part.name not in names:
            yield Difference(code="missing", where=f"queuerules {part.name}")
        for key, value in part.pairs:
            if tuple(value.split(",")) not in has:
                yield Difference(code="missing", where=f"queuerules {part.name}", what=f"{key} = {value}")


def mailboxes(conf: Conf, rows: Iterable[Row]) -> Iterator[Difference]:
    """VoicemailUsersList."""
    has = {(str(row.get("VMContext", "")), str(row.get("VoiceMailbox", ""))): row for row in rows}
    for part in conf.parts:
        for number, value in part.pairs:
            row = has.get((part.name, number))
            if row is None:
                yield Difference(code="missing", where=f"voicemail {number}")
                continue
            _, name, email = value.split(",", 2)
            for key, wanted in (("Fullname", name), ("Email", email)):
                if str(row.get(key, "")) != wanted:
                    yield _otherwise(f"voicemail {number}", key, str(row.get(key, "")), wanted)


def music(conf: Conf, said: str) -> Iterator[Difference]:
    """`moh show classes`."""
    has: dict[str, dict[str, str]] = {}
    name = ""
    for line in said.splitlines():
        key, colon, value = (one.strip() for one in line.partition(":"))
        name = value if key == "Class" else name
        if colon:
            has.setdefault(name, {})[key.lower()] = value
    for part in conf.parts:
        pairs = dict(part.pairs)
        if part.name not in has:
            yield Difference(code="no-music", where=part.name, what=pairs["directory"])  # it may be empty
            continue
        for key in ("mode", "directory"):
            if has[part.name].get(key, "") != pairs[key]:
                yield _otherwise(f"musiconhold {part.name}", key, has[part.name].get(key, ""), pairs[key])


def features(conf: Conf, said: str) -> Iterator[Difference]:
    """`features show`: a table of name, default and what it is now."""
    has = {line[:25].strip(): line[33:].strip() for line in said.splitlines() if len(line) > 25}
    for part in conf.parts:
        for key, value in part.pairs:
            label = key if part.name == "applicationmap" else KEYS.get(key, "")
            wanted = value.partition(",")[0]
            if label and has.get(label, "") != wanted:
                yield _otherwise("features", key, has.get(label, ""), wanted)


def parking(conf: Conf, rows: Iterable[Row]) -> Iterator[Difference]:
    """Parkinglots."""
    has = {str(row.get("Name", "")): row for row in rows}
    for part in conf.parts:
        row = has.get(part.name)
        if row is None:
            yield Difference(code="missing", where=f"res_parking {part.name}")
            continue
        pairs = dict(part.pairs)
        slots = f"{row.get('StartSpace', '')}-{row.get('StopSpace', '')}"
        for key, found in (("parkpos", slots), ("parkingtime", str(row.get("Timeout", "")))):
            if found != pairs[key]:
                yield _otherwise(f"res_parking {part.name}", key, found, pairs[key])


def account(conf: Conf, said: str) -> Iterator[Difference]:
    """`manager show user NAME`: its rights, and whether addresses are looked at."""
    has = _table(said)
    for part in conf.parts:
        pairs = dict(part.pairs)
        for key, name in (("read", "read perm"), ("write", "write perm")):
            if set(has.get(name, "").split(",")) != set(pairs[key].split(",")):
                yield _otherwise(f"manager {part.name}", key, has.get(name, ""), pairs[key])
        if has.get("ACL") != "yes":
            yield _otherwise(f"manager {part.name}", "deny", "", pairs["deny"])


def phone_values(conf: Conf) -> Iterator[Value]:
    """Variables of all endpoints: what is one's own of each, what a template gives of the first that has it."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    for part in _of_type(conf, "endpoint"):
        pairs = dict(part.pairs)
        own = ("callerid", "mailboxes") if "callerid" in pairs else ("aors", "from_user", "outbound_auth")
        common = tuple(pair for pair in pairs.items() if pair[0] not in OWN)
        keys = (*own, *(() if common in seen else (key for key in COMMON if key in pairs)))
        seen.add(common)
        for key in keys:
            variable = f"PJSIP_ENDPOINT({part.name},{key})"
            yield Value(variable=variable, where=part.name, key=key, wanted=pairs.get(key, ""))


def objects(conf: Conf, kind: str, said: str) -> list[Difference]:
    """`pjsip list aors`, `auths`, `identifies`: each name stands behind a colon, before a slash or blanks."""
    has = {name[:COLUMN] for name in re.findall(r"(?m)^ *[A-Za-z/]+: +([^/\s]+)", said)}
    lost = (part.name for part in _of_type(conf, kind) if part.name[:COLUMN] not in has)
    code = "no-line" if kind == "identify" else "missing"  # a name that is not resolved is not loaded
    return [Difference(code=code, where=name if kind == "identify" else f"pjsip {kind} {name}") for name in lost]


def lines(conf: Conf) -> Mapping[str, Mapping[str, str]]:
    """What the PBX signs in with, by the line's name: for registered()."""
    return {part.name: dict(part.pairs) for part in _of_type(conf, "registration")}


def registered(name: str, wanted: Mapping[str, str], said: str) -> Iterator[Difference]:
    """`pjsip show registration NAME`: how the PBX signs in at a carrier, whether it succeeds or not."""
    has = _table(said)
    for key in ("client_uri", "server_uri", "outbound_auth", "retry_interval"):
        if has.get(key, "") != wanted[key]:
            yield _otherwise(f"pjsip registration {name}", key, has.get(key, ""), wanted[key])


def contacts(conf: Conf) -> Mapping[str, str]:
    """Where each line leads, by its name."""
    found = ((part.name, dict(part.pairs).get("contact", "")) for part in _of_type(conf, "aor"))
    return {name: where for name, where in found if where}


def _of_type(conf: Conf, kind: str) -> Iterator[Part]:
    return (part for part in conf.parts if not part.template and ("type", kind) in part.pairs)


def _plain(key: str, value: str) -> object:
    if key == "callerid":
        found = _CALLER.fullmatch(value)
        return ((found[1] or "").strip(), found[2]) if found else value
    if key == "allow":
        return value.strip("()").replace("|", ",")
    return _TRUTH.get(value, value)


def _table(said: str) -> Mapping[str, str]:
    """Lines of a name, a colon and a value; of several lines of a name the first."""
    pairs = [line.partition(":") for line in said.splitlines()]
    return {key.strip(): value.strip() for key, _, value in reversed(pairs)}


def _several(value: str | list[str] | None) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _otherwise(where: str, key: str, has: str, wanted: str) -> Difference:
    return Difference(code="otherwise", where=f"{where}: {key} =", what=f"{has or '-'} ({wanted or '-'})")
