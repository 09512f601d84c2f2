"""The live wire against tabs that freeze, strangers, other sites and floods."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from engineio import async_socket, base_socket
from socketio.exceptions import ConnectionError as SocketError

from cti.desktop import CallView
from tests.web.panel import ANNA, Browser, Panel, Wire, opened, panel, until
from web.live import Live
from web.live_outbox import PACKETS, Outbox

QUERY = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


class Raw:
    """A websocket spoken by hand, its kernel buffer small: what it does not read waits at the server."""

    def __init__(self, panel: Panel, **headers: str) -> None:
        self._panel, self._headers = panel, headers

    async def __aenter__(self) -> Raw:
        def small(addr: tuple[int, int, int, str, tuple[str, int]]) -> socket.socket:
            made = socket.socket(addr[0], addr[1], addr[2])
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            return made

        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=small))
        try:
            self.ws = await self.http.ws_connect(self._panel.url + QUERY, headers=self._headers, max_msg_size=0)
        except aiohttp.WSServerHandshakeError:
            await self.http.close()
            raise
        opening = await self.ws.receive_str()
        assert opening.startswith("0"), opening
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.ws._response.close()  # at once: a frozen one would never answer a goodbye
        await self.http.close()

    async def sign_in(self, token: str) -> None:
        await self.ws.send_str("40" + json.dumps({"token": token}))
        while not (await self.ws.receive_str()).startswith("40"):
            pass

    async def go_live(self) -> None:
        await self.ws.send_str('421["resume",{}]')
        while not (await self.ws.receive_str()).startswith("431"):
            pass

    def freeze(self) -> None:
        """Read nothing more, as a tab that sleeps."""
        response = self.ws._response
        assert response.connection is not None
        assert response.connection.transport is not None
        response.connection.transport.pause_reading()  # type: ignore[attr-defined]


def sockets(live: Live) -> int:
    return len(live._io.eio.sockets)


def resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4


async def test_T_S2_frozen_tab_is_cut_at_the_limit_and_its_memory_is_free(desk: Panel) -> None:
    view = CallView(id="c1", state="talking", name="x" * 2000)
    token = await desk.token("anna")
    frozen = [Raw(desk) for _ in range(20)]
    for raw in frozen:
        await raw.__aenter__()
        await raw.sign_in(token)
        await raw.go_live()
        raw.freeze()
    gc.collect()
    before, told, most = resident_kib(), 0, 0
    while desk.live.online(ANNA) and told < 20_000:
        await desk.live.call(ANNA, view)
        told += 1
        most = max(most, *(one.queue.qsize() for one in desk.live._io.eio.sockets.values()), 0)
        await asyncio.sleep(0)
    assert told < 20_000, "nobody was cut"
    assert most <= PACKETS + 5
    await until(lambda: sockets(desk.live) == 0, why="all sockets are gone")
    outboxes = [one for one in gc.get_objects() if isinstance(one, Outbox)]
    assert sum(one.size_chars for one in outboxes) == 0
    assert not [task for task in asyncio.all_tasks() if "writer" in repr(task.get_coro())]
    gc.collect()
    grown = resident_kib() - before
    assert grown < 20 * 1024, f"{grown} KiB after {told} events to 20 frozen tabs"
    for raw in frozen:
        await raw.__aexit__()


async def test_T_S2_other_tabs_of_the_agent_do_not_wait_for_the_frozen_one(desk: Panel) -> None:
    token = await desk.token("anna")
    awake = await opened(desk, "anna")
    async with Raw(desk) as raw:
        await raw.sign_in(token)
        await raw.go_live()
        raw.freeze()
        took = []
        for _ in range(3000):
            started = time.perf_counter()
            await desk.live.call(ANNA, CallView(id="c1", state="talking", name="x" * 2000))
            took.append(time.perf_counter() - started)
            await asyncio.sleep(0)
        await until(lambda: sockets(desk.live) == 1, why="the frozen tab is cut")
        await desk.pop(ANNA)
        await awake.hears(1)
    assert sorted(took)[-5] < 0.25, "a machine may stand still once or twice, a tab is waited for again and again"
    await awake.close()


async def test_F_13_tab_that_answers_no_ping_is_cut_whatever_its_kernel_says(tmp_path: Path) -> None:
    async with panel(tmp_path, live={"ping_s": 0.3, "pong_s": 1.5}) as desk:
        token = await desk.token("anna")
        async with Raw(desk) as raw:
            await raw.sign_in(token)
            raw.freeze()
            await until(lambda: not desk.live.online(ANNA), why="the tab counts as gone")
            await until(lambda: sockets(desk.live) == 0, why="its socket is gone")


async def test_F_16_T_S10_clock_that_jumps_cuts_nobody_who_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Jumping:
        """engineio's `time`, an hour off."""

        offset = 0.0

        @classmethod
        def time(cls) -> float:
            return time.time() + cls.offset

    for module in (base_socket, async_socket):
        monkeypatch.setattr(module, "time", Jumping)
    async with panel(tmp_path, live={"ping_s": 0.3, "pong_s": 1.5}) as desk:
        wires = [await opened(desk, "anna") for _ in range(20)]
        for offset in (3600.0, -3600.0):
            Jumping.offset = offset
            await asyncio.sleep(1)  # pings go out and come back under the new time
            assert sum(not wire.closed.is_set() for wire in wires) >= 19  # at most one had a ping under way
            token = await desk.token("boris")
            async with Raw(desk) as dead:
                await dead.sign_in(token)
                dead.freeze()
                await until(lambda: not desk.live.online(2), why="the dead one is noticed")
            assert sum(not wire.closed.is_set() for wire in wires) >= 19
        await asyncio.gather(*(wire.close() for wire in wires))


