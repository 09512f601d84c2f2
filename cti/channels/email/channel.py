"""A mailbox's life: connect, sign in, follow, and again after a failure; one in trouble never stops another.

What a person has to mend (a refused password, a certificate nobody knows) is told at once and tried again after a
quarter of an hour, then ever more seldom: a provider locks the account of whoever hammers. What passes by itself is
told when it has lasted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from cti.channels.base import Health, State, backoff
from cti.channels.folders import MailboxLink
from cti.channels.letters import Credentials, Endpoint, MailTrouble
from cti.errors import ChannelError, CtiError

PAUSE_S, PAUSE_CAP_S = 2.0, 60.0
REFUSED_S, REFUSED_CAP_S = 900.0, 6 * 3600.0
TOLD_AFTER_S = 90.0

log = structlog.get_logger()


class MailboxChannel:
    """One mailbox. follow: what is done with an open link until it breaks; found: told of a trouble."""

    def __init__(
        self,
        mailbox_id: int,
        endpoint: Endpoint,
        *,
        link: Callable[[str], MailboxLink],
        credentials: Callable[[int], Awaitable[Credentials]],
        follow: Callable[[MailboxLink], Awaitable[None]],
        found: Callable[[int, str], Awaitable[None]],
        pauses: tuple[float, float] = (PAUSE_S, PAUSE_CAP_S),
    ) -> None:
        self._id = mailbox_id
        self._endpoint = endpoint
        self._link = link
        self._credentials = credentials
        self._follow = follow
        self._found = found
        self._pauses = pauses
        self._health = Health(state="connecting", since=time.time())

    def health(self) -> Health:
        """How it stands; detail: the code of its trouble."""
        return self._health

    async def run(self) -> None:
        """Stay connected until cancelled."""
        soon, seldom = backoff(*self._pauses), backoff(REFUSED_S, REFUSED_CAP_S)
        ill_since: float | None = None
        while True:
            trouble = await self._live()
            if self._health.state == "up":
                soon, seldom, ill_since = backoff(*self._pauses), backoff(REFUSED_S, REFUSED_CAP_S), None
            now = time.monotonic()
            ill_since = now if ill_since is None else ill_since
            self._stands("refused" if trouble.permanent else "down", trouble.code)
            if trouble.permanent or now - ill_since >= TOLD_AFTER_S:
                await self._tell(trouble.stored)
            await asyncio.sleep(next(seldom if trouble.permanent else soon))

    async def _live(self) -> MailTrouble:
        """One connection from its beginning to its end; why it ended."""
        link = self._link(str(self._id))
        try:
            await link.open(self._endpoint, await self._credentials(self._id))
            self._stands("up")
            await self._follow(link)
        except MailTrouble as trouble:
            return trouble
        except ChannelError as error:
            return MailTrouble("other", str(error))
        except Exception as error:
            if isinstance(error, CtiError):
                log.warning("a mailbox waits", mailbox=self._id, why=str(error))
            else:
                log.exception("following a mailbox failed", mailbox=self._id)
            return MailTrouble("other")
        finally:
            await link.close()
        return MailTrouble("closed")

    async def _tell(self, trouble: str) -> None:
        try:
            await self._found(self._id, trouble)
        except CtiError as error:  # the database is away: the next time
            log.warning("a mailbox's state is not kept", mailbox=self._id, error=str(error))

    def _stands(self, state: State, detail: str = "") -> None:
        if (state, detail) != (self._health.state, self._health.detail):
            self._health = Health(state=state, since=time.time(), detail=detail)
