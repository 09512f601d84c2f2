"""Budgets of pauses by reason: every change from a day on, so that a day is shown with what held then."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.pause_budgets import Budgets
from cti.storage.alert_tables import pause_budgets


async def history(conn: AsyncConnection) -> Budgets:
    """All that ever was set, by reason."""
    found: dict[str, list[tuple[float, int | None]]] = {}
    for row in await conn.execute(select(pause_budgets).order_by(pause_budgets.c.since)):
        found.setdefault(row.reason, []).append((row.since, row.minutes))
    return found


async def keep(
    conn: AsyncConnection, reason: str, minutes: int | None, *, since: float, now: float, user_id: int
) -> None:
    """From a day on; what was set for that day or a later one is set anew."""
    own = pause_budgets.c
    await conn.execute(delete(pause_budgets).where(own.reason == reason, own.since >= since))
    row = {"reason": reason, "since": since, "minutes": minutes, "set_at": now, "user_id": user_id}
    await conn.execute(insert(pause_budgets).values(row))
