"""Who an agent of a PBX's log is, and which queue: what people said of names that are nobody's here any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.past_tables import past_names

NameKind = Literal["agent", "queue"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PastName:
    """A name as the log has it. user_id: of an agent, None: nobody's. queue: the one it is now, "": it is itself."""

    kind: NameKind
    name: str
    user_id: int | None = None
    queue: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What was said, by name: agents to users, None for nobody's; queues to queues."""

    agents: Mapping[str, int | None] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)


def by_name(said: Sequence[PastName]) -> Names:
    """As a reader asks; of two the later holds."""
    return Names(
        agents={one.name: one.user_id for one in said if one.kind == "agent"},
        queues={one.name: one.queue or one.name for one in said if one.kind == "queue"},
    )


async def every(conn: AsyncConnection, pbx: str) -> list[PastName]:
    """What was said of a PBX's names, by kind and name."""
    own = past_names.c
    asked = select(own.kind, own.name, own.user_id, own.queue).where(own.pbx == pbx).order_by(own.kind, own.name)
    return [PastName(**row._mapping) for row in await conn.execute(asked)]


async def keep(conn: AsyncConnection, pbx: str, said: Sequence[PastName]) -> None:
    """Hold these from now on, instead of what was said of them before."""
    await forget(conn, pbx, [(one.kind, one.name) for one in said])
    rows = [
        {"pbx": pbx, "kind": one.kind, "name": one.name, "user_id": one.user_id, "queue": one.queue} for one in said
    ]
    if rows:
        await conn.execute(insert(past_names), rows)


async def forget(conn: AsyncConnection, pbx: str, names: Sequence[tuple[NameKind, str]]) -> None:
    """Nothing is said of these names any more. names: kind and name."""
    own = past_names.c
    if names:
        these = or_(*((own.kind == kind) & (own.name == name) for kind, name in names))
        await conn.execute(delete(past_names).where(own.pbx == pbx, these))
