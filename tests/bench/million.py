"""A base of many clients with all that can be said of them, made once per machine: for grid, look-up and analysis.

1.3 phones each, 12 properties, directories, managers, a year of calls and contracts.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import bindparam, insert, update

from cti.cli.sample import many
from cti.cli.sample_catalogue import DIRECTORIES
from cti.clients.card import ClientDraft, Phone
from cti.clients.properties import Property, PropertyValue, Value
from cti.storage import bulk, directories, properties
from cti.storage.client_tables import clients
from cti.storage.contact_tables import contracts
from cti.storage.database import Database, open_database
from cti.storage.directories import Item
from cti.storage.tables import calls, users
from tests.bench import SHORT, shelf

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
        making.rename(kept)
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
        async with db.write() as conn:
            ids = await bulk.insert_many(conn, some, known, now=NOW, user_id=None, batch="bench", source="bench")
            made = [{"b_id": one, "created_at": NOW - rng.random() * YEAR_S} for one in ids]
            await conn.execute(update(clients).where(clients.c.id == bindparam("b_id")), made)
            await conn.execute(insert(calls), [_call(one, rng) for one in ids if one % 10 == 0])
            await conn.execute(insert(contracts), [_contract(one, rng) for one in ids if one % 20 == 0])
    await db.close()


def _call(client: int, rng: random.Random) -> dict[str, object]:
    started = NOW - rng.random() * YEAR_S
    return {
        "id": f"bench-{client}",
        "direction": rng.choice(("inbound", "outbound")),
        "client_id": client,
        "user_id": rng.randint(1, MANAGERS),
        "started_at": started,
        "answered_at": started + 10,
        "ended_at": started + 10 + rng.randint(5, 600),
        "outcome": "answered",
    }


def _contract(client: int, rng: random.Random) -> dict[str, object]:
    return {
        "client_id": client,
        "number": f"Д-{client}",
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
            await properties.add(conn, Property(id=0, name=f"Число {n}", kind="number"))
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
        case _:
            return float(rng.randint(1, 100_000))
