"""Keys of one's own: set in the list, kept on the server, told where taken, off in fields, and back as usual."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.browser


async def opened(page: Page) -> None:
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()


async def test_a_key_is_another_one_until_it_is_as_usual_again(theatre: Stage) -> None:
    page = await theatre.desk("anna")
    await opened(page)
    row = page.locator('#keys [data-action="dial"]')
    await expect(row).to_have_text("PНабрать номер")
    await row.click()
    await page.keyboard.press("m")
    await expect(page.locator("#keys-fault")).to_contain_text("Выключить микрофон")
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys")).to_be_visible()
    await row.click()
    async with page.expect_response("**/api/v1/me/keys") as kept:
        await page.keyboard.press("F4")
    assert (await kept.value).ok
    await expect(row).to_have_text("F4Набрать номер")
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await expect(page.locator("#dial-to")).not_to_be_focused()
    await page.keyboard.press("F4")
    await expect(page.locator("#dial-to")).to_be_focused()
    await page.keyboard.type("yq")
    await expect(page.locator("#dial-to")).to_have_value("yq")
    await page.reload()
    await page.wait_for_selector("html[data-live=yes]")
    await page.keyboard.press("F4")
    await expect(page.locator("#dial-to")).to_be_focused()
    await page.keyboard.press("Escape")
    await opened(page)
    async with page.expect_response("**/api/v1/me/keys"):
        await page.locator("#keys-usual").click()
    await expect(row).to_contain_text("P")
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await expect(page.locator("#dial-to")).to_be_focused()
    assert page.faults == []  # type: ignore[attr-defined]


async def test_every_action_with_a_key_is_in_the_list_and_every_button_shows_it(theatre: Stage) -> None:
    page = await theatre.desk("anna")
    await opened(page)
    await page.locator('#keys [data-action="state"]').click()
    async with page.expect_response("**/api/v1/me/keys"):
        await page.keyboard.press("F7")
    await expect(page.locator("#duty summary")).to_have_attribute("aria-keyshortcuts", "F7")
    listed = await page.locator("#keys [data-usual]").evaluate_all("all => all.map(one => one.dataset.usual)")
    shown = await page.evaluate(
        """() => [document, ...[...document.querySelectorAll("template")].map((one) => one.content)]
            .flatMap((root) => [...root.querySelectorAll("[aria-keyshortcuts]")])
            .map((one) => one.dataset.usualKey ?? one.getAttribute("aria-keyshortcuts"))"""
    )
    own = {key for key in shown if len(key) == 1 and key.isalpha()}
    assert own
    assert {f"Key{key}" for key in own} <= set(listed)
    async with page.expect_response("**/api/v1/me/keys"):
        await page.locator("#keys-usual").click()


async def test_a_page_is_opened_by_keys_while_parts_of_the_desk_are_still_on_their_way(theatre: Stage) -> None:
    page, go = await theatre.desk(), asyncio.Event()

    async def late(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await page.route("**/desk/before/*", late)
    await page.route("**/clients/*/answer", late)
    async with page.expect_request("**/clients/*/answer"):
        await theatre.ring()
    await expect(page.locator("#before-box")).to_be_visible()
    await page.evaluate("() => new Promise(requestAnimationFrame)")
    await page.keyboard.press("g")
    await page.keyboard.press("w")
    await expect(page.locator("main h1")).to_have_text("Дела")
    go.set()
