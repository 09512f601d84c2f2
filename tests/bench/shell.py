"""The shell page in headless Chromium: how soon it is painted, and whether it stalls while one more call rings.

By real calls through the lab's Asterisk to a phone in the browser: OPEN of them ring, each with its
card, then one more.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
import tempfile
from pathlib import Path

from lab.pbx import Pbx
from tests.bench import SHORT, report
from tests.e2e.server import Server
from tests.phone.booth import Booth, Office, chromium
from web.render import VENDOR

OPEN = 3 if SHORT else 20
ROUNDS = 1 if SHORT else 5
CLARA, CLARAS = "74950000002", "PJSIP/103-web"
WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
  }).observe({ type: "longtask", buffered: false });
}"""
PAINTED = 'performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0'
MADE = 'performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd'


def main() -> None:
    report("script of a page with a phone, packed", script_size()[0] / 1024, "KB", limit="< 200")
    folder = Path(tempfile.mkdtemp(prefix="trubka-shell-"))
    try:
        with Pbx(folder / "pbx") as pbx:
            data = folder / "data"
            data.mkdir()
            with Server(data, pbx.settings()).prepare() as server:
                asyncio.run(_look(server, pbx))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def script_size() -> tuple[float, set[str]]:
    """Bytes of script, packed, that a page with a phone loads, and its files."""
    wanted, seen = ["app.js", *(file.name for file in VENDOR.glob("phone-*.js"))], set[str]()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            wanted += re.findall(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""", (VENDOR / name).read_text())
    return float(sum(len(gzip.compress((VENDOR / name).read_bytes())) for name in seen)), seen


async def _look(server: Server, pbx: Pbx) -> None:
    async with chromium() as browser:
        office = Office(pbx, server, browser)
        try:
            clara = await office.booth("clara", CLARAS)
            await _paints(clara)
            await _rings(office, clara)
        finally:
            await office.clear()


async def _paints(clara: Booth) -> None:
    """As the person comes back to the page: her browser has the scripts already."""
    painted, made = [], []
    for _ in range(ROUNDS):
        await clara.page.reload()
        await clara.page.wait_for_selector("html[data-live=yes]")
        painted.append(float(await clara.page.evaluate(PAINTED)))
        made.append(float(await clara.page.evaluate(MADE)))
    report("shell page, first useful paint", max(painted), "ms", limit="< 1000")
    report("shell page, ready for keys", max(made), "ms")


async def _rings(office: Office, clara: Booth) -> None:
    for turn in range(OPEN):
        await office.client(CLARA, f"7935555{turn:04d}", echo=False)
    cards = clara.page.locator("#rings .bell")
    await cards.nth(OPEN - 1).wait_for(state="attached", timeout=30_000)
    await clara.page.evaluate(WATCH)
    await office.client(CLARA, "79355550101", echo=False)
    await cards.nth(OPEN).wait_for(state="attached", timeout=30_000)
    await asyncio.sleep(1.0 if SHORT else 5.0)  # it goes on ringing, its timers run
    longest = float(await clara.page.evaluate("window.longest"))
    report(f"longest task while a call rings beside {OPEN} cards", max(longest, 1.0), "ms", limit="<= 100")


if __name__ == "__main__":
    main()
