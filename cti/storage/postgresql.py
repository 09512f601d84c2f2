"""PostgreSQL's own chores: what was deleted is written out of its tables, their indexes and its statistics; of all
machines at a database one does what is not for two at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.held import HELD, TEXTS

AGAIN_S = 1.0  # between two looks whether a turn is free: waiting in the server would end with lock_timeout


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


async def take_turn(conn: AsyncConnection, turn: int, waits: Callable[[], None] | None) -> bool:
    """Take a turn that one of all has, for as long as `conn` is open. waits: told that it is waited for; None: it is
    not, and False says that another has it.
    """
    await conn.execution_options(isolation_level="AUTOCOMMIT")
    await conn.run_sync(lambda sync: sync.detach())  # closed at its end, whatever that is: so ends the turn
    asked = False
    while not (await conn.execute(text("SELECT pg_try_advisory_lock(:turn)"), {"turn": turn})).scalar():
        if waits is None:
            return False
        if not asked:
            waits()
        asked = True
        await asyncio.sleep(AGAIN_S)
    return True
