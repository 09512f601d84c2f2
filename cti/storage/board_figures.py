"""What a live board shows of the day so far: counted by the database, for all queues and people at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.board import AgentFigures, QueueFigures
from cti.reports.kpi import service_level
from cti.reports.queue_sums import History, Thresholds, in_force
from cti.storage.client_tables import clients
from cti.storage.tables import call_waits, calls, user_queues

NIGHT_S: Final = 16 * 3600.0  # a state that began so long before the day may reach into it
HALF_S: Final = 0.0005  # reports count moments in whole milliseconds
_TALKS = text(
    "SELECT l.user_id, COUNT(*) AS answered, SUM(l.talk_s) AS talk_s"
    " FROM users u JOIN legs l ON l.user_id = u.id AND l.answered_at >= :since GROUP BY l.user_id"
)
_MISSED = text(
    "SELECT l.user_id, COUNT(*) AS missed FROM users u JOIN legs l ON l.user_id = u.id AND l.rang_at >= :since"
    " WHERE l.answered_at IS NULL AND l.result = 'no-answer' GROUP BY l.user_id"
)
_PAUSES = text(
    "SELECT user_id, reason, SUM(CASE WHEN upto IS NULL OR upto > :since THEN COALESCE(upto, :now) - begun ELSE 0 END)"
    " AS paused_s, SUM(CASE WHEN upto > :since THEN upto - begun ELSE 0 END) AS over_s FROM"
    " (SELECT s.user_id, CASE WHEN s.at > :since THEN s.at ELSE :since END AS begun, s.state, s.reason,"
    "  LEAD(s.at) OVER (PARTITION BY s.user_id ORDER BY s.at, s.id) AS upto"
    "  FROM users u JOIN agent_states s ON s.user_id = u.id AND s.at >= :before) AS lines"
    " WHERE state = 'not-ready' GROUP BY user_id, reason"
)


async def queue_figures(
    conn: AsyncConnection, queues: Collection[str], history: History, *, since: float, lately: float
) -> dict[str, tuple[QueueFigures, QueueFigures]]:
    """By queue: of those who came in since `lately`, and since `since`; both begin quarters.

    The thresholds of each stay are those that held then: figures are the same as in reports.
    """
    wait, how = call_waits.c.left_at - call_waits.c.joined_at, call_waits.c.how
    begin = min(since, lately)
    within, short = (_held(history, queues, begin, name) for name in ("answer_within_s", "short_s"))
    timed = wait >= 0
    answered, abandoned = and_(how == "answered", timed), and_(how == "abandoned", timed)
    said = {
        "answered": how == "answered",
        "timed": answered,
        "in_time": and_(answered, wait <= within),
        "abandoned": how == "abandoned",
        "left": abandoned,
        "soon": and_(abandoned, wait <= short),
        "others": how.not_in(("answered", "abandoned")),
    }
    counts = [
        func.sum(case((and_(call_waits.c.joined_at >= first, what), 1), else_=0)).label(f"{name}_{span}")
        for span, first in (("day", since), ("now", lately))
        for name, what in said.items()
    ]
    asked = (
        select(call_waits.c.queue, *counts)
        .where(call_waits.c.queue.in_(queues), call_waits.c.joined_at >= begin, how.is_not(None))
        .group_by(call_waits.c.queue)
    )
    rows = (dict(row) for row in (await conn.execute(asked)).mappings())
    return {row["queue"]: (_figures(row, "now"), _figures(row, "day")) for row in rows}


def _held(history: History, queues: Collection[str], since: float, name: str) -> ColumnElement[int]:
    """T or S of a stay, by its queue and when it began. One number for all, but for queues that have their own."""
    begins = sorted({since, *(at for said in history.values() for at, _ in said if at > since)}, reverse=True)
    usual: int = getattr(Thresholds(), name)
    cases: list[tuple[ColumnElement[bool], int]] = []
    for begin in begins:  # the newest first: the first that fits counts
        own: dict[int, list[str]] = {}
        for queue in queues:
            own.setdefault(getattr(in_force(history, queue, begin), name), []).append(queue)
        cases += [(and_(call_waits.c.joined_at >= begin, call_waits.c.queue.in_(of)), n) for n, of in own.items()]
    if all(n == usual for _, n in cases):
        return literal(usual)
    return case(*cases, else_=usual)


def _figures(row: Mapping[str, Any], span: str) -> QueueFigures:
    timed, in_time, left, soon = (row[f"{name}_{span}"] for name in ("timed", "in_time", "left", "soon"))
    return QueueFigures(
        level=service_level(in_time=in_time, answered=timed, abandoned=left, abandoned_soon=soon),
        in_time=in_time,
        late=timed - in_time + left - soon,
        answered=row[f"answered_{span}"],
        abandoned=row[f"abandoned_{span}"],
        others=row[f"others_{span}"],
    )


async def agent_figures(conn: AsyncConnection, *, since: float, now: float) -> dict[int, AgentFigures]:
    """By person, as reports count it."""
    day = {"since": since - HALF_S}
    talks = {row.user_id: row for row in await conn.execute(_TALKS, day)}
    missed = {row.user_id: row.missed for row in await conn.execute(_MISSED, day)}
    asked = {"since": since, "before": since - NIGHT_S, "now": now}
    paused: dict[int, float] = {}
    over: dict[int, dict[str, float]] = {}
    for row in await conn.execute(_PAUSES, asked):
        paused[row.user_id] = paused.get(row.user_id, 0.0) + row.paused_s
        over.setdefault(row.user_id, {})[row.reason or ""] = row.over_s
    return {
        user_id: AgentFigures(
            answered=talks[user_id].answered if user_id in talks else 0,
            talk_s=round((talks[user_id].talk_s or 0.0) if user_id in talks else 0.0),
            missed=missed.get(user_id, 0),
            paused_s=round(paused.get(user_id, 0.0)),
            over_s=over.get(user_id, {}),
        )
        for user_id in talks.keys() | missed.keys() | paused.keys()
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
