"""Clients as rows of a file that an import reads back: the headings are those by which columns are known again.

What an export says and an import reads are one pair: the same file again changes nothing. That a spreadsheet computes
nothing of it is the writer's care (`cti.sheets.cells`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cti.clients.card import ClientCard, Phone
from cti.clients.importing import Fault, folded, own_heading
from cti.clients.properties import Property, shown

HEADINGS: dict[str, str] = {
    "id": "Код",
    "name": "Название",
    "full_name": "Полное наименование",
    "kind": "Вид",
    "phones": "Телефоны",
    "emails": "Почта",
    "inn": "ИНН",
    "kpp": "КПП",
    "ogrn": "ОГРН",
    "responsible": "Менеджер",
    "relation": "Отношение",
    "region": "Регион",
    "industry": "Отрасль",
    "source": "Источник",
    "time_zone": "Часовой пояс",
    "address": "Адрес",
    "site": "Сайт",
    "note": "Примечание",
}
UNTOLD = {"restricted": "Обработка ограничена"}  # a column of the grid: who is restricted is in no file
MOMENTS = {"created": "Создан", "updated": "Изменён", "last_letter": "Последнее письмо"}  # not read back
BESIDE = {"contacts": "Контактные лица", "contracts": "Договоры"}  # not read back, and not of the card
PLACES = "Адрес, сайт, мессенджеры"  # all in one; not read back
KINDS = {"person": "физ. лицо", "sole-trader": "ИП", "company": "компания"}
NAMED = ("responsible", "relation", "region", "industry", "source")
Names = Mapping[tuple[str, int | None], str]  # of people and directory entries, by (field, id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A person who may be responsible, as an export names him."""

    id: int
    name: str
    login: str


def names_of(people: Sequence[Named], items: Iterable[tuple[str, int, str]]) -> Names:
    """How people and directory entries are named; of two people with one name their logins tell. items: (directory, id,
    name)."""
    often = Counter(folded(one.name) for one in people)
    names: dict[tuple[str, int | None], str] = {
        ("responsible", one.id): one.name if often[folded(one.name)] == 1 else f"{one.name} ({one.login})"
        for one in people
    }
    return names | {(directory, id_): name for directory, id_, name in items}


def mark_of(login: str, user_id: int | None, moment: str) -> str:
    """What a file says of who made it: `vera (4) 2026-11-26 13:05:59+03:00`."""
    return f"{login} ({user_id}) {moment}" if user_id else f"{login} {moment}"


def headings(properties: Sequence[Property]) -> list[str]:
    """All columns."""
    return [*HEADINGS.values(), *map(own_heading, properties)]


def heading_of(field: str, properties: Mapping[str, Property]) -> str | None:
    """The heading of a field; None where there is no such field. properties: by field."""
    if field in properties:
        return own_heading(properties[field])
    return PLACES if field == "places" else (HEADINGS | MOMENTS | BESIDE | UNTOLD).get(field)


def row_of(card: ClientCard, names: Names, properties: Sequence[Property]) -> list[str]:
    """One client in all columns."""
    by_field = {f"property:{prop.id}": prop for prop in properties}
    return [cell_of(card, field, names, by_field) for field in (*HEADINGS, *by_field)]


def cell_of(card: ClientCard, field: str, names: Names, properties: Mapping[str, Property]) -> str:
    """One field of a client, but for MOMENTS, as an import reads it."""
    if field in properties:
        return _said(properties[field], card)
    match field:
        case "kind":
            return KINDS[card.kind]
        case "phones":
            return "; ".join(map(_phone, card.phones))
        case "emails":
            return "; ".join(card.emails)
        case "address" | "site":
            return "\n".join(" ".join(place.value.split()) for place in card.places if place.kind == field)
        case "places":
            return ", ".join(" ".join(place.value.split()) for place in card.places)
        case "restricted":
            return "нет"
        case _ if field in NAMED:
            return names.get((field, getattr(card, f"{field}_id")), "")
        case _:
            return str(getattr(card, field))


def vcard_of(card: ClientCard) -> dict[str, Any]:
    """One client as a card of an address book: the fields of `sheets.write.VCard`."""
    person = card.kind == "person"
    addresses = [place.value for place in card.places if place.kind == "address"]
    return {
        "name": card.name,
        "full_name": card.full_name if person else "",
        "organisation": "" if person else card.full_name,
        "phones": tuple((_phone(one), one.label) for one in card.phones),
        "emails": card.emails,
        "address": " ".join(addresses[0].split()) if addresses else "",
        "note": card.note,
    }


def refusal_of(fault: Fault, sentence: str, cells: Sequence[str]) -> list[str]:
    """A refused row, to be put right and brought again: the row as it was, its number and what is wrong with it."""
    return [*cells, str(fault.row), sentence]


def _phone(phone: Phone) -> str:
    """A phone; a number that could not be read stays as typed, without what would cut it in two."""
    number = phone.e164 or " ".join(re.split(r"[;,\s]+", phone.typed.strip()))
    return number + (f" доб. {phone.extension}" if phone.extension else "")


def _said(prop: Property, card: ClientCard) -> str:
    value = card.values.get(prop.id)
    if prop.kind == "yes-no" and value is not None:
        return "да" if value else "нет"
    return shown(prop, value)
