"""Incoming calls by the number that was called, counted by days of UTC, and what changed since beside them.

Triggers tell of every call that comes, changes or goes by a row of number_changes, in its own transaction: writers of
one number do not wait for one another. Days and changes are read in one statement and added up, so that it does not
matter when a change is added to its day.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    Table,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.queue_figures import Queues
from cti.storage.rollup_tables import number_changes, number_days
from cti.storage.tables import calls

DAY_S = 86_400
AT_ONCE = 2000  # changes added to their days
_C = calls.c
INBOUND = _C.direction == literal_column("'inbound'")  # as the index of them has it
NUMBER = func.coalesce(_C.called, "")
KIND = case(  # what became of a call
    (_C.answered_at.is_not(None), "answered"),
    (_C.outcome == "abandoned", "abandoned"),
    (_C.outcome.is_not(None), "others"),
    (_C.ended_at.is_(None), "open"),
    else_="unseen",
)
KINDS = ("answered", "abandoned", "others", "open", "unseen")
_KEY = tuple(column.name for column in number_days.primary_key)
_ADD = text(
    "INSERT INTO number_days (at, queue, called, kind, n) VALUES (:at, :queue, :called, :kind, :n)"
    " ON CONFLICT (at, queue, called, kind) DO UPDATE SET n = number_days.n + excluded.n"
)
_GONE = delete(number_days).where(*(number_days.c[name] == bindparam(f"of_{name}") for name in _KEY))


async def waits(conn: AsyncConnection) -> bool:
    """Whether changes wait for being added to their days."""
    return (await conn.execute(select(number_changes.c.id).limit(1))).first() is not None


async def fold(conn: AsyncConnection) -> bool:
    """Add some changes to their days; whether there were as many as go at once."""
    own = number_changes.c
    some = select(own.id).order_by(own.id).limit(AT_ONCE)
    gone = delete(number_changes).where(own.id.in_(some)).returning(*(own[name] for name in _KEY), own.n)
    changes = (await conn.execute(gone)).all()
    sums: Counter[tuple[Any, ...]] = Counter()
    for *key, n in changes:
        sums[tuple(key)] += n
    added = [dict(zip(_KEY, key, strict=True)) | {"n": n} for key, n in sorted(sums.items()) if n]
    if added:
        await conn.execute(_ADD, added)
    less = [{f"of_{name}": one[name] for name in _KEY} for one in added if one["n"] < 0]
    if less:
        await conn.execute(_GONE.where(number_days.c.n == 0), less)
    return len(changes) == AT_ONCE


def whole_days(since: int, until: int) -> range:
    """The days of UTC that lie in a time whole."""
    return range(-(-since // DAY_S) * DAY_S, until // DAY_S * DAY_S, DAY_S)


def came(since: int, until: int, queues: Queues) -> list[ColumnElement[bool]]:
    """Conditions: incoming calls of a time and of these queues."""
    own = [_C.queue.in_(queues)] if queues is not None else []
    return [_C.started_at >= since, _C.started_at < until, INBOUND, *own]


def counted(since: int, until: int, queues: Queues) -> Subquery:
    """Rows of `called`, `kind` and `n`, to be added up: of whole days as counted, of what is beside them from calls."""
    days = whole_days(since, until)
    ends = [(since, days.start), (days.stop, until)] if days else [(since, until)]
    found: list[Select[Any]] = [
        select(NUMBER.label("called"), KIND.label("kind"), func.count().label("n"))
        .where(*came(*end, queues))
        .group_by(NUMBER, KIND)
        for end in ends
        if end[0] < end[1] or not days  # a time of nothing has no calls
    ]
    for table in (number_days, number_changes) if days else ():
        found.append(select(table.c.called, table.c.kind, table.c.n).where(*_within(table, days, queues)))
    return union_all(*found).subquery()


async def days_with(
    conn: AsyncConnection, days: range, queues: Queues, number: str | None, kind: str | None, most: int
) -> list[int]:
    """The newest of these days with so many calls of a kind (None: any) to a number (None: any), newest first."""
    parts = [
        select(table.c.at, table.c.n)
        .where(*_within(table, days, queues))
        .where(*of(table.c, number, kind))
        for table in (number_days, number_changes)
    ]  # fmt: skip
    own = union_all(*parts).subquery().c
    n = func.sum(own.n)
    asked = select(own.at, n.label("n")).group_by(own.at).having(n > 0).order_by(own.at.desc()).limit(most)
    found: list[int] = []
    seen = 0
    for row in await conn.execute(asked):
        found.append(int(row.at))
        seen += row.n
        if seen >= most:
            break
    return found


def of(own: Any, number: str | None, kind: str | None) -> list[ColumnElement[bool]]:
    """Conditions over columns by name: rows of a number and of a kind; None: of any."""
    return [own[name] == value for name, value in (("called", number), ("kind", kind)) if value is not None]


def _within(table: Table, days: range, queues: Queues) -> list[ColumnElement[bool]]:
    own = [table.c.queue.in_(queues)] if queues is not None else []
    return [table.c.at >= days.start, table.c.at < days.stop, *own]
