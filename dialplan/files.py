"""A plan as the files of a PBX, each to be included by the admin's own file of that kind.

What a file is called, and which of Asterisk's own includes it, stands in INCLUDED_BY. Nothing else is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dialplan import flow
from dialplan.conf import Section, render_conf
from dialplan.model import Context, word
from dialplan.plan import Person, Plan, Queue
from dialplan.recipes.click_to_dial import from_internal
from dialplan.recipes.conference import conference
from dialplan.recipes.desks import desks
from dialplan.recipes.did import inbound
from dialplan.recipes.internal import internal
from dialplan.recipes.queue import queues
from dialplan.recipes.takes import takes
from dialplan.render import render
from dialplan.routes import outside

EXTENSIONS, QUEUES, PJSIP, VOICEMAIL, MANAGER = (
    "trubka_extensions.conf",
    "trubka_queues.conf",
    "trubka_pjsip.conf",
    "trubka_voicemail.conf",
    "trubka_manager.conf",
)
INCLUDED_BY: Mapping[str, str] = {
    EXTENSIONS: "extensions.conf",
    QUEUES: "queues.conf",
    PJSIP: "pjsip.conf",
    VOICEMAIL: "voicemail.conf",
    MANAGER: "manager.conf",
}
INSIDE = ("colleagues", "queues", "parkedcalls", "desks", "outside")
READ, WRITE = "system,call,agent,user", "call,agent,originate,reporting,user"  # no event of ours is of another class
NOISE = ("VarSet", "TestEvent", "RTCP")


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What a plan does not say: where the server is, how its account is called, what clients see.

    secrets: of endpoints by their names, of mailboxes by `box-` and their number; opus: the PBX has the codec;
    ami_secret: of the server's account.
    """

    agi: str
    caller_id: str
    secrets: Mapping[str, str]
    ami_user: str = "trubka"
    ami_secret: str = ""
    ami_from: str = "127.0.0.1/255.255.255.255"
    opus: bool = True


def files(plan: Plan, site: Site) -> Mapping[str, str]:
    """All files by name. Raises ValueError where a plan has a fault (faults.py finds them all)."""
    return {
        EXTENSIONS: render(contexts(plan, site)),
        QUEUES: render_conf(_queue(one) for one in plan.queues),
        PJSIP: render_conf(_pjsip(plan, site)),
        VOICEMAIL: render_conf([Section(name="default", pairs=tuple(_boxes(plan, site)))]),
        MANAGER: render_conf([manager(site)]),
    }


def contexts(plan: Plan, site: Site) -> tuple[Context, ...]:
    """All contexts: numbers, the flow, everybody inside, the way out."""
    numbers = {one.digits: flow.entry(one.first, one.language) for one in plan.numbers}
    people = {one.extension: (*one.devices, *one.browsers) for one in plan.people if one.devices or one.browsers}
    return (
        inbound("from-outside", numbers),
        *flow.contexts(plan, agi=site.agi),
        from_internal("from-internal", parts=INSIDE),
        internal("colleagues", people),
        queues("queues", {one.number: one.name for one in plan.queues if one.number}),
        outside("outside", plan.routes, caller_id=site.caller_id),
        conference(),
        takes(),
        desks("desks", site.agi),
    )


def _queue(one: Queue) -> Section:
    yes = {True: "yes", False: "no"}
    pairs = (
        ("strategy", one.strategy),
        ("timeout", str(one.ring_s)),
        ("retry", str(one.retry_s)),
        ("wrapuptime", str(one.wrapup_s)),
        ("maxlen", str(one.limit)),
        ("musicclass", word(one.music, "music")),
        ("servicelevel", str(one.level_s)),
        ("announce-frequency", str(one.place_every_s)),
        ("announce-position", yes[one.place_every_s > 0]),
        ("announce-holdtime", yes[one.say_wait]),
        ("joinempty", yes[one.join_empty]),
        ("leavewhenempty", yes[not one.join_empty]),
        ("ringinuse", "no"),
        ("autopause", "no"),
        ("setinterfacevar", "yes"),
    )
    return Section(name=one.name, pairs=pairs, title=one.title)


def _pjsip(plan: Plan, site: Site) -> Iterator[Section]:
    common = (
        ("type", "endpoint"), ("context", "from-internal"), ("disallow", "all"), ("language", "ru"),
        ("direct_media", "no"), ("device_state_busy_at", "2"), ("named_call_group", "office"),
        ("named_pickup_group", "office"),
    )  # fmt: skip
    desk = (("allow", "ulaw,alaw,opus" if site.opus else "ulaw,alaw"), ("rtp_symmetric", "yes"),
            ("force_rport", "yes"), ("rewrite_contact", "yes"))  # fmt: skip
    browser = (("transport", "transport-ws"), ("webrtc", "yes"), ("allow", "opus,ulaw" if site.opus else "ulaw,alaw"),
               ("rtp_timeout", "90"), ("rtp_timeout_hold", "600"))  # fmt: skip
    aor = (("type", "aor"), ("max_contacts", "1"), ("remove_existing", "yes"), ("minimum_expiration", "30"),
           ("default_expiration", "120"), ("qualify_frequency", "0"))  # fmt: skip
    yield Section(name="trubka-desk", template=True, pairs=(*common, *desk), title="desk phones")
    yield Section(name="trubka-browser", template=True, pairs=(*common, *browser), title="browser phones")
    yield Section(name="trubka-auth", template=True, pairs=(("type", "auth"), ("auth_type", "userpass")))
    yield Section(name="trubka-aor", template=True, pairs=aor)
    for person in plan.people:
        for kind, names in (("trubka-desk", person.devices), ("trubka-browser", person.browsers)):
            for name in names:
                yield from _endpoint(person, name, kind, site)


def _endpoint(person: Person, name: str, kind: str, site: Site) -> Iterator[Section]:
    shown = f'"{caller_name(person.name)}" <{person.extension}>'
    box = (("mailboxes", f"{person.extension}@default"),) if person.voicemail else ()
    pairs = (("auth", name), ("aors", name), ("callerid", shown), *box)
    yield Section(name=name, of=(kind,), pairs=pairs, title=person.name)
    secret = site.secrets.get(name)
    if not secret:
        raise ValueError(f"the device {name!r} has no password")
    yield Section(name=name, of=("trubka-auth",), pairs=(("username", name), ("password", secret)))
    yield Section(name=name, of=("trubka-aor",))


def caller_name(name: str) -> str:
    """A name between quotes and before `<number>`: without what ends either."""
    return " ".join("".join(" " if one in '"<>\\' else one for one in name).split())[:80]


def _boxes(plan: Plan, site: Site) -> Iterator[tuple[str, str]]:
    for one in plan.people:
        if one.voicemail:
            name, email = (" ".join(part.replace(",", " ").split()) for part in (one.name, one.email))
            yield one.extension, f"{site.secrets.get(f'box-{one.extension}', '')},{name},{email}"


def manager(site: Site) -> Section:
    """The server's own account, with the least rights that it works with."""
    pairs = (
        ("secret", site.ami_secret),
        ("deny", "0.0.0.0/0.0.0.0"),
        ("permit", site.ami_from),
        ("read", READ),
        ("write", WRITE),
        ("writetimeout", "5000"),
        *(("eventfilter", f"!^Event: {name}") for name in NOISE),
    )
    return Section(name=site.ami_user, pairs=pairs, title="the server's own account: what it needs and no more")
