"""A real SMTP server for tests, in a thread of its own: it takes letters, refuses and falls silent as it is told.

with smtp_peer() as peer:                                      # ssl_context=: TLS at once, tls_context=: STARTTLS
    peer.answers["busy@x.example"] = "451 4.2.0 try later"     # to RCPT of this address
    peer.data = "drop"                                         # after DATA: drop, silent, or an answer "554 ..."
    ...
    assert [one.to for one in peer.letters] == [("pyotr@x.example",)]
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from lab.free_ports import free_port

LOGIN, PASSWORD = "sales@romashka.example", "a-mail-password"


@dataclass(frozen=True)
class Taken:
    """A letter that the server took."""

    to: tuple[str, ...]
    raw: bytes

    @property
    def read(self) -> EmailMessage:
        made = message_from_bytes(self.raw, policy=POLICY)
        assert isinstance(made, EmailMessage)
        return made


@dataclass
class Peer:
    """answers: to RCPT, by address; to MAIL under `mail`. data: after DATA: "" takes it; drop, silent, or an answer.

    tokens: that XOAUTH2 lets in, and how often each did.
    keeps: whether it keeps a letter before it drops the connection or falls silent.
    """

    letters: list[Taken] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    data: str = ""
    tokens: dict[str, int] = field(default_factory=dict)
    keeps: bool = True
    connections: int = 0
    port: int = 0

    async def handle_EHLO(self, _server: SMTP, session: Session, _envelope: Envelope, name: str, answers: Any) -> Any:
        self.connections += 1
        session.host_name = name
        return answers

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        """As Microsoft and Google do it: what is wrong with a token is told as base64 first, then it is refused."""
        said = b64decode(args[1]).decode()
        user, _, token = said.removesuffix("\x01\x01").partition("\x01auth=Bearer ")
        if user == f"user={LOGIN}" and token in self.tokens:
            self.tokens[token] += 1
            return AuthResult(success=True)
        await server.challenge_auth('{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}')
        return AuthResult(success=False, handled=False, message="535 5.7.3 Authentication unsuccessful")

    async def handle_MAIL(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if "mail" in self.answers:
            return self.answers["mail"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        letter = Taken(tuple(envelope.rcpt_tos), bytes(envelope.content or b""))  # type: ignore[arg-type]
        if self.data in ("", "drop", "silent") and (self.keeps or not self.data):
            self.letters.append(letter)
        if self.data == "drop":
            assert server.transport is not None
            server.transport.abort()
        if self.data == "silent":
            await asyncio.sleep(3600)
        return self.data if self.data not in ("", "drop", "silent") else "250 OK"


def _allows(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
    known = (data.login, data.password) == (LOGIN.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


@contextmanager
def smtp_peer(**more: Any) -> Iterator[Peer]:
    """The server on a free port of loopback. It lets LOGIN in by PASSWORD, and whoever asks for nothing."""
    peer = Peer()
    more = {"authenticator": _allows, "auth_require_tls": False, "data_size_limit": 50 << 20} | more
    peer.port = free_port()
    controller = Controller(peer, hostname="127.0.0.1", port=peer.port, server_hostname="mail.romashka.example", **more)
    controller.start()
    try:
        yield peer
    finally:
        controller.stop()
