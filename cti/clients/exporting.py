"""Clients as rows of a file that an import reads back: the headings are those by which columns are known again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cti.clients.card import ClientCard
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
KINDS = {"person": "физ. лицо", "sole-trader": "ИП", "company": "компания"}
NAMED = ("responsible", "relation", "region", "industry", "source")


def headings(properties: Sequence[Property]) -> list[str]:
    """All columns."""
    return [*HEADINGS.values(), *(prop.name for prop in properties)]


def row_of(card: ClientCard, names: Mapping[tuple[str, int | None], str], properties: Sequence[Property]) -> list[str]:
    """One client. names: of people and directory entries, by (field, id)."""
    phones = [
        (phone.e164 or phone.typed) + (f" доб. {phone.extension}" if phone.extension else "") for phone in card.phones
    ]
    said: dict[str, str] = {
        "id": str(card.id),
        "kind": KINDS[card.kind],
        "phones": "; ".join(phones),
        "emails": "; ".join(card.emails),
        **{name: names.get((name, getattr(card, f"{name}_id")), "") for name in NAMED},
        "address": "; ".join(place.value for place in card.places if place.kind == "address"),
        "site": "; ".join(place.value for place in card.places if place.kind == "site"),
    }
    plain = [said[name] if name in said else str(getattr(card, name)) for name in HEADINGS]
    return plain + [shown(prop, card.values.get(prop.id)) for prop in properties]
