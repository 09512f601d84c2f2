"""Places in queues that are kept for clients who asked to be called back: each belongs to an ordinary order.

So whoever looks at the work list sees it, an agent may call by hand, and a talk with the client closes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.callbacks import Order
from cti.storage import callbacks, lookup
from cti.storage.client_tables import clients
from cti.storage.search import clean
from cti.storage.work_tables import callback_keys, callback_orders, kept_places

MOST = 1000
LIMIT = 1_000_000  # a key of our own is no stranger's
places, orders = kept_places.c, callback_orders.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place that is kept. prefix: of the PBX's ids; number: E.164; joined_at: since when he waits, UNIX seconds.

    placed: the request id of the call that is on its way, "" for none. zone: the client's own, "" where not known.
    """

    order_id: int
    call_id: str
    prefix: str
    queue: str
    number: str
    client_id: int | None
    joined_at: float
    tries: int
    next_at: float
    placed: str
    placed_at: float
    zone: str
    restricted: bool


async def ask(
    conn: AsyncConnection, *, call_id: str, prefix: str, queue: str, number: str, joined_at: float, now: float
) -> None:
    """A client asks to be called back: an order, and his place. Who has one open already has it still."""
    key_id = await _key(conn, queue, now)
    await callbacks.hold(conn, key_id)
    found = await lookup.clients_of(conn, number, limit=2)
    client_id = found[0] if len(found) == 1 else None
    mark = f"call:{call_id}"[:64]
    his = or_(orders.number == number, *([orders.client_id == client_id] if client_id else []))
    mine = select(places.order_id).join_from(kept_places, callback_orders).where(orders.closed_at.is_(None), his)
    if (await conn.execute(mine)).first() or await callbacks.ordered(conn, key_id, mark) is not None:
        return
    order_id = await callbacks.add(conn, key_id, Order(client_key=mark, number=number), client_id, now)
    row = {"order_id": order_id, "call_id": call_id, "prefix": prefix, "queue": queue, "joined_at": joined_at}
    await conn.execute(insert(kept_places).values(row))


async def waiting(conn: AsyncConnection) -> list[Place]:
    """Places that are kept still, who waits for longest first."""
    asked = (
        select(kept_places, orders.number, orders.client_id, clients.c.time_zone, clients.c.restricted_at)
        .join_from(kept_places, callback_orders)
        .join(clients, clients.c.id == orders.client_id, isouter=True)
        .where(orders.closed_at.is_(None), places.given_up_at.is_(None))
        .order_by(places.joined_at, places.order_id)
        .limit(MOST)
    )
    return [_place(row) for row in await conn.execute(asked)]


async def begin(conn: AsyncConnection, order_id: int, request_id: str, now: float) -> bool:
    """The call is on its way; False where one is already, or nobody need be called any more."""
    open_ones = select(orders.id).where(orders.id == order_id, orders.closed_at.is_(None))
    mine = update(kept_places).where(places.order_id.in_(open_ones), places.placed == "")
    return (await conn.execute(mine.values(placed=request_id, placed_at=now))).rowcount == 1


async def over(conn: AsyncConnection, order_id: int, *, next_at: float | None, now: float) -> None:
    """The call came to nothing. next_at: when the next one may go; None: there is none, the order alone stands."""
    said = {"placed": "", "tries": places.tries + 1}
    more = {"given_up_at": now} if next_at is None else {"next_at": next_at}
    await conn.execute(update(kept_places).where(places.order_id == order_id).values(said | more))


async def close(conn: AsyncConnection, order_id: int, now: float, why: str) -> None:
    """Nobody need call him any more."""
    mine = update(callback_orders).where(orders.id == order_id, orders.closed_at.is_(None))
    await conn.execute(mine.values(closed_at=now, why=why))


async def _key(conn: AsyncConnection, queue: str, now: float) -> int:
    """The key by which orders belong to a queue's people; no token opens it."""
    mark = f"queue:{sha256(queue.encode()).hexdigest()[:40]}"  # no hash of a token has a colon
    found = (await conn.execute(select(callback_keys.c.id).where(callback_keys.c.token_hash == mark))).scalar()
    if found is not None:
        return int(found)
    row: dict[str, Any] = {"name": clean(queue)[:80], "token_hash": mark, "queue": clean(queue)[:80], "origins": ""}
    row |= {"per_minute": LIMIT, "per_number": LIMIT, "created_at": now}
    return int((await conn.execute(insert(callback_keys).values(row).returning(callback_keys.c.id))).scalar_one())


def _place(row: Any) -> Place:
    return Place(
        order_id=row.order_id,
        call_id=row.call_id,
        prefix=row.prefix,
        queue=row.queue,
        number=row.number,
        client_id=row.client_id,
        joined_at=row.joined_at,
        tries=row.tries,
        next_at=row.next_at,
        placed=row.placed,
        placed_at=row.placed_at or 0.0,
        zone=row.time_zone or "",
        restricted=row.restricted_at is not None,
    )
