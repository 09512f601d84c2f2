"""The calls behind a number of the report on people: exactly those that were counted, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, false, func, literal_column, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import LEG_S
from cti.reports.kpi import AGAIN_S
from cti.storage.disposition_tables import call_dispositions
from cti.storage.journal import CallRow, by_ids
from cti.storage.search import PAGE_LIMIT, KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls, legs

HALF_MS = 0.0005  # moments are counted in whole milliseconds
_LEG, _CALL, _SAID = legs.c, calls.c, call_dispositions.c
_PICKED_UP = _LEG.answered_at.is_not(None)
_INBOUND = _CALL.direction == literal_column("'inbound'")  # as the index of them has it
_OUTBOUND = and_(_CALL.direction.is_not(None), _CALL.direction == "outbound")
_RING = func.coalesce(_LEG.answered_at, _LEG.ended_at) - _LEG.rang_at  # seconds
_HAS_OUTCOME = (
    select(_SAID.id).where(_SAID.call_id == _LEG.call_id, _SAID.user_id == _LEG.user_id).correlate(legs).exists()
)
KINDS: dict[str, ColumnElement[bool]] = {
    "answered": and_(_PICKED_UP, or_(_CALL.direction.is_(None), _CALL.direction != "outbound")),
    "placed": and_(_PICKED_UP, _OUTBOUND),
    "talks": _PICKED_UP,
    "transferred": and_(_PICKED_UP, _LEG.result == "transferred"),
    "missed": and_(_LEG.answered_at.is_(None), _LEG.result == "no-answer"),
    "ring": _RING > 0,
    "with-outcome": and_(_PICKED_UP, _HAS_OUTCOME),
    "without-outcome": and_(_PICKED_UP, ~_HAS_OUTCOME),
}
# after how many answered calls of clients nobody called again, of how many, and how many of them are so young that
# their client may still call again: as kpi.helped_at_once counts it
Helped = tuple[int, int, int]
CLIENTS = ("at-once", "again")  # clients who were helped at once, and who called again


@dataclass(frozen=True, kw_only=True, slots=True)
class PartRow:
    """A person's part in a call, or what he said of it. at: when he picked up, when it rang, when he said it.

    key: what tells rows of one call apart. talk_s: his own. ring_s: how long it rang. said: the outcome.
    """

    call_id: str
    key: str
    at: float
    user_id: int | None
    talk_s: float | None
    ring_s: float | None
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
    at: ColumnElement[Any]
    if what in CLIENTS:
        at, again = _CALL.started_at, _again()
        columns = [_CALL.id.label("call_id"), _CALL.id.label("key"), at.label("at"), _CALL.user_id]
        more = [(_CALL.ended_at - _CALL.answered_at).label("talk_s")]
        inside = [*_answered(since, until, people), again if what == "again" else ~again]
        return await _page(conn, select(*columns, *more), calls, inside, at, _CALL.id, _CALL.id, limit, cursor)
    at = _LEG.rang_at if what == "missed" else _LEG.answered_at
    times = [and_(at >= since - HALF_MS, at < until - HALF_MS)]
    if what == "ring":  # it is counted when it was picked up, else when it rang
        rang = _LEG.rang_at
        times.append(and_(_LEG.answered_at.is_(None), rang >= since - HALF_MS, rang < until - HALF_MS))
        at = func.coalesce(_LEG.answered_at, rang)
    columns = [_LEG.call_id, _LEG.leg_id.label("key"), at.label("at"), _LEG.user_id, _LEG.talk_s, _LEG.result]
    columns.append(_RING.label("ring_s"))
    inside = [_LEG.user_id.in_(people), or_(*times), KINDS[what]]
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


async def talks(conn: AsyncConnection, since: int, until: int, people: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many conversations of each have an outcome of his, and how many have none: each looked for by itself."""
    made: dict[int, list[int]] = {}
    mine = [_LEG.user_id.in_(people), _LEG.answered_at >= since - HALF_MS, _LEG.answered_at < until - HALF_MS]
    said_of = and_(_SAID.call_id == _LEG.call_id, _SAID.user_id == _LEG.user_id)
    told = select(_LEG.user_id, func.count()).select_from(legs.join(call_dispositions, said_of)).where(*mine)
    untold = select(_LEG.user_id, func.count()).where(*mine, ~_HAS_OUTCOME)
    for place, asked in enumerate((told, untold)):
        for user_id, n in await conn.execute(asked.group_by(_LEG.user_id)):
            made.setdefault(user_id, [0, 0])[place] = int(n)
    return {user_id: (with_, without) for user_id, (with_, without) in made.items()}


async def helped(
    conn: AsyncConnection, since: int, until: int, people: Collection[int], now: float
) -> dict[int, Helped]:
    """FCR by who talked last."""
    rows = await conn.execute(_helped(_CALL.user_id, since, until, people, now))
    return {user_id: _counted(row) for user_id, *row in rows}


async def helped_by_time(
    conn: AsyncConnection, since: int, until: int, people: Collection[int], now: float, grain_s: int
) -> list[tuple[int, Helped]]:
    """The same of each stretch of grain_s (a quarter or an hour) in which such calls began, in order."""
    place = _CALL.started_at / float(grain_s)
    begun = func.floor(place) if conn.dialect.name != "sqlite" else cast(place, Integer)
    asked = _helped(begun.label("place"), since, until, people, now).order_by(text("place"))
    return [(int(at) * grain_s, _counted(row)) for at, *row in await conn.execute(asked)]


def _helped(by: Any, since: int, until: int, people: Collection[int], now: float) -> Any:
    again, young = (func.sum(case((one, 1), else_=0)) for one in (_again(), _CALL.started_at > now - AGAIN_S))
    return select(by, again, func.count(), young).where(*_answered(since, until, people)).group_by(by)


def _counted(row: Sequence[Any]) -> Helped:
    again, whole, young = map(int, row)
    return whole - again, whole, young


def _answered(since: int, until: int, people: Collection[int]) -> list[ColumnElement[bool]]:
    """Answered calls of clients."""
    return [
        _CALL.started_at >= since, _CALL.started_at < until, _INBOUND,
        _CALL.client_id.is_not(None), _CALL.answered_at.is_not(None), _CALL.user_id.in_(people),
    ]  # fmt: skip


def _again() -> ColumnElement[bool]:
    return func.coalesce(_CALL.next_at < _CALL.started_at + AGAIN_S, false())


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
        ring_s=min(max(0.0, ring), LEG_S) if (ring := row.get("ring_s")) is not None else None,
        result=row.get("result"),
        said=row.get("said", ""),
        call=call,
    )
