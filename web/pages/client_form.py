"""The client's form: what it shows beside the fields themselves, and what comes back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from cti.clients.card import KINDS, PLACES, ClientCard, ClientDraft, Phone, Place
from cti.clients.contracts import show_amount
from cti.clients.properties import Property, Value, missing, shown
from cti.storage import directories, properties, users
from cti.storage.directories import DIRECTORIES
from web.client_texts import BELONGINGS, FIELDS
from web.i18n import translate
from web.services import services_of
from web.texts import N_

MOST_PHONES = 50
ZONES = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk",
    "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
)  # fmt: skip


async def choices(request: web.Request, card: ClientCard | ClientDraft) -> dict[str, Any]:
    """What the form offers: people, directory entries (a retired one where the card has it), properties."""
    async with services_of(request).db.read() as conn:
        people = [(user.id, user.name) for user in await users.every(conn) if user.blocked_at is None]
        items = await directories.every(conn, retired=True)
        known = await properties.every(conn, retired=True)
    mine = {getattr(card, f"{directory}_id") for directory in DIRECTORIES}
    return {
        "people": people,
        "items": [item for item in items if not item.retired or item.id in mine],
        "item_names": {item.id: item.name for item in items},
        "properties": [prop for prop in known if not prop.retired],
        "all_properties": known,
        "kinds": KINDS,
        "place_kinds": PLACES,
        "zones": ZONES,
        "lacks": lacks(request, card, known),
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


async def read_form(request: web.Request, kept: Mapping[int, Value] | None = None) -> ClientDraft:
    """The draft that the form describes. kept: values of properties that the form does not show."""
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
    said: dict[int, Value] = {id_: value for id_, value in (kept or {}).items() if id_ not in offered}
    for prop in known:
        name = f"property-{prop.id}"
        given: Any = several(name, 400) if prop.kind == "several" else text(name, 400)
        if given:
            said[prop.id] = tuple(given) if isinstance(given, list) else given
    return ClientDraft(
        name=text("name", 200),
        full_name=text("full_name", 400),
        note=text("note", 20_000),
        kind=kind if kind in KINDS else "company",
        phones=read_phones(form),
        emails=read_emails(form),
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


def many_of(form: MultiDictProxy[Any], name: str, limit: int) -> list[str]:
    """The values of a repeated field, each cut to a length."""
    return [str(value).strip()[:limit] for value in form.getall(name, [])][:MOST_PHONES]


def read_phones(form: MultiDictProxy[Any]) -> tuple[Phone, ...]:
    """The rows of phones; empty ones are left out."""
    labels, shared = many_of(form, "label", 40), set(many_of(form, "shared", 4))
    return tuple(
        Phone(typed=number, label=labels[place] if place < len(labels) else "", shared=str(place) in shared)
        for place, number in enumerate(many_of(form, "phone", 80))
        if number
    )


def read_emails(form: MultiDictProxy[Any]) -> tuple[str, ...]:
    """The rows of e-mail addresses; empty ones are left out."""
    return tuple(mail for mail in many_of(form, "email", 254) if mail)


def field_name(request: web.Request, field: str, names: Mapping[str, str]) -> str:
    """A field's name in a line of history: of a property, of a contact person's phones, of a contract's sum."""
    if field in names:
        return names[field]
    thing, _, part = field.partition(":")
    if thing in BELONGINGS:
        owner, _, own = part.partition(":")
        of = names.get(f"{thing}:{owner}", "")
        told = [translate(request, BELONGINGS[thing]), of, translate(request, FIELDS.get(own, own)).lower()]
        return " ".join(word for word in told if word)
    return translate(request, FIELDS.get(field, field))


def as_text(field: str, value: Any, offered: Mapping[str, Any]) -> str:
    """A field's value as people read it: of a change, of a conflict."""
    if value is None or value == "" or value == []:
        return "—"
    if field.startswith("property:"):
        prop = next((one for one in offered["all_properties"] if one.id == int(field[9:])), None)
        return shown(prop, tuple(value) if isinstance(value, list) else value) if prop else str(value)
    if field.endswith(":amount"):
        return show_amount(value)
    if field.endswith("_on"):
        return ".".join(reversed(str(value).split("-")))
    field = field.rpartition(":")[2]
    if field == "role":
        return str(offered["item_names"].get(value, value))
    if field in ("responsible_id", "manager_id"):
        return str(dict(offered["people"]).get(value, value))
    if field.endswith("_id"):
        return str(offered["item_names"].get(value, value))
    if field == "phones":
        return ", ".join(str(one[0]) for one in value)
    if field == "places":
        return ", ".join(str(one[1]) for one in value)
    return ", ".join(value) if isinstance(value, list) else str(value)