async def test_T_S3_socket_that_never_signs_in_is_closed(tmp_path: Path) -> None:
    async with panel(tmp_path, live={"connect_s": 0.5}) as desk, Raw(desk) as raw:
        started = time.monotonic()
        closed = await asyncio.wait_for(raw.ws.receive(), 5)
        assert closed.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)
        assert time.monotonic() - started < 3
        await until(lambda: sockets(desk.live) == 0, why="nothing is left of it")


async def test_T_S3_refused_or_signed_out_socket_is_a_stranger_again(tmp_path: Path) -> None:
    async with panel(tmp_path, live={"connect_s": 1.0}) as desk:
        token = await desk.token("anna")
        async with Raw(desk) as refused:
            await refused.ws.send_str('40{"token":"wrong"}')
            assert (await refused.ws.receive_str()).startswith("44")
            await asyncio.wait_for(refused.ws.receive(), 5)
        async with Raw(desk) as left:
            await left.sign_in(token)
            await left.ws.send_str("41")
            await until(lambda: not desk.live.online(ANNA), why="he left")
            await asyncio.wait_for(left.ws.receive(), 5)
        await until(lambda: sockets(desk.live) == 0, why="nothing is left of them")


async def test_T_S3_fifty_strangers_per_address_and_signed_in_people_beside_them(desk: Panel) -> None:
    token = await desk.token("anna")
    crowd = [Raw(desk) for _ in range(50)]
    for one in crowd:
        await one.__aenter__()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await Raw(desk).__aenter__()
    assert refused.value.status == 429
    await crowd[0].sign_in(token)  # one of them says who he is: there is room again
    async with Raw(desk) as late:
        await late.sign_in(token)
    for one in crowd:
        await one.__aexit__()


async def test_one_person_has_no_more_than_thirty_wires(desk: Panel) -> None:
    token = await desk.token("anna")
    wires = [await Wire(desk.url).open(token=token) for _ in range(30)]
    with pytest.raises(SocketError):
        await Wire(desk.url).open(token=token)
    wires.append(await opened(desk, "boris"))
    await asyncio.gather(*(wire.close() for wire in wires))


@pytest.mark.parametrize(
    "query",
    ["?EIO=4&transport=polling", "?EIO=4", "?EIO=3&transport=websocket", "?EIO=4&transport=polling&sid=abc"],
)
async def test_T_S4_polling_does_not_exist(desk: Panel, query: str) -> None:
    async with aiohttp.ClientSession() as http:
        for method in ("GET", "POST", "OPTIONS"):
            async with http.request(method, f"{desk.url}/socket.io/{query}") as answer:
                assert 400 <= answer.status < 500


async def test_T_S4_address_of_a_session_is_no_key_to_it(desk: Panel) -> None:
    async with Raw(desk) as raw:
        await raw.sign_in(await desk.token("anna"))
        [sid] = desk.live._io.eio.sockets
        async with aiohttp.ClientSession() as stranger:
            for transport in ("polling", "websocket"):
                url = f"{desk.url}/socket.io/?EIO=4&transport={transport}&sid={sid}"
                for method in ("GET", "POST"):
                    async with stranger.request(method, url, data="42[]" if method == "POST" else None) as answer:
                        assert 400 <= answer.status < 500
                with pytest.raises(aiohttp.WSServerHandshakeError):
                    await stranger.ws_connect(url)
        assert desk.live.online(ANNA)


def origins(own: str) -> list[str]:
    port = int(own.rsplit(":", 1)[1])
    return ["https://evil.example", "null", f"http://sub.127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", own + "/"]


