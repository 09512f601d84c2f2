"""A new user's first day: his sheet comes in, somebody is found by whatever is known of him, a segment is made,
counted, taken out and brought back unchanged; then that client calls, and the card says what was said of him.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from cti.cli.sample_sheet import HEADERS, rows
from cti.sheets.write import write_xlsx
from tests.browser.axe import violations
from tests.browser.test_reports import DRAWN
from tests.e2e.conftest import Street
from tests.e2e.server import Server
from tests.e2e.test_seen_by_both import SALES, chromium, desk

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.lab]
COUNT = 2_000
NAME = "Лояльные москвичи без разговора 90 дней"
LONG_MS = 30_000  # of what a process of its own does
REGION, LOYAL = HEADERS.index("Регион"), HEADERS.index("Лояльность")
LOYAL_OF_MOSCOW = sum(row[REGION] == "Москва" and row[LOYAL] in ("4", "5") for row in rows(COUNT))


async def bring(page: Page, server: Server, sheet: Path) -> str:
    """Choose a file on the page of imports and try it out; what would come of it."""
    await page.goto(server.url + "/clients/import")
    await page.set_input_files("#import-input", sheet)
    await page.locator("#import-try").click()
    figures = page.locator('#import-preview [data-f="figures"]')
    await expect(figures).to_contain_text("Строк", timeout=LONG_MS)
    return (await figures.inner_text()).replace("\u00a0", " ")


async def finds(page: Page, words: str) -> None:
    """Алхимов is among the first who are found."""
    await page.fill("#q", words)
    await expect(page.locator("#found .tabulator-row").first).to_contain_text("Алхимов")


async def filtered(page: Page) -> None:
    """Loyal clients of Moscow, by filters in the header."""
    await page.locator('.tabulator-col:has-text("Лояльность") .quick input').first.fill("4")
    await expect(page.locator(".chip")).to_have_count(1)
    await page.locator('.tabulator-col[tabulator-field="region"] .choice-of').click()
    await page.locator("dialog.filter-box").get_by_label("Москва").check()
    await page.keyboard.press("Enter")
    await expect(page.locator(".chip")).to_have_count(3)  # and one that takes all off
    await expect(page.locator("#grid-count")).to_contain_text(f"{LOYAL_OF_MOSCOW} клиент")


async def test_a_base_comes_in_is_worked_with_and_calls(
    chromium: Browser, server: Server, street: Street, tmp_path: Path
) -> None:
    sheet = tmp_path / "clients.xlsx"
    write_xlsx(sheet, HEADERS, rows(COUNT))
    vera = await desk(chromium, server, "vera")
    told = await bring(vera, server, sheet)
    assert told.endswith("Новых: 1 990, изменённых: 0, без изменений: 10, отклонено: 0."), told
    await vera.locator("#import-begin").click()
    await expect(vera.locator("#import-result h2")).to_have_text("Импорт завершён", timeout=LONG_MS)

    await vera.goto(server.url + "/clients")
    for words in ("алхимов", "0101", "info@alhimov", "рябова мария"):
        await finds(vera, words)
    await vera.fill("#q", "")
    await vera.click("#grid-columns")
    columns = vera.locator("dialog.grid-dialog")
    await columns.get_by_label("Лояльность", exact=True).check()
    for _ in range(3):
        await columns.get_by_label("Поднять «Регион»").click()
    await columns.locator("button.main").click()
    await filtered(vera)
    found = await violations(vera)
    assert found == [], chr(10).join(found)

    await vera.get_by_role("link", name="Сохранить как сегмент").click()
    await vera.fill("#f-name", NAME)
    await vera.get_by_role("button", name="+ Условие").first.click()
    last = vera.locator(".conditions > li").last
    await last.locator("select").first.select_option(label="Последний разговор")
    await last.locator("input").fill("90")
    await expect(vera.locator("[data-counted]")).to_contain_text(f"{LOYAL_OF_MOSCOW} клиент")
    await vera.get_by_role("button", name="Сохранить").click()
    await expect(vera.locator("h1")).to_have_text(NAME)
    await vera.get_by_role("link", name="Посчитать по…").click()
    await vera.locator("#f-rows").select_option(label="Менеджер")
    await expect(vera.locator("#report tbody")).to_contain_text("Анна Белова")
    await vera.wait_for_function(DRAWN)
    assert await violations(vera) == []

    await vera.goto(server.url + "/clients")
    await vera.locator("#grid-views").select_option(label=NAME)
    await expect(vera.locator(".chip")).to_contain_text(NAME)
    await vera.click("#grid-export")
    async with vera.expect_download(timeout=LONG_MS) as coming:
        await vera.locator("dialog.grid-dialog button.main").click()
    out = tmp_path / "segment.xlsx"
    await (await coming.value).save_as(out)
    told = await bring(vera, server, out)
    same = LOYAL_OF_MOSCOW
    assert told == f"Строк: {same}. Новых: 0, изменённых: 0, без изменений: {same}, отклонено: 0."
    await expect(vera.locator("#import-begin")).to_be_disabled()

    await vera.goto(server.url + "/clients?q=алхимов")
    await vera.locator("#found .tabulator-row a").first.click()
    await vera.click("[data-part=properties]")
    await vera.get_by_label("Лояльность").select_option("4")
    await vera.get_by_label("Цвет").select_option(label="красный")
    await expect(vera.locator("[data-saving]")).to_contain_text("Сохранено")
    assert await violations(vera) == []
    phone, anna = await street.phone("101"), await desk(chromium, server, "anna")
    client = await street.call(SALES, caller="79355550101")
    card = anna.locator("#desk-card")
    await expect(card).to_contain_text("Цвет: красный")
    await expect(card).to_contain_text("Лояльность: 4")
    assert await violations(anna) == []
    await street.do(phone.answer)
    await expect(anna.locator("#phone")).to_have_attribute("data-state", "talking")
    await anna.keyboard.press("q")
    await street.do(phone.wait, "idle")
    await vera.goto(server.url + "/segments")
    await expect(vera.locator("[data-count]")).to_have_text(str(LOYAL_OF_MOSCOW - 1))  # he was talked with just now
    del client
