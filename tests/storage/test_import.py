"""Imports on both engines: what a row says is set, what it is silent about stays, and all of it is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from cti.access import Person
from cti.clients.card import ClientDraft, Phone
from cti.clients.importing import guess
from cti.clients.properties import Property, PropertyValue
from cti.features.client_base import ClientBase
from cti.features.client_import import ClientImport, Told
from cti.storage import clients, directories, lookup, properties
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

HEADERS = ("Название", "Телефон", "Телефон 2", "Почта", "ИНН", "Регион", "Менеджер", "Лояльность", "Цвет", "Лишнее")
ROWS = (
    (
        "Алхимов",
        "8 935 555-01-01",
        "+79355550102",
        "a@alhimov.example",
        "7707083893",
        "Москва",
        "anna",
        "5",
        "Красный",
        "x",
    ),
    ("Гранит", "+7 935 555-02-10", "", "", "", "москва", "", "", "", ""),
)


async def prepared(db: Database) -> list[str]:
    """A region and two properties; the fields of HEADERS."""
    async with db.write() as conn:
        await directories.add(conn, "region", "Москва")
        await properties.add(conn, Property(id=0, name="Лояльность", kind="rating"))
        color = Property(id=0, name="Цвет", kind="list", values=(PropertyValue(id=0, name="красный"),))
        await properties.add(conn, color)
        return guess(HEADERS, await properties.every(conn))


async def imported(db: Database, mapped: list[str], *rows: tuple[str, ...], dry: bool = False) -> Told:
    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)

    async def chunks() -> AsyncIterator[Sequence[tuple[str, ...]]]:
        yield rows

    return await work.run(chunks(), mapped, source="base.xlsx", dry=dry)


async def found(db: Database, q: str) -> list[str]:
    async with db.read() as conn:
        return [row.name for row in (await clients.search(conn, q)).rows]


async def test_columns_are_known_by_their_headings(db: Database) -> None:
    mapped = await prepared(db)
    assert mapped[:7] == ["name", "phones", "phones", "emails", "inn", "region", "responsible"]
    assert [name.startswith("property:") for name in mapped[7:]] == [True, True, False]


async def test_rows_become_clients_found_by_all_that_was_said(db: Database) -> None:
    mapped = await prepared(db)
    dry = await imported(db, mapped, *ROWS, dry=True)
    assert (dry.created, await found(db, "")) == (2, [])
    told = await imported(db, mapped, *ROWS)
    assert (told.created, told.updated, told.refused) == (2, 0, 0)
    for q in ("алхим", "0102", "a@alhimov", "7707083893"):
        assert await found(db, q) == ["Алхимов"]
    async with db.read() as conn:
        (match,) = await lookup.by_number(conn, "+79355550101", now=0.0)
        card = await clients.get(conn, match.client.id)
    assert card is not None
    assert (card.responsible, card.inn, sorted(map(str, card.values.values()))) == ("Anna", "7707083893", ["1", "5.0"])


async def test_the_same_file_again_changes_nothing_and_a_row_adds_what_is_new(db: Database) -> None:
    mapped = await prepared(db)
    await imported(db, mapped, *ROWS)
    again = await imported(db, mapped, *ROWS)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    more = ("", "", "+79355550103", "new@alhimov.example", "7707083893", "", "", "3", "", "")
    told = await imported(db, mapped, more)
    assert (told.created, told.updated) == (0, 1)
    async with db.read() as conn:
        (match,) = await lookup.by_number(conn, "+79355550103", now=0.0)
        card = await clients.get(conn, match.client.id)
    assert card is not None
    assert (card.name, len(card.phones), card.emails) == ("Алхимов", 3, ("a@alhimov.example", "new@alhimov.example"))


async def test_what_is_wrong_is_refused_row_by_row(db: Database) -> None:
    mapped = await prepared(db)
    wrong = (
        ("", "+79355550200", "", "", "", "", "", "", "", ""),
        ("А", "", "", "без собаки", "", "", "", "", "", ""),
        ("Б", "", "", "", "7707083894", "", "", "", "", ""),
        ("В", "", "", "", "", "Атлантида", "", "", "", ""),
        ("Г", "", "", "", "", "", "", "6", "", ""),
        ("Д" * 201, "", "", "", "", "", "", "", "", ""),
        ("", "", "", "", "", "", "", "", "", "x"),
        ("Е", "+79355550300", "", "", "", "", "", "", "", ""),
        ("Ж", "8 935 555 03 00", "", "", "", "", "", "", "", ""),
        ("З", "8-800-FLOWERS", "", "", "", "", "", "", "", ""),
        ("И", "уточнить", "", "", "", "", "", "", "", ""),
        ("К", "1234567890" * 6, "", "", "", "", "", "", "", ""),
    )
    told = await imported(db, mapped, *wrong)
    assert (told.created, told.refused) == (1, 11)
    assert [(number, name) for number, name, *_ in told.faults] == [
        (1, "name"), (2, "emails"), (3, "inn"), (4, "region"), (5, "Лояльность"), (6, "name"), (7, "row"), (9, "row"),
        (10, "phones"), (11, "phones"), (12, "phones"),
    ]  # fmt: skip
    assert "row 8" in told.faults[7].what
    assert "“8-800-FLOWERS” is not a telephone number" in told.faults[8].what
    assert await found(db, "") == ["Е"]


async def test_several_numbers_in_a_cell_and_the_kind_by_the_numbers(db: Database) -> None:
    mapped = await prepared(db)
    rows = (
        ("Два", "+7 935 555-04-01, +7 935 555-04-02 доб. 5", "", "", "", "", "", "", "", ""),
        ("ИП Петров", "", "", "", "500100732259", "", "", "", "", ""),
        ("Сидоров", "", "", "", "000000001205", "", "", "", "", ""),
        ("Фирма", "", "", "", "7707083893", "", "", "", "", ""),
    )
    told = await imported(db, mapped, *rows)
    assert (told.created, told.refused) == (4, 0), told.faults
    async with db.read() as conn:
        cards = {row.name: row for row in (await clients.search(conn, "")).rows}
    assert [phone.e164 for phone in cards["Два"].phones] == ["+79355550401", "+79355550402"]
    kinds = [cards[name].kind for name in ("Два", "ИП Петров", "Сидоров", "Фирма")]
    assert kinds == ["company", "sole-trader", "person", "company"]
    same = [
        ("Фирма", "", "", "", "500100732259", "физ. лицо"),
        ("Два", "+79355550401", "", "", "000000001389", "компания"),
    ]
    fields = ["name", "phones", "", "", "inn", "kind"]
    told = await imported(db, fields, *same)
    assert [(one.field, one.code) for one in told.faults] == [("inn", "not-of-kind")]


async def test_an_import_is_taken_back_but_not_what_people_did_since(db: Database) -> None:
    mapped = await prepared(db)
    base = ClientBase(db=db, plan=NumberPlan(), clock=lambda: 2000.0)
    anna = Person(id=ANNA, login="anna", name="Anna", role="agent")
    old = await base.create(anna, ClientDraft(name="Старый", phones=(Phone(typed="+79355550210"),)))
    told = await imported(db, mapped, *ROWS)
    assert (told.created, told.updated) == (1, 1)
    assert await found(db, "") == ["Алхимов", "Гранит"]
    assert await base.undo(anna, told.batch) == 2
    assert await found(db, "") == ["Старый"]
    async with db.read() as conn:
        card = await clients.get(conn, old)
    assert card is not None
    assert card.region_id is None


async def test_ids_of_imports_and_of_people_do_not_meet(db: Database) -> None:
    mapped = await prepared(db)
    await imported(db, mapped, ROWS[0])
    base = ClientBase(db=db, plan=NumberPlan(), clock=lambda: 1.0)
    made = await base.create(Person(id=ANNA, login="anna", name="Anna", role="agent"), ClientDraft(name="Вручную"))
    await imported(db, mapped, ROWS[1])
    async with db.read() as conn:
        rows = (await clients.search(conn, "")).rows
    assert len({row.id for row in rows}) == 3
    assert made in {row.id for row in rows}
