"""Contact persons of a file, on both engines: new ones are found by, the same file adds nobody, all are taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from cti.access import Person
from cti.clients.card import ClientDraft, Phone
from cti.clients.contacts import ContactDraft
from cti.clients.importing import guess
from cti.features.client_base import ClientBase
from cti.features.client_contacts import ClientContacts
from cti.features.client_import import ClientImport, Told
from cti.storage import clients, consents, contacts, directories
from cti.storage.consents import Wish
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

HEADERS = ("Название", "Телефоны", "Контактное лицо", "Телефон контактного лица", "Почта контакта", "Должность")
ANNA_HERSELF = Person(id=ANNA, login="anna", name="Anna", role="admin")
ROWS = (
    ("Гранит", "+79355550210", "Громов Иван", "8 935 555-02-33", "gromov@granit.example", "снабжение"),
    ("Алхимов", "+79355550101", "Рябова Мария", "", "", ""),
    ("Один", "+79355550303", "", "", "", "директор"),
)


async def prepared(db: Database) -> int:
    """Roles, and a client who has one contact person; his id."""
    async with db.write() as conn:
        for name in ("Директор", "Снабжение"):
            await directories.add(conn, "contact-role", name)
    base = ClientBase(db=db, plan=NumberPlan(), clock=lambda: 1.0)
    made = await base.create(ANNA_HERSELF, ClientDraft(name="Алхимов", phones=(Phone(typed="+79355550101"),)))
    await people_of(db).add(ANNA_HERSELF, ContactDraft(name="Алхимов Пётр", roles={made: None}))
    return made


def people_of(db: Database) -> ClientContacts:
    return ClientContacts(db=db, plan=NumberPlan(), clock=lambda: 1.0)


async def imported(db: Database, *rows: tuple[str, ...], dry: bool = False) -> Told:
    async def chunks() -> AsyncIterator[Sequence[tuple[str, ...]]]:
        yield rows

    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)
    return await work.run(chunks(), guess(HEADERS, []), source="base.xlsx", dry=dry)


async def found(db: Database, q: str) -> list[str]:
    async with db.read() as conn:
        return sorted(row.name for row in (await clients.search(conn, q)).rows)


async def named(db: Database, client_id: int) -> list[tuple[str, str]]:
    async with db.read() as conn:
        return [(one.name, one.role_at(client_id)) for one in await contacts.of_client(conn, client_id)]


async def test_people_come_with_their_clients_and_once(db: Database) -> None:
    old = await prepared(db)
    assert guess(HEADERS, []) == ["name", "phones", "contact", "contact_phone", "contact_email", "contact_role"]
    tried = await imported(db, *ROWS, dry=True)
    told = await imported(db, *ROWS)
    assert tried.counts == told.counts
    assert (told.created, told.updated, told.refused) == (2, 1, 0)
    assert told.done[1].fields == ("contact",)
    assert await named(db, old) == [("Алхимов Пётр", ""), ("Рябова Мария", "")]
    for q in ("громов", "0233", "gromov@granit"):
        assert await found(db, q) == ["Гранит"], q
    assert await found(db, "рябова") == await found(db, "алхимов петр") == ["Алхимов"]
    async with db.read() as conn:
        granit = (await clients.search(conn, "гранит")).rows[0].id
    assert await named(db, granit) == [("Громов Иван", "Снабжение")]
    again = await imported(db, *ROWS)
    assert (again.unchanged, again.created, again.updated) == (3, 0, 0)


async def test_people_are_taken_back_with_an_import_but_not_whom_somebody_changed(db: Database) -> None:
    old = await prepared(db)
    told = await imported(db, *ROWS, ("Алхимов", "+79355550101", "Носов Лев", "", "", ""))
    assert told.updated == 2
    async with db.read() as conn:
        last = (await contacts.of_client(conn, old))[-1]
    changed = ContactDraft(name="Носов Лев Ильич", roles={old: None})
    await people_of(db).change(ANNA_HERSELF, last.id, changed, last.version)
    await ClientBase(db=db, plan=NumberPlan(), clock=lambda: 2.0).undo(ANNA_HERSELF, told.batch)
    assert await found(db, "") == ["Алхимов"]
    assert await named(db, old) == [("Алхимов Пётр", ""), ("Носов Лев Ильич", "")]
    assert await found(db, "рябова") == await found(db, "громов") == []
    assert await found(db, "ильич") == ["Алхимов"]


async def test_what_is_wrong_with_a_person_is_told_of_the_row(db: Database) -> None:
    await prepared(db)
    told = await imported(
        db,
        ("А", "", "", "+79355550400", "", ""),
        ("Б", "", "Некто", "позвонить", "", ""),
        ("В", "", "Некто", "", "не почта", ""),
        ("Г", "", "Некто", "", "", "волшебник"),
        ("Д", "", "Н" * 201, "", "", ""),
    )
    assert [(one.field, one.code) for one in told.faults] == [
        ("contact", "no-contact"),
        ("contact_phone", "no-phone"),
        ("contact_email", "no-email"),
        ("contact_role", "not-listed"),
        ("contact", "too-long"),
    ]


async def test_a_column_of_consents_is_in_the_register_once_with_the_files_name(db: Database) -> None:
    await prepared(db)
    headers = ("Название", "Телефоны", "Согласие на рекламу", "Согласие на звонки")
    rows = (
        ("Гранит", "+79355550210", "Да", ""),
        ("Алхимов", "+79355550101", "", "отказ"),
        ("Плохой", "+79355550303", "наверное", ""),
    )

    async def chunks() -> AsyncIterator[Sequence[tuple[str, ...]]]:
        yield rows

    for batch in ("b1", "b2"):
        work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)
        told = await work.run(chunks(), guess(headers, []), source="base.xlsx", batch=batch)
        assert [(one.field, one.code) for one in told.faults] == [("consent_marketing", "no-yes")]
    async with db.read() as conn:
        rows_ = {name: (await clients.search(conn, name)).rows[0].id for name in ("Гранит", "Алхимов")}
        said = {name: await consents.of_client(conn, id_) for name, id_ in rows_.items()}
        wishes = [
            Wish("phone", "+79355550210", "marketing", rows_["Гранит"]),
            Wish("email", "any@granit.example", "marketing", rows_["Гранит"]),
            Wish("phone", "+79355550210", "calls", rows_["Гранит"]),
            Wish("phone", "+79355550101", "calls", rows_["Алхимов"]),
        ]
        assert await consents.refusals(conn, wishes) == ["", "", "no-consent", "withdrawn"]
    assert [(one.kind, one.source, one.proof) for one in said["Алхимов"]] == [("phone", "import", "base.xlsx · b1")]
    assert sorted(one.kind for one in said["Гранит"]) == ["email", "phone"]


async def test_an_import_that_is_taken_back_takes_back_what_it_said_of_consents_and_nothing_else(db: Database) -> None:
    await prepared(db)
    headers = ("Название", "Телефоны", "Согласие на рекламу", "Согласие на опросы", "Согласие на звонки")

    async def chunks() -> AsyncIterator[Sequence[tuple[str, ...]]]:
        yield (("Алхимов", "+79355550101", "Да", "Да", "Да"),)

    async with db.write() as conn:
        client = (await clients.search(conn, "Алхимов")).rows[0].id
        said = {"kind": "phone", "given": True, "source": "card", "client_id": client}
        await consents.say(conn, purpose="marketing", address="+79355550101", at=999.0, **said)  # type: ignore[arg-type]
    work = ClientImport(db=db, plan=NumberPlan(), clock=lambda: 1000.0, user_id=ANNA)
    await work.run(chunks(), guess(headers, []), source="base.xlsx", batch="b1")
    wishes = [
        Wish("phone", "+79355550101", "marketing", client), Wish("phone", "+79355550102", "marketing", client),
        Wish("phone", "", "survey", client), Wish("phone", "+79355550101", "calls", client),
    ]  # fmt: skip
    async with db.write() as conn:
        assert await consents.refusals(conn, wishes) == [""] * 4
        await consents.say(conn, purpose="survey", address="", at=1001.0, **said)  # type: ignore[arg-type]
    base = ClientBase(db=db, plan=NumberPlan(), clock=lambda: 1002.0)
    for _ in range(2):
        await base.undo(ANNA_HERSELF, "b1")
    async with db.read() as conn:
        assert await consents.refusals(conn, wishes) == ["", "no-consent", "", "no-consent"]
        rows = await consents.of_client(conn, client)
    assert {(one.source, one.undone_at) for one in rows} == {("card", None), ("import", 1002.0)}
    assert all(one.given for one in rows)
