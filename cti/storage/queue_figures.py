"""What was counted of queues, summed: by time, by queue; with which thresholds. Reads counted quarters alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.queue_sums import Thresholds
from cti.storage.one_hop import in_one_trip
from cti.storage.rollup_tables import COUNTED, queue_quarters
from cti.storage.tables import call_waits, user_queues, users

_OF = queue_quarters.c
_SUMS = [(func.max if name == "longest_ms" else func.sum)(_OF[name]) for name in COUNTED]
Queues = Collection[str] | None  # None: all
Numbers = Sequence[int]  # a row as QueueSums.of takes it


async def by_time(
    conn: AsyncConnection, since: int, until: int, queues: Queues, grain_s: int
) -> list[tuple[int, Numbers]]:
    """Sums of each stretch of grain_s (a quarter or an hour), in order; those without calls are left out."""
    begun = (_OF.at - _OF.at % grain_s).label("begun")
    found = select(begun, *_SUMS).where(*within(since, until, queues))
    found = found.group_by(text("begun")).order_by(text("begun"))

    async def read() -> list[tuple[int, Numbers]]:
        return [(int(at), _numbers(row)) for at, *row in await conn.execute(found)]

    return await in_one_trip(conn, read, ends=lambda _: False)


async def by_queue(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[tuple[str, Numbers]]:
    """Sums by queue, in the order of their names."""
    found = select(_OF.queue, *_SUMS).where(*within(since, until, queues)).group_by(_OF.queue).order_by(_OF.queue)
    return [(queue, _numbers(row)) for queue, *row in await conn.execute(found)]


async def thresholds(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[Thresholds]:
    """All that the period was counted with."""
    found = select(_OF.answer_within_s, _OF.short_s).where(*within(since, until, queues)).distinct()
    rows = await conn.execute(found.order_by(_OF.answer_within_s, _OF.short_s))
    return [Thresholds(answer_within_s=row.answer_within_s, short_s=row.short_s) for row in rows]


async def known_queues(conn: AsyncConnection, team_id: int | None = None) -> list[str]:
    """Queues that people work in or callers came into, by name; of a team: those its people work in."""
    worked = select(user_queues.c.queue).join_from(user_queues, users, users.c.id == user_queues.c.user_id)
    if team_id is not None:
        return sorted(set((await conn.execute(worked.where(users.c.team_id == team_id))).scalars()))
    names = set((await conn.execute(worked)).scalars())
    last: str | None = ""
    while last is not None:  # from name to name along the key, not through all stays
        beyond = select(func.min(call_waits.c.queue)).where(call_waits.c.queue > last)
        last = (await conn.execute(beyond)).scalar()
        names |= {last} if last is not None else set()
    return sorted(names - {""})


async def without_time(conn: AsyncConnection, queues: Sequence[str]) -> int:
    """Stays of which nobody knows when they began: they stand in no interval."""
    counted = select(func.count()).where(call_waits.c.queue.in_(queues), call_waits.c.joined_at.is_(None))
    return (await conn.execute(counted)).scalar_one()


def within(since: int, until: int, queues: Queues) -> list[ColumnElement[bool]]:
    """Conditions: counted quarters of a time and of these queues."""
    own = [_OF.queue.in_(queues)] if queues is not None else []
    return [_OF.at >= since, _OF.at < until, *own]


def _numbers(row: Sequence[Any]) -> Numbers:
    return [int(value or 0) for value in row]
