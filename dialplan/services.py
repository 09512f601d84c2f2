"""What goes with the dialplan: queues and whom their wait brings in, mailboxes, music, codes, parking, the account.

Each function gives the sections of one file (files.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.conf import Section, within
from dialplan.inside import PARKED
from dialplan.model import folder, sound, word
from dialplan.pjsip import LOT, NAME_BYTES
from dialplan.plan import Plan, Queue
from dialplan.recording import CONTEXT, FEATURE
from dialplan.site import Site

READ, WRITE = "system,call,agent,user", "call,agent,originate,reporting,user"  # no event of ours is of another class
ADDRESS_BYTES = 254  # the longest that there is
NOISE = ("VarSet", "TestEvent", "RTCP")
_YES = {True: "yes", False: "no"}
_PIN = re.compile(r"[0-9]{4,12}")


def queues(plan: Plan) -> Iterator[Section]:
    """Queues without members: those come and go by AMI."""
    for one in plan.queues:
        yield Section(name=one.name, pairs=tuple(_queue(one)), title=one.title)


def rules(plan: Plan) -> Iterator[Section]:
    """Whom the wait brings in, of queues that say so."""
    for one in plan.queues:
        if one.penalties:
            told = sorted(one.penalties, key=lambda each: each.after_s)
            pairs = tuple(("penaltychange", f"{int(p.after_s)},{int(p.most)},{int(p.least)}") for p in told)
            yield Section(name=one.name, pairs=pairs, title=one.title)


def mailboxes(plan: Plan, site: Site) -> Iterator[Section]:
    """People's own, and those of several. Raises ValueError for a mailbox without a password of four digits."""
    own = [(one.extension, one.name, one.email) for one in plan.people if one.voicemail]
    shared = [(one.number, one.title, one.email) for one in plan.boxes]
    pairs = tuple((word(number, "mailbox"), _box(number, name, email, site)) for number, name, email in (*own, *shared))
    yield Section(name="default", pairs=pairs)


def music(plan: Plan, site: Site) -> Iterator[Section]:
    """Each a folder of files."""
    for one in plan.music:
        pairs = (("mode", "files"), ("directory", f"{folder(site.music)}/{word(one.name, 'music')}"), ("sort", "alpha"))
        yield Section(name=one.name, pairs=pairs, title=one.title)


def features(plan: Plan) -> Iterator[Section]:
    """Keys in a call, and the pickup of any call that rings."""
    codes = plan.codes
    keys = (("blindxfer", codes.blind), ("atxfer", codes.attended), ("parkcall", codes.park))
    yield Section(
        name="general",
        pairs=(
            *((("pickupexten", codes.pickup),) if codes.pickup else ()),
            ("transferdigittimeout", "3"),
            ("featuredigittimeout", "1000"),
            ("atxfernoanswertimeout", "15"),
        ),
    )
    yield Section(name="featuremap", pairs=tuple((name, key) for name, key in keys if key))
    begin = ((FEATURE, f"{codes.record},peer,Gosub({CONTEXT},demand,1)"),) if codes.record else ()
    yield Section(name="applicationmap", pairs=begin)


def parking(plan: Plan) -> Iterator[Section]:
    """One lot; its slots are extensions of a context of its own."""
    lot = plan.parking
    if lot.number:
        pairs = (
            ("parkext", word(lot.number, "number")),
            ("parkext_exclusive", "yes"),
            ("parkpos", f"{int(lot.first)}-{int(lot.last)}"),
            ("context", PARKED),
            ("parkingtime", str(int(lot.wait_s))),
            ("comebacktoorigin", "yes"),
            ("findslot", "next"),
        )
        yield Section(name=LOT, pairs=pairs, title="parked calls")


def manager(site: Site) -> Iterator[Section]:
    """The server's own account: what it needs and no more."""
    pairs = (
        ("secret", site.ami_secret),
        ("deny", "0.0.0.0/0.0.0.0"),
        ("permit", site.ami_from),
        ("read", READ),
        ("write", WRITE),
        ("writetimeout", "5000"),
        *(("eventfilter", f"!^Event: {name}") for name in NOISE),
    )
    yield Section(name=site.ami_user, pairs=pairs, title="the server's own account: what it needs and no more")


def _queue(one: Queue) -> Iterator[tuple[str, str]]:
    yield from (
        ("strategy", one.strategy),
        ("timeout", str(one.ring_s)),
        ("retry", str(one.retry_s)),
        ("wrapuptime", str(one.wrapup_s)),
        ("maxlen", str(one.limit)),
        ("weight", str(one.weight)),
        ("musicclass", word(one.music, "music")),
        ("servicelevel", str(one.level_s)),
        ("announce-frequency", str(one.place_every_s)),
        ("announce-position", _YES[one.place_every_s > 0]),
        ("announce-holdtime", _YES[one.say_wait]),
        ("joinempty", _YES[one.join_empty]),
        ("leavewhenempty", _YES[not one.join_empty]),
        ("autofill", "yes"),
        ("ringinuse", "no"),
        ("autopause", "no"),
        ("setinterfacevar", "yes"),
    )
    if one.say:
        yield "periodic-announce", sound(one.say)
        yield "periodic-announce-frequency", str(int(one.say_every_s))
    if one.penalties:
        yield "defaultrule", one.name


def _box(number: str, name: str, email: str, site: Site) -> str:
    pin = site.secrets.get(f"box-{number}", "")
    if not _PIN.fullmatch(pin):
        raise ValueError(f"the mailbox {number!r} has no password of four digits or more")
    return f"{pin},{within(name.replace(',', ' '), NAME_BYTES)},{within(email.replace(',', ' '), ADDRESS_BYTES)}"
