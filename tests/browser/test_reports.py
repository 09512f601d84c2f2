"""The analysis in a real browser: chosen, drawn, a number opened, by people who use a keyboard; in light and dark."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.axe import violations_in_both_looks
from tests.browser.stage import Stage

DRAWN = """() => {
  const chart = document.querySelector("#chart");
  return chart?.getContext("2d").getImageData(0, 0, chart.width, chart.height).data.some(Boolean);
}"""


async def test_a_report_is_chosen_drawn_and_opened(theatre: Stage) -> None:
    page = await theatre.desk("vera", path="/reports/clients")
    await page.locator("#f-rows").select_option(label="Регион")
    await expect(page.locator("#report tbody")).to_contain_text("Москва")
    await page.locator("#f-columns").select_option(label="Цвет")
    await expect(page.locator("#report thead")).to_contain_text("зелёный")
    await page.wait_for_function(DRAWN)
    assert await violations_in_both_looks(page) == []
    number = page.locator("#report tbody tr", has_text="Москва").locator("td.total a")
    count = await number.inner_text()
    await number.click()
    await expect(page.locator("#found .tabulator-row")).to_have_count(int(count))
    await expect(page.locator(".chip")).to_contain_text("Москва")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_months_without_a_period_say_what_to_do(theatre: Stage) -> None:
    page = await theatre.desk("vera", path="/reports/clients?rows=month&measure=new")
    await expect(page.locator("#main [role=alert]")).to_contain_text("укажите, с какого дня и по какой")
    await page.get_by_role("button", name="12 месяцев").click()
    await expect(page.locator("#report tbody tr")).to_have_count(1)
    await expect(page.get_by_role("button", name="12 месяцев")).to_have_attribute("aria-current", "true")
