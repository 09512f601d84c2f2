"""What the figures are to be, with all that was said before: a line is added for each change and none is rewritten."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.queue_sums import QUARTER_S, quarter
from cti.reports.targets import Targets
from cti.storage.rollup_tables import figure_targets
from cti.storage.tables import users


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """Who said what, when, and from when it holds. value None: no target of its own."""

    figure: str
    whose: str
    since: float
    value: float | None
    set_at: float
    user_name: str


async def history(conn: AsyncConnection) -> Targets:
    """All that ever was said, oldest first."""
    found: dict[tuple[str, str], list[tuple[float, float | None]]] = {}
    own = figure_targets.c
    for row in await conn.execute(select(figure_targets).order_by(own.since, own.id)):
        found.setdefault((row.figure, row.whose), []).append((row.since, row.value))
    return found


async def changes(conn: AsyncConnection, limit: int = 30) -> list[Change]:
    """The last ones, newest first."""
    own = figure_targets.c
    asked = (
        select(figure_targets, func.coalesce(users.c.name, "").label("user_name"))
        .select_from(figure_targets.outerjoin(users, users.c.id == own.user_id))
        .order_by(own.id.desc())
        .limit(limit)
    )
    return [
        Change(
            figure=row.figure,
            whose=row.whose,
            since=row.since,
            value=row.value,
            set_at=row.set_at,
            user_name=row.user_name,
        )
        for row in await conn.execute(asked)
    ]


async def keep(conn: AsyncConnection, figure: str, whose: str, value: float | None, now: float, user_id: int) -> float:
    """From the next quarter of an hour on; returns when that begins."""
    since = float(quarter(now) + QUARTER_S)
    values = {"figure": figure, "whose": whose, "since": since, "value": value, "set_at": now, "user_id": user_id}
    await conn.execute(insert(figure_targets).values(**values))
    return since
