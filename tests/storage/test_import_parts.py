"""Imports in parts, on both engines: what changes meanwhile, by what clients are known, and all of it taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from cti.access import Person
from cti.clients.card import ClientDraft, Phone
from cti.clients.changes import Change, taken_back
from cti.clients.importing import KEYS, guess
from cti.clients.properties import Property, PropertyValue
from cti.errors import Refused
from cti.features.client_base import ClientBase
from cti.features.client_import import PART, ClientImport, Told
from cti.storage import bulk, clients, imports, properties, runs
from cti.storage.clients import search_text
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

HEADERS = ("Код", "Название", "Телефон", "Почта", "ИНН", "Цвет", "Число")
Row = tuple[str, ...]
PERSON = Person(id=ANNA, login="anna", name="Anna", role="admin")


def row(**said: str) -> Row:
    """A row that says this."""
    names = ("id", "name", "phone", "email", "inn", "color", "number")
    return tuple(said.get(name, "") for name in names)


async def prepared(db: Database) -> list[str]:
    """Two properties; the fields of HEADERS."""
    async with db.write() as conn:
        color = Property(id=0, name="Цвет", kind="several", values=tuple(_values("синий", "зелёный")))
        await properties.add(conn, color)
        await properties.add(conn, Property(id=0, name="Число", kind="number"))
        return guess(HEADERS, await properties.every(conn))


def _values(*names: str) -> list[PropertyValue]:
    return [PropertyValue(id=0, name=name) for name in names]


async def imported(
    db: Database, mapped: list[str], *chunks: Sequence[Row], dry: bool = False, keys: Sequence[str] = KEYS
) -> Told:
    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA, keys=keys)
    return await work.run(_each(chunks), mapped, source="base.xlsx", dry=dry)


async def _each(chunks: Sequence[Sequence[Row]]) -> AsyncIterator[Sequence[Row]]:
    for one in chunks:
        yield one


def figures(told: Told) -> tuple[int, ...]:
    return tuple(told.counts.values())


def base_of(db: Database) -> ClientBase:
    return ClientBase(db=db, plan=NumberPlan(), clock=lambda: 2000.0)


async def names(db: Database) -> list[str]:
    async with db.read() as conn:
        return sorted(one.name for one in (await clients.search(conn, "", limit=200)).rows)


async def test_a_try_says_what_the_import_then_does_wherever_the_parts_end(db: Database) -> None:
    mapped = await prepared(db)
    await base_of(db).create(PERSON, ClientDraft(name="Старый", phones=(Phone(typed="+79355550001"),)))
    rows = [
        row(name="Первый", phone="+79355550002"),
        row(name="Старый", phone="+79355550001; +79355550003", number="1234567,5"),
        row(name="Первый снова", phone="8 935 555-00-02"),
        row(phone="+79355550003", color="зелёный; синий"),
        row(phone="+79355550003", email="новая@old.example"),
        row(name="Старый", phone="+79355550001"),
    ]
    apart = [[one] for one in rows]
    for chunks in ([rows], apart):
        assert figures(await imported(db, mapped, *chunks, dry=True)) == (6, 1, 3, 1, 1)
    done = await imported(db, mapped, *apart)
    assert figures(done) == (6, 1, 3, 1, 1)
    assert [(one.row, one.code, one.args) for one in done.faults] == [(3, "twice", {"row": "1"})]
    again = await imported(db, mapped, rows)
    assert figures(again) == (6, 0, 1, 5, 0)  # “Первый снова” is his name now
    assert await names(db) == ["Первый снова", "Старый"]


async def test_two_firms_behind_one_switchboard_stay_two(db: Database) -> None:
    mapped = await prepared(db)
    base, board = base_of(db), (Phone(typed="+79355550001", shared=True),)
    await base.create(PERSON, ClientDraft(name="Сервис", phones=board, emails=("s@firm.example",)))
    await base.create(PERSON, ClientDraft(name="Монтаж", phones=board, emails=("m@firm.example",)))
    for number in (1, 2):
        await base.create(
            PERSON, ClientDraft(name=f"Филиал {number}", inn="7707083893", emails=(f"{number}@f.example",))
        )
    rows = [
        row(name="Сервис", phone="+79355550001", email="s@firm.example"),
        row(name="Монтаж", phone="+79355550001", email="m@firm.example"),
        row(name="Филиал 1", inn="7707083893", email="1@f.example"),
        row(name="Филиал 2", inn="7707083893", email="2@f.example"),
    ]
    assert figures(await imported(db, mapped, rows)) == (4, 0, 0, 4, 0)


async def test_the_order_of_keys_decides(db: Database) -> None:
    mapped = await prepared(db)
    base = base_of(db)
    one = await base.create(PERSON, ClientDraft(name="По телефону", phones=(Phone(typed="+79355550001"),)))
    two = await base.create(PERSON, ClientDraft(name="По почте", emails=("b@old.example",)))
    both = row(phone="+79355550001", email="b@old.example", number="7")
    for keys, whose in ((["phone", "email"], one), (["email", "phone"], two)):
        told = await imported(db, mapped, [both], keys=keys, dry=True)
        assert figures(told) == (1, 0, 1, 0, 0)
        assert told.done[0].client_id == whose
    told = await imported(db, mapped, [row(id=str(two), name="Новое имя", phone="+79355550001")], keys=["id"])
    assert (figures(told), await names(db)) == ((1, 0, 1, 0, 0), ["Новое имя", "По телефону"])
    told = await imported(db, mapped, [row(id="999", name="Нет такого")], keys=["id"])
    assert [fault.code for fault in told.faults] == ["gone"]
    told = await imported(db, mapped, [row(id="999", name="Чужой номер")], keys=["inn"])
    assert figures(told) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("how", ["renamed", "retired", "another value"])
async def test_a_property_changed_meanwhile_ends_the_import_and_no_row_is_half_saved(db: Database, how: str) -> None:
    mapped = await prepared(db)

    async def chunks() -> AsyncIterator[Sequence[Row]]:
        yield [row(name="Первый", color="синий")]
        async with db.write() as conn:
            color = next(one for one in await properties.every(conn) if one.name == "Цвет")
            if how == "retired":
                await properties.retire(conn, color.id, 1.0)
            elif how == "renamed":
                await properties.change(conn, replace(color, name="Окраска"))
            else:
                await properties.change(conn, replace(color, values=(*color.values, *_values("белый"))))
        yield [row(name="Второй", color="зелёный")]

    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)
    with pytest.raises(Refused, match="“Цвет” was changed"):
        await work.run(chunks(), mapped, source="base.xlsx")
    assert await names(db) == ["Первый"]


async def test_a_property_of_no_column_may_change(db: Database) -> None:
    mapped = await prepared(db)

    async def chunks() -> AsyncIterator[Sequence[Row]]:
        yield [row(name="Первый")]
        async with db.write() as conn:
            await properties.add(conn, Property(id=0, name="Новое", kind="text"))
        yield [row(name="Второй")]

    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)
    assert figures(await work.run(chunks(), mapped, source="base.xlsx")) == (2, 2, 0, 0, 0)


async def test_many_are_taken_back_in_parts_and_what_people_did_since_stays(db: Database) -> None:
    mapped = await prepared(db)
    base = base_of(db)
    old = await base.create(PERSON, ClientDraft(name="Старый", phones=(Phone(typed="+79355559999"),)))
    many = [row(name=f"Клиент {n}", phone=f"+7935{n:07}", number="1") for n in range(PART + 200)]
    many.append(row(phone="+79355559999", number="5", color="синий"))
    many.append(row(phone="+79355559999", number="6"))
    told = await imported(db, mapped, many)
    assert figures(told) == (702, 700, 2, 0, 0)
    async with db.read() as conn:
        touched = (await clients.search(conn, "Клиент 10")).rows[0]
        assert (await properties.of_clients(conn, [old]))[old] == {1: (1,), 2: 6.0}
    await base.change_many(PERSON, [touched.id], {"note": "звонил"}, "b2")
    parts: list[tuple[int, int]] = []

    async def seen(_conn: Connection, done: int, total: int) -> None:
        parts.append((done, total))

    assert await base.undo(PERSON, told.batch, after_part=seen) == 701
    assert parts == [(300, 701), (600, 701), (701, 701)]
    assert await names(db) == sorted([touched.name, "Старый"])
    async with db.read() as conn:
        assert (await properties.of_clients(conn, [old])).get(old, {}) == {}
        card = await clients.get(conn, old)
        past = await properties.history(conn, old)
    assert card is not None
    assert (card.version, [phone.e164 for phone in card.phones]) == (3, ["+79355559999"])
    assert {(one.property_id, one.value) for one in past} == {(1, 1), (2, 6.0)}


async def test_who_takes_the_run_away_stops_it_and_the_counts_are_those_of_the_base(db: Database) -> None:
    mapped = await prepared(db)
    async with db.write() as conn:
        await runs.begin(conn, "import", "b1", user_id=ANNA, title="base.xlsx", now=1.0)

    async def chunks() -> AsyncIterator[Sequence[Row]]:
        yield [row(name="Первый"), row(name="Второй", email="нет")]
        async with db.write() as conn:
            assert await runs.interrupt(conn, "import", 5.0) == 1
        yield [row(name="Третий")]

    async def mine(conn: Connection, told: Told) -> None:
        if not await runs.count(conn, "b1", told.counts, told.faults):
            raise Refused("stopped", "Stopped.")

    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)
    with pytest.raises(Refused, match="Stopped"):
        await work.run(chunks(), mapped, source="base.xlsx", batch="b1", after_part=mine)
    async with db.read() as conn:
        run = await runs.get(conn, "b1")
    assert run is not None
    assert (run.state, run.message, run.rows, run.created, run.refused) == ("failed", "interrupted", 2, 1, 1)
    assert (run.faults[0].code, run.may_undo, run.user_name) == ("no-email", True, "Anna")
    assert await names(db) == ["Первый"]


async def test_how_a_file_was_read_is_remembered_by_its_headings(db: Database) -> None:
    async with db.write() as conn:
        for fields in (["name", ""], ["name", "note"]):
            await imports.remember(conn, ["Имя", "О нём"], fields, ["email", "phone"], user_id=ANNA, now=1.0)
        found = await imports.remembered(conn, ["ИМЯ ", "о нем"])
        assert found == imports.Reading(fields=("name", "note"), keys=("email", "phone"))
        assert await imports.remembered(conn, ["Имя"]) is None


def test_changes_are_taken_back_one_after_the_other() -> None:
    done = [Change(field="note", was="б", became="в"), Change(field="note", was="а", became="б")]
    assert taken_back({"note": "в", "name": "x"}, done) == {"note": "а", "name": "x"}
    assert taken_back({"note": "г", "name": "x"}, done) == {"note": "г", "name": "x"}
    said = [Change(field="property:1", was=None, became=5.0)]
    assert taken_back({"property:1": 5.0}, said).get("property:1") is None


def test_what_is_said_to_be_no_part_of_the_search_text_is_none() -> None:
    card = ClientDraft(name="Алхимов", values={})
    for name in bulk.UNSEARCHED:
        value: object = 77 if name.endswith("_id") else "sole-trader"
        assert search_text(replace(card, **{name: value})) == search_text(card), name  # type: ignore[arg-type]
