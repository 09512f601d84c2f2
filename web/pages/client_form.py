"""The client's form: what it shows beside the fields themselves, and what comes back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from cti.clients.card import KINDS, PLACES, ClientCard, ClientDraft, Phone, Place
from cti.clients.properties import Property, Value, missing
from cti.clients.zones import OFFERED, clock_of, is_zone, offset
from cti.errors import Refused
from cti.storage import directories, properties, users
from cti.storage.directories import DIRECTORIES, Item
from cti.telephony.numbering import bare
from web.client_texts import ZONES
from web.i18n import translate
from web.services import services_of
from web.texts import N_, REFUSALS

MOST_PHONES = 50
LONGEST_PHONE = 400  # one that is hidden comes back with its seal
LONG = 20_001  # enough to be told that it is too long
FAULT_OF = {  # refusal -> the field that it is about
    "no-name": "name",
    "long-name": "name",
    "long-full_name": "full_name",
    "long-note": "note",
    "bad-inn": "inn",
    "bad-inn-of-a-person": "inn",
    "bad-kpp": "kpp",
    "kpp-of-a-company": "kpp",
    "bad-ogrn": "ogrn",
    "bad-ogrnip": "ogrn",
    "ogrn-of-a-company": "ogrn",
}
DAY_BEGINS, DAY_ENDS = 8, 21  # hours in which people are called
EXTENSION = "доб."  # as people write it after a number


async def choices(request: web.Request, card: ClientCard | ClientDraft) -> dict[str, Any]:
    """What the form offers: people, directory entries (a retired one where the card has it), properties."""
    async with services_of(request).db.read() as conn:
        everybody = await users.every(conn)
        items = await directories.every(conn, retired=True)
        known = await properties.every(conn, retired=True)
    mine = {getattr(card, f"{directory}_id") for directory in DIRECTORIES}
    return {
        "people": offered_people(everybody, card.responsible_id),
        "everybody": {user.id: user.name for user in everybody},
        "items": [item for item in items if not item.retired or item.id in mine],
        "item_names": {item.id: item.name for item in items},
        "properties": [prop for prop in known if not prop.retired],
        "all_properties": known,
        "kinds": KINDS,
        "place_kinds": PLACES,
        "zones": [(zone, zone_name(request, zone)) for zone in zones_of(card.time_zone)],
        "lacks": lacks(request, card, known),
    }


def faults_of(request: web.Request, error: Refused, known: Sequence[Property]) -> dict[str, str]:
    """The field that a refusal is about and what is wrong there; {} where it is about no single one."""
    told = translate(request, REFUSALS.get(error.code, str(error)))
    prop = next((one for one in known if error.where == one.name), None)
    field = f"property-{prop.id}" if prop else FAULT_OF.get(error.code)
    return {field: told} if field else {}


def offered_people(everybody: Sequence[users.UserRow], chosen: int | None) -> list[tuple[int, str]]:
    """Who may be chosen: all who may sign in, and who is chosen already."""
    return [(user.id, user.name) for user in everybody if user.blocked_at is None or user.id == chosen]


def zones_of(chosen: str) -> tuple[str, ...]:
    """Time zones of a list, the chosen one among them."""
    return OFFERED if not chosen or chosen in OFFERED else (*OFFERED, chosen)


def zone_name(request: web.Request, zone: str) -> str:
    """`Moscow (UTC+3)` in the reader's language; another than those of the list by its own name."""
    name = translate(request, ZONES[zone]) if zone in ZONES else zone
    return f"{name} ({offset(zone, services_of(request).clock())})" if is_zone(zone) else name


def clock_shown(request: web.Request, card: ClientCard, items: Sequence[Item]) -> dict[str, Any]:
    """The client's clock: its zone's name, its time now, where the zone is from, whether it is the house's own time."""
    services = services_of(request)
    region = next((item for item in items if item.id == card.region_id), None)
    clock = clock_of(card.time_zone, region.time_zone if region else "", services.zone.key)
    now = services.clock()
    local = clock.now(now)
    sources = {
        "card": translate(request, N_("set on the card")),
        "region": translate(request, N_("by the region {name}")).replace("{name}", region.name if region else ""),
        "house": "",
    }
    return {
        "zone": clock.zone,
        "name": zone_name(request, clock.zone),
        "time": local.strftime("%H:%M"),
        "source": sources[clock.source],
        "told": clock.source != "house",
        "elsewhere": local.utcoffset() != datetime.fromtimestamp(now, services.zone).utcoffset(),
        "night": not DAY_BEGINS <= local.hour < DAY_ENDS,
    }


