"""Why a level is low, and warnings, in a real browser: drawn, what if by the keyboard alone, a rule made and tried."""

from __future__ import annotations

from playwright.async_api import expect

from tests.bad_day import DAY, fill
from tests.browser.axe import violations
from tests.browser.stage import Stage
from tests.browser.test_reports import DRAWN


async def test_a_bad_day_is_explained_and_weighed_by_keyboard(theatre: Stage) -> None:
    await fill(theatre.parts.services.database, theatre.parts.services.zone)
    page = await theatre.desk("vera", path=f"/reports/why?queue=sales&day={DAY}")
    await page.emulate_media(reduced_motion="reduce")
    await page.wait_for_function(DRAWN)
    await expect(page.locator("#report tfoot")).to_contain_text("разница 0")
    assert await violations(page) == []
    before = await page.locator("#then").inner_text()
    await page.locator("#f-agents").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#then")).not_to_have_text(before)
    await expect(page.locator("#f-agents")).to_have_value("2")
    await page.goto(f"{theatre.url}/settings/alerts")
    await page.locator("#name-0").fill("Долго ждут")
    await page.locator("select[name='step-4']").select_option(label="сразу")
    assert await violations(page) == []
    await page.locator("form[action='/settings/alerts/0']").get_by_role("button", name="Сохранить").click()
    await page.locator("summary", has_text="Долго ждут").click()
    await page.get_by_role("button", name="Проверить: отправить на самом деле").click()
    await expect(page.locator("#journal tbody tr")).to_have_count(1)
    assert page.faults == []  # type: ignore[attr-defined]
