"""Incoming calls by the number that was called, and the calls behind each of these numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.kpi import service_level
from cti.reports.number_levels import Level
from cti.storage import number_rollups
from cti.storage.journal import CallRow, by_ids
from cti.storage.number_rollups import KIND, NUMBER
from cti.storage.one_hop import in_one_trip
from cti.storage.queue_figures import Queues
from cti.storage.report_limits import all_of
from cti.storage.rollup_tables import number_levels
from cti.storage.search import KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls

MOST_NUMBERS = 1000
_C, _OF = calls.c, number_levels.c
KINDS = ("calls", *number_rollups.KINDS)  # calls: all of them


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberRow:
    """A number, "" where nobody knows which was called. counts: by KINDS. level: of its calls in queues."""

    number: str
    counts: dict[str, int]
    level: float | None


async def by_number(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[NumberRow]:
    """The numbers that were called, the most called first."""
    own = number_rollups.counted(since, until, queues).c
    whole = func.sum(own.n)
    kinds = [func.sum(case((own.kind == kind, own.n), else_=0)).label(kind) for kind in number_rollups.KINDS]
    found = select(own.called, whole.label("calls"), *kinds).group_by(own.called).having(whole > 0)
    rows = await all_of(conn, found.order_by(whole.desc(), own.called), MOST_NUMBERS)
    levels = await _levels(conn, since, until, queues)
    return [
        NumberRow(
            number=row.called,
            counts={kind: int(getattr(row, kind)) for kind in KINDS},
            level=_level(levels.get(row.called, Level())),
        )
        for row in rows
    ]


def _level(own: Level) -> float | None:
    return service_level(in_time=own.in_t, answered=own.answered, abandoned=own.abandoned, abandoned_soon=own.short)


async def _levels(conn: AsyncConnection, since: int, until: int, queues: Queues) -> dict[str, Level]:
    """What the service level is reckoned of, by number: of the stays that began in the time."""
    own = [_OF.queue.in_(queues)] if queues is not None else []
    found = select(_OF.called, *(func.sum(_OF[name]) for name in Level._fields))
    found = found.where(_OF.at >= since, _OF.at < until, *own).group_by(_OF.called)
    return {called: Level(*map(int, row)) for called, *row in await conn.execute(found)}


async def behind(
    conn: AsyncConnection,
    kind: str,
    since: int,
    until: int,
    number: str | None,
    queues: Queues,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CallRow]:
    """Calls of a kind, newest first. number: None: of all. Raises Refused for a cursor that was not made here."""
    key = read_cursor(cursor, tuple[float, KeyText]) if cursor is not None else None
    asked = _Behind(conn=conn, kind=None if kind == "calls" else kind, number=number, queues=queues, key=key)
    total = await asked.total(since, until) if key is None else None
    last_at = until if key is None else min(until, int(key[0]) + 1)
    rows = await in_one_trip(conn, lambda: asked.newest(since, last_at, limit + 1), ends=lambda _: False)
    known = await by_ids(conn, [row.id for row in rows[:limit]])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=[known[row.id] for row in rows[:limit]],
        total=total,
        next_cursor=write_cursor(last.started_at, last.id) if last else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Behind:
    """Calls of a kind (None: any) to a number (None: any). key: where the page before ended."""

    conn: AsyncConnection
    kind: str | None
    number: str | None
    queues: Queues
    key: tuple[float, str] | None

    async def total(self, since: int, until: int) -> int:
        own = number_rollups.counted(since, until, self.queues).c
        found = select(func.coalesce(func.sum(own.n), 0)).where(*number_rollups.of(own, self.number, self.kind))
        return int((await self.conn.execute(found)).scalar_one())

    async def newest(self, since: int, until: int, most: int) -> list[Any]:
        """So many of them; of whole days only those are looked through that have some."""
        days = number_rollups.whole_days(since, until)
        rows = await self._some(max(since, days.stop) if days else since, until, most)
        if days and len(rows) < most:
            asked = self.queues, self.number, self.kind, most - len(rows)
            for day in await number_rollups.days_with(self.conn, days, *asked):
                rows += await self._some(day, day + number_rollups.DAY_S, most - len(rows))
            rows += await self._some(since, days.start, most - len(rows))
        return rows

    async def _some(self, since: int, until: int, most: int) -> list[Any]:
        if since >= until or not most:
            return []
        inside = number_rollups.came(since, until, self.queues)
        inside += number_rollups.of({"called": NUMBER, "kind": KIND}, self.number, self.kind)
        inside += [tuple_(_C.started_at, _C.id) < tuple_(*self.key)] if self.key is not None else []
        found = select(_C.id, _C.started_at).where(*inside).order_by(_C.started_at.desc(), _C.id.desc())
        return list((await self.conn.execute(found.limit(most))).all())
