"""Conditions over a client's fields, as the grid's headers, saved views and segments write them.

A condition names a field (a standard one or `property:ID`), an operator that its kind has, and a value. Only what is
listed here can be asked: a name or an operator from outside never reaches a query as text.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

FieldKind = Literal["text", "phone", "email", "list", "number", "date", "yes-no", "period"]
Operator = Literal["contains", "is", "begins", "any-of", "none-of", "from", "to", "within", "empty", "filled"]

STANDARD: dict[str, FieldKind] = {
    "name": "text",
    "full_name": "text",
    "kind": "list",
    "phones": "phone",
    "emails": "email",
    "responsible": "list",
    "relation": "list",
    "region": "list",
    "industry": "list",
    "source": "list",
    "inn": "text",
    "kpp": "text",
    "ogrn": "text",
    "time_zone": "text",
    "note": "text",
    "created": "date",
    "updated": "date",
    "called": "period",  # calls with the client
    "signed": "period",  # contracts with him, by their day
}
OPERATORS: dict[FieldKind, tuple[Operator, ...]] = {
    "text": ("contains", "is", "begins", "empty", "filled"),
    "phone": ("contains", "empty", "filled"),
    "email": ("contains", "empty", "filled"),
    "list": ("any-of", "none-of", "empty", "filled"),
    "number": ("is", "from", "to", "empty", "filled"),
    "date": ("from", "to", "empty", "filled"),
    "yes-no": ("is", "empty", "filled"),
    "period": ("within",),
}
KIND_OF_PROPERTY: dict[str, FieldKind] = {
    "list": "list",
    "several": "list",
    "number": "number",
    "rating": "number",
    "date": "date",
    "text": "text",
    "yes-no": "yes-no",
}
PROPERTY = "property:"
MOST_CONDITIONS = 30


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """One condition. value: text, number, yes or no, `2026-11-23`, a list of ids or codes, or a period's two days.

    at: a property's value as it was at the end of that day, `2026-03-31`; None: as it is now.
    """

    field: str
    op: Operator
    value: Any = None
    at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None


def property_id(field: str) -> int | None:
    """The id in `property:12`; None for a standard field."""
    digits = field.removeprefix(PROPERTY) if field.startswith(PROPERTY) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
