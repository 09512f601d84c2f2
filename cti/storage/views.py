"""Views of the grid: how each person left it, and the named ones, private or shared with a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from sqlalchemy import delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import DEEP_WORDS, Holds, Sight
from cti.storage.client_tables import grid_views
from cti.storage.sight import seen

EVERYBODY = "all"


def _state_seen(sight: Sight, state: str, _of: Any) -> str:
    return msgspec.json.encode(DEEP_WORDS.how(sight, msgspec.json.decode(state), None)).decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One view. name "": how the person left his grid. state: JSON, as the browser wrote it. role: shared with."""

    id: int
    user_id: int
    name: str
    role: str | None
    state: Annotated[str, Holds(_state_seen)]


async def of_person(conn: AsyncConnection, user_id: int, role: str) -> list[View]:
    """His own, the unnamed one first, and those shared with him; what he wrote himself he may see."""
    mine = grid_views.c.user_id == user_id
    shared = grid_views.c.role.in_([role, EVERYBODY])
    rows = await conn.execute(select(grid_views).where(or_(mine, shared)).order_by(grid_views.c.name, grid_views.c.id))
    found = [View(id=row.id, user_id=row.user_id, name=row.name, role=row.role, state=row.state) for row in rows]
    return [one if one.user_id == user_id else seen(conn, one) for one in found if one.name or one.user_id == user_id]


async def keep(conn: AsyncConnection, user_id: int, name: str, state: str, role: str | None, now: float) -> None:
    """Save a view under its name; the person's own of that name is replaced."""
    await conn.execute(
        text(
            "INSERT INTO grid_views (user_id, name, role, state, updated_at) VALUES (:user, :name, :role, :state, :now)"
            " ON CONFLICT (user_id, name) DO UPDATE SET state = excluded.state, role = excluded.role,"
            " updated_at = excluded.updated_at"
        ),
        {"user": user_id, "name": name, "role": role, "state": state, "now": now},
    )


async def drop(conn: AsyncConnection, user_id: int, view_id: int) -> bool:
    """Delete one's own view; False when there is no such."""
    mine = (grid_views.c.id == view_id) & (grid_views.c.user_id == user_id)
    return (await conn.execute(delete(grid_views).where(mine))).rowcount == 1
