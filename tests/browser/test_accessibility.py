"""Pages that people work in all day break no rule of WCAG 2.2 AA, in light and in dark."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.stage import Stage

PAGES = {
    "/": "#desk",
    "/clients": "#found .tabulator-row",
    "/clients?q=zzzz": "#found .empty",
    "/clients/1": "form[data-client-form]",
    "/clients/1?tab=contacts": "#people li",
    "/clients/1?tab=details": "[name=inn]",
    "/clients/1?tab=contracts": "#contracts td",
    "/clients/1?tab=properties": "#properties select",
    "/clients/1?tab=history": "#history h2",
    "/clients/1/contacts/new?q=громов": ".choice",
    "/contacts/1": "[name=name]",
    "/contracts/1": "[name=number]",
    "/clients/new": "form[data-client-form]",
    "/calls": "#main h1",
    "/missed": "#main td",
    "/work": ".work-row",
    "/profile": "#main h1",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_accessible(theatre: Stage, scheme: Literal["light", "dark"]) -> None:
    await theatre.journal("in-vain", outcome="abandoned")
    page = await theatre.desk()
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    for path, shown in PAGES.items():
        await page.goto(theatre.url + path)
        await expect(page.locator(shown).first).to_be_visible()
        if left := await violations(page):
            found[path] = left
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_phones_and_the_list_of_keys_are_accessible(theatre: Stage, scheme: Literal["light", "dark"]) -> None:
    page = await theatre.desk("vera")
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.locator('.rail a[href="/settings/phones"]').click()
    await expect(page.locator("#main td").first).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    assert await violations(page) == []
    moving = "[...document.querySelectorAll('*')].filter((one) => one.getAnimations().length).length"
    assert await page.evaluate(moving) == 0, "who wants no motion sees none"
