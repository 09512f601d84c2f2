"""Folders of mailboxes as rows, where letters lie in them, and letters that could not be read.

A place is a letter in a folder under a UID, which means something with the folder's UIDVALIDITY alone. A UID below zero
is a place that a person moved the letter to and the mail server does not know yet (storage/mail_wishes.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Flags, FolderRole
from cti.storage import last_letters
from cti.storage.mail_tables import letter_places, letters, mail_folders, mail_wishes, mailboxes, parked_letters

PIECE = 500  # values named in one statement
TRIES = 3  # of a letter that cannot be read
ALL = 1  # history_uid of a folder whose history is taken in


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Where a letter lay, and the folder a person moved it to. uid 0: it left there meanwhile."""

    folder_id: int
    uid: int
    uidvalidity: int
    to_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderRow:
    """A folder as it was left. uidvalidity 0: never looked into. history_months: for so many its history is wanted."""

    id: int
    name: str
    role: FolderRole
    uidvalidity: int
    last_uid: int
    modseq: int
    history_uid: int
    history_months: int
    total: int
    taken: int


_ROW = [mail_folders.c[name] for name in FolderRow.__dataclass_fields__]


async def of_mailbox(conn: AsyncConnection, mailbox_id: int) -> dict[str, FolderRow]:
    """The folders that are there, by name."""
    asked = select(*_ROW).where(mail_folders.c.mailbox_id == mailbox_id, mail_folders.c.gone_at.is_(None))
    return {row.name: FolderRow(**row._mapping) for row in await conn.execute(asked)}


async def listed(
    conn: AsyncConnection, mailbox_id: int, roles: Mapping[str, FolderRole], now: float
) -> dict[str, FolderRow]:
    """Let the rows be as the server lists its folders; what lay in one that is gone lies nowhere."""
    asked = select(mail_folders.c.name, mail_folders.c.id).where(mail_folders.c.mailbox_id == mailbox_id)
    known = {row[0]: row[1] for row in await conn.execute(asked)}
    new = [{"mailbox_id": mailbox_id, "name": name, "role": role} for name, role in roles.items() if name not in known]
    if new:
        await conn.execute(insert(mail_folders), new)
    gone = [folder_id for name, folder_id in known.items() if name not in roles]
    waited = exists().where(letter_places.c.folder_id == mail_folders.c.id, letter_places.c.uid < 0)
    for piece in _pieces(gone):
        mine = mail_folders.c.id.in_(piece) & mail_folders.c.gone_at.is_(None) & ~waited
        left = [row[0] for row in await conn.execute(select(mail_folders.c.id).where(mine))]
        blank = {"gone_at": now, "uidvalidity": 0, "last_uid": 0, "modseq": 0, "history_uid": 0, "total": 0, "taken": 0}
        await conn.execute(update(mail_folders).where(mail_folders.c.id.in_(left)).values(**blank))
        await conn.execute(delete(letter_places).where(letter_places.c.folder_id.in_(left)))
        await conn.execute(delete(parked_letters).where(parked_letters.c.folder_id.in_(left)))
    for name, role in roles.items():
        if name in known:
            here = (mail_folders.c.id == known[name]) & (
                (mail_folders.c.role != role) | mail_folders.c.gone_at.is_not(None)
            )
            await conn.execute(update(mail_folders).where(here).values(role=role, gone_at=None))
    return await of_mailbox(conn, mailbox_id)


async def change(conn: AsyncConnection, folder_id: int, **values: int) -> None:
    """How far a folder is known: uidvalidity, last_uid, modseq, history_uid, history_months, total, taken."""
    await conn.execute(update(mail_folders).where(mail_folders.c.id == folder_id).values(**values))


# Places ---------------------------------------------------------------------------------------------------------------
async def uids(conn: AsyncConnection, folder_id: int) -> set[int]:
    """Under which letters lie in a folder."""
    mine = (letter_places.c.folder_id == folder_id) & (letter_places.c.uid > 0)
    return set((await conn.execute(select(letter_places.c.uid).where(mine))).scalars())


