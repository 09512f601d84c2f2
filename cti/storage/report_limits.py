"""Reports that hold too much are refused: one that is cut would pass for whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
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


async def each_of(
    conn: AsyncConnection, several: Iterable[Select[Any]], most: int, take: Callable[[Sequence[Any]], None]
) -> None:
    """Give the rows of several statements to `take`, some at once and off the loop, and keep none.

    Raises Refused where there are more than `most` in all.
    """

    def given(found: Result[Any]) -> int:
        count = 0
        for part in found.partitions(AT_ONCE):
            count += len(part)
            take(part)
        return count

    left = most
    for asked in several:
        left -= await asyncio.to_thread(given, await conn.execute(asked.limit(left + 1)))
        if left < 0:
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
