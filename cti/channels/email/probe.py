"""Trying a mailbox out: a sign-in to the server that holds it and to the one that sends, each failure told by a code.

Nothing is read and nothing sent. A certificate that is not good ends it before a password leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiosmtplib
from imapclient import IMAPClient, imap4, tls
from imapclient.exceptions import IMAPClientError, LoginError

from cti.channels.letters import Credentials, Endpoint, MailTrouble

Connect = Callable[[str, int], Awaitable[socket.socket]]
WITHIN_S = 15.0
NO_IMAP = ("imap access", "imap is disabled", "imap disabled", "not enabled for imap", "imap доступ", "enable imap")
APP_PASSWORD = ("application-specific", "app password", "application password", "app-specific")
QUOTA = ("overquota", "over quota", "quota exceeded", "mailbox full")


class _Plain(imap4.IMAP4WithTimeout):  # type: ignore[misc]
    def __init__(self, link: socket.socket, endpoint: Endpoint) -> None:
        self._link = link
        super().__init__(endpoint.host, endpoint.port, None)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._link


class _Tls(tls.IMAP4_TLS):  # type: ignore[misc]
    def __init__(self, link: socket.socket, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        self._link = link
        super().__init__(endpoint.host, endpoint.port, context)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        wrapped: socket.socket = self.ssl_context.wrap_socket(self._link, server_hostname=self.host)
        return wrapped


class ImapOnSocket(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a socket that is connected already; the certificate must be good for the endpoint's name."""

    def __init__(self, link: socket.socket, endpoint: Endpoint, context: ssl.SSLContext, timeout_s: float) -> None:
        self._link, self._endpoint, self._context = link, endpoint, context
        link.settimeout(timeout_s)
        super().__init__(
            endpoint.host,
            endpoint.port,
            ssl=endpoint.security == "tls",
            ssl_context=context,
            timeout=timeout_s,
        )
        if endpoint.security == "starttls":
            if not self.has_capability("STARTTLS"):
                raise MailTrouble("no-tls", permanent=True)
            self.starttls(context)

    def _create_IMAP4(self) -> Any:
        if self._endpoint.security == "tls":
            return _Tls(self._link, self._endpoint, self._context)
        return _Plain(self._link, self._endpoint)


class Probe:
    """connect: makes a socket to a host that may be reached. context: of TLS, None for the usual one."""

    def __init__(self, connect: Connect, context: ssl.SSLContext | None = None) -> None:
        self._connect = connect
        self._context = context or ssl.create_default_context()

    async def receiving(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Sign in by IMAP and out again. Raises MailTrouble."""
        link = await self._connect(endpoint.host, endpoint.port)
        try:
            async with asyncio.timeout(WITHIN_S + 2):
                await asyncio.to_thread(self._receiving, link, endpoint, credentials)
        except TimeoutError:
            raise MailTrouble("silent") from None
        finally:
            link.close()

    def _receiving(self, link: socket.socket, endpoint: Endpoint, credentials: Credentials) -> None:
        try:
            client = ImapOnSocket(link, endpoint, self._context, WITHIN_S)
            with contextlib.closing(client.socket()):
                sign_in(client, credentials)
                client.logout()
        except MailTrouble:
            raise
        except Exception as error:  # noqa: BLE001 whatever a server that is no mail server makes the library raise
            raise imap_trouble(error) from None

    async def sending(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Sign in by SMTP and out again. Raises MailTrouble."""
        link = await self._connect(endpoint.host, endpoint.port)
        client = aiosmtplib.SMTP(
            hostname=endpoint.host,
            sock=link,
            use_tls=endpoint.security == "tls",
            start_tls=endpoint.security == "starttls",
            tls_context=self._context,
            local_hostname="trubka.invalid",
            timeout=WITHIN_S,
        )
        wire: asyncio.BaseTransport | None = None
        try:
            async with asyncio.timeout(WITHIN_S + 2):
                await client.connect()
                wire = client.transport
                await client.ehlo()
                if credentials.oauth2:
                    await client.auth_xoauth2(credentials.login, credentials.secret)
                elif client.supports_extension("auth") or endpoint.security != "none":
                    await client.login(credentials.login, credentials.secret)
                await client.quit()
        except (aiosmtplib.SMTPException, OSError, ValueError, TimeoutError) as error:
            raise smtp_trouble(error, credentials) from None
        finally:
            client.close()
            if isinstance(wire, asyncio.WriteTransport):
                wire.abort()  # whoever stays silent at the end keeps nothing open


def sign_in(client: IMAPClient, credentials: Credentials) -> None:
    """Sign in as the mailbox does. Raises MailTrouble."""
    try:
        if credentials.oauth2:
            client.oauth2_login(credentials.login, credentials.secret)
        elif client.has_capability("AUTH=PLAIN"):
            client.plain_login(credentials.login, credentials.secret)
        else:
            client.login(credentials.login, credentials.secret)
    except LoginError as error:
        raise refused(str(error), oauth2=credentials.oauth2) from None


def refused(said: str, *, oauth2: bool) -> MailTrouble:
    """Why a server does not let us in, as far as its words tell."""
    words = said.casefold()
    if any(one in words for one in NO_IMAP):
        return MailTrouble("no-imap", said, permanent=True)
    if any(one in words for one in APP_PASSWORD):
        return MailTrouble("app-password", said, permanent=True)
    if any(one in words for one in QUOTA):
        return MailTrouble("quota", said)
    if "[unavailable]" in words or "temporary" in words or "try again later" in words:
        return MailTrouble("silent", said)
    return MailTrouble("oauth2" if oauth2 else "password", said, permanent=True)


def imap_trouble(error: BaseException) -> MailTrouble:
    """What went wrong with a server that holds mailboxes."""
    if isinstance(error, MailTrouble):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailTrouble("certificate", permanent=True)
    if isinstance(error, ssl.SSLError):
        return MailTrouble("not-mail", permanent=True)
    if isinstance(error, TimeoutError):
        return MailTrouble("silent")
    if isinstance(error, LoginError):
        return refused(str(error), oauth2=False)
    if isinstance(error, OSError):
        return MailTrouble("silent")
    if isinstance(error, IMAPClientError) and "bye" in str(error).casefold():
        return MailTrouble("other", str(error))
    return MailTrouble("not-mail", permanent=True)


def smtp_trouble(error: BaseException, credentials: Credentials) -> MailTrouble:
    """What went wrong with a server that sends."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return MailTrouble("certificate", permanent=True)
        if isinstance(cause, ssl.SSLError):
            return MailTrouble("not-mail", permanent=True)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        if error.code < 500:
            return MailTrouble("silent", error.message)
        return refused(error.message, oauth2=credentials.oauth2)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailTrouble("no-tls", permanent=True)
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return MailTrouble("other", f"{error.code} {error.message}")
    if isinstance(error, (TimeoutError, aiosmtplib.SMTPTimeoutError)):
        return MailTrouble("silent")
    return MailTrouble("not-mail", permanent=True)
