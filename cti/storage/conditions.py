"""Conditions over clients as SQL: what grid, segments and analysis ask in common, on both engines.

Each is a Part: how it leads to its clients, and how it is asked of one that another condition led to.

Only fields and operators that cti/clients/filters.py lists become a query; what people type is always a parameter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, ColumnElement, FromClause, func, not_, or_, select, union_all

from cti.clients.filters import (
    HISTORY,
    KIND_OF_PROPERTY,
    OPERATORS,
    STANDARD,
    Condition,
    day_begins,
    fold,
    is_yes,
    property_id,
    typed_digits,
    wants_set,
)  # fmt: skip
from cti.clients.properties import Property, days_of
from cti.clients.segments import Group, Segment
from cti.errors import Refused
from cti.storage.client_consents import consenting
from cti.storage.client_happenings import happened
from cti.storage.client_tables import (
    client_emails,
    client_phones,
    client_places,
    client_values,
    clients,
    value_history,
)  # fmt: skip
from cti.storage.client_work_tables import segment_clients
from cti.storage.contact_tables import contact_clients, contacts, contracts
from cti.storage.parts import NOBODY, Asked, Part, all_of, any_of, led, named_by, none_of, on_column
from cti.storage.search import TRIGRAM, begins, containing, found_by

IDS: dict[str, Column[Any]] = {
    "responsible": clients.c.responsible_id, "relation": clients.c.relation_id, "region": clients.c.region_id,
    "industry": clients.c.industry_id, "source": clients.c.source_id, "kind": clients.c.kind,
}  # fmt: skip
TEXTS: dict[str, Column[Any]] = {
    name: clients.c[name] for name in ("name", "full_name", "inn", "kpp", "ogrn", "time_zone", "note")
}
SEARCHED = ("name", "full_name", "inn", "ogrn")  # texts that are part of what a client is found by
LOOKED_UP = ("name", "inn", "relation_id", "region_id", "industry_id", "source_id", "responsible_id")  # have an index
NUMBERED = ("inn", "kpp", "ogrn", "time_zone", "contracts")  # no telephone number stands there
TIMES: dict[str, Column[Any]] = {
    "created": clients.c.created_at, "updated": clients.c.updated_at, "last_letter": clients.c.last_letter_at,
}  # fmt: skip
_PEOPLE = select(contact_clients.c.client_id).join(contacts, contacts.c.id == contact_clients.c.contact_id)
_PLACED = select(client_places.c.client_id)


class Conditions:
    """What can be asked of the clients, with the properties as they are defined now.

    zone: where a day begins. segments: those that a condition may name. now: UNIX seconds, from which days are counted
    back; None: by the clock. whole: numbers are hidden from who asks, so that parts of them cannot be asked for.
    """

    def __init__(
        self,
        known: Sequence[Property],
        *,
        zone: ZoneInfo,
        sqlite: bool,
        segments: Iterable[Segment] = (),
        now: float | None = None,
        whole: bool = False,
    ) -> None:
        self._known = {prop.id: prop for prop in known}
        self._zone = zone
        self._sqlite = sqlite
        self._segments = {one.id: one for one in segments}
        self._now = time.time() if now is None else now
        self._whole = whole
        self._within: list[int] = []  # segments whose expression is being written: one of itself would never end

    def parts(self, q: str, filters: Sequence[Condition]) -> list[Part]:
        """What is asked, part by part. Raises Refused as `condition`."""
        found = found_by(q, is_sqlite=self._sqlite, whole=self._whole)
        return [*([found] if found is not None else []), *(self.condition(one) for one in filters)]

    def where(self, q: str, filters: Sequence[Condition]) -> Asked:
        """All of it, as one. Raises Refused as `condition`."""
        return led(self.parts(q, filters), sqlite=self._sqlite)

    def of_group(self, group: Group) -> list[Part]:
        """An expression, as parts that hold together. Raises Refused as `condition`."""
        parts = [self.condition(one) for one in group.conditions] + [self._group(one) for one in group.groups]
        if not parts or group.match == "all":
            return parts
        return [any_of(parts) if group.match == "any" else none_of(parts)]

    def group(self, group: Group) -> Asked:
        """An expression as one. Raises Refused as `condition`."""
        return led(self.of_group(group), sqlite=self._sqlite)

    def _group(self, group: Group) -> Part:
        return all_of(self.of_group(group), sqlite=self._sqlite)

    def _in_segments(self, one: Condition) -> Part:
        if not isinstance(one.value, list):
            raise TypeError("segments are a list of ids")
        inside = [self._segment(int(id_)) for id_ in one.value]
        if one.op == "none-of":
            return none_of(inside or [NOBODY])
        return any_of(inside or [NOBODY])

    def _segment(self, segment_id: int) -> Part:
        segment = self._segments.get(segment_id)
        if segment is None or segment_id in self._within:
            raise Refused("no-segment", "There is no such segment.")
        if segment.frozen_at is not None:
            mine = select(segment_clients.c.client_id).where(segment_clients.c.segment_id == segment_id)
            return named_by(segment_clients.c.client_id, mine)
        self._within.append(segment_id)
        whole, self._whole = self._whole, False  # what was saved was asked by whoever could
        try:
            return self._group(segment.expression)
        finally:
            self._whole = whole
            self._within.pop()

    def condition(self, one: Condition) -> Part:
        """One condition. Raises Refused for a field or operator that there is not, or a value that does not fit."""
        prop = self.property(one.field)
        kind = KIND_OF_PROPERTY[prop.kind] if prop else STANDARD.get(one.field)
        if kind is None or one.op not in OPERATORS[kind] or (one.at and not prop):
            raise Refused("bad-filter", f"There is no filter “{one.op}” on “{one.field[:40]}”.")
        in_part = kind in ("text", "words") and one.op in ("contains", "begins") and one.field not in NUMBERED
        if self._whole and in_part and any(sign.isdigit() for sign in str(one.value)):
            raise Refused("whole-number", "Numbers are hidden: ask for a whole one, in the search box.")
        try:
            return self._of_property(prop, one) if prop else self._of_field(one)
        except (TypeError, ValueError):
            raise Refused("bad-filter", f"The filter on “{one.field[:40]}” has a value that does not fit.") from None

    def property(self, field: str) -> Property | None:
        number = property_id(field)
        return self._known.get(number) if number is not None else None

    def _of_field(self, one: Condition) -> Part:
        if one.field in IDS:
            column = IDS[one.field]
            indexed = column.name in LOOKED_UP and one.op in ("any-of", "empty")
            return on_column(column, lambda other: _listed(other, one, text=one.field == "kind"), indexed=indexed)
        if one.field == "segment":
            return self._in_segments(one)
        if one.field in ("consented", "refused"):
            return consenting(one)
        if one.field in HISTORY:
            return happened(one, self._zone, self._now)
        if one.field == "restricted":
            return on_column(clients.c.restricted_at, lambda at: _set_or_not(at, one), indexed=wants_set(one))
        if one.field in TIMES:
            return on_column(TIMES[one.field], lambda other: self._in_days(other, one), indexed=True)
        if one.field in ("phones", "emails"):
            return self._reached_by(one)
        if STANDARD[one.field] == "words":
            return self._of_words(one)
        return self._of_text(TEXTS[one.field], one)

    def _reached_by(self, one: Condition) -> Part:
        """Phones by their digits and e-mails."""
        table, column = (
            (client_phones, client_phones.c.e164) if one.field == "phones" else (client_emails, client_emails.c.folded)
        )
        word = self._digits(one) if one.field == "phones" else fold(str(one.value))
        everyone = select(table.c.client_id)
        if one.op == "contains":
            asked = column.contains(word, autoescape=True)
            if self._whole and any(sign.isdigit() for sign in word):
                asked = column.in_((word, f"+{word}", f"+7{word}" if len(word) == 10 else ""))
            return self._narrowed(word, named_by(table.c.client_id, everyone.where(asked)))
        return named_by(table.c.client_id, everyone, without=one.op == "empty")

    def _of_words(self, one: Condition) -> Part:
        """What belongs to a client and has a table of its own, by any part of a text there."""
        owner, everyone, said = {
            "contacts": (contact_clients.c.client_id, _PEOPLE, contacts.c.name_folded),
            "contracts": (contracts.c.client_id, select(contracts.c.client_id), self._folded(contracts.c.number)),
            "places": (client_places.c.client_id, _PLACED, self._folded(client_places.c.value)),
        }[one.field]
        if one.op != "contains":
            return named_by(owner, everyone, without=one.op == "empty")
        word = fold(str(one.value)[:200])
        exact = named_by(owner, everyone.where(said.contains(word, autoescape=True)))
        return self._narrowed(word, exact)

    def _of_text(self, column: Column[Any], one: Condition) -> Part:
        name = one.field
        if one.op in ("empty", "filled"):
            indexed = name in LOOKED_UP and one.op == "empty"
            return on_column(column, lambda other: other == "" if one.op == "empty" else other > "", indexed=indexed)
        word = fold(str(one.value)[:200])
        if name in LOOKED_UP and one.op != "contains":  # what is looked up is kept folded
            kept = clients.c.name_folded if name == "name" else column
            return on_column(kept, lambda other: self._compared(other, one.op, word), indexed=True)
        folded = clients.c.name_folded if name == "name" else self._folded(column)
        exact = self._compared(folded, one.op, word)
        part = Part(leads=exact, follows=exact)
        return self._narrowed(word, part) if name in SEARCHED else part

    def _compared(self, folded: ColumnElement[Any], op: str, word: str) -> Asked:
        match op:
            case "is":
                return folded == word
            case "begins":
                return begins(folded, word, is_sqlite=self._sqlite)
            case _:
                return folded.contains(word, autoescape=True)

    def _narrowed(self, word: str, exact: Part) -> Part:
        """A text's condition, led by the index of trigrams: what it asks for is part of what a client is found by."""
        longest = max(word.split(), key=len, default="")
        if len(longest) < TRIGRAM:
            return exact
        return all_of([containing([[longest]], is_sqlite=self._sqlite), exact], sqlite=self._sqlite)

    def _folded(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.fold(column) if self._sqlite else func.replace(func.lower(column), "ё", "е")

    def _digits(self, one: Condition) -> str:
        digits = typed_digits(str(one.value))
        if one.op == "contains" and not digits:
            raise ValueError("no digits")
        return digits

    def _in_days(self, column: ColumnElement[Any], one: Condition) -> Asked:
        """A moment in whole days of the house's zone, `to` with its day."""
        if one.op == "to":
            return column < day_begins(str(one.value), self._zone, days=1)
        return _ranged(column, one, lambda value: day_begins(str(value), self._zone))

    def _of_property(self, prop: Property, one: Condition) -> Part:
        values = self.values(one.at)
        owner = values.c.client_id
        mine = select(owner).where(values.c.property_id == prop.id)
        if one.op in ("empty", "filled"):
            part = named_by(owner, mine, without=one.op == "empty")
        elif one.op == "none-of":
            part = named_by(owner, mine.where(values.c.value_id.in_(_ids(one.value))), without=True)
        else:
            part = named_by(owner, mine.where(self._said(prop, one, values)))
            if prop.kind not in ("text", "several"):
                part = replace(part, column=one.field, of=lambda key: self._said_of(prop, one, key))
            elif prop.kind == "text" and one.at is None:
                part = self._narrowed(fold(str(one.value)[:200]), part)
        if one.at is not None:  # asked of each, the history would be put together for each
            return Part(leads=part.leads, follows=part.leads, way=part.way)
        return part

    def values(self, at: str | None = None) -> FromClause:
        """What was said of clients at the end of a day, from the history; None: what is said now."""
        if at is None:
            return client_values
        then = day_begins(at, self._zone, days=1)
        held = [
            select(*(table.c[name] for name in ("property_id", "client_id", "value_id", "number", "text"))).where(
                table.c.since < then
            )
            for table in (client_values, value_history)
        ]
        return union_all(held[0], held[1].where(value_history.c.until >= then)).subquery()

    def _said(self, prop: Property, one: Condition, values: FromClause) -> Asked:
        name = {"list": "value_id", "text": "text"}.get(KIND_OF_PROPERTY[prop.kind], "number")
        return self._said_of(prop, one, values.c[name])

    def _said_of(self, prop: Property, one: Condition, said: ColumnElement[Any]) -> Asked:
        match KIND_OF_PROPERTY[prop.kind]:
            case "list":
                return said.in_(_ids(one.value))
            case "text":
                return self._compared(self._folded(said), one.op, fold(str(one.value)[:200]))
            case "yes-no":
                return said == (1.0 if is_yes(one.value) else 0.0)
            case "date":
                return _ranged(said, one, lambda value: days_of(str(value)))
            case _:
                return _ranged(said, one, float)


def _listed(column: ColumnElement[Any], one: Condition, *, text: bool) -> Asked:
    if one.op in ("empty", "filled"):
        return column.is_(None) if one.op == "empty" else column.is_not(None)
    chosen: list[Any] = [str(value)[:20] for value in one.value] if text else _ids(one.value)
    inside = column.in_(chosen)
    return inside if one.op == "any-of" else or_(column.is_(None), not_(inside))


def _set_or_not(column: ColumnElement[Any], one: Condition) -> Asked:
    return column.is_not(None) if wants_set(one) else column.is_(None)


def _ranged(column: ColumnElement[Any], one: Condition, read: Callable[[Any], float]) -> Asked:
    match one.op:
        case "from":
            return column >= read(one.value)
        case "to":
            return column <= read(one.value)
        case "is":
            return column == read(one.value)
        case "empty":
            return column.is_(None)
        case _:
            return column.is_not(None)


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) > 500:
        raise ValueError("a list of ids is needed")
    return [int(one) for one in value]
