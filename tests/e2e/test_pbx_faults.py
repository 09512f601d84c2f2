"""What must hold when the PBX itself falls silent or starts anew with calls on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
CLARA = "74950000002"
NUMBER, RAW = "+79355550419", "79355550419"
NOTICED_S = 15.0


@pytest.fixture
async def own_pbx(tmp_path: Path) -> AsyncIterator[Pbx]:
    """A PBX that nobody else needs."""
    pbx = Pbx(tmp_path / "pbx")
    pbx.start()  # here, not in a passing thread: it would die with it
    pbx.add_members()
    yield pbx
    await asyncio.to_thread(pbx.stop)


async def test_F_02_a_silent_pbx_is_noticed_and_dialling_is_off(own_pbx: Pbx, tmp_path: Path) -> None:
    with Server(tmp_path / "data", own_pbx.settings()).prepare() as server:
        async with Desk(server, "clara") as clara:
            await until(lambda: clara.all("snapshot"), why="a snapshot")
            own_pbx.pause()
            try:
                began = time.monotonic()
                await until(
                    lambda: [v for v in clara.all("link") if v["state"] == "down"],
                    within_s=NOTICED_S * 2,
                    why="the bar says that the link is lost",
                )
                assert time.monotonic() - began < NOTICED_S * 1.2
                answer = await clara.api("POST", "/calls", {"to": "+79355550101", "request_id": "abcdefgh2"})
                assert answer["type"].endswith("pbx-down")
            finally:
                own_pbx.resume()
            await until(lambda: clara.all("link")[-1]["state"] == "up", within_s=30, why="the link is back")


async def test_F_03_a_pbx_that_starts_anew_closes_its_calls_with_that_reason(own_pbx: Pbx, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        street = Street(own_pbx, stack)
        await street.phone("103", ring_ms=100)
        with Server(tmp_path / "data", own_pbx.settings()).prepare() as server:
            async with Desk(server, "clara") as clara:
                client = await street.call(CLARA, caller=RAW)
                call = (await clara.pop(NUMBER))["call"]["id"]
                await clara.call_is("talking", call)
                await asyncio.to_thread(own_pbx.kill)
                own_pbx.start_again()
                await until(
                    lambda: [link["state"] for link in clara.all("link")][-1:] == ["up"],
                    within_s=45,
                    why="the link is back",
                )
                row = await until(lambda: _closed(clara, call), within_s=15, why="the journal closes the call")
                assert (row["outcome"], row["reason"]) == ("unfinished", "pbx-restart")
                assert not [v for v in (await clara.api("GET", "/calls", status=200))["rows"] if v["open"]]
                await asyncio.to_thread(client.__exit__, None, None, None)


async def _closed(desk: Desk, call: str) -> dict | None:  # type: ignore[type-arg]
    row = await desk.api("GET", f"/calls/{call}", status=200)
    return None if row["open"] else row
