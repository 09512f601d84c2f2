"""What each agent was told that must not be lost: one row per agent and seq, replayed after a lost connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.desktop import Notice
from cti.storage.tables import calls, desktop_events

__all__ = [
    "Connection", "NewEvent", "StoredEvent", "append", "forget_before", "last_seqs", "of_notice", "of_open_calls",
    "pops_since", "shown", "since", "unshown",
]  # fmt: skip

Connection = AsyncConnection  # for those who only pass it on

OPEN_LIMIT = 5000
_APPEND = text(  # read once: it stands on the way from a ring to a card
    "INSERT INTO desktop_events (agent_id, seq, kind, call_id, payload, created_at)"
    " VALUES (:agent_id, :seq, :kind, :call_id, :payload, :created_at) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event to store. kind: screen_pop or message. payload: JSON of the record in cti/desktop.py."""

    agent_id: int
    seq: int
    kind: str
    call_id: str | None
    payload: str
    created_at: float


def of_notice(user_id: int, notice: Notice) -> NewEvent:
    """What somebody is told, as it is stored."""
    payload = msgspec.json.encode(notice).decode()
    return NewEvent(
        agent_id=user_id, seq=notice.seq, kind="message", call_id=None, payload=payload, created_at=notice.at
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEvent(NewEvent):
    """An event as stored. shown_at: when its card was painted; None: not acknowledged."""

    shown_at: float | None
    latency_ms: float | None


async def append(conn: AsyncConnection, rows: Sequence[NewEvent]) -> None:
    """Store events; one that is there already stays as it is, so that a repeated write does no harm."""
    if rows:
        await conn.execute(_APPEND, [{name: getattr(row, name) for name in NewEvent.__slots__} for row in rows])


async def since(conn: AsyncConnection, agent_id: int, seq: int, limit: int = 200) -> list[StoredEvent]:
    """The agent's events after `seq`, in order."""
    own = select(desktop_events).where(desktop_events.c.agent_id == agent_id, desktop_events.c.seq > seq)
    rows = await conn.execute(own.order_by(desktop_events.c.seq).limit(limit))
    return [StoredEvent(**row._mapping) for row in rows]


async def unshown(conn: AsyncConnection, agent_id: int, kind: str = "") -> list[StoredEvent]:
    """The agent's events that no browser acknowledged, in order. kind: only these."""
    own = select(desktop_events).where(desktop_events.c.agent_id == agent_id, desktop_events.c.shown_at.is_(None))
    own = own.where(desktop_events.c.kind == kind) if kind else own
    rows = await conn.execute(own.order_by(desktop_events.c.seq))
    return [StoredEvent(**row._mapping) for row in rows]


async def pops_since(conn: AsyncConnection, agent_id: int, t: float) -> list[StoredEvent]:
    """The agent's cards from `t` on, oldest first."""
    own = select(desktop_events).where(
        desktop_events.c.agent_id == agent_id,
        desktop_events.c.kind == "screen_pop",
        desktop_events.c.created_at >= t,
    )
    return [StoredEvent(**row._mapping) for row in await conn.execute(own.order_by(desktop_events.c.seq).limit(100))]


async def of_open_calls(conn: AsyncConnection) -> list[StoredEvent]:
    """Pops of calls that are not over (or whose own row was not written yet), oldest first."""
    over = select(calls.c.id).where(calls.c.id == desktop_events.c.call_id, calls.c.outcome.is_not(None)).exists()
    pops = select(desktop_events).where(desktop_events.c.kind == "screen_pop", ~over)
    rows = await conn.execute(pops.order_by(desktop_events.c.created_at.desc()).limit(OPEN_LIMIT))
    return [StoredEvent(**row._mapping) for row in rows][::-1]


async def shown(conn: AsyncConnection, agent_id: int, seq: int, at: float, latency_ms: float | None) -> bool:
    """The card was painted; only the first word counts. False when it was known or there is no such event."""
    result = await conn.execute(
        text(
            "UPDATE desktop_events SET shown_at = :at, latency_ms = :latency"
            " WHERE agent_id = :agent AND seq = :seq AND shown_at IS NULL"
        ),
        {"at": at, "latency": latency_ms, "agent": agent_id, "seq": seq},
    )
    return result.rowcount == 1


async def last_seqs(conn: AsyncConnection) -> dict[int, int]:
    """The last seq of every agent who has any."""
    rows = await conn.execute(text("SELECT agent_id, max(seq) AS seq FROM desktop_events GROUP BY agent_id"))
    return {row.agent_id: row.seq for row in rows}


async def forget_before(conn: AsyncConnection, t: float) -> int:
    """Remove events older than `t`, but each agent's last one: seqs must never start anew."""
    result = await conn.execute(
        text(
            "DELETE FROM desktop_events WHERE created_at < :t AND seq <"
            " (SELECT max(l.seq) FROM desktop_events l WHERE l.agent_id = desktop_events.agent_id)"
        ),
        {"t": t},
    )
    return result.rowcount
