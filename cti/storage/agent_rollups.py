"""Quarters of people counted anew from the journal of states and their legs: marks, what lies behind, counted rows.

What is changed at a moment changes the lines of the journal that are under way then: so a mark is widened to the lines
at its ends; of a line that was itself written, corrected or removed it goes to where that ended (0049_rollups.py). A
line under way grows by itself, and is counted again each time (`open_now`). Nothing reaches further than LINE_S: what
is counted at once is a week of a person, however long ago somebody forgot to sign out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import LEG_S, LINE_S, NUMBERS, STATES, AgentSums, Leg, Line
from cti.reports.queue_sums import QUARTER_S, quarter
from cti.storage.many import insert_rows
from cti.storage.rollup_tables import agent_marks, agent_pauses, agent_quarters

AT_ONCE = 2_000
DAY_S = 86_399  # what was there before this was counted is marked by days
_SAID = "(SELECT c.{name} FROM agent_state_corrections c WHERE c.state_id = s.id ORDER BY c.id DESC LIMIT 1)"
_STATE = f"COALESCE({_SAID.format(name='state')}, s.state) AS state"
_REASON = f"COALESCE({_SAID.format(name='reason')}, s.reason) AS reason"
_LAST = "ORDER BY s.at DESC, s.id DESC LIMIT 1"
_BEFORE = text(
    f"SELECT s.at, {_STATE} FROM agent_states s WHERE s.user_id = :user AND s.at < :at {_LAST}"  # noqa: S608 - our own words
)
_UPTO = text(
    f"SELECT s.at, {_STATE} FROM agent_states s WHERE s.user_id = :user AND s.at <= :at {_LAST}"  # noqa: S608 - our own words
)
_NEXT = text("SELECT MIN(at) FROM agent_states WHERE user_id = :user AND at > :at")
_FROM = text("SELECT MIN(at) FROM agent_states WHERE user_id = :user AND at >= :at")
_LINES = text(
    f"SELECT s.at, {_STATE}, {_REASON} FROM agent_states s"  # noqa: S608 - our own words
    " WHERE s.user_id = :user AND s.at >= :since AND s.at < :until ORDER BY s.at, s.id"
)
_LEG = (
    "SELECT l.call_id, l.rang_at, l.answered_at, l.ended_at, l.talk_s, l.hold_s, l.result, c.direction,"
    " c.ended_at AS call_ended, c.outcome FROM legs l JOIN calls c ON c.id = l.call_id WHERE l.user_id = :user"
)
_LEGS = text(f"{_LEG} AND l.answered_at > :since AND l.answered_at < :until")
_RUNG = text(f"{_LEG} AND l.rang_at >= :since AND l.rang_at < :until AND l.answered_at IS NULL")
_OPEN = text(
    f"SELECT u.id, (SELECT s.at FROM agent_states s WHERE s.user_id = u.id {_LAST}) AS at,"  # noqa: S608 - our own words
    f" (SELECT COALESCE({_SAID.format(name='state')}, s.state) FROM agent_states s WHERE s.user_id = u.id {_LAST})"
    " AS state FROM users u"
)
_TALKING = text(
    "SELECT l.user_id, MIN(l.answered_at) AS at FROM calls c JOIN legs l ON l.call_id = c.id WHERE c.outcome IS NULL"
    " AND c.ended_at IS NULL AND l.user_id IS NOT NULL AND l.answered_at IS NOT NULL AND l.ended_at IS NULL"
    " GROUP BY l.user_id"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A time of a person in which something changed; id 0: in which something lasts."""

    id: int
    user_id: int
    since: float
    until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Time:
    """What is to be counted of a person: the quarters since <= at < until; lines and legs reach beyond them."""

    since: int
    until: int
    lines: tuple[Line, ...]
    legs: tuple[Leg, ...]
    ends: float  # when the last line ends


async def marks(conn: AsyncConnection, since: float, until: float) -> list[Mark]:
    """Some of those that lie in a time or, shorter than a day, may reach into it; the newest first."""
    rows = await conn.execute(
        select(agent_marks).where(_in(since, until)).order_by(agent_marks.c.id.desc()).limit(AT_ONCE)
    )
    return [Mark(id=row.id, user_id=row.user_id, since=row.since, until=row.until) for row in rows]


async def left(conn: AsyncConnection, since: float, until: float) -> int:
    """How many marks lie in a time."""
    return (await conn.execute(select(func.count()).select_from(agent_marks).where(_in(since, until)))).scalar_one()


def _in(since: float, until: float) -> ColumnElement[bool]:
    own = agent_marks.c
    return and_(own.since < until, or_(own.until >= quarter(since), own.until - own.since < DAY_S))


