"""Within how many seconds a queue is to be answered, and what is too short to count: every change from a quarter on."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.queue_sums import QUARTER_S, History, Thresholds, quarter
from cti.storage.rollup_tables import queue_thresholds


async def history(conn: AsyncConnection) -> History:
    """All that ever was set."""
    found: dict[str, list[tuple[float, Thresholds | None]]] = {}
    for row in await conn.execute(select(queue_thresholds).order_by(queue_thresholds.c.since)):
        own = row.answer_within_s is not None and row.short_s is not None
        said = Thresholds(answer_within_s=row.answer_within_s, short_s=row.short_s) if own else None
        found.setdefault(row.queue, []).append((row.since, said))
    return found


async def keep(conn: AsyncConnection, queue: str, said: Thresholds | None, now: float, user_id: int) -> float:
    """From the next quarter on; returns when that begins. queue "": all that have none of their own; None: as all."""
    since = float(quarter(now) + QUARTER_S)
    own = queue_thresholds.c
    await conn.execute(delete(queue_thresholds).where(own.queue == queue, own.since >= since))
    await conn.execute(
        insert(queue_thresholds).values(
            queue=queue,
            since=since,
            answer_within_s=said.answer_within_s if said else None,
            short_s=said.short_s if said else None,
            set_at=now,
            user_id=user_id,
        )
    )
    return since
