"""PostgreSQL's own chores: what was deleted is written out of its tables, their indexes and its statistics."""

from __future__ import annotations

import contextlib

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.held import HELD, TEXTS


async def clean(conn: AsyncConnection) -> None:
    """Write every table with people in it anew, with its indexes. conn: outside a transaction.

    VACUUM alone leaves the bytes in the free space of a page. Statistics hold values as well: they are taken anew, and
    the old ones go from their table where this user may do so, as the owner of the database may. A checkpoint lets the
    old files go; it needs pg_checkpoint, and comes by itself within minutes without it.
    """
    tables = sorted({one.table.name for one in HELD} | {one.name for one in TEXTS})
    for table in tables:
        await conn.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))  # names of our own schema
    for allowed in ("VACUUM FULL pg_catalog.pg_statistic", "CHECKPOINT"):
        with contextlib.suppress(DBAPIError):
            await conn.execute(text(allowed))
