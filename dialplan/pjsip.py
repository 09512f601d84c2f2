"""Phones, browsers and lines as pjsip.conf has them. Transports are the admin's.

Each phone's calls carry whose they are: the dialplan's feature codes and routes go by it (inside.py, routes.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialplan.conf import Section, within
from dialplan.model import word
from dialplan.office import Trunk
from dialplan.plan import Person, Plan
from dialplan.recording import FEATURE
from dialplan.routes import OWNER, SHOWN
from dialplan.site import Site

NAME_BYTES = 79  # of a caller's name: the PBX would tear the letter that crosses it
LOT = "trubka"  # of parked calls
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,20}}")
_USER = re.compile(r"[A-Za-z0-9+][A-Za-z0-9._+-]{0,63}")


def is_host(text: str) -> bool:
    """Whether it can be a carrier's address."""
    return _HOST.fullmatch(text) is not None


def is_user(text: str) -> bool:
    """Whether it can be a name to sign in by."""
    return _USER.fullmatch(text) is not None


def sections(plan: Plan, site: Site) -> Iterator[Section]:
    """All of trubka_pjsip.conf. Raises ValueError where a device or a line has no password."""
    yield from _templates(site)
    for one in plan.trunks:
        yield from _trunk(one, site)
    for person in plan.people:
        for kind, names in (("trubka-desk", person.devices), ("trubka-browser", person.browsers)):
            for name in names:
                yield from _endpoint(person, name, kind, plan, site)


def _templates(site: Site) -> Iterator[Section]:
    common = (
        ("type", "endpoint"), ("context", "from-internal"), ("disallow", "all"), ("language", "ru"),
        ("direct_media", "no"), ("device_state_busy_at", "2"), ("named_call_group", "office"),
        ("named_pickup_group", "office"),
    )  # fmt: skip
    desk = (("allow", "ulaw,alaw,opus" if site.opus else "ulaw,alaw"), ("rtp_symmetric", "yes"),
            ("force_rport", "yes"), ("rewrite_contact", "yes"))  # fmt: skip
    transport = (("transport", word(site.browser_transport, "transport")),) if site.browser_transport else ()
    browser = (*transport, ("webrtc", "yes"), ("allow", "opus,ulaw" if site.opus else "ulaw,alaw"),
               ("rtp_timeout", "90"), ("rtp_timeout_hold", "600"))  # fmt: skip
    aor = (("type", "aor"), ("max_contacts", "1"), ("remove_existing", "yes"), ("minimum_expiration", "30"),
           ("default_expiration", "120"), ("qualify_frequency", "0"))  # fmt: skip
    outside = (
        ("type", "endpoint"), ("context", "from-outside"), ("disallow", "all"), ("allow", "alaw,ulaw"),
        ("language", "ru"), ("direct_media", "no"), ("trust_id_inbound", "no"), ("send_pai", "no"),
        ("rtp_symmetric", "yes"), ("force_rport", "yes"),
    )  # fmt: skip
    yield Section(name="trubka-desk", template=True, pairs=(*common, *desk), title="desk phones")
    yield Section(name="trubka-browser", template=True, pairs=(*common, *browser), title="browser phones")
    yield Section(name="trubka-auth", template=True, pairs=(("type", "auth"), ("auth_type", "userpass")))
    yield Section(name="trubka-aor", template=True, pairs=aor)
    yield Section(name="trubka-trunk", template=True, pairs=outside, title="lines to the outside")


def _trunk(one: Trunk, site: Site) -> Iterator[Section]:
    if not is_host(one.host) or not 0 < one.port < 65536:
        raise ValueError(f"{one.host!r} is no address of a carrier")
    if one.username and not is_user(one.username):
        raise ValueError(f"{one.username!r} is no name to sign in by")
    where = f"sip:{one.host}:{one.port}"
    own = (("outbound_auth", one.name), ("from_user", one.username)) if one.username else ()
    yield Section(name=one.name, of=("trubka-trunk",), pairs=(("aors", one.name), *own), title=one.title)
    yield Section(name=one.name, pairs=(("type", "aor"), ("contact", where), ("qualify_frequency", "60")))
    yield Section(name=one.name, pairs=(("type", "identify"), ("endpoint", one.name), ("match", one.host)))
    if one.username:
        secret = _secret(site, f"trunk-{one.name}", f"the line {one.name!r}")
        yield Section(name=one.name, of=("trubka-auth",), pairs=(("username", one.username), ("password", secret)))
    if one.registers and one.username:
        told = (("client_uri", f"sip:{one.username}@{one.host}:{one.port}"), ("server_uri", where))
        tries = (("retry_interval", "30"), ("forbidden_retry_interval", "300"), ("max_retries", "100000"))
        pairs = (("type", "registration"), ("outbound_auth", one.name), *told, *tries)
        yield Section(name=one.name, pairs=pairs)


def _endpoint(person: Person, name: str, kind: str, plan: Plan, site: Site) -> Iterator[Section]:
    shown = f'"{caller_name(person.name)}" <{person.extension}>'
    box = (("mailboxes", f"{person.extension}@default"),) if person.voicemail else ()
    pairs = (("auth", name), ("aors", name), ("callerid", shown), *box, *_marks(person, plan))
    yield Section(name=name, of=(kind,), pairs=pairs, title=person.name)
    secret = _secret(site, name, f"the device {name!r}")
    way_in = (("type", "auth"), ("auth_type", "userpass"), ("username", name), ("password", secret))
    yield Section(name=name, pairs=way_in)  # in full: the server reads browsers' passwords here (web_secrets.py)
    yield Section(name=name, of=("trubka-aor",))


def _marks(person: Person, plan: Plan) -> Iterator[tuple[str, str]]:
    """What every call of a person's phone carries."""
    extension = word(person.extension, "number")
    for variable in (OWNER, "PICKUPMARK", "SPYGROUP"):
        yield "set_var", f"{variable}={extension}"
    if person.caller_id:
        yield "set_var", f"{SHOWN}={word(person.caller_id, 'number')}"
    if plan.codes.record:
        yield "set_var", f"DYNAMIC_FEATURES={FEATURE}"
    if plan.parking.number:
        yield "set_var", f"CHANNEL(parkinglot)={LOT}"


def _secret(site: Site, name: str, of: str) -> str:
    secret = site.secrets.get(name)
    if not secret:
        raise ValueError(f"{of} has no password")
    return secret


def caller_name(name: str) -> str:
    """A name between quotes and before `<number>`: without what ends either."""
    return within("".join(" " if one in '"<>\\' else one for one in name), NAME_BYTES)
