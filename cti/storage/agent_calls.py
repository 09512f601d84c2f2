"""The calls behind a number of the report on people: exactly those that were counted, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.agent_sums import LEG_S
from cti.reports.kpi import AGAIN_S
from cti.reports.queue_sums import QUARTER_S
from cti.storage.agent_figures import DAY_S, parts_of
from cti.storage.agent_rollups import left
from cti.storage.disposition_tables import call_dispositions
from cti.storage.journal import CallRow, by_ids
from cti.storage.rollup_tables import agent_days
from cti.storage.search import PAGE_LIMIT, KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import calls, legs, users

HALF_MS = 0.0005  # moments are counted in whole milliseconds
_LEG, _CALL, _SAID = legs.c, calls.c, call_dispositions.c
_PICKED_UP = _LEG.answered_at.is_not(None)
_INBOUND = _CALL.direction == literal_column("'inbound'")  # as the index of them has it
_OUTBOUND = and_(_CALL.direction.is_not(None), _CALL.direction == "outbound")
_RING = func.coalesce(_LEG.answered_at, _LEG.ended_at) - _LEG.rang_at  # seconds
_RANG = {  # of those that were picked up, and of those in vain: each by an index of its own
    True: and_(_PICKED_UP, _LEG.answered_at - _LEG.rang_at > 0),
    False: and_(_LEG.answered_at.is_(None), _LEG.ended_at - _LEG.rang_at > 0),
}
KINDS: dict[str, ColumnElement[bool]] = {
    "answered": and_(_PICKED_UP, or_(_CALL.direction.is_(None), _CALL.direction != "outbound")),
    "placed": and_(_PICKED_UP, _OUTBOUND),
    "talks": _PICKED_UP,
    "transferred": and_(_PICKED_UP, _LEG.result == "transferred"),
    "missed": and_(_LEG.answered_at.is_(None), _LEG.result == "no-answer"),
    "ring": or_(*_RANG.values()),
    "with-outcome": and_(_PICKED_UP, _LEG.told == 1),
    "without-outcome": and_(_PICKED_UP, _LEG.told == 0),
}
OF_CALLS = ("answered", "placed")  # kinds that ask for the direction of the call
# after how many answered calls of clients nobody called again, of how many, and how many of them are so young that
# their client may still call again: as kpi.helped_at_once counts it
Helped = tuple[int, int, int]
CLIENTS = ("at-once", "again")  # clients who were helped at once, and who called again
_COUNTED = {name: (name,) for name in ("answered", "placed", "transferred", "missed")} | {
    "talks": ("answered", "placed")
}
RARE = 2_000  # of a kind in a time: they are looked for where days have any
FIRST_S = 3600.0  # the newest are looked for in the last hour, then in ever longer stretches before it
_NAMES = (  # one after another, along the index
    "WITH RECURSIVE names (name) AS (SELECT MIN(name) FROM call_dispositions UNION ALL"
    " SELECT (SELECT MIN(d.name) FROM call_dispositions d WHERE d.name > names.name) FROM names"
    " WHERE names.name IS NOT NULL)"
)
_BY_PERSON = text(  # each name and person counted within their own part of an index
    f"{_NAMES} SELECT names.name, u.id AS user_id,"  # noqa: S608 - our own words
    " (SELECT COUNT(*) FROM call_dispositions d WHERE d.name = names.name"
    " AND d.user_id = u.id AND d.at >= :since AND d.at < :until) AS n"
    " FROM names CROSS JOIN users u WHERE names.name IS NOT NULL AND u.id IN :people"
).bindparams(bindparam("people", expanding=True))
_QUEUES = (
    "queues (queue) AS (SELECT MIN(queue) FROM call_dispositions UNION ALL"
    " SELECT (SELECT MIN(d.queue) FROM call_dispositions d WHERE d.queue > queues.queue) FROM queues"
    " WHERE queues.queue IS NOT NULL)"
)
_BY_QUEUE, _BY_QUEUE_OF_ALL = (  # each name and queue likewise
    f"{_NAMES}, {_QUEUES} SELECT names.name, queues.queue,"  # noqa: S608 - our own words
    " (SELECT COUNT(*) FROM call_dispositions d"
    f" WHERE d.queue = queues.queue AND d.name = names.name AND d.at >= :since AND d.at < :until AND d.user_id {whose})"
    " AS n FROM names CROSS JOIN queues WHERE names.name IS NOT NULL AND queues.queue IS NOT NULL"
    for whose in ("IN :people", "IS NOT NULL")
)
Order = tuple[ColumnElement[Any], ...]
Times = Callable[[float, float], ColumnElement[bool]]  # whether a row is of a time
Days = Sequence[tuple[int, Collection[int]]]  # of UTC, the newest first, each with people


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
    times, days = _between(at, HALF_MS), None
    total = await _counted_before(conn, what, since, until, people)
    if total is not None and total <= RARE:
        days = await _days_of(conn, what, since, until, people)
    if what == "ring":  # it is counted when it was picked up, else when it rang
        missed = _between(_LEG.rang_at, HALF_MS)
        if cursor is None:
            total = await _rang(conn, people, {True: times(since, until), False: missed(since, until)})
        times = _either(times, lambda first, last: and_(_LEG.answered_at.is_(None), missed(first, last)))
        at = func.coalesce(_LEG.answered_at, _LEG.rang_at)
    columns = [_LEG.call_id, _LEG.leg_id.label("key"), at.label("at"), _LEG.user_id, _LEG.talk_s, _LEG.result]
    columns.append(_RING.label("ring_s"))
    asked = select(*columns).where(_LEG.user_id.in_(people), KINDS[what])
    source = legs.join(calls, _CALL.id == _LEG.call_id) if what in OF_CALLS else legs
    by: Order = (at, _LEG.call_id, _LEG.leg_id)
    return await _page(conn, asked, source, times, by, since, until, limit, cursor, total, days)


def _between(at: ColumnElement[Any], half: float) -> Times:
    return lambda first, last: and_(at >= first - half, at < last - half)


def _either(one: Times, other: Times) -> Times:
    return lambda first, last: or_(one(first, last), other(first, last))


async def _rang(conn: AsyncConnection, people: Collection[int], times: Mapping[bool, ColumnElement[bool]]) -> int:
    counts = [
        select(func.count()).select_from(legs).where(_LEG.user_id.in_(people), _RANG[one], inside)
        for one, inside in times.items()
    ]
    return sum([int((await conn.execute(one)).scalar_one()) for one in counts])


async def _counted_before(
    conn: AsyncConnection, what: str, since: int, until: int, people: Collection[int]
) -> int | None:
    """How many of a kind the counted quarters have; None: not counted, not to its end, or not by whole quarters."""
    if what not in _COUNTED or since % QUARTER_S or until % QUARTER_S or await left(conn, since, until):
        return None
    total = 0
    for of, begin, end in parts_of(since, until):
        counted = select(func.sum(_n(of, what))).where(of.c.at >= begin, of.c.at < end, of.c.user_id.in_(people))
        total += int((await conn.execute(counted)).scalar_one() or 0)
    return total


async def _days_of(
    conn: AsyncConnection, what: str, since: int, until: int, people: Collection[int]
) -> list[tuple[int, list[int]]]:
    """The days of UTC with any of a kind that is counted, the newest first, and whose it is."""
    own, found = agent_days.c, dict[int, list[int]]()
    inside = own.at > since - DAY_S, own.at < until, own.user_id.in_(people), _n(agent_days, what) > 0
    for at, user_id in await conn.execute(select(own.at, own.user_id).where(*inside).order_by(own.at.desc())):
        found.setdefault(at, []).append(user_id)
    return list(found.items())


def _n(of: Table, what: str) -> ColumnElement[int]:
    return sum((of.c[name] for name in _COUNTED[what]), literal_column("0", Integer))


async def said(
    conn: AsyncConnection,
    since: int,
    until: int,
    people: Collection[int],
    *,
    name: str | None = None,
    queue: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[PartRow]:
    """What people said of calls; name, queue: only that outcome, only calls of that queue ("": without one)."""
    at, key = _SAID.at, _SAID.id
    columns = [_SAID.call_id, key.label("key"), at.label("at"), _SAID.user_id, _SAID.name.label("said")]
    wanted = [(column, value) for column, value in ((_SAID.name, name), (_SAID.queue, queue)) if value is not None]
    asked = select(*columns).where(_SAID.user_id.in_(people), *(column == value for column, value in wanted))
    order: Order = (at, _SAID.call_id, key)
    total = None
    if cursor is None and not wanted:  # each index begins with one of them
        total = sum(n for *_, n in await said_by_person(conn, since, until, people))
    return await _page(conn, asked, call_dispositions, _between(at, 0), order, since, until, limit, cursor, total)


async def said_by_person(
    conn: AsyncConnection, since: int, until: int, people: Collection[int]
) -> list[tuple[str, int, int]]:
    """How often people said what of calls: outcome, who, how often."""
    asked = {"people": list(people), "since": since, "until": until}
    return [(row.name, row.user_id, row.n) for row in await conn.execute(_BY_PERSON, asked) if row.n]


async def said_by_queue(
    conn: AsyncConnection, since: int, until: int, people: Collection[int]
) -> list[tuple[str, str, int]]:
    """The same by the queue of the call ("": none): outcome, queue, how often."""
    asked: dict[str, Any] = {"since": since, "until": until}
    counted = text(_BY_QUEUE_OF_ALL)
    if (await conn.execute(select(func.count()).select_from(users))).scalar_one() > len(people):
        counted = text(_BY_QUEUE).bindparams(bindparam("people", expanding=True))
        asked["people"] = list(people)
    return [(row.name, row.queue, row.n) for row in await conn.execute(counted, asked) if row.n]


async def talks(conn: AsyncConnection, since: int, until: int, people: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many conversations of each have an outcome of his, and how many have none: out of the journal, not out of
    counted quarters."""
    mine = [_LEG.user_id.in_(people), _LEG.answered_at >= since - HALF_MS, _LEG.answered_at < until - HALF_MS]
    found = select(_LEG.user_id, func.sum(_LEG.told), func.sum(1 - _LEG.told)).where(*mine).group_by(_LEG.user_id)
    return {user_id: (int(told), int(untold)) for user_id, told, untold in await conn.execute(found)}


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
    days: Days | None = None,
) -> Page[PartRow]:
    """order: time, call and key of a row. total: None: they are counted here. days: the only ones with any."""
    limit, asked = max(1, min(limit, PAGE_LIMIT)), asked.select_from(source)
    if cursor is not None:
        kind = tuple[float, KeyText, int] if order[2] is _SAID.id else tuple[float, KeyText, KeyText]
        before = read_cursor(cursor, kind)
        asked, until = asked.where(tuple_(*order) < tuple_(*before)), min(until, before[0] + 1)
    elif total is None:
        every = asked.where(times(since, until)).with_only_columns(func.count(), maintain_column_froms=True)
        total = int((await conn.execute(every)).scalar_one())
    if total == 0:  # nobody need look through all of the time for them
        return Page(rows=[], total=0, next_cursor=None)
    newest, rows = asked.order_by(*(one.desc() for one in order)), list[Any]()
    for some in _from_the_end(times, since, until, days):
        if len(rows) <= limit:
            rows += (await conn.execute(newest.where(*some).limit(limit + 1 - len(rows)))).all()
    of_calls = await by_ids(conn, list({row.call_id for row in rows[:limit]}))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=[_part(row._mapping, of_calls.get(row.call_id)) for row in rows[:limit]],
        total=total if cursor is None else None,
        next_cursor=write_cursor(last.at, last.call_id, last.key) if last else None,
    )


def _from_the_end(times: Times, since: float, until: float, days: Days | None) -> Iterator[list[ColumnElement[bool]]]:
    """A time in stretches, the last one first: of many people no index has their rows in the order of time."""
    if days is not None:
        for day, who in days:
            if max(since, day) < min(until, day + DAY_S):
                yield [times(max(since, day), min(until, day + DAY_S)), _LEG.user_id.in_(who)]
        return
    stretch = FIRST_S
    while until > since:
        begin = max(since, until - stretch)
        yield [times(begin, until)]
        until, stretch = begin, stretch * 4


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
