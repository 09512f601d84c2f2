"""What was counted of people, summed: by time, by person; their pauses by reason. Reads what is counted alone.

By person whole days of UTC are summed from days, and what a period has beside them, in whatever zone it begins and
ends, from quarters; by time hours are read in the order of their key, and nothing is sorted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, Table, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import NUMBERS, AgentSums
from cti.reports.intervals import HOUR_S
from cti.storage.one_hop import in_one_trip
from cti.storage.rollup_tables import agent_days, agent_hours, agent_pause_days, agent_pauses, agent_quarters
from cti.storage.tables import users

DAY_S = 86_400
FEW = 20  # people of whom each is looked up
People = Collection[int] | None  # ids of users; None: all


async def by_time(
    conn: AsyncConnection, since: int, until: int, people: People, grain_s: int
) -> list[tuple[int, AgentSums]]:
    """Sums of each stretch of grain_s (a quarter or an hour), in order; those in which nobody was are left out."""
    of = agent_hours if grain_s == HOUR_S else agent_quarters
    inside = _within(of, since, until, people)
    if people is not None and len(people) > FEW:  # read in the order of time, not person by person and sorted then
        inside = [*_within(of, since, until, None), literal_column(f"+{of.name}.user_id", Integer).in_(people)]
    found = select(of.c.at, *_sums(of)).where(*inside).group_by(of.c.at).order_by(of.c.at)

    async def read() -> list[tuple[int, AgentSums]]:
        return [(int(at), _made(row)) for at, *row in await conn.execute(found)]

    return await in_one_trip(conn, read, ends=lambda _: False)


async def by_person(conn: AsyncConnection, since: int, until: int, people: People) -> dict[int, AgentSums]:
    """Sums of each who was there, with his pauses."""
    made: dict[int, AgentSums] = {}
    for of, begin, end in parts_of(since, until):
        found = select(of.c.user_id, *_sums(of)).where(*_within(of, begin, end, people)).group_by(of.c.user_id)
        for user_id, *row in await conn.execute(found):
            made.setdefault(user_id, AgentSums()).add(_made(row))
        pauses = agent_pause_days if of is agent_days else agent_pauses
        own = pauses.c
        paused = select(own.user_id, own.reason, func.sum(own.pause_ms)).where(*_within(pauses, begin, end, people))
        for user_id, reason, length in await conn.execute(paused.group_by(own.user_id, own.reason)):
            made.setdefault(user_id, AgentSums()).add(AgentSums(pauses={reason: int(length)}))
    return made


def parts_of(since: int, until: int) -> Iterator[tuple[Table, int, int]]:
    """Where people's sums of a time are read, part by part: its whole days of UTC, and what is before and after."""
    first, last = -(-since // DAY_S) * DAY_S, until // DAY_S * DAY_S
    parts = [(agent_quarters, since, first), (agent_days, first, last), (agent_quarters, last, until)]
    if first >= last:
        parts = [(agent_quarters, since, until)]
    yield from (one for one in parts if one[1] < one[2])


async def names(conn: AsyncConnection, team_id: int | None = None) -> dict[int, str]:
    """Everybody who is or was there, as he is called now; of a team: who is in it now."""
    found = select(users.c.id, users.c.name).order_by(users.c.name)
    if team_id is not None:
        found = found.where(users.c.team_id == team_id)
    return {row.id: row.name for row in await conn.execute(found)}


def _within(table: Table, since: int, until: int, people: People) -> list[ColumnElement[bool]]:
    own = [table.c.user_id.in_(people)] if people is not None else []
    return [table.c.at >= since, table.c.at < until, *own]


def _sums(of: Table) -> list[ColumnElement[Any]]:
    return [func.sum(of.c[name]) for name in NUMBERS]


def _made(row: Sequence[Any]) -> AgentSums:
    made = AgentSums()
    for name, value in zip(NUMBERS, row, strict=True):
        setattr(made, name, int(value or 0))
    return made
