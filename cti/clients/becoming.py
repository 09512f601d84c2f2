"""A change of a client's field, and whether it is one that was asked for: the segments' conditions on what it became.

A change counts that makes a condition true: of a number that must be at least 100, from 90 to 150 does and from 150 to
200 does not. Without a condition every change counts. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cti.clients.filters import KIND_OF_PROPERTY, OPERATORS, Condition, FieldKind, property_id, typed_digits
from cti.clients.properties import Property
from cti.clients.segments import said_holds

FIELDS: Mapping[str, FieldKind] = {  # as a change names them
    "name": "text",
    "full_name": "text",
    "kind": "list",
    "phones": "phone",
    "emails": "email",
    "places": "words",
    "relation_id": "list",
    "region_id": "list",
    "industry_id": "list",
    "source_id": "list",
    "responsible_id": "list",
    "inn": "text",
    "kpp": "text",
    "ogrn": "text",
    "time_zone": "text",
    "note": "text",
}
TEXT_CHARS, MOST_VALUES = 400, 500


def kind_of(field: str, known: Sequence[Property]) -> FieldKind | None:
    """Of a field as a change names it; None where there is none that can be waited for."""
    number = property_id(field)
    prop = next((one for one in known if one.id == number), None)
    return KIND_OF_PROPERTY[prop.kind] if prop else FIELDS.get(field)


def fault_of(field: str, asked: Condition | None, known: Sequence[Property], *, hidden: bool) -> tuple[str, str] | None:
    """What is wrong with waiting for this: code and sentence. hidden: parts of numbers cannot be asked for."""
    kind = kind_of(field, known)
    if kind is None:
        return "no-rule-field", "Say which field has to change."
    if asked is None:
        return None
    if not fits(kind, asked):
        return "bad-rule-value", "Say what the field has to become."
    if hidden and asked.op in ("contains", "begins") and any(sign.isdigit() for sign in str(asked.value)):
        return "whole-number", "Numbers are hidden: ask for a whole one, in the search box."
    return None


def fits(kind: FieldKind, asked: Condition) -> bool:
    """Whether such a field has the operator, and the operator this value."""
    value = asked.value
    if asked.op not in OPERATORS[kind] or asked.at or asked.days:
        return False
    if asked.op in ("empty", "filled"):
        return value is None
    match kind:
        case "list":
            plain = isinstance(value, list) and all(isinstance(one, (int, str)) for one in value)
            return plain and 0 < len(value) <= MOST_VALUES
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_day(value)
        case "yes-no":
            return isinstance(value, bool)
        case "phone":
            return isinstance(value, str) and bool(typed_digits(value))
        case _:
            return isinstance(value, str) and 0 < len(value.strip()) <= TEXT_CHARS


def made_true(kind: FieldKind, asked: Condition, was: Any, became: Any) -> bool:
    """Whether a change made the condition true. was, became: as in clients/changes.py."""
    return _holds(kind, asked, became) and not _holds(kind, asked, was)


def _holds(kind: FieldKind, asked: Condition, value: Any) -> bool:
    parts = value if isinstance(value, list) else [value]
    said = [_plain(kind, one) for one in parts if one not in (None, "")]
    return said_holds(kind, said, asked)


def _plain(kind: FieldKind, part: Any) -> Any:
    """A phone as its number, a place as its value."""
    match kind:
        case "phone":
            return typed_digits(str(part[0]))
        case "words":
            return part[1]
        case _:
            return part


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
