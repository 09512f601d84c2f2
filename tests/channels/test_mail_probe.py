"""A mailbox is tried out at real servers, each failure told by its code; nothing inside the house can be reached."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from cti.channels.email.probe import Probe
from cti.channels.email.troubles import refused
from cti.channels.letters import Credentials, Endpoint, MailTrouble
from cti.channels.reach import Reach
from lab.dovecot import Dovecot
from tests.channels.mail_peers import ANNA, PASSWORD
from tests.channels.mail_peers import office as office
from tests.channels.smtp_peer import LOGIN, smtp_peer

RIGHT = Credentials(login=ANNA, secret=PASSWORD)
WRONG = Credentials(login=ANNA, secret="wrong")
HERE = Reach(["127.0.0.0/8", "::1"], MailTrouble)
INSIDE = (
    "127.0.0.1", "127.1", "0x7f000001", "0x7f.1", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1.", "localhost",
    "localhost.", "LOCALHOST", "0", "0.0.0.0", "[::1]", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1",
    "0:0:0:0:0:ffff:7f00:1", "64:ff9b::7f00:1", "64:ff9b::127.0.0.1", "2002:7f00:1::", "①②⑦.⓪.⓪.①", "１２７.0.0.1",
    "10.0.0.1", "10.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0xc0a80101", "3232235777", "169.254.169.254",
    "0xa9fea9fe", "100.64.0.1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "224.0.0.1", "255.255.255.255",
    "ff02::1", "192.0.0.1", "198.18.0.1", "240.0.0.1", "nobody.invalid", "", "a" * 300, "127.0.0.1\x00.example",
    "127.0.0.1 example", "http://127.0.0.1", "127.0.0.1:80", "127.0.0.1/24",
)  # fmt: skip


async def trouble(work: Any) -> str:
    """The code of what went wrong, "" for nothing."""
    try:
        await work
    except MailTrouble as error:
        return "leaks" if PASSWORD in str(error) + error.said else error.code
    return ""


def probe(office: Dovecot | None = None) -> Probe:
    """One that may reach this machine, and trusts the server's certificate where one is given."""
    context = ssl.create_default_context(cafile=str(office.certificate)) if office else None
    return Probe(HERE.connect, context)


@pytest.mark.parametrize("host", INSIDE)
async def test_SEC_11_the_inside_of_the_house_is_as_a_host_that_does_not_exist(host: str) -> None:
    assert await trouble(Reach((), MailTrouble).connect(host, 993)) == "host"


async def test_SEC_11_the_address_that_was_judged_is_the_one_that_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is judged and inside when it is used: it is looked up once."""
    asked = []

    async def lookup(host: str, port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    assert await trouble(Reach((), MailTrouble).connect("rebinds.example", 993)) == "host", (
        "a documentation net is not public"
    )
    asked.clear()
    assert await Reach(["192.0.2.0/24"]).addresses("rebinds.example", 993) == ["192.0.2.1"]
    assert asked == ["rebinds.example"]


async def test_a_mailbox_is_opened_with_TLS_and_with_STARTTLS(office: Dovecot) -> None:
    for port, security in ((office.imaps, "tls"), (office.imap, "starttls")):
        end = Endpoint(host="localhost", port=port, security=security)  # type: ignore[arg-type]
        assert await trouble(probe(office).receiving(end, RIGHT)) == ""
        assert await trouble(probe(office).receiving(end, WRONG)) == "password"


async def test_what_is_wrong_with_the_server_is_told_apart(office: Dovecot) -> None:
    tls = Endpoint(host="localhost", port=office.imaps)
    assert await trouble(probe().receiving(tls, RIGHT)) == "certificate"
    plain = Endpoint(host="localhost", port=office.imap)
    assert await trouble(probe(office).receiving(plain, RIGHT)) == "no-tls"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = Endpoint(host="localhost", port=free.getsockname()[1])
        assert await trouble(probe(office).receiving(closed, RIGHT)) == "closed"
    lmtp = Endpoint(host="localhost", port=office.lmtp, security="none")
    assert await trouble(probe(office).receiving(lmtp, RIGHT)) == "not-mail"


class Post(Controller):
    """A server that sends for who has the right password."""

    def factory(self) -> Any:
        made = super().factory()
        made._auth_require_tls = False
        return made


def _checks(_server: Any, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
    good = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False) if not good else AuthResult(success=True)


@pytest.fixture
def post(office: Dovecot) -> Iterator[Post]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(office.certificate, office.certificate.with_name("key.pem"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Post(
        Sink(), hostname="127.0.0.1", port=port, tls_context=context, authenticator=_checks, auth_require_tls=False
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def mute() -> AsyncIterator[int]:
    """A port that takes connections and says nothing that a mail server says."""

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_the_sending_server_is_signed_in_to_and_what_is_none_is_told(
    office: Dovecot, post: Post, mute: int
) -> None:
    end = Endpoint(host="localhost", port=post.port, security="starttls")
    assert await trouble(probe(office).sending(end, RIGHT)) == ""
    assert await trouble(probe(office).sending(end, WRONG)) == "password"
    assert await trouble(probe().sending(end, RIGHT)) == "certificate"
    with smtp_peer() as plain:
        end = Endpoint(host="localhost", port=plain.port, security="none")
        assert await trouble(probe().sending(end, Credentials(login=LOGIN, secret=PASSWORD))) == ""
        assert await trouble(probe().sending(end, Credentials(login=LOGIN, secret="wrong"))) == "password"
    for security in ("none", "tls", "starttls"):
        web = Endpoint(host="localhost", port=mute, security=security)  # type: ignore[arg-type]
        assert await trouble(probe(office).sending(web, RIGHT)) == "not-mail"
    web = Endpoint(host="localhost", port=mute, security="none")
    assert await trouble(probe(office).receiving(web, RIGHT)) == "not-mail"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "password"),
        ("[ALERT] Application-specific password required: https://support.google.com/", "app-password"),
        ("[AUTHENTICATIONFAILED] IMAP is disabled for this account", "no-imap"),
        ("[UNAVAILABLE] Temporary authentication failure", "silent"),
        ("[OVERQUOTA] Mailbox full", "quota"),
    ],
)
def test_the_words_of_a_refusal_say_what_to_do(said: str, code: str) -> None:
    assert refused(said, oauth2=False).code == code
