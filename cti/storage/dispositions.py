"""What came of conversations: the lists that are offered, and what people said of calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.disposition_tables import call_dispositions, dispositions
from cti.storage.duty_tables import queue_settings
from cti.storage.tables import users


@dataclass(frozen=True, kw_only=True, slots=True)
class Disposition:
    """One that may be said. queue: "" of every queue. next_step: callback, task or "": what it asks for by itself."""

    id: int
    name: str
    queue: str = ""
    color: str = ""
    retired: bool = False
    next_step: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a person said of a call."""

    user_id: int | None
    user_name: str
    disposition_id: int | None
    name: str
    at: float


async def every(conn: AsyncConnection, *, retired: bool = False) -> list[Disposition]:
    """All lists, each in its order."""
    asked = select(dispositions).order_by(dispositions.c.queue, dispositions.c.position, dispositions.c.id)
    if not retired:
        asked = asked.where(dispositions.c.retired_at.is_(None))
    return [
        Disposition(
            id=row.id,
            name=row.name,
            queue=row.queue,
            color=row.color,
            retired=row.retired_at is not None,
            next_step=row.next_step,
        )
        for row in await conn.execute(asked)
    ]


async def offered(conn: AsyncConnection, queue: str) -> list[Disposition]:
    """A queue's own list, else that of every queue."""
    known = await every(conn)
    return [one for one in known if queue and one.queue == queue] or [one for one in known if not one.queue]


async def keep(conn: AsyncConnection, queue: str, wanted: Sequence[Disposition], now: float) -> None:
    """A queue's list in this order: an id of 0 is a new one, a retired one stays where it was said."""
    for place, one in enumerate(wanted):
        retired = now if one.retired else None
        values = {"name": one.name, "color": one.color, "position": place, "retired_at": retired}
        values["next_step"] = one.next_step
        if one.id:
            mine = (dispositions.c.id == one.id) & (dispositions.c.queue == queue)
            await conn.execute(update(dispositions).where(mine).values(**values))
        else:
            await conn.execute(insert(dispositions).values(queue=queue, **values))


async def required(conn: AsyncConnection) -> frozenset[str]:
    """Queues whose calls are not done with before it is said what came of them."""
    asked = select(queue_settings.c.queue).where(queue_settings.c.disposition_required)
    return frozenset((await conn.execute(asked)).scalars())


async def say(conn: AsyncConnection, call_id: str, user_id: int, one: Disposition | None, at: float) -> None:
    """What a person says of a call; None: nothing any more."""
    mine = (call_dispositions.c.call_id == call_id) & (call_dispositions.c.user_id == user_id)
    await conn.execute(delete(call_dispositions).where(mine))
    if one is not None:
        values = {"call_id": call_id, "user_id": user_id, "disposition_id": one.id, "name": one.name, "at": at}
        await conn.execute(insert(call_dispositions).values(**values))


async def of_call(conn: AsyncConnection, call_id: str) -> list[Said]:
    """What was said of a call, the latest last."""
    asked = (
        select(
            call_dispositions.c.user_id,
            func.coalesce(users.c.name, "").label("user_name"),
            call_dispositions.c.disposition_id,
            call_dispositions.c.name,
            call_dispositions.c.at,
        )
        .join_from(call_dispositions, users, users.c.id == call_dispositions.c.user_id, isouter=True)
        .where(call_dispositions.c.call_id == call_id)
        .order_by(call_dispositions.c.at)
    )
    return [Said(**row._mapping) for row in await conn.execute(asked)]


async def of_calls(conn: AsyncConnection, call_ids: Sequence[str]) -> dict[str, list[str]]:
    """What was said of each call, by whomever, the latest last."""
    of = call_dispositions.c
    asked = select(of.call_id, of.name).where(of.call_id.in_(call_ids)).order_by(of.at, of.id)
    found: dict[str, list[str]] = {}
    for row in await conn.execute(asked) if call_ids else ():
        if row.name not in found.setdefault(row.call_id, []):
            found[row.call_id].append(row.name)
    return found
