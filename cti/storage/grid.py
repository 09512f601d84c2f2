"""The client grid's rows: any columns, several conditions, any order, any page.

The page's ids are found first (storage/finding.py); then what the columns need of these few rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard
from cti.clients.filters import Condition
from cti.clients.properties import Property
from cti.clients.segments import Segment
from cti.errors import Refused
from cti.storage import cards, finding
from cti.storage.client_tables import clients, directory_items, property_values
from cti.storage.conditions import IDS, TEXTS, TIMES, Conditions
from cti.storage.directories import DIRECTORIES
from cti.storage.orders import ByColumn, ByGroup, ByValue, Order, read_key, write_key
from cti.storage.sight import sight_of
from cti.storage.tables import users

MOST_ROWS = 500
NOTE_KEY = 100  # signs by which notes are sorted


@dataclass(frozen=True, kw_only=True, slots=True)
class GridPage:
    """Cards of one page. items: names of the directory entries they have.

    total: None: more than were counted, or not the first page. next_cursor: where to go on; None: here it ends.
    """

    rows: list[ClientCard]
    items: Mapping[int, str]
    total: int | None
    next_cursor: str | None


class Grid:
    """Pages of clients: one per request, with the properties as they are defined now. zone: where a day begins.

    segments: those that a condition may name.
    """

    def __init__(
        self, conn: AsyncConnection, known: Sequence[Property], zone: ZoneInfo, segments: Sequence[Segment] = ()
    ) -> None:
        self._conn = conn
        self._sight = sight_of(conn)
        self._conditions = Conditions(
            known, zone=zone, sqlite=conn.dialect.name == "sqlite", segments=segments, whole=self._sight.hides
        )

    async def page(
        self,
        q: str,
        filters: Sequence[Condition],
        *,
        sort: str = "",
        limit: int = 100,
        offset: int = 0,
        cursor: str | None = None,
    ) -> GridPage:
        """Rows offset and following. sort: a field, `-` before it for descending; "" as they were made, newest last.

        cursor: of the page before, with the same sort: any page is as fast as the first.
        Raises Refused for a field or operator that there is not, or a value that does not fit.
        """
        parts, order = self._conditions.parts(q, filters), await self._order(sort)
        after = read_key(self._sight.place(cursor), order) if cursor else None
        found = await finding.find(self._conn, parts, order, limit=min(limit, MOST_ROWS), offset=offset, after=after)
        rows = list((await cards.of(self._conn, found.ids)).values())
        onward = self._sight.bookmark(write_key(found.last)) if found.last else None
        return GridPage(rows=rows, items=await self._items(rows), total=found.total, next_cursor=onward)

    async def count(self, q: str, filters: Sequence[Condition]) -> int:
        """How many are found, however many."""
        return await finding.count(self._conn, self._conditions.parts(q, filters))

    async def ids(self, q: str, filters: Sequence[Condition]) -> list[int]:
        """All that are found, not the page alone, as they were made."""
        found = select(clients.c.id).where(self._conditions.where(q, filters)).order_by(clients.c.id)
        return list((await self._conn.execute(found)).scalars())

    async def all_ids(self, q: str, filters: Sequence[Condition], *, sort: str = "") -> list[int]:
        """All that are found, in the grid's order, but for clients whose data may not leave: for an export."""
        wanted = self._conditions.where(q, filters) & clients.c.restricted_at.is_(None)
        order = await self._order(sort)
        return list((await self._conn.execute(order.sorted(wanted, None))).scalars())

    async def _order(self, sort: str) -> Order:
        field, down = sort.removeprefix("-"), sort.startswith("-")
        if not field:
            return ByColumn(of=clients.c.id)
        if field == "name":
            return ByColumn(of=clients.c.name_folded, down=down)
        if field == "note" and not self._sight.hides:  # an order tells of hidden digits
            return ByColumn(of=func.substr(clients.c.note, 1, NOTE_KEY, type_=Text).label("note"), down=down)
        if field == "kind" or (field in TEXTS and field != "note") or field in TIMES:
            return ByColumn(of=(IDS | TEXTS | TIMES)[field], down=down)
        if field == "responsible":
            people = select(users.c.id).order_by(users.c.name, users.c.id)
            return ByGroup(of=IDS[field], names=users, by="name", groups=await self._groups(people), down=down)
        if field in IDS:
            items = select(directory_items.c.id).where(directory_items.c.directory == field)
            groups = await self._groups(items.order_by(directory_items.c.name, directory_items.c.id))
            return ByGroup(of=IDS[field], names=directory_items, by="name", groups=groups, down=down)
        prop = self._conditions.property(field)
        if prop is None or (prop.kind == "text" and self._sight.hides):
            raise Refused("bad-sort", f"Clients are not sorted by “{field[:40]}”.")
        if prop.kind in ("list", "several"):
            values = select(property_values.c.id).where(property_values.c.property_id == prop.id)
            groups = await self._groups(values.order_by(property_values.c.position, property_values.c.id))
            return ByGroup(of=prop.id, names=property_values, by="position", groups=groups, down=down)
        return ByValue(property_id=prop.id, of="text" if prop.kind == "text" else "number", down=down)

    async def _groups(self, ordered: Select[int]) -> tuple[int, ...]:
        return tuple((await self._conn.execute(ordered)).scalars())

    async def _items(self, rows: Iterable[ClientCard]) -> dict[int, str]:
        ids = {getattr(row, f"{name}_id") for row in rows for name in DIRECTORIES} - {None}
        if not ids:
            return {}
        named = select(directory_items.c.id, directory_items.c.name).where(directory_items.c.id.in_(ids))
        return {row.id: row.name for row in await self._conn.execute(named)}
