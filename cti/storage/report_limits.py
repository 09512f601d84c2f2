"""Reports that hold too much are refused: one that is cut would pass for whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Result, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused
from cti.storage.database import TooLong, within

MOST_S = 8.0  # of a report that is counted row by row
AT_ONCE = 1000  # rows put together in one go: meanwhile no other thread has its turn


async def all_of(conn: AsyncConnection, asked: Select[Any], most: int) -> list[Any]:
    """The rows, put together off the loop. Raises Refused where there are more than `most`."""
    rows = await beside(await conn.execute(asked.limit(most + 1)))
    if len(rows) > most:
        raise Refused("too-much-to-count", f"There are more than {most} rows.")
    return rows


async def each_of(conn: AsyncConnection, asked: Select[Any], most: int, take: Callable[[Sequence[Any]], None]) -> None:
    """Give the rows to `take`, some at once and off the loop, and keep none. Raises Refused as `all_of`."""
    found = await conn.execute(asked.limit(most + 1))

    def given() -> int:
        count = 0
        for part in found.partitions(AT_ONCE):
            count += len(part)
            take(part)
        return count

    if await asyncio.to_thread(given) > most:
        raise Refused("too-much-to-count", f"There are more than {most} rows.")


async def beside(found: Result[Any]) -> list[Any]:
    """Rows put together off the loop."""
    return await asyncio.to_thread(lambda: [row for part in found.partitions(AT_ONCE) for row in part])


@asynccontextmanager
async def in_time(conn: AsyncConnection) -> AsyncIterator[None]:
    """The statements in this block are refused as too much where they take longer than MOST_S. Raises Refused."""
    try:
        async with within(conn, MOST_S):
            yield
    except TooLong:
        raise Refused("too-much-to-count", f"To count it takes over {MOST_S:g} s.") from None
