"""What is behind the numbers of the report on answer times: a page of it, and how many there are."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from itertools import islice
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused
from cti.reports.answers import Question, newer
from cti.storage.answer_figures import MOST, Asked, By, Source, sources
from cti.storage.report_limits import beside, each_of
from cti.storage.sms_tables import sms


async def behind(
    conn: AsyncConnection, asked: Asked, kind: str, *, by: By, row: str | None, start: int, limit: int
) -> tuple[list[Question], int]:
    """Those behind a number, the newest first, from `start` on; and how many there are. row: of whom; None: of all.

    Raises Refused: there are too many.
    """
    most = start + limit
    if most > MOST:
        raise Refused("too-much-to-count", f"There are more than {MOST} rows.")
    pages: list[list[Question]] = []
    total = 0
    for source in await sources(conn, asked):
        wanted = source.rows.where(*(_row(source, by, row) if row is not None else ()))
        for rows, looks in _parts(source, wanted, kind):
            ordered = rows.order_by(source.c.at.desc(), source.id.desc())
            if looks:
                looked = _Looked(source, kind == "late", most)
                await each_of(conn, source.by_parts(ordered), MOST, looked.take)
                some, count = looked.newest, looked.count
            else:
                counted = source.of_period(rows.with_only_columns(func.count()))
                count = (await conn.execute(counted)).scalar_one()
                some = await beside(await conn.execute(source.of_period(ordered).limit(most))) if count else []
            pages.append(await asyncio.to_thread(lambda of, page: [of.question(one) for one in page], source, some))
            total += count
    merged = heapq.merge(*pages, key=newer, reverse=True)
    page = await asyncio.to_thread(lambda: list(islice(merged, start, most)))
    return await _with_clients(conn, page), total


async def _with_clients(conn: AsyncConnection, page: Sequence[Question]) -> list[Question]:
    """The same, with whose the SMS are."""
    ids = [one.id for one in page if one.channel == "sms"]
    rows = await conn.execute(select(sms.c.id, sms.c.client_id).where(sms.c.id.in_(ids))) if ids else ()
    whose = {row.id: row.client_id for row in rows}
    return [replace(one, client_id=whose.get(one.id)) if one.channel == "sms" else one for one in page]


class _Looked:
    """The newest of those that are late, or in time, and how many there are: looked at one by one, the newest first."""

    def __init__(self, source: Source, late: bool, most: int) -> None:
        self._source, self._late, self._most = source, late, most
        self.newest: list[Any] = []
        self.count = 0

    def take(self, rows: Sequence[Any]) -> None:
        """Look at some more."""
        now, dues, late = self._source.asked.now, self._source.dues, self._late
        found = []
        for row in rows:
            _, box, _, at, answered_at, _, _ = row
            if ((now if answered_at is None else answered_at) > dues[box](at)) is late:
                found.append(row)
        self.count += len(found)
        self.newest += found[: max(0, self._most - len(self.newest))]


def _parts(source: Source, wanted: Select[Any], kind: str) -> list[tuple[Select[Any], bool]]:
    """Those of a kind, in one part or two; whether each of a part is still to be looked at.

    Letters are due by hours of work, which the database does not know. What was answered sooner than the shortest
    target by the clock was in time for certain; the rest is looked at, less a second for what sums of times lose.
    """
    own, asked = source.c, source.asked
    first = source.first
    asks = or_(~own.adds, own.before_at < asked.begins)
    ends = func.coalesce(own.answered_at, asked.now)
    kinds: dict[str, list[ColumnElement[bool]]] = {
        "all": [],
        "adds": [and_(own.adds, own.before_at >= asked.begins)],
        "answered": [asks, own.answered_at.is_not(None)],
        "open": [asks, own.answered_at.is_(None)],
        "first": [first, own.answered_at.is_not(None)],
        "first-in-time": [first],
    }
    rows = wanted.where(*kinds.get(kind, [asks]))
    if kind not in ("late", "in-time", "first-in-time"):
        return [(rows, False)]
    if source.channel == "sms":
        latest = own.at + asked.sms_target_s
        return [(rows.where(ends > latest if kind == "late" else ends <= latest), False)]
    if not source.targets:
        return []
    rows = rows.where(source.box.in_(list(source.targets)))
    soon = ends <= own.at + (min(source.targets.values()) - 1)
    looked = (rows.where(~soon), True)
    return [looked] if kind == "late" else [(rows.where(soon), False), looked]


def _row(source: Source, by: By, row: str) -> list[ColumnElement[bool]]:
    """Those of one row of the report, by its name."""
    if by == "user":
        answered_by = source.c.answered_by
        if row:
            return [answered_by.in_([id_ for id_, name in source.people.items() if name == row])]
        named = [id_ for id_, name in source.people.items() if name]
        return [or_(answered_by.is_(None), answered_by.not_in(named))]
    if source.names is None:
        return [source.box == row]
    return [source.box.in_([id_ for id_, name in source.names.items() if name == row])]
