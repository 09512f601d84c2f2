"""Reports that hold too much are refused: one that is cut would pass for whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import Refused


async def all_of(conn: AsyncConnection, asked: Select[Any], most: int) -> list[Any]:
    """The rows. Raises Refused where there are more than `most`."""
    rows = list((await conn.execute(asked.limit(most + 1))).all())
    if len(rows) > most:
        raise Refused("too-much-to-count", f"There are more than {most} rows.")
    return rows
