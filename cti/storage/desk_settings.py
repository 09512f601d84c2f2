"""What the desk does with a call, as rows."""

from __future__ import annotations

from typing import cast

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.pop_rules import PopRule, What, When
from cti.storage.duty_tables import pop_rules


async def rules(conn: AsyncConnection) -> dict[str, PopRule]:
    """The queues whose cards do something else than usual; "": calls without a queue."""
    return {
        row.queue: PopRule(
            when=cast(When, row.at), none=cast(What, row.none), one=cast(What, row.one), several=cast(What, row.several)
        )
        for row in await conn.execute(select(pop_rules))
    }


async def keep_rule(conn: AsyncConnection, queue: str, rule: PopRule | None) -> None:
    """That of a queue; None: as usual."""
    await conn.execute(delete(pop_rules).where(pop_rules.c.queue == queue))
    if rule is not None:
        values = {"at": rule.when, "none": rule.none, "one": rule.one, "several": rule.several}
        await conn.execute(insert(pop_rules).values(queue=queue, **values))
