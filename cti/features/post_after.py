"""What follows a letter: its copy in Sent, the answered flag, its draft taken away; drafts kept on the mail server; and
authors told of what did not go.

All of it is read anew from the outbox at every turn and may be done twice without harm, so that neither a kill nor a
mail server that is away loses any of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from msgspec import structs

from cti.channels.letters import LetterSender, MailServer
from cti.desktop import AgentDesktop, Notice
from cti.errors import ChannelError
from cti.looking import look_again
from cti.messages.letter import Flags
from cti.messages.outgoing import ADDRESS
from cti.storage import answering, desktop_events, mailboxes, outbox
from cti.storage.database import Database
from cti.storage.mailboxes import Mailbox
from cti.storage.outbox import OutLetter

QUIET_S, REST_S = 10.0, 0.2  # so long it waits for news; and between two looks, however many letters go meanwhile
AGAIN_S = 60.0  # after a mail server did not do it
FILES_ITSELF = ("gmail.com", "googlemail.com", "office365.com", "outlook.com")  # hosts: they put what is sent into Sent

log = structlog.get_logger()


class PostAfter:
    """Does what follows. server: mailboxes on their servers, None: nothing is filed there.

    next_seq: of what an author is told and must not miss.
    """

    def __init__(
        self,
        *,
        db: Database,
        sender: LetterSender,
        server: MailServer | None,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._sender = sender
        self._server = server
        self._desktop = desktop
        self._next_seq = next_seq
        self._clock = clock
        self._news = asyncio.Event()
        self._not_before: dict[int, float] = {}  # mailboxes whose servers are away

    def wake(self) -> None:
        """Something was sent, saved or refused."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        await look_again(self._turn, self._news, QUIET_S, "what follows letters cannot be done now")

    async def _turn(self) -> None:
        await self.tell()
        await self._follow()
        await asyncio.sleep(REST_S)

    async def tell(self) -> None:
        """Tell authors of what did not go as it should."""
        async with self._db.read() as conn:
            untold = await outbox.untold(conn)
        if not untold:
            return
        told: list[tuple[int, Notice]] = []
        async with self._db.write() as conn:
            for letter_id, why, author, conversation in untold:
                if author is not None:
                    told.append((author, self._notice(author, letter_id, why, conversation)))
                await outbox.move(conn, letter_id, outbox.ALL, told_at=self._clock())
            await desktop_events.append(conn, [desktop_events.of_notice(*one) for one in told])
        for author, notice in told:
            await self._desktop.message(author, notice)

    def _notice(self, author: int, letter_id: int, why: str, conversation: int | None) -> Notice:
        """Nothing of the letter: what a desk was told stays when the client is erased."""
        href = f"/mail?c={conversation}" if conversation else f"/mail/outbox#letter-{letter_id}"
        return Notice(seq=self._next_seq(author), code=f"letter-{why}", args={}, href=href, at=self._clock())

    async def _follow(self) -> None:
        if self._server is None:
            return
        now = self._clock()
        async with self._db.read() as conn:
            sent, drafts = await outbox.unsettled(conn, now), await outbox.unfiled_drafts(conn, now)
            gone = await outbox.left_drafts(conn)
        for letter in sent:
            await self._guarded(self._server, letter, self._file_sent)
        for letter in drafts:
            await self._guarded(self._server, letter, self._file_draft)
        for letter in gone:
            await self._guarded(self._server, letter, self._take_away)

    async def _guarded(
        self,
        server: MailServer,
        letter: OutLetter,
        work: Callable[[MailServer, OutLetter, Mailbox], Awaitable[None]],
    ) -> None:
        """Do it, unless the mailbox's server was away just now."""
        box_id, now = letter.mailbox_id or 0, self._clock()
        if self._not_before.get(box_id, 0.0) > now:
            return
        async with self._db.read() as conn:
            mailbox = await mailboxes.get(conn, box_id)
        if mailbox is None or mailbox.paused_at is not None:
            return
        try:
            await work(server, letter, mailbox)
        except ChannelError as error:
            self._not_before[box_id] = now + AGAIN_S
            log.warning("a mail server does not file a letter now", mailbox=box_id, permanent=error.permanent)

    async def _file_sent(self, server: MailServer, letter: OutLetter, mailbox: Mailbox) -> None:
        raw = None if files_itself(mailbox) else await self._made(letter, mailbox, letter.sent_at or self._clock())
        if raw is not None:
            await server.file(mailbox.id, raw, "sent", Flags(seen=True), message_id=letter.message_id)
        if letter.draft_version:
            await server.remove_draft(mailbox.id, letter.message_id, letter.draft_place)
        if letter.answers_id and letter.kind != "forward":
            async with self._db.read() as conn:
                stands = await answering.stands(conn, letter.answers_id, letter.mailbox_id, letter.user_id)
            for box, flags in stands.items():
                await server.flag(letter.answers_id, structs.replace(flags, answered=True), mailbox_id=box)
        async with self._db.write() as conn:
            await outbox.move(conn, letter.id, outbox.ALL, filed_at=self._clock(), draft_version=0, draft_place="")

    async def _file_draft(self, server: MailServer, letter: OutLetter, mailbox: Mailbox) -> None:
        whole = [one for one in letter.people if ADDRESS.fullmatch(one[2])]  # the others are being typed
        raw = await self._made(replace(letter, people=tuple(whole)), mailbox, letter.changed_at)
        filed: dict[str, Any] = {"draft_version": letter.version}
        async with server.drafts(mailbox.id):
            async with self._db.read() as conn:
                now = await outbox.get(conn, letter.id)
            if now is None or now.message_id != letter.message_id or now.draft_version != letter.draft_version:
                return  # another mail program changed it meanwhile
            if raw is not None:
                id_, place = letter.message_id, now.draft_place
                filed["draft_place"] = await server.file(
                    mailbox.id, raw, "drafts", Flags(seen=True), message_id=id_, replaces=place
                )
            async with self._db.write() as conn:
                await outbox.move(conn, letter.id, outbox.ALL, **filed)

    async def _take_away(self, server: MailServer, letter: OutLetter, mailbox: Mailbox) -> None:
        await server.remove_draft(mailbox.id, letter.message_id, letter.draft_place)
        async with self._db.write() as conn:
            await outbox.move(conn, letter.id, outbox.ALL, draft_version=0, draft_place="")

    async def _made(self, letter: OutLetter, mailbox: Mailbox, at: float) -> bytes | None:
        """The letter as its sender keeps it; None where it cannot be made: a file of it is gone."""
        async with self._db.read() as conn:
            made = await answering.outgoing(conn, letter, mailbox, at)
        try:
            return self._sender.with_hidden(await self._sender.compose(made), letter.parties)
        except ChannelError as error:
            log.warning("a letter cannot be kept on the mail server", mailbox=mailbox.id, reason=str(error))
            return None


def files_itself(mailbox: Mailbox) -> bool:
    """Whether the mail server puts what it sends into Sent by itself."""
    if mailbox.files_sent != "auto":
        return mailbox.files_sent == "server"
    return mailbox.provider in ("google", "microsoft") or mailbox.smtp_host.endswith(FILES_ITSELF)
