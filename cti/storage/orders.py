"""The orders in which clients stand: by a column of theirs, a directory's names, what a property says; the empty last.

Each can be written as one statement that sorts what was found, and (SQLite) as statements one after the other that go
along an index that has that order, for pages out of many. Both give (id, key) in one order, and go on after a key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

from msgspec import Meta
from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Label,
    Select,
    String,
    Table,
    and_,
    literal,
    null,
    or_,
    select,
    tuple_,
)

from cti.clients.filters import PROPERTY
from cti.storage.client_tables import client_values, clients
from cti.storage.parts import Asked, aside
from cti.storage.search import Id, KeyText, bad_cursor, read_cursor, write_cursor

Path = ColumnElement[Any] | None
Key = tuple[Any, int]  # of the last row: what it was sorted by, and its id
KeyNumber = Annotated[int, Meta(ge=-(2**53), le=2**53)]
NUMBERS, TEXTS, NOTHING = (int, float), (str,), (type(None),)
# their index is an order
PATHS = frozenset(("id", "name_folded", "full_name", "inn", "created_at", "updated_at", "last_letter_at"))
GROUPED = frozenset(("responsible_id", "relation_id", "region_id", "industry_id", "source_id"))


def write_key(key: Key) -> str:
    """The place behind a row, as text for the address of the next page."""
    return write_cursor(*key)


def read_key(cursor: str, order: Order) -> Key:
    """The place back from its text. Raises Refused when it is none of this order."""
    key = read_cursor(cursor, tuple[KeyNumber | float | KeyText | None, Id])
    if not isinstance(key[0], order.keys):
        raise bad_cursor()
    return key


class Order(Protocol):
    """An order. column: what it goes by, a column of clients or `property:ID`. keys: the types of its keys."""

    @property
    def column(self) -> str: ...

    @property
    def keys(self) -> tuple[type, ...]: ...

    def sorted(self, wanted: Asked, after: Key | None) -> Select[Any]:
        """The clients wanted, sorted."""

    def along(self, after: Key | None) -> Iterator[tuple[Select[Any], Path]]:
        """All clients in parts that follow one another, each along an index, and what that goes by (None: by ids).

        Nothing where there is no index.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ByColumn:
    """By a column, or by what is made of one. It is never null unless it is nullable as defined: then null is last."""

    of: Column[Any] | Label[Any]
    down: bool = False

    @property
    def column(self) -> str:
        return self.of.name

    @property
    def keys(self) -> tuple[type, ...]:
        kept = TEXTS if isinstance(self.of.type, String) else NUMBERS
        return (*kept, *NOTHING) if self._may_lack else kept

    @property
    def _may_lack(self) -> bool:
        return isinstance(self.of, Column) and bool(self.of.nullable)

    def sorted(self, wanted: Asked, after: Key | None) -> Select[Any]:
        if not self._may_lack:
            return self._rows(after).where(wanted)
        rows = select(clients.c.id.label("id"), self.of.label("key")).where(wanted)
        if after is not None:
            rows = rows.where(_behind(self.of, clients.c.id, after, self.down))
        return rows.order_by(self.of.is_(None), _turned(self.of, self.down), _turned(clients.c.id, self.down))

    def along(self, after: Key | None) -> Iterator[tuple[Select[Any], Path]]:
        if self.column not in PATHS:
            return
        if after is None or after[0] is not None:
            rows = self._rows(after)
            yield rows.where(self.of.is_not(None)) if self._may_lack else rows, self.of
        if self._may_lack:
            lacking = select(clients.c.id.label("id"), null().label("key")).where(aside(self.of).is_(None))
            if after is not None and after[0] is None:
                lacking = lacking.where(_beyond(clients.c.id, after[1], self.down))
            yield lacking.order_by(_turned(clients.c.id, self.down)), None

    def _rows(self, after: Key | None) -> Select[Any]:
        rows = select(clients.c.id.label("id"), self.of.label("key"))
        if self.of is clients.c.id:
            if after is not None:
                rows = rows.where(_beyond(clients.c.id, after[1], self.down))
            return rows.order_by(_turned(clients.c.id, self.down))
        if after is not None:
            rows = rows.where(_beyond(tuple_(self.of, clients.c.id), tuple_(*after), self.down))
        return rows.order_by(_turned(self.of, self.down), _turned(clients.c.id, self.down))


@dataclass(frozen=True, kw_only=True, slots=True)
class ByValue:
    """By what a property says: its number or text."""

    property_id: int
    of: str  # number | text
    down: bool = False

    @property
    def column(self) -> str:
        return f"{PROPERTY}{self.property_id}"

    @property
    def keys(self) -> tuple[type, ...]:
        return (*(TEXTS if self.of == "text" else NUMBERS), *NOTHING)

    def sorted(self, wanted: Asked, after: Key | None) -> Select[Any]:
        values = client_values.alias("of_order")
        key = values.c[self.of]
        mine = and_(values.c.client_id == clients.c.id, values.c.property_id == self.property_id, values.c.place == 0)
        rows = select(clients.c.id.label("id"), key.label("key")).outerjoin(values, mine).where(wanted)
        if after is not None:
            rows = rows.where(_behind(key, clients.c.id, after, self.down))
        return rows.order_by(key.is_(None), _turned(key, self.down), _turned(clients.c.id, self.down))

    def along(self, after: Key | None) -> Iterator[tuple[Select[Any], Path]]:
        values = client_values.alias("of_order")
        key, id_ = values.c[self.of], values.c.client_id
        if after is None or after[0] is not None:
            said = select(id_.label("id"), key.label("key")).where(
                values.c.property_id == self.property_id, key.is_not(None), values.c.place == 0,
                _led_from(id_),
            )  # fmt: skip
            if after is not None:
                said = said.where(_beyond(tuple_(key, id_), tuple_(*after), self.down))
            yield said.order_by(_turned(key, self.down), _turned(id_, self.down)), key
        has = values.c.client_id == clients.c.id, values.c.property_id == self.property_id, key.is_not(None)
        said_of = select(id_).where(*has).correlate(clients).exists()
        silent = select(clients.c.id.label("id"), null().label("key")).where(~said_of)
        if after is not None and after[0] is None:
            silent = silent.where(_beyond(clients.c.id, after[1], self.down))
        yield silent.order_by(_turned(clients.c.id, self.down)), None


