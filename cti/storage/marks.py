"""Marks of conversations as rows: a moment, and what was said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import users
from cti.storage.talk_tables import call_marks


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkRow:
    """A moment of a call that somebody wants to find again. at: UNIX seconds."""

    id: int
    user_id: int | None
    user_name: str
    at: float
    text: Words


async def of_call(conn: AsyncConnection, call_id: str) -> list[MarkRow]:
    """All of a call, in order."""
    return (await of_calls(conn, [call_id])).get(call_id, [])


async def of_calls(conn: AsyncConnection, call_ids: Sequence[str]) -> dict[str, list[MarkRow]]:
    """Those of calls; at most a few hundred of them."""
    asked = (
        select(
            call_marks.c.call_id,
            call_marks.c.id,
            call_marks.c.user_id,
            func.coalesce(users.c.name, "").label("user_name"),
            call_marks.c.at,
            call_marks.c.text,
        )
        .join_from(call_marks, users, users.c.id == call_marks.c.user_id, isouter=True)
        .where(call_marks.c.call_id.in_(call_ids))
        .order_by(call_marks.c.at, call_marks.c.id)
    )
    found: dict[str, list[MarkRow]] = {}
    for call_id, *row in await conn.execute(asked) if call_ids else ():
        names = ("id", "user_id", "user_name", "at", "text")
        found.setdefault(call_id, []).append(seen(conn, MarkRow(**dict(zip(names, row, strict=True)))))
    return found


async def add(conn: AsyncConnection, call_id: str, user_id: int, at: float, text: str) -> int:
    """A new mark; returns its id."""
    values = {"call_id": call_id, "user_id": user_id, "at": at, "text": clean(text)}
    return int((await conn.execute(insert(call_marks).values(values).returning(call_marks.c.id))).scalar_one())


async def change(conn: AsyncConnection, mark_id: int, text: str) -> None:
    """Other words."""
    await conn.execute(update(call_marks).where(call_marks.c.id == mark_id).values(text=clean(text)))


async def remove(conn: AsyncConnection, mark_id: int) -> None:
    """Take a mark away."""
    await conn.execute(delete(call_marks).where(call_marks.c.id == mark_id))
