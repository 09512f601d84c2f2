"""A working day in one tab: 400 calls rung, answered and over, and what of them is still in the tab's memory."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from playwright.async_api import CDPSession

from lab.pbx import Pbx
from tests.bench import report
from tests.e2e.server import Server
from tests.phone.booth import Booth, Office, chromium

pytestmark = [pytest.mark.lab, pytest.mark.browser]
FULL = bool(os.environ.get("SOAK"))
CALLS = 400 if FULL else 8
WARM = 20 if FULL else 2  # the first calls bring code and moulds that stay
MOST_MIB = 20.0
CLARA, CLARAS = "74950000002", "PJSIP/103-web"


async def test_a_day_of_calls_leaves_little_in_the_tab(tmp_path: Path) -> None:
    with Pbx(tmp_path / "pbx") as pbx:
        settings = {**pbx.settings(), "CTI_AGENTS__WRAP_UP_S": "0"}
        with Server(tmp_path / "data", settings).prepare() as server:
            async with chromium() as browser:
                office = Office(pbx, server, browser)
                try:
                    await _day(office)
                finally:
                    await office.clear()


async def _day(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    tools = await clara.context.new_cdp_session(clara.page)
    await tools.send("Performance.enable")
    for turn in range(WARM):
        await _call(office, clara, turn)
    heap, nodes = await _held(tools)
    for turn in range(CALLS):
        await _call(office, clara, turn)
    heap_after, nodes_after = await _held(tools)
    grown = (heap_after - heap) / 2**20
    report(f"tab, {CALLS} calls: heap above the first {WARM}", max(grown, 0.001), "MiB", limit=f"< {MOST_MIB:g}")
    report(f"tab, {CALLS} calls: nodes above the first {WARM}", max(nodes_after - nodes, 0.001), "nodes")
    assert grown < MOST_MIB
    assert clara.faults() == []


async def _call(office: Office, clara: Booth, turn: int) -> None:
    number = "79355550101" if turn % 2 else f"7935556{turn:04d}"
    client = await office.client(CLARA, number, echo=False)
    await clara.is_("ringing")
    await clara.page.locator("#answer").click()
    await clara.is_("talking")
    await asyncio.to_thread(client.hang_up)
    await clara.is_("idle")
    await asyncio.to_thread(client.__exit__, None, None, None)
    office.callers.remove(client)


async def _held(tools: CDPSession) -> tuple[float, float]:
    """Bytes of the heap and nodes of the document once all garbage is gone."""
    for _ in range(3):
        await tools.send("HeapProfiler.collectGarbage")
    told = (await tools.send("Performance.getMetrics"))["metrics"]
    found = {one["name"]: float(one["value"]) for one in told}
    return found["JSHeapUsedSize"], found["Nodes"]
