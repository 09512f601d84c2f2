"""A condition on clients in the two forms that SQLite needs: the one that leads to clients, and the one asked of each.

SQLite keeps no statistics that tell a rare colour from a common one. So a condition says how it would lead (by an index
or a list of ids), how it is asked of a client that another led to, and whom to count for knowing how many it leads to.
PostgreSQL finds its way by itself: there all conditions lead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, case, false, func, literal_column, not_, or_, select, true

from cti.storage.client_tables import clients

Asked = ColumnElement[bool]
ALWAYS: Asked = true()


class Way(IntEnum):
    """How well a condition leads to its clients."""

    INDEX = 0  # of the clients themselves
    LIST = 1  # of ids from another table
    NONE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A condition.

    ids: a select of ids, for counting them: it holds for those of them for whom `check` holds too. None: nobody knows
    without asking everybody. in_order: they come by id. column: what it is about, a column of clients or `property:ID`;
    of: the same condition, on that column of whichever table has it.
    """

    leads: Asked
    follows: Asked
    way: Way = Way.NONE
    ids: Select[Any] | None = None
    check: Asked = ALWAYS
    in_order: bool = False
    column: str = ""
    of: Callable[[ColumnElement[Any]], Asked] | None = None

    def among(self, ids: str) -> Asked:
        """The same, led by its ids, which are known: a JSON array."""
        known = func.json_each(ids).table_valued("value")
        return and_(clients.c.id.in_(select(known.c.value)), self.check)


EVERYBODY = Part(leads=true(), follows=true())
NOBODY = Part(leads=false(), follows=false(), way=Way.INDEX)


def aside(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column of clients that SQLite reads from a row it has, and does not look up by the column's index."""
    return literal_column(f"+clients.{column.name}", column.type) if isinstance(column, Column) else column


def on_column(column: Column[Any], build: Callable[[ColumnElement[Any]], Asked], *, indexed: bool) -> Part:
    """A condition on a column of clients."""
    leads = build(column)
    if not indexed:
        return Part(leads=leads, follows=leads, column=column.name, of=build)
    ids = select(clients.c.id).where(leads)
    return Part(leads=leads, follows=build(aside(column)), ids=ids, way=Way.INDEX, column=column.name, of=build)


def named_by(owner: ColumnElement[Any], ids: Select[Any], *, without: bool = False) -> Part:
    """Clients whom rows of another table name: `ids` is a select of `owner`. without: all the others."""
    listed = clients.c.id.in_(ids)
    each = ids.where(owner == clients.c.id).correlate(clients).exists()
    if without:
        return Part(leads=not_(listed), follows=not_(each))
    return Part(leads=listed, follows=each, ids=ids, way=Way.LIST)


def led(parts: Sequence[Part], *, sqlite: bool) -> Asked:
    """All of them: those that lead best lead, the others are asked of the clients found. One list leads, not two."""
    first = _leader(parts) if sqlite else None
    if first is None:
        return and_(true(), *(one.leads for one in parts))
    several = first.way is Way.INDEX
    return and_(*(one.leads if one is first or (several and one.way is first.way) else one.follows for one in parts))


def _leader(parts: Sequence[Part]) -> Part | None:
    best = min(parts, key=lambda one: one.way, default=None)
    return None if best is None or best.way is Way.NONE else best


def all_of(parts: Sequence[Part], *, sqlite: bool) -> Part:
    """One that holds where all hold."""
    if len(parts) == 1:
        return parts[0]
    leads, follows = led(parts, sqlite=sqlite), and_(true(), *(one.follows for one in parts))
    first = _leader(parts)
    if first is None:
        return Part(leads=leads, follows=follows)
    check = and_(first.check, *(one.follows for one in parts if one is not first))
    return Part(leads=leads, follows=follows, way=first.way, ids=first.ids, check=check, in_order=first.in_order)


def any_of(parts: Sequence[Part]) -> Part:
    """One that holds where any holds."""
    if len(parts) == 1:
        return parts[0]
    way = Way.NONE if any(one.way is Way.NONE for one in parts) else Way.LIST
    return Part(leads=or_(*(one.leads for one in parts)), follows=or_(*(one.follows for one in parts)), way=way)


def none_of(parts: Sequence[Part]) -> Part:
    """One that holds where none holds: what is not known is not so."""
    return Part(
        leads=_not_so(or_(*(one.leads for one in parts))), follows=_not_so(or_(*(one.follows for one in parts)))
    )


def _not_so(any_: Asked) -> Asked:
    return case((any_, literal_column("0")), else_=literal_column("1")) == 1
