"""What is filed into mailboxes: sent letters once, drafts in place of the one before; letters as servers have them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.channels.email.roles import roles
from cti.channels.letters import MailTrouble
from cti.errors import ChannelError
from cti.messages.letter import Flags
from lab.dovecot import Dovecot
from tests.channels.mail_peers import ANNA, letter, outlook
from tests.channels.mail_peers import office as office
from tests.features.mailroom import Mailroom, mailroom

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
