"""A segment in a real browser: written without code, counted as it is written, saved, opened in the grid, frozen."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.stage import Stage


async def _condition(page: Page, number: int, field: str, op: str | None, value: str, *, many: bool = False) -> None:
    """Fill a condition of the first group."""
    row = page.locator("[data-builder] > .condition-group > .conditions > li").nth(number)
    await row.locator("select").nth(0).select_option(label=field)
    if op:
        await row.locator("select").nth(1).select_option(label=op)
    place = row.locator(".condition .pair")
    if many:
        await place.get_by_label(value, exact=True).check()
    else:
        await place.locator("input").first.fill(value)


async def test_loyal_of_moscow_without_a_talk_for_90_days(theatre: Stage) -> None:
    page = await theatre.desk("vera", path="/segments")
    await page.locator(".empty").get_by_role("link", name="Новый сегмент").click()
    await page.fill("#f-name", "Лояльные москвичи")
    await _condition(page, 0, "Лояльность", "от", "4")
    live = page.locator("[data-counted]")
    await expect(live).to_contain_text("клиент")
    wide = await live.inner_text()
    await page.get_by_role("button", name="+ Условие").first.click()
    await _condition(page, 1, "Регион", "одно из", "Москва", many=True)
    await page.get_by_role("button", name="+ Условие").first.click()
    await _condition(page, 2, "Последний разговор", "раньше чем, дней назад (или никогда)", "90")
    await expect(live).not_to_have_text(wide)
    await expect(live).to_have_text("2 клиента")
    assert await violations(page) == []
    await page.get_by_label("Слово для диалплана").fill("loyal")
    await page.get_by_label("Приоритет в очередях, от 0 до 100").fill("7")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator("h1")).to_have_text("Лояльные москвичи")
    await expect(page.get_by_label("Слово для диалплана")).to_have_value("loyal")
    await expect(page.get_by_label("Приоритет в очередях, от 0 до 100")).to_have_value("7")
    await page.get_by_role("link", name="Открыть клиентов").click()
    await expect(page.locator("#found .tabulator-row")).to_have_count(2)
    await expect(page.locator(".chip")).to_contain_text("Лояльные москвичи")

    await page.goto(theatre.url + "/segments")
    await expect(page.locator("[data-count]")).to_have_text("2")
    await expect(page.locator("tbody .tag")).to_have_text("loyal")
    assert await violations(page) == []
    await page.get_by_role("link", name="Лояльные москвичи", exact=True).click()
    await page.get_by_role("button", name="Заморозить нынешних клиентов").click()
    await expect(page.get_by_role("button", name="Каждый раз искать заново")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Удалить сегмент").click()
    await expect(page.locator(".empty")).to_contain_text("Сегментов пока нет")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_the_filters_of_the_grid_become_a_segment(theatre: Stage) -> None:
    page = await theatre.desk("vera", path='/clients?filters=[{"field":"name","op":"contains","value":"гранит"}]')
    await page.get_by_role("link", name="Сохранить как сегмент").click()
    await expect(page.locator("[data-counted]")).to_have_text("2 клиента")
    await page.get_by_role("button", name="+ Группа").click()
    await expect(page.locator(".condition-group .condition-group")).to_have_count(1)
    await page.get_by_role("button", name="Убрать группу").click()
    await page.fill("#f-name", "Граниты")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Граниты")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_rule_waits_for_what_a_field_becomes_with_the_inputs_of_the_grid(theatre: Stage) -> None:
    page = await theatre.desk("vera", path="/settings/rules/new?event=changed")
    await page.get_by_label("Название правила").fill("Стал лояльным")
    await page.get_by_label("Дело менеджеру клиента").fill("Позвонить")
    which, op = page.get_by_label("Что изменилось"), page.get_by_label("И теперь")
    value = page.locator(".becoming-value")
    await which.select_option(label="Регион")
    await op.select_option(label="одно из")
    await value.get_by_label("Москва", exact=True).check()
    await which.select_option(label="Рассылка")
    await op.select_option(label="равно")
    await expect(value.locator("option")).to_have_text(["да", "нет"])
    await which.select_option(label="Договор до")
    await op.select_option(label="до")
    await expect(value.locator("input")).to_have_attribute("type", "date")
    await which.select_option(label="Лояльность")
    await op.select_option(label="от")
    await value.locator("input").fill("4")
    assert await violations(page) == []
    await page.get_by_role("button", name="Что оно сделало бы").click()
    await expect(page.locator("#planned")).to_contain_text("ничего не отправлено")
    await expect(op).to_have_value("from")
    await expect(value.locator("input")).to_have_value("4")
    await page.get_by_role("button", name="Создать").click()
    await expect(page.locator("h1")).to_have_text("Стал лояльным")
    await expect(value.locator("input")).to_have_value("4")
    assert page.faults == []  # type: ignore[attr-defined]
