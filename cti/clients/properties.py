"""What an admin lets people say of a client beyond the standard fields: definitions, values, and what is right.

A value by the property's kind: list -> id of one of its values; several -> ids, in the property's order; number and
rating -> float; date -> `2026-11-23`; text -> text; yes-no -> bool. None: not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

PropertyKind = Literal["list", "several", "number", "date", "text", "yes-no", "rating"]
Value = int | float | str | bool | tuple[int, ...] | None

KINDS: tuple[PropertyKind, ...] = get_args(PropertyKind)
COLORS = ("", "red", "amber", "green", "blue", "violet", "grey")
TEXT_CHARS = 400
RATINGS = range(1, 6)
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PropertyValue:
    """One value of a list. color: a word of COLORS."""

    id: int
    name: str
    color: str = ""
    retired: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """One property. applies_to: kinds of clients, empty for all. in_pop: shown when such a client calls.

    sensitive: the recording of a talk pauses while it is filled in.
    """

    id: int
    name: str
    kind: PropertyKind
    applies_to: tuple[str, ...] = ()
    required: bool = False
    in_pop: bool = False
    sensitive: bool = False
    position: int = 0
    retired: bool = False
    values: tuple[PropertyValue, ...] = ()

    def applies(self, client_kind: str) -> bool:
        """Whether such a client has it."""
        return not self.applies_to or client_kind in self.applies_to


def read_value(prop: Property, raw: object) -> Value:
    """A value as somebody gave it (a form's text, JSON, a cell of a file). Raises ValueError with what is wrong.

    A list's value may be named by its id or by its name, in any case.
    """
    if raw is None or raw in ("", [], ()):
        return None
    match prop.kind:
        case "list":
            return _listed(prop, raw)
        case "several":
            given = raw if isinstance(raw, (list, tuple)) else [part for part in str(raw).split(";") if part.strip()]
            chosen = {_listed(prop, one) for one in given}
            return tuple(value.id for value in prop.values if value.id in chosen) or None
        case "number":
            return _number(raw)
        case "rating":
            number = _number(raw)
            if number not in RATINGS:
                raise ValueError("a rating is a whole number from 1 to 5")
            return number
        case "date":
            return _date(str(raw).strip()).isoformat()
        case "yes-no":
            return _yes(raw)
        case "text":
            text = str(raw).strip()
            if len(text) > TEXT_CHARS:
                raise ValueError(f"longer than {TEXT_CHARS} characters")
            return text or None


def shown(prop: Property, value: Value) -> str:
    """A value as text: names of a list joined by `; `, numbers without a needless `.0`."""
    names = {one.id: one.name for one in prop.values}
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case tuple():
            return "; ".join(names.get(one, "") for one in value)
        case int() if prop.kind == "list":
            return names.get(value, "")
        case int() | float():
            return plain(value)
        case _:
            return str(value)


def plain(number: float) -> str:
    """A number as people write it, all its digits kept: `3`, `1234567.5`."""
    return str(int(number)) if number == int(number) else repr(number)


def missing(properties: Sequence[Property], values: Mapping[int, Value], client_kind: str) -> list[Property]:
    """Required properties that are not said of such a client."""
    return [
        prop
        for prop in properties
        if prop.required and not prop.retired and prop.applies(client_kind) and values.get(prop.id) is None
    ]


def days_of(iso: str) -> float:
    """A date as days since 1970, as it is stored and compared."""
    return float((date.fromisoformat(iso) - EPOCH).days)


def date_of(days: float) -> str:
    """The date back."""
    return (EPOCH + timedelta(days=int(days))).isoformat()


def _listed(prop: Property, raw: object) -> int:
    text = str(raw).strip()
    for value in prop.values:
        if text == str(value.id) or text.casefold() == value.name.casefold():
            return value.id
    raise ValueError(f"“{text[:40]}” is not a value of this property")


def _number(raw: object) -> float:
    text = str(raw).replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"“{text[:40]}” is not a number") from None
    if not abs(number) < 1e15:
        raise ValueError("the number is too large")
    return number


def _date(text: str) -> date:
    try:
        if len(text) == 10 and text[2] == text[5] == ".":
            return date(int(text[6:]), int(text[3:5]), int(text[:2]))
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"“{text[:40]}” is not a date: write 23.11.2026 or 2026-11-23") from None


def _yes(raw: object) -> bool:
    text = str(raw).strip().casefold()
    if text in ("1", "true", "yes", "да", "on", "+"):
        return True
    if text in ("0", "false", "no", "нет", "off", "-"):
        return False
    raise ValueError(f"“{text[:40]}” is neither yes nor no")
