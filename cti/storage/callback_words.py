"""A call-back that a client orders himself after he called in vain: by the address in our SMS, or by a word in answer.

It is an order like those of a site, by a key of our own that no token opens. Each missed call makes one order, whatever
is pressed or answered how often; a call that is done with makes none.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.callbacks import Order
from cti.storage import callbacks, missed
from cti.storage.sms_tables import sms
from cti.storage.work_tables import callback_keys

LASTS_S = 24 * 3600.0
WORDS = frozenset(("1", "да", "yes", "перезвоните"))
_WENT = ("accepted", "sent", "delivered", "unknown", "sending")


async def order_by_word(conn: AsyncConnection, number: str, text: str, now: float) -> int | None:
    """The order that a client's SMS makes when it answers one of ours with the word; None: it does not.

    Who calls it tells the work lists that there is something to do.
    """
    if text.strip(" .!\"'«»\n\t").casefold() not in WORDS:
        return None
    asked = select(sms.c.call_id, sms.c.client_id).where(
        sms.c.number == number,
        sms.c.direction == "out",
        sms.c.call_id != "",
        sms.c.automatic,
        sms.c.state.in_(_WENT),
        sms.c.created_at >= now - LASTS_S,
    )
    row = (await conn.execute(asked.order_by(sms.c.created_at.desc()).limit(1))).one_or_none()
    return await order(conn, row.call_id, None, now) if row else None


async def order(conn: AsyncConnection, call_id: str, wished_at: float | None, now: float) -> int | None:
    """The order of a call-back for a missed call: a new one, or the one that there is. None: he was talked with."""
    lost = await missed.concerns(conn, call_id, None)
    if lost is None or not lost.number or await missed.is_done(conn, lost):
        return None
    key_id = await _key(conn, now)
    mark = f"call:{call_id}"[:64]
    before = await callbacks.ordered(conn, key_id, mark)
    if before is not None:
        return before
    made = Order(client_key=mark, number=lost.number, wished_at=wished_at)
    return await callbacks.add(conn, key_id, made, lost.client_id, now)


async def _key(conn: AsyncConnection, now: float) -> int:
    found = (
        await conn.execute(select(callback_keys.c.id).where(callback_keys.c.token_hash == callbacks.OURS))
    ).scalar()
    if found is not None:
        return int(found)
    row: dict[str, Any] = {
        "name": "SMS", "token_hash": callbacks.OURS, "queue": "", "origins": "", "per_minute": 1000, "per_number": 1000,
        "created_at": now,
    }  # fmt: skip
    return int((await conn.execute(insert(callback_keys).values(row).returning(callback_keys.c.id))).scalar_one())
