"""The analysis counts what a person would count by hand, on both engines; a report for March has March's values."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from cti.access import Person
from cti.clients.card import ClientDraft
from cti.clients.contracts import ContractDraft
from cti.clients.filters import Condition
from cti.clients.properties import Property, PropertyValue
from cti.clients.segments import Group, Segment
from cti.errors import Refused
from cti.features.client_base import ClientBase
from cti.reports.clients import Ask, Cell, Key
from cti.storage import clients, contracts, directories, properties
from cti.storage.client_report import ClientReport
from cti.storage.client_tables import clients as client_table
from cti.storage.database import Database
from cti.storage.grid import Grid
from cti.storage.tables import calls
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

ZONE = ZoneInfo("Europe/Moscow")
WHO = Person(id=ANNA, login="anna", name="Анна", role="admin")


def at(day: str, hour: int = 12) -> float:
    """A moment of a day in the house's zone."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=ZONE).timestamp()


class Base:
    """A base with three regions, a rating and a list, and a clock that is set by hand."""

    def __init__(self, db: Database) -> None:
        self.db, self.now = db, at("2026-01-10")
        self.features = ClientBase(db=db, plan=NumberPlan(), clock=lambda: self.now)

    async def fill(self) -> None:
        async with self.db.write() as conn:
            self.regions = [await directories.add(conn, "region", name) for name in ("Москва", "Урал", "Юг")]
            colors = (PropertyValue(id=0, name="красный"), PropertyValue(id=0, name="зелёный"))
            await properties.add(conn, Property(id=0, name="Лояльность", kind="rating"))
            await properties.add(conn, Property(id=0, name="Цвет", kind="several", values=colors))
            self.known = await properties.every(conn)
        self.loyalty, self.color = (next(p for p in self.known if p.name == name) for name in ("Лояльность", "Цвет"))

    async def client(self, day: str, region: int | None, **values: Any) -> int:
        self.now = at(day)
        said = {self.loyalty.id: values["loyalty"]} if "loyalty" in values else {}
        if "colors" in values:
            said[self.color.id] = [self.color.values[one].id for one in values["colors"]]
        draft = ClientDraft(name="Клиент", region_id=None if region is None else self.regions[region], values=said)
        return await self.features.create(WHO, draft)

    async def set(self, day: str, client: int, loyalty: int) -> None:
        self.now = at(day)
        async with self.db.read() as conn:
            card = await clients.get(conn, client)
        assert card is not None
        await self.features.change_many(WHO, [client], {f"property:{self.loyalty.id}": loyalty}, "b1")

    async def cells(
        self, *, q: str = "", filters: tuple[Condition, ...] = (), **ask: Any
    ) -> dict[tuple[Key, Key], float]:
        async with self.db.read() as conn:
            found: list[Cell] = await ClientReport(conn, self.known, ZONE).cells(Ask(**ask), q, filters)
        return {(one.row, one.column): one.value for one in found}


@pytest.fixture
async def base(db: Database) -> Base:
    made = Base(db)
    await made.fill()
    return made


async def test_march_has_the_values_of_march(base: Base) -> None:
    axis = f"property:{base.loyalty.id}"
    one = await base.client("2026-01-10", 0, loyalty=2)
    await base.client("2026-02-10", 1, loyalty=2)
    await base.client("2026-04-10", 1)
    await base.set("2026-03-31", one, 5)  # the last day of March is March's
    await base.set("2026-05-01", one, 1)
    assert await base.cells(rows=axis, until="2026-02-28") == {(2.0, None): 2}
    assert await base.cells(rows=axis, until="2026-03-31") == {(5.0, None): 1, (2.0, None): 1}
    assert await base.cells(rows=axis, until="2026-04-30") == {(5.0, None): 1, (2.0, None): 1, (None, None): 1}
    assert await base.cells(rows=axis) == {(1.0, None): 1, (2.0, None): 1, (None, None): 1}
    months = await base.cells(rows="month", columns=axis, since="2026-02-01", until="2026-03-31")
    assert months == {("2026-02", 2.0): 2, ("2026-03", 5.0): 1, ("2026-03", 2.0): 1}
    average = await base.cells(rows="region", measure="average", of=axis, until="2026-03-31")
    assert average == {(base.regions[0], None): 5, (base.regions[1], None): 2}


async def test_segments_are_an_axis_by_itself_and_beside_others(base: Base) -> None:
    moscow, ural = base.regions[:2]
    await base.client("2026-01-10", 0, loyalty=5)
    await base.client("2026-02-10", 1, loyalty=5)
    await base.client("2026-02-10", 1)
    loyal = Group(conditions=[Condition(field=f"property:{base.loyalty.id}", op="from", value=4)])
    there = Group(conditions=[Condition(field="region", op="any-of", value=[moscow])])
    found = [Segment(id=n, name=str(n), expression=one) for n, one in enumerate((loyal, there), 1)]
    async with base.db.read() as conn:
        report = ClientReport(conn, base.known, ZONE, found)

        async def cells(**ask: Any) -> dict[tuple[Key, Key], float]:
            return {(one.row, one.column): one.value for one in await report.cells(Ask(**ask))}

        assert await cells(rows="segment") == {(1, None): 2, (2, None): 1, (None, None): 1}
        assert await cells(rows="region", columns="segment") == {
            (moscow, 1): 1, (ural, 1): 1, (moscow, 2): 1, (ural, None): 1,
        }  # fmt: skip
        by_month = await cells(rows="segment", columns="month", since="2026-01-01", until="2026-02-28")
        assert by_month == {
            (1, "2026-01"): 1,
            (1, "2026-02"): 2,
            (2, "2026-01"): 1,
            (2, "2026-02"): 1,
            (None, "2026-02"): 1,
        }
        with pytest.raises(Refused, match="At most"):
            await ClientReport(conn, base.known, ZONE, found * 30).cells(Ask(rows="segment"))
        assert {one.row for one in await ClientReport(conn, base.known, ZONE).cells(Ask(rows="segment"))} == {None}


