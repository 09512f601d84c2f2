"""Ctrl-K finds clients, colleagues and commands, by keyboard alone."""

from __future__ import annotations

import pytest

from tests.browser.stage import Stage, until

pytestmark = pytest.mark.browser


async def test_ctrl_k_opens_a_client_a_section_and_a_colleague(theatre: Stage) -> None:
    page = await theatre.desk("anna")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("лхим")
    first = page.locator("#palette-found li").first
    await until(lambda: _says(first, "Алхимов"), why="the client is found")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/clients/*")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Звонки")
    await until(lambda: _says(page.locator("#palette-found li[aria-selected=true]"), "Звонки"), why="the section")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/calls")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Ким")
    await until(lambda: _says(page.locator("#palette-found li").last, "Борис Ким"), why="the colleague")
    await page.keyboard.press("Escape")
    assert not await page.locator("#palette").is_visible()
    assert page.faults == []  # type: ignore[attr-defined]


async def _says(locator, text: str) -> bool:  # type: ignore[no-untyped-def]
    return await locator.count() > 0 and text in await locator.first.inner_text()
