"""The list of calls in a real browser: filtered, opened and walked by keys, kept as a view, taken out; and its axe."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.axe import violations, violations_in_both_looks
from tests.browser.stage import ALHIMOV, Stage


async def test_calls_are_filtered_opened_by_keys_kept_as_a_view_and_taken_out(theatre: Stage) -> None:
    for place in range(3):
        await theatre.journal(f"talk-{place}", ago_s=600 * (place + 1))
    await theatre.journal("lost", number="+79355550199", outcome="abandoned")
    page = await theatre.desk("vera", path="/calls")
    rows = page.locator("#found tbody tr:not(.detail)")
    await page.keyboard.press("/")
    await expect(page.locator("#f-number")).to_be_focused()
    await page.keyboard.type(f"{ALHIMOV} 101")
    await expect(rows).to_have_count(3)
    await page.locator(".more-filters > summary").click()
    await page.locator("#f-noted").select_option("1")
    await expect(page.locator("#found .empty")).to_be_visible()
    await page.locator("#f-noted").select_option("0")
    await expect(rows).to_have_count(3)
    await rows.first.locator(".opener").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    opened = page.locator("tr.detail")
    await expect(opened.locator(".around .small")).to_have_count(3)
    assert await violations_in_both_looks(page) == []
    await page.keyboard.press("ArrowLeft")
    await expect(opened).to_be_hidden()
    await page.locator('#calls [data-act="save"]').click()
    await page.locator("dialog.grid-dialog input").fill("Алхимов и 101")
    await page.keyboard.press("Enter")
    await expect(page.locator("#calls-view option:checked")).to_have_text("Алхимов и 101")
    await page.locator('#calls [data-act="export"]').click()
    async with page.expect_download() as download:
        await page.locator("dialog.grid-dialog button.main").click()
    assert (await download.value).suggested_filename == "звонки.xlsx"
    await page.locator('#calls [data-act="drop"]').click()
    await expect(page.locator("#calls-view option")).to_have_count(1)
    await page.goto(f"{theatre.url}/missed?state=all")
    await expect(page.locator("#found tbody tr")).to_have_count(1)
    assert await violations(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
