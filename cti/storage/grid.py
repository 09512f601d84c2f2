"""The client grid's rows: any columns, several conditions, any order, any page; counted up to a bound.

The page's ids are found first, in one statement that reads indexes; then what the columns need of these few rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard
from cti.clients.filters import Condition
from cti.clients.properties import Property
from cti.clients.segments import Segment
from cti.errors import Refused
from cti.storage import cards
from cti.storage.client_tables import client_values, clients, directory_items, property_values
from cti.storage.conditions import IDS, TEXTS, TIMES, Asked, Conditions
from cti.storage.directories import DIRECTORIES
from cti.storage.search import COUNT_LIMIT
from cti.storage.tables import users

MOST_ROWS = 500
ALONG = ("name", "created", "updated", "inn")  # their indexes are orders, too


@dataclass(frozen=True, kw_only=True, slots=True)
class GridPage:
    """Cards of one page. items: names of the directory entries they have. total: None: more than were counted."""

    rows: list[ClientCard]
    items: Mapping[int, str]
    total: int | None


class Grid:
    """Pages of clients: one per request, with the properties as they are defined now. zone: where a day begins.

    segments: those that a condition may name.
    """

    def __init__(
        self, conn: AsyncConnection, known: Sequence[Property], zone: ZoneInfo, segments: Sequence[Segment] = ()
    ) -> None:
        self._conn = conn
        self._conditions = Conditions(known, zone=zone, sqlite=conn.dialect.name == "sqlite", segments=segments)

    async def page(
        self,
        q: str,
        filters: Sequence[Condition],
        *,
        sort: str = "",
        limit: int = 100,
        offset: int = 0,
        after: int = 0,
    ) -> GridPage:
        """Rows offset and following. sort: a field, `-` before it for descending; "" as they were made, newest last.

        after: without a sort, the id of the last row of the page before: any page is as fast as the first.
        Raises Refused for a field or operator that there is not, or a value that does not fit.
        """
        wanted = self._conditions.where(q, filters)
        total = await self._count(wanted)
        if total is None and sort.removeprefix("-") in ALONG:
            wanted = self._conditions.where(q, filters, along=True)
        asked = and_(wanted, clients.c.id > after) if after and not sort else wanted
        statement = self._ordered(select(clients.c.id).where(asked), sort)
        ids = list((await self._conn.execute(statement.limit(min(limit, MOST_ROWS)).offset(offset))).scalars())
        rows = list((await cards.of(self._conn, ids)).values())
        return GridPage(rows=rows, items=await self._items(rows), total=total)

    async def ids(self, q: str, filters: Sequence[Condition]) -> list[int]:
        """All that are found, not the page alone, as they were made."""
        found = select(clients.c.id).where(self._conditions.where(q, filters)).order_by(clients.c.id)
        return list((await self._conn.execute(found)).scalars())

    async def all_ids(self, q: str, filters: Sequence[Condition], *, sort: str = "") -> list[int]:
        """All that are found, in the grid's order, but for clients whose data may not leave: for an export."""
        wanted = self._conditions.where(q, filters) & clients.c.restricted_at.is_(None)
        return list((await self._conn.execute(self._ordered(select(clients.c.id).where(wanted), sort))).scalars())

    def _ordered(self, statement: Select[int], sort: str) -> Select[int]:
        field = sort.removeprefix("-")
        if not field:
            return statement.order_by(clients.c.id)
        key, statement = self._key(statement, field)
        down = sort.startswith("-")
        empty_last = key.is_(None)
        if field in ALONG:
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
        prop = self._conditions.property(field)
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
