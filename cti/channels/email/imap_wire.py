"""Connecting to a mail server and signing in; what goes wrong is told by MailTrouble.

TLS with a checked certificate unless the mailbox is set otherwise. The connection goes to the address that was judged
fit (SEC-11), the certificate is that of the name. A user or password never reaches the wire as a bare word: stdlib's
LOGIN would send what stands after a line end as a command of its own (SEC-16).
"""

from __future__ import annotations

import re
import socket
import ssl
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.imapclient import _literal
from imapclient.tls import IMAP4_TLS

from cti.channels.letters import Credentials, Endpoint, MailTrouble

CONNECT_S, READ_S = 15.0, 25.0
BROKEN = (IMAPClientError, OSError, EOFError, UnicodeError)


class _Reached(IMAPClient):  # type: ignore[misc]
    """An IMAPClient that connects to an address and checks the certificate for a name."""

    def __init__(self, endpoint: Endpoint, resolved: str, context: ssl.SSLContext, read_s: float) -> None:
        self._resolved = resolved
        tls = endpoint.security == "tls"
        limits = SocketTimeout(CONNECT_S, read_s)
        super().__init__(endpoint.host, endpoint.port, ssl=tls, ssl_context=context, timeout=limits)
        self.normalise_times = False
        self._imap.debug = 0

    def _create_IMAP4(self) -> Any:
        if self.ssl:
            return _Tls(self._resolved, self.host, self.port, self.ssl_context)
        made = IMAP4WithTimeout(self._resolved, self.port, CONNECT_S)
        made.host = self.host  # whose certificate STARTTLS checks
        return made

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> list[Any]:
        """What idle_check waits by. It is asked when there is something, or may be in a buffer that no poll sees."""
        return [sock]


class _Tls(IMAP4_TLS):  # type: ignore[misc]
    def __init__(self, resolved: str, host: str, port: int, context: ssl.SSLContext) -> None:
        self._resolved = resolved
        super().__init__(host, port, context, CONNECT_S)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        plain = socket.create_connection((self._resolved, self.port), timeout=CONNECT_S)
        try:
            wrapped: socket.socket = self.ssl_context.wrap_socket(plain, server_hostname=self.host)
            return wrapped
        except BaseException:
            plain.close()
            raise


def connect(
    endpoint: Endpoint, resolved: str, credentials: Credentials, tls: ssl.SSLContext, read_s: float = READ_S
) -> IMAPClient:
    """A client that is signed in. tls: whom we believe. Raises MailTrouble, permanent where a person has to act."""
    try:
        client = _Reached(endpoint, resolved, tls, read_s)
    except BROKEN as error:
        raise _trouble(error, while_connecting=True) from None
    try:
        client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if endpoint.security == "starttls":
            if not client.has_capability("STARTTLS"):
                raise MailTrouble("no-tls", permanent=True)
            client.starttls(tls)
        _sign_in(client, credentials)
    except MailTrouble:
        _drop(client)
        raise
    except BROKEN as error:
        _drop(client)
        raise _trouble(error) from None
    return client


def _sign_in(client: IMAPClient, credentials: Credentials) -> None:
    if "\0" in credentials.login + credentials.secret:
        raise MailTrouble("password", permanent=True)
    try:
        if credentials.oauth2:
            client.oauth2_login(credentials.login, credentials.secret)
        elif client.has_capability("AUTH=PLAIN"):
            client.plain_login(credentials.login, credentials.secret)
        else:
            words = [_literal(one.encode()) for one in (credentials.login, credentials.secret)]
            kind, said = client._raw_command(b"LOGIN", words, uid=False)
            client._checkok("login", kind, said)
    except IMAPClientError as error:
        if isinstance(error, IMAPClientAbortError) or isinstance(error.__context__, IMAPClientAbortError):
            raise MailTrouble("closed", _plain(str(error)) if "BYE" in str(error) else "") from None
        raise _refusal(str(error), oauth2=credentials.oauth2) from None
    client._cached_capabilities = None  # more is offered to who is signed in


def _refusal(said: str, *, oauth2: bool) -> MailTrouble:
    """Why nobody is let in. Words like [UNAVAILABLE] say that it will pass (RFC 5530)."""
    words = _plain(said)
    if re.search(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|too many|try again|temporar", words, re.IGNORECASE):
        return MailTrouble("other", words)
    if re.search(
        r"application.?specific|app.?password|пароль приложения|invalid credentials.*app", words, re.IGNORECASE
    ):
        return MailTrouble("app-password", words, permanent=True)
    if re.search(r"\[(?:PRIVACYREQUIRED)\]|plaintext authentication (?:is )?disallowed", words, re.IGNORECASE):
        return MailTrouble("no-tls", words, permanent=True)
    if re.search(r"imap.{0,20}(?:disabled|not enabled|is off|отключ)", words, re.IGNORECASE):
        return MailTrouble("no-imap", words, permanent=True)
    return MailTrouble("oauth2" if oauth2 else "password", words, permanent=True)


def _trouble(error: Exception, *, while_connecting: bool = False) -> MailTrouble:
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailTrouble("certificate", error.verify_message, permanent=True)
    if isinstance(error, ssl.SSLError):
        return MailTrouble("no-tls", error.reason or "", permanent=while_connecting)
    if isinstance(error, TimeoutError):
        return MailTrouble("silent")
    if isinstance(error, socket.gaierror):
        return MailTrouble("host")
    if isinstance(error, OSError):
        return MailTrouble("closed")
    if while_connecting and isinstance(error, IMAPClientError) and "EOF" not in str(error):
        return MailTrouble("not-mail", permanent=not isinstance(error, IMAPClientAbortError))
    return MailTrouble("closed", _plain(str(error)) if "BYE" in str(error) else "")


def trouble_of(error: Exception) -> MailTrouble:
    """What became of a link that was open."""
    return _trouble(error)


def _plain(said: str) -> str:
    """A server's words without what libraries put around them."""
    return re.sub(r"^(?:b['\"])|['\"]$", "", re.sub(r"^[a-z]+ failed: ", "", said))[:200]


def _drop(client: IMAPClient) -> None:
    try:
        client.shutdown()
    except (OSError, IMAPClientError):
        return
