"""Letters are found on both engines alike, by whoever may see them, until they are erased."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, text

from cti.access import Person
from cti.features.letter_words import fill
from cti.storage import letter_search
from cti.storage.database import Database
from cti.storage.mail_tables import conversations, letter_places, letter_words, letters
from tests.storage.conftest import ANNA, BORIS, CLARA
from tests.storage.test_conversations import PEOPLE, Office


async def found(office: Office, q: str, person: Person = PEOPLE[ANNA], **how: object) -> list[int]:
    async with office.db.read() as conn:
        return (await letter_search.find(conn, person, q, **how)).conversations  # type: ignore[arg-type]


@pytest.fixture
async def office(db: Database) -> Office:
    office = await Office(db).open()
    await office.post.bring("a@x", subject="Прайс-лист", text="Пришлите свежие цены", files=["Акт сверки.pdf"])
    await office.post.bring("b@x", sender="boss@romashka.example", subject="Счета", text="цена прежняя")
    await office.annas.bring("c@x", subject="Личное", text="цены на отпуск", at=office.post.at + 60)
    async with db.read() as conn:
        await office.came(*(await conn.execute(select(letters.c.id))).scalars())
    return office


async def test_words_addresses_and_names_of_files_find_the_newest_first(office: Office) -> None:
    first, second, own = [(await office.row(one)).id for one in (1, 2, 3)]
    assert await found(office, "цены") == [own, second, first]
    assert await found(office, "счет") == [second]
    assert await found(office, "акты сверки") == [first]
    assert await found(office, "romashka.example") == [second]
    assert await found(office, "цен", mailbox_ids=[office.post.mailbox_id]) == [second, first]
    assert await found(office, "рекламация") == await found(office, '"*') == []


async def test_nobody_finds_what_he_may_not_see(office: Office) -> None:
    assert len(await found(office, "цены", PEOPLE[BORIS])) == 2
    assert await found(office, "цены", PEOPLE[CLARA]) == []


async def test_a_page_goes_on_where_it_ended(office: Office) -> None:
    async with office.db.read() as conn:
        one = await letter_search.find(conn, PEOPLE[ANNA], "цены", limit=2)
        rest = await letter_search.find(conn, PEOPLE[ANNA], "цены", limit=2, cursor=one.next_cursor)
    assert len(one.conversations) == 2
    assert one.conversations + rest.conversations == await found(office, "цены")
    assert rest.next_cursor is None


async def test_among_many_letters_rare_words_and_common_ones_are_found(office: Office) -> None:
    count, noise = letter_search.WINDOW + 200, office.post.at + 3600
    numbers = range(1000, 1000 + count)
    row = {"sha256": "0" * 64, "direction": "in", "sent_at": noise, "received_at": noise, "size": 1}
    talk = {"state_at": noise, "last_at": noise, "mailbox_id": office.post.mailbox_id}
    async with office.db.write() as conn:
        lies = (await conn.execute(select(letter_places).where(letter_places.c.letter_id == 1))).first()
        assert lies is not None
        place = {"folder_id": lies.folder_id, "mailbox_id": lies.mailbox_id}
        for table, rows in (
            (conversations, [{"id": n, **talk} for n in numbers]),
            (letters, [{"id": n, "message_id": f"{n}@y", "conversation_id": n, **row} for n in numbers]),
            (letter_places, [{"letter_id": n, "uid": n, **place} for n in numbers]),
            (letter_words, [{"id": letter_search.key_of(n, noise), "letter_id": n, "words": "шум"} for n in numbers]),
        ):
            await conn.execute(insert(table), rows)
    assert len(await found(office, "цены")) == 3
    assert len(await found(office, "цен", limit=2)) == 2
    seen: list[int] = []
    cursor = None
    while cursor or not seen:
        async with office.db.read() as conn:
            one = await letter_search.find(conn, PEOPLE[ANNA], "шум", limit=1000, cursor=cursor)
        seen += one.conversations
        cursor = one.next_cursor
    assert seen == sorted(numbers, reverse=True)


async def test_letters_from_before_the_search_are_found_once_their_words_are_made(office: Office) -> None:
    asked = select(letter_words).order_by(letter_words.c.id)
    async with office.db.write() as conn:
        before = (await conn.execute(asked)).all()
        await conn.execute(delete(letter_words).where(letter_words.c.letter_id != 2))
    assert len(await found(office, "цены")) == 1
    assert await fill(office.db, rest_s=0) == 2
    async with office.db.read() as conn:
        assert (await conn.execute(asked)).all() == before, "as if they had come today"
    assert len(await found(office, "цены")) == 3
    assert await fill(office.db) == 0


async def test_a_letter_that_goes_takes_its_words_with_it(office: Office) -> None:
    async with office.db.write() as conn:
        await conn.execute(delete(letters).where(letters.c.id == 1))
    assert len(await found(office, "цены")) == 2
    async with office.db.read() as conn:
        assert (await conn.execute(select(letter_words.c.id).where(letter_words.c.letter_id == 1))).first() is None
        if office.db.is_sqlite:
            left = text("SELECT count(*) FROM letter_fts WHERE letter_fts MATCH 'прайс'")
            assert (await conn.execute(left)).scalar() == 0
