"""Cells of the analysis of clients, counted by the database in one grouped statement, on both engines.

What was said of a client is taken as it was at the end of the period; for calls and contracts likewise. Stocks by month
(clients, averages) are asked once for each month's end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.filters import PROPERTY, Condition, day_begins, property_id
from cti.clients.properties import Property
from cti.clients.segments import Segment
from cti.errors import Refused
from cti.reports.clients import MONTH, SEGMENT, STOCKS, Ask, Cell, Key, months
from cti.storage.client_tables import client_values, clients, value_history
from cti.storage.conditions import IDS, Conditions
from cti.storage.contact_tables import contracts
from cti.storage.sight import sight_of
from cti.storage.tables import calls

MOST_SEGMENTS = 40  # each is counted by itself


class ClientReport:
    """Counts cells, with the properties as they are defined now. zone: where a day begins."""

    def __init__(
        self, conn: AsyncConnection, known: Sequence[Property], zone: ZoneInfo, segments: Sequence[Segment] = ()
    ) -> None:
        self._conn = conn
        self._known = {prop.id: prop for prop in known}
        self._zone = zone
        self._sqlite = conn.dialect.name == "sqlite"
        self._segments = [one.id for one in segments]
        self._conditions = Conditions(
            known, zone=zone, sqlite=self._sqlite, segments=segments, whole=sight_of(conn).hides
        )

    async def cells(self, ask: Ask, q: str = "", filters: Sequence[Condition] = ()) -> list[Cell]:
        """All cells. Raises Refused for a filter that there is not, and for more segments than can be counted."""
        if SEGMENT in (ask.rows, ask.columns):
            return await self._by_segment(ask, q, filters)
        if ask.measure not in STOCKS or MONTH not in (ask.rows, ask.columns):
            return await self._counted(ask, q, filters)
        by_month: list[Cell] = []
        other = ask.columns if ask.rows == MONTH else ask.rows
        for first, following in months(ask):
            last = (date.fromisoformat(following) - timedelta(days=1)).isoformat()
            month: Key = first[:7]
            for cell in await self._counted(replace(ask, rows=other, columns="", until=last), q, filters):
                row, column = (month, cell.row) if ask.rows == MONTH else (cell.row, month)
                by_month.append(replace(cell, row=row, column=column))
        return by_month

    async def _by_segment(self, ask: Ask, q: str, filters: Sequence[Condition]) -> list[Cell]:
        """One count a segment, and one of those who are in none."""
        if len(self._segments) > MOST_SEGMENTS:
            raise Refused("too-many-segments", f"At most {MOST_SEGMENTS} segments are counted side by side.")
        inner = replace(ask, rows=ask.columns if ask.rows == SEGMENT else ask.rows, columns="")
        found: list[Cell] = []
        for key in (*self._segments, None):
            one = in_segment(key, self._segments)
            for cell in await self.cells(inner, q, [*filters, one] if one else filters):
                row, column = (key, cell.row) if ask.rows == SEGMENT else (cell.row, key)
                found.append(replace(cell, row=row, column=column))
        return found

    async def _counted(self, ask: Ask, q: str, filters: Sequence[Condition]) -> list[Cell]:
        source, (value, of), moment = self._measure(ask)
        wanted = and_(self._conditions.where(q, filters), *self._period(ask, moment))
        if self._sqlite:  # every client has a kind: named, it leaves ix_clients_axes alone to have all that is asked
            wanted = and_(wanted, clients.c.kind != "")
        names = [name for name in (ask.rows, ask.columns) if name]
        keys: dict[str, ColumnElement[Any]] = {}
        for name in names:
            key, source = self._axis(name, ask, moment, source)
            keys[f"axis{len(keys)}"] = key
        shown = [key.label(label) for label, key in keys.items()]
        statement: Select[Any] = select(*shown, value.label("value"), of.label("of")).select_from(source).where(wanted)
        cells = []
        for *found, total, count in (
            await self._conn.execute(statement.group_by(*(text(label) for label in keys)))
        ).all():
            if count:
                at = {name: self._key(name, ask, one) for name, one in zip(names, found, strict=True)}
                cells.append(Cell(row=at.get(ask.rows), column=at.get(ask.columns), value=float(total), of=count))
        return cells

    def _measure(self, ask: Ask) -> tuple[Any, tuple[ColumnElement[Any], ColumnElement[int]], ColumnElement[Any]]:
        """Where the rows come from, what is summed and counted, and the moment of each row."""
        count = func.count()
        match ask.measure:
            case "calls":
                return clients.join(calls, calls.c.client_id == clients.c.id), (count, count), calls.c.started_at
            case "talk":
                talked = func.coalesce(func.sum(calls.c.ended_at - calls.c.answered_at), 0)
                source = clients.join(calls, calls.c.client_id == clients.c.id)
                return source, (talked, func.count(calls.c.answered_at)), calls.c.started_at
            case "contracts":
                of = and_(contracts.c.client_id == clients.c.id, contracts.c.currency == (ask.of or "RUB"))
                total = func.coalesce(func.sum(contracts.c.amount), 0) / literal(100.0)
                return clients.join(contracts, of), (total, count), contracts.c.signed_on
            case "average":
                number, joined = self._said(self._known[property_id(ask.of) or 0], ask, clients)
                return joined, (func.coalesce(func.sum(number), 0), func.count(number)), clients.c.created_at
            case _:
                return clients, (count, count), clients.c.created_at

    def _period(self, ask: Ask, moment: ColumnElement[Any]) -> Iterator[ColumnElement[bool]]:
        if ask.measure == "contracts":
            if ask.since:
                yield moment >= ask.since
            if ask.until:
                yield moment <= ask.until
            return
        if ask.since and ask.measure not in STOCKS:
            yield self._plain(moment) >= day_begins(ask.since, self._zone)
        if ask.until:
            yield self._plain(moment) < day_begins(ask.until, self._zone, days=1)

    def _plain(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A column that SQLite reads as it goes through the axes, each client with his calls, not by an index of its
        own, which has the clients out of order."""
        if not self._sqlite or not isinstance(column, Column) or column.table not in (clients, calls):
            return column
        return literal_column(f"+{column.table.name}.{column.name}")

    def _axis(self, name: str, ask: Ask, moment: ColumnElement[Any], source: Any) -> tuple[ColumnElement[Any], Any]:
        """The key of an axis, and the tables with what it needs."""
        if name == MONTH:
            return self._month(ask, moment), source
        prop = self._known.get(property_id(name) or 0)
        if prop is None:
            return self._plain(IDS[name]), source
        return self._said(prop, ask, source)

    def _month(self, ask: Ask, moment: ColumnElement[Any]) -> ColumnElement[Any]:
        """Which of the period's months, by number: cheaper than a calendar, and right in any zone."""
        ends: list[Any] = [following for _, following in months(ask)]
        if ask.measure != "contracts":
            ends = [day_begins(day, self._zone) for day in ends]
        return case(*((moment < end, place) for place, end in enumerate(ends)), else_=len(ends))

    def _said(self, prop: Property, ask: Ask, source: FromClause) -> tuple[ColumnElement[Any], FromClause]:
        """What was said of the property at the end of the period: now where nothing has changed since."""
        whole = prop.kind == "several" and ask.until
        values = (self._conditions.values(ask.until) if whole else client_values).alias()
        mine = and_(values.c.client_id == clients.c.id, values.c.property_id == prop.id)
        if not whole:  # the whole key is named, so that SQLite goes by it without statistics too
            mine = and_(mine, values.c.place >= 0)
        source = source.outerjoin(values, mine)
        name = "value_id" if prop.kind in ("list", "several") else "number"
        if not ask.until or prop.kind == "several":
            return values.c[name], source
        then = day_begins(ask.until, self._zone, days=1)
        past = value_history.alias()
        held = and_(past.c.client_id == clients.c.id, past.c.property_id == prop.id)
        earlier = select(past.c[name]).where(held, past.c.since < then, past.c.until >= then).limit(1)
        return case((values.c.since < then, values.c[name]), else_=earlier.scalar_subquery()), source

    def _key(self, name: str, ask: Ask, value: Any) -> Key:
        if name == MONTH:
            return months(ask)[int(value)][0][:7]
        prop = self._known.get(property_id(name) or 0)
        if prop is not None and value is not None:
            return int(value) if prop.kind in ("list", "several") else float(value)
        found: Key = value
        return found


def in_segment(key: Key, every: Sequence[int]) -> Condition | None:
    """The condition of a segment's row, or (key None) of those who are in none; None: there are no segments."""
    if key is None:
        return Condition(field=SEGMENT, op="none-of", value=list(every)) if every else None
    return Condition(field=SEGMENT, op="any-of", value=[key])


def orders(known: Sequence[Property]) -> dict[str, list[Key]]:
    """Keys of the axes that have an order of their own: values of lists as the admin put them, marks, yes and no."""
    found: dict[str, list[Key]] = {MONTH: []}
    for prop in known:
        match prop.kind:
            case "list" | "several":
                found[f"{PROPERTY}{prop.id}"] = [one.id for one in prop.values]
            case "rating":
                found[f"{PROPERTY}{prop.id}"] = [1.0, 2.0, 3.0, 4.0, 5.0]
            case "yes-no":
                found[f"{PROPERTY}{prop.id}"] = [1.0, 0.0]
    return found
