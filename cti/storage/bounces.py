"""Addresses that letters came back from: what is known of them, and which letter of ours it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.sending_tables import bounced_addresses, outbox
from cti.storage.sight import seen

WHY_CHARS = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounced:
    """An address that a letter came back from. lasting: it will again; why: the mail server's words."""

    folded: Words
    lasting: bool
    why: Words
    at: float
    letter_id: int | None = None


async def mark(
    conn: AsyncConnection, folded: str, *, lasting: bool, why: str, at: float, letter_id: int | None = None
) -> None:
    """A letter came back from the address; what is lasting stays so."""
    values = {"why": why[:WHY_CHARS], "at": at, "letter_id": letter_id} | ({"lasting": True} if lasting else {})
    known = update(bounced_addresses).where(bounced_addresses.c.folded == folded).values(values)
    if not (await conn.execute(known)).rowcount:
        await conn.execute(insert(bounced_addresses).values(values | {"folded": folded, "lasting": lasting}))


async def of(conn: AsyncConnection, folded: Iterable[str]) -> list[Bounced]:
    """What is known of these addresses; at most a few hundred."""
    asked = {one for one in folded if one}
    if not asked:
        return []
    rows = await conn.execute(select(bounced_addresses).where(bounced_addresses.c.folded.in_(asked)))
    return seen(conn, [Bounced(**row._mapping) for row in rows])


async def clear(conn: AsyncConnection, folded: str) -> bool:
    """The address is good again, as a person says or a letter from it shows."""
    return (await conn.execute(delete(bounced_addresses).where(bounced_addresses.c.folded == folded))).rowcount == 1


async def letter_of(conn: AsyncConnection, message_id: str, folded: str, since: float) -> int | None:
    """The outbox row that came back: by its Message-ID; where the bounce names none, the last one to the address."""
    if message_id:
        found = (await conn.execute(select(outbox.c.id).where(outbox.c.message_id == message_id))).scalar()
        if found is not None:
            return int(found)
    mine = (outbox.c.to_folded == folded) & (outbox.c.sent_at >= since)
    last = select(outbox.c.id).where(mine).order_by(outbox.c.sent_at.desc()).limit(1)
    row = (await conn.execute(last)).scalar()
    return int(row) if row is not None and not message_id else None
