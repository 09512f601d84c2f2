"""Conditions over a client's fields, as the grid's headers, saved views and segments write them.

A condition names a field (a standard one or `property:ID`), an operator that its kind has, and a value. Only what is
listed here can be asked: a name or an operator from outside never reaches a query as text.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

FieldKind = Literal[
    "text", "phone", "email", "words", "list", "number", "date", "yes-no", "period", "count", "age", "ahead"
]  # words: of what belongs to a client, several of them
Operator = Literal[
    "contains", "is", "begins", "any-of", "none-of", "from", "to", "within", "newer", "older", "soon", "empty", "filled"
]

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
    "contacts": "words",  # names of his contact persons
    "contracts": "words",  # numbers of his contracts
    "places": "words",  # addresses, sites, messengers
    "created": "date",
    "updated": "date",
    "last_letter": "date",  # when one came or went
    "restricted": "yes-no",  # nothing may be done with the data
    "segment": "list",
    "consented": "list",  # codes of clients/consenting.py
    "refused": "list",
    "called": "period",  # calls with the client
    "signed": "period",  # contracts with him, by their day
    "calls": "count",  # in the last `days`, or ever
    "inbound": "count",
    "outbound": "count",
    "unanswered": "count",  # his calls that nobody took
    "contact": "age",  # days since the last conversation
    "contract_ends": "ahead",
    "contract_sum": "number",  # of all contracts in roubles
}
HISTORY = ("calls", "inbound", "outbound", "unanswered", "contact", "contract_ends", "contract_sum", "called", "signed")
OPERATORS: dict[FieldKind, tuple[Operator, ...]] = {
    "text": ("contains", "is", "begins", "empty", "filled"),
    "phone": ("contains", "empty", "filled"),
    "email": ("contains", "empty", "filled"),
    "words": ("contains", "empty", "filled"),
    "list": ("any-of", "none-of", "empty", "filled"),
    "number": ("is", "from", "to", "empty", "filled"),
    "date": ("from", "to", "empty", "filled"),
    "yes-no": ("is", "empty", "filled"),
    "period": ("within",),
    "count": ("from", "to", "is"),
    "age": ("newer", "older", "empty", "filled"),
    "ahead": ("soon",),
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
MOST_DAYS = 3660


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """One condition. value: text, number, yes or no, `2026-11-23`, a list of ids or codes, or a period's two days.

    at: a property's value as it was at the end of that day, `2026-03-31`; None: as it is now. days: of a count, only
    the last so many; None: ever. `newer`, `older` and `soon` take days as their value; who never was is `older`.
    """

    field: str
    op: Operator
    value: Any = None
    at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)] | None = None


def property_id(field: str) -> int | None:
    """The id in `property:12`; None for a standard field."""
    digits = field.removeprefix(PROPERTY) if field.startswith(PROPERTY) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def wants_set(one: Condition) -> bool:
    """Whether a condition on a yes or no that is always said asks for yes: `filled` is yes, `empty` is no."""
    return one.op == "filled" or (one.op == "is" and is_yes(one.value))


def is_yes(value: Any) -> bool:
    """A condition's yes, as forms and JSON write it."""
    return value in (True, 1, "1", "true")


def fold(value: str) -> str:
    """For comparing: no case, ё as е, one space between words."""
    return " ".join(value.casefold().replace("ё", "е").split())


def day_begins(day: str, zone: ZoneInfo, *, days: int = 0) -> float:
    """UNIX seconds at which a day (`2026-11-23`) begins in a zone; days: so many days later."""
    first = date.fromisoformat(day[:10]) + timedelta(days=days)
    return datetime(first.year, first.month, first.day, tzinfo=zone).timestamp()


def typed_digits(value: str) -> str:
    """The digits of a part of a number as it stands in E.164: a leading 8 is the country's 7."""
    digits = "".join(sign for sign in value if sign.isdigit())
    return "7" + digits[1:] if value.lstrip().startswith("8") and len(digits) > 3 else digits
