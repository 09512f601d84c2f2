"""The client base in a real browser: the grid as a spreadsheet, a filter, a change of many taken back, the card."""

from __future__ import annotations

from urllib.parse import quote

from playwright.async_api import Page, expect

from cti.clients.properties import Property
from cti.storage import clients, properties, restrictions
from tests.browser.stage import ANNA, Stage


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
    await page.locator('.tabulator-col[tabulator-field="name"] .quick input').press_sequentially("лхим")
    await expect(rows).to_have_count(1)
    await expect(page.locator(".chip")).to_contain_text("Имя: содержит «лхим»")
    assert "filters=" in page.url
    await page.reload()
    await expect(rows).to_have_count(1)
    await expect(page.locator('.tabulator-col[tabulator-field="name"] .quick input')).to_have_value("лхим")
    await page.locator(".chip").click()
    await expect(rows).to_have_count(all_of_them)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_filters_of_every_kind_stand_in_the_header_and_add_up(theatre: Stage) -> None:
    page = await _grid(theatre)
    rows = page.locator("#found .tabulator-row")
    await page.locator('.tabulator-col[tabulator-field="region"] .choice-of').click()
    box = page.locator("dialog.filter-box")
    await box.get_by_label("Москва").check()
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(2)
    await page.locator('.tabulator-col[tabulator-field="emails"] .funnel').click()
    await box.locator("select").select_option("empty")
    await box.locator("button.main").click()
    await expect(page.locator("#found .empty")).to_be_visible()
    await expect(page.locator(".chip")).to_have_count(3)
    await page.get_by_label("Снять все фильтры").click()
    await expect(rows).not_to_have_count(0)
    await page.locator('.tabulator-col[tabulator-field="updated"] .choice-of').click()
    await box.locator("input[type=date]").first.fill("2031-01-02")
    await box.locator("input[type=date]").last.fill("2031-01-01")
    await page.keyboard.press("Enter")
    await expect(box.get_by_role("alert")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(box).to_have_count(0)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_the_order_of_an_address_and_of_a_view_shows_as_an_arrow_and_is_kept(theatre: Stage) -> None:
    page = await _grid(theatre, "/clients?sort=-name")
    name = page.locator('.tabulator-col[tabulator-field="name"]')
    await expect(name).to_have_attribute("aria-sort", "descending")
    await page.click("#grid-save")
    await page.locator("dialog.grid-dialog input").fill("С конца")
    await page.locator("dialog.grid-dialog button.main").click()
    await expect(page.locator("#grid-views option", has_text="С конца")).to_have_count(1)
    async with page.expect_request(lambda one: one.method == "PUT"):
        await name.locator("button.head-title").press("Enter")  # off
    await expect(name).to_have_attribute("aria-sort", "none")
    await page.goto(theatre.url + "/clients")
    await expect(name).to_have_attribute("aria-sort", "none")
    async with page.expect_response(lambda one: "sort=-name" in one.url):
        await page.select_option("#grid-views", label="С конца")
    await expect(name).to_have_attribute("aria-sort", "descending")
    await page.click("#grid-drop")
    await expect(page.locator("#grid-views option", has_text="С конца")).to_have_count(0)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_keys_of_a_spreadsheet_a_range_and_whole_rows_are_copied(theatre: Stage) -> None:
    page = await _grid(theatre)
    await theatre.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.keyboard.press("/")
    async with page.expect_response(lambda one: f"q={quote('гранит')}&" in one.url):
        await page.keyboard.type("гранит")
    await expect(page.locator("#found .tabulator-row")).to_have_count(2)
    await expect(page.locator("#q")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    for key in ("ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        await page.keyboard.press(key)
    await expect(page.locator("#grid-chosen")).to_have_text("Выбрано 2 клиента")
    await page.keyboard.press("Control+c")
    copied = "navigator.clipboard.readText()"
    number = "+7 935 555-02-10"
    assert await page.evaluate(copied) == f"{number}\tzakaz@granit.example\r\n{number}\tm@granit.example"
    await page.click("#grid-copy")
    await expect(page.locator("#toasts")).to_contain_text("Скопированы 2 строки")
    table = (await page.evaluate(copied)).split("\r\n")
    assert [line.split("\t")[0] for line in table] == ["Имя", "Гранит-Сервис", "Гранит-Монтаж"]
    async with theatre.db.write() as conn:
        found = await clients.search(conn, "Гранит-Монтаж")
        await restrictions.put(conn, found.rows[0].id, "спор", now=1.0, user_id=ANNA)
    await page.reload()
    await expect(page.locator("#found .tabulator-row")).to_have_count(2)
    await page.locator(".tabulator-tableholder").focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "Control+c"):
        await page.keyboard.press(key)
    await expect(page.locator("#toasts")).to_contain_text("1 строка остаётся здесь: обработка ограничена")
    assert await page.evaluate(copied) == number
    await page.locator(".tabulator-tableholder").focus()
    await page.keyboard.press("Tab")  # the table is no trap
    assert await page.evaluate("!document.activeElement.closest('.tabulator')")
    await page.locator(".tabulator-tableholder").focus()
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.locator(".tabulator-cell.tabulator-editing input")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/clients/*")
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


async def test_all_found_are_changed_and_it_is_taken_back_after_a_new_page_load(theatre: Stage) -> None:
    page = await _grid(theatre, "/clients?q=гранит")
    await page.locator(".tabulator-tableholder").focus()
    await page.keyboard.press("Control+a")
    await expect(page.locator("#grid-chosen")).to_have_text("Выбраны все найденные: 2")
    await page.click("#grid-change")
    dialog = page.locator("dialog.grid-dialog")
    await dialog.locator("select").first.select_option("note")
    await dialog.locator("input").fill("проверить цены")
    await dialog.locator("button[type=submit]").click()
    work = page.locator("#grid-work")
    await expect(work).to_contain_text("изменено: 2", timeout=20_000)
    await page.reload()
    await expect(work).to_contain_text("О клиенте: проверить цены изменено: 2")
    await page.click("#grid-changes")
    await dialog.get_by_role("button", name="Отменить").click()
    await expect(work).to_contain_text("правка отменена", timeout=20_000)
    async with theatre.db.read() as conn:
        found = (await clients.search(conn, "гранит")).rows
    assert [one.note for one in found] == ["", ""]
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_list_that_cannot_be_shown_says_why_and_what_to_do(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients?sort=password_hash")
    empty = page.locator("#found .empty")
    await expect(empty).to_contain_text("Не удалось показать список")
    await empty.get_by_role("button", name="Показать всех клиентов").click()
    await expect(page.locator("#found .tabulator-row").first).to_be_visible()
    assert len(page.faults) == 1  # type: ignore[attr-defined]  # the refusal


async def test_the_card_keeps_requisites_and_shows_who_changed_what(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=details")
    await page.fill("[name=inn]", "7707083894")
    await page.click("form[data-client-form] button[type=submit]")
    await expect(page.locator("#main [role=alert]").first).to_contain_text("ИНН с ошибкой")
    await page.fill("[name=inn]", "7707 083893")
    await page.click("form[data-client-form] button[type=submit]")
    await expect(page.locator("[name=inn]")).to_have_value("7707083893")
    await page.click("[data-part=history]")
    await expect(page.locator(".stream .changed")).to_have_count(1)  # a refused save has lost nothing
    await expect(page.locator(".stream .changed")).to_contain_text("ИНН: 0012345017 → 7707083893")
    assert all("409" in fault for fault in page.faults)  # type: ignore[attr-defined]  # the refused save


async def test_a_field_is_saved_as_it_is_left_and_taken_back_by_one_press(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=details")
    inn, state = page.locator("[name=inn]"), page.locator("[data-saving]")
    was = await inn.input_value()
    await inn.fill("7707083894")
    await page.keyboard.press("Tab")
    await expect(page.locator("#saving-fault")).to_contain_text("ИНН с ошибкой")
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
