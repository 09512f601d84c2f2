"""The client base in a real browser: the grid as a spreadsheet, a filter, a change of many taken back, the card."""

from __future__ import annotations

from playwright.async_api import Page, expect

from cti.clients.properties import Property
from cti.storage import properties
from tests.browser.stage import Stage


async def _grid(theatre: Stage, path: str = "/clients") -> Page:
    async with theatre.db.write() as conn:
        await properties.add(conn, Property(id=0, name="<b>Оценка</b>", kind="rating"))
    page = await theatre.desk(path=path)
    await expect(page.locator("#found .tabulator-row").first).to_be_visible()
    return page


async def test_a_column_is_filtered_the_address_says_so_and_a_chip_takes_it_off(theatre: Stage) -> None:
    page = await _grid(theatre)
    rows = page.locator("#found .tabulator-row")
    all_of_them = await rows.count()
    await page.locator('.tabulator-col[tabulator-field="name"] .funnel').click()
    dialog = page.locator("dialog.grid-dialog")
    await dialog.locator("input[type=search]").fill("лхим")
    await dialog.locator("button[type=submit]").click()
    await expect(rows).to_have_count(1)
    assert "filters=" in page.url
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.locator(".chip").click()
    await expect(rows).to_have_count(all_of_them)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_columns_are_chosen_kept_and_a_title_is_no_markup(theatre: Stage) -> None:
    page = await _grid(theatre)
    await page.click("#grid-columns")
    dialog = page.locator("dialog.grid-dialog")
    await dialog.get_by_label("<b>Оценка</b>", exact=True).check()
    async with page.expect_request(lambda one: one.method == "PUT" and one.url.endswith("/clients/views")):
        await dialog.locator("button[type=submit]").click()
    title = page.locator(".tabulator-col .head", has_text="<b>Оценка</b>")
    await expect(title).to_be_visible()
    assert await page.locator(".tabulator-col b").count() == 0
    await page.goto(theatre.url + "/clients")
    await expect(title).to_be_visible()
    assert page.faults == []  # type: ignore[attr-defined]


async def test_many_are_changed_and_it_is_taken_back(theatre: Stage) -> None:
    page = await _grid(theatre, "/clients?q=гранит")
    await page.click("#grid-change-all")
    dialog = page.locator("dialog.grid-dialog")
    await dialog.locator("select").first.select_option("note")
    await dialog.locator("input").fill("проверить цены")
    await dialog.locator("button[type=submit]").click()
    said = page.locator("#toasts")
    await expect(said).to_contain_text("Изменен")
    await said.get_by_role("button", name="Отменить").click()
    await expect(said).to_contain_text("Отменено")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_the_card_keeps_requisites_and_shows_who_changed_what(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=details")
    await page.fill("[name=inn]", "7707083894")
    await page.click("form[data-client-form] button[type=submit]")
    await expect(page.locator("#main [role=alert]").first).to_contain_text("ИНН неверен")
    await page.fill("[name=inn]", "7707 083893")
    await page.click("form[data-client-form] button[type=submit]")
    await expect(page.locator("[name=inn]")).to_have_value("7707083893")
    await page.click("[data-part=history]")
    await expect(page.locator(".stream .changed")).to_have_count(1)  # a refused save has lost nothing
    await expect(page.locator(".stream .changed")).to_contain_text("ИНН: было «0012345017», стало «7707083893»")
    assert all("409" in fault for fault in page.faults)  # type: ignore[attr-defined]  # the refused save


async def test_a_field_is_saved_as_it_is_left_and_taken_back_by_one_press(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=details")
    inn, state = page.locator("[name=inn]"), page.locator("[data-saving]")
    was = await inn.input_value()
    await inn.fill("7707083894")
    await page.keyboard.press("Tab")
    await expect(page.locator("#saving-fault")).to_contain_text("ИНН неверен")
    await inn.fill("7707083893")
    await page.keyboard.press("Tab")
    await expect(state).to_contain_text("Сохранено")
    await expect(page.locator("#saving-fault")).to_have_count(0)
    await page.reload()
    await expect(inn).to_have_value("7707083893")
    await inn.fill("")
    await page.keyboard.press("Tab")
    await page.locator("[data-back]").click()
    await expect(inn).to_have_value("7707083893")
    assert was != "7707083893"
    assert all("409" in fault for fault in page.faults)  # type: ignore[attr-defined]  # the refused save