async def test_T_S5_only_our_own_pages_connect_with_a_cookie(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        for origin in origins(desk.url):
            headers = {"Origin": origin, "Cookie": anna.cookie, "X-Forwarded-Host": "evil.example"}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await Raw(desk, **headers).__aenter__()
            assert refused.value.status == 403
        async with Raw(desk, Cookie=anna.cookie) as nameless:  # no Origin: not a browser, so no cookie either
            await nameless.ws.send_str("40")
            assert (await nameless.ws.receive_str()).startswith("44")
        async with Raw(desk, Origin=desk.url, Cookie=anna.cookie) as own:
            await own.ws.send_str("40")
            assert (await own.ws.receive_str()).startswith("40")


async def test_T_S5_behind_a_proxy_only_the_public_address_connects(tmp_path: Path) -> None:
    async with panel(tmp_path, public_url="https://cti.example.org") as desk:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await Raw(desk, Origin=desk.url).__aenter__()
        async with Raw(desk, Origin="https://cti.example.org"):
            pass


async def test_T_S5_a_trusted_proxy_says_which_address_is_ours(tmp_path: Path) -> None:
    proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cti.example.org"}
    async with panel(tmp_path / "a", trusted_proxies=("127.0.0.1",)) as desk:
        async with Raw(desk, Origin="https://cti.example.org", **proxied):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await Raw(desk, Origin=desk.url, **proxied).__aenter__()
    async with panel(tmp_path / "b") as desk:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await Raw(desk, Origin="https://cti.example.org", **proxied).__aenter__()


async def test_T_S6_flood_is_dropped_and_its_maker_cut(desk: Panel) -> None:
    async with Raw(desk) as raw:
        await raw.sign_in(await desk.token("anna"))
        heard = 0
        inner = desk.live._understand

        async def counted(eio_sid: str, data: str) -> None:
            nonlocal heard
            heard += 1
            await inner(eio_sid, data)

        desk.live._understand = counted
        started = time.monotonic()
        while desk.live.online(ANNA) and time.monotonic() - started < 15:
            for _ in range(200):
                if raw.ws.closed or raw.ws._writer.transport is None or raw.ws._writer.transport.is_closing():
                    break
                await raw.ws.send_str('42["resume",{"last_seq":0}]')
            await asyncio.sleep(0.05)
        took = time.monotonic() - started
    assert 4 < took < 9
    assert heard <= 20 * (took + 2)


async def test_T_S6_quick_human_is_not_a_flood(desk: Panel) -> None:
    wire = await opened(desk, "anna")
    for seq in range(15):
        await wire.io.emit("shown", {"seq": seq})
    await desk.pop(ANNA)
    await wire.hears(1)
    assert not wire.closed.is_set()
    await wire.close()


NONSENSE = [
    "42" + "[" * 30_000,
    "4" + "[" * 60_000,
    "4" + "{" * 10,
    "42[]",
    "42{}",
    "42[1]",
    '42["resume",' + "9" * 5000 + "]",
    '42["shown",{"seq":1e999}]',
    "451-",
    '451-["shown",{"_placeholder":true,"num":0}]',
    "461-0[]",
    "47",
    "4",
    "9",
    "",
    "2",
    "5",
    '42["disconnect"]',
    '42["connect",{"HTTP_COOKIE":"trubka=x"}]',
    '42["resume",1,2,3,4]',
    '42["resume"]',
    "40",
    "40/admin,",
    "42/admin,[]",
    "\ud7ff\u2028\x00",
]


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
async def test_T_S7_nonsense_ends_at_most_its_own_connection(desk: Panel, text: str) -> None:
    other = await opened(desk, "boris")
    async with Raw(desk) as raw:
        await raw.sign_in(await desk.token("anna"))
        await raw.ws.send_str(text)
        await raw.ws.send_bytes(text.encode()[:1000])
        await desk.pop(2)
        await other.hears(1)
    async with Raw(desk) as early:  # the same before he said who he is
        await early.ws.send_str(text)
    await until(lambda: sockets(desk.live) == 1, why="only Boris is left")
    await other.close()


async def test_T_S7_message_above_64_kib_closes_the_connection(desk: Panel) -> None:
    async with Raw(desk) as raw:
        await raw.sign_in(await desk.token("anna"))
        await raw.ws.send_str('42["shown","' + "x" * 70_000 + '"]')
        await until(lambda: not desk.live.online(ANNA), why="it is closed")


async def test_large_replay_waits_for_the_browser_instead_of_cutting_it(desk: Panel) -> None:
    for _ in range(60):
        await desk.store(ANNA, note="длинная заметка " * 1000)
    async with Raw(desk) as raw:
        await raw.sign_in(await desk.token("anna"))
        await raw.ws.send_str('421["resume",{"last_seq":0}]')
        seqs: list[int] = []
        while True:
            text = await asyncio.wait_for(raw.ws.receive_str(), 10)
            if text.startswith("431"):
                break
            if text.startswith("42"):
                name, body = json.loads(text[2:])
                if name == "screen_pop":
                    seqs.append(body["seq"])
        assert text == '431[{"ok":true}]'
    assert seqs == list(range(1, 61))


async def test_server_that_stops_does_not_wait_for_open_tabs(tmp_path: Path) -> None:
    async with panel(tmp_path) as desk:
        raw = Raw(desk)
        await raw.__aenter__()
        await raw.sign_in(await desk.token("anna"))
        started = time.monotonic()
    assert time.monotonic() - started < 3
    await raw.__aexit__()