@dataclass(frozen=True, kw_only=True, slots=True)
class ByGroup:
    """By the names of what clients refer to by a column, or by a property that is a list; the key is the name's id.

    names: the table of the names; by: its column that they are sorted by; groups: the ids of all of them in this order.
    """

    of: Column[Any] | int
    names: Table
    by: str
    groups: tuple[int, ...]
    down: bool = False
    keys: tuple[type, ...] = field(default=(int, *NOTHING), init=False)

    @property
    def column(self) -> str:
        return f"{PROPERTY}{self.of}" if isinstance(self.of, int) else self.of.name

    def sorted(self, wanted: Asked, after: Key | None) -> Select[Any]:
        names, values = self.names.alias("names"), client_values.alias("of_order")
        rows = select(clients.c.id.label("id"), names.c.id.label("key")).where(wanted)
        if isinstance(self.of, int):
            mine = and_(values.c.client_id == clients.c.id, values.c.property_id == self.of, values.c.place == 0)
            rows = rows.outerjoin(values, mine).outerjoin(names, names.c.id == values.c.value_id)
        else:
            rows = rows.outerjoin(names, names.c.id == self.of)
        if after is not None:
            later = names.c.id.in_(self._later(after[0]))
            same = and_(names.c.id.is_not_distinct_from(after[0]), _beyond(clients.c.id, after[1], self.down))
            rows = rows.where(or_(same, later, *([names.c.id.is_(None)] if after[0] is not None else [])))
        keys = (names.c[self.by], names.c.id, clients.c.id)
        return rows.order_by(names.c.id.is_(None), *(_turned(key, self.down) for key in keys))

    def along(self, after: Key | None) -> Iterator[tuple[Select[Any], Path]]:
        if isinstance(self.of, Column) and self.of.name not in GROUPED:
            return
        if after is None or after[0] is not None:
            here = () if after is None else (after[0],)
            for group in (*here, *self._later(*here)):
                beyond = after[1] if group in here and after is not None else None
                yield self._group(group, beyond), literal(group, Integer)
        yield self._group(None, after[1] if after is not None and after[0] is None else None), None

    def _later(self, *group: int | None) -> tuple[int, ...]:
        """The groups after one, all of them where none is given. Raises Refused for one that is gone."""
        groups = self.groups[::-1] if self.down else self.groups
        if not group:
            return groups
        if group[0] is None:
            return ()
        if group[0] not in groups:
            raise bad_cursor()
        return groups[groups.index(group[0]) + 1 :]

    def _group(self, group: int | None, beyond: int | None) -> Select[Any]:
        """The clients of one name; None: of none."""
        values, id_ = client_values.alias("of_order"), clients.c.id
        if not isinstance(self.of, int):
            other = or_(aside(self.of).is_(None), aside(self.of).not_in(self.groups))
            wanted = [other if group is None else self.of == group]
        else:
            said = [values.c.property_id == self.of, values.c.place == 0]
            if group is None:
                his = select(values.c.client_id).where(
                    *said, values.c.client_id == id_, values.c.value_id.in_(self.groups)
                )
                wanted = [~his.correlate(clients).exists()]
            else:
                id_ = values.c.client_id
                wanted = [*said, values.c.value_id == group, _led_from(id_)]
        rows = select(id_.label("id"), literal(group, Integer).label("key")).where(*wanted)
        if beyond is not None:
            rows = rows.where(_beyond(id_, beyond, self.down))
        return rows.order_by(_turned(id_, self.down))


def _turned(key: ColumnElement[Any], down: bool) -> ColumnElement[Any]:
    return key.desc() if down else key.asc()


def _behind(key: ColumnElement[Any], id_: ColumnElement[Any], after: Key, down: bool) -> Asked:
    """Behind a row, where those that have no key are last."""
    if after[0] is None:
        return and_(key.is_(None), _beyond(id_, after[1], down))
    return or_(key.is_(None), _beyond(tuple_(key, id_), tuple_(*after), down))


def _beyond(place: ColumnElement[Any], mark: Any, down: bool) -> Asked:
    beyond: Asked = place < mark if down else place > mark
    return beyond


def _led_from(owner: ColumnElement[Any]) -> Asked:
    """That a client is the one a row names: what is computed does not lead, so the rows do, in their order."""
    same: Asked = clients.c.id == owner.op("+")(0)
    return same
