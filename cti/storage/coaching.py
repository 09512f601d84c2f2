"""Coaching notes, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.quality_tables import coaching_notes
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import users

MOST = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Coaching:
    """What was agreed with an agent. shared: also for who may read his scores. due_on: the day of the follow-up."""

    id: int
    agent_id: int
    agent: str
    team_id: int | None
    author_id: int | None
    author: str
    call_id: str | None
    text: Words
    shared: bool
    due_on: str | None
    created_at: float
    done_at: float | None


async def get(conn: AsyncConnection, note_id: int) -> Coaching | None:
    """One by its id."""
    found = await _read(conn, coaching_notes.c.id == note_id)
    return found[0] if found else None


async def visible(conn: AsyncConnection, user_id: int, *, every: bool, team_id: int | None) -> list[Coaching]:
    """Those that a person wrote or that are about him; and shared ones of a team, or of all. Open first, by day."""
    own = coaching_notes.c
    mine = [own.agent_id == user_id, own.author_id == user_id]
    if every:
        mine.append(own.shared.is_(True))
    elif team_id is not None:
        mine.append(own.shared.is_(True) & own.agent_id.in_(select(users.c.id).where(users.c.team_id == team_id)))
    return await _read(conn, or_(*mine))


async def due(conn: AsyncConnection, user_id: int, day: str) -> list[Coaching]:
    """What a person wrote, or what is about him, and is to be talked about on that day at the latest."""
    own = coaching_notes.c
    mine = or_(own.agent_id == user_id, own.author_id == user_id)
    return await _read(conn, mine & own.done_at.is_(None) & (own.due_on <= day))


async def add(conn: AsyncConnection, agent_id: int, author_id: int, text: str, *, call_id: str | None, shared: bool,
              due_on: str | None, now: float) -> int:  # fmt: skip
    """A new one; returns its id."""
    values = {"agent_id": agent_id, "author_id": author_id, "text": clean(text), "call_id": call_id,
              "shared": shared, "due_on": due_on, "created_at": now}  # fmt: skip
    return int((await conn.execute(insert(coaching_notes).values(values).returning(coaching_notes.c.id))).scalar_one())


async def finish(conn: AsyncConnection, note_id: int, at: float | None) -> None:
    """It was talked about; None: not yet after all."""
    await conn.execute(update(coaching_notes).where(coaching_notes.c.id == note_id).values(done_at=at))


async def remove(conn: AsyncConnection, note_id: int) -> None:
    """Take it away."""
    await conn.execute(delete(coaching_notes).where(coaching_notes.c.id == note_id))


async def _read(conn: AsyncConnection, condition: Any) -> list[Coaching]:
    agent, author, own = users.alias("agent"), users.alias("author"), coaching_notes.c
    statement = (
        select(coaching_notes, agent.c.name.label("agent"), agent.c.team_id,
               func.coalesce(author.c.name, "").label("author"))
        .join(agent, agent.c.id == own.agent_id)
        .join(author, author.c.id == own.author_id, isouter=True)
        .where(condition)
        .order_by(own.done_at.is_not(None), own.due_on.is_(None), own.due_on, own.id.desc())
        .limit(MOST)
    )  # fmt: skip
    return seen(conn, [Coaching(**row._mapping) for row in await conn.execute(statement)])
