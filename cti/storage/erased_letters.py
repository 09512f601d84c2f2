"""Letters of the erased, remembered so that they are not taken in again: their mailboxes have them still.

What is kept is keyed hashes: of Message-ID with the size, known before a letter is fetched, and with the hash, known
once it is read; of Message-ID alone where the letter was ours, whose copy in Sent may be another one. A new letter from
the same person is a new letter.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.erased import Marks
from cti.storage.held import Who
from cti.storage.mail_tables import letters
from cti.storage.privacy_tables import erased_letters

PIECE = 500


def signs(marks: Marks, message_id: str, *more: str | int) -> tuple[str, ...]:
    """Marks by which a letter is known. more: its size, or its hash."""
    return marks.of_all("letter", (message_id, *(f"{message_id} {one}" for one in more)))


async def of_person(conn: AsyncConnection, who: Who, marks: Marks) -> list[str]:
    """The marks of his letters, as long as they are there."""
    asked = select(letters.c.message_id, letters.c.size, letters.c.sha256, letters.c.direction)
    found: list[str] = []
    for row in await conn.execute(asked.where(letters.c.client_id.in_(who.clients))):
        known = signs(marks, row.message_id, row.size, row.sha256)
        found += known[:1] if row.direction == "out" else known[1:]
    return found


async def remember(conn: AsyncConnection, some: Iterable[str], at: float) -> None:
    """Letters with these marks are not taken in any more."""
    wanted = set(some)
    new = sorted(wanted - await among(conn, wanted))
    for start in range(0, len(new), PIECE):
        await conn.execute(insert(erased_letters), [{"mark": one, "at": at} for one in new[start : start + PIECE]])


async def among(conn: AsyncConnection, some: Iterable[str]) -> set[str]:
    """Of these marks those of erased letters."""
    wanted, found = sorted(set(some)), set[str]()
    for start in range(0, len(wanted), PIECE):
        piece = erased_letters.c.mark.in_(wanted[start : start + PIECE])
        found |= set((await conn.execute(select(erased_letters.c.mark).where(piece))).scalars())
    return found
