"""The client grid's rows: any columns, several conditions, any order, any page; counted up to a bound.

The page's ids are found first, in one statement that reads indexes; then what the columns need of these few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard
from cti.clients.filters import KIND_OF_PROPERTY, OPERATORS, STANDARD, Condition, property_id
from cti.clients.properties import Property, days_of
from cti.errors import Refused
from cti.storage import cards
from cti.storage.client_tables import (
    client_emails,
    client_phones,
    client_values,
    clients,
    directory_items,
    property_values,
)  # fmt: skip
from cti.storage.directories import DIRECTORIES
from cti.storage.search import COUNT_LIMIT, fold, found_by
from cti.storage.tables import users

Asked = ColumnElement[bool]
IDS = {
    "responsible": clients.c.responsible_id, "relation": clients.c.relation_id, "region": clients.c.region_id,
    "industry": clients.c.industry_id, "source": clients.c.source_id, "kind": clients.c.kind,
}  # fmt: skip
TEXTS = {name: clients.c[name] for name in ("name", "full_name", "inn", "kpp", "ogrn", "time_zone", "note")}
TIMES = {"created": clients.c.created_at, "updated": clients.c.updated_at}
MOST_ROWS = 500
DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class GridPage:
    """Cards of one page. items: names of the directory entries they have. total: None: more than were counted."""

    rows: list[ClientCard]
    items: Mapping[int, str]
    total: int | None


class Grid:
    """What can be asked of the clients: one per request, with the properties as they are defined now."""

    def __init__(self, conn: AsyncConnection, known: Sequence[Property]) -> None:
        self._conn = conn
        self._known = {prop.id: prop for prop in known}
        self._sqlite = conn.dialect.name == "sqlite"

    async def page(
        self, q: str, filters: Sequence[Condition], *, sort: str = "", limit: int = 100, offset: int = 0
    ) -> GridPage:
        """Rows offset and following. sort: a field, `-` before it for descending; "" as they were made, newest last.

        Raises Refused for a field or operator that there is not, or a value that does not fit.
        """
        wanted = self.where(q, filters)
        statement = self._ordered(select(clients.c.id).where(wanted), sort)
        ids = list((await self._conn.execute(statement.limit(min(limit, MOST_ROWS)).offset(offset))).scalars())
        rows = list((await cards.of(self._conn, ids)).values())
        return GridPage(rows=rows, items=await self._items(rows), total=await self._count(wanted))

    async def ids(self, q: str, filters: Sequence[Condition], *, most: int) -> list[int]:
        """All that are found, not the page alone; at most so many."""
        return list(
            (await self._conn.execute(select(clients.c.id).where(self.where(q, filters)).limit(most))).scalars()
        )

    def where(self, q: str, filters: Sequence[Condition]) -> Asked:
        """All conditions together, as one."""
        asked = [self._condition(one) for one in filters]
        found = found_by(q, is_sqlite=self._sqlite)
        return and_(true(), *([found] if found is not None else []), *asked)

    def _condition(self, one: Condition) -> Asked:
        prop = self._property(one.field)
        kind = KIND_OF_PROPERTY[prop.kind] if prop else STANDARD.get(one.field)
        if kind is None or one.op not in OPERATORS[kind]:
            raise Refused("bad-filter", f"There is no filter “{one.op}” on “{one.field[:40]}”.")
        try:
            return self._of_property(prop, one) if prop else self._of_field(one)
        except (TypeError, ValueError):
            raise Refused("bad-filter", f"The filter on “{one.field[:40]}” has a value that does not fit.") from None

    def _property(self, field: str) -> Property | None:
        number = property_id(field)
        return self._known.get(number) if number is not None else None

    def _of_field(self, one: Condition) -> Asked:
        if one.field in IDS:
            return _listed(IDS[one.field], one, text=one.field == "kind")
        if one.field in TIMES:
            return _ranged(TIMES[one.field], one, _moment)
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

    def _of_property(self, prop: Property, one: Condition) -> Asked:
        mine = select(client_values.c.client_id).where(client_values.c.property_id == prop.id)
        if one.op in ("empty", "filled"):
            return clients.c.id.in_(mine) if one.op == "filled" else clients.c.id.not_in(mine)
        if one.op == "none-of":
            return clients.c.id.not_in(mine.where(client_values.c.value_id.in_(_ids(one.value))))
        return clients.c.id.in_(mine.where(self._said(prop, one)))

    def _said(self, prop: Property, one: Condition) -> Asked:
        match KIND_OF_PROPERTY[prop.kind]:
            case "list":
                return client_values.c.value_id.in_(_ids(one.value))
            case "text":
                return self._text(client_values.c.text, one)
            case "yes-no":
                return client_values.c.number == (1.0 if one.value in (True, 1, "1", "true") else 0.0)
            case "date":
                return _ranged(client_values.c.number, one, lambda value, _: days_of(str(value)))
            case _:
                return _ranged(client_values.c.number, one, lambda value, _: float(value))

    def _ordered(self, statement: Select[int], sort: str) -> Select[int]:
        field = sort.removeprefix("-")
        if not field:
            return statement.order_by(clients.c.id)
        key, statement = self._key(statement, field)
        down = sort.startswith("-")
        empty_last = key.is_(None)
        if field in ("name", "created", "updated", "inn"):
            keys = (key.desc(), clients.c.id.desc()) if down else (key.asc(), clients.c.id.asc())
            return statement.order_by(*keys)
        return statement.order_by(empty_last, key.desc() if down else key.asc(), clients.c.id)

    def _key(self, statement: Select[int], field: str) -> tuple[ColumnElement[Any], Select[int]]:
        if field == "name":
            return clients.c.name_folded, statement
        if field in TIMES:
            return TIMES[field], statement
        if field in TEXTS:
            return TEXTS[field], statement
        if field == "kind":
            return clients.c.kind, statement
        if field == "responsible":
            return users.c.name, statement.outerjoin(users, users.c.id == clients.c.responsible_id)
        if field in IDS:
            return directory_items.c.name, statement.outerjoin(directory_items, directory_items.c.id == IDS[field])
        prop = self._property(field)
        if prop is None:
            raise Refused("bad-sort", f"Clients are not sorted by “{field[:40]}”.")
        mine = and_(client_values.c.client_id == clients.c.id, client_values.c.property_id == prop.id)
        first = and_(mine, client_values.c.place == 0)
        statement = statement.outerjoin(client_values, first)
        if prop.kind in ("list", "several"):
            position = property_values.c.id == client_values.c.value_id
            return property_values.c.position, statement.outerjoin(property_values, position)
        return (client_values.c.text if prop.kind == "text" else client_values.c.number), statement

    async def _count(self, wanted: Asked) -> int | None:
        some = select(literal_column("1")).select_from(clients).where(wanted).limit(COUNT_LIMIT + 1).subquery()
        count = int((await self._conn.execute(select(func.count()).select_from(some))).scalar_one())
        return count if count <= COUNT_LIMIT else None

    async def _items(self, rows: Iterable[ClientCard]) -> dict[int, str]:
        ids = {getattr(row, f"{name}_id") for row in rows for name in DIRECTORIES} - {None}
        if not ids:
            return {}
        named = select(directory_items.c.id, directory_items.c.name).where(directory_items.c.id.in_(ids))
        return {row.id: row.name for row in await self._conn.execute(named)}


def _listed(column: ColumnElement[Any], one: Condition, *, text: bool) -> Asked:
    if one.op in ("empty", "filled"):
        return column.is_(None) if one.op == "empty" else column.is_not(None)
    chosen: list[Any] = [str(value)[:20] for value in one.value] if text else _ids(one.value)
    inside = column.in_(chosen)
    return inside if one.op == "any-of" else or_(column.is_(None), not_(inside))


def _ranged(column: ColumnElement[Any], one: Condition, read: Callable[[Any, bool], float]) -> Asked:
    match one.op:
        case "from":
            return column >= read(one.value, False)
        case "to":
            return column <= read(one.value, True)
        case "is":
            return column == read(one.value, False)
        case "empty":
            return column.is_(None)
        case _:
            return column.is_not(None)


def _moment(value: Any, end: bool) -> float:
    """UNIX seconds of a day's beginning, or of its end."""
    day = datetime.fromisoformat(str(value)[:10]).replace(tzinfo=UTC).timestamp()
    return day + DAY_S - 0.001 if end else day


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or len(value) > 500:
        raise ValueError("a list of ids is needed")
    return [int(one) for one in value]
