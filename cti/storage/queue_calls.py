"""The calls behind a number of a report: exactly those that were counted, a page at a time.

Counted hours lead to them: only quarters of hours that have such calls are looked into, with the thresholds they were
counted with. So a page of a rare kind out of ten millions costs no more than one of a common kind. Where a period is
not of full hours, quarters lead to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, literal_column, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.intervals import HOUR_S
from cti.reports.queue_sums import ENDS, QUARTER_S, STEPS, quarter
from cti.storage.journal import CallRow, by_ids
from cti.storage.number_rollups import INBOUND, NUMBER
from cti.storage.queue_figures import Queues, within
from cti.storage.rollup_tables import number_levels, queue_hours, queue_quarters
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


def _counted(of: Any) -> dict[str, ColumnElement[Any]]:
    """How many stays of each kind a counted quarter or hour has, by its columns."""
    untimed = of.answered_untimed + of.abandoned_untimed
    return {
        **{name: of[name] for name in ("entered", "waiting", "unseen", "short", *ENDS)},
        "exits": _together(of, EXITS),
        "not-answered": _together(of, NOT_ANSWERED),
        "in-t": of.in_t,
        "in-t-2": of.in_t + of.abandoned_in_t,
        "lost": of.abandoned - of.short - of.abandoned_untimed,
        "late": of.answered + of.abandoned - of.in_t - of.short - untimed,
        "untimed": untimed,
        **{f"waits-{begins}": of[f"waits_{begins}"] for begins in STEPS},
        **{f"abandoned-waits-{begins}": of[f"abandoned_waits_{begins}"] for begins in STEPS},
    }


def _together(of: Any, ends: Sequence[str]) -> ColumnElement[Any]:
    counted: list[ColumnElement[Any]] = [of[end] for end in ends]
    return sum(counted[1:], counted[0])


def _kinds() -> dict[str, ColumnElement[bool]]:
    answered, abandoned = _STAY.how == "answered", _STAY.how == "abandoned"
    kinds: dict[str, ColumnElement[bool]] = {
        "entered": true(),
        **{end: _STAY.how.in_((end,)) for end in ENDS},
        "exits": _STAY.how.in_(EXITS),
        "not-answered": _STAY.how.in_(NOT_ANSWERED),
        "waiting": and_(_STAY.how.is_(None), ~_OVER),
        "unseen": and_(_STAY.how.is_(None), _OVER),
        "in-t": and_(answered, _IN_T),
        "in-t-2": and_(or_(answered, abandoned), _IN_T),
        "short": and_(abandoned, _SHORT),
        "lost": and_(abandoned, _TIMED, ~_SHORT),
        "late": and_(_TIMED, or_(and_(answered, ~_IN_T), and_(abandoned, ~_SHORT))),  # what the service level lacks
        "untimed": and_(or_(answered, abandoned), ~_TIMED, true()),
    }
    for place, begins in enumerate(STEPS):
        ends = STEPS[place + 1] > _WAIT if place + 1 < len(STEPS) else true()
        own = and_(_TIMED, begins <= _WAIT, ends)
        kinds[f"waits-{begins}"] = and_(answered, own)
        kinds[f"abandoned-waits-{begins}"] = and_(abandoned, own)
    return kinds


KINDS = _kinds()
_BY = number_levels.c
BY_NUMBER = {"late": _BY.answered + _BY.abandoned - _BY.in_t - _BY.short, "in-t": _BY.in_t}
_QUARTERS, _HOURS = _counted(_OF), _counted(queue_hours.c)


async def stays(
    conn: AsyncConnection,
    what: str,
    since: int,
    until: int,
    queues: Queues,
    *,
    quarters: Sequence[int] | None = None,
    called: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[StayRow]:
    """Stays of a kind of KINDS, newest first. Raises Refused for a cursor that was not made here.

    quarters: only of these. called: only incoming calls by this number, "" for one not known; of kinds in BY_NUMBER.
    """
    condition = KINDS[what]
    if called is not None:
        condition = and_(condition, INBOUND, NUMBER.in_((called,)))
    limit = max(1, min(limit, PAGE_LIMIT))
    key = read_cursor(cursor, tuple[float, KeyText, int]) if cursor is not None else None
    lead = _lead(what, since, until, quarters) if called is None else _lead_by_number(what, called)
    total = await lead.total(conn, since, until, queues) if key is None else None
    last_at = until if key is None else min(until, quarter(key[0]) + 1)
    some = await lead.quarters(conn, since, last_at, queues, limit)
    inside = [_one_of(_OF.at, some), *_of(conn, queue_quarters, queues), _QUARTERS[what] > 0]
    if key is not None:
        condition = and_(condition, tuple_(_STAY.joined_at, _STAY.call_id, _STAY.place) < tuple_(*key))
    own = and_(_STAY.queue == _OF.queue, _STAY.joined_at >= _OF.at, _STAY.joined_at < _OF.at + QUARTER_S)
    found = (
        select(call_waits)
        .select_from(queue_quarters.join(call_waits, own).join(calls, calls.c.id == _STAY.call_id))
        .where(*inside, condition)
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


class _Lead:
    """Counted rows that lead to the stays of a kind. only: those that begin then; None: any."""

    def __init__(
        self, of: Table, counted: ColumnElement[Any], only: Sequence[int] | None, *more: ColumnElement[bool]
    ) -> None:
        self._of, self._counted = of, counted
        self._only = [*more] if only is None else [*more, _one_of(of.c.at, only)]

    async def total(self, conn: AsyncConnection, since: int, until: int, queues: Queues) -> int:
        """How many stays there are."""
        inside = self._inside(conn, since, until, queues)
        return int((await conn.execute(select(func.coalesce(func.sum(self._counted), 0)).where(*inside))).scalar_one())

    async def quarters(self, conn: AsyncConnection, since: int, until: int, queues: Queues, limit: int) -> list[int]:
        """The quarters that a page needs: the newest with enough stays, the first of them maybe seen in part."""
        at = self._of.c.at
        own = select(at, func.sum(self._counted).label("n")).where(*self._inside(conn, since, until, queues))
        found: list[int] = []
        seen = 0
        for row in await conn.execute(own.group_by(at).order_by(at.desc()).limit(limit + 2)):
            seen += row.n if found else 0
            found.append(int(row.at))
            if seen > limit:
                break
        length = HOUR_S if self._of is queue_hours else QUARTER_S
        return [one + n for one in found for n in range(0, length, QUARTER_S)]

    def _inside(self, conn: AsyncConnection, since: int, until: int, queues: Queues) -> list[ColumnElement[bool]]:
        own = [*within(self._of, since, until, None), *_of(conn, self._of, queues), *self._only]
        return [*own, self._counted > 0]


def _lead(what: str, since: int, until: int, quarters: Sequence[int] | None) -> _Lead:
    """Hours, where the period and what is asked of it are whole ones."""
    hours = None if quarters is None else [at for at in quarters if at % HOUR_S == 0]
    whole = hours is None or {at + n * QUARTER_S for at in hours for n in range(4)} == set(quarters or ())
    if since % HOUR_S or until % HOUR_S or not whole:
        return _Lead(queue_quarters, _QUARTERS[what], quarters)
    return _Lead(queue_hours, _HOURS[what], hours)


def _lead_by_number(what: str, called: str) -> _Lead:
    """Quarters in which calls by a number had such stays."""
    return _Lead(number_levels, BY_NUMBER[what], None, number_levels.c.called == called)


def _one_of(at: ColumnElement[Any], some: Sequence[int]) -> ColumnElement[bool]:
    """Thousands of them: as words of the statement, not as its parameters."""
    return at.in_(bindparam("some", some, expanding=True, literal_execute=True))


def _of(conn: AsyncConnection, of: Table, queues: Queues) -> list[ColumnElement[bool]]:
    """Counted rows of these queues. SQLite is to look for them first, and for their calls by each of them."""
    if queues is None:
        return []
    own = literal_column(f"+{of.name}.queue") if conn.dialect.name == "sqlite" else of.c.queue
    return [own.in_(queues)]


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
