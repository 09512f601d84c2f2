"""Gateways on the page, their trial, and what they tell us: forged, replayed, too large. SEC-12, SEC-32."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import msgspec
import pytest
import structlog
from sqlalchemy import text

from cti.channels.texts import InText, Receipt, SmsTrouble
from cti.messages.gateways_ready import GENERIC
from cti.messages.http_gateways import Signature
from cti.settings import SmsSettings
from cti.storage import gateways, sms
from tests.channels.sms.web_peer import Peer, there, web_peer
from tests.web.panel import PATIENCE_S, PAVEL, Browser, Panel, panel, until
from tests.web.visitor import Visitor

KEY, SIGNING = "kanareyka-key-of-the-gateway", "kanareyka-of-signing"
LOOPBACK = {"sms": SmsSettings(inside=("127.0.0.0/8",))}


class Taker:
    """Keeps what it is told; broken: it cannot."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.texts: list[InText] = []
        self.broken = False

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        if self.broken:
            raise SmsTrouble("down")
        self.receipts += receipts

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        self.texts += texts


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections=LOOPBACK, public_url="") as made:
        yield made


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    def judge(asked: dict[str, object]) -> dict[str, object]:
        headers = asked["headers"]
        assert isinstance(headers, dict)
        return {"id": "m-1"} if headers.get("Authorization") == f"Bearer {KEY}" else {"error": f"who is {KEY}?"}

    async with web_peer(judge) as made:
        yield made


def described(peer: Peer, signed: Signature | None = None) -> str:
    description = there(GENERIC, peer)
    callback = description.callback
    assert callback is not None
    description = msgspec.structs.replace(description, callback=msgspec.structs.replace(callback, signed=signed))
    return msgspec.json.encode(description).decode()


FORM = {"kind": "http", "name": "Romashka", "sender": "Romashka", "rate": "10", "price": "2,50", "currency": "RUB"}


async def _added(running: Panel, pavel: Visitor, description: str, **more: str) -> str:
    """A gateway by the form; the path of the address it calls."""
    form = FORM | {"description": description, "password": KEY, "callback_secret": SIGNING} | more
    answer = await pavel.post("/settings/sms", **form)
    assert answer.status == 303, answer.text
    await running.services.gateways.settled()
    shown = (await pavel.get(answer.place)).text
    found = re.search(r'value="http://[^"/]+(/sms/callback/[^"]+)"', shown)
    assert found, shown
    return found[1]


async def _tell(running: Panel, path: str, body: bytes | str, **headers: str) -> tuple[int, str]:
    sent = {"Content-Type": "application/json"} | headers
    async with aiohttp.request("POST", running.url + path, data=body, headers=sent) as answer:
        return answer.status, await answer.text()


