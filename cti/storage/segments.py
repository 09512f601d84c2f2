"""Segments as rows, who is in them, and what is known of clients for judging them one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from msgspec import structs
from sqlalchemy import Select, delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Holds, Sight
from cti.clients.segments import Group, Segment
from cti.storage import finding
from cti.storage.client_tables import clients
from cti.storage.client_work_tables import segment_clients, segments
from cti.storage.conditions import Conditions
from cti.storage.sight import seen
from cti.storage.tables import users

MOST = 500


def _segment_seen(sight: Sight, segment: Segment, _of: Any) -> Segment:
    return replace(segment, expression=_group_seen(sight, segment.expression))


def _group_seen(sight: Sight, group: Group) -> Group:
    conditions = [structs.replace(one, value=sight.asked(one.field, one.value)) for one in group.conditions]
    return structs.replace(group, conditions=conditions, groups=[_group_seen(sight, one) for one in group.groups])


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentRow:
    """A segment with who made it and when."""

    segment: Annotated[Segment, Holds(_segment_seen)]
    user_name: str
    created_at: float
    updated_at: float


def _rows() -> Select[Any]:
    named = users.c.name.label("user_name")
    return select(segments, named).outerjoin(users, users.c.id == segments.c.user_id).order_by(segments.c.name)


def _read(row: Any) -> Segment:
    expression = msgspec.json.decode(row.expression, type=Group)
    return Segment(
        id=row.id,
        name=row.name,
        expression=expression,
        frozen_at=row.frozen_at,
        tag=row.tag,
        priority=row.priority,
    )


async def every(conn: AsyncConnection) -> list[Segment]:
    """All segments, by name."""
    return [_read(row) for row in await conn.execute(_rows().limit(MOST))]


async def listed(conn: AsyncConnection) -> list[SegmentRow]:
    """All segments with who made them, by name."""
    found = [
        SegmentRow(
            segment=_read(row),
            user_name=row.user_name or "",
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in await conn.execute(_rows().limit(MOST))
    ]
    return seen(conn, found)


async def add(conn: AsyncConnection, segment: Segment, user_id: int, now: float) -> int:
    """A new segment, found anew each time; returns its id."""
    made = await conn.execute(insert(segments).values(**_row(segment, now), user_id=user_id, created_at=now))
    return int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0


async def change(conn: AsyncConnection, segment: Segment, now: float) -> bool:
    """All that a person says of it; False when there is no such segment. Who is in a frozen one stays."""
    changed = update(segments).where(segments.c.id == segment.id).values(**_row(segment, now))
    return (await conn.execute(changed)).rowcount > 0


def _row(segment: Segment, now: float) -> dict[str, Any]:
    return {
        "name": segment.name,
        "expression": msgspec.json.encode(segment.expression).decode(),
        "tag": segment.tag,
        "priority": segment.priority,
        "updated_at": now,
    }


async def remove(conn: AsyncConnection, segment_id: int) -> None:
    """Delete a segment."""
    await conn.execute(delete(segment_clients).where(segment_clients.c.segment_id == segment_id))
    await conn.execute(delete(segments).where(segments.c.id == segment_id))


async def freeze(conn: AsyncConnection, segment: Segment, conditions: Conditions, now: float) -> int:
    """Its clients are from now on those of this moment; returns how many."""
    await conn.execute(delete(segment_clients).where(segment_clients.c.segment_id == segment.id))
    mine = select(literal(segment.id), clients.c.id).where(conditions.group(segment.expression))
    made = await conn.execute(insert(segment_clients).from_select(["segment_id", "client_id"], mine))
    await conn.execute(update(segments).where(segments.c.id == segment.id).values(frozen_at=now))
    return made.rowcount


async def thaw(conn: AsyncConnection, segment_id: int) -> None:
    """Its clients are found anew each time again."""
    await conn.execute(update(segments).where(segments.c.id == segment_id).values(frozen_at=None))
    await conn.execute(delete(segment_clients).where(segment_clients.c.segment_id == segment_id))


async def count(conn: AsyncConnection, expression: Group, conditions: Conditions) -> int:
    """How many clients an expression has."""
    return await finding.count(conn, conditions.of_group(expression))


async def ids(conn: AsyncConnection, expression: Group, conditions: Conditions) -> list[int]:
    """The clients an expression has."""
    return list((await conn.execute(select(clients.c.id).where(conditions.group(expression)))).scalars())