async def open_now(conn: AsyncConnection, now: float) -> list[Mark]:
    """What lasts: everybody's line that is under way, and talks."""
    found = [
        Mark(id=0, user_id=row.id, since=row.at, until=max(row.at, now))
        for row in await conn.execute(_OPEN)
        if row.at is not None and row.state in STATES and now - row.at <= LINE_S + QUARTER_S
    ]
    talking = await conn.execute(_TALKING)
    return found + [
        Mark(id=0, user_id=row.user_id, since=row.at, until=max(row.at, now))
        for row in talking
        if now - row.at <= LINE_S
    ]


async def time_of(conn: AsyncConnection, mark: Mark, now: float) -> Time:
    """The lines and legs of a mark, which is widened to the lines at its ends."""
    since, until = await _widened(conn, mark, now)
    user = {"user": mark.user_id}
    first = (await conn.execute(_BEFORE, {**user, "at": since})).one_or_none()
    begins = first.at if first is not None and first.at + LINE_S > since else float(since)
    ends = (await conn.execute(_FROM, {**user, "at": until})).scalar()
    ends = min(now if ends is None else ends, until + LINE_S)
    lines = await conn.execute(_LINES, {**user, "since": begins, "until": until})
    reach = {**user, "since": min(begins, since) - LEG_S, "until": max(ends, until)}
    legs = [_leg(row, now) for row in await conn.execute(_LEGS, reach)]
    rung = await conn.execute(_RUNG, {**user, "since": since, "until": until})
    return Time(
        since=since,
        until=until,
        lines=tuple(Line(at=row.at, state=row.state, reason=row.reason) for row in lines),
        legs=(*legs, *(_leg(row, now) for row in rung)),
        ends=ends,
    )


async def _widened(conn: AsyncConnection, mark: Mark, now: float) -> tuple[int, int]:
    since, until = mark.since, max(mark.since, min(mark.until, now, mark.since + LINE_S))
    before = (await conn.execute(_BEFORE, {"user": mark.user_id, "at": since})).one_or_none()
    if before is not None and before.state in STATES and before.at + LINE_S > since:
        since = before.at
    under_way = (await conn.execute(_UPTO, {"user": mark.user_id, "at": until})).one_or_none()
    if under_way is not None and under_way.state in STATES:
        following = (await conn.execute(_NEXT, {"user": mark.user_id, "at": until})).scalar()
        until = max(until, min(now if following is None else following, under_way.at + LINE_S))
    return quarter(since), quarter(until) + QUARTER_S


def _leg(row: Any, now: float) -> Leg:
    is_open = row.outcome is None and row.call_ended is None
    known = (row.answered_at or 0.0) + (row.talk_s or 0.0) + (row.hold_s or 0.0)
    ended = row.ended_at if row.ended_at is not None else now if is_open else (row.call_ended or known)
    picked_up = row.answered_at if row.answered_at is not None else row.ended_at
    rung = picked_up - row.rang_at if picked_up is not None and row.rang_at is not None else 0.0
    return Leg(
        rang=row.rang_at,
        answered=row.answered_at,
        ended=ended,
        talk_s=None if row.ended_at is None and is_open else row.talk_s,
        hold_s=row.hold_s,
        placed=row.direction == "outbound",
        missed=row.result == "no-answer",
        rung_s=max(0.0, rung),
        transferred=row.result == "transferred",
        call=row.call_id,
    )


async def write(
    conn: AsyncConnection, counted: Mapping[tuple[int, int], AgentSums | None], done: Collection[int]
) -> None:
    """Put counted quarters in place of what was there (None: nothing was then), and take the marks away."""
    keys = [{"of": user_id, "quarter": at} for user_id, at in counted]
    rows = [(user_id, at, sums) for (user_id, at), sums in counted.items() if sums is not None]
    for table in (agent_quarters, agent_pauses):
        if keys:
            gone = delete(table).where(table.c.user_id == bindparam("of"), table.c.at == bindparam("quarter"))
            await conn.execute(gone, keys)
    numbers = [(user_id, at, *(getattr(sums, name) for name in NUMBERS)) for user_id, at, sums in rows]
    await insert_rows(conn, agent_quarters, ("user_id", "at", *NUMBERS), numbers)
    pauses = [(user_id, at, *one) for user_id, at, sums in rows for one in sums.pauses.items()]
    await insert_rows(conn, agent_pauses, ("user_id", "at", "reason", "pause_ms"), pauses)
    if done:
        gone = delete(agent_marks).where(agent_marks.c.id == bindparam("mark"))
        await conn.execute(gone, [{"mark": mark} for mark in done])
