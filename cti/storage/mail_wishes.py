"""What people did here and the mail servers are still to be told: kept until it is done there.

A move shows at once: its letter lies in the other folder under minus the wish's id until the server gives it a UID.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Flags, FolderRole
from cti.storage.mail_folders import Moved
from cti.storage.mail_tables import letter_places, letters, mail_folders, mail_wishes

TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One of them. given: Flags or Moved; kept: the same, as it is kept."""

    id: int
    letter_id: int
    message_id: str
    given: Flags | Moved
    kept: str
    tries: int


async def mark(conn: AsyncConnection, letter_id: int, flags: Flags, mailbox_id: int, now: float) -> bool:
    """Let a letter stand so in a mailbox here, and wish it there; whether there is something to be told."""
    mine = (letter_places.c.letter_id == letter_id) & (letter_places.c.mailbox_id == mailbox_id)
    same = (
        (letter_places.c.seen == flags.seen)
        & (letter_places.c.flagged == flags.flagged)
        & (letter_places.c.answered == flags.answered)
    )
    if (await conn.execute(select(letter_places.c.uid).where(mine, ~same).limit(1))).first() is None:
        return False
    values = {"seen": flags.seen, "flagged": flags.flagged, "answered": flags.answered}
    await conn.execute(update(letter_places).where(mine).values(**values))
    await conn.execute(delete(mail_wishes).where(_of(mailbox_id, letter_id, "mark")))
    await _add(conn, mailbox_id, letter_id, "mark", flags, now)
    return True


async def move(
    conn: AsyncConnection,
    letter_id: int,
    role: FolderRole,
    name: str,
    mailbox_id: int,
    telling: Collection[int],
    now: float,
) -> bool:
    """Let a letter lie elsewhere in a mailbox here, and wish it there; whether there is something to be told.

    name: of a folder to be made; telling: wishes that servers are told at this moment. What was sent or is being
    written stays where it is unless it lies nowhere else.
    """
    asked = (
        select(letter_places, mail_folders.c.role, mail_folders.c.uidvalidity)
        .join(mail_folders, mail_folders.c.id == letter_places.c.folder_id)
        .where(letter_places.c.letter_id == letter_id, letter_places.c.mailbox_id == mailbox_id)
    )
    rows = (await conn.execute(asked)).all()
    movable = [row for row in rows if row.role not in ("sent", "drafts")] or rows
    moving = [row for row in movable if row.role != role]
    for row in moving:
        await _move(conn, row, await _folder(conn, mailbox_id, role, name), telling, now)
    return bool(moving)


async def _move(conn: AsyncConnection, place: Any, to_id: int, telling: Collection[int], now: float) -> None:
    """One place. A letter that is still on its way goes there from where it lay at first.

    Once the server is being told, it goes from where it is moved to: `done` says under which UID.
    """
    lay = Moved(folder_id=place.folder_id, uid=place.uid, uidvalidity=place.uidvalidity, to_id=to_id)
    if place.uid < 0 and -place.uid not in telling:
        before = await conn.execute(select(mail_wishes.c.given).where(mail_wishes.c.id == -place.uid))
        given = before.scalar()
        if given is not None:
            first = msgspec.json.decode(given, type=Moved)
            lay = Moved(folder_id=first.folder_id, uid=first.uid, uidvalidity=first.uidvalidity, to_id=to_id)
            await conn.execute(delete(mail_wishes).where(mail_wishes.c.id == -place.uid))
    here = (letter_places.c.folder_id == place.folder_id) & (letter_places.c.uid == place.uid)
    if lay.folder_id == to_id:  # back to where the server has it
        await _back(conn, here, lay)
        return
    made = await _add(conn, place.mailbox_id, place.letter_id, "move", lay, now)
    await conn.execute(update(letter_places).where(here).values(folder_id=to_id, uid=-made))


