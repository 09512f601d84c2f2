"""Letters made and handed over, against a real SMTP server that refuses on demand."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from cti.channels.email.smtp import SmtpSender
from cti.channels.letters import Credentials, Delivery, Endpoint, MailTrouble, Security
from cti.errors import ChannelError
from cti.messages.letter import Attachment
from cti.messages.outgoing import Outgoing, party
from lab.dovecot import Dovecot
from tests.channels.mail_peers import office as office
from tests.channels.smtp_peer import LOGIN, PASSWORD, Peer, smtp_peer

PYOTR, IRINA = "pyotr@alkhimov.example", "irina@alkhimov.example"
LETTER = Outgoing(
    message_id="one@romashka.example",
    sender=party("from", LOGIN, "Ромашка, отдел продаж"),
    people=(party("to", PYOTR, "Пётр Алхимов"),),
    subject="Прайс-лист на весну",
    html="<p>Добрый день!</p>",
    at=1.7e9,
)
GOOD = Credentials(login=LOGIN, secret=PASSWORD)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with smtp_peer() as running:
        yield running


async def connect(host: str, port: int) -> socket.socket:
    link = socket.socket()
    link.setblocking(False)
    await asyncio.get_running_loop().sock_connect(link, (host, port))
    return link


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[SmtpSender]:
    made = SmtpSender(connect=connect, path_of=lambda file: tmp_path / file.sha256)
    yield made
    await made.close()


async def hand_over(
    sender: SmtpSender, peer: Peer, letter: Outgoing = LETTER, to: tuple[str, ...] = (PYOTR,), **more: Any
) -> Delivery:
    endpoint = Endpoint(host="127.0.0.1", port=peer.port, security="none")
    raw = await sender.compose(letter)
    may = more.get("may")
    return await sender.send(1, endpoint, more.get("credentials", GOOD), raw, sender=LOGIN, to=to, may=may)


async def test_what_may_not_leave_any_more_is_not_handed_over_at_the_last_moment(
    sender: SmtpSender, peer: Peer
) -> None:
    answers = iter((False, True))

    async def may() -> bool:
        return next(answers)

    assert (await hand_over(sender, peer, may=may)) == Delivery(stopped=True)
    assert peer.letters == []
    assert (await hand_over(sender, peer, may=may)).accepted == (PYOTR,)
    assert len(peer.letters) == 1


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_letter_has_words_html_pictures_and_files(sender: SmtpSender, peer: Peer, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    prices = Attachment(name="Прайс «весна».pdf", media_type="application/pdf", size=1, sha256="a")
    logo = Attachment(
        name="logo.png", media_type="image/png", size=1, sha256="b", content_id="17.bb@trubka", inline=True
    )
    html = (
        '<style>.x {color: red}</style><p class="x ql-align-center" onclick="evil()">Добрый <b>день</b></p>'
        '<script>evil()</script><a href="javascript:evil()">x</a> <a href="https://romashka.example/p">прайс</a>'
        '<ul><li>один<li>два</ul><img src="/api/v1/outbox/files/17"><img src="/api/v1/outbox/files/18">'
    )
    long_ids = tuple(f"{'r' * 120}{one}@alkhimov.example" for one in range(50))
    await hand_over(
        sender,
        peer,
        structs.replace(
            LETTER,
            html=html,
            quoted="<blockquote>было</blockquote>",
            files=(prices, logo),
            in_reply_to=long_ids[-1],
            references=long_ids,
            people=(*LETTER.people, party("bcc", "boss@romashka.example")),
        ),
    )
    [taken] = peer.letters
    letter = taken.read
    assert [part.get_content_type() for part in letter.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "application/pdf",
    ]  # fmt: skip
    shown = body(letter, "html")
    assert '<p style="color:red;text-align:center">Добрый <b>день</b></p>' in shown
    assert 'src="cid:17.bb@trubka"' in shown
    assert not any(word in shown for word in ("script", "onclick", "files/18", "class"))
    words = body(letter, "plain").replace("\r\n", "\n")
    assert "прайс (https://romashka.example/p)\n- один\n- два\n> было" in words
    assert [part.get_filename() for part in letter.iter_attachments()] == ["Прайс «весна».pdf"]
    assert letter["References"].split() == [f"<{one}>" for one in long_ids]
    assert (letter["In-Reply-To"], letter["Message-ID"]) == (f"<{long_ids[-1]}>", "<one@romashka.example>")
    assert str(letter["From"]) == f'"Ромашка, отдел продаж" <{LOGIN}>'
    assert b"boss@" not in taken.raw, "hidden addressees travel in no letter"
    assert b"Bcc: boss@romashka.example\r\n" in sender.with_hidden(taken.raw, [party("bcc", "boss@romashka.example")])
    assert "Auto-Submitted" not in letter


ENDS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r\n\r\n", "\n\nbody\n")
PAYLOADS = [
    f"x{end}{line}" for end in ENDS for line in ("Bcc: evil@x.example", "X-Evil: 1", " folded", ".", "Subject: y")
]


async def test_SEC_15_fifty_payloads_make_no_header(sender: SmtpSender, peer: Peer, tmp_path: Path) -> None:
    await hand_over(sender, peer, structs.replace(LETTER, in_reply_to="a@b", references=("a@b",)))
    usual = set(peer.letters[0].read.keys())
    (tmp_path / "a").write_bytes(b"a")
    assert len(PAYLOADS) == 50
    for text in PAYLOADS:
        evil = structs.replace(
            LETTER,
            subject=text,
            sender=party("from", LOGIN, text),
            people=(party("to", PYOTR, text),),
            in_reply_to=text,
            references=(text,),
            files=(Attachment(name=text, media_type=f"text/{text}", size=1, sha256="a"),),
        )
        await hand_over(sender, peer, evil)
        letter = peer.letters[-1].read
        assert set(letter.keys()) <= usual, text
        assert peer.letters[-1].to == (PYOTR,)
        for part in letter.walk():
            assert not any(name.lower().startswith(("x-", "bcc")) for name in part), text
        with pytest.raises(ChannelError):
            await sender.compose(structs.replace(LETTER, people=(party("to", f"a{text}@x.example"),)))


async def test_F_40_each_answer_is_told_apart_addressee_by_addressee(sender: SmtpSender, peer: Peer) -> None:
    peer.answers = {PYOTR: "451 4.2.0 try later", IRINA: "550 5.1.1 no such user"}
    both = await hand_over(sender, peer, to=(PYOTR, IRINA, "ok@x.example"))
    assert both.accepted == ("ok@x.example",)
    assert [(one.address, one.code, one.lasting, one.whole) for one in both.refused] == [
        (PYOTR, 451, False, False), (IRINA, 550, True, False),
    ]  # fmt: skip
    assert (await hand_over(sender, peer, to=(IRINA,))).accepted == ()
    peer.answers = {}
    peer.data = "554 5.7.1 spam"
    spam = await hand_over(sender, peer)
    assert [(one.code, one.lasting, one.whole) for one in spam.refused] == [(554, True, True)]
    peer.data = ""
    assert (await hand_over(sender, peer)).accepted == (PYOTR,)
    assert peer.connections == 1, "one connection for all of them"


@pytest.mark.parametrize("fault", ["drop", "silent"])
async def test_F_40_no_answer_after_the_letter_itself_is_unknown(sender: SmtpSender, peer: Peer, fault: str) -> None:
    peer.data, patient = fault, sender._data_s
    sender._data_s = 0.5
    assert (await hand_over(sender, peer)).unknown == (PYOTR,)
    peer.data, sender._data_s = "", patient
    assert (await hand_over(sender, peer)).accepted == (PYOTR,), "the next one has a connection of its own"


async def test_a_letter_goes_over_tls_by_password_or_token_and_never_past_a_wrong_certificate(
    office: Dovecot, tmp_path: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(office.certificate, office.certificate.with_name("key.pem"))
    trusts = ssl.create_default_context(cafile=str(office.certificate))
    ways: dict[Security, dict[str, Any]] = {
        "tls": {"ssl_context": context},
        "starttls": {"tls_context": context, "require_starttls": True},
    }
    for security, way in ways.items():
        with smtp_peer(**way) as peer:
            end = Endpoint(host="127.0.0.1", port=peer.port, security=security)

            async def send(
                secret: str, *, oauth2: bool = False, tls: ssl.SSLContext | None = trusts, end: Endpoint = end
            ) -> Delivery:
                made = SmtpSender(connect=connect, path_of=lambda file: tmp_path, tls=tls)
                given = Credentials(login=LOGIN, secret=secret, oauth2=oauth2)
                try:
                    return await made.send(1, end, given, await made.compose(LETTER), sender=LOGIN, to=(PYOTR,))
                finally:
                    await made.close()

            peer.tokens["good"] = 0
            assert (await send(PASSWORD)).accepted == (PYOTR,)
            assert (await send("good", oauth2=True)).accepted == (PYOTR,)
            assert peer.tokens == {"good": 1}
            with pytest.raises(MailTrouble) as refused:
                await send("revoked", oauth2=True)
            assert (refused.value.code, refused.value.permanent) == ("oauth2", True)
            assert "revoked" not in refused.value.stored
            with pytest.raises(MailTrouble, match="certificate"):
                await send(PASSWORD, tls=None)
            assert len(peer.letters) == 2


async def test_what_certainly_did_not_leave_is_an_error(sender: SmtpSender, peer: Peer) -> None:
    wrong = Credentials(login=LOGIN, secret="wrong")
    with pytest.raises(ChannelError) as refused:
        await hand_over(sender, peer, credentials=wrong)
    assert refused.value.permanent
    endpoint = Endpoint(host="127.0.0.1", port=peer.port, security="starttls")
    with pytest.raises(ChannelError):  # a server without it gets no password in the clear
        await sender.send(2, endpoint, GOOD, b"x", sender=LOGIN, to=(PYOTR,))
    assert "wrong" not in repr(wrong)
    assert peer.letters == []
