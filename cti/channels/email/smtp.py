"""Letters go out by SMTP (RFC 5321): one connection a mailbox, kept while there is something to send.

What a server says is told apart by its code, addressee by addressee: 4xx is for now, 5xx is for good. Once the letter
itself has been handed over and no answer comes, nobody knows whether it went: that is `unknown`, and only a person
sends it again. The server's address is looked up and judged before anything is connected to (SEC-11).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from cti.channels.email import compose
from cti.channels.email.troubles import smtp_trouble
from cti.channels.letters import Credentials, Delivery, Endpoint, Refusal
from cti.channels.reach import Connect
from cti.errors import ChannelError
from cti.messages.letter import Attachment, Party
from cti.messages.outgoing import Outgoing

CONNECT_S, COMMAND_S, DATA_S = 20.0, 30.0, 120.0
IDLE_S = 30.0  # a connection without letters is given back
SAID_CHARS = 300


@dataclass(slots=True)
class _Line:
    client: SMTP
    opened_with: tuple[Endpoint, str, str]
    used_at: float
    busy: asyncio.Lock


class SmtpSender:
    """Sends. connect: makes a socket to a host that may be reached, raises ChannelError; folder: of letters' files.

    tls: for servers with a certificate of the house's own.
    """

    def __init__(
        self,
        *,
        connect: Connect,
        path_of: Callable[[Attachment], Path],
        tls: ssl.SSLContext | None = None,
        command_s: float = COMMAND_S,
        data_s: float = DATA_S,
    ) -> None:
        self._connect = connect
        self._path_of = path_of
        self._tls = tls
        self._command_s, self._data_s = command_s, data_s
        self._lines: dict[int, _Line] = {}

    async def compose(self, letter: Outgoing) -> bytes:
        """The letter as bytes. Raises ChannelError where a file of it is gone or it cannot be made."""
        try:
            return await asyncio.to_thread(compose.compose, letter, self._path_of)
        except (OSError, ValueError, IndexError) as error:  # of a file; of an address that no header holds
            raise ChannelError(f"the letter cannot be made: {type(error).__name__}", permanent=True) from error

    def with_hidden(self, raw: bytes, people: Sequence[Party]) -> bytes:
        """The letter with its hidden addressees, for the folder of sent ones."""
        return compose.with_hidden(raw, people)

    async def send(
        self,
        mailbox_id: int,
        endpoint: Endpoint,
        credentials: Credentials,
        raw: bytes,
        *,
        sender: str,
        to: Sequence[str],
        may: Callable[[], Awaitable[bool]] | None = None,
    ) -> Delivery:
        """Hand a letter over. Raises ChannelError when the server cannot be reached or does not let us in: not sent.

        may: asked when all is ready, whether it may still leave: a slow server may have taken a while.
        """
        line = await self._line(mailbox_id, endpoint, credentials)
        async with line.busy:
            try:
                return await self._hand_over(line.client, raw, sender, to, may)
            except (SMTPException, OSError, TimeoutError) as error:  # before the letter itself was handed over
                await self._drop(mailbox_id)
                raise ChannelError(_said(error)) from error
            except BaseException:
                await self._drop(mailbox_id)
                raise
            finally:
                line.used_at = asyncio.get_running_loop().time()

    async def _hand_over(
        self, client: SMTP, raw: bytes, sender: str, to: Sequence[str], may: Callable[[], Awaitable[bool]] | None
    ) -> Delivery:
        try:
            await client.mail(_wire(sender), timeout=self._command_s)
        except SMTPResponseException as error:
            await self._reset(client)
            return Delivery(refused=tuple(_refusal(one, error, whole=True) for one in to))
        accepted, refused = [], []
        for one in to:
            try:
                await client.rcpt(_wire(one), timeout=self._command_s)
                accepted.append(one)
            except SMTPResponseException as error:
                refused.append(_refusal(one, error))
        if not accepted:
            await self._reset(client)
            return Delivery(refused=tuple(refused))
        if may is not None and not await may():
            await self._reset(client)
            return Delivery(stopped=True)
        try:
            answer = await client.data(raw, timeout=self._data_s)
        except SMTPResponseException as error:
            await self._reset(client)
            return Delivery(refused=(*refused, *(_refusal(one, error, whole=True) for one in accepted)))
        except (SMTPException, OSError, TimeoutError) as error:
            client.close()
            return Delivery(refused=tuple(refused), unknown=tuple(accepted), said=_said(error))
        return Delivery(accepted=tuple(accepted), refused=tuple(refused), said=_one_line(answer.message))

    async def _reset(self, client: SMTP) -> None:
        with contextlib.suppress(SMTPException, OSError, TimeoutError):
            await client.rset(timeout=self._command_s)

    async def _line(self, mailbox_id: int, endpoint: Endpoint, credentials: Credentials) -> _Line:
        """The mailbox's connection, if it lives and is the one that is asked for; else a new one."""
        opened_with, line = (endpoint, credentials.login, credentials.secret), self._lines.get(mailbox_id)
        now = asyncio.get_running_loop().time()
        if line and line.client.is_connected and line.opened_with == opened_with:
            if line.busy.locked() or now - line.used_at < 1.0:
                return line
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await line.client.noop(timeout=self._command_s)
                return line
        await self._drop(mailbox_id)
        client = await connect(self._connect, endpoint, credentials, self._tls, CONNECT_S)
        line = self._lines[mailbox_id] = _Line(client, opened_with, now, asyncio.Lock())
        return line

    async def let_go(self) -> None:
        """Give back connections that nobody has used for a while."""
        now = asyncio.get_running_loop().time()
        for mailbox_id, line in list(self._lines.items()):
            if not line.busy.locked() and now - line.used_at > IDLE_S:
                await self._drop(mailbox_id)

    async def close(self) -> None:
        """Give back all connections."""
        for mailbox_id in list(self._lines):
            await self._drop(mailbox_id)

    async def _drop(self, mailbox_id: int) -> None:
        line = self._lines.pop(mailbox_id, None)
        if line is None:
            return
        if line.client.is_connected:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await line.client.quit(timeout=2.0)
        line.client.close()