def lacks(request: web.Request, card: ClientCard | ClientDraft, known: Sequence[Property]) -> list[tuple[str, str]]:
    """What a complete card has and this one has not: the field to fill and its name."""
    told = [
        (not card.phones, "f-phone", N_("a phone")),
        (not card.emails, "f-email", N_("an e-mail")),
        (not card.inn and card.kind != "person", "f-inn", N_("INN")),
        (card.responsible_id is None, "f-responsible_id", N_("a manager")),
        (card.relation_id is None, "f-relation_id", N_("the relation")),
    ]
    named = [(field, translate(request, text)) for is_missing, field, text in told if is_missing]
    return named + [(f"f-property-{prop.id}", prop.name) for prop in missing(known, card.values, card.kind)]


async def read_form(request: web.Request, before: ClientCard | None = None) -> ClientDraft:
    """The draft that the form describes. before: the card, which keeps what the form does not show of it."""
    form = await request.post()

    def text(name: str, limit: int) -> str:
        return str(form.get(name, "")).strip()[:limit]

    def chosen(name: str) -> int | None:
        given = text(name, 12)
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None

    def several(name: str, limit: int) -> list[str]:
        return many_of(form, name, limit)

    places = zip(several("place_kind", 16), several("place", 400), strict=False)
    kind = text("kind", 16)
    async with services_of(request).db.read() as conn:
        known = await properties.every(conn)
    offered = {prop.id for prop in known}
    said: dict[int, Value] = {
        id_: value for id_, value in (before.values if before else {}).items() if id_ not in offered
    }
    for prop in known:
        name = f"property-{prop.id}"
        given: Any = several(name, 400) if prop.kind == "several" else text(name, 400)
        if given:
            said[prop.id] = tuple(given) if isinstance(given, list) else given
    return ClientDraft(
        name=text("name", LONG),
        full_name=text("full_name", LONG),
        note=text("note", LONG),
        kind=kind if kind in KINDS else "company",
        phones=read_phones(form, before.phones if before else ()),
        **read_emails(form),
        places=tuple(Place(kind=k if k in PLACES else "other", value=v) for k, v in places if v),
        responsible_id=chosen("responsible_id"),
        relation_id=chosen("relation_id"),
        region_id=chosen("region_id"),
        industry_id=chosen("industry_id"),
        source_id=chosen("source_id"),
        inn="".join(text("inn", 40).split()),
        kpp="".join(text("kpp", 40).split()).upper(),
        ogrn="".join(text("ogrn", 40).split()),
        time_zone=text("time_zone", 40),
        values=said,
    )


def version_of(form: Mapping[str, Any]) -> int:
    """The version that the form was made of; 0 for none."""
    given = str(form.get("version", ""))
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def many_of(form: MultiDictProxy[Any], name: str, limit: int) -> list[str]:
    """The values of a repeated field, each cut to a length."""
    return [str(value).strip()[:limit] for value in form.getall(name, [])][:MOST_PHONES]


def read_phones(form: MultiDictProxy[Any], before: Sequence[Phone] = ()) -> tuple[Phone, ...]:
    """The rows of phones; empty ones are left out. before: a number that still reads the same stays as it was typed."""
    numbers, extensions = many_of(form, "phone", LONGEST_PHONE), many_of(form, "extension", 10)
    labels, shared = many_of(form, "label", 40), set(many_of(form, "shared", 4))
    typed = {(phone.bare, phone.extension): phone for phone in before}
    phones = []
    for place, number in enumerate(numbers):
        if not number:
            continue
        extension = _at(extensions, place)
        kept = typed.get((number, extension))
        whole = f"{bare(number)} {EXTENSION} {extension}" if extension else number
        phones.append(
            Phone(
                typed=kept.typed if kept else whole,
                extension=kept.extension if kept else "",
                label=_at(labels, place),
                shared=str(place) in shared,
            )
        )
    return tuple(phones)


def _at(values: Sequence[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def read_emails(form: MultiDictProxy[Any]) -> dict[str, Any]:
    """The rows of e-mail addresses and what each is; empty ones are left out."""
    labels = many_of(form, "email_label", 40)
    rows = [(mail, _at(labels, place)) for place, mail in enumerate(many_of(form, "email", 254)) if mail]
    return {"emails": tuple(mail for mail, _ in rows), "email_labels": {mail: label for mail, label in rows if label}}
