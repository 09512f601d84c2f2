"""A house with mailboxes at a real Dovecot: its database, the reader's process, and all that follows the mailboxes."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import func, insert, select

from cti.channels.base import Channel
from cti.channels.email.channel import MailboxChannel
from cti.channels.email.link import ImapLink
from cti.channels.email.reader import LetterProcess
from cti.channels.letters import Credentials, LetterReader, MailTrouble
from cti.channels.reach import Reach
from cti.clients.erased import Marks
from cti.features.mail_changes import MailChanges
from cti.features.mail_intake import MailIntake
from cti.features.mail_rounds import SPAN, MailRounds
from cti.features.mail_sync import MailSync
from cti.storage.database import Database, open_database
from cti.storage.mail_tables import (
    conversations,
    letter_places,
    letters,
    mail_folders,
    mail_wishes,
    mailboxes,
    parked_letters,
)
from lab.dovecot import Dovecot
from tests.channels.links import until
from tests.channels.mail_peers import PASSWORD
from tests.made import new_database

WITHIN_S = 20.0
KEY = b"a key of this installation"
HERE = Reach(["127.0.0.0/8"], MailTrouble)


class Desk:
    """Who is told of letters; sees to each by giving it a conversation."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.news: list[int] = []
        self.history: list[int] = []
        self.moved: list[int] = []
        self.at: dict[int, float] = {}

    async def arrived(self, letter_ids: Sequence[int], *, history: bool) -> None:
        now = time.time()
        self.at |= dict.fromkeys(letter_ids, now)
        async with self._db.write() as conn:
            made = insert(conversations).values(state_at=now, last_at=now).returning(conversations.c.id)
            one = (await conn.execute(made)).scalar_one()
            await conn.execute(letters.update().where(letters.c.id.in_(letter_ids)).values(conversation_id=one))
        (self.history if history else self.news).extend(letter_ids)

    def stands(self, mailbox_id: int) -> None:
        self.moved.append(mailbox_id)


