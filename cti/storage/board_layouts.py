"""How people have set up their live boards, as rows."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.board import Layout
from cti.storage.board_tables import board_layouts


async def of(conn: AsyncConnection, user_id: int) -> Layout:
    """A person's; the usual one where he has none, or one of another version."""
    found = await conn.scalar(select(board_layouts.c.layout).where(board_layouts.c.user_id == user_id))
    try:
        return msgspec.json.decode(found, type=Layout) if found else Layout()
    except msgspec.MsgspecError:
        return Layout()


async def keep(conn: AsyncConnection, user_id: int, layout: Layout) -> None:
    """Set a person's."""
    await conn.execute(delete(board_layouts).where(board_layouts.c.user_id == user_id))
    text = msgspec.json.encode(layout).decode()
    await conn.execute(insert(board_layouts).values(user_id=user_id, layout=text))
