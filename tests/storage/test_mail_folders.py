"""Places of letters and what people wished of them, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.letter import Flags
from cti.storage import answering, mail_folders, mail_wishes
from cti.storage.database import Database
from cti.storage.mail_tables import letter_places, letters, mailboxes
from cti.storage.mail_tables import mail_wishes as wishes_table
from cti.storage.mail_wishes import Moved
from tests.storage.conftest import ANNA, BORIS

NOW = 1_760_000_000.0
RECEIVED = {"sha256": "0", "direction": "in", "sent_at": NOW, "received_at": NOW}
ROLES = {"INBOX": "inbox", "Sent": "sent", "Archive": "archive"}
SEEN = Flags(seen=True)


class Box:
    """A mailbox with three letters in its inbox under UIDs 1, 2, 3."""

    def __init__(self, conn: AsyncConnection, mailbox_id: int, folders: dict[str, int]) -> None:
        self.conn = conn
        self.id = mailbox_id
        self.folders = folders

    async def places(self) -> dict[int, list[tuple[str, int]]]:
        """Where each letter lies."""
        names = {number: name for name, number in self.folders.items()}
        found: dict[int, list[tuple[str, int]]] = {}
        asked = select(letter_places.c.letter_id, letter_places.c.folder_id, letter_places.c.uid)
        for letter_id, folder_id, uid in await self.conn.execute(asked.order_by(letter_places.c.letter_id)):
            found.setdefault(letter_id, []).append((names[folder_id], uid))
        return found

    async def move(self, letter_id: int, role: str, telling: frozenset[int] = frozenset()) -> list[int]:
        await mail_wishes.move(self.conn, letter_id, role, "Archive", self.id, telling, NOW)  # type: ignore[arg-type]
        return await mail_wishes.ids(self.conn, self.id)

    async def wish(self, wish_id: int) -> mail_wishes.Wish:
        found = await mail_wishes.get(self.conn, wish_id)
        assert found
        return found


@pytest.fixture
async def box(db: Database) -> AsyncIterator[Box]:
    async with db.write() as conn:
        row = {
            "name": "Sales", "address": "sales@romashka.example", "kind": "shared", "imap_host": "h", "imap_port": 1,
            "smtp_host": "h", "smtp_port": 1, "login": "sales", "created_at": NOW,
        }  # fmt: skip
        made = int((await conn.execute(insert(mailboxes).values(row).returning(mailboxes.c.id))).scalar_one())
        rows = await mail_folders.listed(conn, made, ROLES, NOW)  # type: ignore[arg-type]
        folders = {name: one.id for name, one in rows.items()}
        for number in (1, 2, 3):
            await conn.execute(
                insert(letters).values(
                    id=number,
                    message_id=f"{number}@x",
                    sha256="0",
                    direction="in",
                    sent_at=NOW,
                    received_at=NOW,
                    size=number,
                )
            )
        await mail_folders.change(conn, folders["INBOX"], uidvalidity=7, last_uid=3)
        await mail_folders.lie(conn, made, folders["INBOX"], [(number, number, Flags()) for number in (1, 2, 3)])
        yield Box(conn, made, folders)


async def test_a_move_shows_at_once_and_gets_its_uid_later(box: Box) -> None:
    [wish_id] = await box.move(1, "archive")
    assert (await box.places())[1] == [("Archive", -wish_id)]
    assert await mail_wishes.places(box.conn, box.id, 1) == [("INBOX", 1)]
    await mail_folders.lie(box.conn, box.id, box.folders["INBOX"], [(1, 1, Flags())])
    assert (await box.places())[1] == [("Archive", -wish_id)]
    await mail_wishes.done(box.conn, await box.wish(wish_id), 41)
    assert (await box.places())[1] == [("Archive", 41)]
    assert await mail_wishes.ids(box.conn, box.id) == []


async def test_a_move_is_taken_back_unless_the_server_is_being_told(box: Box) -> None:
    [first] = await box.move(1, "archive")
    assert await box.move(1, "inbox") == []
    assert (await box.places())[1] == [("INBOX", 1)]
    [first] = await box.move(1, "archive")
    told = await box.wish(first)
    _, second = await box.move(1, "inbox", frozenset({first}))
    await mail_wishes.done(box.conn, told, 41)
    given = (await box.wish(second)).given
    assert isinstance(given, Moved)
    assert (given.folder_id, given.uid) == (box.folders["Archive"], 41)


async def test_a_letter_that_left_meanwhile_is_not_put_back(box: Box) -> None:
    await box.move(1, "archive")
    await mail_folders.gone(box.conn, box.folders["INBOX"], {1, 2})
    assert await box.move(1, "inbox") == []
    assert list(await box.places()) == [3]


async def test_a_refused_move_is_as_the_server_has_it_after_three_tries(box: Box) -> None:
    [wish_id] = await box.move(1, "archive")
    for _ in range(3):
        await mail_wishes.refused(box.conn, await box.wish(wish_id))
    assert (await box.places())[1] == [("INBOX", 1)]
    assert await mail_wishes.ids(box.conn, box.id) == []


async def test_a_mark_made_here_is_not_marked_back_before_the_server_knows(box: Box) -> None:
    inbox = box.folders["INBOX"]
    assert await mail_wishes.mark(box.conn, 1, SEEN, box.id, NOW)
    assert not await mail_wishes.mark(box.conn, 1, SEEN, box.id, NOW)
    moved, known = await mail_folders.stand(box.conn, box.id, inbox, {1: Flags(), 2: SEEN, 9: SEEN})
    assert (moved, known) == ([2], {1, 2})
    [wish_id] = await mail_wishes.ids(box.conn, box.id)
    await mail_wishes.done(box.conn, await box.wish(wish_id))
    assert await mail_folders.stand(box.conn, box.id, inbox, {1: Flags()}) == ([1], {1})


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_mark_made_while_the_server_is_told_of_another_is_told_too(box: Box, is_done: bool) -> None:
    assert await mail_wishes.mark(box.conn, 1, SEEN, box.id, NOW)
    [wish_id] = await mail_wishes.ids(box.conn, box.id)
    told = await box.wish(wish_id)
    assert await mail_wishes.mark(box.conn, 1, Flags(), box.id, NOW)
    for _ in range(mail_wishes.TRIES):
        await (mail_wishes.done(box.conn, told) if is_done else mail_wishes.refused(box.conn, told))
    [wish_id] = await mail_wishes.ids(box.conn, box.id)
    left = await box.wish(wish_id)
    assert (left.given, left.tries) == (Flags(), 0)


async def test_an_answer_marks_shared_mailboxes_and_the_answerers_own_and_no_colleagues(box: Box) -> None:
    row = {"imap_host": "h", "imap_port": 1, "smtp_host": "h", "smtp_port": 1, "login": "x", "created_at": NOW}
    own: dict[int, int] = {}
    for owner in (ANNA, BORIS):
        values = row | {"name": "x", "address": f"{owner}@romashka.example", "kind": "personal", "owner_id": owner}
        own[owner] = int(
            (await box.conn.execute(insert(mailboxes).values(values).returning(mailboxes.c.id))).scalar_one()
        )
        [folder] = (await mail_folders.listed(box.conn, own[owner], {"INBOX": "inbox"}, NOW)).values()
        await mail_folders.lie(box.conn, own[owner], folder.id, [(1, 1, Flags(flagged=owner == BORIS))])
    await mail_wishes.mark(box.conn, 1, SEEN, box.id, NOW)
    assert await answering.stands(box.conn, 1, box.id, ANNA) == {box.id: SEEN, own[ANNA]: Flags()}
    assert await answering.stands(box.conn, 1, own[BORIS], BORIS) == {box.id: SEEN, own[BORIS]: Flags(flagged=True)}


async def test_new_uids_are_matched_by_message_id_and_size(box: Box) -> None:
    inbox = box.folders["INBOX"]
    await box.move(3, "archive")
    heads = [(11, "1@x", 1, SEEN), (12, "2@x", 99, Flags()), (13, "9@x", 9, Flags())]
    await mail_folders.rematch(box.conn, box.id, inbox, heads)
    places = await box.places()
    assert places[1] == [("INBOX", 11)]
    assert 2 not in places
    given = (await box.wish(-places[3][0][1])).given
    assert isinstance(given, Moved)
    assert given.uid == 0


async def test_a_folder_that_is_gone_holds_nothing(box: Box) -> None:
    left = await mail_folders.listed(box.conn, box.id, {"Sent": "sent"}, NOW)  # type: ignore[arg-type]
    assert list(left) == ["Sent"]
    assert await box.places() == {}
    again = await mail_folders.listed(box.conn, box.id, ROLES, NOW)  # type: ignore[arg-type]
    assert again["INBOX"].uidvalidity == 0
    assert (await box.conn.execute(select(wishes_table.c.id))).first() is None
