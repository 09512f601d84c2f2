"""What the desk does with a call, as rows."""

from __future__ import annotations

from typing import cast

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.outside_page import Opens, OutsidePage
from cti.clients.pop_rules import PopRule, What, When
from cti.storage.duty_tables import outside_page, pop_rules


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


async def outside(conn: AsyncConnection) -> OutsidePage | None:
    """The page of another system, None where there is none."""
    row = (await conn.execute(select(outside_page))).one_or_none()
    return OutsidePage(template=row.template, opens=cast(Opens, row.opens)) if row is not None else None


async def keep_outside(conn: AsyncConnection, page: OutsidePage | None) -> None:
    """Set it, or have none."""
    await conn.execute(delete(outside_page))
    if page is not None:
        await conn.execute(insert(outside_page).values(id=1, template=page.template, opens=page.opens))
