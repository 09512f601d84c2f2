"""What the PBX's dialplan said of calls, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.desktop import Variable
from cti.storage.search import clean
from cti.storage.sight import seen
from cti.storage.tables import calls
from cti.storage.talk_tables import call_variables

_PUT = text(
    "INSERT INTO call_variables (call_id, name, value) VALUES (:call, :name, :value)"
    " ON CONFLICT (call_id, name) DO UPDATE SET value = excluded.value"
)


async def put(conn: AsyncConnection, call_id: str, told: Collection[Variable]) -> None:
    """Those of a call; a name that was told before has the new value."""
    rows = [{"call": call_id, "name": clean(one.name), "value": clean(one.value)} for one in told]
    if rows:
        await conn.execute(_PUT, rows)


async def of_call(conn: AsyncConnection, call_id: str) -> tuple[Variable, ...]:
    """Those of a call, in the order in which they were first told."""
    mine = select(call_variables.c.name, call_variables.c.value).where(call_variables.c.call_id == call_id)
    return seen(conn, _read(await conn.execute(mine.order_by(call_variables.c.id))))


async def of_open_calls(conn: AsyncConnection) -> dict[str, tuple[Variable, ...]]:
    """Those of calls that are not over, as far as is known."""
    going_on = select(calls.c.id).where(calls.c.ended_at.is_(None), calls.c.outcome.is_(None))
    asked = select(call_variables.c.call_id).where(call_variables.c.call_id.in_(going_on)).distinct()
    return {call: await of_call(conn, call) for call in (await conn.execute(asked)).scalars().all()}


def _read(rows: Iterable[tuple[str, str]]) -> tuple[Variable, ...]:
    return tuple(Variable(name=name, value=value) for name, value in rows)