class Mailroom:
    """The mail of a house. passwords: by mailbox; found: what was told of each, in order."""

    def __init__(
        self, db: Database, office: Dovecot, data: Path, *, reader: LetterReader | None = None, span: int = SPAN
    ) -> None:
        self.db = db
        self.office = office
        self.folder = data / "letters"
        self.folder.mkdir(exist_ok=True)
        self.reader = reader or LetterProcess(self.folder)
        self.desk = Desk(db)
        self.passwords: dict[int, str] = {}
        self.found: list[tuple[int, str]] = []
        self.intake = MailIntake(
            db=db,
            reader=self.reader,
            taker=self.desk,
            folder=self.folder,
            marks=Marks(KEY),
            clock=time.time,
        )
        self.changes = MailChanges(db=db, folder=self.folder, clock=time.time)
        self.rounds = MailRounds(
            db=db,
            intake=self.intake,
            apply=self.changes.apply,
            stands=self.desk.stands,
            found=self._found,
            clock=time.time,
            span=span,
        )
        self.tls = ssl.create_default_context(cafile=str(office.certificate))
        self.pauses = (0.05, 0.2)
        self.read_s, self.within_s = 20.0, WITHIN_S
        self.sync = MailSync(db=db, rounds=self.rounds, channel=self._channel)
        self.changes.ask, self.changes.wake = self.sync.ask, self.sync.wake

    def _channel(self, mailbox_id: int, endpoint, follow) -> Channel:  # type: ignore[no-untyped-def]
        return MailboxChannel(
            mailbox_id,
            endpoint,
            link=lambda name: ImapLink(name, connect=HERE.connect, tls=self.tls, read_s=self.read_s),
            credentials=self._credentials,
            follow=follow,
            found=self._found,
            pauses=self.pauses,
        )

    async def _credentials(self, mailbox_id: int) -> Credentials:
        async with self.db.read() as conn:
            login = (await conn.execute(select(mailboxes.c.login).where(mailboxes.c.id == mailbox_id))).scalar_one()
        return Credentials(login=login, secret=self.passwords.get(mailbox_id, PASSWORD))

    async def _found(self, mailbox_id: int, trouble: str) -> None:
        self.found.append((mailbox_id, trouble))

    async def add(self, address: str, *, port: int = 0, security: str = "tls", **values: object) -> int:
        """A mailbox of the house."""
        row = {
            "name": address, "address": address, "kind": "shared", "imap_host": "127.0.0.1", "smtp_host": "127.0.0.1",
            "imap_port": port or self.office.imaps, "imap_security": security, "smtp_port": 465, "login": address,
            "created_at": time.time(),
        } | values  # fmt: skip
        async with self.db.write() as conn:
            made = await conn.execute(insert(mailboxes).values(row).returning(mailboxes.c.id))
            mailbox_id = int(made.scalar_one())
        self.sync.changed(mailbox_id)
        return mailbox_id

    async def resume(self, mailbox_id: int) -> None:
        """Follow a mailbox that was paused."""
        async with self.db.write() as conn:
            await conn.execute(mailboxes.update().where(mailboxes.c.id == mailbox_id).values(paused_at=None))
        self.sync.changed(mailbox_id)

    # What is seen of it ------------------------------------------------------------------------------------------
    async def shows(self, mailbox_id: int) -> dict[str, dict[str, set[str]]]:
        """As Outlook.shows for every folder: name -> Message-ID -> flags."""
        async with self.db.read() as conn:
            asked = select(mail_folders.c.name, letters.c.message_id, letter_places)
            asked = asked.join_from(letter_places, mail_folders, mail_folders.c.id == letter_places.c.folder_id)
            rows = await conn.execute(
                asked.join(letters, letters.c.id == letter_places.c.letter_id).where(
                    letter_places.c.mailbox_id == mailbox_id
                )
            )
            found: dict[str, dict[str, set[str]]] = {}
            for row in rows:
                words = {"\\Seen": row.seen, "\\Flagged": row.flagged, "\\Answered": row.answered}
                flags = {word for word, on in words.items() if on}
                found.setdefault(row.name, {})[f"<{row.message_id}>"] = flags
            return found

    async def ids(self) -> dict[str, int]:
        """Letters' ids by Message-ID."""
        async with self.db.read() as conn:
            return {f"<{row[0]}>": row[1] for row in await conn.execute(select(letters.c.message_id, letters.c.id))}

    async def doubles(self) -> list[str]:
        async with self.db.read() as conn:
            every = (await conn.execute(select(letters.c.message_id))).scalars()
            return [one for one, count in Counter(every).items() if count > 1]

    async def count(self, table) -> int:  # type: ignore[no-untyped-def]
        async with self.db.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())

    async def letters(self) -> int:
        return await self.count(letters)

    async def has_told_all(self) -> bool:
        """Whether the servers know of all that was done here."""
        return await self.count(mail_wishes) == 0

    async def parked(self) -> list[tuple[int, str]]:
        async with self.db.read() as conn:
            rows = await conn.execute(select(parked_letters.c.tries, parked_letters.c.why))
            return [(row[0], row[1]) for row in rows]

    async def until(self, true, within_s: float = 0.0) -> float:  # type: ignore[no-untyped-def]
        """Wait for what is asked by an async function; the seconds it took."""
        within_s = within_s or self.within_s
        began = time.monotonic()
        while not await true():
            assert time.monotonic() - began < within_s, "it did not come in time"
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    async def followed(self, mailbox_id: int) -> None:
        """Wait until all that was there is known."""

        async def done() -> bool:
            async with self.db.read() as conn:
                rows = (await conn.execute(select(mail_folders).where(mail_folders.c.mailbox_id == mailbox_id))).all()
            looked = any(one == mailbox_id for one, _ in self.found)
            return looked and bool(rows) and all(row.history_uid == 1 for row in rows)

        await self.until(done)


@asynccontextmanager
async def mailroom(
    office: Dovecot, data: Path, *, url: str = "", reader: LetterReader | None = None, span: int = SPAN
) -> AsyncIterator[Mailroom]:
    """A mailroom that follows its mailboxes until the block ends. span: of UIDs that history begins with."""
    db = await (open_database(url) if url else new_database(data))
    made = Mailroom(db, office, data, reader=reader, span=span)
    try:
        task = asyncio.create_task(made.sync.run(), name="mail-sync")
        try:
            yield made
        finally:
            task.cancel()
            results = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(results[0], asyncio.CancelledError), results
            if isinstance(made.reader, LetterProcess):
                await made.reader.close()
    finally:
        await db.close()


__all__ = ["Desk", "Mailroom", "mailroom", "until"]
