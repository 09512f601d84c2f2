"""A base of many clients with all that can be said of them, made once per machine: for grid, look-up and analysis.

1.3 phones each, 12 properties with a history, directories, managers, a year of as many calls as clients, contact people
and contracts of one in twenty.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.cli.sample import many
from cti.cli.sample_catalogue import DIRECTORIES
from cti.clients.card import ClientDraft, Phone
from cti.clients.properties import Property, PropertyKind, PropertyValue, Value
from cti.storage import bulk, directories, properties
from cti.storage.client_tables import clients, value_history
from cti.storage.contact_tables import contact_clients, contact_emails, contact_phones, contacts, contracts
from cti.storage.database import Database, open_database
from cti.storage.directories import Item
from cti.storage.search import fold
from cti.storage.tables import calls, users
from tests.bench import SHORT, keep, shelf

CLIENTS = 3_000 if SHORT else 1_000_000
BATCH = 5_000
NOW = 1_795_000_000.0
YEAR_S = 365 * 86_400.0
MANAGERS = 20
COLORS = ("red", "amber", "green", "blue", "violet")


def filled(count: int = CLIENTS) -> Path:
    """The folder of a base of `count` clients: read it, copy it to write."""
    kept = shelf(f"whole-{count}")
    if not (kept / "trubka.db").exists():
        shutil.rmtree(kept, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="trubka-bench-"))
        asyncio.run(_fill(making / "trubka.db", count))
        keep(making, kept)
    return kept


async def _fill(file: Path, count: int) -> None:
    db = await open_database(f"sqlite+aiosqlite:///{file}")
    rng = random.Random(4)
    known = await _catalogue(db)
    async with db.read() as conn:
        items = await directories.every(conn)
    drafts = _drafts(count, rng, known, items)
    for start in range(0, count, BATCH):
        some = [next(drafts) for _ in range(min(BATCH, count - start))]
        said_at = NOW - YEAR_S * (1 - start / count)
        async with db.write() as conn:
            ids = await bulk.insert_many(conn, some, known, now=said_at, user_id=None, batch="bench", source="bench")
            made = [{"b_id": one, "created_at": NOW - rng.random() * YEAR_S} for one in ids]
            await conn.execute(update(clients).where(clients.c.id == bindparam("b_id")), made)
            await _happenings(conn, ids, rng)
            await _linked(conn, ids, rng)
            await conn.execute(insert(value_history), [row for one in ids[::10] for row in _past(one, said_at, rng)])
    await db.close()


async def _happenings(conn: AsyncConnection, ids: list[int], rng: random.Random) -> None:
    """Calls of anybody who is there by then: some clients have none, some a few."""
    await conn.execute(insert(calls), [_call(one, rng.randint(1, one), rng) for one in ids])


async def _linked(conn: AsyncConnection, ids: list[int], rng: random.Random) -> None:
    """One in twenty has a contact person, another one a contract; both are what he is found by."""
    rows: dict[Table, list[dict[str, object]]] = {
        table: [] for table in (contacts, contact_clients, contact_phones, contact_emails, contracts)
    }
    words: list[dict[str, object]] = []
    for one in ids:
        if one % 20 == 0:
            name = f"Контактный Иван {one}"
            fixed = {"contact_id": one}
            number = f"+7937{one:07d}"
            mail = f"ivan{one}@people.example"
            dates = {"created_at": NOW, "updated_at": NOW}
            rows[contacts].append({"id": one, "name": name, "name_folded": fold(name), **dates})
            rows[contact_clients].append(fixed | {"client_id": one})
            rows[contact_phones].append(fixed | {"e164": number, "typed": number})
            rows[contact_emails].append(fixed | {"address": mail, "folded": mail})
            words.append({"b_id": one, "b_linked": fold(f"{name} {mail} {number[1:]}")})
        elif one % 20 == 10:
            rows[contracts].append(_contract(one, rng))
            words.append({"b_id": one, "b_linked": fold(f"Д-{one}/26")})
    for table, some in rows.items():
        await conn.execute(insert(table), some)
    both = clients.c.search.concat(" ").concat(bindparam("b_linked"))
    found = update(clients).where(clients.c.id == bindparam("b_id"))
    await conn.execute(found.values(linked=bindparam("b_linked"), search=both), words)


def _past(client: int, until: float, rng: random.Random) -> Iterator[dict[str, object]]:
    """What the first list and the first rating were before."""
    held = {"client_id": client, "since": until - rng.random() * YEAR_S, "until": until}
    yield held | {"property_id": 1, "value_id": rng.randint(1, len(COLORS)), "number": None}
    yield held | {"property_id": 2, "value_id": None, "number": float(rng.randint(1, 5))}


def _call(number: int, client: int, rng: random.Random) -> dict[str, object]:
    started = NOW - rng.random() * YEAR_S
    answered = rng.random() < 0.8
    return {
        "id": f"bench-{number}",
        "direction": rng.choice(("inbound", "outbound")),
        "client_id": client,
        "user_id": rng.randint(1, MANAGERS),
        "started_at": started,
        "answered_at": started + 10 if answered else None,
        "ended_at": started + 10 + rng.randint(5, 600),
        "outcome": "answered" if answered else "no-answer",
    }


def _contract(client: int, rng: random.Random) -> dict[str, object]:
    return {
        "client_id": client,
        "number": f"Д-{client}/26",
        "signed_on": f"2026-{rng.randint(1, 11):02d}-{rng.randint(1, 28):02d}",
        "ends_on": f"2027-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "amount": rng.randint(10_000, 900_000_000),
        "created_at": NOW,
        "updated_at": NOW,
    }


async def _catalogue(db: Database) -> dict[int, Property]:
    async with db.write() as conn:
        for n in range(1, MANAGERS + 1):
            row = {"id": n, "login": f"m{n}", "name": f"Менеджер {n}", "role": "supervisor", "password_hash": "-"}
            await conn.execute(insert(users).values(**row, created_at=NOW))
        for directory, names in DIRECTORIES.items():
            for name in names:
                await directories.add(conn, directory, name)
        colors = tuple(PropertyValue(id=0, name=one, color=one) for one in COLORS)
        for n in range(3):
            await properties.add(conn, Property(id=0, name=f"Список {n}", kind="list", values=colors))
            await properties.add(conn, Property(id=0, name=f"Оценка {n}", kind="rating"))
            kind: PropertyKind = "text" if n == 2 else "number"
            await properties.add(conn, Property(id=0, name=f"Число {n}" if n < 2 else "Код", kind=kind))
        await properties.add(conn, Property(id=0, name="Рассылка", kind="yes-no"))
        await properties.add(conn, Property(id=0, name="Дата", kind="date"))
        await properties.add(conn, Property(id=0, name="Товары", kind="several", values=colors))
        return {one.id: one for one in await properties.every(conn)}


def _drafts(count: int, rng: random.Random, known: dict[int, Property], items: list[Item]) -> Iterator[ClientDraft]:
    of = {name: [one.id for one in items if one.directory == name] for name in DIRECTORIES}
    for number, draft in enumerate(many(count)):
        phones = draft.phones
        if rng.random() < 0.3:
            phones += (Phone(typed=f"+7936{number:07d}", e164=f"+7936{number:07d}", label="рабочий"),)
        values = {one.id: _value(one, rng) for one in known.values()}
        yield ClientDraft(
            name=draft.name,
            full_name=draft.full_name,
            kind=draft.kind,
            phones=phones,
            emails=draft.emails,
            responsible_id=rng.randint(1, MANAGERS),
            relation_id=rng.choice(of["relation"]),
            region_id=rng.choice(of["region"]),
            industry_id=rng.choice(of["industry"]),
            source_id=rng.choice(of["source"]),
            inn=f"{number:010d}" if number % 4 == 0 else "",
            values=values,
        )


def _value(prop: Property, rng: random.Random) -> Value:
    match prop.kind:
        case "list":
            return rng.choice(prop.values).id
        case "several":
            return (rng.choice(prop.values).id,)
        case "rating":
            return float(rng.randint(1, 5))
        case "yes-no":
            return rng.random() < 0.5
        case "date":
            return f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        case "text":
            return f"код-{rng.randint(0, 9_999_999):07d}"
        case _:
            return float(rng.randint(1, 100_000))
