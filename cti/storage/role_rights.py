"""What an admin changed of the rights of roles: one row per role, in the terms of cti/access.py."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import ROLES, Right, Role, Scope, known_changes
from cti.storage.tables import role_rights


async def every(conn: AsyncConnection) -> dict[Role, dict[Right, Scope]]:
    """The changes of every role; {} for a role that has none."""
    rows = {row.role: row.changed for row in await conn.execute(select(role_rights))}
    return {role: read(role, rows.get(role, "")) for role in ROLES}


async def keep(conn: AsyncConnection, role: Role, changed: Mapping[Right, Scope]) -> None:
    """Set all the changes of a role."""
    await conn.execute(delete(role_rights).where(role_rights.c.role == role))
    if changed:
        text = msgspec.json.encode(dict(changed)).decode()
        await conn.execute(insert(role_rights).values(role=role, changed=text))


def read(role: Role, text: str) -> dict[Right, Scope]:
    """A stored row as changes."""
    return known_changes(role, msgspec.json.decode(text, type=dict[str, str])) if text else {}
