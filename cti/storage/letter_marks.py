"""How letters of conversations stand in mailboxes: read, flagged, answered, and in which of them they lie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Flags
from cti.storage.mail_tables import letter_places, letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Lying:
    """A letter in a mailbox."""

    conversation_id: int
    letter_id: int
    mailbox_id: int
    direction: str
    flags: Flags


async def lying(conn: AsyncConnection, conversation_ids: Collection[int], mailbox_ids: Collection[int]) -> list[Lying]:
    """The letters of conversations in these mailboxes, the newest first; once in each mailbox."""
    places = letter_places.c
    asked = (
        select(
            letters.c.conversation_id, letters.c.direction, places.letter_id, places.mailbox_id,
            places.seen, places.flagged, places.answered,
        )
        .join(letters, letters.c.id == places.letter_id)
        .where(letters.c.conversation_id.in_(conversation_ids), places.mailbox_id.in_(mailbox_ids))
        .order_by(letters.c.received_at.desc(), letters.c.id.desc())
    )  # fmt: skip
    once: dict[tuple[int, int], Lying] = {}
    for row in await conn.execute(asked):
        flags = Flags(seen=row.seen, flagged=row.flagged, answered=row.answered)
        one = Lying(
            conversation_id=row.conversation_id, letter_id=row.letter_id, mailbox_id=row.mailbox_id,
            direction=row.direction, flags=flags,
        )  # fmt: skip
        once.setdefault((row.letter_id, row.mailbox_id), one)
    return list(once.values())
