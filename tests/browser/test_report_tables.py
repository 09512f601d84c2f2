"""Reports that are tables in a real browser: a measure is chosen, a number opened, the report given to a schedule."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.stage import Stage


async def test_a_table_is_chosen_and_given_to_a_schedule(theatre: Stage) -> None:
    await theatre.journal("talk")
    page = await theatre.desk("vera", path="/reports/numbers")
    await page.emulate_media(reduced_motion="reduce")
    await expect(page.locator("h1")).to_have_text("Номера, на которые звонили")
    word = page.locator("#report thead .defined").first
    said = page.locator("#report thead .definition").first
    await word.focus()
    await page.keyboard.press("Enter")
    await expect(said).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(said).to_be_hidden()
    await word.hover()
    await expect(said).to_be_visible()
    await said.hover()
    await page.mouse.move(0, 0)
    await expect(said).to_be_hidden()
    await page.goto(page.url.replace("/numbers", "/hours"))
    await expect(page.locator("#f-measure")).to_be_visible()
    assert await violations(page) == []
    await page.goto(page.url.partition("/reports")[0] + "/reports/schedules?report=hours&measure=answered")
    await expect(page.locator("#s-report")).to_have_value("hours")
    assert await violations(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
