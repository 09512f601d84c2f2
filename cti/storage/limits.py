"""The limits of what is sent: one row."""

from __future__ import annotations

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.limits import Limits
from cti.storage.campaign_tables import sending_limits

ONLY = 1


async def read(conn: AsyncConnection) -> tuple[Limits, int]:
    """The limits and their version; 0: nobody has set any."""
    row = (await conn.execute(select(sending_limits).where(sending_limits.c.id == ONLY))).one_or_none()
    return (msgspec.json.decode(row.given, type=Limits), row.version) if row else (Limits(), 0)


async def save(conn: AsyncConnection, limits: Limits, *, version: int, user_id: int, now: float) -> bool:
    """Set them; False where somebody did meanwhile."""
    values = {"given": msgspec.json.encode(limits).decode(), "user_id": user_id, "changed_at": now}
    mine = (sending_limits.c.id == ONLY) & (sending_limits.c.version == version)
    if (await conn.execute(update(sending_limits).where(mine).values(values | {"version": version + 1}))).rowcount:
        return True
    if version or (await conn.execute(select(sending_limits.c.id))).first() is not None:
        return False
    await conn.execute(insert(sending_limits).values(values | {"id": ONLY, "version": 1}))
    return True
