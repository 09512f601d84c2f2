"""A short visit to a PBX: an AMI connection of its own, and a knock at its SIP over WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
from cryptography import x509

from cti.channels.base import Health, Knock
from cti.channels.phone.ami import AmiLink, Answer
from cti.channels.phone.stream import LinkDown, LinkUp, Received
from cti.errors import ChannelError
from cti.telephony.commands import Command, SendUserEvent

CONNECT_S = 5.0
RETURN_S = 1.0


class OwnLink:
    """One connection while somebody looks at it. Nobody else hears its events."""

    def __init__(self, link: AmiLink) -> None:
        self._link = link

    @property
    def booted(self) -> bool:
        """Whether it was told that the PBX is up."""
        return self._link.booted

    @property
    def ahead_s(self) -> float | None:
        """How far its clock is ahead."""
        return self._link.far.ahead_s

    async def ask(self, command: Command, *, timeout_s: float = CONNECT_S) -> Answer:
        """As AmiLink has it."""
        return await self._link.ask(command, timeout_s=timeout_s)

    def health(self) -> Health:
        """As AmiLink has it."""
        return self._link.health()

    async def returns(self, name: str) -> bool:
        """Send an event of our own and wait for it. Raises ChannelError where the account may not send any."""
        came = asyncio.Event()

        def hear(item: Received) -> None:
            if item.headers.get("UserEvent") == name:
                came.set()

        with self._link.listening(("UserEvent",), hear):
            answer = await self._link.ask(SendUserEvent(name=name))
            if not answer.ok:
                raise ChannelError(answer.message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETURN_S):
                    await came.wait()
        return came.is_set()


@contextlib.asynccontextmanager
async def visiting(link: AmiLink) -> AsyncIterator[OwnLink]:
    """Signed in while the block lasts. Raises ChannelError with the reason where it is not."""
    task = asyncio.create_task(link.run(), name="ami-visit")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                while not isinstance(await link.events.get(), LinkUp | LinkDown):
                    pass
        health = link.health()
        if health.state != "up":
            raise ChannelError(health.detail or "no answer: check host, port and the PBX's firewall")
        yield OwnLink(link)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def knock(url: str) -> Knock:
    """Open a SIP over WebSocket and close it. A certificate is looked at, whoever signed it: loopback has its own."""
    seen = ssl.create_default_context()
    seen.check_hostname, seen.verify_mode = False, ssl.CERT_NONE
    try:
        async with (
            asyncio.timeout(CONNECT_S),
            aiohttp.ClientSession() as http,
            http.ws_connect(url, protocols=("sip",), ssl=seen) as line,
        ):
            return Knock(answers=line.protocol == "sip", why="no SIP", expires_at=_expires(line))
    except ssl.SSLError as error:
        return Knock(answers=False, why=error.reason or "TLS")
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return Knock(answers=False, why=type(error).__name__)


def _expires(line: aiohttp.ClientWebSocketResponse) -> float | None:
    session = line.get_extra_info("ssl_object")
    body = session.getpeercert(binary_form=True) if session else None
    if body is None:
        return None
    ends: datetime = x509.load_der_x509_certificate(body).not_valid_after_utc
    return ends.astimezone(UTC).timestamp()
