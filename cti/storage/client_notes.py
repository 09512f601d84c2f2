"""Notes on clients as rows; those to a call are storage/calls.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.tasks import Note
from cti.storage.contact_tables import client_notes
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import users


async def get(conn: AsyncConnection, note_id: int) -> Note | None:
    """One note. An id from an address may be any number."""
    return (await by_ids(conn, [note_id])).get(note_id) if 0 < note_id < 2**31 else None


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Note]:
    """Notes by id; at most a few hundred."""
    rows = await conn.execute(_whole().where(client_notes.c.id.in_(ids))) if ids else ()
    return seen(conn, {row.id: _note(row) for row in rows})


async def add(conn: AsyncConnection, client_id: int, user_id: int, text: str, now: float) -> int:
    """A new note; returns its id."""
    values = {"client_id": client_id, "user_id": user_id, "text": clean(text), "created_at": now}
    return int((await conn.execute(insert(client_notes).values(values).returning(client_notes.c.id))).scalar_one())


async def change(conn: AsyncConnection, note_id: int, text: str, now: float) -> None:
    """Other words; its place in the history stays."""
    values = {"text": clean(text), "changed_at": now}
    await conn.execute(update(client_notes).where(client_notes.c.id == note_id).values(values))


async def remove(conn: AsyncConnection, note_id: int) -> None:
    """Delete a note."""
    await conn.execute(delete(client_notes).where(client_notes.c.id == note_id))


def _whole() -> Select[Any]:
    return select(client_notes, users.c.name.label("user_name")).outerjoin(users, users.c.id == client_notes.c.user_id)


def _note(row: Any) -> Note:
    return Note(
        id=row.id,
        client_id=row.client_id,
        user_id=row.user_id,
        user_name=row.user_name or "",
        text=row.text,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
