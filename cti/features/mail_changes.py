"""What people do with letters here is done in their mailboxes: at once here, durably wished there.

A mark or a move is kept with a wish in one transaction and acknowledged; the mailbox's next turn tells its server, in
order, however long it was away. Filing into Sent and Drafts is done while whoever asks waits.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from cti.channels.folders import MADE, Box, MailboxLink
from cti.channels.letters import MailTrouble
from cti.errors import ChannelError
from cti.messages.letter import Flags, FolderRole
from cti.storage import mail_folders, mail_wishes, mailboxes
from cti.storage.database import Database
from cti.storage.mail_folders import Moved
from cti.storage.mail_wishes import Wish

log = structlog.get_logger()


class MailChanges:
    """A MailServer. ask: of an open mailbox, wake: its next turn (features/mail_sync.py); folder: of letters' files."""

    def __init__(self, *, db: Database, folder: Path, clock: Callable[[], float]) -> None:
        self._db = db
        self._coming = folder / "coming"
        self._clock = clock
        self._telling: set[int] = set()  # wishes that a server is told now: they cannot be taken back any more
        self._claims = asyncio.Lock()
        self._drafts: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.ask: Callable[[int, Callable[[Box], Any]], Any] = _closed
        self.wake: Callable[[int], None] = lambda mailbox_id: None

    async def flag(self, letter_id: int, flags: Flags, *, mailbox_id: int) -> None:
        """Let a letter stand so in this mailbox; its copies in others are other people's."""
        async with self._db.write() as conn:
            told = await mail_wishes.mark(conn, letter_id, flags, mailbox_id, self._clock())
        if told:
            self.wake(mailbox_id)

    async def move(self, letter_id: int, role: FolderRole, *, mailbox_id: int) -> None:
        """Move a letter into a folder of this mailbox: archive, trash, junk, inbox."""
        async with self._claims, self._db.write() as conn:
            name = MADE.get(role, "INBOX")
            told = await mail_wishes.move(conn, letter_id, role, name, mailbox_id, self._telling, self._clock())
        if told:
            self.wake(mailbox_id)

    def drafts(self, mailbox_id: int) -> asyncio.Lock:
        """Held while a draft is filed and that is written down, or while Drafts are looked at."""
        return self._drafts[mailbox_id]

    async def file(
        self, mailbox_id: int, raw: bytes, role: FolderRole, flags: Flags, *, message_id: str, replaces: str = ""
    ) -> str:
        """Put a letter into a folder unless it lies there already; its place, "" where it is not told.

        In Drafts, what it replaces goes: what lies in that place; where that is not known, what has its Message-ID.
        """
        async with self._db.read() as conn:
            mailbox = await mailboxes.get(conn, mailbox_id)
            rows = await mail_folders.of_mailbox(conn, mailbox_id)
        if mailbox is None:
            raise MailTrouble("other", "removed", permanent=True)
        name = next((row.name for row in rows.values() if row.role == role), None)

        def work(box: Box) -> str:
            filed = mailbox.files_sent == "server" or (mailbox.files_sent == "auto" and box.files_sent)
            if role == "sent" and filed:
                return ""
            target = name or _made(box, MADE.get(role, "INBOX"))
            lying = set(box.find(target, message_id))
            if lying and role != "drafts":
                return ""
            uid = box.append(target, raw, flags, draft=role == "drafts")
            validity = box.folder(target, role).uidvalidity
            box.delete(target, sorted((_there(replaces, validity) or lying) - {uid}))
            return f"{validity}:{uid}" if uid else ""

        return str(await self.ask(mailbox_id, work))

    async def remove_draft(self, mailbox_id: int, message_id: str, place: str = "") -> None:
        """Take a draft out of Drafts: what lies in its place; where that is not known, what has its Message-ID."""
        async with self._db.read() as conn:
            rows = await mail_folders.of_mailbox(conn, mailbox_id)
        name = next((row.name for row in rows.values() if row.role == "drafts"), None)

        def work(box: Box, name: str) -> None:
            there = _there(place, box.folder(name, "drafts").uidvalidity)
            box.delete(name, sorted(there or box.find(name, message_id)))

        if name is not None:
            await self.ask(mailbox_id, partial(work, name=name))

    async def source(self, letter_id: int) -> bytes:
        """The letter as the server has it. Raises ChannelError: permanent where it lies on none any more."""
        async with self._db.read() as conn:
            size = await mail_folders.size_of(conn, letter_id)
            lies = [
                (one, name, uid)
                for one in await mail_wishes.mailboxes_of(conn, letter_id)
                for name, uid in await mail_wishes.places(conn, one, letter_id)
            ]
        path = self._coming / secrets.token_hex(16)
        trouble: ChannelError = MailTrouble("other", "gone", permanent=True)
        await asyncio.to_thread(self._coming.mkdir, parents=True, exist_ok=True, mode=0o700)
        try:
            for mailbox_id, name, uid in lies:
                try:
                    if await self.ask(mailbox_id, partial(_saved, name, {uid: (size, path)})):
                        return await asyncio.to_thread(path.read_bytes)
                except ChannelError as error:
                    trouble = error
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        raise trouble

    # What a mailbox's turn does with them ----------------------------------------------------------------------------
    async def apply(self, mailbox_id: int, link: MailboxLink) -> bool:
        """Tell the server all that was done here; whether nothing is left of it."""
        while True:
            async with self._db.read() as conn:
                ids = await mail_wishes.ids(conn, mailbox_id)
            done = [await self._tell(mailbox_id, link, one) for one in ids]
            if not all(done) or not done:  # what is refused is tried again in another turn
                return not done

    async def _tell(self, mailbox_id: int, link: MailboxLink, wish_id: int) -> bool:
        async with self._claims:
            self._telling.add(wish_id)
            async with self._db.read() as conn:
                wish = await mail_wishes.get(conn, wish_id)
        try:
            return wish is None or await self._told(mailbox_id, link, wish)
        finally:
            self._telling.discard(wish_id)

    async def _told(self, mailbox_id: int, link: MailboxLink, wish: Wish) -> bool:
        try:
            if isinstance(wish.given, Moved):
                uid = await self._moved(link, wish, wish.given)
            else:
                uid = None
                await self._marked(mailbox_id, link, wish.letter_id, wish.given)
            async with self._db.write() as conn:
                await mail_wishes.done(conn, wish, uid)
        except ChannelError as error:
            if not error.permanent:
                raise
            log.warning("a mail server does not do what was done here", mailbox=mailbox_id, tries=wish.tries + 1)
            async with self._db.write() as conn:
                await mail_wishes.refused(conn, wish)
            return False
        return True

    async def _marked(self, mailbox_id: int, link: MailboxLink, letter_id: int, flags: Flags) -> None:
        async with self._db.read() as conn:
            places = await mail_wishes.places(conn, mailbox_id, letter_id)
        if not places:
            raise ChannelError("it is not known where the letter lies now", permanent=True)
        for name, uid in places:
            await link.ask(partial(_mark, name, uid, flags))

    async def _moved(self, link: MailboxLink, wish: Wish, moved: Moved) -> int | None:
        async with self._db.read() as conn:
            way = await mail_wishes.way(conn, moved)
        if way is None:
            return None
        source, same, target, there = way

        def work(box: Box) -> int | None:
            uids = [moved.uid] if same and moved.uid > 0 else box.find(source, wish.message_id)
            if not uids:
                return None
            new = box.move(source, uids, target if there else _made(box, target))
            return new.get(uids[0])

        return await link.ask(work)


def _saved(name: str, files: Mapping[int, tuple[int, Path]], box: Box) -> list[int]:
    return box.save(name, files)


def _there(place: str, validity: int) -> set[int]:
    """The UID of a place, if the folder's UIDs still mean the same."""
    told, _, uid = place.partition(":")
    return {int(uid)} if told == str(validity) and uid.isdecimal() else set()


def _mark(name: str, uid: int, flags: Flags, box: Box) -> None:
    box.mark(name, [uid], flags)


def _made(box: Box, name: str) -> str:
    """A folder by this name, which may be there already."""
    try:
        box.create(name)
    except Exception as error:
        if "exists" not in str(error).lower():
            raise
    return name


async def _closed(mailbox_id: int, work: Callable[[Box], Any]) -> Any:
    raise MailTrouble("closed")
