"""Incoming calls by the number that was called, and the calls behind each of these numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.kpi import service_level
from cti.reports.number_levels import Level
from cti.storage.journal import CallRow, by_ids
from cti.storage.queue_figures import Queues
from cti.storage.report_limits import all_of
from cti.storage.rollup_tables import number_levels
from cti.storage.search import KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls

MOST_NUMBERS = 1000
_C, _OF = calls.c, number_levels.c
_INBOUND = _C.direction == literal_column("'inbound'")  # as the index of them has it
_VAIN = _C.answered_at.is_(None)
KINDS: dict[str, ColumnElement[bool]] = {
    "calls": true(),
    "answered": _C.answered_at.is_not(None),
    "abandoned": and_(_VAIN, _C.outcome == "abandoned"),
    "others": and_(_VAIN, _C.outcome.is_not(None), _C.outcome != "abandoned"),
    "open": and_(_VAIN, _C.outcome.is_(None), _C.ended_at.is_(None)),
    "unseen": and_(_VAIN, _C.outcome.is_(None), _C.ended_at.is_not(None)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberRow:
    """A number, "" where nobody knows which was called. counts: by KINDS. level: of its calls in queues."""

    number: str
    counts: dict[str, int]
    level: float | None


async def by_number(conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[NumberRow]:
    """The numbers that were called, the most called first."""
    number = func.coalesce(_C.called, "").label("number")
    counted = [func.sum(case((condition, 1), else_=0)).label(kind) for kind, condition in KINDS.items()]
    found = select(number, *counted).where(*_inside(since, until, queues)).group_by(number)
    rows = await all_of(conn, found.order_by(func.count().desc(), number), MOST_NUMBERS)
    levels = await _levels(conn, since, until, queues)
    return [
        NumberRow(
            number=row.number,
            counts={kind: int(getattr(row, kind)) for kind in KINDS},
            level=_level(levels.get(row.number, Level())),
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
    inside = [*_inside(since, until, queues), KINDS[kind]]
    inside += [func.coalesce(_C.called, "") == number] if number is not None else []
    total = None
    if cursor is None:
        total = int((await conn.execute(select(func.count()).select_from(calls).where(*inside))).scalar_one())
    else:
        inside.append(tuple_(_C.started_at, _C.id) < tuple_(*read_cursor(cursor, tuple[float, KeyText])))
    found = select(_C.id, _C.started_at).where(*inside).order_by(_C.started_at.desc(), _C.id.desc())
    rows: Sequence[Any] = (await conn.execute(found.limit(limit + 1))).all()
    known = await by_ids(conn, [row.id for row in rows[:limit]])
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=[known[row.id] for row in rows[:limit]],
        total=total,
        next_cursor=write_cursor(last.started_at, last.id) if last else None,
    )


def _inside(since: int, until: int, queues: Queues) -> list[ColumnElement[bool]]:
    own = [_C.queue.in_(queues)] if queues is not None else []
    return [_C.started_at >= since, _C.started_at < until, _INBOUND, *own]
