"""Black and white lists of numbers, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.number_lists import MOST_DIGITS, List, Listing
from cti.storage.client_tables import client_phones, clients
from cti.storage.list_tables import number_lists
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import users

KEPT_S = 30 * 86_400.0  # what is over may be put back for so long
rows = number_lists.c
_owner = (
    select(func.min(client_phones.c.client_id))
    .where(client_phones.c.e164 == rows.number, rows.beginning.is_(False), client_phones.c.shared.is_(False))
    .scalar_subquery()
)
_ROWS = (
    select(number_lists, users.c.name.label("author"), clients.c.id.label("client_id"), clients.c.name.label("client"))
    .join_from(number_lists, users, users.c.id == rows.created_by, isouter=True)
    .join(clients, clients.c.id == _owner, isouter=True)
)


async def found(conn: AsyncConnection, number: str, now: float) -> Listing | None:
    """The line that a number falls under: its own, else the longest beginning of it. number: E.164."""
    beginnings = [number[:length] for length in range(2, min(len(number), MOST_DIGITS + 1) + 1)]
    fits = or_(
        and_(rows.number == number, rows.beginning.is_(False)),
        and_(rows.number.in_(beginnings), rows.beginning.is_(True)),
    )
    lasts = and_(rows.ended_at.is_(None), or_(rows.until.is_(None), rows.until > now))
    best = _ROWS.where(fits, lasts).order_by(rows.beginning, func.length(rows.number).desc()).limit(1)
    row = (await conn.execute(best)).one_or_none()
    return seen(conn, _listing(row)) if row is not None else None


async def every(conn: AsyncConnection, *, only: List | None = None, limit: int = 5000) -> list[Listing]:
    """All lines that were not taken off, the newest first."""
    asked: ColumnElement[bool] = rows.list == only if only else true()
    lines = _ROWS.where(rows.ended_at.is_(None), asked).order_by(rows.created_at.desc(), rows.id.desc()).limit(limit)
    return seen(conn, [_listing(row) for row in await conn.execute(lines)])


async def put(conn: AsyncConnection, number: str, *, beginning: bool, now: float, **said: Any) -> int:
    """A number stands on a list from now on, whatever stood there of it. said: list, reason, until, created_by."""
    values = said | {"reason": clean(said["reason"]), "created_at": now, "ended_at": None}
    own = and_(rows.number == number, rows.beginning.is_(beginning))
    made = (await conn.execute(update(number_lists).where(own).values(values).returning(rows.id))).scalar()
    if made is None:
        fresh = number_lists.insert().values(values | {"number": number, "beginning": beginning})
        made = (await conn.execute(fresh.returning(rows.id))).scalar_one()
    return int(made)


async def end(conn: AsyncConnection, listing_id: int, now: float | None) -> Listing | None:
    """It holds no longer; now None: it holds again. The line, None where there is none to change."""
    state = rows.ended_at.is_(None) if now is not None else rows.ended_at.is_not(None)
    mine = and_(rows.id == listing_id, state) if 0 < listing_id < 2**31 else false()
    if not (await conn.execute(update(number_lists).where(mine).values(ended_at=now))).rowcount:
        return None
    return _listing((await conn.execute(_ROWS.where(rows.id == listing_id))).one())


async def count(conn: AsyncConnection) -> int:
    """How many lines there are."""
    return int((await conn.execute(select(func.count()).select_from(number_lists))).scalar_one())


async def sweep(conn: AsyncConnection, now: float) -> None:
    """Forget what has been over for long."""
    await conn.execute(delete(number_lists).where(or_(rows.ended_at < now - KEPT_S, rows.until < now - KEPT_S)))


def _listing(row: Any) -> Listing:
    return Listing(
        id=row.id,
        number=row.number,
        beginning=row.beginning,
        list=row.list,
        reason=row.reason,
        until=row.until,
        created_at=row.created_at,
        created_by=row.author or "",
        ended_at=row.ended_at,
        client_id=row.client_id,
        client_name=row.client or "",
    )
