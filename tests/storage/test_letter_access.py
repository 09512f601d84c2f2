"""Who sees whose letters: every kind of mailbox, every reach of the right, and the cards of clients."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select, update

from cti.access import Person, Right, Role, Scope
from cti.messages.letter import Flags
from cti.storage import mail_folders as mail_folders_rows
from cti.storage import mailbox_removals, regrouping
from cti.storage.client_tables import clients
from cti.storage.database import Database
from cti.storage.letter_access import boxes_of, may_see, visible
from cti.storage.mail_tables import letter_places, letters, mail_folders, mailbox_people, mailboxes
from tests.storage.conftest import ANNA, BORIS, CLARA

ANNAS, SALES_BOX, SUPPORT_BOX = 1, 2, 3
BOX = {"imap_host": "x", "imap_port": 1, "smtp_host": "x", "smtp_port": 1, "login": "x", "created_at": 0.0}


def person(user_id: int, role: Role = "agent", changed: Mapping[Right, Scope] | None = None) -> Person:
    return Person(id=user_id, login="x", name="X", role=role, changed=changed or {})


async def _lay(db: Database) -> None:
    """Anna's own mailbox, sales@ (Boris is in it), support@; two letters in each, the second of a client."""
    async with db.write() as conn:
        await conn.execute(
            insert(clients).values(id=1, name="Romashka", name_folded="romashka", search="", created_at=0, updated_at=0)
        )
        for box, kind, owner in ((ANNAS, "personal", ANNA), (SALES_BOX, "shared", None), (SUPPORT_BOX, "shared", None)):
            values = {"id": box, "name": "x", "address": f"{box}@house.example", "kind": kind, "owner_id": owner}
            await conn.execute(insert(mailboxes).values(BOX | values))
            await conn.execute(insert(mail_folders).values(id=box, mailbox_id=box, name="INBOX"))
            for client_id in (None, 1):
                letter_id = box * 10 + (client_id or 0)
                row = {"id": letter_id, "message_id": f"{letter_id}", "sha256": "x", "direction": "in"}
                times = {"sent_at": 0.0, "received_at": 0.0, "size": 1, "client_id": client_id}
                await conn.execute(insert(letters).values(row | times))
                place = {"folder_id": box, "uid": letter_id, "mailbox_id": box, "letter_id": letter_id}
                await conn.execute(insert(letter_places).values(place))
        await conn.execute(insert(mailbox_people).values(mailbox_id=SALES_BOX, user_id=BORIS))
        bare = {"message_id": "out", "sha256": "x", "direction": "out", "sent_at": 0.0, "received_at": 0.0, "size": 1}
        await conn.execute(insert(letters).values(bare | {"id": 99, "user_id": CLARA}))


async def _remove(db: Database, mailbox_id: int, *, with_letters: bool) -> None:
    async with db.write() as conn:
        await mailbox_removals.begin(conn, mailbox_id, letters=with_letters, now=0.0)
        [removal] = (await mailbox_removals.listed(conn)).values()
        while await mailbox_removals.go_on(conn, removal, 100):
            pass


async def _sees(db: Database, who: Person) -> set[int]:
    async with db.read() as conn:
        found = set((await conn.execute(select(letters.c.id).where(visible(who)))).scalars())
        every = (await conn.execute(select(letters.c.id))).scalars()
        assert found == {one for one in every if await may_see(conn, who, one)}
        return found


async def test_each_sees_what_is_his_to_see(db: Database) -> None:
    await _lay(db)
    cards = {21, 31}
    assert await _sees(db, person(ANNA)) == {10, 11} | cards
    assert await _sees(db, person(BORIS)) == {20, 21} | cards
    assert await _sees(db, person(CLARA)) == {99} | cards
    assert await _sees(db, person(CLARA, "admin")) == {20, 21, 30, 31, 99}
    assert await _sees(db, person(BORIS, changed={"clients.read": "none"})) == {20, 21}
    assert await _sees(db, person(ANNA, "admin", {"mail": "none"})) == set()


async def test_a_letter_that_was_deleted_in_outlook_stays_with_its_client(db: Database) -> None:
    """Of a shared mailbox: those who read cards have it still; of a personal one nobody."""
    await _lay(db)
    flags = Flags()
    for box in (ANNAS, SALES_BOX):
        async with db.write() as conn:
            await conn.execute(delete(letter_places).where(letter_places.c.mailbox_id == box))
            await mail_folders_rows.lie(conn, box, box, [(1, box * 10, flags), (2, box * 10 + 1, flags)])
            await mail_folders_rows.gone(conn, box, [1, 2])
    await _remove(db, SUPPORT_BOX, with_letters=False)
    cards = {21, 31}
    assert await _sees(db, person(ANNA)) == cards
    assert await _sees(db, person(BORIS)) == cards
    assert await _sees(db, person(CLARA, "admin")) == {20, 21, 30, 31, 99}
    assert await _sees(db, person(BORIS, changed={"clients.read": "none"})) == set()


async def test_a_client_tells_when_his_last_letter_was(db: Database) -> None:
    """Of letters that everybody who reads his card may see, whoever looks."""
    await _lay(db)
    flags = Flags()

    async def told() -> list[float | None]:
        async with db.read() as conn:
            return list((await conn.execute(select(clients.c.last_letter_at).order_by(clients.c.id))).scalars())

    async with db.write() as conn:
        other = {"id": 2, "name": "Granit", "name_folded": "granit", "search": "", "created_at": 0, "updated_at": 0}
        await conn.execute(insert(clients).values(other))
        for letter_id, at in ((11, 3000.0), (21, 1000.0), (31, 2000.0)):
            await conn.execute(update(letters).where(letters.c.id == letter_id).values(sent_at=at))
        await conn.execute(delete(letter_places))
        await mail_folders_rows.lie(conn, ANNAS, ANNAS, [(1, 11, flags)])
    assert await told() == [None, None]
    async with db.write() as conn:
        for box in (SALES_BOX, SUPPORT_BOX):
            await mail_folders_rows.lie(conn, box, box, [(2, box * 10 + 1, flags)])
    assert await told() == [2000.0, None]
    async with db.write() as conn:
        await regrouping.give_client(conn, 2, None, "", letter_ids=[31])
    assert await told() == [1000.0, 2000.0]
    await _remove(db, SUPPORT_BOX, with_letters=True)
    assert await told() == [1000.0, None]


async def test_each_works_in_his_mailboxes(db: Database) -> None:
    await _lay(db)
    for who, boxes in (
        (person(ANNA), {ANNAS}),
        (person(BORIS), {SALES_BOX}),
        (person(BORIS, "supervisor"), {SALES_BOX, SUPPORT_BOX}),
        (person(BORIS, changed={"mail": "none"}), set()),
    ):
        async with db.read() as conn:
            assert set((await conn.execute(select(mailboxes.c.id).where(boxes_of(who)))).scalars()) == boxes


async def test_an_id_that_cannot_be_is_no_letter(db: Database) -> None:
    async with db.read() as conn:
        for letter_id in (0, -1, 2**31, 10**30):
            assert not await may_see(conn, person(ANNA, "admin"), letter_id)