def _signature(body: bytes, at: float, secret: str = SIGNING) -> dict[str, str]:
    told = str(int(at))
    mark = hmac.new(secret.encode(), told.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Time": told, "X-Signature": f"sha256={mark}"}


async def test_a_gateway_is_added_tried_paused_removed_and_taken_back(running: Panel, peer: Peer) -> None:
    async with Visitor(running, "pavel") as pavel:
        assert (await pavel.get("/settings/sms")).says("Through a gateway SMS go out")
        await _added(running, pavel, described(peer))
        choice = running.services.gateways.choose("+79355550101", purpose="service")
        assert choice is not None
        assert (choice.gateway_id, choice.sender, choice.price) == (1, "Romashka", 250)

        tried = await pavel.post("/settings/sms/1/try", number="8 935 555-01-01")
        assert tried.says("The gateway has taken the message.")
        assert peer.asked[0]["json"]["to"] == "+79355550101"
        assert (await pavel.post("/settings/sms/1/try", number="8 495 000-00-01")).status == 409, "a landline"

        moved = described(peer).replace(peer.url, "http://127.0.0.1:9")
        form = FORM | {"description": moved, "version": "1"}
        refused = await pavel.post("/settings/sms/1", **form)
        assert refused.says("Type the password again"), "a secret is not sent to another host"
        form = FORM | {"description": described(peer), "version": "1", "sender-marketing": "Promo"}
        assert (await pavel.post("/settings/sms/1", **form)).place == "/settings/sms/1?said=saved"
        assert (await pavel.post("/settings/sms/1", **form)).says("Somebody changed it meanwhile")
        await running.services.gateways.settled()
        choice = running.services.gateways.choose("+79355550101", purpose="marketing")
        assert choice is not None
        assert choice.sender == "Promo"

        for act, left in (("pause", None), ("resume", 1), ("remove", None), ("back", 1)):
            await pavel.post(f"/settings/sms/1/{act}")
            await running.services.gateways.settled()
            choice = running.services.gateways.choose("+79355550101", purpose="service")
            assert (choice and choice.gateway_id) == left, act
    async with Visitor(running, "vera") as vera:
        assert (await vera.get("/settings/sms")).status == 403
        assert (await vera.post("/settings/sms/1/try", number="89355550101")).status == 403


async def test_routes_are_set_in_one_table(running: Panel, peer: Peer) -> None:
    async with Visitor(running, "pavel") as pavel:
        for name in ("A", "B"):
            await _added(running, pavel, described(peer), name=name)
        rows = [("+7", "2", "1", "1", "1,90"), ("", "1", "1", "3", ""), ("", "", "1", "1", "")]
        fields = ("prefix", "gateway", "position", "share", "price")
        data = aiohttp.FormData(
            [("csrf", pavel.csrf), *((n, v) for row in rows for n, v in zip(fields, row, strict=True))]
        )
        answer = await pavel.ask("POST", "/settings/sms/routes", data=data, headers={"Origin": running.url})
        assert answer.place == "/settings/sms?said=routes"
        await running.services.gateways.settled()
        found = [running.services.gateways.choose(one, purpose="service") for one in ("+79355550101", "+375291234567")]
        assert [(one.gateway_id, one.price) for one in found if one] == [(2, 190), (1, 250)]
        bad = aiohttp.FormData([("csrf", pavel.csrf), *zip(fields, ("8495", "1", "1", "1", ""), strict=True)])
        answer = await pavel.ask("POST", "/settings/sms/routes", data=bad, headers={"Origin": running.url})
        assert answer.says("A prefix is written +7")
        assert answer.says("8495"), "what was typed is not lost"


async def test_a_wrong_description_is_told_and_kept(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel:
        for wrong, word in (
            ("{", "JSON"),
            ('{"send": {"url": "file:///etc/passwd"}, "answer": {}}', "url"),
            ('{"send": {"url": "https://a.example", "form": {"a": "{{secret}}"}}, "answer": {}}', "{{secret}}"),
            ('{"send": {"url": "https://a.example", "json": "{"}, "answer": {}}', "send.json"),
        ):
            answer = await pavel.post("/settings/sms", **FORM | {"description": wrong})
            assert answer.status == 409, wrong
            assert answer.says(word), answer.text


async def test_trouble_stands_at_the_gateway_and_is_told_to_admins_once(running: Panel, peer: Peer) -> None:
    async with Visitor(running, "pavel") as pavel:
        await _added(running, pavel, described(peer), password="wrong")
        for _ in range(2):
            tried = await pavel.post("/settings/sms/1/try", number="89355550101")
            assert tried.says("It refuses messages.")
        assert (await pavel.get("/settings/sms")).says("does not send")
    async with running.services.database.read() as conn:
        told = (await conn.execute(text("select agent_id from desktop_events where kind = 'message'"))).scalars().all()
    assert list(told) == [PAVEL]


async def test_SEC_12_what_a_gateway_tells_is_taken_from_it_alone_and_once(running: Panel, peer: Peer) -> None:
    taker, signed = Taker(), Signature(place="X-Signature", prefix="sha256=", timestamp="X-Time")
    async with Visitor(running, "pavel") as pavel:
        path = await _added(running, pavel, described(peer, signed))
    running.services.gateways.taker = taker
    body, now = b'{"id": "m-1", "state": "delivered"}', time.time()
    good = _signature(body, now)

    assert (await _tell(running, path[:-1] + ("A" if path[-1] != "A" else "B"), body, **good))[0] == 403
    assert (await _tell(running, path.replace("/1/", "/2/"), body, **good))[0] == 403
    assert (await _tell(running, path, body))[0] == 403
    assert (await _tell(running, path, body, **_signature(body, now, "guessed")))[0] == 403
    assert (await _tell(running, path, body.replace(b"m-1", b"m-2"), **good))[0] == 403
    assert (await _tell(running, path, body, **_signature(body, now - 400)))[0] == 403
    assert taker.receipts == []

    taker.broken = True
    assert (await _tell(running, path, body, **good))[0] == 503, "it is not thanked for what is not stored"
    taker.broken = False
    assert await _tell(running, path, body, **good) == (200, "OK")
    assert await _tell(running, path, body, **good) == (200, "OK"), "a replay is thanked"
    assert [(one.far_id, one.state) for one in taker.receipts] == [("m-1", "delivered")], "and counts once"

    text = b'{"id": "i-1", "from": "+79355550101", "to": "74950000001", "text": "STOP"}'
    assert await _tell(running, path, text, **_signature(text, now)) == (200, "OK")
    assert [(one.number, one.text, one.key) for one in taker.texts] == [("+79355550101", "STOP", "i-1")]
    for strange in (b"{", b"[]", b"null", b'{"id": 7, "state": "lost"}', b'{"text": {"a": 1}}', b"\xff\xfe"):
        assert (await _tell(running, path, strange, **_signature(strange, now)))[0] in (200, 400)
    assert len(taker.receipts) == len(taker.texts) == 1
    figures = running.services.metrics.page().decode()
    assert 'trubka_sms_callbacks_total{outcome="forged"} 5.0' in figures


async def test_SEC_12_ten_megabytes_are_not_read(running: Panel, peer: Peer) -> None:
    async with Visitor(running, "pavel") as pavel:
        path = await _added(running, pavel, described(peer))
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10485760\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(5):
        assert b" 413 " in await reader.readline(), "it is refused before a byte of it came"
    writer.close()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 65536

    try:
        async with aiohttp.request("POST", running.url + path, data=pieces()) as answer:
            assert answer.status == 413
    except aiohttp.ClientError:
        pass  # the link was closed under what was still being sent


async def test_receipts_of_sms_ru_come_several_at_once(running: Panel) -> None:
    taker = Taker()
    async with Visitor(running, "pavel") as pavel:
        form = {name: value for name, value in FORM.items() if name != "kind"} | {"kind": "smsru", "password": KEY}
        place = (await pavel.post("/settings/sms", **form)).place
        found = re.search(r'value="http://[^"/]+(/sms/callback/[^"]+)"', (await pavel.get(place)).text)
        assert found
    running.services.gateways.taker = taker
    fields = aiohttp.FormData([("data[0]", "sms_status\n0-1\n103\n1767225600"), ("data[1]", "sms_status\n0-2\n104\n1")])
    async with aiohttp.request("POST", running.url + found[1], data=fields) as answer:
        assert (answer.status, await answer.text()) == (200, "100")
    assert [(one.far_id, one.state) for one in taker.receipts] == [("0-1", "delivered"), ("0-2", "expired")]


async def test_SEC_32_no_secret_of_a_gateway_stands_anywhere(
    running: Panel, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Visitor(running, "pavel") as pavel:
        with structlog.testing.capture_logs() as logged:
            path = await _added(running, pavel, described(peer))
            token = path.rsplit("/", 1)[1]
            peer.judge = lambda asked: {"error": f"who is {KEY}?"}
            pages = [(await pavel.post("/settings/sms/1/try", number="89355550101")).text]
            await _tell(running, path, b'{"id": "m-1", "state": "delivered"}')
            pages += [(await pavel.get(one)).text for one in ("/settings/sms", "/settings/sms/1", "/settings/journal")]
        told = "".join(pages) + caplog.text + json.dumps(logged, default=str)
        assert KEY not in told
        assert SIGNING not in told
        assert token not in caplog.text + json.dumps(logged, default=str)
        assert "9355550101" not in caplog.text + json.dumps(logged, default=str)
    async with running.services.database.read() as conn:
        row = (await conn.execute(text("select given, secret, trouble from sms_gateways"))).one()
        stored = " ".join(str(one) for one in row)
        await gateways.get(conn, 1)
    for secret in (KEY, SIGNING, token):
        assert secret not in stored


async def test_a_line_that_falls_stops_no_other(running: Panel, peer: Peer) -> None:
    async with Visitor(running, "pavel") as pavel:
        for name in ("A", "B"):
            await _added(running, pavel, described(peer), name=name)
        async with running.services.database.write() as conn:
            await conn.execute(text("update sms_gateways set given = '{\"no\": 1}' where id = 1"))
        running.services.gateways.changed(1)
        await running.services.gateways.settled()
        await until(lambda: running.services.gateways.line(1) is None, why="the row means nothing")
        choice = running.services.gateways.choose("+79355550101", purpose="service")
        assert choice is not None
        assert choice.gateway_id == 2
        assert (await pavel.post("/settings/sms/2/try", number="89355550101")).says("has taken the message")
        assert (await pavel.get("/settings/sms")).status == 200


async def test_programs_set_gateways_and_routes_and_never_read_a_secret(running: Panel, peer: Peer) -> None:
    async with Browser(running, "pavel") as pavel, Browser(running, "anna") as anna:
        body = {
            "kind": "smpp",
            "name": "Operator",
            "given": {"host": "smpp.example", "system_id": "me"},
            "password": KEY,
        }
        assert (await anna.ask("POST", "/sms/gateways", body))[0] == 403
        assert await pavel.ask("POST", "/sms/gateways", body) == (201, {"id": 1})
        assert (await pavel.ask("POST", "/sms/gateways", body))[0] == 409, "the name is taken"
        status, (one,) = await pavel.ask("GET", "/sms/gateways")
        assert (status, one["given"]["port"], one["opened"]) == (200, 2775, True)
        assert KEY not in json.dumps(one)
        given = {"host": "other.example", "system_id": "me"}
        moved = body | {"given": given, "password": "", "version": 1}
        assert (await pavel.ask("PUT", "/sms/gateways/1", moved))[0] == 409, "a secret goes to no other host"
        assert (await pavel.ask("PUT", "/sms/gateways/1", moved | {"password": "another"}))[0] == 200
        assert (await pavel.ask("PUT", "/sms/gateways/1/paused", {"paused": True}))[0] == 200
        assert (await pavel.ask("GET", "/sms/gateways"))[1][0]["health"] == "paused"
        routes = [{"prefix": "+7", "gateway_id": 1, "position": 2, "share": 1, "price": 190}]
        assert (await pavel.ask("PUT", "/sms/routes", {"routes": routes}))[0] == 200
        assert (await pavel.ask("GET", "/sms/routes"))[1] == routes
        assert (await pavel.ask("PUT", "/sms/routes", {"routes": routes * 2}))[0] == 409
        assert (await pavel.ask("PUT", "/sms/routes", {"routes": [routes[0] | {"gateway_id": 9}]}))[0] == 409
        assert (await pavel.ask("DELETE", "/sms/gateways/1"))[0] == 200
        assert (await pavel.ask("GET", "/sms/gateways"))[1] == []


async def test_a_message_goes_by_the_first_that_takes_it_and_its_receipt_comes_back(running: Panel, peer: Peer) -> None:
    """Fail-over: the first gateway has no money; the second takes it, and tells of it later, twice."""
    async with Visitor(running, "pavel") as pavel, web_peer(lambda asked: {"error": "no money"}) as poor:
        await _added(running, pavel, described(poor), name="A")
        path = await _added(running, pavel, described(peer), name="B")
        async with running.services.database.write() as conn:
            values = {"key": "rule:1", "number": "+79355550101", "text": "Ждём вас", "purpose": "service"}
            sms_id = await sms.add(conn, values, time.time())
        async with Browser(running, "pavel") as program:  # a person's own goes in ten seconds, and wakes the queue
            body = {"number": "+79355550102", "text": "Ждём вас", "key": "a-key-of-a-program"}
            assert (await program.ask("POST", "/sms", body))[0] == 201

        async def state() -> tuple[str, int | None]:
            async with running.services.database.read() as conn:
                asked = text("select state, gateway_id from sms where id = :id")
                row = (await conn.execute(asked, {"id": sms_id})).one()
            return row[0], row[1]

        await _becomes(state, ("accepted", 2))
        for _ in range(2):
            assert (await _tell(running, path, b'{"id": "m-1", "state": "delivered"}'))[0] == 200
        await _becomes(state, ("delivered", 2))
    assert len(poor.asked) == len(peer.asked) == 1
    assert poor.asked[0]["json"]["id"] == peer.asked[0]["json"]["id"] == "rule:1", "it is one message to both"


async def _becomes(state: Callable[[], Awaitable[tuple[str, int | None]]], wanted: tuple[str, int | None]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := await state()) != wanted:
        assert time.monotonic() < deadline, f"{found}, and not {wanted}"
        await asyncio.sleep(0.02)
