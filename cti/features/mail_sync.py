"""Mailboxes followed: each has a life of its own, and who wants something of an open one asks here.

With an open link a mailbox goes round (features/mail_rounds.py) until the link breaks; its channel brings it back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from cti.channels.base import Channel, Health
from cti.channels.folders import Box, MailboxLink
from cti.channels.letters import Endpoint, MailTrouble
from cti.errors import ChannelError
from cti.storage import mailboxes
from cti.storage.database import Database
from cti.storage.mailboxes import Mailbox

Got = TypeVar("Got")
POLL_S = 30.0  # with what a link waits for an answer: a silent server is noticed within a minute
ASKED_S = 60.0


class Rounds(Protocol):
    """Goes round a mailbox."""

    def begin(self, mailbox: Mailbox, link: MailboxLink) -> Any:
        """What is known of it while its link is open."""
        ...

    async def turn(self, life: Any) -> float:
        """Once; in how many seconds at the latest it is to be done again."""
        ...


class MailSync:
    """All mailboxes. channel: makes one's life."""

    def __init__(
        self,
        *,
        db: Database,
        rounds: Rounds,
        channel: Callable[[int, Endpoint, Callable[[MailboxLink], Awaitable[None]]], Channel],
        poll_s: float = POLL_S,
    ) -> None:
        self._db = db
        self._rounds = rounds
        self._channel = channel
        self._poll_s = poll_s
        self._changed: asyncio.Queue[int] = asyncio.Queue()
        self._channels: dict[int, tuple[Channel, asyncio.Task[None]]] = {}
        self._links: dict[int, MailboxLink] = {}
        self._asked: dict[int, deque[tuple[Callable[[Box], Any], asyncio.Future[Any]]]] = {}

    def changed(self, mailbox_id: int) -> None:
        """A mailbox was added, changed, paused, resumed, opened or removed."""
        self._changed.put_nowait(mailbox_id)

    def wake(self, mailbox_id: int) -> None:
        """Something was done here that its server is to be told."""
        link = self._links.get(mailbox_id)
        if link is not None:
            link.wake()

    def health(self) -> dict[int, Health]:
        """How each mailbox that is followed stands."""
        return {one: channel.health() for one, (channel, _) in self._channels.items()}

    def followed(self) -> int:
        """How many mailboxes are followed, open or not."""
        return len(self._channels)

    async def ask(self, mailbox_id: int, work: Callable[[Box], Got], within_s: float = ASKED_S) -> Got:
        """Do something with an open mailbox, between its rounds. Raises ChannelError; permanent: it is refused."""
        if mailbox_id not in self._links:
            raise MailTrouble("closed")
        done: asyncio.Future[Got] = asyncio.get_running_loop().create_future()
        self._asked[mailbox_id].append((work, done))
        self.wake(mailbox_id)
        try:
            async with asyncio.timeout(within_s):
                return await done
        except TimeoutError:
            raise MailTrouble("silent") from None

    async def run(self) -> None:
        """Follow all mailboxes that are not paused, until cancelled."""
        async with self._db.read() as conn:
            every = [one.id for one in await mailboxes.every(conn)]
        try:
            for mailbox_id in every:
                await self._begin(mailbox_id)
            while True:
                mailbox_id = await self._changed.get()
                await self._end(mailbox_id)
                await self._begin(mailbox_id)
        finally:
            await asyncio.gather(*(self._end(one) for one in list(self._channels)))

    async def _begin(self, mailbox_id: int) -> None:
        async with self._db.read() as conn:
            mailbox = await mailboxes.get(conn, mailbox_id)
        if mailbox is None or mailbox.paused_at is not None:
            return
        security: Any = mailbox.imap_security
        endpoint = Endpoint(host=mailbox.imap_host, port=mailbox.imap_port, security=security)
        channel = self._channel(mailbox_id, endpoint, lambda link: self._follow(mailbox, link))
        task = asyncio.create_task(channel.run(), name=f"mailbox-{mailbox_id}")
        self._channels[mailbox_id] = (channel, task)

    async def _end(self, mailbox_id: int) -> None:
        _, task = self._channels.pop(mailbox_id, (None, None))
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self, mailbox: Mailbox, link: MailboxLink) -> None:
        """Go round until the link breaks."""
        life = self._rounds.begin(mailbox, link)
        self._links[mailbox.id], self._asked[mailbox.id] = link, deque()
        try:
            while True:
                await self._serve(mailbox.id, link)
                due_s = await self._rounds.turn(life)
                if due_s and not self._asked[mailbox.id]:
                    await link.wait(min(due_s, self._poll_s))
        finally:
            del self._links[mailbox.id]
            for _, done in self._asked.pop(mailbox.id):
                _settle(done, error=MailTrouble("closed"))

    async def _serve(self, mailbox_id: int, link: MailboxLink) -> None:
        asked = self._asked[mailbox_id]
        while asked:
            work, done = asked[0]
            try:
                result = await link.ask(work) if not done.done() else None
            except ChannelError as error:
                _settle(done, error=error)
                if not error.permanent:
                    raise
            else:
                _settle(done, result)
            asked.popleft()


def _settle(done: asyncio.Future[Any], result: Any = None, *, error: Exception | None = None) -> None:
    if done.done():  # who asked waits no more
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
