"""What must hold when parts fail: kill -9, a cut AMI link, a PBX that is away, a locked and a full disk."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.free_ports import free_port
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.proxy import LateClock, Proxy
from tests.e2e.server import Desk, Server, quickest, until

pytestmark = pytest.mark.lab
CLARA = "74950000002"
NUMBER, RAW = "+79355550419", "79355550419"
RECOVERED_S = 5.0
AHEAD = r'trubka_pbx_clock_ahead_seconds\{pbx="main"\} (\S+)'


@pytest.fixture
async def cut(pbx: Pbx) -> AsyncIterator[Proxy]:
    """A wire to the PBX that can be cut, silenced and mended."""
    async with Proxy(pbx.ports.ami) as proxy:
        yield proxy


def own_server(folder: Path, pbx: Pbx, **more: str) -> Server:
    return Server(folder, {**pbx.settings(), **more}).prepare()


async def row_of(desk: Desk, call: str) -> dict:  # type: ignore[type-arg]
    return await desk.api("GET", f"/calls/{call}", status=200)


async def test_F_05_kill_9_during_a_call_leaves_one_row_and_the_note(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=100)
    with own_server(folder, pbx) as server:
        async with Desk(server, "clara") as clara:
            client = await street.call(CLARA, caller=RAW)
            pop = await clara.pop(NUMBER)
            call = pop["call"]["id"]
            await clara.call_is("talking", call)
            await clara.api("PUT", f"/calls/{call}/note", {"text": "до падения"}, status=200)
            await street.do(server.kill)
        server.start()
        async with Desk(server, "clara") as clara:
            state = await until(lambda: next(iter(clara.all("snapshot")), None), why="a snapshot")
            await until(
                lambda: (
                    any(v["id"] == call for v in state["calls"]) or [v for v in clara.all("call") if v["id"] == call]
                ),
                within_s=RECOVERED_S * 3,
                why="the call is seen again under its id",
            )
            assert [p for p in clara.all("screen_pop") if p["call"]["id"] == call and not p["missed"]] in (
                [],
                [p for p in clara.all("screen_pop")][:1],
            )
            await street.do(client.hang_up)
            await until(lambda: _over(clara, call), why="the journal closes the call")
            row = await row_of(clara, call)
            assert row["outcome"] == "answered"
            assert [note["text"] for note in row["notes"]] == ["до падения"]
            page = await clara.api("GET", f"/calls?number=%2B{RAW}", status=200)
            assert len(page["rows"]) == 1


async def _over(desk: Desk, call: str) -> bool:
    found = await desk.api("GET", f"/calls/{call}")
    return not found.get("open", True)  # one that is not in the journal yet is not over


async def test_F_01_the_link_cut_in_a_call_recovers_and_nothing_is_invented(
    pbx: Pbx, street: Street, folder: Path, cut: Proxy
) -> None:
    await street.phone("103", ring_ms=100)
    with own_server(folder, pbx, CTI_PBX__MAIN__PORT=str(cut.port)) as server:
        async with Desk(server, "clara") as clara:
            client = await street.call(CLARA, caller=RAW)
            pop = await clara.pop(NUMBER)
            call = pop["call"]["id"]
            await clara.call_is("talking", call)
            await cut.drop()
            await until(lambda: [v for v in clara.all("link") if v["state"] == "down"], why="the bar says so")
            began = time.monotonic()
            await until(
                lambda: clara.all("link")[-1]["state"] == "up", within_s=RECOVERED_S * 3, why="the link is back"
            )
            assert time.monotonic() - began < RECOVERED_S * 3
            await street.do(client.hang_up)
            await clara.call_is("ended", call)
            await until(lambda: _over(clara, call), why="the journal closes the call")
            assert (await row_of(clara, call))["outcome"] == "answered"
            assert len([p for p in clara.all("screen_pop") if p["call"]["id"] == call]) == 1


async def test_F_01_a_call_that_ended_unseen_has_no_invented_end(
    pbx: Pbx, street: Street, folder: Path, cut: Proxy
) -> None:
    await street.phone("103", ring_ms=100)
    with own_server(folder, pbx, CTI_PBX__MAIN__PORT=str(cut.port)) as server:
        async with Desk(server, "clara") as clara:
            client = await street.call(CLARA, caller=RAW)
            call = (await clara.pop(NUMBER))["call"]["id"]
            await clara.call_is("talking", call)
            cut.refuse = True
            await cut.drop()
            await until(lambda: [v for v in clara.all("link") if v["state"] == "down"], why="the bar says so")
            await street.do(client.hang_up)
            await street.do(pbx.wait_quiet)
            cut.refuse = False
            await until(lambda: _over(clara, call), within_s=60, why="the journal closes the call")
            row = await row_of(clara, call)
            assert (row["outcome"], row["reason"], row["ended_at"]) == ("unfinished", "gap", None)


async def test_a_dead_pbx_at_start_stops_nothing_and_dialling_says_so(folder: Path) -> None:
    settings = {"CTI_PBX__MAIN__PORT": str(free_port()), "CTI_PBX__MAIN__SECRET": "x"}
    with Server(folder, settings).prepare() as server:
        async with Desk(server, "anna") as anna:
            await until(lambda: anna.all("snapshot"), why="a snapshot")

            async def refused() -> None:
                answer = await anna.api("POST", "/calls", {"to": "+79355550101", "request_id": "abcdefgh1"})
                assert answer["type"].endswith("pbx-down")

            assert await quickest(refused) < 1.0
            assert (await anna.api("GET", "/clients?q=алх", status=200))["rows"][0]["name"] == "Алхимов"


async def test_F_17_the_clock_of_the_pbx_is_off_and_times_are_ours(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=300)
    async with LateClock(pbx.ports.ami, 90.0) as wire:
        with own_server(folder, pbx, CTI_PBX__MAIN__PORT=str(wire.port)) as server:
            async with Desk(server, "clara") as clara:
                began = time.time()
                client = await street.call(CLARA, caller=RAW)
                pop = await clara.pop(NUMBER)
                view = await clara.call_is("talking", pop["call"]["id"])
                await street.do(client.hang_up)
                await clara.call_is("ended", pop["call"]["id"])
                row = await until(lambda: _row(clara, pop["call"]["id"]), why="the journal has the call")
                ours = (pop["call"]["started"], view["since"], row["started_at"], row["answered_at"], row["ended_at"])
                assert all(began - 0.6 < at < time.time() + 0.6 for at in ours), [at - began for at in ours]
                assert row["started_at"] <= row["answered_at"] <= row["ended_at"]
                assert 0 <= time.time() - pop["received_at"] < 10, "latency is counted by our clock"

                async def measured() -> bool:
                    shown = re.search(AHEAD, await clara.text("/metrics"))
                    return bool(shown) and float(shown[1]) == pytest.approx(90, abs=0.2)

                await until(measured, why="a Ping that is answered at once has told how far")
        assert server.log.read_text().count("the clock of the PBX differs from ours") == 1


async def test_F_07_a_locked_base_delays_no_card_and_loses_no_call(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=300)
    with own_server(folder, pbx, CTI_STORAGE__BUSY_TIMEOUT_MS="300") as server:
        async with Desk(server, "clara") as clara:
            lock = await asyncio.to_thread(_lock, folder / "trubka.db")
            client = await street.call(CLARA, caller=RAW)
            pop = await clara.pop(NUMBER)
            await clara.call_is("talking", pop["call"]["id"])
            await until(lambda: [v for v in clara.all("link") if v["storage"] == "late"], why="the bar says late")
            await street.do(client.hang_up)
            await clara.call_is("ended", pop["call"]["id"])
            await asyncio.to_thread(lock.close)
            row = await until(lambda: _row(clara, pop["call"]["id"]), why="the call is written after all")
            assert row["outcome"] == "answered"
            await until(lambda: clara.all("link")[-1]["storage"] == "ok", why="the bar goes")


def _lock(file: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    conn.execute("BEGIN IMMEDIATE")
    return conn


async def _row(desk: Desk, call: str) -> dict | None:  # type: ignore[type-arg]
    answer = await desk.api("GET", f"/calls/{call}")
    return answer if answer.get("outcome") else None


async def test_F_12_what_a_browser_missed_comes_back_in_order_and_once(pbx: Pbx, street: Street, folder: Path) -> None:
    phone = await street.phone("103")
    with own_server(folder, pbx) as server:
        async with Desk(server, "clara") as clara:
            first = await street.call(CLARA, caller=RAW)
            seen = (await clara.pop(NUMBER))["seq"]
            await street.do(phone.wait, "ringing")
            await street.do(first.hang_up)
            await street.do(phone.wait, "idle")
            await clara.wire.disconnect()
            for number in ("79355550377", "79355550101"):
                client = await street.call(CLARA, caller=number)
                await street.do(phone.wait, "ringing")
                await street.do(client.hang_up)
                await street.do(phone.wait, "idle")
            clara.told.clear()
            await clara.connect(last_seq=seen)
            await until(lambda: len(clara.all("screen_pop")) == 2, why="two missed cards")
            pops = clara.all("screen_pop")
            assert [p["seq"] for p in pops] == [seen + 1, seen + 2]
            await until(lambda: clara.all("snapshot"), why="a snapshot after them")


async def test_F_06_a_gentle_stop_is_quick_and_keeps_everything(pbx: Pbx, street: Street, folder: Path) -> None:
    await street.phone("103", ring_ms=100)
    server = own_server(folder, pbx).start()
    async with Desk(server, "clara") as clara:
        client = await street.call(CLARA, caller=RAW)
        call = (await clara.pop(NUMBER))["call"]["id"]
        await clara.call_is("talking", call)
        began = time.monotonic()
        assert await street.do(server.stop) == 0
        assert time.monotonic() - began < 10
    await street.do(client.hang_up)
    with sqlite3.connect(folder / "trubka.db") as conn:
        rows = conn.execute("SELECT answered_at IS NOT NULL FROM calls WHERE id = ?", (call,)).fetchall()
    conn.close()
    assert rows == [(1,)]


async def test_SEC_32_no_secret_and_no_number_in_the_log(server: Server, pbx: Pbx) -> None:
    log = server.log.read_text(errors="replace")
    assert pbx.secret_file.read_text().strip() not in log
    for number in ("9355550101", "9355550419", "9355550210"):
        assert number not in log
