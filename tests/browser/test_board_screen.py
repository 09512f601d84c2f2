"""A board on a screen: by its link alone, in turns, grey while the server is away, and back by itself."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from cti.board import ScreenLook
from cti.storage import users
from tests.browser.stage import Stage
from web import board_stream

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_screen_turns_by_itself_and_by_keys_and_comes_back_by_itself(
    theatre: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_stream, "CHECK_S", 0.2)
    links = theatre.parts.services.board_links
    async with theatre.db.read() as conn:
        vera = await users.by_login(conn, "vera")
    assert vera is not None
    look = ScreenLook(rotate_s=600, language="en", tiles=("queues", "agents"))
    token = await links.make(vera.person, "Hall", look, 30)
    page = await theatre.context.new_page()
    await page.goto(f"{theatre.url}/tv?language=en#{token}")
    heading, shown = page.locator("h1"), page.locator("section[data-tile]:visible")
    await expect(heading).to_have_text("Hall")
    await expect(page.locator("#board-queues > li").first).to_be_visible()
    await expect(shown).to_have_count(1)
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#board-agents tr").first).to_be_visible()
    await expect(page.locator("#board-queues")).to_be_hidden()
    await page.keyboard.press("Space")
    await expect(page.locator('[data-wall="pause"]')).to_have_attribute("aria-pressed", "true")
    assert await page.locator("#board a[href], #board [data-people], #board dialog").count() == 0

    async def away(_token: str) -> None:
        raise ConnectionError("away")

    with monkeypatch.context() as broken:
        broken.setattr(links, "open", away)
        await expect(page.locator("#screen-lost")).to_contain_text("No connection to the server")
        await expect(page.locator("#board-agents tr").first).to_have_attribute("data-age", "stale")
    await expect(page.locator("#screen-lost")).to_be_hidden()
    await links.revoke(vera.person, 1)
    await expect(page.locator("#screen-lost")).to_contain_text("This link opens no board")
