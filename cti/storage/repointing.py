"""What else names a directory entry that becomes another: saved segments and views ask for it, histories tell of it."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.client_tables import client_changes, grid_views
from cti.storage.client_work_tables import segments

HISTORY = {"contract-state": "contract:%:state_id", "contact-role": "contact:%:role"}  # else the client's own field
SAVED: tuple[tuple[Table, str], ...] = ((segments, "expression"), (grid_views, "state"))


async def repoint(conn: AsyncConnection, directory: str, was: int, into: int) -> None:
    """Everything that names one entry names the other."""
    for table, name in SAVED:
        for row in await conn.execute(select(table.c.id, table.c[name])):
            before = msgspec.json.decode(row[1])
            after = repointed(before, directory, was, into)
            if after != before:
                text = msgspec.json.encode(after).decode()
                await conn.execute(update(table).where(table.c.id == row.id).values({name: text}))
    field = client_changes.c.field
    told = field.like(HISTORY[directory]) if directory in HISTORY else field == f"{directory}_id"
    for column in (client_changes.c.was, client_changes.c.became):
        await conn.execute(update(client_changes).where(told, column == str(was)).values({column.key: str(into)}))


def repointed(saved: Any, directory: str, was: int, into: int) -> Any:
    """A saved expression with one entry instead of another in every condition on the directory."""
    if isinstance(saved, list):
        return [repointed(one, directory, was, into) for one in saved]
    if not isinstance(saved, dict):
        return saved
    changed = {key: repointed(one, directory, was, into) for key, one in saved.items()}
    value = changed.get("value")
    if changed.get("field") == directory and isinstance(value, list):
        changed["value"] = list(dict.fromkeys(into if one == was else one for one in value))
    return changed
