"""Rows by the thousand, in as few statements as an engine is quick with.

SQLite takes a hundred rows in one statement in half the time of a hundred statements, as each with triggers opens a
savepoint of its own; PostgreSQL's driver sends rows after one another and waits once, and there a statement may not
meet one row twice. Neither way goes through SQLAlchemy's parameters, which cost as much again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE = 100  # rows of a statement


async def insert_rows(
    conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], conflict: str = ""
) -> None:
    """Insert rows, in their order. columns: of the table; conflict: `ON CONFLICT …`, our own words and never input."""
    sqlite = conn.dialect.name == "sqlite"
    marks = ", ".join("?" if sqlite else f"${place}" for place in range(1, len(columns) + 1))
    into = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608 - our own words
    many = f"{into}{', '.join([f'({marks})'] * AT_ONCE)} {conflict}"
    alone = len(rows) % AT_ONCE if sqlite else len(rows)
    for at in range(0, len(rows) - alone, AT_ONCE):
        await conn.exec_driver_sql(many, tuple(chain.from_iterable(rows[at : at + AT_ONCE])))
    if alone:
        await conn.exec_driver_sql(f"{into}({marks}) {conflict}", list(rows[-alone:]))
