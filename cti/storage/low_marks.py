"""Which marks of clients are low and whose task each becomes, as one row."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage import users
from cti.storage.quality_tables import low_mark_rule


@dataclass(frozen=True, kw_only=True, slots=True)
class LowMark:
    """most: the highest mark that is low, 1 to 4. owner_id: whose tasks they become, None for nobody's."""

    most: int
    owner_id: int | None


async def rule(conn: AsyncConnection, most: int, login: str) -> LowMark:
    """What was set in the panel; before that what the settings say: `most`, and who signs in as `login`."""
    row = (await conn.execute(select(low_mark_rule.c.most, low_mark_rule.c.owner_id))).one_or_none()
    if row is not None:
        return LowMark(most=row.most, owner_id=row.owner_id)
    owner = await users.by_login(conn, login.casefold()) if login else None
    return LowMark(most=most, owner_id=owner.id if owner is not None else None)


async def keep(conn: AsyncConnection, wanted: LowMark) -> None:
    """From now on."""
    await conn.execute(delete(low_mark_rule))
    await conn.execute(insert(low_mark_rule).values(id=1, most=wanted.most, owner_id=wanted.owner_id))