async def lie(conn: AsyncConnection, mailbox_id: int, folder_id: int, rows: Sequence[tuple[int, int, Flags]]) -> None:
    """Letters lie there: (UID, letter, flags); those known to do so are left. What a person marked here stays so."""
    there = (letter_places.c.folder_id == folder_id) & letter_places.c.uid.in_([uid for uid, _, _ in rows])
    known = set((await conn.execute(select(letter_places.c.uid).where(there))).scalars())
    letter_ids = [one for _, one, _ in rows]
    known |= await leaving(conn, mailbox_id, folder_id, letter_ids)
    told = (await conn.execute(_wished(mailbox_id).where(mail_wishes.c.letter_id.in_(letter_ids)))).all()
    wished = {row.letter_id: msgspec.json.decode(row.given, type=Flags) for row in told}
    new = [
        {"folder_id": folder_id, "uid": uid, "mailbox_id": mailbox_id, "letter_id": letter_id}
        | _flags(wished.get(letter_id, flags))
        for uid, letter_id, flags in rows
        if uid not in known
    ]
    if new:
        await conn.execute(insert(letter_places), new)
        shared = exists().where(mailboxes.c.id == mailbox_id, mailboxes.c.kind == "shared")
        lies = letters.c.id.in_([one["letter_id"] for one in new])
        common = update(letters).where(lies, ~letters.c.shared, shared).values(shared=True)
        await last_letters.reckon(conn, (await conn.execute(common.returning(letters.c.client_id))).scalars().all())


async def leaving(conn: AsyncConnection, mailbox_id: int, folder_id: int, letter_ids: Sequence[int]) -> set[int]:
    """UIDs that a person has moved elsewhere here, and the mail server is not told yet."""
    mine = (mail_wishes.c.mailbox_id == mailbox_id) & (mail_wishes.c.kind == "move")
    asked = select(mail_wishes.c.given).where(mine, mail_wishes.c.letter_id.in_(letter_ids))
    moves = [msgspec.json.decode(given, type=Moved) for given in (await conn.execute(asked)).scalars()]
    return {one.uid for one in moves if one.folder_id == folder_id}


