"""A whole base from one engine to the other, in one transaction, compared row by row at the end.

What is derived (SQLite's index of search) the target makes itself. What its triggers have made of what came (hours,
changes of numbers, answers, and marks of what is to be counted, which is counted already) comes last, in place of that.
A copy that breaks off leaves the target empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, delete, func, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import StorageError
from cti.storage import migrations
from cti.storage.answer_tables import letters_asked, sms_asked
from cti.storage.database import Database
from cti.storage.rollup_tables import (
    agent_days,
    agent_hours,
    agent_marks,
    agent_pause_days,
    number_changes,
    queue_hours,
    queue_marks,
)
from cti.storage.tables import metadata

BATCH = 2_000


async def copy(source: Database, target: Database, told: Callable[[str, int], None]) -> dict[str, int]:
    """All rows of every table; told after each table. Returns rows by table. Raises StorageError when the target holds
    something, or when what arrived is not what left."""
    if source.schema_version > migrations.LATEST:
        raise StorageError(
            "The database is a newer program's: this one does not know all that is in it",
            advice="Copy it with the newer program.",
        )
    copied: dict[str, int] = {}
    made = (  # by triggers
        queue_marks, agent_marks, queue_hours, agent_hours, agent_days, agent_pause_days, number_changes,
        letters_asked, sms_asked,
    )  # fmt: skip
    tables = [*(table for table in metadata.sorted_tables if table not in made), *made]
    async with source.read() as old, target.write() as new:
        for table in tables:
            if (await new.execute(select(func.count()).select_from(table))).scalar_one():
                raise StorageError("The target holds something already", advice="Name an empty database.")
        for table in tables:
            left = _Digest()
            if table in made:
                await new.execute(delete(table))
            async for rows in _batches(old, table):
                left.add(rows)
                await new.execute(insert(table), [dict(row._mapping) for row in rows])
            arrived = _Digest()
            async for rows in _batches(new, table):
                arrived.add(rows)
            if (left.count, left.sum) != (arrived.count, arrived.sum):
                raise StorageError(
                    f"Rows of {table.name} arrived changed ({left.count} left, {arrived.count} arrived)",
                    advice="Nothing was copied. Report this with the versions of both databases.",
                )
            if not target.is_sqlite:
                await _go_on_counting(new, table)
            copied[table.name] = left.count
            told(table.name, left.count)
    return copied


async def _batches(conn: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Any]]:
    """All rows by their key, some at a time."""
    keys = list(table.primary_key.columns)
    statement = select(table).order_by(*keys).limit(BATCH)
    rows = (await conn.execute(statement)).all()
    while rows:
        yield rows
        last = tuple(rows[-1]._mapping[key] for key in keys)
        rows = (await conn.execute(statement.where(tuple_(*keys) > tuple_(*last)))).all()


class _Digest:
    """What rows are, in whatever order: their number and the sum of their hashes."""

    def __init__(self) -> None:
        self.count = self.sum = 0

    def add(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self.count += 1
            self.sum += int.from_bytes(hashlib.sha256(msgspec.json.encode(tuple(row))).digest()[:16], "big")


async def _go_on_counting(conn: AsyncConnection, table: Table) -> None:
    """PostgreSQL's counters go on after the greatest id that came."""
    keys = list(table.primary_key.columns)
    if len(keys) == 1 and keys[0].type.python_type is int:
        counter = (
            await conn.execute(
                text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": table.name, "key": keys[0].name}
            )
        ).scalar()
        greatest = (await conn.execute(select(func.max(keys[0])))).scalar()
        if counter and greatest:
            await conn.execute(text("SELECT setval(:counter, :value)"), {"counter": counter, "value": greatest})
