"""How long recordings are kept, by queue: the rules, what they would delete, and deleting it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.recording_tables import recording_rules, recordings
from cti.storage.recordings import not_held
from cti.storage.tables import calls

DAY_S = 86400.0
AT_ONCE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """keep_days: None for good. demanded: each talk ought to be recorded. since: it deletes nothing before."""

    keep_days: int | None = None
    demanded: bool = False
    since: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What a rule would delete now. held: those that are past their time and stay, because somebody holds them."""

    count: int
    size: int
    oldest: float | None
    held: int


async def every(conn: AsyncConnection) -> dict[str, Rule]:
    """By queue; "": of all that have none of their own."""
    row = recording_rules.c
    asked = select(row.queue, row.keep_days, row.demanded, row.since)
    return {queue: Rule(keep_days=days, demanded=asks, since=since)
            for queue, days, asks, since in await conn.execute(asked)}  # fmt: skip


async def keep(conn: AsyncConnection, queue: str, rule: Rule | None, user_id: int) -> None:
    """A queue's own rule, or that of all; None: as all."""
    await conn.execute(delete(recording_rules).where(recording_rules.c.queue == queue))
    if rule is not None:
        values = {"keep_days": rule.keep_days, "demanded": rule.demanded, "since": rule.since, "user_id": user_id}
        await conn.execute(insert(recording_rules).values(queue=queue, **values))


async def due(conn: AsyncConnection, queue: str, days: int, own: Collection[str], now: float) -> Due:
    """What would go if such a rule held now. own: queues that have rules of their own."""
    row, free = recordings.c, not_held(now)
    asked = (
        select(
            func.coalesce(func.sum(case((free, 1), else_=0)), 0),
            func.coalesce(func.sum(case((free, row.size), else_=0)), 0),
            func.min(case((free, row.started_at), else_=None)),
            func.coalesce(func.sum(case((free, 0), else_=1)), 0),
        )
        .outerjoin_from(recordings, calls, calls.c.id == row.call_id)
        .where(*_past(queue, days, own, now))
    )
    count, size, oldest, held = (await conn.execute(asked)).one()
    return Due(count=int(count), size=int(size or 0), oldest=oldest, held=int(held))


async def expire(conn: AsyncConnection, rules: Mapping[str, Rule], now: float) -> int:
    """Mark some of those whose time is over as deleted; how many. 0: there are no more."""
    gone = 0
    own = [queue for queue in rules if queue]
    for queue, rule in rules.items():
        if rule.keep_days is None or rule.since > now:
            continue
        ids = (
            select(recordings.c.id)
            .outerjoin_from(recordings, calls, calls.c.id == recordings.c.call_id)
            .where(*_past(queue, rule.keep_days, own, now), not_held(now))
            .limit(AT_ONCE)
        )
        found = [*(await conn.execute(ids)).scalars()]
        old = update(recordings).where(recordings.c.id.in_(found), not_held(now))
        gone += (await conn.execute(old.values(state="deleted", why="old", peaks="", leg=""))).rowcount if found else 0
    return gone


def _past(queue: str, days: int, own: Collection[str], now: float) -> tuple[Any, ...]:
    """Conditions: of this queue, and begun so long ago."""
    named = calls.c.queue == queue if queue else or_(calls.c.queue.is_(None), calls.c.queue.not_in([*own]))
    old = and_(recordings.c.started_at < now - days * DAY_S, recordings.c.state.in_(("there", "absent")))
    return named, old
