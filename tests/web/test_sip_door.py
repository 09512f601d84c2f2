"""The door of the browser phones: who may enter, what passes, and who is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from cti.settings import PbxSettings
from cti.storage.users import DeviceDraft
from tests.telephony.test_sip import CONTACT, OWN, REGISTER, message
from tests.web.panel import ANNA, BORIS, Browser, Panel, panel, until
from web import sip_door

SECRETS = "[101-web]\ntype=auth\nusername=101-web\npassword=gz7-canary\n"
BOTH = [
    DeviceDraft(name="PJSIP/101", extension="101", chosen=True),
    DeviceDraft(name="PJSIP/101-web", extension="101", kind="browser"),
]


class PlayedPbx:
    """The PBX's WebSocket: everything it hears, and a way to say something."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.lines: list[web.WebSocketResponse] = []
        self.url = ""

    async def _line(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse(protocols=("sip",))
        await line.prepare(request)
        self.lines.append(line)
        async for said in line:
            self.heard.append(said.data)
        self.lines.remove(line)
        return line

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PlayedPbx]:
        app = web.Application()
        app.router.add_get("/ws", self._line)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/ws"  # type: ignore[union-attr]
        yield self
        await runner.cleanup()


@pytest.fixture
async def pbx() -> AsyncIterator[PlayedPbx]:
    async with PlayedPbx().open() as one:
        yield one


@pytest.fixture
async def desk(tmp_path: Path, pbx: PlayedPbx) -> AsyncIterator[Panel]:
    secrets = tmp_path / "browsers.conf"
    secrets.write_text(SECRETS)
    secrets.chmod(0o600)
    main = PbxSettings(secret="x", port=9, sip_ws=pbx.url, web_secrets_file=secrets)  # type: ignore[arg-type]
    async with panel(tmp_path, sections={"pbx": {"main": main}}) as running:
        people = running.services.people
        phones = [DeviceDraft(name="PJSIP/101", extension="101", chosen=True)]
        await people.set_devices(
            None, ANNA, [*phones, DeviceDraft(name="PJSIP/101-web", extension="101", kind="browser")]
        )
        await people.set_devices(None, BORIS, [DeviceDraft(name="PJSIP/102", extension="102")])
        yield running


@pytest.fixture
async def anna(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "anna") as one:
        yield one


async def enter(who: Browser, **headers: str) -> aiohttp.ClientWebSocketResponse:
    sent = {"Origin": who.panel.url, **headers}
    return await who.http.ws_connect(f"{who.panel.url}/sip", protocols=("sip",), headers=sent)


