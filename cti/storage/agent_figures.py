"""What was counted of people, summed: by time, by person; their pauses by reason. Reads counted quarters alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import NUMBERS, AgentSums
from cti.storage.one_hop import in_one_trip
from cti.storage.rollup_tables import agent_pauses, agent_quarters
from cti.storage.tables import users

_OF = agent_quarters.c
_SUMS = [func.sum(_OF[name]) for name in NUMBERS]
People = Collection[int] | None  # ids of users; None: all


async def by_time(
    conn: AsyncConnection, since: int, until: int, people: People, grain_s: int
) -> list[tuple[int, AgentSums]]:
    """Sums of each stretch of grain_s (a quarter or an hour), in order; those in which nobody was are left out."""
    begun = (_OF.at - _OF.at % grain_s).label("begun")
    found = select(begun, *_SUMS).where(*_within(agent_quarters, since, until, people))
    found = found.group_by(text("begun")).order_by(text("begun"))

    async def read() -> list[tuple[int, AgentSums]]:
        return [(int(at), _sums(row)) for at, *row in await conn.execute(found)]

    return await in_one_trip(conn, read, ends=lambda _: False)


async def by_person(conn: AsyncConnection, since: int, until: int, people: People) -> dict[int, AgentSums]:
    """Sums of each who was there, with his pauses."""
    inside = _within(agent_quarters, since, until, people)
    found = select(_OF.user_id, *_SUMS).where(*inside).group_by(_OF.user_id)
    made = {user_id: _sums(row) for user_id, *row in await conn.execute(found)}
    own = agent_pauses.c
    paused = select(own.user_id, own.reason, func.sum(own.pause_ms))
    paused = paused.where(*_within(agent_pauses, since, until, people)).group_by(own.user_id, own.reason)
    for user_id, reason, length in await conn.execute(paused):
        made.setdefault(user_id, AgentSums()).pauses[reason] = int(length)
    return made


async def names(conn: AsyncConnection, team_id: int | None = None) -> dict[int, str]:
    """Everybody who is or was there, as he is called now; of a team: who is in it now."""
    found = select(users.c.id, users.c.name).order_by(users.c.name)
    if team_id is not None:
        found = found.where(users.c.team_id == team_id)
    return {row.id: row.name for row in await conn.execute(found)}


def _within(table: Table, since: int, until: int, people: People) -> list[ColumnElement[bool]]:
    own = [table.c.user_id.in_(people)] if people is not None else []
    return [table.c.at >= since, table.c.at < until, *own]


def _sums(row: Sequence[Any]) -> AgentSums:
    made = AgentSums()
    for name, value in zip(NUMBERS, row, strict=True):
        setattr(made, name, int(value or 0))
    return made
