"""What people were for the queues: an append-only journal, its corrections, the reasons and each queue's settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.duty_tables import agent_state_corrections, agent_states, pause_reasons, queue_settings
from cti.storage.tables import users
from cti.telephony.duty import Duty, State

MOST = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What a line of the journal really was, by whom and why it is said."""

    at: float
    user_name: str
    state: str
    reason: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StateRow:
    """A line of the journal: from `at` to the next line's."""

    id: int
    at: float
    state: str
    reason: str
    by: str
    by_name: str
    queue: str
    call_id: str
    desk: str
    corrections: tuple[Correction, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A reason that people may give for not being ready. work: it counts as work, not as a break."""

    id: int
    name: str
    work: bool = False
    retired: bool = False


async def current(conn: AsyncConnection) -> dict[int, Duty]:
    """The last line of each person."""
    seen = agent_states.c.past_id.is_(None)
    last = select(func.max(agent_states.c.id)).where(seen).group_by(agent_states.c.user_id)
    rows = await conn.execute(select(agent_states).where(agent_states.c.id.in_(last)))
    return {row.user_id: _duty(row) for row in rows}


def _duty(row: Any) -> Duty:
    return Duty(
        state=row.state,
        reason=row.reason,
        since=row.at,
        by=row.said_by,
        until=row.until,
        back=row.back,
        back_reason=row.back_reason,
        queue=row.queue,
        call=row.call_id,
        held=bool(row.held),
    )


async def append(conn: AsyncConnection, user_id: int, duty: Duty, by_user_id: int | None, desk: str = "") -> None:
    """One more line. desk: the shared desk phone at which he sits."""
    await conn.execute(
        insert(agent_states).values(
            user_id=user_id,
            at=duty.since,
            state=duty.state,
            reason=duty.reason,
            said_by=duty.by,
            by_user_id=by_user_id,
            until=duty.until,
            back=duty.back,
            back_reason=duty.back_reason,
            queue=duty.queue,
            call_id=duty.call,
            held=duty.held,
            desk=desk,
        )
    )


async def journal(conn: AsyncConnection, user_id: int, *, since: float, until: float) -> list[StateRow]:
    """A person's lines of a time, oldest first, with the one that was under way at its beginning; at most MOST."""
    started = select(func.max(agent_states.c.at)).where(agent_states.c.user_id == user_id, agent_states.c.at <= since)
    begin = (await conn.execute(started)).scalar_one() or since
    asked = (
        select(agent_states, func.coalesce(users.c.name, "").label("by_name"))
        .select_from(agent_states.outerjoin(users, users.c.id == agent_states.c.by_user_id))
        .where(agent_states.c.user_id == user_id, agent_states.c.at >= begin, agent_states.c.at < until)
        .order_by(agent_states.c.at, agent_states.c.id)
        .limit(MOST)
    )
    rows = (await conn.execute(asked)).all()
    said = await _corrections(conn, [row.id for row in rows])
    return [
        StateRow(
            id=row.id,
            at=row.at,
            state=row.state,
            reason=row.reason,
            by=row.said_by,
            by_name=row.by_name,
            queue=row.queue,
            call_id=row.call_id,
            desk=row.desk,
            corrections=tuple(said.get(row.id, ())),
        )
        for row in rows
    ]


async def _corrections(conn: AsyncConnection, ids: list[int]) -> dict[int, list[Correction]]:
    found: dict[int, list[Correction]] = {}
    table = agent_state_corrections
    asked = (
        select(table, func.coalesce(users.c.name, "").label("user_name"))
        .select_from(table.outerjoin(users, users.c.id == table.c.user_id))
        .where(table.c.state_id.in_(ids))
        .order_by(table.c.id)
    )
    for row in await conn.execute(asked):
        one = Correction(at=row.at, user_name=row.user_name, state=row.state, reason=row.reason, why=row.why)
        found.setdefault(row.state_id, []).append(one)
    return found


async def owner_of(conn: AsyncConnection, state_id: int) -> int | None:
    """Whose line it is."""
    asked = select(agent_states.c.user_id).where(agent_states.c.id == state_id)
    return (await conn.execute(asked)).scalar_one_or_none()


async def correct(
    conn: AsyncConnection, state_id: int, *, state: State, reason: str, why: str, at: float, user_id: int
) -> None:
    """Say what a line really was; the line itself stays."""
    values = {"state_id": state_id, "at": at, "user_id": user_id, "state": state, "reason": reason, "why": why}
    await conn.execute(insert(agent_state_corrections).values(**values))


# Reasons and queues ---------------------------------------------------------------------------------------------------
async def reasons(conn: AsyncConnection, *, retired: bool = False) -> list[Reason]:
    """Reasons in their order; with those no longer offered where asked."""
    asked = select(pause_reasons).order_by(pause_reasons.c.position, pause_reasons.c.id)
    if not retired:
        asked = asked.where(pause_reasons.c.retired_at.is_(None))
    rows = await conn.execute(asked)
    return [Reason(id=r.id, name=r.name, work=bool(r.work), retired=r.retired_at is not None) for r in rows]


async def keep_reasons(conn: AsyncConnection, wanted: list[Reason], now: float) -> None:
    """These, in this order: an id of 0 is a new one. Raises IntegrityError where two have one name."""
    for place, one in enumerate(wanted):
        values = {"name": one.name, "position": place, "work": one.work, "retired_at": now if one.retired else None}
        if one.id:
            await conn.execute(update(pause_reasons).where(pause_reasons.c.id == one.id).values(**values))
        else:
            await conn.execute(insert(pause_reasons).values(**values))


async def wrap_up_times(conn: AsyncConnection) -> dict[str, int]:
    """Seconds of work after a call, by queue, where a queue has its own."""
    rows = await conn.execute(select(queue_settings).where(queue_settings.c.wrap_up_s.is_not(None)))
    return {row.queue: row.wrap_up_s for row in rows}


async def set_queue(conn: AsyncConnection, queue: str, seconds: int | None, *, required: bool) -> None:
    """A queue's own time, or None for the installation's; whether its calls need a result."""
    await conn.execute(delete(queue_settings).where(queue_settings.c.queue == queue))
    values = {"queue": queue, "wrap_up_s": seconds, "disposition_required": required}
    await conn.execute(insert(queue_settings).values(**values))
