"""Segments as rows, who is in them, and what is known of clients for judging them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.properties import Property, Value
from cti.clients.segments import CallFact, ClientFacts, ContractFact, Group, Said, Segment
from cti.storage import cards, properties
from cti.storage.client_tables import client_values, clients, value_history
from cti.storage.client_work_tables import segment_clients, segments
from cti.storage.conditions import Conditions
from cti.storage.contact_tables import contracts
from cti.storage.tables import calls, users

MOST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentRow:
    """A segment with who made it and when."""

    segment: Segment
    user_name: str
    created_at: float
    updated_at: float


def _rows() -> Select[Any]:
    named = users.c.name.label("user_name")
    return select(segments, named).outerjoin(users, users.c.id == segments.c.user_id).order_by(segments.c.name)


def _read(row: Any) -> Segment:
    expression = msgspec.json.decode(row.expression, type=Group)
    return Segment(id=row.id, name=row.name, expression=expression, frozen_at=row.frozen_at)


async def every(conn: AsyncConnection) -> list[Segment]:
    """All segments, by name."""
    return [_read(row) for row in await conn.execute(_rows().limit(MOST))]


async def listed(conn: AsyncConnection) -> list[SegmentRow]:
    """All segments with who made them, by name."""
    return [
        SegmentRow(
            segment=_read(row),
            user_name=row.user_name or "",
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in await conn.execute(_rows().limit(MOST))
    ]


async def add(conn: AsyncConnection, name: str, expression: Group, user_id: int, now: float) -> int:
    """A new segment; returns its id."""
    row = {"name": name, "expression": msgspec.json.encode(expression).decode(), "user_id": user_id}
    made = await conn.execute(insert(segments).values(**row, created_at=now, updated_at=now))
    return int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0


async def change(conn: AsyncConnection, segment_id: int, name: str, expression: Group, now: float) -> bool:
    """Another name or expression; False when there is no such segment. Who is in a frozen one stays."""
    row = {"name": name, "expression": msgspec.json.encode(expression).decode(), "updated_at": now}
    return (await conn.execute(update(segments).where(segments.c.id == segment_id).values(**row))).rowcount > 0


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
    asked = select(func.count()).select_from(clients).where(conditions.group(expression))
    return int((await conn.execute(asked)).scalar_one())


async def ids(conn: AsyncConnection, expression: Group, conditions: Conditions) -> list[int]:
    """The clients an expression has."""
    return list((await conn.execute(select(clients.c.id).where(conditions.group(expression)))).scalars())


async def facts(conn: AsyncConnection, ids: Sequence[int], known: Sequence[Property]) -> list[ClientFacts]:
    """What is known of clients, for judging them one by one."""
    found = await cards.of(conn, ids)
    kinds = {prop.id: prop.kind for prop in known}
    said: dict[int, list[Said]] = {}
    for table, until in ((client_values, None), (value_history, value_history.c.until)):
        columns = [*table.c, *([] if until is not None else [literal(None).label("until")])]
        for row in await conn.execute(select(*columns).where(table.c.client_id.in_(ids))):
            value = _value(kinds.get(row.property_id, "text"), row)
            one = Said(property_id=row.property_id, value=value, since=row.since, until=row.until)
            said.setdefault(row.client_id, []).append(one)
    talks: dict[int, list[CallFact]] = {}
    for row in await conn.execute(select(calls).where(calls.c.client_id.in_(ids))):
        talk = CallFact(
            started_at=row.started_at,
            direction=row.direction,
            answered=row.answered_at is not None,
            ended=row.ended_at is not None,
        )
        talks.setdefault(row.client_id, []).append(talk)
    signed: dict[int, list[ContractFact]] = {}
    for row in await conn.execute(select(contracts).where(contracts.c.client_id.in_(ids))):
        contract = ContractFact(signed_on=row.signed_on, ends_on=row.ends_on, amount=row.amount, currency=row.currency)
        signed.setdefault(row.client_id, []).append(contract)
    put: dict[int, set[int]] = {}
    for row in await conn.execute(select(segment_clients).where(segment_clients.c.client_id.in_(ids))):
        put.setdefault(row.client_id, set()).add(row.segment_id)
    return [
        ClientFacts(
            card=found[one],
            said=tuple(said.get(one, ())),
            calls=tuple(talks.get(one, ())),
            contracts=tuple(signed.get(one, ())),
            frozen=frozenset(put.get(one, ())),
        )
        for one in ids
        if one in found
    ]


def _value(kind: str, row: Any) -> Value:
    return properties.value_of("list" if kind == "several" else kind, row)
