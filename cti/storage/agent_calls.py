"""The calls behind a number of the report on people: exactly those that were counted, a page at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.kpi import AGAIN_S
from cti.storage.disposition_tables import call_dispositions
from cti.storage.journal import CallRow, by_ids
from cti.storage.search import PAGE_LIMIT, KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls, legs

HALF_MS = 0.0005  # moments are counted in whole milliseconds
_LEG, _CALL, _SAID = legs.c, calls.c, call_dispositions.c
_PICKED_UP = _LEG.answered_at.is_not(None)
_OUTBOUND = and_(_CALL.direction.is_not(None), _CALL.direction == "outbound")
KINDS: dict[str, ColumnElement[bool]] = {
    "answered": and_(_PICKED_UP, or_(_CALL.direction.is_(None), _CALL.direction != "outbound")),
    "placed": and_(_PICKED_UP, _OUTBOUND),
    "talks": _PICKED_UP,
    "transferred": and_(_PICKED_UP, _LEG.result == "transferred"),
    "missed": and_(_LEG.answered_at.is_(None), _LEG.result == "no-answer"),
}
CLIENTS = ("at-once", "again")  # clients who were helped at once, and who called again


@dataclass(frozen=True, kw_only=True, slots=True)
class PartRow:
    """A person's part in a call, or what he said of it. at: when he picked up, when it rang, when he said it.

    key: what tells rows of one call apart. talk_s: his own. said: the outcome.
    """

    call_id: str
    key: str
    at: float
    user_id: int | None
    talk_s: float | None
    result: str | None
    said: str
    call: CallRow | None


async def parts(
    conn: AsyncConnection,
    what: str,
    since: int,
    until: int,
    people: Collection[int],
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[PartRow]:
    """Parts in calls of a kind of KINDS or CLIENTS, newest first. Raises Refused for a cursor not made here."""
    if what in CLIENTS:
        at, again = _CALL.started_at, _again()
        columns = [_CALL.id.label("call_id"), _CALL.id.label("key"), at.label("at"), _CALL.user_id]
        more = [(_CALL.ended_at - _CALL.answered_at).label("talk_s")]
        inside = [*_answered(since, until, people), again if what == "again" else ~again]
        return await _page(conn, select(*columns, *more), calls, inside, at, _CALL.id, _CALL.id, limit, cursor)
    at = _LEG.rang_at if what == "missed" else _LEG.answered_at
    columns = [_LEG.call_id, _LEG.leg_id.label("key"), at.label("at"), _LEG.user_id, _LEG.talk_s, _LEG.result]
    inside = [_LEG.user_id.in_(people), at >= since - HALF_MS, at < until - HALF_MS, KINDS[what]]
    source = legs.join(calls, _CALL.id == _LEG.call_id)
    return await _page(conn, select(*columns), source, inside, at, _LEG.call_id, _LEG.leg_id, limit, cursor)


async def said(
    conn: AsyncConnection,
    since: int,
    until: int,
    people: Collection[int] | None,
    *,
    name: str | None = None,
    queue: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[PartRow]:
    """What people said of calls; name, queue: only that outcome, only calls of that queue ("": without one)."""
    at, key = _SAID.at, _SAID.id
    columns = [_SAID.call_id, key.label("key"), at.label("at"), _SAID.user_id, _SAID.name.label("said")]
    inside = said_within(since, until, people, name=name, queue=queue)
    source = call_dispositions.outerjoin(calls, _CALL.id == _SAID.call_id)
    return await _page(conn, select(*columns), source, inside, at, _SAID.call_id, key, limit, cursor)


def said_within(
    since: int, until: int, people: Collection[int] | None, *, name: str | None = None, queue: str | None = None
) -> list[ColumnElement[bool]]:
    """Conditions over call_dispositions joined with calls."""
    found = [_SAID.at >= since, _SAID.at < until]
    found += [_SAID.user_id.in_(people)] if people is not None else []
    found += [_SAID.name == name] if name is not None else []
    return found + ([func.coalesce(_CALL.queue, "") == queue] if queue is not None else [])


async def outcomes(
    conn: AsyncConnection, since: int, until: int, people: Collection[int] | None
) -> list[tuple[str, str, int | None, int]]:
    """How often what was said of calls: outcome, queue of the call ("": none), by whom, how often."""
    queue = func.coalesce(_CALL.queue, "").label("queue")
    found = (
        select(_SAID.name, queue, _SAID.user_id, func.count())
        .select_from(call_dispositions.outerjoin(calls, _CALL.id == _SAID.call_id))
        .where(*said_within(since, until, people))
        .group_by(_SAID.name, queue, _SAID.user_id)
    )
    return [(name, of, user_id, int(n)) for name, of, user_id, n in await conn.execute(found)]


async def helped(
    conn: AsyncConnection, since: int, until: int, people: Collection[int], now: float
) -> dict[int, tuple[int, int, int]]:
    """FCR by who talked last: after how many answered calls of clients nobody called again, of how many, and how many
    of them are so young that their client may still call again. As kpi.helped_at_once counts it."""
    young = func.sum(case((_CALL.started_at > now - AGAIN_S, 1), else_=0))
    again = func.sum(case((_again(), 1), else_=0))
    found = select(_CALL.user_id, again, func.count(), young).where(*_answered(since, until, people))
    rows = await conn.execute(found.group_by(_CALL.user_id))
    return {user_id: (int(whole) - int(came), int(whole), int(fresh)) for user_id, came, whole, fresh in rows}


def _answered(since: int, until: int, people: Collection[int]) -> list[ColumnElement[bool]]:
    """Answered calls of clients."""
    return [
        _CALL.started_at >= since, _CALL.started_at < until, _CALL.direction == "inbound",
        _CALL.client_id.is_not(None), _CALL.answered_at.is_not(None), _CALL.user_id.in_(people),
    ]  # fmt: skip


def _again() -> ColumnElement[bool]:
    later = calls.alias("later").c
    came = select(later.id).where(
        later.client_id == _CALL.client_id, later.direction == "inbound", later.id != _CALL.id,
        later.started_at >= _CALL.started_at,
        tuple_(later.started_at, later.id) > tuple_(_CALL.started_at, _CALL.id),
        later.started_at < _CALL.started_at + AGAIN_S,
    )  # fmt: skip
    return came.correlate(calls).exists()


async def _page(
    conn: AsyncConnection,
    asked: Any,
    source: Any,
    inside: list[ColumnElement[bool]],
    at: ColumnElement[float],
    call: ColumnElement[str],
    key: ColumnElement[Any],
    limit: int,
    cursor: str | None,
) -> Page[PartRow]:
    limit, total = max(1, min(limit, PAGE_LIMIT)), None
    if cursor is None:
        counted = select(func.count()).select_from(source).where(*inside)
        total = int((await conn.execute(counted)).scalar_one())
    else:
        kind = tuple[float, KeyText, int] if key is _SAID.id else tuple[float, KeyText, KeyText]
        inside = [*inside, tuple_(at, call, key) < tuple_(*read_cursor(cursor, kind))]
    found = asked.select_from(source).where(*inside).order_by(at.desc(), call.desc(), key.desc()).limit(limit + 1)
    rows = (await conn.execute(found)).all()
    of_calls = await by_ids(conn, list({row.call_id for row in rows[:limit]}))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=[_part(row._mapping, of_calls.get(row.call_id)) for row in rows[:limit]],
        total=total,
        next_cursor=write_cursor(last.at, last.call_id, last.key) if last else None,
    )


def _part(row: Any, call: CallRow | None) -> PartRow:
    return PartRow(
        call_id=row["call_id"],
        key=str(row["key"]),
        at=row["at"],
        user_id=row["user_id"],
        talk_s=row.get("talk_s"),
        result=row.get("result"),
        said=row.get("said", ""),
        call=call,
    )
