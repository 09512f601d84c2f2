"""Texts of others in which a person is named: found while the server works, masked in the transaction that erases him.

The database gives the rows that may name him, by LIKE; whether they do the needles say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Table, and_, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.mentions import Needles
from cti.storage.database import Database
from cti.storage.held import TEXTS

AT_ONCE = 200_000  # rows looked through by one query: none may take long


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A row that names him. key: its primary key."""

    table: Table
    key: tuple[Any, ...]


async def find(db: Database, needles: Needles) -> list[Mention]:
    """Every row of `TEXTS` that names him; his own among them."""
    found: list[Mention] = []
    if not needles:
        return found
    for table, names in TEXTS.items():
        async for part in _parts(db, table):
            async with db.read() as conn:
                found += [Mention(table=table, key=key) for key in await _named(conn, table, names, needles, part)]
    return found


async def mask(conn: AsyncConnection, found: list[Mention], needles: Needles) -> Counter[str]:
    """Mask him in what is still there; how many rows of each table."""
    done: Counter[str] = Counter()
    for one in found:
        names = TEXTS[one.table]
        this = and_(*(column == value for column, value in zip(one.table.primary_key.columns, one.key, strict=True)))
        row = (await conn.execute(select(*(one.table.c[name] for name in names)).where(this))).one_or_none()
        if row is None:
            continue
        masked = {name: needles.masked(row._mapping[name] or "") for name in names}
        values = {name: text for name, text in masked.items() if text != (row._mapping[name] or "")}
        if values:
            await conn.execute(update(one.table).where(this).values(values))
            done[one.table.name] += 1
    return done


async def _parts(db: Database, table: Table) -> AsyncIterator[ColumnElement[bool]]:
    """The whole table, by ranges of its first key where that is a number."""
    first = next(iter(table.primary_key.columns))
    if not isinstance(first.type, Integer):
        yield true()
        return
    async with db.read() as conn:
        last = (await conn.execute(select(func.max(first)))).scalar() or 0
    for start in range(0, last + 1, AT_ONCE):
        yield first.between(start, start + AT_ONCE - 1)


async def _named(
    conn: AsyncConnection, table: Table, names: tuple[str, ...], needles: Needles, part: ColumnElement[bool]
) -> Iterator[tuple[Any, ...]]:
    keys = list(table.primary_key.columns)
    columns = [table.c[name] for name in names]
    like = (column.like if conn.dialect.name == "sqlite" else column.ilike for column in columns)
    asked = or_(*(matches(pattern, escape="\\") for matches in like for pattern in needles.likes))
    rows = (await conn.execute(select(*keys, *columns).where(part, asked))).all()
    return (
        tuple(row[: len(keys)])
        for row in rows
        if any(text and needles.masked(text) != text for text in row[len(keys) :])
    )
