"""What lies behind a low service level of a queue: its people's time, their pauses, and calls that rang in vain."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused
from cti.reports.agent_sums import NUMBERS, AgentSums
from cti.reports.staffing import Offer
from cti.storage.rollup_tables import agent_pauses, agent_quarters
from cti.storage.tables import user_queues, users

BEFORE_S = 4 * 3600.0  # a caller who came so long before may still be offered
RING_MOST_S = 300.0
MOST_LEGS = 50_000
_LEGS = text(
    "SELECT DISTINCT l.call_id, l.leg_id, l.user_id, l.rang_at, l.answered_at, l.ended_at, l.result"
    " FROM call_waits w JOIN legs l ON l.call_id = w.call_id"
    " WHERE w.queue = :queue AND w.joined_at >= :before AND w.joined_at < :until AND l.user_id IS NOT NULL"
    " ORDER BY l.rang_at LIMIT :most"
)


async def offers(conn: AsyncConnection, queue: str, since: int, until: int) -> list[Offer]:
    """Of a time, in their order: those that were picked up, and those that rang and were not. Raises Refused."""
    asked = {"queue": queue, "before": since - BEFORE_S, "until": until, "most": MOST_LEGS + 1}
    rows = (await conn.execute(_LEGS, asked)).all()
    if len(rows) > MOST_LEGS:
        raise Refused("too-much-to-count", f"There are more than {MOST_LEGS} rows.")
    found = []
    for row in rows:
        began = row.rang_at if row.rang_at is not None else row.answered_at
        if began is None or row.ended_at is None or (row.answered_at is None and row.result != "no-answer"):
            continue
        ended = row.ended_at if row.answered_at is not None else min(row.ended_at, began + RING_MOST_S)
        if ended > since and began < until:
            found.append(
                Offer(call_id=row.call_id, user_id=row.user_id, rang=began, answered=row.answered_at, ended=ended)
            )
    return found


async def people(conn: AsyncConnection, queue: str, also: Collection[int]) -> dict[int, tuple[str, int | None]]:
    """Who works in a queue now, and these others: their names and teams."""
    works = select(user_queues.c.user_id).where(user_queues.c.queue == queue)
    rows = await conn.execute(
        select(users.c.id, users.c.name, users.c.team_id).where(users.c.id.in_(works) | users.c.id.in_(list(also)))
    )
    return {row.id: (row.name, row.team_id) for row in rows}


async def quarters(
    conn: AsyncConnection, ids: Collection[int], since: int, until: int
) -> dict[int, dict[int, AgentSums]]:
    """Counted quarters of people, with their pauses by reason."""
    own, rest = agent_quarters.c, agent_pauses.c
    found: dict[int, dict[int, AgentSums]] = {}
    asked = select(agent_quarters).where(own.user_id.in_(list(ids)), own.at >= since, own.at < until)
    for row in await conn.execute(asked):
        sums = AgentSums(**{name: getattr(row, name) for name in NUMBERS})
        found.setdefault(row.user_id, {})[row.at] = sums
    pauses = select(agent_pauses).where(rest.user_id.in_(list(ids)), rest.at >= since, rest.at < until)
    for row in await conn.execute(pauses):
        mine = found.get(row.user_id, {}).get(row.at)
        if mine is not None:
            mine.pauses[row.reason] = row.pause_ms
    return found
