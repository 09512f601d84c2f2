"""AMI byte to painted card, in headless Chromium, by real calls through the lab's Asterisk."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from pathlib import Path

from lab.callers import call
from lab.pbx import Pbx
from lab.phones import Phone
from tests.bench import SHORT, percentile, report
from tests.e2e.browser import chromium, sign_in
from tests.e2e.server import Server

CALLS = 4 if SHORT else 40


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="trubka-paint-"))
    try:
        with Pbx(folder / "pbx") as pbx, Phone("103", pbx.ports.sip) as phone:
            data = folder / "data"
            data.mkdir()
            with Server(data, pbx.settings()).prepare() as server:
                asyncio.run(_calls(server, pbx, phone))
            with sqlite3.connect(data / "trubka.db") as conn:
                rows = conn.execute("SELECT latency_ms FROM desktop_events WHERE latency_ms IS NOT NULL").fetchall()
            conn.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    painted = [row[0] for row in rows]
    report("AMI byte to painted card, p50", percentile(painted, 0.5), "ms")
    report(f"AMI byte to painted card, p95 of {len(painted)}", percentile(painted, 0.95), "ms", limit="<= 150")


async def _calls(server: Server, pbx: Pbx, phone: Phone) -> None:
    async with chromium() as browser:
        panel = await sign_in(browser, server, "clara")
        for _ in range(CALLS):
            client = await asyncio.to_thread(call, "74950000002", pbx.ports.sip, caller="79355550101")
            await panel.page.locator("#strip .bell").first.wait_for(state="visible", timeout=15_000)
            await asyncio.to_thread(client.hang_up)
            await asyncio.to_thread(client.__exit__, None, None, None)
            await asyncio.to_thread(phone.wait, "idle")
            await panel.page.locator("#strip .bell").first.wait_for(state="hidden", timeout=15_000)