async def _folder(conn: AsyncConnection, mailbox_id: int, role: FolderRole, name: str) -> int:
    mine = (mail_folders.c.mailbox_id == mailbox_id) & (mail_folders.c.role == role) & mail_folders.c.gone_at.is_(None)
    found = (await conn.execute(select(mail_folders.c.id).where(mine).order_by(mail_folders.c.id))).scalars().first()
    if found is not None:
        return int(found)
    named = (mail_folders.c.mailbox_id == mailbox_id) & (mail_folders.c.name == name)
    again = update(mail_folders).where(named).values(role=role, gone_at=None).returning(mail_folders.c.id)
    there = (await conn.execute(again)).scalar()
    if there is not None:
        return int(there)
    values = {"mailbox_id": mailbox_id, "name": name, "role": role}
    return int((await conn.execute(insert(mail_folders).values(**values).returning(mail_folders.c.id))).scalar_one())


async def ids(conn: AsyncConnection, mailbox_id: int, limit: int = 100) -> list[int]:
    """What a mailbox's server is to be told, in order."""
    asked = select(mail_wishes.c.id).where(mail_wishes.c.mailbox_id == mailbox_id)
    return list((await conn.execute(asked.order_by(mail_wishes.c.id).limit(limit))).scalars())


async def get(conn: AsyncConnection, wish_id: int) -> Wish | None:
    """One of them; None where it was taken back."""
    asked = select(mail_wishes, letters.c.message_id).join(letters, letters.c.id == mail_wishes.c.letter_id)
    row = (await conn.execute(asked.where(mail_wishes.c.id == wish_id))).one_or_none()
    if row is None:
        return None
    given = _given(row.kind, row.given)
    return Wish(
        id=row.id, letter_id=row.letter_id, message_id=row.message_id, given=given, kept=row.given, tries=row.tries
    )


def _given(kind: str, told: str) -> Flags | Moved:
    return msgspec.json.decode(told, type=Flags) if kind == "mark" else msgspec.json.decode(told, type=Moved)


async def places(conn: AsyncConnection, mailbox_id: int, letter_id: int) -> list[tuple[str, int]]:
    """Folders' names and UIDs that a letter lies under in a mailbox, as its server knows them."""
    mine = (letter_places.c.letter_id == letter_id) & (letter_places.c.mailbox_id == mailbox_id)
    asked = select(letter_places.c.folder_id, letter_places.c.uid, mail_wishes.c.given)
    asked = asked.outerjoin(mail_wishes, mail_wishes.c.id == -letter_places.c.uid).where(mine)
    there: list[tuple[int, int]] = []
    for folder_id, uid, given in await conn.execute(asked):
        lay = msgspec.json.decode(given, type=Moved) if given and uid < 0 else None
        there.append((lay.folder_id, lay.uid) if lay else (folder_id, uid))
    names = {one: name for one, name, _ in await _named(conn, [one for one, _ in there])}
    return [(names[one], uid) for one, uid in there if uid > 0 and one in names]


async def way(conn: AsyncConnection, moved: Moved) -> tuple[str, bool, str, bool] | None:
    """Where a letter goes from and to: the folder it lay in, whether its UIDs still mean the same; the folder it goes
    to, and whether the server has it. None where the former is gone.
    """
    found = {one: (name, validity) for one, name, validity in await _named(conn, [moved.folder_id, moved.to_id])}
    if moved.folder_id not in found or moved.to_id not in found:
        return None
    (source, validity), (target, there) = found[moved.folder_id], found[moved.to_id]
    return source, validity == moved.uidvalidity, target, bool(there)


async def _named(conn: AsyncConnection, folder_ids: list[int]) -> list[tuple[int, str, int]]:
    asked = select(mail_folders.c.id, mail_folders.c.name, mail_folders.c.uidvalidity)
    rows = await conn.execute(asked.where(mail_folders.c.id.in_(folder_ids)))
    return [(int(row[0]), str(row[1]), int(row[2])) for row in rows]


async def mailboxes_of(conn: AsyncConnection, letter_id: int) -> list[int]:
    """Where a letter lies on a server."""
    mine = (letter_places.c.letter_id == letter_id) & (letter_places.c.uid > 0)
    return list((await conn.execute(select(letter_places.c.mailbox_id).where(mine).distinct())).scalars())


