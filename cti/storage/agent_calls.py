"""The calls behind a number of the report on people: exactly those that were counted, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, false, func, literal_column, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import LEG_S
from cti.reports.kpi import AGAIN_S
from cti.reports.queue_sums import QUARTER_S
from cti.storage.agent_rollups import left
from cti.storage.disposition_tables import call_dispositions
from cti.storage.journal import CallRow, by_ids
from cti.storage.rollup_tables import agent_quarters
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
_QUARTER = agent_quarters.c
_COUNTED: dict[str, ColumnElement[int]] = {
    **{name: _QUARTER[name] for name in ("answered", "placed", "transferred", "missed")},
    "talks": _QUARTER.answered + _QUARTER.placed,
}
FIRST_S = 3600.0  # the newest are looked for in the last hour, then in ever longer stretches before it
Order = tuple[ColumnElement[Any], ...]
Times = Callable[[float, float], ColumnElement[bool]]  # whether a row is of a time


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
        asked, order = select(*columns, *more).where(*inside), (at, _CALL.id, _CALL.id)
        return await _page(conn, asked, calls, _between(at, 0), order, since, until, limit, cursor)
    at = _LEG.rang_at if what == "missed" else _LEG.answered_at
    times = _between(at, HALF_MS)
    if what == "ring":  # it is counted when it was picked up, else when it rang
        missed = _between(_LEG.rang_at, HALF_MS)
        times = _either(times, lambda first, last: and_(_LEG.answered_at.is_(None), missed(first, last)))
        at = func.coalesce(_LEG.answered_at, _LEG.rang_at)
    columns = [_LEG.call_id, _LEG.leg_id.label("key"), at.label("at"), _LEG.user_id, _LEG.talk_s, _LEG.result]
    columns.append(_RING.label("ring_s"))
    asked = select(*columns).where(_LEG.user_id.in_(people), KINDS[what])
    source = legs.join(calls, _CALL.id == _LEG.call_id)
    total = None if cursor else await _counted_before(conn, what, since, until, people)
    by: Order = (at, _LEG.call_id, _LEG.leg_id)
    return await _page(conn, asked, source, times, by, since, until, limit, cursor, total)


def _between(at: ColumnElement[Any], half: float) -> Times:
    return lambda first, last: and_(at >= first - half, at < last - half)


def _either(one: Times, other: Times) -> Times:
    return lambda first, last: or_(one(first, last), other(first, last))


async def _counted_before(
    conn: AsyncConnection, what: str, since: int, until: int, people: Collection[int]
) -> int | None:
    """How many of a kind the counted quarters have; None: not counted, not to its end, or not by whole quarters."""
    if what not in _COUNTED or since % QUARTER_S or until % QUARTER_S or await left(conn, since, until):
        return None
    inside = _QUARTER.at >= since, _QUARTER.at < until, _QUARTER.user_id.in_(people)
    return int((await conn.execute(select(func.sum(_COUNTED[what])).where(*inside))).scalar_one() or 0)


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
    asked = select(*columns).where(*said_within(since, until, people, name=name, queue=queue))
    source = call_dispositions if queue is None else call_dispositions.outerjoin(calls, _CALL.id == _SAID.call_id)
    order: Order = (at, _SAID.call_id, key)
    return await _page(conn, asked, source, _between(at, 0), order, since, until, limit, cursor)


def said_within(
    since: int, until: int, people: Collection[int] | None, *, name: str | None = None, queue: str | None = None
) -> list[ColumnElement[bool]]:
    """Conditions over call_dispositions joined with calls."""
    found = [_SAID.at >= since, _SAID.at < until]
    found += [_SAID.user_id.in_(people)] if people is not None else []
    found += [_SAID.name == name] if name is not None else []
    return found + ([func.coalesce(_CALL.queue, "") == queue] if queue is not None else [])


async def outcomes(
    conn: AsyncConnection, since: int, until: int, people: Collection[int] | None, *, queues: bool
) -> list[tuple[str, str, int | None, int]]:
    """How often what was said of calls: outcome, queue of the call ("": none), by whom, how often.

    queues: whether the queues are asked for; else each is "".
    """
    by = [_SAID.name, *([func.coalesce(_CALL.queue, "").label("queue")] if queues else []), _SAID.user_id]
    source = call_dispositions.outerjoin(calls, _CALL.id == _SAID.call_id) if queues else call_dispositions
    found = select(*by, func.count()).select_from(source).where(*said_within(since, until, people)).group_by(*by)
    rows = await conn.execute(found)
    return [(name, queue[0] if queue else "", user_id, int(n)) for name, *queue, user_id, n in rows]


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
    times: Times,
    order: Order,
    since: float,
    until: float,
    limit: int,
    cursor: str | None,
    total: int | None = None,
) -> Page[PartRow]:
    """order: time, call and key of a row. total: None: they are counted here."""
    limit, asked = max(1, min(limit, PAGE_LIMIT)), asked.select_from(source)
    if cursor is not None:
        kind = tuple[float, KeyText, int] if order[2] is _SAID.id else tuple[float, KeyText, KeyText]
        before = read_cursor(cursor, kind)
        asked, until = asked.where(tuple_(*order) < tuple_(*before)), min(until, before[0] + 1)
    elif total is None:
        every = asked.where(times(since, until)).with_only_columns(func.count(), maintain_column_froms=True)
        total = int((await conn.execute(every)).scalar_one())
    rows = await _newest(conn, asked.order_by(*(one.desc() for one in order)), times, since, until, limit + 1)
    of_calls = await by_ids(conn, list({row.call_id for row in rows[:limit]}))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=[_part(row._mapping, of_calls.get(row.call_id)) for row in rows[:limit]],
        total=total,
        next_cursor=write_cursor(last.at, last.call_id, last.key) if last else None,
    )


async def _newest(conn: AsyncConnection, asked: Any, times: Times, since: float, until: float, most: int) -> list[Any]:
    """So many rows from the end of a time, a stretch at a time: of many people no index has them in their order."""
    rows: list[Any] = []
    stretch = FIRST_S
    while until > since and len(rows) < most:
        begin = max(since, until - stretch)
        rows += (await conn.execute(asked.where(times(begin, until)).limit(most - len(rows)))).all()
        until, stretch = begin, stretch * 4
    return rows


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
