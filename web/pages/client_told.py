"""Fields of a card and what stands in them, as people read it: in lines of history, in conflicts, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from cti.clients.contracts import show_amount
from cti.clients.masking import unsealed
from cti.clients.properties import Property, shown
from web.client_texts import BELONGINGS, FIELDS, KINDS
from web.i18n import translate
from web.services import services_of
from web.texts import N_

NOTHING = "—"
GONE = N_("(deleted entry)")


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


def as_text(request: web.Request, field: str, value: Any, offered: Mapping[str, Any]) -> str:
    """A field's value. offered: of client_form.choices."""
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if field.startswith("property:"):
        prop = next((one for one in offered["all_properties"] if one.id == int(field[9:])), None)
        return _of_property(request, prop, value) if prop else str(value)
    field = field.rpartition(":")[2]
    match field:
        case "amount":
            return show_amount(value)
        case "signed_on" | "begins_on" | "ends_on":
            return _day(value)
        case "due_at" | "done_at":
            return datetime.fromtimestamp(value, services_of(request).zone).strftime("%d.%m.%Y %H:%M")
        case "kind":
            return translate(request, KINDS.get(value, value))
        case "responsible_id" | "manager_id" | "owner_id":
            return str(dict(offered["everybody"]).get(value, value))
        case "phones":
            return ", ".join(_phone(request, *one) for one in value)
        case "places":
            return ", ".join(str(one[1]) for one in value)
        case "email_labels":
            return ", ".join(f"{address}: {label}" for address, label in value.items())
    if field == "role" or field.endswith("_id"):
        return str(offered["item_names"].get(value) or (value if isinstance(value, str) else translate(request, GONE)))
    return ", ".join(value) if isinstance(value, list) else str(value)


def _phone(request: web.Request, typed: str, extension: str, label: str, shared: bool) -> str:
    """`+7 935 555-01-02 доб. 14 (accounts, shared)`."""
    typed = unsealed(typed)
    whole = typed if not extension or extension in typed[-len(extension) - 2 :] else f"{typed}, {extension}"
    marks = ", ".join(word for word in (label, translate(request, N_("shared")) if shared else "") if word)
    return f"{whole} ({marks})" if marks else whole


def _of_property(request: web.Request, prop: Property, value: Any) -> str:
    if isinstance(value, bool):
        return translate(request, N_("yes") if value else N_("no"))
    if prop.kind == "date":
        return _day(str(value))
    return shown(prop, tuple(value) if isinstance(value, list) else value)


def _day(iso: str) -> str:
    return ".".join(reversed(str(iso).split("-")))
