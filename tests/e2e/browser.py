"""Chromium as an agent's browser: signed in on the real server, its console watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.stage import SHELL
from tests.e2e.server import DEADLINE_S, PASSWORD, Server

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The distribution's Chromium, else Playwright's own."""
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=SHELL, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


class Panel:
    """One signed-in tab. trouble: everything the console complained of (a CSP breach, an exception)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trouble: list[str] = []
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda said: self.trouble.append(said.text) if said.type == "error" else None)

    async def shows(self, selector: str, text: str) -> None:
        """Wait until something selected has the text."""
        await self.page.locator(selector, has_text=text).first.wait_for(state="visible", timeout=DEADLINE_S * 1000)

    async def gone(self, selector: str) -> None:
        """Wait until nothing selected is to be seen."""
        await self.page.locator(selector).first.wait_for(state="hidden", timeout=DEADLINE_S * 1000)


async def sign_in(browser: Browser, server: Server, login: str, *, scheme: str = "light") -> Panel:
    """A tab of its own session, at the desk, with the live wire up."""
    context = await browser.new_context(
        viewport={"width": 1366, "height": 768},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="ru-RU",
    )
    panel = Panel(await context.new_page())
    await panel.page.goto(f"{server.url}/sign-in")
    await panel.page.fill('input[name="login"]', login)
    await panel.page.fill('input[name="password"]', PASSWORD)
    await panel.page.press('input[name="password"]', "Enter")
    await panel.page.locator("#colleagues li").first.wait_for(state="visible", timeout=DEADLINE_S * 1000)
    return panel
