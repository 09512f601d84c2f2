"""When the last letter came from a client or went to him, as the list of clients shows and sorts by it.

Of the letters that everybody who reads his card may see: what lies in personal mailboxes alone is its owner's.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.client_tables import clients
from cti.storage.mail_tables import letters


async def reckon(conn: AsyncConnection, client_ids: Iterable[int | None]) -> None:
    """Letters of these clients came, went to another client, or were removed."""
    whose = {one for one in client_ids if one is not None}
    if not whose:
        return
    his = select(letters.c.sent_at).where(letters.c.client_id == clients.c.id, letters.c.shared)
    last = his.order_by(letters.c.sent_at.desc()).limit(1).scalar_subquery()
    await conn.execute(update(clients).where(clients.c.id.in_(whose)).values(last_letter_at=last))
