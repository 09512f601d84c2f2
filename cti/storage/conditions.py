"""Conditions over clients as SQL: what grid, segments and analysis ask in common, on both engines.

Only fields and operators that cti/clients/filters.py lists become a query; what people type is always a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, and_, func, literal_column, not_, or_, select, true, union_all

from cti.clients.filters import KIND_OF_PROPERTY, OPERATORS, STANDARD, Condition, property_id
from cti.clients.properties import Property, days_of
from cti.errors import Refused
from cti.storage.client_tables import client_emails, client_phones, client_values, clients, value_history
from cti.storage.contact_tables import contracts
from cti.storage.search import fold, found_by
from cti.storage.tables import calls

Asked = ColumnElement[bool]
IDS = {
    "responsible": clients.c.responsible_id, "relation": clients.c.relation_id, "region": clients.c.region_id,
    "industry": clients.c.industry_id, "source": clients.c.source_id, "kind": clients.c.kind,
}  # fmt: skip
TEXTS = {name: clients.c[name] for name in ("name", "full_name", "inn", "kpp", "ogrn", "time_zone", "note")}
TIMES = {"created": clients.c.created_at, "updated": clients.c.updated_at}


class Conditions:
    """What can be asked of the clients, with the properties as they are defined now. zone: where a day begins."""

    def __init__(self, known: Sequence[Property], *, zone: ZoneInfo, sqlite: bool) -> None:
        self._known = {prop.id: prop for prop in known}
        self._zone = zone
        self._sqlite = sqlite

    def where(self, q: str, filters: Sequence[Condition]) -> Asked:
        """All conditions together, as one. Raises Refused as `condition`."""
        asked = [self.condition(one) for one in filters]
        found = found_by(q, is_sqlite=self._sqlite)
        return and_(true(), *([found] if found is not None else []), *asked)

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
            return _listed(IDS[one.field], one, text=one.field == "kind")
        if one.op == "within":
            return self._within(one)
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
        digits = "".join(sign for sign in str(one.value) if sign.isdigit())
        if one.op == "contains" and not digits:
            raise ValueError("no digits")
        begins = ("8", "7") if str(one.value).lstrip().startswith("8") and len(digits) > 3 else ("", "")
        return client_phones.c.e164.contains(begins[1] + digits.removeprefix(begins[0]) if begins[0] else digits)

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

    def _within(self, one: Condition) -> Asked:
        """Something happened in a period: `[since, until]`, days, both in it; "" or None where it has no bound."""
        since, until = one.value
        if one.field == "signed":
            signed = contracts.c.signed_on
            happened = [*([signed >= since] if since else []), *([signed <= until] if until else [])]
            return clients.c.id.in_(select(contracts.c.client_id).where(*happened))
        started = calls.c.started_at
        happened = [started >= day_begins(since, self._zone)] if since else []
        happened += [started < day_begins(until, self._zone, days=1)] if until else []
        return clients.c.id.in_(select(calls.c.client_id).where(calls.c.client_id.is_not(None), *happened))

    def _of_property(self, prop: Property, one: Condition) -> Asked:
        values = self.values(one.at)
        mine = select(values.c.client_id).where(values.c.property_id == prop.id)
        if one.op in ("empty", "filled"):
            return clients.c.id.in_(mine) if one.op == "filled" else clients.c.id.not_in(mine)
        if one.op == "none-of":
            return clients.c.id.not_in(mine.where(values.c.value_id.in_(_ids(one.value))))
        return clients.c.id.in_(mine.where(self._said(prop, one, values)))

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


def day_begins(day: str, zone: ZoneInfo, *, days: int = 0) -> float:
    """UNIX seconds at which a day (`2026-11-23`) begins in a zone; days: so many days later."""
    first = date.fromisoformat(day[:10]) + timedelta(days=days)
    return datetime(first.year, first.month, first.day, tzinfo=zone).timestamp()


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
