"""Connecting to a mail server and signing in; what goes wrong is told by MailTrouble.

TLS with a checked certificate unless the mailbox is set otherwise. The socket leads to an address that was judged fit
(SEC-11), the certificate is that of the name. A user or password never reaches the wire as a bare word: stdlib's LOGIN
would send what stands after a line end as a command of its own (SEC-16).
"""

from __future__ import annotations

import socket
import ssl
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imap4 import IMAP4WithTimeout
from imapclient.imapclient import _literal
from imapclient.tls import IMAP4_TLS

from cti.channels.email.troubles import imap_trouble, plain, refused
from cti.channels.letters import Credentials, Endpoint, MailTrouble

CONNECT_S, READ_S = 15.0, 25.0
BROKEN = (IMAPClientError, OSError, EOFError, UnicodeError)


class _OnSocket(IMAPClient):  # type: ignore[misc]
    """An IMAPClient over a socket that is connected already; the certificate must be good for the endpoint's name."""

    def __init__(self, link: socket.socket, endpoint: Endpoint, context: ssl.SSLContext, read_s: float) -> None:
        self._link = link
        link.settimeout(CONNECT_S)
        tls, limits = endpoint.security == "tls", SocketTimeout(CONNECT_S, read_s)
        super().__init__(endpoint.host, endpoint.port, ssl=tls, ssl_context=context, timeout=limits)
        self.normalise_times = False
        self._imap.debug = 0

    def _create_IMAP4(self) -> Any:
        return _Tls(self._link, self) if self.ssl else _Plain(self._link, self)

    def _poll_socket(self, sock: Any, timeout: float | None = None) -> list[Any]:
        """What idle_check waits by. It is asked when there is something, or may be in a buffer that no poll sees."""
        return [sock]


class _Plain(IMAP4WithTimeout):  # type: ignore[misc]
    def __init__(self, link: socket.socket, client: IMAPClient) -> None:
        self._link = link
        super().__init__(client.host, client.port, CONNECT_S)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._link


class _Tls(IMAP4_TLS):  # type: ignore[misc]
    def __init__(self, link: socket.socket, client: IMAPClient) -> None:
        self._link = link
        super().__init__(client.host, client.port, client.ssl_context, CONNECT_S)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        wrapped: socket.socket = self.ssl_context.wrap_socket(self._link, server_hostname=self.host)
        return wrapped


def connect(
    link: socket.socket, endpoint: Endpoint, credentials: Credentials, tls: ssl.SSLContext, read_s: float = READ_S
) -> IMAPClient:
    """A client that is signed in, over a connected socket. tls: whom we believe.

    Raises MailTrouble, permanent where a person has to act; the socket is closed then.
    """
    try:
        client = _OnSocket(link, endpoint, tls, read_s)
    except BROKEN as error:
        link.close()
        raise imap_trouble(error, while_connecting=True) from None
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
        raise imap_trouble(error) from None
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
            raise MailTrouble("closed", plain(str(error)) if "BYE" in str(error) else "") from None
        raise refused(str(error), oauth2=credentials.oauth2) from None
    client._cached_capabilities = None  # more is offered to who is signed in


def _drop(client: IMAPClient) -> None:
    try:
        client.shutdown()
    except (OSError, IMAPClientError):
        return
