"""Quarters of queues counted anew from the journal: the marks, the calls behind them, the counted rows.

A mark is taken away in the transaction that writes what was counted, and only one that was there before the calls were
read: what changes meanwhile has a mark of its own, and is counted again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.kpi import VERSION
from cti.reports.number_levels import Levels
from cti.reports.queue_sums import (
    PLAIN,
    QUARTER_S,
    Call,
    History,
    QueueSums,
    Stay,
    Talk,
    WrapUp,
    in_force,
    milliseconds,
    quarter,
)
from cti.storage.rollup_tables import ABANDONED_WAITS, WAITS, number_levels, queue_marks, queue_quarters

AT_ONCE = 500  # marks looked at
_CALLS = "(SELECT call_id FROM call_waits WHERE queue = :queue AND joined_at >= :since AND joined_at < :until)"
_STAYS = text(
    "SELECT w.call_id, w.queue, w.joined_at, w.left_at, w.how, c.outcome, c.ended_at, c.caller_device,"  # noqa: S608 - our own words
    " c.direction, c.called FROM call_waits w JOIN calls c ON c.id = w.call_id"
    f" WHERE w.call_id IN {_CALLS} AND w.joined_at IS NOT NULL"
    " ORDER BY w.call_id, w.place"
)
_TALKS = text(  # of those who were called: the caller's own leg is none of them
    "SELECT l.call_id, l.answered_at, l.talk_s, l.hold_s, l.device"  # noqa: S608 - our own words
    f" FROM legs l WHERE l.call_id IN {_CALLS} AND l.answered_at IS NOT NULL AND l.talk_s IS NOT NULL"
    " AND (l.rang_at IS NOT NULL OR l.user_id IS NOT NULL)"
)
_SAID = "(SELECT c.state FROM agent_state_corrections c WHERE c.state_id = s.id ORDER BY c.id DESC LIMIT 1)"
_WRAP_UPS = text(  # those that are over
    "SELECT s.call_id, s.queue, s.at, (SELECT n.at FROM agent_states n WHERE n.user_id = s.user_id"  # noqa: S608 - our own words
    " AND (n.at > s.at OR (n.at = s.at AND n.id > s.id)) ORDER BY n.at, n.id LIMIT 1) AS ended"
    f" FROM agent_states s WHERE s.call_id IN {_CALLS} AND COALESCE({_SAID}, s.state) = 'after-call'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Quarters of a queue that changed."""

    id: int
    queue: str
    since: float
    until: float

    @property
    def quarters(self) -> range:
        """When they begin."""
        return range(quarter(self.since), quarter(self.until) + 1, QUARTER_S)


async def marks(conn: AsyncConnection, since: float, until: float) -> list[Mark]:
    """Some of those that lie in a time, the newest first."""
    own = queue_marks.c
    found = select(queue_marks).where(own.until >= quarter(since), own.since < until)
    rows = await conn.execute(found.order_by(own.id.desc()).limit(AT_ONCE))
    return [Mark(id=row.id, queue=row.queue, since=row.since, until=row.until) for row in rows]


async def left(conn: AsyncConnection, since: float, until: float) -> int:
    """How many marks lie in a time."""
    own = queue_marks.c
    counted = select(func.count()).where(own.until >= quarter(since), own.since < until)
    return (await conn.execute(counted)).scalar_one()


async def calls(conn: AsyncConnection, queue: str, since: float, until: float) -> list[Call]:
    """The calls that came into the queue in a time, each with all of its stays."""
    asked = {"queue": queue, "since": since, "until": until}
    stays: dict[str, list[Any]] = {}
    for row in await conn.execute(_STAYS, asked):
        stays.setdefault(row.call_id, []).append(row)
    talks: dict[str, list[Talk]] = {}
    for row in await conn.execute(_TALKS, asked):
        caller = stays[row.call_id][0].caller_device if row.call_id in stays else None
        if row.device is None or row.device != caller:
            talk = Talk(
                began=row.answered_at, talk_ms=milliseconds(row.talk_s), hold_ms=milliseconds(row.hold_s or 0.0)
            )
            talks.setdefault(row.call_id, []).append(talk)
    wrap_ups: dict[str, list[WrapUp]] = {}
    for row in await conn.execute(_WRAP_UPS, asked):
        if row.ended is not None:
            length = milliseconds(max(0.0, row.ended - row.at))
            wrap_ups.setdefault(row.call_id, []).append(WrapUp(queue=row.queue, began=row.at, length_ms=length))
    return [
        Call(
            over=rows[0].outcome is not None or rows[0].ended_at is not None,
            inbound=rows[0].direction == "inbound",
            called=rows[0].called or "",
            stays=[Stay(queue=row.queue, joined=row.joined_at, left=row.left_at, how=row.how) for row in rows],
            talks=talks.get(call_id, ()),
            wrap_ups=wrap_ups.get(call_id, ()),
        )
        for call_id, rows in stays.items()
    ]


_REMOVE = [
    delete(table).where(table.c.queue == bindparam("of"), table.c.at == bindparam("quarter"))
    for table in (queue_quarters, number_levels)
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A quarter of a queue."""

    sums: QueueSums
    levels: Levels


async def write(
    conn: AsyncConnection,
    counted: Mapping[tuple[str, int], Counted | None],
    history: History,
    done: Collection[int],
) -> None:
    """Put counted quarters in place of what was there (None: nothing came then), and take the marks away."""
    for gone in _REMOVE if counted else ():
        await conn.execute(gone, [{"of": queue, "quarter": at} for queue, at in counted])
    there = [(queue, at, one) for (queue, at), one in counted.items() if one is not None]
    if there:
        await conn.execute(insert(queue_quarters), [_row(queue, at, one.sums, history) for queue, at, one in there])
    levels = [
        {"queue": queue, "at": at, "called": called, **level._asdict()}
        for queue, at, one in there
        for called, level in one.levels.items()
    ]
    if levels:
        await conn.execute(insert(number_levels), levels)
    if done:
        gone = delete(queue_marks).where(queue_marks.c.id == bindparam("mark"))
        await conn.execute(gone, [{"mark": mark} for mark in done])


def _row(queue: str, at: int, sums: QueueSums, history: History) -> dict[str, Any]:
    thresholds = in_force(history, queue, at)
    return {
        "queue": queue,
        "at": at,
        "version": VERSION,
        "answer_within_s": thresholds.answer_within_s,
        "short_s": thresholds.short_s,
        **{name: getattr(sums, name) for name in PLAIN},
        **dict(zip(WAITS, sums.waits, strict=True)),
        **dict(zip(ABANDONED_WAITS, sums.abandoned_waits, strict=True)),
    }
