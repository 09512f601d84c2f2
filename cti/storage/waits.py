"""Stays of callers in queues: one row each, in the order in which a call entered them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.telephony.events import CallRecord, Wait

_SAVE = text(
    "INSERT INTO call_waits (call_id, place, queue, joined_at, left_at, how, position)"
    " VALUES (:call_id, :place, :queue, :joined, :left, :how, :position)"
    " ON CONFLICT (call_id, place) DO UPDATE SET queue = excluded.queue,"
    " joined_at = COALESCE(excluded.joined_at, call_waits.joined_at),"
    " left_at = COALESCE(excluded.left_at, call_waits.left_at), how = COALESCE(excluded.how, call_waits.how)"
)
_OF_CALLS = text("SELECT * FROM call_waits WHERE call_id IN :ids ORDER BY call_id, place").bindparams(
    bindparam("ids", expanding=True)
)
QUEUE_CHARS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """One stay. how: answered, abandoned, diverted, timeout, leaveempty, joinempty, full, other; None: still there."""

    queue: str
    joined_at: float | None
    left_at: float | None
    how: str | None
    position: int | None


async def save(conn: AsyncConnection, record: CallRecord) -> None:
    """Write the stays of a call as known now."""
    rows = [
        {
            "call_id": record.call, "place": place, "queue": wait.queue.replace("\0", "")[:QUEUE_CHARS],
            "joined": wait.joined, "left": wait.left, "how": wait.how, "position": wait.position,
        }
        for place, wait in enumerate(record.waits)
    ]  # fmt: skip
    if rows:
        await conn.execute(_SAVE, rows)


async def of_calls(conn: AsyncConnection, ids: Sequence[str]) -> dict[str, tuple[Stay, ...]]:
    """Stays by call, in order."""
    found: dict[str, tuple[Stay, ...]] = {}
    for row in await conn.execute(_OF_CALLS, {"ids": list(ids)}):
        stay = Stay(queue=row.queue, joined_at=row.joined_at, left_at=row.left_at, how=row.how, position=row.position)
        found[row.call_id] = (*found.get(row.call_id, ()), stay)
    return found


def as_records(stays: Sequence[Stay]) -> tuple[Wait, ...]:
    """As the tracker takes them over."""
    return tuple(
        Wait(queue=stay.queue, joined=stay.joined_at, left=stay.left_at, how=stay.how, position=stay.position)
        for stay in stays
    )
