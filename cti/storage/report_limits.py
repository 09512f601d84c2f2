"""Reports that hold too much are refused: one that is cut would pass for whole."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused

AT_ONCE = 1000  # rows put together in one go: meanwhile no other thread has its turn


async def all_of(conn: AsyncConnection, asked: Select[Any], most: int) -> list[Any]:
    """The rows, put together off the loop. Raises Refused where there are more than `most`."""
    found = await conn.execute(asked.limit(most + 1))
    rows = await asyncio.to_thread(lambda: [row for part in found.partitions(AT_ONCE) for row in part])
    if len(rows) > most:
        raise Refused("too-much-to-count", f"There are more than {most} rows.")
    return rows