async def done(conn: AsyncConnection, wish: Wish, uid: int | None = None) -> None:
    """The server has done it. uid: what a moved letter lies under now; None: it is found there like any other."""
    if not await _is_left(conn, wish):
        return
    if isinstance(wish.given, Moved):
        await _follow(conn, wish, uid)
        left = (letter_places.c.folder_id == wish.given.folder_id) & (letter_places.c.uid == wish.given.uid)
        await conn.execute(delete(letter_places).where(left, letter_places.c.letter_id == wish.letter_id))
        here = (letter_places.c.folder_id == wish.given.to_id) & (letter_places.c.uid == -wish.id)
        there = (letter_places.c.folder_id == wish.given.to_id) & (letter_places.c.uid == uid)
        known = uid is not None and (await conn.execute(select(letter_places.c.uid).where(there))).first() is not None
        if uid is None or known:
            await conn.execute(delete(letter_places).where(here))
        else:
            await conn.execute(update(letter_places).where(here).values(uid=uid))
    await conn.execute(delete(mail_wishes).where(mail_wishes.c.id == wish.id))


async def _is_left(conn: AsyncConnection, wish: Wish) -> bool:
    """Whether it is wished still: another one may have taken its place while the server was told, and its id, which
    SQLite gives out again.
    """
    same = (mail_wishes.c.id == wish.id) & (mail_wishes.c.letter_id == wish.letter_id)
    found = await conn.execute(select(mail_wishes.c.id).where(same, mail_wishes.c.given == wish.kept))
    return found.first() is not None


async def _follow(conn: AsyncConnection, wish: Wish, uid: int | None) -> None:
    """A wish that moves the letter on begins under this UID. None: it is looked for by its Message-ID."""
    mine = (mail_wishes.c.letter_id == wish.letter_id) & (mail_wishes.c.kind == "move")
    for one, given in (await conn.execute(select(mail_wishes.c.id, mail_wishes.c.given).where(mine))).all():
        moved = msgspec.json.decode(given, type=Moved)
        if moved.uid == -wish.id:
            new = msgspec.structs.replace(moved, **({"uid": uid} if uid else {"uid": 0, "uidvalidity": 0}))
            encoded = msgspec.json.encode(new).decode()
            await conn.execute(update(mail_wishes).where(mail_wishes.c.id == one).values(given=encoded))


async def refused(conn: AsyncConnection, wish: Wish) -> None:
    """The server does not do it: once more later, or it is as the server has it."""
    if not await _is_left(conn, wish):
        return
    if wish.tries + 1 < TRIES:
        await conn.execute(update(mail_wishes).where(mail_wishes.c.id == wish.id).values(tries=wish.tries + 1))
        return
    if isinstance(wish.given, Moved):
        here = (letter_places.c.folder_id == wish.given.to_id) & (letter_places.c.uid == -wish.id)
        await _back(conn, here, wish.given)
    await conn.execute(delete(mail_wishes).where(mail_wishes.c.id == wish.id))


async def _back(conn: AsyncConnection, here: Any, lay: Moved) -> None:
    """A letter lies where it lay. One that left there meanwhile is found where it is now like any other."""
    if lay.uid > 0:
        await conn.execute(update(letter_places).where(here).values(folder_id=lay.folder_id, uid=lay.uid))
    else:
        await conn.execute(delete(letter_places).where(here))


def _of(mailbox_id: int, letter_id: int, kind: str) -> Any:
    mine = (mail_wishes.c.mailbox_id == mailbox_id) & (mail_wishes.c.letter_id == letter_id)
    return mine & (mail_wishes.c.kind == kind)


async def _add(
    conn: AsyncConnection, mailbox_id: int, letter_id: int, kind: str, given: Flags | Moved, now: float
) -> int:
    values = {"mailbox_id": mailbox_id, "letter_id": letter_id, "kind": kind, "at": now}
    encoded = msgspec.json.encode(given).decode()
    made = await conn.execute(insert(mail_wishes).values(**values, given=encoded).returning(mail_wishes.c.id))
    return int(made.scalar_one())