async def closed(line: aiohttp.ClientWebSocketResponse) -> int | None:
    """The code it is closed with."""
    async with asyncio.timeout(6):
        while (await line.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
            pass
    return line.close_code


async def test_own_words_pass_both_ways_and_a_strangers_do_not(anna: Browser, pbx: PlayedPbx) -> None:
    line = await enter(anna)
    assert line.protocol == "sip"
    own = message(REGISTER, body="", To=OWN, Contact=CONTACT)
    await line.send_str("\r\n\r\n")
    assert (await line.receive(timeout=5)).data == "\r\n"
    await line.send_str(message(From="<sip:102-web@pbx.invalid>;tag=x"))
    await line.send_str(own)
    await until(lambda: pbx.heard, why="the PBX hears it")
    assert pbx.heard == [own]
    ask = message("OPTIONS sip:101-web@a.invalid SIP/2.0", body="", From="<sip:pbx@pbx>;tag=p")
    await pbx.lines[0].send_str(ask)
    assert (await line.receive(timeout=5)).data == ask
    await line.send_str(message("INVITE sip:88091234567@pbx.invalid SIP/2.0"))
    assert (await line.receive(timeout=5)).data.startswith("SIP/2.0 403 Forbidden")
    await line.send_str(message("INVITE sip:79355550101@pbx.invalid SIP/2.0"))
    await until(lambda: len(pbx.heard) == 2, why="a number that may be dialled passes")


async def test_SEC_33_only_a_page_of_a_person_with_a_browser_phone_enters(desk: Panel, anna: Browser) -> None:
    async def refused(http: aiohttp.ClientSession, **headers: str) -> int:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await http.ws_connect(f"{desk.url}/sip", protocols=("sip",), headers=headers)
        return error.value.status

    assert await refused(anna.http, Origin="https://evil.example") == 403
    assert await refused(anna.http) == 403
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as stranger:
        assert await refused(stranger, Origin=desk.url) == 200  # led to the sign-in
        token = await desk.token("anna")
        assert await refused(stranger, Origin=desk.url, Authorization=f"Bearer {token}") == 403
    async with Browser(desk, "boris") as boris:
        assert await refused(boris.http, Origin=desk.url) == 409
    async with anna.http.get(f"{desk.url}/sip") as answer:
        assert answer.status == 426


async def test_SEC_33_the_password_reaches_its_owners_page_alone(desk: Panel, anna: Browser) -> None:
    status, own = await anna.ask("GET", "/phone")
    assert (status, own["browser"]["password"], own["browser"]["path"]) == (200, "gz7-canary", "/sip")
    assert [phone["name"] for phone in own["phones"] if phone["chosen"]] == ["PJSIP/101"]
    answer, _ = await anna.request("GET", "/phone")
    assert answer.headers["Cache-Control"] == "no-store"
    async with Browser(desk, "boris") as boris:
        status, his = await boris.ask("GET", "/phone")
        assert (status, his["browser"], his["code"]) == (200, None, "no-browser-phone")
    token = await desk.token("anna")
    status, by_token = await anna.ask("GET", "/phone", headers={"Authorization": f"Bearer {token}"})
    assert (status, by_token["browser"]) == (200, None)
    for page in ("/", "/profile", "/api/v1/agents", "/api/v1/openapi.json"):
        async with anna.http.get(desk.url + page) as answer:
            assert "canary" not in await answer.text()


async def test_the_last_machine_has_the_phone_and_the_one_before_is_told(anna: Browser, pbx: PlayedPbx) -> None:
    first = await enter(anna)
    second = await enter(anna)
    assert await closed(first) == sip_door.ELSEWHERE
    await second.send_str(message())
    await until(lambda: pbx.heard, why="the second one works")
    await until(lambda: len(pbx.lines) == 1, why="the first one's line to the PBX is closed")


async def test_who_is_signed_out_or_loses_the_phone_is_cut_within_5_s(desk: Panel, anna: Browser) -> None:
    line = await enter(anna)
    await desk.services.people.set_devices(None, ANNA, BOTH[:1])
    assert await closed(line) == sip_door.TAKEN
    both = [
        DeviceDraft(name="PJSIP/101", extension="101"),
        DeviceDraft(name="PJSIP/101-web", extension="101", kind="browser"),
    ]
    await desk.services.people.set_devices(None, ANNA, both)
    line = await enter(anna)
    await desk.services.people.sign_out(None, ANNA)
    assert await closed(line) == sip_door.SIGNED_OUT


async def test_floods_binaries_and_strange_messages_end_the_connection(anna: Browser, pbx: PlayedPbx) -> None:
    line = await enter(anna)
    for _ in range(sip_door.MOST_STRANGE):
        await line.send_str("nonsense")
    assert await closed(line) == sip_door.STRANGE
    line = await enter(anna)
    await line.send_bytes(b"\x00")
    assert await closed(line) == aiohttp.WSCloseCode.UNSUPPORTED_DATA
    line = await enter(anna)
    await line.send_str("x" * (sip_door.LARGEST + 1))
    assert await closed(line) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    line = await enter(anna)
    for _ in range(int(sip_door.BURST) + 30):
        await line.send_str("\r\n\r\n")
    assert await closed(line) == sip_door.FLOOD
    assert pbx.heard == []


async def test_a_pbx_without_websocket_is_said(desk: Panel, anna: Browser, pbx: PlayedPbx) -> None:
    line = await enter(anna)
    await until(lambda: pbx.lines, why="the line is up")
    await pbx.lines[0].close()
    assert await closed(line) == sip_door.NO_PBX


async def test_a_number_is_read_and_refused_as_a_click_would_be(anna: Browser) -> None:
    status, number = await anna.ask("POST", "/phone/number", {"to": "8 (935) 555-01-01"})
    assert (status, number) == (200, {"dial": "79355550101", "shown": "+7 935 555-01-01"})
    status, refusal = await anna.ask("POST", "/phone/number", {"to": "88091234567"})
    assert (status, refusal["type"]) == (409, "/problems/forbidden-number")
    status, refusal = await anna.ask("PUT", "/phone/chosen", {"device": "PJSIP/101-web"})
    assert (status, refusal["type"]) == (409, "/problems/pbx-down")
    status, refusal = await anna.ask("PUT", "/phone/chosen", {"device": "PJSIP/102"})
    assert (status, refusal["type"]) == (409, "/problems/no-device")
    status, found = await anna.ask("GET", "/phone/offers")
    assert (status, found) == (200, {"queues": [], "echo": "", "conference": False})
