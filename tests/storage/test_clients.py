"""Clients as rows: the card by number, changes under the optimistic lock, remembered choices."""

from __future__ import annotations

from cti.clients.card import ClientDraft, Phone, with_numbers
from cti.storage import clients, lookup
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA, BORIS

PLAN = NumberPlan()
SWITCHBOARD = "+74950000100"
PYOTR = ClientDraft(
    name="Пётр Зайцев",
    kind="person",
    note="Звонить после обеда",
    responsible_id=ANNA,
    phones=(
        Phone(typed="8 (935) 555-03-01", label="мобильный"),
        Phone(typed="+7 495 000-01-00 доб. 14", label="работа"),
    ),
    emails=("Pyotr@romashka.example", "p@home.example"),
)
ROMASHKA = ClientDraft(
    name="Ромашка",
    full_name="ООО «Ромашка»",
    phones=(Phone(typed="8-495-000-01-00", shared=True), Phone(typed="спросить")),
)


async def _add(db: Database, *drafts: ClientDraft) -> list[int]:
    async with db.write() as conn:
        return [await clients.insert(conn, with_numbers(draft, PLAN), 100.0) for draft in drafts]


async def test_a_number_finds_its_client_with_all_that_a_card_shows(db: Database) -> None:
    (pyotr,) = await _add(db, PYOTR)
    async with db.read() as conn:
        (found,) = await lookup.by_number(conn, "+79355550301", now=0.0)
    assert found.client.id == pyotr
    assert found.client.name == "Пётр Зайцев"
    assert found.client.phones == (("+79355550301", "", "мобильный"), (SWITCHBOARD, "14", "работа"))
    assert found.client.emails == ("Pyotr@romashka.example", "p@home.example")
    assert (found.client.responsible, found.client.note, found.client.kind) == ("Anna", "Звонить после обеда", "person")
    assert (found.label, found.extension, found.shared) == ("мобильный", "", False)


async def test_a_shared_number_finds_everybody_who_has_it(db: Database) -> None:
    pyotr, romashka = await _add(db, PYOTR, ROMASHKA)
    async with db.read() as conn:
        found = await lookup.by_number(conn, SWITCHBOARD, now=0.0)
        one = await lookup.by_number(conn, SWITCHBOARD, now=0.0, limit=1)
    assert [(m.client.id, m.extension, m.shared) for m in found] == [(pyotr, "14", False), (romashka, "", True)]
    assert len(one) == 1


async def test_no_number_and_unknown_numbers_find_nobody(db: Database) -> None:
    await _add(db, PYOTR, ROMASHKA)
    async with db.read() as conn:
        for number in ("", "+7935555030", "+793555503011", "%", "' OR 1=1 --", "спросить"):
            assert await lookup.by_number(conn, number, now=0.0) == []


async def test_a_card_comes_back_as_it_was_written(db: Database) -> None:
    pyotr, romashka = await _add(db, PYOTR, ROMASHKA)
    async with db.read() as conn:
        card = await clients.get(conn, pyotr)
        other = await clients.get(conn, romashka)
        assert [await clients.get(conn, strange) for strange in (999, 0, -1, 2**31, 10**30)] == [None] * 5
    assert card is not None
    assert other is not None
    assert card.phones == with_numbers(PYOTR, PLAN).phones
    assert (card.responsible_id, card.responsible, card.version, card.created_at) == (ANNA, "Anna", 1, 100.0)
    assert other.phones[1] == Phone(typed="спросить")


async def test_a_change_replaces_the_card_and_raises_its_version(db: Database) -> None:
    (pyotr,) = await _add(db, PYOTR)
    new = ClientDraft(name="Пётр Волков", phones=(Phone(typed="89355550302"),))
    async with db.write() as conn:
        assert await clients.update(conn, pyotr, with_numbers(new, PLAN), 1, 200.0)
    async with db.read() as conn:
        card = await clients.get(conn, pyotr)
        assert await lookup.by_number(conn, "+79355550301", now=0.0) == []
        assert len(await lookup.by_number(conn, "+79355550302", now=0.0)) == 1
        assert (await clients.search(conn, "зайцев")).rows == []
        assert len((await clients.search(conn, "волков")).rows) == 1
    assert card is not None
    assert (card.name, card.version, card.updated_at, card.created_at, card.emails) == (
        "Пётр Волков",
        2,
        200.0,
        100.0,
        (),
    )


async def test_a_change_made_on_an_old_card_changes_nothing(db: Database) -> None:
    (pyotr,) = await _add(db, PYOTR)
    async with db.write() as conn:
        assert await clients.update(conn, pyotr, with_numbers(PYOTR, PLAN), 1, 200.0)
        assert not await clients.update(conn, pyotr, ROMASHKA, 1, 300.0)
        assert not await clients.update(conn, 999, ROMASHKA, 1, 300.0)
    async with db.read() as conn:
        card = await clients.get(conn, pyotr)
    assert card is not None
    assert (card.name, card.version, len(card.phones)) == ("Пётр Зайцев", 2, 2)


async def test_the_newest_choice_of_each_person_is_kept(db: Database) -> None:
    pyotr, romashka = await _add(db, PYOTR, ROMASHKA)
    async with db.write() as conn:
        await clients.remember_choice(conn, SWITCHBOARD, ANNA, pyotr, 10.0)
        await clients.remember_choice(conn, SWITCHBOARD, BORIS, romashka, 20.0)
        await clients.remember_choice(conn, SWITCHBOARD, ANNA, romashka, 30.0)
        assert await clients.choices(conn, SWITCHBOARD) == [(ANNA, romashka, 30.0), (BORIS, romashka, 20.0)]
        assert await clients.choices(conn, "+70000000000") == []


async def test_a_caller_has_a_responsible_person_when_there_is_but_one(db: Database) -> None:
    await _add(db, PYOTR, ROMASHKA)
    async with db.write() as conn:
        assert await lookup.responsible_of(conn, SWITCHBOARD) == ANNA
        assert await lookup.responsible_of(conn, "+70000000000") is None
        await clients.insert(
            conn, with_numbers(ClientDraft(name="Б", responsible_id=BORIS, phones=ROMASHKA.phones), PLAN), 1
        )
        assert await lookup.responsible_of(conn, SWITCHBOARD) is None


async def test_texts_of_any_kind_come_back_unharmed(db: Database) -> None:
    nasty = "<script>alert('1')</script> \u202eобратно\u202c \"; DROP TABLE clients; -- % _ \\ 😀 \r\n"
    (client,) = await _add(db, ClientDraft(name=nasty[:200], note=nasty * 50))
    async with db.read() as conn:
        card = await clients.get(conn, client)
    assert card is not None
    assert card.note == nasty * 50


async def test_what_no_database_keeps_is_left_out(db: Database) -> None:
    (client,) = await _add(db, ClientDraft(name="А\x00Б\ud800", note="\x00", emails=("a\x00@b.example",)))
    async with db.read() as conn:
        card = await clients.get(conn, client)
    assert card is not None
    assert (card.name, card.note, card.emails) == ("АБ", "", ("a@b.example",))