async def connect(
    reach: Connect, endpoint: Endpoint, credentials: Credentials, tls: ssl.SSLContext | None, timeout_s: float
) -> SMTP:
    """A client that is signed in. reach: makes a socket to a host that may be reached. Raises MailTrouble."""
    client = SMTP(
        hostname=endpoint.host,
        sock=await reach(endpoint.host, endpoint.port),
        use_tls=endpoint.security == "tls",
        start_tls=endpoint.security == "starttls",
        tls_context=tls,
        local_hostname="trubka.invalid",
        timeout=timeout_s,
    )
    wire: asyncio.BaseTransport | None = None
    try:
        await client.connect()
        wire = client.transport
        await client.ehlo()
        if credentials.oauth2:
            await client.auth_xoauth2(credentials.login, credentials.secret)
        elif client.supports_extension("auth") or endpoint.security != "none":
            await client.login(credentials.login, credentials.secret)
    except BaseException as error:
        client.close()
        if isinstance(wire, asyncio.WriteTransport):
            wire.abort()  # whoever stays silent at the end keeps nothing open
        if isinstance(error, (SMTPException, OSError, ValueError, TimeoutError)):
            raise smtp_trouble(error, credentials) from None
        raise
    return client


def _refusal(address: str, error: SMTPResponseException, *, whole: bool = False) -> Refusal:
    return Refusal(address=address, code=error.code, said=_one_line(error.message), whole=whole)


def _wire(address: str) -> str:
    """An address as it goes over the wire: its domain in ASCII."""
    local, _, domain = address.strip().rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _said(error: BaseException) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {_one_line(error.message)}"
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:SAID_CHARS]
