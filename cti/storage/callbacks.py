"""Keys of sites and the call-backs that were ordered by them, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.callbacks import Key, KeyDraft, Order
from cti.storage.search import clean
from cti.storage.tables import calls, teams
from cti.storage.work_tables import callback_keys, callback_orders

OURS = "sms"  # instead of the hash of a key: orders in answer to our SMS
keys, orders = callback_keys.c, callback_orders.c


async def every_key(conn: AsyncConnection) -> list[Key]:
    """All keys that were given to sites, those in use first."""
    counted = select(func.count()).where(orders.key_id == keys.id).scalar_subquery()
    given = _whole(counted).where(keys.created_by.is_not(None))  # else it is one of our own
    return await _read(conn, given.order_by(keys.revoked_at.is_not(None), keys.id))


async def key_of(conn: AsyncConnection, token_hash: str) -> Key | None:
    """The key that is in use; its orders are not counted, for each order asks."""
    found = await _read(conn, _whole(literal(0)).where(keys.token_hash == token_hash, keys.revoked_at.is_(None)))
    return next(iter(found), None)


async def add_key(conn: AsyncConnection, draft: KeyDraft, token_hash: str, now: float, user_id: int) -> int:
    """A new key; returns its id."""
    values = {
        "name": clean(draft.name),
        "token_hash": token_hash,
        "queue": clean(draft.queue),
        "team_id": draft.team_id,
        "origins": clean("\n".join(draft.origins)),
        "per_minute": draft.per_minute,
        "per_number": draft.per_number,
        "created_at": now,
        "created_by": user_id,
    }
    return int((await conn.execute(insert(callback_keys).values(values).returning(keys.id))).scalar_one())


async def revoke(conn: AsyncConnection, key_id: int, now: float) -> bool:
    """The key opens nothing any more; False when it did not before."""
    mine = update(callback_keys).where(keys.id == key_id, keys.revoked_at.is_(None))
    return (await conn.execute(mine.values(revoked_at=now))).rowcount == 1


async def allows_origin(conn: AsyncConnection, origin: str) -> bool:
    """Whether a key in use lets pages of this site send orders."""
    lists = (await conn.execute(select(keys.origins).where(keys.revoked_at.is_(None), keys.origins != ""))).scalars()
    return any(origin in one.splitlines() for one in lists)


async def hold(conn: AsyncConnection, key_id: int) -> None:
    """Orders by this key come one after the other."""
    await conn.execute(select(keys.id).where(keys.id == key_id).with_for_update())


async def ordered(conn: AsyncConnection, key_id: int, client_key: str) -> int | None:
    """The order that the site has sent with this mark before."""
    mine = select(orders.id).where(orders.key_id == key_id, orders.client_key == client_key)
    return (await conn.execute(mine)).scalar()


async def count(conn: AsyncConnection, key_id: int, since: float, number: str | None = None) -> int:
    """Orders by this key since then. number: of this one only."""
    mine = select(func.count()).where(orders.key_id == key_id, orders.created_at > since)
    return int((await conn.execute(mine.where(orders.number == number) if number else mine)).scalar_one())


async def add(conn: AsyncConnection, key_id: int, order: Order, client_id: int | None, now: float) -> int:
    """A new order; returns its id."""
    values = {
        "key_id": key_id,
        "client_key": order.client_key,
        "number": order.number,
        "name": clean(order.name),
        "comment": clean(order.comment),
        "page": clean(order.page),
        "wished_at": order.wished_at,
        "client_id": client_id,
        "created_at": now,
    }
    await conn.execute(update(callback_keys).where(keys.id == key_id).values(used_at=now))
    return int((await conn.execute(insert(callback_orders).values(values).returning(orders.id))).scalar_one())


async def close_called_back(conn: AsyncConnection) -> None:
    """Orders whose number, or client, somebody has talked with since are done by whoever did."""
    same = and_(orders.client_id.is_not(None), calls.c.client_id == orders.client_id)
    talk = select(calls.c.id).where(
        or_(calls.c.number == orders.number, same), calls.c.answered_at >= orders.created_at
    )
    first = talk.order_by(calls.c.answered_at).limit(1)
    mine = update(callback_orders).where(orders.closed_at.is_(None), talk.exists())
    await conn.execute(
        mine.values(
            closed_at=first.with_only_columns(calls.c.answered_at).scalar_subquery(),
            closed_by=first.with_only_columns(calls.c.user_id).scalar_subquery(),
        )
    )


def _whole(counted: ColumnElement[int]) -> Select[Any]:
    return select(callback_keys, teams.c.name.label("team"), counted.label("orders")).join_from(
        callback_keys, teams, teams.c.id == keys.team_id, isouter=True
    )


async def _read(conn: AsyncConnection, statement: Select[Any]) -> list[Key]:
    return [
        Key(
            id=row.id,
            name=row.name,
            queue=row.queue,
            team_id=row.team_id,
            team=row.team or "",
            origins=tuple(row.origins.splitlines()),
            per_minute=row.per_minute,
            per_number=row.per_number,
            created_at=row.created_at,
            revoked_at=row.revoked_at,
            used_at=row.used_at,
            orders=row.orders,
        )
        for row in await conn.execute(statement)
    ]
