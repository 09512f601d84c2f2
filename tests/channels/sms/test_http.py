"""F-46: nothing is said to be sent that was not, or sent again that may have been. SEC-11: nothing inside is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from cti.channels.reach import Reach
from cti.channels.sms.http import ANSWER_MOST, HttpLine
from cti.channels.texts import InText, OutText, Receipt, SmsTrouble
from cti.messages.gateways_ready import GENERIC, READY
from cti.messages.http_gateways import Asked, Case, Condition, Description, Reading, Secrets
from tests.channels.sms.web_peer import NUMBER, SECRETS, SENDER, SERVICES, TEXT, Peer, there, web_peer
from tests.channels.test_reach import SPELLINGS

LOOPBACK = Reach(("127.0.0.0/8", "::1"), SmsTrouble)


class Taker:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.heard = asyncio.Event()

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        self.receipts += receipts
        self.heard.set()

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        raise AssertionError


class Line(HttpLine):
    """With what it told."""

    def __init__(
        self, description: Description, *, reach: Reach = LOOPBACK, ids: Sequence[str] = (), **more: Any
    ) -> None:
        self.stored: list[str] = []
        self.taker = Taker()

        async def found(stored: str) -> None:
            self.stored.append(stored)

        async def unsettled() -> Sequence[str]:
            return ids

        given = {"secrets": SECRETS, "rate": 50, "callback_url": "https://cti.example/sms/callback/1/tok", **more}
        super().__init__(1, description, reach=reach, found=found, unsettled=unsettled, taker=self.taker, **given)


def a_text(text: str = TEXT, key: str = "k1") -> OutText:
    return OutText(key=key, number=NUMBER, sender=SENDER, text=text, parts=(text,))


def plain(peer: Peer, **reading: Any) -> Description:
    asked = Asked(url=peer.url + "/send", json='{"id": "{{key}}", "text": "{{text}}"}')
    return Description(send=asked, answer=Reading(id="id", said="error", cases=(Case(path="error"),), **reading))


@pytest.mark.parametrize("code", READY)
async def test_each_ready_service_takes_a_message(code: str) -> None:
    async with web_peer(SERVICES[code]) as peer:
        line = Line(there(READY[code].description, peer))
        answers = await line.send(a_text())
    assert {one.state for one in answers} == {"accepted"}
    assert all(one.far_id for one in answers)
    assert line.stored == [""]
    assert line.health == "up"


@pytest.mark.parametrize("code", READY)
async def test_F_46_each_ready_service_refuses_with_status_200_and_nothing_is_sent(code: str) -> None:
    async with web_peer(SERVICES[code]) as peer:
        wrong = there(READY[code].description, peer)
        with pytest.raises(SmsTrouble):
            await Line(wrong, secrets=Secrets(login="romashka", password="wrong")).send(a_text())
        with pytest.raises(SmsTrouble):
            await Line(wrong).send(a_text("another text"))


@pytest.mark.parametrize("code", [code for code, one in READY.items() if one.description.polling])
async def test_a_service_that_tells_nothing_is_asked(code: str) -> None:
    async with web_peer(SERVICES[code]) as peer:
        line = Line(there(READY[code].description, peer), ids=["12345"], poll_s=0.01)
        run = asyncio.create_task(line.run())
        async with asyncio.timeout(5):
            await line.taker.heard.wait()
        run.cancel()
    assert (line.taker.receipts[0].far_id, line.taker.receipts[0].state) == ("12345", "delivered")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b'{"error": "no such user hush-hush-key"}', "other"),
        (200, b'{"error": {"code": 3}, "id": 7}', "other"),
        (500, b"", "http"),
        (502, b"<html>", "http"),
        (503, b'{"id": 5}', "http"),
        (401, b"", "refused-bind"),
        (402, b"", "balance"),
        (404, b"", "http"),
        (302, b"", "http"),
        (429, b"", "throttled"),
    ],
)
async def test_F_46_a_refusal_is_never_sent(status: int, body: bytes, code: str) -> None:
    async with web_peer(dict) as peer:
        peer.status, peer.body = status, body
        peer.headers = {"Location": "/elsewhere", "Retry-After": "7"}
        line = Line(plain(peer))
        with pytest.raises(SmsTrouble) as trouble:
            await line.send(a_text())
    assert trouble.value.code == code
    assert len(peer.asked) == 1  # no redirect is followed, nothing is asked twice
    assert trouble.value.retry_s == 7.0
    assert "hush-hush" not in trouble.value.stored + "".join(line.stored)
    assert line.health == "down"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"OK"),
        (200, b"{"),
        (200, b"[]"),
        (200, b'{"id": null}'),
        (200, b'{"id": ""}'),
        (204, b""),
        (504, b""),
        (200, b"[" * 3000),
        (200, b'{"id": "' + b"7" * (ANSWER_MOST + 1) + b'"}'),
    ],
)
async def test_F_46_an_answer_that_nobody_understands_is_unknown(status: int, body: bytes) -> None:
    async with web_peer(dict) as peer:
        peer.status, peer.body = status, body
        (answer,) = await Line(plain(peer)).send(a_text())
    assert answer.state == "unknown"


async def test_a_gateway_that_hangs_makes_it_unknown_and_one_that_is_not_there_does_not() -> None:
    async with web_peer(dict) as peer:
        peer.waits = asyncio.Event()
        line = Line(plain(peer), answer_s=0.1)
        (answer,) = await line.send(a_text())
        assert answer.state == "unknown"
        assert line.stored == ["silent"]
        description = plain(peer)
    with pytest.raises(SmsTrouble) as trouble:
        await Line(description).send(a_text())
    assert trouble.value.code == "closed"


async def test_a_link_that_breaks_after_the_request_makes_it_unknown() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked = Asked(url=f"http://127.0.0.1:{port}/", method="GET", query={"text": "{{text}}"})
    (answer,) = await Line(Description(send=asked, answer=Reading(id="id"))).send(a_text())
    server.close()
    assert answer.state == "unknown"


async def test_a_text_answer_is_read_by_its_words() -> None:
    reading = Reading(form="text", id="words.1", accepted=(Condition(path="words.0", values=("OK",)),))
    async with web_peer(dict) as peer:
        peer.body = b"OK: 4711"
        description = Description(send=Asked(url=peer.url, form={"t": "{{text}}"}), answer=reading)
        (answer,) = await Line(description).send(a_text())
        peer.body = b"ERROR: 4711"
        (other,) = await Line(description).send(a_text())
    assert (answer.state, answer.far_id, other.state) == ("accepted", "4711", "unknown")


@pytest.mark.parametrize(
    "body",
    [
        b"<output><result/></output>",
        b"<output><result><sms/></result></output>",
        b"<output>",
        b"OK",
        b'<!DOCTYPE o [<!ENTITY a "7">]><output><result><sms id="&a;"/></result></output>',
        b"<a>" * 3000,
    ],
)
async def test_F_46_an_answer_in_xml_that_nobody_understands_is_unknown(body: bytes) -> None:
    async with web_peer(dict) as peer:
        peer.body = body
        (answer,) = await Line(there(READY["beeline"].description, peer)).send(a_text())
    assert answer.state == "unknown"


async def test_the_same_key_is_taken_once_by_a_service_that_knows_it() -> None:
    body = {"result": {"status": {"code": 20102, "description": "known"}}}
    async with web_peer(lambda asked: body) as peer:
        (answer,) = await Line(there(READY["megafon"].description, peer)).send(a_text())
    assert answer.state == "accepted"
    assert answer.far_id == peer.asked[0]["json"]["msg_id"]


@pytest.mark.parametrize("host", [one for one in SPELLINGS if one.strip() == one and one])
async def test_SEC_11_no_spelling_of_the_inside_is_asked(host: str) -> None:
    async with web_peer(dict) as peer:
        port = peer.url.rsplit(":", 1)[1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        description = Description(send=Asked(url=url, json='{"a": "{{text}}"}'), answer=Reading())
        with pytest.raises(SmsTrouble):
            await Line(description, reach=Reach((), SmsTrouble)).send(a_text())
        assert peer.asked == []


def test_a_description_of_ones_own_begins_with_a_whole_one() -> None:
    assert msgspec.json.decode(msgspec.json.encode(GENERIC), type=Description) == GENERIC


def test_nothing_secret_is_printed() -> None:
    assert SECRETS.password not in repr(SECRETS)