async def known(
    conn: AsyncConnection, mailbox_id: int | None, heads: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Letters that lie in this mailbox, by Message-ID and size: a letter that was moved keeps both. None: in any."""
    wanted = set(heads)
    here = letters.c.id > 0
    if mailbox_id is not None:
        here = exists().where(letter_places.c.letter_id == letters.c.id, letter_places.c.mailbox_id == mailbox_id)
    found: dict[tuple[str, int], int] = {}
    for piece in _pieces(sorted({message_id for message_id, _ in wanted if message_id})):
        asked = select(letters.c.message_id, letters.c.size, letters.c.id)
        rows = await conn.execute(asked.where(letters.c.message_id.in_(piece), here).order_by(letters.c.id.desc()))
        found |= {(row[0], row[1]): row[2] for row in rows if (row[0], row[1]) in wanted}
    return found


async def stand(
    conn: AsyncConnection, mailbox_id: int, folder_id: int, flags: Mapping[int, Flags]
) -> tuple[list[int], set[int]]:
    """Flags as the server has them, but for letters whose marks are on their way there.

    The letters that changed, and the UIDs that are known.
    """
    wished = set((await conn.execute(_wished(mailbox_id))).scalars())
    changed: list[dict[str, object]] = []
    moved: list[int] = []
    seen: set[int] = set()
    for piece in _pieces(sorted(flags)):
        mine = (letter_places.c.folder_id == folder_id) & letter_places.c.uid.in_(piece)
        for row in await conn.execute(select(letter_places).where(mine)):
            seen.add(row.uid)
            stood = Flags(seen=row.seen, flagged=row.flagged, answered=row.answered)
            if stood != flags[row.uid] and row.letter_id not in wished:
                changed.append({"here": row.uid, **_flags(flags[row.uid])})
                moved.append(row.letter_id)
    if changed:
        place = (letter_places.c.folder_id == folder_id) & (letter_places.c.uid == bindparam("here"))
        await conn.execute(update(letter_places).where(place), changed)
    return moved, seen


async def gone(conn: AsyncConnection, folder_id: int, vanished: Collection[int]) -> list[int]:
    """Letters that lie under these UIDs no more."""
    taken: list[int] = []
    for piece in _pieces(sorted(vanished)):
        mine = (letter_places.c.folder_id == folder_id) & letter_places.c.uid.in_(piece)
        taken += (await conn.execute(delete(letter_places).where(mine).returning(letter_places.c.letter_id))).scalars()
        here = (parked_letters.c.folder_id == folder_id) & parked_letters.c.uid.in_(piece)
        await conn.execute(delete(parked_letters).where(here))
    if vanished:
        await _left_already(conn, folder_id, vanished)
    return taken


async def _left_already(conn: AsyncConnection, folder_id: int, vanished: Collection[int] | None) -> None:
    """Letters that a person moves from here lie there no more: they are looked for. None: under no UID known."""
    mine = (mail_folders.c.id == folder_id) & (mail_wishes.c.kind == "move")
    asked = select(mail_wishes.c.id, mail_wishes.c.given)
    asked = asked.join(mail_folders, mail_folders.c.mailbox_id == mail_wishes.c.mailbox_id).where(mine)
    for wish_id, given in (await conn.execute(asked)).all():
        moved = msgspec.json.decode(given, type=Moved)
        if moved.folder_id == folder_id and (vanished is None or moved.uid in vanished):
            lost = msgspec.json.encode(msgspec.structs.replace(moved, uid=0, uidvalidity=0)).decode()
            await conn.execute(update(mail_wishes).where(mail_wishes.c.id == wish_id).values(given=lost))


async def rematch(
    conn: AsyncConnection, mailbox_id: int, folder_id: int, heads: Sequence[tuple[int, str, int, Flags]]
) -> None:
    """The folder's UIDs mean nothing any more: find its letters by Message-ID and size under the new ones."""
    found = await known(conn, mailbox_id, ((message_id, size) for _, message_id, size, _ in heads))
    mine = (letter_places.c.folder_id == folder_id) & (letter_places.c.uid > 0)
    await conn.execute(delete(letter_places).where(mine))
    await conn.execute(delete(parked_letters).where(parked_letters.c.folder_id == folder_id))
    await _left_already(conn, folder_id, None)
    rows = [
        {
            "folder_id": folder_id,
            "uid": uid,
            "mailbox_id": mailbox_id,
            "letter_id": found[message_id, size],
            **_flags(flags),
        }
        for uid, message_id, size, flags in heads
        if (message_id, size) in found
    ]
    for piece in (rows[at : at + PIECE] for at in range(0, len(rows), PIECE)):
        await conn.execute(insert(letter_places), piece)


# Letters that could not be read ---------------------------------------------------------------------------------------
async def park(
    conn: AsyncConnection, mailbox_id: int, folder_id: int, uid: int, *, why: str, size: int, now: float
) -> None:
    """It could not be read, once more."""
    here = (parked_letters.c.folder_id == folder_id) & (parked_letters.c.uid == uid)
    values = {"tries": parked_letters.c.tries + 1, "why": why[:200], "at": now}
    if not (await conn.execute(update(parked_letters).where(here).values(**values))).rowcount:
        row = {"mailbox_id": mailbox_id, "folder_id": folder_id, "uid": uid, "tries": 1, "why": why[:200]}
        await conn.execute(insert(parked_letters).values(**row, size=min(size, 2**31 - 1), at=now))


async def parked(conn: AsyncConnection, folder_id: int) -> dict[int, int]:
    """UIDs of a folder's letters that could not be read, and how often it was tried."""
    asked = select(parked_letters.c.uid, parked_letters.c.tries).where(parked_letters.c.folder_id == folder_id)
    return {int(row[0]): int(row[1]) for row in await conn.execute(asked)}


async def read_at_last(conn: AsyncConnection, folder_id: int, done: Sequence[int]) -> None:
    """They could be read."""
    for piece in _pieces(done):
        here = (parked_letters.c.folder_id == folder_id) & parked_letters.c.uid.in_(piece)
        await conn.execute(delete(parked_letters).where(here))


async def size_of(conn: AsyncConnection, letter_id: int) -> int:
    """How large a letter is, in bytes; 0 for none."""
    return int((await conn.execute(select(letters.c.size).where(letters.c.id == letter_id))).scalar() or 0)


def _wished(mailbox_id: int) -> Select[Any]:
    """Letters that a person has marked here, and the mail server is not told yet."""
    asked = select(mail_wishes.c.letter_id, mail_wishes.c.given)
    return asked.where(mail_wishes.c.mailbox_id == mailbox_id, mail_wishes.c.kind == "mark")


def _flags(flags: Flags) -> dict[str, bool]:
    return {"seen": flags.seen, "flagged": flags.flagged, "answered": flags.answered}


def _pieces(values: Sequence[object]) -> Iterable[list[object]]:
    return (list(values[at : at + PIECE]) for at in range(0, len(values), PIECE))
