"""What is filed into mailboxes: sent letters once, drafts in place of the one before; letters as servers have them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cti.access import Person
from cti.channels.email import compose
from cti.channels.email.roles import roles
from cti.channels.email.smtp import SmtpSender
from cti.channels.letters import MailTrouble
from cti.errors import ChannelError
from cti.features.mail_drafts import MailDrafts
from cti.features.post_after import PostAfter
from cti.messages.letter import Flags
from cti.messages.outgoing import party
from cti.storage import mailboxes, outbox
from cti.storage.mailboxes import Mailbox
from lab.dovecot import Dovecot
from tests.channels.mail_peers import ANNA, letter, outlook
from tests.channels.mail_peers import office as office
from tests.features.cast import Screens
from tests.features.mailroom import HERE, Mailroom, mailroom
from tests.storage.conftest import add_cast

ONE = "one@romashka.example"
PYOTR = "pyotr@alkhimov.example"


@pytest.fixture
async def room(office: Dovecot, tmp_path: Path) -> AsyncIterator[Mailroom]:
    async with mailroom(office, tmp_path) as made:
        yield made


def written(text: str = "Высылаем прайс-лист.") -> bytes:
    return letter(message_id=f"<{ONE}>", sender=f"Анна <{ANNA}>", to=PYOTR, text=text)


async def test_what_was_sent_is_filed_once_and_shows_in_outlook(office: Dovecot, room: Mailroom) -> None:
    box = await room.add(ANNA)
    await room.followed(box)
    for _ in range(2):
        await room.changes.file(box, written(), "sent", Flags(seen=True), message_id=ONE)
    room.rounds._round_s = 0
    room.sync.wake(box)

    async def here() -> bool:
        return await room.shows(box) == {"Sent": {f"<{ONE}>": {"\\Seen"}}}

    await room.until(here)
    with outlook(office, ANNA) as she:
        assert she.shows("Sent") == {f"<{ONE}>": {"\\Seen"}}
        assert len(she.link.search("ALL")) == 1


async def test_a_server_that_files_itself_is_left_to_it(office: Dovecot, room: Mailroom) -> None:
    box = await room.add(ANNA, files_sent="server")
    await room.followed(box)
    await room.changes.file(box, written(), "sent", Flags(seen=True), message_id=ONE)
    with outlook(office, ANNA) as she:
        assert she.shows("Sent") == {}


async def test_a_draft_replaces_the_one_before_and_is_taken_away(office: Dovecot, room: Mailroom) -> None:
    box = await room.add(ANNA)
    await room.followed(box)
    for text in ("Добрый", "Добрый день"):
        await room.changes.file(box, written(text), "drafts", Flags(seen=True), message_id=ONE)
    with outlook(office, ANNA) as she:
        assert set(she.shows("Drafts")) == {f"<{ONE}>"}
        assert len(she.link.search("ALL")) == 1
        await room.changes.remove_draft(box, ONE)
        assert she.shows("Drafts") == {}
    assert await room.letters() == 0


async def test_a_letter_is_had_as_the_server_has_it(office: Dovecot, room: Mailroom) -> None:
    raw = letter(message_id="<two@alkhimov.example>", files=[("a.bin", bytes(range(256)) * 6000)])
    with outlook(office, ANNA) as she:
        she.append("INBOX", raw)
        box = await room.add(ANNA)
        await room.followed(box)
        letter_id = (await room.ids())["<two@alkhimov.example>"]
        assert await room.changes.source(letter_id) == raw
        she.delete("INBOX", "<two@alkhimov.example>")
    with pytest.raises(ChannelError) as caught:
        await room.until(lambda: _gone(room, letter_id))
    assert caught.value.permanent
    with pytest.raises(MailTrouble):
        await room.changes.file(box + 1, raw, "sent", Flags(), message_id=ONE)


@pytest.fixture
async def after(room: Mailroom) -> AsyncIterator[PostAfter]:
    """What files drafts."""
    await add_cast(room.db)
    sender = SmtpSender(connect=HERE.connect, path_of=lambda file: room.folder / file.sha256)
    screens: Any = Screens()
    made = PostAfter(
        db=room.db, sender=sender, server=room.changes, desktop=screens, next_seq=lambda _: 1, clock=time.time
    )
    task = asyncio.create_task(made.run(), name="after")
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def typed(html: str) -> str:
    return compose.typed(html)


async def test_a_draft_is_as_outlook_left_it_and_nothing_typed_here_is_lost(
    office: Dovecot, room: Mailroom, after: PostAfter
) -> None:
    drafts = MailDrafts(
        db=room.db, held=room.changes.drafts, ask=room.sync.ask, reader=room.reader, typed=typed, folder=room.folder,
        clock=time.time,
    )  # fmt: skip
    box = await room.add(ANNA, kind="personal", owner_id=1)
    await room.followed(box)
    person = Person(id=1, login="anna", name="Anna", role="agent")
    values: dict[str, Any] = {
        "key": "a-draft",
        "mailbox_id": box,
        "state": "draft",
        "user_id": 1,
        "message_id": ONE,
        "version": 2,
    }
    values |= {"subject": "Цены", "html": "<p>раз</p>"}
    async with room.db.write() as conn:
        mine = await outbox.add(conn, values, [party("to", PYOTR)], 1.0) or 0

    async def rows() -> list[tuple[str, str, str]]:
        async with room.db.read() as conn:
            found = [await outbox.get(conn, one.id) for one in await outbox.listed(conn, user_id=1)]
        return sorted((one.message_id, one.html, one.why) for one in found if one)

    async def filed() -> bool:
        after.wake()
        async with room.db.read() as conn:
            return await outbox.unfiled_drafts(conn, time.time() + 60) == []

    async def type_(html: str) -> None:
        async with room.db.write() as conn:
            now = await outbox.get(conn, mine)
            assert now
            assert await outbox.save(conn, mine, {"html": html}, None, version=now.version, now=1.0)

    def saved(message_id: str, text: str) -> bytes:
        return letter(message_id=f"<{message_id}>", sender=f"Анна <{ANNA}>", to=PYOTR, subject="Цены", text=text)

    await room.until(filed)
    with outlook(office, ANNA) as she:
        await drafts.opened(person, mine)
        assert await rows() == [(ONE, "<p>раз</p>", "")], "as it was filed"
        she.delete("Drafts", f"<{ONE}>")
        she.append("Drafts", saved(ONE, "два"))
        await drafts.opened(person, mine)
        assert await rows() == [(ONE, "<p>два</p>", "")]
        she.delete("Drafts", f"<{ONE}>")
        she.append("Drafts", saved("b@x", "три"))  # as a program that saves under a new Message-ID
        await drafts.opened(person, mine)
        assert await rows() == [("b@x", "<p>три</p>", "")]
        await type_("<p>четыре</p>")
        await room.until(filed)
        assert list(she.shows("Drafts")) == ["<b@x>"], "in place of the one that Outlook wrote"
        she.delete("Drafts", "<b@x>")
        she.append("Drafts", saved("b@x", "шесть"))
        await type_("<p>пять</p>")
        await room.until(filed)
        assert list(she.shows("Drafts")) == ["<b@x>"]
        assert len(she.link.search("ALL")) == 2, "what is filed here takes the place of ours alone"
        await drafts.look(await _mailbox(room, box))
        await room.until(filed)
        both = await rows()
        assert {(html, why) for _, html, why in both} == {
            ("<p>пять</p>", ""), ("<p>шесть</p>", "two-drafts"),
        }  # fmt: skip
        assert set(she.shows("Drafts")) == {f"<{message_id}>" for message_id, _, _ in both}
        she.append("Drafts", letter(message_id="<begun@x>", sender=ANNA, to=PYOTR, subject="Начато в Outlook"))
        nameless = letter(message_id="<x@x>", sender=ANNA, to=PYOTR, subject="Без имени").replace(
            b"Message-ID", b"X-Was"
        )
        she.append("Drafts", nameless)
        await drafts.of_person(person)
        assert len(await rows()) == 4
        assert ("begun@x", "<p>Добрый день!</p>", "") in await rows()
        for one in she.shows("Drafts"):
            she.delete("Drafts", one) if one else she.link.delete_messages(she.link.search("ALL"))
        she.link.expunge()
        await drafts.look(await _mailbox(room, box))
        assert await rows() == [], "thrown away there is thrown away"


async def _mailbox(room: Mailroom, box: int) -> Mailbox:
    async with room.db.read() as conn:
        found = await mailboxes.get(conn, box)
    assert found
    return found


async def _gone(room: Mailroom, letter_id: int) -> bool:
    await room.changes.source(letter_id)
    return False


def test_folders_are_known_by_use_or_by_name_in_both_languages() -> None:
    listed = [
        ((b"\\HasNoChildren",), b"/", "INBOX"),
        ((b"\\HasNoChildren",), b"/", "Отправленные"),
        ((b"\\HasNoChildren",), b"/", "INBOX/Черновики"),
        ((b"\\HasNoChildren",), b"/", "Удалённые"),
        ((b"\\HasNoChildren",), b"/", "Спам"),
        ((b"\\HasNoChildren",), b"/", "Клиенты/Архив"),
        ((b"\\Noselect",), b"/", "Клиенты"),
        ((b"\\HasNoChildren",), b"/", "Sent"),
    ]
    assert roles(listed) == {
        "INBOX": "inbox", "Отправленные": "other", "Sent": "sent", "INBOX/Черновики": "drafts", "Удалённые": "trash",
        "Спам": "junk", "Клиенты/Архив": "archive",
    }  # fmt: skip
    gmail = [
        ((), b"/", "INBOX"),
        ((b"\\Noselect", b"\\HasChildren"), b"/", "[Gmail]"),
        ((b"\\All",), b"/", "[Gmail]/Вся почта"),
        ((b"\\Flagged",), b"/", "[Gmail]/Помеченные"),
        ((b"\\Sent",), b"/", "[Gmail]/Отправленные"),
    ]
    assert roles(gmail) == {"INBOX": "inbox", "[Gmail]/Отправленные": "sent", "[Gmail]/Вся почта": "archive"}


async def test_folders_have_names_in_any_language_and_one_that_is_missing_is_made(
    office: Dovecot, room: Mailroom
) -> None:
    two = "<two@alkhimov.example>"
    with outlook(office, ANNA) as she:
        she.link.create_folder("Клиенты/Ромашка & Ко")
        she.link.delete_folder("Archive")
        she.append("Клиенты/Ромашка & Ко", letter(message_id=two))
        box = await room.add(ANNA)
        await room.followed(box)
        assert await room.shows(box) == {"Клиенты/Ромашка & Ко": {two: set()}}
        await room.changes.move((await room.ids())[two], "archive", mailbox_id=box)
        await room.until(room.has_told_all)
        assert set(she.shows("Archive")) == {two}
        assert she.shows("Клиенты/Ромашка & Ко") == {}
    assert await room.shows(box) == {"Archive": {two: set()}}
