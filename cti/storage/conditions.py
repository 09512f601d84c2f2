"""Conditions over clients as SQL: what grid, segments and analysis ask in common, on both engines.

Only fields and operators that cti/clients/filters.py lists become a query; what people type is always a parameter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    case,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)

from cti.clients.filters import (
    HISTORY,
    KIND_OF_PROPERTY,
    OPERATORS,
    STANDARD,
    Condition,
    day_begins,
    fold,
    property_id,
    typed_digits,
)  # fmt: skip
from cti.clients.properties import Property, days_of
from cti.clients.segments import Group, Segment
from cti.errors import Refused
from cti.storage.client_happenings import happened
from cti.storage.client_tables import client_emails, client_phones, client_values, clients, value_history
from cti.storage.client_work_tables import segment_clients
from cti.storage.search import found_by

Asked = ColumnElement[bool]
IDS = {
    "responsible": clients.c.responsible_id, "relation": clients.c.relation_id, "region": clients.c.region_id,
    "industry": clients.c.industry_id, "source": clients.c.source_id, "kind": clients.c.kind,
}  # fmt: skip
TEXTS = {name: clients.c[name] for name in ("name", "full_name", "inn", "kpp", "ogrn", "time_zone", "note")}
TIMES = {"created": clients.c.created_at, "updated": clients.c.updated_at}


class Conditions:
    """What can be asked of the clients, with the properties as they are defined now.

    zone: where a day begins. segments: those that a condition may name. now: UNIX seconds, from which days are counted
    back; None: by the clock.
    """

    def __init__(
        self,
        known: Sequence[Property],
        *,
        zone: ZoneInfo,
        sqlite: bool,
        segments: Iterable[Segment] = (),
        now: float | None = None,
    ) -> None:
        self._known = {prop.id: prop for prop in known}
        self._zone = zone
        self._sqlite = sqlite
        self._segments = {one.id: one for one in segments}
        self._now = time.time() if now is None else now
        self._along = False
        self._within: list[int] = []  # segments whose expression is being written: one of itself would never end

    def where(self, q: str, filters: Sequence[Condition], *, along: bool = False) -> Asked:
        """All conditions together, as one. Raises Refused as `condition`.

        along: many clients fit, so SQLite goes along the index of the order and asks each, not by what is asked.
        """
        self._along = along and self._sqlite
        asked = [self.condition(one) for one in filters]
        found = found_by(q, is_sqlite=self._sqlite)
        return and_(true(), *([found] if found is not None else []), *asked)

    def group(self, group: Group) -> Asked:
        """An expression. Raises Refused as `condition`."""
        parts = [self.condition(one) for one in group.conditions] + [self.group(one) for one in group.groups]
        if not parts:
            return true()
        match group.match:
            case "all":
                return and_(*parts)
            case "any":
                return or_(*parts)
            case _:  # what is not known is not so
                return case((or_(*parts), literal_column("0")), else_=literal_column("1")) == 1

    def _in_segments(self, one: Condition) -> Asked:
        if not isinstance(one.value, list):
            raise TypeError("segments are a list of ids")
        inside = or_(false(), *(self._segment(int(id_)) for id_ in one.value))
        none = case((inside, literal_column("0")), else_=literal_column("1")) == 1
        return inside if one.op == "any-of" else none

    def _segment(self, segment_id: int) -> Asked:
        segment = self._segments.get(segment_id)
        if segment is None or segment_id in self._within:
            raise Refused("no-segment", "There is no such segment.")
        if segment.frozen_at is not None:
            mine = select(segment_clients.c.client_id).where(segment_clients.c.segment_id == segment_id)
            return clients.c.id.in_(mine)
        self._within.append(segment_id)
        try:
            return self.group(segment.expression)
        finally:
            self._within.pop()

    def condition(self, one: Condition) -> Asked:
        """One condition. Raises Refused for a field or operator that there is not, or a value that does not fit."""
        prop = self.property(one.field)
        kind = KIND_OF_PROPERTY[prop.kind] if prop else STANDARD.get(one.field)
        if kind is None or one.op not in OPERATORS[kind] or (one.at and not prop):
            raise Refused("bad-filter", f"There is no filter “{one.op}” on “{one.field[:40]}”.")
        try:
            return self._of_property(prop, one) if prop else self._of_field(one)
        except (TypeError, ValueError):
            raise Refused("bad-filter", f"The filter on “{one.field[:40]}” has a value that does not fit.") from None

    def property(self, field: str) -> Property | None:
        number = property_id(field)
        return self._known.get(number) if number is not None else None

    def _of_field(self, one: Condition) -> Asked:
        if one.field in IDS:
            column: ColumnElement[Any] = IDS[one.field]
            if self._along:  # the + keeps SQLite from the column's own index
                column = literal_column(f"+clients.{IDS[one.field].name}")
            return _listed(column, one, text=one.field == "kind")
        if one.field == "segment":
            return self._in_segments(one)
        if one.field in HISTORY:
            return happened(one, self._zone, self._now)
        if one.field in TIMES:
            return self._in_days(TIMES[one.field], one)
        if one.field == "phones":
            return self._among(client_phones.c.client_id, self._digits(one), one.op)
        if one.field == "emails":
            part = client_emails.c.folded.contains(fold(str(one.value)), autoescape=True)
            return self._among(client_emails.c.client_id, part, one.op)
        return self._text(TEXTS[one.field], one)

    def _text(self, column: ColumnElement[Any], one: Condition) -> Asked:
        if one.op in ("empty", "filled"):
            empty = func.coalesce(column, "") == ""
            return empty if one.op == "empty" else not_(empty)
        word = fold(str(one.value)[:200])
        folded = clients.c.name_folded if column is clients.c.name else self._folded(column)
        if one.op == "is":
            return folded == word
        if one.op == "begins":
            return folded.startswith(word, autoescape=True)
        exact: Asked = folded.contains(word, autoescape=True)
        narrow = found_by(word, is_sqlite=self._sqlite) if column in (clients.c.name, clients.c.full_name) else None
        return exact if narrow is None or len(word.split()) != 1 else and_(narrow, exact)

    def _folded(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.fold(column) if self._sqlite else func.replace(func.lower(column), "ё", "е")

    def _digits(self, one: Condition) -> Asked:
        digits = typed_digits(str(one.value))
        if one.op == "contains" and not digits:
            raise ValueError("no digits")
        return client_phones.c.e164.contains(digits)

    def _among(self, owner: ColumnElement[Any], asked: Asked, op: str) -> Asked:
        if op == "contains":
            return clients.c.id.in_(select(owner).where(asked))
        some = select(literal_column("1")).where(owner == clients.c.id).exists()
        return some if op == "filled" else not_(some)

    def _in_days(self, column: ColumnElement[Any], one: Condition) -> Asked:
        """A moment in whole days of the house's zone, `to` with its day."""
        if one.op == "to":
            return column < day_begins(str(one.value), self._zone, days=1)
        return _ranged(column, one, lambda value: day_begins(str(value), self._zone))

    def _of_property(self, prop: Property, one: Condition) -> Asked:
        values = self.values(one.at)
        mine = select(values.c.client_id).where(values.c.property_id == prop.id)
        if one.op in ("empty", "filled"):
            return clients.c.id.in_(mine) if one.op == "filled" else clients.c.id.not_in(mine)
        if one.op == "none-of":
            return clients.c.id.not_in(mine.where(values.c.value_id.in_(_ids(one.value))))
        said = mine.where(self._said(prop, one, values))
        if self._along and one.at is None:
            return said.where(values.c.client_id == clients.c.id).exists()
        return clients.c.id.in_(said)

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
        match KIND_OF_PROPERTY[prop.kind]:
            case "list":
                return values.c.value_id.in_(_ids(one.value))
            case "text":
                return self._text(values.c.text, one)
            case "yes-no":
                return values.c.number == (1.0 if one.value in (True, 1, "1", "true") else 0.0)
            case "date":
                return _ranged(values.c.number, one, lambda value: days_of(str(value)))
            case _:
                return _ranged(values.c.number, one, float)


def _listed(column: ColumnElement[Any], one: Condition, *, text: bool) -> Asked:
    if one.op in ("empty", "filled"):
        return column.is_(None) if one.op == "empty" else column.is_not(None)
    chosen: list[Any] = [str(value)[:20] for value in one.value] if text else _ids(one.value)
    inside = column.in_(chosen)
    return inside if one.op == "any-of" else or_(column.is_(None), not_(inside))


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
