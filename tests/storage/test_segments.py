"""Segments: the same expression as SQL and in Python, on both engines; saved, frozen, one within another."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import and_, insert, select, true, update

from cti.access import Person
from cti.clients.card import ClientDraft, Phone, Place
from cti.clients.consenting import CODES
from cti.clients.contacts import ContactDraft
from cti.clients.contracts import ContractDraft
from cti.clients.filters import KIND_OF_PROPERTY, OPERATORS, STANDARD, Condition
from cti.clients.properties import Property, PropertyValue
from cti.clients.segments import Group, Judge
from cti.errors import NotAllowed, Refused
from cti.features.client_base import ClientBase
from cti.features.client_segments import ClientSegments
from cti.storage import consents, contacts, contracts, directories, facts, properties, restrictions, segments
from cti.storage.client_tables import clients as client_table
from cti.storage.conditions import Conditions
from cti.storage.database import Database
from cti.storage.grid import Grid
from cti.storage.tables import calls
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

ZONE = ZoneInfo("Europe/Moscow")
WHO = Person(id=ANNA, login="anna", name="Анна", role="admin")
NOW = datetime(2026, 11, 24, 12, tzinfo=ZONE).timestamp()
DAY = 86_400.0
EXPRESSIONS = 400
WORDS = ("Алхимов", "ООО Ёлка", "Ромашка 495", "Орион-Север", "Петров Иван", '100%_\\ "')
DAYS = ("2026-01-01", "2026-08-15", "2026-11-01", "2026-11-24", "2027-01-15")


class Office:
    """A base with something of everything, made from a seed."""

    def __init__(self, db: Database) -> None:
        self.db, self.now, self.rng = db, NOW, random.Random(7)
        self.base = ClientBase(db=db, plan=NumberPlan(), clock=lambda: self.now)
        self.segments = ClientSegments(db=db, zone=ZONE, clock=lambda: NOW)

    async def fill(self, count: int = 60) -> None:
        async with self.db.write() as conn:
            self.regions = [await directories.add(conn, "region", name) for name in ("Москва", "Урал")]
            colors = tuple(PropertyValue(id=0, name=name) for name in ("красный", "синий", "белый"))
            for name, kind in (("Л", "list"), ("Н", "several"), ("Ч", "number"), ("О", "rating"), ("Д", "date")):
                await properties.add(
                    conn, Property(id=0, name=name, kind=kind, values=colors if kind in ("list", "several") else ())
                )  # type: ignore[arg-type]
            await properties.add(conn, Property(id=0, name="Т", kind="text"))
            await properties.add(conn, Property(id=0, name="Б", kind="yes-no"))
            self.known = await properties.every(conn)
        for _ in range(count):
            await self._client()
        self.now = NOW

    async def _client(self) -> None:
        rng = self.rng
        self.now = NOW - rng.random() * 500 * DAY
        number = f"+7 935 {rng.randint(0, 999):03d}-{rng.randint(0, 99):02d}-01"
        draft = ClientDraft(
            name=rng.choice(WORDS),
            kind=rng.choice(("person", "company")),
            note=rng.choice(("", "важный", "Перезвонить")),
            region_id=rng.choice([*self.regions, None]),
            responsible_id=rng.choice([ANNA, None]),
            phones=tuple(Phone(typed=number) for _ in range(rng.randint(0, 1))),
            places=rng.choice(
                [(), (Place(kind="address", value="Ёлочная ул., 5"), Place(kind="site", value="a.example"))]
            ),
            emails=rng.choice([(), ("Info@Alhimov.example",), ("a@b.example", "c@d.example")]),
            values={one.id: self._value(one) for one in self.known if rng.random() < 0.6},
        )
        client = await self.base.create(WHO, draft)
        for _ in range(rng.randint(0, 2)):
            self.now += rng.random() * 30 * DAY
            prop = rng.choice(self.known)
            value = rng.choice([None, self._value(prop)])
            await self.base.change_many(WHO, [client], {f"property:{prop.id}": value}, "b1")
        async with self.db.write() as conn:
            if rng.random() < 0.3:
                name = rng.choice(("Громов Иван", "Рябова Мария"))
                await contacts.add(conn, ContactDraft(name=name, roles={client: None}), NOW)
            for n in range(rng.choice((0, 0, 1, 3))):
                started = NOW - rng.random() * 200 * DAY
                answered = started + 5 if rng.random() < 0.5 else None
                row = {"id": f"{client}-{n}", "client_id": client, "started_at": started, "answered_at": answered}
                direction = rng.choice(("inbound", "outbound", None))
                await conn.execute(insert(calls).values(**row, direction=direction, ended_at=started + 60))
            for _ in range(rng.choice((0, 0, 1, 2))):
                currency = rng.choice(("RUB", "RUB", "USD"))
                amount = rng.choice((None, 100_00, 5_000_00))
                days = {"signed_on": rng.choice([None, *DAYS]), "ends_on": rng.choice([None, *DAYS])}
                await contracts.add(
                    conn,
                    client,
                    ContractDraft(number=rng.choice(("А-14", "Б/7")), amount=amount, currency=currency, **days),
                    NOW,
                )
            for _ in range(rng.choice((0, 0, 1, 2, 4))):
                await consents.say(
                    conn, kind=rng.choice(("phone", "email")), address="", given=rng.random() < 0.5, source="import",
                    proof=rng.choice(("kept.csv · b1", "gone.csv · b2")),
                    purpose=rng.choice(("marketing", "marketing", "survey", "calls", "")), client_id=client,
                    at=NOW - rng.choice((1.0, 2.0, 3.0)),
                )  # fmt: skip
            await consents.take_back(conn, "b2", after=0, most=100, now=NOW)
            await contacts.relink(conn, [client])
            wrote = rng.choice((None, NOW - 40 * 86_400, NOW))
            await conn.execute(update(client_table).where(client_table.c.id == client).values(last_letter_at=wrote))
            if rng.random() < 0.3:
                await restrictions.put(conn, client, "спор", now=NOW, user_id=ANNA)

    def _value(self, prop: Property) -> Any:
        rng = self.rng
        ids = [one.id for one in prop.values]
        match prop.kind:
            case "list":
                return rng.choice(ids)
            case "several":
                return rng.sample(ids, rng.randint(1, 3))
            case "rating":
                return rng.randint(1, 5)
            case "number":
                return rng.choice((-1.5, 0, 10, 1e6))
            case "date":
                return rng.choice(DAYS)
            case "yes-no":
                return rng.random() < 0.5
            case _:
                return rng.choice(WORDS)

    def condition(self, segments_: list[int]) -> Condition:
        """Any condition that can be asked."""
        rng = self.rng
        if rng.random() < 0.45:
            prop = rng.choice(self.known)
            kind = KIND_OF_PROPERTY[prop.kind]
            op = rng.choice(OPERATORS[kind])
            value: Any = self._value(prop)
            if kind == "list":
                value = rng.sample([one.id for one in prop.values], rng.randint(1, 2))
            elif kind == "text":
                value = rng.choice(("лхим", "ЁЛКА", "%", "орион", "\\"))
            return Condition(field=f"property:{prop.id}", op=op, value=value, at=rng.choice([None, None, *DAYS]))
        field = rng.choice([one for one in STANDARD if one not in ("industry", "source", "relation", "full_name")])
        kind = STANDARD[field]
        op = rng.choice(OPERATORS[kind])
        if field == "segment":
            op = rng.choice(("any-of", "none-of"))
        values: dict[str, Any] = {
            "text": rng.choice(("лхим", "ёлка", "495", "важ", "100%", "Петров")),
            "phone": rng.choice(("8 935", "01", "+7935", "555")),
            "words": rng.choice(("елоч", "А-1", "громов", "б/", "%")),
            "email": rng.choice(("ALHIMOV", "@b.", "нет")),
            "date": rng.choice(DAYS),
            "period": rng.choice((["2026-08-15", "2026-11-24"], ["", "2026-11-01"], ["2026-10-01", None], ["", ""])),
            "count": rng.choice((0, 1, 2)),
            "age": rng.choice((30, 90)),
            "ahead": rng.choice((10, 60)),
            "number": rng.choice((0, 100, 5_000)),
            "yes-no": rng.choice((True, False, "1", "0")),
        }
        lists: dict[str, list[Any]] = {
            "kind": ["person"],
            "region": [rng.choice(self.regions)],
            "responsible": [ANNA],
            "segment": [rng.choice(segments_)] if segments_ else [],
            "consented": rng.sample(CODES, rng.randint(1, 2)),
            "refused": rng.sample(CODES, rng.randint(1, 2)),
        }
        days = rng.choice((None, 30, 100)) if kind == "count" else None
        return Condition(field=field, op=op, value=lists[field] if kind == "list" else values[kind], days=days)

    def group(self, segments_: list[int], depth: int = 0) -> Group:
        rng = self.rng
        conditions = tuple(self.condition(segments_) for _ in range(rng.randint(1, 3)))
        groups = tuple(self.group(segments_, depth + 1) for _ in range(rng.randint(0, 2 if depth < 2 else 0)))
        return Group(match=rng.choice(("all", "any", "none")), conditions=conditions, groups=groups)


@pytest.fixture
async def office(db: Database) -> Office:
    made = Office(db)
    await made.fill()
    return made


async def test_sql_and_python_agree_on_any_expression(office: Office) -> None:
    saved = []
    for n in range(3):
        saved.append(await office.segments.save(WHO, f"С{n}", office.group(saved)))
    await office.segments.freeze(WHO, saved[0])
    async with office.db.read() as conn:
        known = {one.id: one for one in await segments.every(conn)}
        everybody = await facts.of(conn, list(range(1, 61)), office.known)
        judge = Judge(properties={one.id: one for one in office.known}, segments=known, zone=ZONE, now=NOW)
        conditions = Conditions(
            office.known, zone=ZONE, sqlite=conn.dialect.name == "sqlite", segments=known.values(), now=NOW
        )
        assert len(everybody) == 60
        some = 0
        for _ in range(EXPRESSIONS):
            group = office.group(saved)
            by_sql = set(await segments.ids(conn, group, conditions))
            by_python = {one.card.id for one in everybody if judge.holds(group, one)}
            assert by_sql == by_python, group
            if conn.dialect.name == "sqlite":
                each = and_(true(), *(part.follows for part in conditions.of_group(group)))
                assert set((await conn.execute(select(client_table.c.id).where(each))).scalars()) == by_python, group
            some += 0 < len(by_sql) < 60
        assert some > EXPRESSIONS / 4  # the expressions tell clients apart


async def test_loyal_of_moscow_whom_nobody_called_for_90_days(office: Office) -> None:
    rating = next(one for one in office.known if one.kind == "rating")
    expression = Group(
        conditions=(
            Condition(field=f"property:{rating.id}", op="from", value=4),
            Condition(field="region", op="any-of", value=[office.regions[0]]),
            Condition(field="contact", op="older", value=90),
        )
    )
    made = await office.segments.save(WHO, "Лояльные", expression)
    async with office.db.read() as conn:
        known = await segments.every(conn)
        page = await Grid(conn, office.known, ZONE, known).page(
            "", [Condition(field="segment", op="any-of", value=[made])]
        )
    assert page.total == await office.segments.count(WHO, expression) == len(page.rows) > 0
    assert all(row.region_id == office.regions[0] and float(row.values[rating.id]) >= 4 for row in page.rows)  # type: ignore[arg-type]


async def test_a_frozen_segment_keeps_its_clients(office: Office) -> None:
    expression = Group(conditions=(Condition(field="kind", op="any-of", value=["person"]),))
    made = await office.segments.save(WHO, "Люди", expression)
    before = await office.segments.freeze(WHO, made)
    async with office.db.write() as conn:
        await conn.execute(update(client_table).values(kind="company"))
    inside = Group(conditions=(Condition(field="segment", op="any-of", value=[made]),))
    assert await office.segments.count(WHO, inside) == before > 0
    await office.segments.thaw(WHO, made)
    assert await office.segments.count(WHO, inside) == 0


def _asking(*ids: int) -> Group:
    return Group(conditions=(Condition(field="segment", op="any-of", value=list(ids)),))


async def test_a_segment_never_asks_for_itself(office: Office) -> None:
    one = await office.segments.save(WHO, "Один", Group(conditions=(Condition(field="note", op="filled"),)))
    two = await office.segments.save(WHO, "Два", _asking(one))
    for expression in (_asking(one), _asking(two)):
        with pytest.raises(Refused) as refused:
            await office.segments.save(WHO, "Один", expression, one)
        assert refused.value.code == "segment-of-itself"
    with pytest.raises(Refused) as refused:
        await office.segments.remove(WHO, one)
    assert refused.value.code == "segment-in-use"
    await office.segments.remove(WHO, two)
    await office.segments.remove(WHO, one)


@pytest.mark.parametrize(
    ("name", "expression", "code"),
    [
        (" ", Group(conditions=(Condition(field="note", op="filled"),)), "no-segment-name"),
        ("Пусто", Group(), "empty-segment"),
        ("Много", Group(conditions=(Condition(field="note", op="filled"),) * 31), "too-many-conditions"),
        ("Нет", Group(conditions=(Condition(field="secret", op="filled"),)), "bad-filter"),
        ("Нет", Group(conditions=(Condition(field="contact", op="older", value="'; --"),)), "bad-filter"),
        ("Нет", Group(conditions=(Condition(field="called", op="within", value=[1]),)), "bad-filter"),
        ("Нет", _asking(999), "no-segment"),
        ("Глубоко", Group(groups=(Group(groups=(Group(groups=(Group(groups=(_asking(1),)),)),)),)), "too-deep"),
    ],
)
async def test_what_is_wrong_is_refused(db: Database, name: str, expression: Group, code: str) -> None:
    office = Office(db)
    with pytest.raises(Refused) as refused:
        await office.segments.save(WHO, name, expression)
    assert refused.value.code == code
    async with db.read() as conn:
        assert await segments.every(conn) == []


async def test_a_name_is_taken_once_and_agents_change_none(db: Database) -> None:
    office = Office(db)
    expression = Group(conditions=(Condition(field="note", op="filled"),))
    await office.segments.save(WHO, "Люди", expression)
    with pytest.raises(Refused, match="name"):
        await office.segments.save(WHO, "люди", expression)
    with pytest.raises(NotAllowed):
        await office.segments.save(Person(id=ANNA, login="a", name="А", role="agent"), "Другие", expression)
