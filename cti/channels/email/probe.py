"""Trying a mailbox out: a sign-in to the server that holds it and to the one that sends, each failure told by a code.

Nothing is read and nothing sent. A certificate that is not good ends it before a password leaves.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiosmtplib

from cti.channels.email import imap_wire, smtp
from cti.channels.email.imap_wire import BROKEN
from cti.channels.email.troubles import imap_trouble, smtp_trouble
from cti.channels.letters import Credentials, Endpoint, MailTrouble
from cti.channels.reach import Connect

WITHIN_S = 15.0


class Probe:
    """connect: makes a socket to a host that may be reached. tls: whom we believe, None for the usual ones."""

    def __init__(self, connect: Connect, tls: ssl.SSLContext | None = None) -> None:
        self._connect = connect
        self._tls = tls or ssl.create_default_context()

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
        client = imap_wire.connect(link, endpoint, credentials, self._tls, WITHIN_S)
        try:
            client.logout()
        except BROKEN as error:
            raise imap_trouble(error) from None

    async def sending(self, endpoint: Endpoint, credentials: Credentials) -> None:
        """Sign in by SMTP and out again. Raises MailTrouble."""
        try:
            async with asyncio.timeout(WITHIN_S + 2):
                client = await smtp.connect(self._connect, endpoint, credentials, self._tls, WITHIN_S)
                await client.quit()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise smtp_trouble(error, credentials) from None
