"""A queue of letters over a real base, with a real SMTP server at its end and a clock that tests move."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from cti.channels.email.smtp import SmtpSender
from cti.channels.letters import Credentials, LetterTaker, MailServer
from cti.features.post import Post
from cti.features.post_after import PostAfter
from cti.messages.doors import Doors
from cti.messages.letter import Attachment
from cti.messages.outgoing import party
from cti.storage import mailboxes, outbox
from cti.storage.database import Database
from cti.storage.outbox import OutLetter, new_message_id
from cti.telephony.numbering import NumberPlan
from tests.channels.smtp_peer import LOGIN, PASSWORD
from tests.features.cast import Screens
from tests.made import new_database
from tests.storage.conftest import ANNA, add_cast

PYOTR = "pyotr@alkhimov.example"
BOX: dict[str, Any] = {
    "name": "Продажи", "address": LOGIN, "sender_name": "Ромашка", "kind": "shared", "login": LOGIN,
    "imap_host": "127.0.0.1", "imap_port": 9, "smtp_host": "127.0.0.1", "smtp_security": "none",
}  # fmt: skip


async def connect(host: str, port: int) -> socket.socket:
    link = socket.socket()
    link.setblocking(False)
    await asyncio.get_running_loop().sock_connect(link, (host, port))
    return link


async def add_letter(db: Database, box: int, *, to: str = PYOTR, now: float = 0.0, **more: Any) -> int:
    """A letter in the queue, due at once."""
    values = {
        "key": new_message_id(LOGIN)[:32],
        "mailbox_id": box,
        "state": "waiting",
        "user_id": ANNA,
        "message_id": new_message_id(LOGIN),
        "subject": "Прайс",
        "html": "<p>Добрый день</p>",
        "send_at": now,
        "next_at": now,
        **more,
    }
    files: tuple[Attachment, ...] = values.pop("files", ())
    async with db.write() as conn:
        made = await outbox.add(conn, values, [party("to", one) for one in to.split()], now) or 0
        for one in files:
            await outbox.add_file(conn, made, one)
    return made


class PostOffice:
    """The queue and what it stands on. later(s): the clock goes on."""

    def __init__(
        self, db: Database, folder: Path, box: int, server: MailServer | None, taker: LetterTaker | None
    ) -> None:
        self.db, self.box, self.folder = db, box, folder
        self.screens = Screens()
        self._ahead = 0.0
        self.sender = SmtpSender(connect=connect, path_of=lambda file: folder / file.sha256)
        self.secret = PASSWORD
        self.found: list[tuple[int, str]] = []
        seqs = itertools.count(1)
        self.after = PostAfter(
            db=db,
            sender=self.sender,
            server=server,
            desktop=self.screens,  # type: ignore[arg-type]
            next_seq=lambda _: next(seqs),
            clock=self.clock,
        )
        self.post = Post(
            db=db,
            sender=self.sender,
            credentials=self.credentials,
            sends=self.sends,
            taker=taker,
            followed=self.after.wake,
            work_changed=lambda: None,
            plan=NumberPlan(),
            doors=Doors(b"k" * 32, "https://cti.romashka.example"),
            clock=self.clock,
        )

    def clock(self) -> float:
        return time.time() + self._ahead

    async def credentials(self, _mailbox_id: int) -> Credentials:
        return Credentials(login=LOGIN, secret=self.secret)

    async def sends(self, mailbox_id: int, trouble: str) -> None:
        self.found.append((mailbox_id, trouble))

    def later(self, seconds: float) -> None:
        self._ahead += seconds
        self.post.wake()

    async def letter(self, **more: Any) -> int:
        made = await add_letter(self.db, self.box, now=self.clock(), **more)
        self.post.wake()
        return made

    async def row(self, letter_id: int) -> OutLetter:
        async with self.db.read() as conn:
            found = await outbox.get(conn, letter_id)
        assert found is not None
        return found

    async def until(
        self,
        letter_id: int,
        holds: Callable[[OutLetter], bool],
        why: str = "",
        *,
        within_s: float = 10.0,
        every_s: float = 0.01,
    ) -> OutLetter:
        """The letter as soon as this holds of it."""
        deadline = time.monotonic() + within_s
        while not holds(found := await self.row(letter_id)):
            assert time.monotonic() < deadline, f"{why or 'not in time'}: {found.state} {found.why} {found.said}"
            await asyncio.sleep(every_s)
        return found

    async def state(self, letter_id: int, state: str, *, within_s: float = 10.0) -> OutLetter:
        return await self.until(letter_id, lambda one: one.state == state, f"never {state}", within_s=within_s)


@asynccontextmanager
async def post_office(
    folder: Path, port: int, server: MailServer | None = None, taker: LetterTaker | None = None
) -> AsyncIterator[PostOffice]:
    db = await new_database(folder)
    await add_cast(db)
    async with db.write() as conn:
        box = await mailboxes.add(conn, BOX | {"smtp_port": port}, [ANNA], 1.0) or 0
    office = PostOffice(db, folder, box, server, taker)
    tasks = [asyncio.create_task(office.post.run()), asyncio.create_task(office.after.run())]
    try:
        yield office
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()


async def base_with_box(folder: Path, smtp_port: int) -> tuple[Database, int]:
    """A base with the cast and Anna's mailbox, whose password a server over the folder can read; the mailbox's id."""
    key = Fernet.generate_key()
    (folder / "secrets.key").write_bytes(key)
    (folder / "secrets.key").chmod(0o600)
    db = await new_database(folder)
    await add_cast(db)
    async with db.write() as conn:
        box = await mailboxes.add(conn, BOX | {"smtp_port": smtp_port}, [ANNA], 1.0) or 0
        await mailboxes.keep_secret(conn, box, Fernet(key).encrypt(PASSWORD.encode()).decode())
    return db, box
