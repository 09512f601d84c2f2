"""Agents whose phone is their browser, and what the PBX itself counts of their conversations."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Dialog, Page, async_playwright, expect

from lab.callers import Caller, call
from lab.pbx import Pbx
from tests.browser.stage import CHROMIUM, FLAGS
from tests.e2e.server import PASSWORD, Server, until

FAKE_PROMPT, FAKE_DEVICE = "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"
QUIET = ("Failed to load resource", "WebSocket connection to")  # what a browser says of a server that is away


@asynccontextmanager
async def chromium(
    *more: str, media: tuple[str, ...] = (FAKE_PROMPT, FAKE_DEVICE), program: str | None = CHROMIUM
) -> AsyncIterator[Browser]:
    """A browser with a microphone that beeps, given without a question. program: how it is started."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *media, *more])
        yield browser
        await browser.close()


@dataclass
class Booth:
    """One agent's browser: a page or several, signed in once."""

    pbx: Pbx
    server: Server
    context: BrowserContext
    page: Page
    device: str = ""
    trouble: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # kinds of dialogs that were accepted

    async def tab(self) -> Page:
        """One more page of the same browser."""
        page = await self.context.new_page()
        self.watch(page)
        await page.goto(self.server.url)
        await page.wait_for_selector("html[data-live=yes]")
        return page

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", self.accept)
        page.on("console", lambda said: said.type == "error" and self.trouble.append(said.text))

    async def accept(self, dialog: Dialog) -> None:
        self.asked.append(dialog.type)
        await dialog.accept()

    async def be_rung_at(self, device: str) -> None:
        """Choose the phone, once it is on the PBX: this page's, not one that a page before has left there."""
        self.device = device
        choice = self.page.locator(f'.phones-own input[value="{device}"]')
        await choice.check()
        await expect(choice).to_be_enabled()  # the PBX has been told: calls ring there from now on
        await expect(self.page.locator(f'.phones-own li[data-device="idle"] input[value="{device}"]')).to_be_checked()
        await self.page.wait_for_selector("html[data-line=registered]")
        await until(lambda: asyncio.to_thread(self.pbx.registered, device.partition("/")[2]), why="registered")

    async def is_(self, state: str, page: Page | None = None) -> None:
        """Wait for the state of the phone in the dock: idle, ringing, dialling, talking, held."""
        await expect((page or self.page).locator("#phone")).to_have_attribute("data-state", state)

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def packets(self) -> tuple[int, int]:
        """What Asterisk has received from this browser and sent to it."""
        shown = await asyncio.to_thread(self.pbx.console, "pjsip show channelstats")
        name = re.escape(self.device.partition("/")[2])
        rows = re.findall(rf"{name}-[0-9a-f]+\s+\S+\s+\S+\s+(\d+)\s+\d+\s+\d+\s+\S+\s+(\d+)", shown)
        return sum(int(received) for received, _ in rows), sum(int(sent) for _, sent in rows)

    async def voice_flows(self, *, both: bool = True) -> None:
        """Wait until packets are counted anew, both ways or at least from here; those of a new leg start at none."""
        received, sent = await self.packets()

        async def more() -> bool:
            nonlocal received, sent
            now = await self.packets()
            received, sent = min(received, now[0]), min(sent, now[1])
            return now[0] > received + 20 and (not both or now[1] > sent + 20)

        await until(more, why=f"voice of {self.device} flows")

    def faults(self) -> list[str]:
        """What the console complained of, a server that is away apart."""
        return [text for text in self.trouble if not text.startswith(QUIET)]


class Office:
    """Booths and clients around one PBX and server; what is left of them ends with the test."""

    def __init__(self, pbx: Pbx, server: Server, browser: Browser) -> None:
        self.pbx, self.server, self.browser = pbx, server, browser
        self.booths: list[Booth] = []
        self.callers: list[Caller] = []

    async def booth(
        self, login: str, device: str, *, url: str = "", browser: Browser | None = None, **look: Any
    ) -> Booth:
        """An agent at his desk, rung in his browser."""
        page = await self.visit(login, url or self.server.url, browser=browser, **look)
        one = self.booths[-1]
        assert one.page is page
        await one.be_rung_at(device)
        return one

    async def visit(self, login: str, url: str, *, browser: Browser | None = None, **look: Any) -> Page:
        """Somebody signed in, by whatever name of the server."""
        look = {"viewport": {"width": 1366, "height": 768}, **look}
        context = await (browser or self.browser).new_context(**look)
        one = Booth(self.pbx, self.server, context, await context.new_page())
        self.booths.append(one)
        one.watch(one.page)
        await one.page.goto(url + "/sign-in")
        await one.page.fill("[name=login]", login)
        await one.page.fill("[name=password]", PASSWORD)
        await one.page.keyboard.press("Enter")
        await one.page.wait_for_selector("html[data-live=yes]")
        return one.page

    async def client(self, did: str, caller: str = "79355550101", *, echo: bool = True) -> Caller:
        """A client calls."""
        one = await asyncio.to_thread(lambda: call(did, self.pbx.ports.sip, caller=caller, echo=echo))
        self.callers.append(one)
        return one

    async def clear(self) -> None:
        """Everybody goes home; clients first, for a browser may be gone already."""
        for caller in self.callers:
            await asyncio.to_thread(caller.__exit__, None, None, None)
        for booth in self.booths:
            await booth.context.close()
        await asyncio.to_thread(self.pbx.hang_up_all)
        self.booths, self.callers = [], []

    async def rings(self) -> None:
        """A phone rings, as the PBX sees it."""

        async def told() -> bool:
            return "!Ringing!" in await self.channels()

        await until(told, why="the PBX has it that a phone rings")

    async def is_out(self, device: str) -> None:
        """A phone is in no call any more, as the PBX sees it."""

        async def told() -> bool:
            return device not in await self.channels()

        await until(told, why=f"{device} is out of the call")

    async def channels(self) -> str:
        """The PBX's own list."""
        return await asyncio.to_thread(self.pbx.console, "core show channels concise")