async def test_a_client_of_several_values_stands_in_each(base: Base) -> None:
    await base.client("2026-01-10", 0, colors=(0, 1))
    await base.client("2026-01-10", 0, colors=(0,))
    await base.client("2026-01-10", 1)
    red, green = (one.id for one in base.color.values)
    axis = f"property:{base.color.id}"
    for until in (None, "2026-01-10"):
        assert await base.cells(rows=axis, until=until) == {(red, None): 2, (green, None): 1, (None, None): 1}
    assert await base.cells(rows=axis, until="2026-01-09") == {}


async def test_calls_talk_and_contracts_by_months(base: Base) -> None:
    one, two = await base.client("2026-01-10", 0), await base.client("2026-01-10", 1)
    async with base.db.write() as conn:
        for n, (client, day, talked) in enumerate(
            ((one, "2026-01-31", 60), (one, "2026-02-01", 30), (two, "2026-02-28", None), (None, "2026-02-02", 10))
        ):
            started = at(day, 23)  # in the house's zone it is still this day
            answered = None if talked is None else started
            row = {"id": f"c{n}", "client_id": client, "started_at": started, "answered_at": answered}
            await conn.execute(insert(calls).values(**row, ended_at=started + (talked or 5)))
        for client, day, amount, currency in (
            (one, "2026-02-10", 100_50, "RUB"),
            (one, "2026-03-01", 5_00, "RUB"),
            (two, "2026-02-10", 7_00, "USD"),
        ):
            draft = ContractDraft(number="1", signed_on=day, amount=amount, currency=currency)
            await contracts.add(conn, client, draft, base.now)
    moscow, ural = base.regions[:2]
    ask = {"rows": "month", "columns": "region", "since": "2026-01-01", "until": "2026-02-28"}
    counted = await base.cells(measure="calls", **ask)
    assert counted == {("2026-01", moscow): 1, ("2026-02", moscow): 1, ("2026-02", ural): 1}
    assert await base.cells(measure="talk", **ask) == {("2026-01", moscow): 60, ("2026-02", moscow): 30}
    assert await base.cells(measure="contracts", of="RUB", **ask) == {("2026-02", moscow): 100.5}
    assert await base.cells(measure="contracts", of="USD", rows="region") == {(ural, None): 7}
    assert await base.cells(measure="new", **ask) == {("2026-01", moscow): 1, ("2026-01", ural): 1}


async def test_every_two_axes_count_as_by_hand(base: Base) -> None:
    rng = random.Random(11)
    told = []
    for _ in range(120):
        region, loyalty = rng.choice([0, 1, 2, None]), rng.choice([1, 2, 3, None])
        kind = rng.choice(["person", "company"])
        client = await base.client("2026-01-10", region, **({"loyalty": loyalty} if loyalty else {}))
        async with base.db.write() as conn:
            await conn.execute(update(client_table).where(client_table.c.id == client).values(kind=kind))
        told.append(
            {
                "region": None if region is None else base.regions[region],
                f"property:{base.loyalty.id}": None if loyalty is None else float(loyalty),
                "kind": kind,
            }
        )
    axes = list(told[0])
    for rows in axes:
        for columns in ("", *axes):
            if rows == columns:
                continue
            by_hand = Counter((one[rows], one[columns] if columns else None) for one in told)
            for until in (None, "2026-01-31"):
                assert await base.cells(rows=rows, columns=columns, until=until) == dict(by_hand), (rows, columns)
    some = (Condition(field="kind", op="any-of", value=["person"]),)
    people = Counter(one["region"] for one in told if one["kind"] == "person")
    counted = await base.cells(rows="region", filters=some)
    assert {row: value for (row, _), value in counted.items()} == dict(people)


async def test_the_clients_behind_a_number_are_as_many(base: Base) -> None:
    one = await base.client("2026-01-10", 0, loyalty=2)
    await base.client("2026-02-10", 0, loyalty=2)
    await base.set("2026-04-01", one, 5)
    field = f"property:{base.loyalty.id}"
    asked = [
        Condition(field=field, op="is", value=2.0, at="2026-03-31"),
        Condition(field="created", op="to", value="2026-03-31"),
    ]
    async with base.db.read() as conn:
        found = await Grid(conn, base.known, ZONE).page("", asked)
    assert found.total == (await base.cells(rows=field, until="2026-03-31"))[2.0, None] == 2
