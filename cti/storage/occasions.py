"""What rules on events wait for, as it is found in the base: missed calls, contracts that end, changes, new clients."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import BigInteger, Column, String, cast, exists, literal, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.becoming import kind_of, made_true
from cti.clients.card import ClientCard
from cti.clients.filters import Condition, day_begins
from cti.clients.segments import Group
from cti.messages.letter import Party
from cti.messages.outgoing import ADDRESS, party
from cti.messages.rules import Given, Occasion, anniversaries
from cti.storage import missed, properties, segments
from cti.storage.client_tables import client_changes, client_values, clients, directory_items
from cti.storage.client_work_tables import client_runs
from cti.storage.conditions import Conditions
from cti.storage.contact_tables import client_tasks, contact_clients, contact_emails, contacts, contracts
from cti.storage.sending_tables import rule_runs
from cti.storage.tables import calls
from cti.storage.work_tables import callback_orders

MOST = 2000
NEWEST_CHANGES = 20_000  # rows of the newest changes that are looked through
_MANY = exists().where(client_runs.c.batch == client_changes.c.batch)  # of an import, or of many at once


def _left(rule_id: int | None, key: Any) -> Any:
    """Leaves out what a rule has seen to, so that much of it hides nothing that is new; None: nothing is left out."""
    if rule_id is None:
        return true()
    return ~exists().where(rule_runs.c.rule_id == rule_id, rule_runs.c.key == key)


def _in_turn(column: Column[Any], rule_id: int | None) -> Any:
    """For a rule the oldest first; where it is only looked at, the newest."""
    return column.desc() if rule_id is None else column


def _key(*parts: Any) -> Any:
    """A key as SQL: texts, and columns as texts."""
    texts: list[Any] = [literal(one) if isinstance(one, str) else cast(one, String) for one in parts]
    return reduce(lambda whole, one: whole.concat(one), texts)


async def missed_calls(
    conn: AsyncConnection, given: Given, since: float, *, strangers: bool = False, rule_id: int | None = None
) -> list[Occasion]:
    """Calls of clients that nobody answered since then. strangers: also of numbers that are nobody's.

    rule_id: those left for that rule.
    """
    lost = select(calls.c.id, calls.c.client_id, calls.c.number, calls.c.started_at, calls.c.ended_at).where(
        calls.c.started_at >= since,
        calls.c.direction == "inbound",
        calls.c.answered_at.is_(None),
        calls.c.ended_at.is_not(None),
        calls.c.outcome.is_not(None),
        calls.c.outcome.not_in(missed.NOT_LOST),
        calls.c.number.like("+%") if strangers else calls.c.client_id.is_not(None),
        _left(rule_id, _key("call:", calls.c.id)),
    )
    if given.queues:
        lost = lost.where(calls.c.queue.in_(given.queues))
    rows = await conn.execute(lost.order_by(_in_turn(calls.c.started_at, rule_id)).limit(MOST))
    return [
        Occasion(key=f"call:{row.id}", at=row.ended_at, client_id=row.client_id, call=row.id, number=row.number or "")
        for row in rows
    ]


async def due_tasks(
    conn: AsyncConnection, given: Given, now: float, *, ahead_s: float = 0.0, rule_id: int | None = None
) -> list[Occasion]:
    """Tasks of clients and call-backs they ordered that are due within so many hours. ahead_s: and later ones.

    One that is put off is another one. rule_id: those left for that rule.
    """
    last = now + given.hours * 3600.0 + ahead_s
    tasks, orders = client_tasks.c, callback_orders.c
    soon = select(tasks.id, tasks.client_id, tasks.owner_id, tasks.what, tasks.number, tasks.due_at).where(
        tasks.done_at.is_(None), tasks.client_id.is_not(None), tasks.due_at > now, tasks.due_at <= last
    )
    asked = select(orders.id, orders.client_id, orders.number, orders.wished_at.label("due_at")).where(
        orders.closed_at.is_(None), orders.client_id.is_not(None), orders.wished_at > now, orders.wished_at <= last
    )
    soon = soon.where(_left(rule_id, _key("task:", tasks.id, ":", cast(tasks.due_at, BigInteger))))
    asked = asked.where(_left(rule_id, _key("order:", orders.id, ":", cast(orders.wished_at, BigInteger))))
    found: list[tuple[str, Any]] = [
        ("task", row) for row in await conn.execute(soon.order_by(tasks.due_at).limit(MOST))
    ]
    found += [("order", row) for row in await conn.execute(asked.order_by(orders.wished_at).limit(MOST))]
    return [
        Occasion(
            key=f"{kind}:{row.id}:{int(row.due_at)}",
            at=row.due_at - given.hours * 3600.0,
            client_id=row.client_id,
            manager_id=getattr(row, "owner_id", None),
            number=row.number or "",
            what=getattr(row, "what", ""),
            due_at=row.due_at,
        )
        for kind, row in found
    ]


async def ending_contracts(
    conn: AsyncConnection, given: Given, today: date, zone: ZoneInfo, *, ahead: int = 0, rule_id: int | None = None
) -> list[Occasion]:
    """Contracts that end within so many days: each from the day on that is so many before. ahead: and later ones.

    rule_id: those left for that rule.
    """
    last = (today + timedelta(days=given.days + ahead)).isoformat()
    soon = select(contracts.c.id, contracts.c.client_id, contracts.c.ends_on, contracts.c.manager_id)
    soon = soon.where(contracts.c.ends_on >= today.isoformat(), contracts.c.ends_on <= last)
    soon = soon.where(_left(rule_id, _key("contract:", contracts.c.id, ":", contracts.c.ends_on)))
    rows = await conn.execute(soon.order_by(contracts.c.ends_on, contracts.c.id).limit(MOST))
    return [
        Occasion(
            key=f"contract:{row.id}:{row.ends_on}",
            at=day_begins(day, zone),
            day=day,
            client_id=row.client_id,
            contract_id=row.id,
            manager_id=row.manager_id,
        )
        for row in rows
        for day in [max(today, date.fromisoformat(row.ends_on) - timedelta(days=given.days)).isoformat()]
    ]


async def changed(conn: AsyncConnection, given: Given, since: float, until: float) -> list[Occasion]:
    """Changes of a field that a person made of one client; those of imports and of many at once are none.

    until: the newest that can be due.
    """
    kind = kind_of(given.field, await properties.every(conn))
    if kind is None:  # the property was taken away
        return []
    newest = select(client_changes.c.id).order_by(client_changes.c.id.desc()).offset(NEWEST_CHANGES).limit(1)
    lowest = (await conn.execute(newest)).scalar() or 0
    mine = select(client_changes).where(
        client_changes.c.id > lowest,
        client_changes.c.at >= since,
        client_changes.c.at <= until,
        client_changes.c.field == given.field,
        ~_MANY,
        client_changes.c.user_id.is_not(None),
    )
    rows = (await conn.execute(mine.order_by(client_changes.c.id.desc()).limit(MOST))).all()
    asked = given.asked
    return [
        Occasion(key=f"change:{row.id}", at=row.at, client_id=row.client_id)
        for row in reversed(rows)
        if asked is None or made_true(kind, asked, _value(row.was), _value(row.became))
    ]


def _value(text: str) -> Any:
    return msgspec.json.decode(text) if text else None


async def new_clients(conn: AsyncConnection, since: float, *, rule_id: int | None = None) -> list[Occasion]:
    """Clients whom somebody entered since then; those of imports are none. rule_id: those left for that rule."""
    first = (client_changes.c.client_id == clients.c.id) & (client_changes.c.version == 1)
    imported = exists().where(first, _MANY)
    fresh = select(clients.c.id, clients.c.created_at).where(clients.c.created_at >= since, ~imported)
    fresh = fresh.where(_left(rule_id, _key("client:", clients.c.id)))
    rows = await conn.execute(fresh.order_by(_in_turn(clients.c.created_at, rule_id)).limit(MOST))
    return [Occasion(key=f"client:{row.id}", at=row.created_at, client_id=row.id) for row in rows]


async def dates(
    conn: AsyncConnection, given: Given, today: date, zone: ZoneInfo, *, rule_id: int | None = None
) -> list[Occasion]:
    """Clients whose day of a date property comes in so many days. rule_id: those left for that rule."""
    wanted = today + timedelta(days=given.days)
    days = [float(one) for one in anniversaries(today, given.days)]
    of = client_values.c.property_id == given.property_id
    rows = await conn.execute(
        select(client_values.c.client_id)
        .where(of, client_values.c.number.in_(days))
        .where(_left(rule_id, _key(f"date:{given.property_id}:", client_values.c.client_id, f":{wanted.year}")))
        .order_by(client_values.c.client_id)
        .limit(MOST)
    )
    begins = day_begins(today.isoformat(), zone)
    return [
        Occasion(
            key=f"date:{given.property_id}:{row.client_id}:{wanted.year}",
            at=begins,
            day=today.isoformat(),
            client_id=row.client_id,
        )
        for row in rows
    ]


async def inside(
    conn: AsyncConnection, segment_id: int, ids: Collection[int], zone: ZoneInfo, now: float
) -> frozenset[int]:
    """Which of these clients are in a segment; none where there is no such segment any more."""
    known = await segments.every(conn)
    if not ids or all(one.id != segment_id for one in known):
        return frozenset()
    asked = Conditions(
        await properties.every(conn), zone=zone, sqlite=conn.dialect.name == "sqlite", segments=known, now=now
    )
    group = Group(conditions=[Condition(field="segment", op="any-of", value=[segment_id])])
    mine = select(clients.c.id).where(clients.c.id.in_(list(ids)), asked.group(group))
    return frozenset((await conn.execute(mine)).scalars())


async def zones(conn: AsyncConnection, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Time zones of clients: the card's own, the region's; "" where none is said."""
    mine = select(clients.c.id, clients.c.time_zone, directory_items.c.time_zone.label("region"))
    mine = mine.outerjoin(directory_items, directory_items.c.id == clients.c.region_id)
    rows = await conn.execute(mine.where(clients.c.id.in_(list(ids))))
    return {row.id: (row.time_zone, row.region or "") for row in rows}


async def addressee(conn: AsyncConnection, card: ClientCard) -> tuple[Party | None, int | None]:
    """A client's first address, else that of his first contact person who has one, and who that is."""
    own = next((one for one in card.emails if ADDRESS.fullmatch(one.strip())), None)
    if own is not None:
        return party("to", own.strip(), card.name), None
    person = await address_of(conn, card.id)
    if person is None or not ADDRESS.fullmatch(person[2].strip()):
        return None, None
    return party("to", person[2].strip(), person[1]), person[0]


async def address_of(conn: AsyncConnection, client_id: int) -> tuple[int, str, str] | None:
    """Of the first contact person of a client with an address: id, name, address."""
    mine: Any = (
        select(contacts.c.id, contacts.c.name, contact_emails.c.address)
        .join_from(contact_clients, contacts, contacts.c.id == contact_clients.c.contact_id)
        .join(contact_emails, contact_emails.c.contact_id == contacts.c.id)
        .where(contact_clients.c.client_id == client_id)
        .order_by(contact_clients.c.position, contacts.c.id, contact_emails.c.position)
    )
    row = (await conn.execute(mine.limit(1))).one_or_none()
    return (row.id, row.name, row.address) if row else None
