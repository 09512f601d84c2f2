"""Mailboxes that are removed: by pieces, each a short transaction that says how far it is.

A mailbox is followed no more when its removal is begun. It goes itself when nothing lies in it any more: until then
whatever was on its way into it is found there, and after that cannot be put there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage import last_letters
from cti.storage.mail_tables import (
    conversation_boxes,
    conversations,
    letter_places,
    letters,
    mailbox_removals,
    mailboxes,
)

_places, _elsewhere = letter_places.c, letter_places.alias("elsewhere")


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """How far the removal of a mailbox is. letters: they go too, where they lie in no other."""

    mailbox_id: int
    letters: bool
    total: int
    gone: int


async def only_there(conn: AsyncConnection, mailbox_id: int) -> int:
    """How many letters lie in this mailbox and in no other."""
    more = exists().where(_elsewhere.c.letter_id == _places.letter_id, _elsewhere.c.mailbox_id != mailbox_id)
    asked = select(func.count(_places.letter_id.distinct())).where(_places.mailbox_id == mailbox_id, ~more)
    return int((await conn.execute(asked)).scalar_one())


async def begin(conn: AsyncConnection, mailbox_id: int, *, letters: bool, now: float) -> None:
    """Let a mailbox be removed."""
    total = select(func.count()).where(_places.mailbox_id == mailbox_id).scalar_subquery()
    await conn.execute(insert(mailbox_removals).values(mailbox_id=mailbox_id, letters=letters, total=total, at=now))


async def listed(conn: AsyncConnection) -> dict[int, Removal]:
    """Those that are to be removed, the first first."""
    columns = [mailbox_removals.c[name] for name in Removal.__dataclass_fields__]
    rows = await conn.execute(select(*columns).order_by(mailbox_removals.c.at, mailbox_removals.c.mailbox_id))
    return {row.mailbox_id: Removal(**row._mapping) for row in rows}


async def go_on(conn: AsyncConnection, removal: Removal, piece: int) -> bool:
    """Remove so many letters, or conversations; whether there is more."""
    mailbox_id = removal.mailbox_id
    lying = select(_places.letter_id).where(_places.mailbox_id == mailbox_id).limit(piece)
    ids = list(dict.fromkeys((await conn.execute(lying)).scalars()))
    if ids:
        gone = await _letters(conn, removal, ids)
        done = update(mailbox_removals).where(mailbox_removals.c.mailbox_id == mailbox_id)
        await conn.execute(done.values(gone=mailbox_removals.c.gone + gone))
        return True
    if await _conversations(conn, mailbox_id, piece):
        return True
    await conn.execute(delete(mailboxes).where(mailboxes.c.id == mailbox_id))
    return False


async def _letters(conn: AsyncConnection, removal: Removal, ids: Sequence[int]) -> int:
    """They lie there no more; how many places these were. Letters that stay belong to their clients for good, where
    the mailbox was a shared one. Files of those that go are swept later."""
    here = _places.letter_id.in_(ids) & (_places.mailbox_id == removal.mailbox_id)
    gone = (await conn.execute(select(func.count()).select_from(letter_places).where(here))).scalar_one()
    more = select(_places.letter_id).where(_places.letter_id.in_(ids), _places.mailbox_id != removal.mailbox_id)
    kept = set((await conn.execute(more)).scalars()) if removal.letters else set(ids)
    shared = exists().where(mailboxes.c.id == removal.mailbox_id, mailboxes.c.kind == "shared")
    stays = letters.c.id.in_(kept) & ~letters.c.shared
    common = update(letters).where(stays, shared).values(shared=True)
    await last_letters.reckon(conn, (await conn.execute(common.returning(letters.c.client_id))).scalars().all())
    await conn.execute(delete(letter_places).where(here))
    await _forget(conn, [one for one in ids if one not in kept])
    return int(gone)


async def _forget(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Letters that go, and conversations that have none then."""
    asked = select(letters.c.conversation_id).where(letters.c.id.in_(ids)).distinct()
    touched = [one for one in (await conn.execute(asked)).scalars() if one is not None]
    gone = delete(letters).where(letters.c.id.in_(ids)).returning(letters.c.client_id)
    await last_letters.reckon(conn, (await conn.execute(gone)).scalars().all())
    left = exists().where(letters.c.conversation_id == conversations.c.id)
    of_these = conversations.c.id.in_(touched)
    await conn.execute(delete(conversations).where(of_these, ~left))
    count = select(func.count()).where(letters.c.conversation_id == conversations.c.id).scalar_subquery()
    await conn.execute(update(conversations).where(of_these).values(letters=count))


async def _conversations(conn: AsyncConnection, mailbox_id: int, piece: int) -> bool:
    """Conversations that stay are in its lists no more; whether there were some."""
    listed_in, began = conversation_boxes.c, conversations.c
    some = select(listed_in.conversation_id).where(listed_in.mailbox_id == mailbox_id).limit(piece)
    mine = listed_in.mailbox_id == mailbox_id
    out = await conn.execute(delete(conversation_boxes).where(mine, listed_in.conversation_id.in_(some)))
    some = select(began.id).where(began.mailbox_id == mailbox_id).limit(piece)
    off = await conn.execute(update(conversations).where(began.id.in_(some)).values(mailbox_id=None))
    return bool(out.rowcount or off.rowcount)
