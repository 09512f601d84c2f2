"""What a live board shows of the day so far: counted by the database, for all queues and people at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import and_, case, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.board import AgentFigures, QueueFigures
from cti.reports.kpi import IN_TIME_S, SOON_S, service_level
from cti.storage.client_tables import clients
from cti.storage.tables import call_waits, calls, user_queues

NIGHT_S: Final = 16 * 3600.0  # a state that began so long before the day may reach into it
_TALKS = text(
    "SELECT l.user_id, SUM(CASE WHEN l.result IN ('talked', 'transferred') THEN 1 ELSE 0 END) AS answered,"
    " SUM(l.talk_s) AS talk_s,"
    " SUM(CASE WHEN l.result = 'no-answer' AND c.queue IS NOT NULL THEN 1 ELSE 0 END) AS missed"
    " FROM calls c JOIN legs l ON l.call_id = c.id WHERE c.started_at >= :since AND l.user_id IS NOT NULL"
    " GROUP BY l.user_id"
)
_PAUSES = text(
    "SELECT user_id, SUM(CASE WHEN COALESCE(upto, :now) > :since THEN COALESCE(upto, :now)"
    " - CASE WHEN at > :since THEN at ELSE :since END ELSE 0 END) AS paused_s FROM"
    " (SELECT s.user_id, s.at, s.state, LEAD(s.at) OVER (PARTITION BY s.user_id ORDER BY s.at, s.id) AS upto"
    "  FROM users u JOIN agent_states s ON s.user_id = u.id AND s.at >= :before) AS lines"
    " WHERE state = 'not-ready' GROUP BY user_id"
)


async def queue_figures(
    conn: AsyncConnection, queues: Collection[str], *, since: float, lately: float
) -> dict[str, tuple[QueueFigures, QueueFigures]]:
    """By queue: of those who came in since `lately`, and since `since`, which is not later."""
    wait, how = call_waits.c.left_at - call_waits.c.joined_at, call_waits.c.how
    said = {
        "answered": how == "answered",
        "in_time": and_(how == "answered", wait <= IN_TIME_S),
        "abandoned": how == "abandoned",
        "soon": and_(how == "abandoned", wait <= SOON_S),
        "others": how.not_in(("answered", "abandoned")),
    }
    counts = [
        func.sum(case((and_(true() if span == "day" else call_waits.c.joined_at >= lately, what), 1), else_=0)).label(
            f"{name}_{span}"
        )
        for span in ("day", "now")
        for name, what in said.items()
    ]
    asked = (
        select(call_waits.c.queue, *counts)
        .where(call_waits.c.queue.in_(queues), call_waits.c.joined_at >= since, how.is_not(None))
        .group_by(call_waits.c.queue)
    )
    rows = (dict(row) for row in (await conn.execute(asked)).mappings())
    return {row["queue"]: (_figures(row, "now"), _figures(row, "day")) for row in rows}


def _figures(row: Mapping[str, Any], span: str) -> QueueFigures:
    answered, abandoned = row[f"answered_{span}"], row[f"abandoned_{span}"]
    level = service_level(
        in_time=row[f"in_time_{span}"], answered=answered, abandoned=abandoned, abandoned_soon=row[f"soon_{span}"]
    )
    return QueueFigures(level=level, answered=answered, abandoned=abandoned, others=row[f"others_{span}"])


async def agent_figures(conn: AsyncConnection, *, since: float, now: float) -> dict[int, AgentFigures]:
    """By person."""
    talks = {row.user_id: row for row in await conn.execute(_TALKS, {"since": since})}
    asked = {"since": since, "before": since - NIGHT_S, "now": now}
    pauses = {row.user_id: row.paused_s for row in await conn.execute(_PAUSES, asked)}
    return {
        user_id: AgentFigures(
            answered=talks[user_id].answered if user_id in talks else 0,
            talk_s=round((talks[user_id].talk_s or 0.0) if user_id in talks else 0.0),
            missed=talks[user_id].missed if user_id in talks else 0,
            paused_s=round(pauses.get(user_id) or 0.0),
        )
        for user_id in talks.keys() | pauses.keys()
    }


async def clients_of(conn: AsyncConnection, ids: Collection[str]) -> dict[str, tuple[int, str]]:
    """Whose calls these are: id and name of the client, of those that are somebody's."""
    columns = (calls.c.id, clients.c.id.label("client_id"), clients.c.name)
    asked = select(*columns).join_from(calls, clients, clients.c.id == calls.c.client_id).where(calls.c.id.in_(ids))
    return {row.id: (row.client_id, row.name) for row in await conn.execute(asked)}


async def places(conn: AsyncConnection) -> dict[int, dict[str, int]]:
    """In which queues each person works, and with what penalty."""
    found: dict[int, dict[str, int]] = {}
    for row in await conn.execute(select(user_queues)):
        found.setdefault(row.user_id, {})[row.queue] = row.penalty
    return found
