"""Pages of clients out of many: the conditions, and the order, in the way that costs least.

SQLite is asked first how many clients each condition leads to, up to RARE. Few are fetched, asked the rest, counted and
sorted. Where all conditions are common, the index of the order is gone along and each client asked, until the page is
full: of many, one in a few fits. That is given up after ALONG_S, for conditions that are common each and rare together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.client_tables import clients
from cti.storage.database import TooLong, within
from cti.storage.orders import Key, Order
from cti.storage.parts import Asked, Part, led

RARE = 5_000
ALONG_S = 0.03


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page. total: None where there are more than were counted. last: after which the next page goes on."""

    ids: list[int]
    total: int | None
    last: Key | None


async def find(
    conn: AsyncConnection, parts: Sequence[Part], order: Order, *, limit: int, offset: int = 0, after: Key | None = None
) -> Found:
    """The clients for whom all parts hold, in their order, from `offset` behind `after` on."""
    sqlite = conn.dialect.name == "sqlite"
    rare = await _rare(conn, parts) if sqlite else led(parts, sqlite=False)
    most = offset + limit + 1
    rows = None if rare is not None else await _along(conn, parts, order, after, most)
    if rows is None:
        wanted = led(parts, sqlite=True) if rare is None else rare
        rows = list(await conn.execute(order.sorted(wanted, after).limit(most)))
    whole = len(rows) if after is None and len(rows) < most else None
    if whole is None and after is None and rare is not None:
        whole = await _bounded(conn, rare)
    shown = rows[offset : offset + limit]
    last = (shown[-1][1], shown[-1][0]) if shown and len(rows) == most else None
    return Found(ids=[row[0] for row in shown], total=whole, last=last)


async def count(conn: AsyncConnection, parts: Sequence[Part]) -> int:
    """For how many clients all parts hold, however many. As long as `within` lets it."""
    sqlite = conn.dialect.name == "sqlite"
    rare = await _rare(conn, parts) if sqlite else None
    wanted = led(parts, sqlite=sqlite) if rare is None else rare
    return int((await conn.execute(select(func.count()).select_from(clients).where(wanted))).scalar_one())


async def _rare(conn: AsyncConnection, parts: Sequence[Part]) -> Asked | None:
    """All parts together, led by those that have few clients; None where no part has few."""
    asked = [one for one in parts if one.ids is not None]
    looks = [_listed(one.ids) if one.in_order else _some(one.ids, RARE + 1) for one in asked if one.ids is not None]
    looks.append(_some(select(clients.c.id), RARE + 1))
    *found, everybody = (await conn.execute(select(*(one.label(f"n{n}") for n, one in enumerate(looks))))).one()
    few: list[tuple[Part, Asked]] = []
    for one, seen in zip(asked, found, strict=True):
        if isinstance(seen, str) and seen.count(",") < RARE:
            few.append((one, one.among(seen)))
        elif not isinstance(seen, str) and seen <= RARE:
            few.append((one, one.leads))
    if not few:
        return led(parts, sqlite=True) if everybody <= RARE else None
    rest = [one.follows for one in parts if all(one is not other for other, _ in few)]
    return and_(*(leads for _, leads in few), *rest)


def _listed(ids: Select[Any]) -> ScalarSelect[Any]:
    """As a JSON array: looking words up a second time would cost as much as the first."""
    some = ids.limit(RARE + 1).subquery()
    return select(func.json_group_array(some.columns[0])).scalar_subquery()


def _some(ids: Select[Any], most: int) -> ScalarSelect[Any]:
    return select(func.count()).select_from(ids.limit(most).subquery()).scalar_subquery()


async def _bounded(conn: AsyncConnection, wanted: Asked) -> int | None:
    number = int((await conn.execute(select(_some(select(clients.c.id).where(wanted), RARE + 1)))).scalar_one())
    return number if number <= RARE else None


async def _along(
    conn: AsyncConnection, parts: Sequence[Part], order: Order, after: Key | None, most: int
) -> list[Any] | None:
    """Rows along the order's index; None where it has none, or where too few clients on the way fit."""
    rows: list[Any] | None = None
    try:
        async with within(conn, ALONG_S):
            for statement in _statements(parts, order, after):
                rows = [] if rows is None else rows
                rows += await conn.execute(statement.limit(most - len(rows)))
                if len(rows) == most:
                    break
    except TooLong:
        return None
    return rows


def _statements(parts: Sequence[Part], order: Order, after: Key | None) -> Iterator[Select[Any]]:
    first = next((one for one in parts if one.in_order and one.ids is not None), None)
    if first is not None and first.ids is not None and order.column == "id":
        yield _from_index(first, first.ids, [one.follows for one in parts if one is not first], after)
        return
    for statement, key in order.along(after):
        yield statement.where(*(_asked(one, order, key) for one in parts))


def _asked(one: Part, order: Order, key: ColumnElement[Any] | None) -> Asked:
    """As it is asked of each client on the way; of what the way goes by, on its index."""
    return one.of(key) if one.of is not None and key is not None and one.column == order.column else one.follows


def _from_index(first: Part, ids: Select[Any], rest: Sequence[Asked], after: Key | None) -> Select[Any]:
    """As the index of trigrams gives them, by id: it need not be read to its end."""
    id_ = ids.selected_columns[0]
    statement = ids.add_columns(id_.label("key")).where(clients.c.id == id_.op("+")(0), first.check, *rest)
    return (statement.where(id_ > after[1]) if after is not None else statement).order_by(id_)
