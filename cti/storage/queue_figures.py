"""What was counted of queues, summed: by time, by queue; with which thresholds. Reads counted quarters and hours alone.

Whatever begins and ends at a full hour is summed from hours, in which a quarter as much has to be read; a period that
does not (a house whose clock is half an hour aside) from quarters. The key of both tables begins with the time: rows
of a time come in its order, and nothing is sorted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.intervals import HOUR_S, Interval, grain
from cti.reports.queue_sums import Thresholds, summed
from cti.storage.one_hop import in_one_trip
from cti.storage.rollup_tables import COUNTED, queue_hours, queue_quarters
from cti.storage.tables import call_waits, user_queues, users

Queues = Collection[str] | None  # None: all
Numbers = Sequence[int]  # a row as QueueSums.of takes it


async def by_time(
    conn: AsyncConnection, since: int, until: int, queues: Queues, grain_s: int
) -> list[tuple[int, Numbers]]:
    """Sums of each stretch of grain_s (a quarter or an hour), in order; those without calls are left out."""
    of = queue_hours if grain_s == HOUR_S else queue_quarters
    found = select(of.c.at, *_sums(of)).where(*within(of, since, until, queues)).group_by(of.c.at).order_by(of.c.at)

    async def read() -> list[tuple[int, Numbers]]:
        return [(int(at), _numbers(row)) for at, *row in await conn.execute(found)]

    return await in_one_trip(conn, read, ends=lambda _: False)


async def by_interval(conn: AsyncConnection, parts: Sequence[Interval], queues: Queues) -> list[Numbers]:
    """Sums of each interval, in order. Of days and more they are added up where the rows are, and none comes here."""
    if parts[0].until - parts[0].since <= HOUR_S:
        rows = await by_time(conn, parts[0].since, parts[-1].until, queues, grain(parts))
        return await asyncio.to_thread(_put_together, parts, rows)
    of = _table(*(at for one in parts for at in (one.since, one.until)))
    found = select(*_sums(of)).where(*within(of, bindparam("since"), bindparam("until"), queues))

    async def read() -> list[Numbers]:
        asked = [{"since": one.since, "until": one.until} for one in parts]
        return [_numbers((await conn.execute(found, one)).one()) for one in asked]

    return await in_one_trip(conn, read, ends=lambda _: False)


async def by_queue(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[tuple[str, Numbers]]:
    """Sums by queue, in the order of their names."""
    of = _table(since, until)
    found = select(of.c.queue, *_sums(of)).where(*within(of, since, until, queues))
    rows = await conn.execute(found.group_by(of.c.queue).order_by(of.c.queue))
    return [(queue, _numbers(row)) for queue, *row in rows]


async def thresholds(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[Thresholds]:
    """All that the period was counted with."""
    of = _table(since, until)
    pair = of.c.answer_within_s, of.c.short_s
    rows = await conn.execute(select(*pair).where(*within(of, since, until, queues)).distinct().order_by(*pair))
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


def within(of: Table, since: Any, until: Any, queues: Queues) -> list[ColumnElement[bool]]:
    """Conditions: counted quarters or hours of a time and of these queues."""
    own = [of.c.queue.in_(queues)] if queues is not None else []
    return [of.c.at >= since, of.c.at < until, *own]


def _table(*bounds: int) -> Table:
    """From what a time with these bounds is summed."""
    return queue_quarters if any(at % HOUR_S for at in bounds) else queue_hours


def _put_together(parts: Sequence[Interval], found: Sequence[tuple[int, Numbers]]) -> list[Numbers]:
    """Sums of quarters or hours as those of intervals, also of empty ones."""
    made: list[Numbers] = []
    place = 0
    for part in parts:
        begin = place
        while place < len(found) and found[place][0] < part.until:
            place += 1
        made.append(summed(row for _, row in found[begin:place]))
    return made


def _sums(of: Table) -> list[ColumnElement[Any]]:
    return [(func.max if name == "longest_ms" else func.sum)(of.c[name]) for name in COUNTED]


def _numbers(row: Sequence[Any]) -> Numbers:
    return [int(value or 0) for value in row]
