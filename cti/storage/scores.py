"""Marks that clients gave to calls, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.tables import calls, users
from cti.storage.talk_tables import call_scores

LOW = 2  # marks of an unhappy client
MOST = 200

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
    low: bool = False,
) -> list[Marked]:
    """Calls with marks, the newest first. low: of unhappy clients alone."""
    what = select(
        call_scores.c.call_id,
        call_scores.c.score,
        call_scores.c.at,
        calls.c.started_at,
        calls.c.queue,
        calls.c.user_id.label("agent_id"),
        func.coalesce(users.c.name, "").label("agent"),
    )
    statement = _of(what, since, until, agent_id, team_id).order_by(call_scores.c.at.desc()).limit(MOST)
    if low:
        statement = statement.where(call_scores.c.score <= LOW)
    return [Marked(**row._mapping) for row in await conn.execute(statement)]


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
