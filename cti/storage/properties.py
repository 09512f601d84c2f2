"""Properties as rows: their definitions, what is said of each client now, and what was said when.

Whoever changes a value closes the old one in `value_history` with the time until which it held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.properties import Property, PropertyValue, Value, date_of, days_of
from cti.storage.client_tables import client_values, properties, property_values, value_history


async def every(conn: AsyncConnection, *, retired: bool = False) -> list[Property]:
    """All properties with their values, in order. retired: those too that are no longer offered."""
    values: dict[int, list[PropertyValue]] = {}
    for row in await conn.execute(select(property_values).order_by(property_values.c.position, property_values.c.id)):
        one = PropertyValue(id=row.id, name=row.name, color=row.color, retired=row.retired_at is not None)
        values.setdefault(row.property_id, []).append(one)
    statement = select(properties).order_by(properties.c.position, properties.c.id)
    if not retired:
        statement = statement.where(properties.c.retired_at.is_(None))
    return [
        Property(
            id=row.id,
            name=row.name,
            kind=row.kind,
            applies_to=tuple(row.applies_to.split(",")) if row.applies_to else (),
            required=bool(row.required),
            in_pop=bool(row.in_pop),
            sensitive=bool(row.sensitive),
            position=row.position,
            retired=row.retired_at is not None,
            values=tuple(values.get(row.id, ())),
        )
        for row in await conn.execute(statement)
    ]


async def add(conn: AsyncConnection, prop: Property) -> int:
    """A new property with its values; returns its id."""
    last = (await conn.execute(select(func.max(properties.c.position)))).scalar() or 0
    made = await conn.execute(insert(properties).values(**_row(prop), position=last + 1).returning(properties.c.id))
    property_id = int(made.scalar_one())
    await set_values(conn, property_id, prop.values)
    return property_id


async def change(conn: AsyncConnection, prop: Property) -> None:
    """Name, kinds of clients, marks and values; the kind of a property stays."""
    row = _row(prop)
    del row["kind"]
    await conn.execute(update(properties).where(properties.c.id == prop.id).values(**row))
    await set_values(conn, prop.id, prop.values)


async def set_values(conn: AsyncConnection, property_id: int, values: Sequence[PropertyValue]) -> None:
    """The values of a list, in this order: known by id, new with id 0."""
    for position, value in enumerate(values):
        row: dict[str, Any] = {"name": value.name, "color": value.color, "position": position}
        row["retired_at"] = 0.0 if value.retired else None
        if value.id:
            mine = (property_values.c.id == value.id) & (property_values.c.property_id == property_id)
            await conn.execute(update(property_values).where(mine).values(**row))
        else:
            await conn.execute(insert(property_values).values(property_id=property_id, **row))


async def drop_value(conn: AsyncConnection, value_id: int) -> bool:
    """Delete a value that nobody has or had; False for one that somebody has or had."""
    for table in (client_values, value_history):
        if (await conn.execute(select(table.c.client_id).where(table.c.value_id == value_id).limit(1))).first():
            return False
    await conn.execute(delete(property_values).where(property_values.c.id == value_id))
    return True


async def order(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """The properties in this order."""
    for position, property_id in enumerate(ids, start=1):
        await conn.execute(update(properties).where(properties.c.id == property_id).values(position=position))


async def retire(conn: AsyncConnection, property_id: int, now: float | None) -> None:
    """No longer offered, or offered again (None). What was said stays."""
    await conn.execute(update(properties).where(properties.c.id == property_id).values(retired_at=now))


async def uses(conn: AsyncConnection, property_id: int) -> int:
    """How many clients have it."""
    statement = select(func.count(client_values.c.client_id.distinct())).where(
        client_values.c.property_id == property_id
    )
    return int((await conn.execute(statement)).scalar_one())


async def uses_of_values(conn: AsyncConnection, property_id: int) -> dict[int, int]:
    """How many clients have each value of a list."""
    mine = (client_values.c.property_id == property_id) & client_values.c.value_id.is_not(None)
    counted = select(client_values.c.value_id, func.count()).where(mine).group_by(client_values.c.value_id)
    return {int(value_id): int(count) for value_id, count in await conn.execute(counted)}


async def was_said(conn: AsyncConnection, property_id: int) -> bool:
    """Whether any client has it or had it once."""
    for table in (client_values, value_history):
        if (await conn.execute(select(table.c.client_id).where(table.c.property_id == property_id).limit(1))).first():
            return True
    return False


async def remove(conn: AsyncConnection, property_id: int) -> None:
    """Delete one that no client ever had."""
    await conn.execute(delete(property_values).where(property_values.c.property_id == property_id))
    await conn.execute(delete(properties).where(properties.c.id == property_id))


async def of_clients(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, dict[int, Value]]:
    """What is said of each client, by retired properties too: client -> property -> value."""
    found: dict[int, dict[int, Value]] = {}
    statement = (
        select(client_values, properties.c.kind)
        .join_from(client_values, properties, properties.c.id == client_values.c.property_id)
        .where(client_values.c.client_id.in_(ids))
        .order_by(client_values.c.place)
    )
    for row in (await conn.execute(statement)).all():
        mine = found.setdefault(row.client_id, {})
        if row.kind == "several":
            before = mine.get(row.property_id)
            mine[row.property_id] = (*(before if isinstance(before, tuple) else ()), row.value_id)
        else:
            mine[row.property_id] = value_of(row.kind, row)
    return found


async def say(conn: AsyncConnection, client_id: int, changed: Mapping[int, tuple[Property, Value]], now: float) -> None:
    """Set values; the old ones go to the history."""
    for property_id, (prop, value) in changed.items():
        mine = (client_values.c.client_id == client_id) & (client_values.c.property_id == property_id)
        before = (await conn.execute(select(client_values).where(mine))).all()
        for row in before:
            await conn.execute(
                insert(value_history).values(
                    property_id=property_id, client_id=client_id, value_id=row.value_id, number=row.number,
                    text=row.text, since=row.since, until=now,
                )
            )  # fmt: skip
        if before:
            await conn.execute(delete(client_values).where(mine))
        rows = rows_of(prop, value)
        if rows:
            fixed = {"property_id": property_id, "client_id": client_id, "since": now}
            await conn.execute(insert(client_values), [fixed | row | {"place": n} for n, row in enumerate(rows)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """A value that held once, from since to until."""

    property_id: int
    value: Value
    since: float
    until: float


async def history(conn: AsyncConnection, client_id: int) -> list[Past]:
    """What was said of a client before, newest first; several of a list one by one."""
    statement = (
        select(value_history, properties.c.kind)
        .join_from(value_history, properties, properties.c.id == value_history.c.property_id)
        .where(value_history.c.client_id == client_id)
        .order_by(value_history.c.until.desc(), value_history.c.id.desc())
        .limit(1000)
    )
    return [
        Past(
            property_id=row.property_id,
            value=value_of("list" if row.kind == "several" else row.kind, row),
            since=row.since,
            until=row.until,
        )
        for row in await conn.execute(statement)
    ]


def rows_of(prop: Property, value: Value) -> list[dict[str, Any]]:
    """The columns of a value; several rows for several of a list."""
    empty: dict[str, Any] = {"value_id": None, "number": None, "text": None}
    if value is None:
        return []
    match prop.kind:
        case "list":
            return [empty | {"value_id": value}]
        case "several":
            return [empty | {"value_id": one} for one in (value if isinstance(value, tuple) else ())]
        case "text":
            return [empty | {"text": value}]
        case "date":
            return [empty | {"number": days_of(str(value))}]
        case _:
            return [empty | {"number": float(value)}]  # type: ignore[arg-type]  # number, rating, yes-no


def value_of(kind: str, row: Any) -> Value:
    """A value of its columns, by the kind of its property."""
    match kind:
        case "list":
            return int(row.value_id)
        case "text":
            return str(row.text)
        case "date":
            return date_of(row.number)
        case "yes-no":
            return bool(row.number)
        case _:
            return float(row.number)


def _row(prop: Property) -> dict[str, Any]:
    return {
        "name": prop.name,
        "kind": prop.kind,
        "applies_to": ",".join(prop.applies_to),
        "required": prop.required,
        "in_pop": prop.in_pop,
        "sensitive": prop.sensitive,
    }
