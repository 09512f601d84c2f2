"""Marks that clients gave to calls, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.search import KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls, users
from cti.storage.talk_tables import call_scores

ROWS = 100

_PUT = text(
    "INSERT INTO call_scores (call_id, score, at) VALUES (:call, :score, :at)"
    " ON CONFLICT (call_id) DO UPDATE SET score = excluded.score, at = excluded.at WHERE excluded.at >= call_scores.at"
)


async def put(conn: AsyncConnection, call_id: str, score: int, at: float) -> None:
    """The mark of a call, 1 to 5; the latest one counts, in whatever order they come."""
    await conn.execute(_PUT, {"call": call_id, "score": score, "at": at})


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A call with its client's mark, 1 to 5. agent: who talked last."""

    call_id: str
    score: int
    at: float
    started_at: float
    queue: str | None
    agent_id: int | None
    agent: str


async def counts(
    conn: AsyncConnection, since: float, until: float, *, agent_id: int | None = None, team_id: int | None = None
) -> dict[int, int]:
    """How many of each mark clients gave in since <= t < until; every mark from 1 to 5 is there."""
    own = call_scores.c.score
    statement = _of(select(own, func.count()), since, until, agent_id, team_id).group_by(own)
    found = {mark: count for mark, count in await conn.execute(statement)}
    return {mark: found.get(mark, 0) for mark in range(1, 6)}


async def marked(
    conn: AsyncConnection,
    since: float,
    until: float,
    *,
    agent_id: int | None = None,
    team_id: int | None = None,
    most: int = 5,
    cursor: str | None = None,
) -> Page[Marked]:
    """Calls with marks up to `most`, the newest first. Raises Refused for a cursor that was not made here."""
    what = select(
        call_scores.c.call_id,
        call_scores.c.score,
        call_scores.c.at,
        calls.c.started_at,
        calls.c.queue,
        calls.c.user_id.label("agent_id"),
        func.coalesce(users.c.name, "").label("agent"),
    )
    place = (call_scores.c.at, call_scores.c.call_id)
    statement = _of(what, since, until, agent_id, team_id).where(call_scores.c.score <= most)
    if cursor is not None:
        statement = statement.where(tuple_(*place) < tuple_(*read_cursor(cursor, tuple[float, KeyText])))
    rows = (await conn.execute(statement.order_by(*(one.desc() for one in place)).limit(ROWS + 1))).all()
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return Page(
        rows=[Marked(**row._mapping) for row in rows[:ROWS]],
        total=None,
        next_cursor=write_cursor(last.at, last.call_id) if last else None,
    )


def _of(what: Select[Any], since: float, until: float, agent_id: int | None, team_id: int | None,
        ) -> Select[Any]:  # fmt: skip
    own = call_scores.c
    found = (
        what.join_from(call_scores, calls, calls.c.id == own.call_id)
        .join(users, users.c.id == calls.c.user_id, isouter=True)
        .where(own.at >= since, own.at < until)
    )
    if agent_id is not None:
        found = found.where(calls.c.user_id == agent_id)
    return found.where(users.c.team_id == team_id) if team_id is not None else found
