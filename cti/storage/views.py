"""Views of the lists of clients and of calls: how each person left one, and named ones, shared with a role or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import Table, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import DEEP_WORDS, Holds, Sight
from cti.storage.client_tables import call_views, grid_views
from cti.storage.sight import seen

EVERYBODY = "all"
Of = Literal["clients", "calls"]
TABLES: Mapping[Of, Table] = {"clients": grid_views, "calls": call_views}


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


async def of_person(conn: AsyncConnection, user_id: int, role: str, of: Of = "clients") -> list[View]:
    """His own, the unnamed one first, and those shared with him; what he wrote himself he may see."""
    table = TABLES[of]
    mine = table.c.user_id == user_id
    shared = table.c.role.in_([role, EVERYBODY])
    rows = await conn.execute(select(table).where(or_(mine, shared)).order_by(table.c.name, table.c.id))
    found = [View(id=row.id, user_id=row.user_id, name=row.name, role=row.role, state=row.state) for row in rows]
    return [one if one.user_id == user_id else seen(conn, one) for one in found if one.name or one.user_id == user_id]


async def keep(
    conn: AsyncConnection, user_id: int, name: str, state: str, role: str | None, now: float, of: Of = "clients"
) -> None:
    """Save a view under its name; the person's own of that name is replaced."""
    table = TABLES[of]
    values = {"user_id": user_id, "name": name, "role": role, "state": state, "updated_at": now}
    same = update(table).where(table.c.user_id == user_id, table.c.name == name).values(values)
    if not (await conn.execute(same)).rowcount:
        await conn.execute(insert(table).values(values))


async def drop(conn: AsyncConnection, user_id: int, view_id: int, of: Of = "clients") -> bool:
    """Delete one's own view; False when there is no such."""
    table = TABLES[of]
    mine = (table.c.id == view_id) & (table.c.user_id == user_id)
    return (await conn.execute(delete(table).where(mine))).rowcount == 1
