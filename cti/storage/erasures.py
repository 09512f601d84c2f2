"""Who was erased, kept twice: rows of the base with their acts, and a list beside it for when an older one returns.

The list is written first: an erasure that a crash cut off is found there and done at the next start.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.erased import Entry, Marks
from cti.storage.client_tables import client_emails, client_phones, clients
from cti.storage.contact_tables import contact_emails, contact_phones, contacts
from cti.storage.erasing import Event, Message
from cti.storage.privacy_tables import erasures
from cti.storage.tables import calls, dial_requests, users

PAGE = 100


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What one erasure did. events: with their counts; files: how many left the disk; calls: ids of late calls of his.

    messages: of voicemail, deleted at the PBX; messages_left: those that are still there, as far as is known.
    again: done once more, on a base that came back; cleaned_at: when nothing was left of him in the files of the base;
    left: copies of the base that could not be opened.
    """

    entry: Entry
    events: tuple[Event, ...]
    files: int = 0
    calls: tuple[str, ...] = ()
    again: bool = False
    cleaned_at: float | None = None
    left: tuple[str, ...] = ()
    messages: int = 0
    messages_left: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """An erasure as stored. user_name: who did it, as he is called now."""

    id: int
    at: float
    user_name: str
    client_id: int
    reason: str
    act: Act


async def add(conn: AsyncConnection, act: Act) -> int:
    """Keep an act; returns its id."""
    entry = act.entry
    row = {
        "at": entry.at,
        "user_id": entry.user_id,
        "client_id": entry.clients[0][0] if entry.clients else 0,
        "reason": entry.reason,
        "act": _text(act),
    }
    return int((await conn.execute(insert(erasures).values(row).returning(erasures.c.id))).scalar_one())


async def change(conn: AsyncConnection, erasure_id: int, act: Act) -> None:
    """Another word on what was done."""
    await conn.execute(update(erasures).where(erasures.c.id == erasure_id).values(act=_text(act)))


async def get(conn: AsyncConnection, erasure_id: int) -> Erasure | None:
    """One erasure. An id from an address may be any number."""
    if not 0 < erasure_id < 2**31:
        return None
    row = (await conn.execute(_ROWS.where(erasures.c.id == erasure_id))).one_or_none()
    return None if row is None else _erasure(row)


async def listed(conn: AsyncConnection, *, before_id: int | None = None, limit: int = PAGE) -> list[Erasure]:
    """Erasures, newest first."""
    older = _ROWS if before_id is None else _ROWS.where(erasures.c.id < before_id)
    return [_erasure(row) for row in await conn.execute(older.order_by(erasures.c.id.desc()).limit(limit))]


async def since(conn: AsyncConnection, at: float) -> list[Act]:
    """Acts since then, oldest first."""
    rows = await conn.execute(select(erasures.c.act).where(erasures.c.at >= at).order_by(erasures.c.id))
    return [msgspec.json.decode(one, type=Act) for one in rows.scalars()]


async def every(conn: AsyncConnection) -> dict[str, Act]:
    """All acts, by the ids of their entries."""
    acts = [msgspec.json.decode(one, type=Act) for one in (await conn.execute(select(erasures.c.act))).scalars()]
    return {act.entry.id: act for act in acts}


async def marks_of_all(conn: AsyncConnection) -> frozenset[str]:
    """The marks of everybody who was erased."""
    return frozenset(mark for act in (await every(conn)).values() for mark in act.entry.marks)


def marks_in(data: Path) -> Marks:
    """The marks of an installation, by the key in its folder; without a key they meet nobody's."""
    key = data / "secrets.key"
    return Marks(key.read_bytes() if key.exists() else b"")


async def here(conn: AsyncConnection, entry: Entry) -> tuple[list[int], list[int]]:
    """Which of an entry's cards and people are in this base: with this id and made at the same moment."""
    found = []
    for table, cards in ((clients, entry.clients), (contacts, entry.people)):
        rows = await conn.execute(
            select(table.c.id, table.c.created_at).where(table.c.id.in_([id_ for id_, _ in cards]))
        )
        made = dict(cards)
        found.append([row.id for row in rows if row.created_at == made[row.id]])
    return found[0], found[1]


async def marked(conn: AsyncConnection, marks: Marks, wanted: Iterable[str]) -> tuple[list[str], list[str]]:
    """The numbers and addresses of this base that have one of the marks."""
    which = {*wanted}
    numbers: set[str] = set()
    for column in (client_phones.c.e164, contact_phones.c.e164, calls.c.number, dial_requests.c.number):
        numbers.update(one for one in (await conn.execute(select(column).distinct())).scalars() if one)
    emails: set[str] = set()
    for column in (client_emails.c.folded, contact_emails.c.folded):
        emails.update((await conn.execute(select(column).distinct())).scalars())
    return (
        sorted(one for one in numbers if marks.of("phone", one) in which),
        sorted(one for one in emails if marks.of("email", one) in which),
    )


def read_list(path: Path) -> list[Entry]:
    """The list beside the base, oldest first, without what came to nothing. A line cut off by a crash is no entry."""
    entries: dict[str, Entry] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.DecodeError:
            continue
        entries[entry.id] = entry
    return [one for one in entries.values() if not one.void]


def add_to_list(path: Path, entries: Sequence[Entry]) -> None:
    """Write entries at the end of the list; on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.exists()
    with open(path, "ab", opener=_private) as file:
        if before and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            file.write(b"\n")
        for entry in entries:
            file.write(msgspec.json.encode(entry) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


_ROWS = select(erasures, users.c.name.label("user_name")).outerjoin(users, users.c.id == erasures.c.user_id)


def _erasure(row: Row[tuple[object, ...]]) -> Erasure:
    act = msgspec.json.decode(row.act, type=Act)
    return Erasure(
        id=row.id,
        at=row.at,
        user_name=row.user_name or act.entry.by,
        client_id=row.client_id,
        reason=row.reason,
        act=act,
    )


def _text(act: Act) -> str:
    return msgspec.json.encode(act).decode()
