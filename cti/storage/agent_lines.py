"""A person's stretches of time out of the journal, a week at a time: as they were counted."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports import agent_lines
from cti.reports.agent_sums import LINE_S, Piece
from cti.reports.queue_sums import QUARTER_S, quarter
from cti.storage.agent_rollups import Mark, time_of

WEEK_S = LINE_S
MOST_S = 100 * 86_400  # a person's time that is listed at once


async def stretches(
    conn: AsyncConnection, user_id: int, what: str, since: int, until: int, now: float, reason: str | None = None
) -> list[Piece]:
    """Stretches of a kind of agent_lines.KINDS, oldest first; the last one lasts to now."""
    found: list[Piece] = []
    end = min(until, quarter(now) + QUARTER_S)
    for begin in range(since, end, WEEK_S):
        upto = min(begin + WEEK_S, end)
        own = await time_of(conn, Mark(id=0, user_id=user_id, since=begin, until=min(upto - 1, now)), now)
        asked = what, own.lines, own.legs, own.ends, begin, upto, reason
        made = await asyncio.to_thread(agent_lines.rows, *asked)
        if found and made and what != "log-ins":
            made = [*agent_lines.joined([found.pop(), made[0]]), *made[1:]]
        found += made
    return found
