"""The calls behind a number of a report: exactly those that were counted, a page at a time.

Counted quarters lead to them: only quarters that have such calls are looked into, with the thresholds they were counted
with. So a page of a rare kind out of ten millions costs no more than one of a common kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, func, literal_column, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.queue_sums import ENDS, QUARTER_S, STEPS, quarter
from cti.storage.journal import CallRow, by_ids
from cti.storage.queue_figures import Queues, within
from cti.storage.rollup_tables import queue_quarters
from cti.storage.search import PAGE_LIMIT, KeyText, Page, read_cursor, write_cursor
from cti.storage.tables import call_waits, calls

_OF, _STAY = queue_quarters.c, call_waits.c
_WAIT = _STAY.left_at - _STAY.joined_at
_TIMED = and_(_STAY.left_at.is_not(None), _STAY.left_at >= _STAY.joined_at)
_OVER = or_(calls.c.outcome.is_not(None), calls.c.ended_at.is_not(None))
_IN_T = and_(_TIMED, _OF.answer_within_s >= _WAIT)
_SHORT = and_(_TIMED, _OF.short_s >= _WAIT)
NOT_ANSWERED = ("abandoned", "full", "joinempty", "leaveempty", "timeout")
EXITS = tuple(end for end in ENDS if end not in ("answered", "abandoned"))


@dataclass(frozen=True, kw_only=True, slots=True)
class StayRow:
    """A stay with its call. wait_s: None where it is not known. call: None where the row is gone meanwhile."""

    call_id: str
    place: int
    queue: str
    joined_at: float
    wait_s: float | None
    how: str | None
    position: int | None
    call: CallRow


Kind = tuple[ColumnElement[Any], ColumnElement[bool]]  # how many a counted quarter has, and which stays these are


def _ended(*hows: str) -> Kind:
    counted = [_OF[how] for how in hows]
    return sum(counted[1:], counted[0]), _STAY.how.in_(hows)


def _kinds() -> dict[str, Kind]:
    untimed = _OF.answered_untimed + _OF.abandoned_untimed
    answered, abandoned = _STAY.how == "answered", _STAY.how == "abandoned"
    kinds: dict[str, Kind] = {
        "entered": (_OF.entered, true()),
        **{end: _ended(end) for end in ENDS},
        "exits": _ended(*EXITS),
        "not-answered": _ended(*NOT_ANSWERED),
        "waiting": (_OF.waiting, and_(_STAY.how.is_(None), ~_OVER)),
        "unseen": (_OF.unseen, and_(_STAY.how.is_(None), _OVER)),
        "in-t": (_OF.in_t, and_(answered, _IN_T)),
        "in-t-2": (_OF.in_t + _OF.abandoned_in_t, and_(or_(answered, abandoned), _IN_T)),
        "short": (_OF.short, and_(abandoned, _SHORT)),
        "lost": (_OF.abandoned - _OF.short - _OF.abandoned_untimed, and_(abandoned, _TIMED, ~_SHORT)),
        "late": (  # what the service level lacks
            _OF.answered + _OF.abandoned - _OF.in_t - _OF.short - untimed,
            and_(_TIMED, or_(and_(answered, ~_IN_T), and_(abandoned, ~_SHORT))),
        ),
        "untimed": (untimed, and_(or_(answered, abandoned), ~_TIMED, true())),
    }
    for place, begins in enumerate(STEPS):
        ends = STEPS[place + 1] > _WAIT if place + 1 < len(STEPS) else true()
        own = and_(_TIMED, begins <= _WAIT, ends)
        kinds[f"waits-{begins}"] = _OF[f"waits_{begins}"], and_(answered, own)
        kinds[f"abandoned-waits-{begins}"] = _OF[f"abandoned_waits_{begins}"], and_(abandoned, own)
    return kinds


KINDS = _kinds()


async def stays(
    conn: AsyncConnection,
    what: str,
    since: int,
    until: int,
    queues: Queues,
    *,
    quarters: Sequence[int] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[StayRow]:
    """Stays of a kind of KINDS, newest first. Raises Refused for a cursor that was not made here.

    quarters: only of these.
    """
    counted, condition = KINDS[what]
    limit = max(1, min(limit, PAGE_LIMIT))
    inside = [*within(since, until, None), *_of(conn, queues), counted > 0]
    if quarters is not None:  # thousands of them: as words of the statement, not as its parameters
        inside.append(_OF.at.in_(bindparam("quarters", quarters, expanding=True, literal_execute=True)))
    total = None
    if cursor is None:
        total = int((await conn.execute(select(func.coalesce(func.sum(counted), 0)).where(*inside))).scalar_one())
    else:
        key = read_cursor(cursor, tuple[float, KeyText, int])
        inside.append(_OF.at <= quarter(key[0]))
        condition = and_(condition, tuple_(_STAY.joined_at, _STAY.call_id, _STAY.place) < tuple_(*key))
    oldest = await _enough(conn, counted, inside, limit)
    own = and_(_STAY.queue == _OF.queue, _STAY.joined_at >= _OF.at, _STAY.joined_at < _OF.at + QUARTER_S)
    found = (
        select(call_waits)
        .select_from(queue_quarters.join(call_waits, own).join(calls, calls.c.id == _STAY.call_id))
        .where(*inside, _OF.at >= oldest if oldest is not None else false(), condition)
        .order_by(_STAY.joined_at.desc(), _STAY.call_id.desc(), _STAY.place.desc())
        .limit(limit + 1)
    )
    rows = (await conn.execute(found)).all()
    of_calls = await by_ids(conn, list({row.call_id for row in rows[:limit]}))
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        rows=[_stay(row, of_calls[row.call_id]) for row in rows[:limit]],
        total=total,
        next_cursor=write_cursor(last.joined_at, last.call_id, last.place) if last else None,
    )


def _of(conn: AsyncConnection, queues: Queues) -> list[ColumnElement[bool]]:
    """Counted quarters of these queues. SQLite is to look for them first, and for their calls by each of them."""
    if queues is None:
        return []
    own = literal_column("+queue_quarters.queue") if conn.dialect.name == "sqlite" else _OF.queue
    return [own.in_(queues)]


async def _enough(
    conn: AsyncConnection, counted: ColumnElement[Any], inside: list[ColumnElement[bool]], limit: int
) -> int | None:
    """The oldest quarter that a page needs: those after it have enough, the first of them maybe seen in part."""
    own = select(_OF.at, func.sum(counted).label("n")).where(*inside).group_by(_OF.at).order_by(_OF.at.desc())
    rows = (await conn.execute(own.limit(limit + 2))).all()
    seen = 0
    for place, row in enumerate(rows):
        seen += row.n if place else 0
        if seen > limit:
            return int(row.at)
    return int(rows[-1].at) if rows else None


def _stay(row: Any, call: CallRow) -> StayRow:
    known = row.left_at is not None and row.left_at >= row.joined_at
    return StayRow(
        call_id=row.call_id,
        place=row.place,
        queue=row.queue,
        joined_at=row.joined_at,
        wait_s=row.left_at - row.joined_at if known else None,
        how=row.how,
        position=row.position,
        call=call,
    )
