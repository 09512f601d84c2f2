"""A card that saves itself: two browsers at once, the form of ownership, tasks, a new client; properties in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Response, expect
from sqlalchemy import text

from cti.storage import tasks
from tests.browser.axe import violations
from tests.browser.stage import Stage, stage, until


async def _another(theatre: Stage, login: str, path: str) -> Page:
    """A page of somebody else in a browser of his own."""
    browser = theatre.context.browser
    assert browser is not None
    context = await browser.new_context(viewport={"width": 1366, "height": 768})
    return await Stage(theatre.parts, theatre.url, context).desk(login, path)


async def _write(page: Page, name: str, text: str) -> None:
    field = page.locator(f"#card-form [name={name}]")
    await field.fill(text)
    async with page.expect_response(lambda one: one.ok and text in _sent(one)):  # it said so of the field before, too
        await field.press("Tab")
    await expect(page.locator("[data-saving]")).to_contain_text("Сохранено")


def _sent(answer: Response) -> str:
    """What the request of an answer brought."""
    return (answer.request.post_data_buffer or b"").decode(errors="replace")


async def test_two_browsers_save_one_card_and_neither_reverts_the_other(theatre: Stage) -> None:
    anna = await theatre.desk(path="/clients/5")
    boris = await _another(theatre, "boris", "/clients/5")
    await _write(boris, "note", "Написал Борис")
    await _write(anna, "full_name", "Новиков Денис Олегович, мастер")
    await expect(anna.locator("[name=note]")).to_have_value("Написал Борис")  # and Anna's page shows it
    await _write(anna, "name", "Новиков Д.")
    await boris.reload()
    await expect(boris.locator("[name=note]")).to_have_value("Написал Борис")
    await expect(anna.locator("h1")).to_have_text("Новиков Д.")

    await _write(anna, "note", "Написала Анна")
    await boris.locator("#card-form [name=note]").fill("Опять Борис")
    await boris.locator("#card-form [name=note]").press("Tab")
    met = boris.locator(".met")
    await expect(met).to_contain_text("Анна Белова")
    await expect(met).to_contain_text("Написала Анна")
    await boris.get_by_label("взять из базы").check()
    assert await violations(boris) == []
    await boris.click("#card-form button[type=submit]")
    await expect(boris.locator("[name=note]")).to_have_value("Написала Анна")
    assert anna.faults == []  # type: ignore[attr-defined]


async def test_fields_follow_from_the_form_of_ownership_and_a_wrong_one_is_told_beside_it(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=details")
    await page.fill("#f-inn", "7707083894")
    await page.press("#f-inn", "Tab")
    await expect(page.locator("#f-inn + .fault")).to_contain_text("контрольная")
    await page.get_by_role("tab", name="Общее").click()
    await page.locator("[data-to-fault]").click()  # the field is on another tab: the foot leads to it
    await expect(page.locator("#f-inn")).to_be_focused()
    await _write(page, "inn", "7707083893")
    await expect(page.locator(".lacks")).to_have_count(0)
    await page.get_by_role("tab", name="Общее").click()
    await page.select_option("#f-kind", "sole-trader")
    await expect(page.locator("#f-inn")).to_have_attribute("aria-invalid", "true")  # ten digits are a company's
    await page.get_by_role("tab", name="Подробно").click()
    await expect(page.locator("#f-kpp")).to_be_hidden()
    await expect(page.locator("label[for=f-ogrn]")).to_have_text("ОГРНИП", use_inner_text=True)

    await page.goto(theatre.url + "/clients/1?tab=contacts")
    await page.locator(".phone-rows li").nth(1).locator("[data-first]").click()
    await expect(page.locator("#card-call")).to_contain_text("+7 935 555-01-02")  # the primary one is called
    await page.locator("[data-rows=place] [name=place_kind]").select_option("telegram")
    await page.locator("[data-rows=place] [name=place]").fill("@alhimov")
    async with page.expect_response(lambda one: one.ok and "alhimov" in (one.request.post_data or "")):
        await page.locator("[data-rows=place] [name=place]").press("Tab")
    await page.reload()
    assert await page.locator("[data-rows=place] a").get_attribute("href") == "https://t.me/alhimov"


async def test_a_task_is_set_on_the_card_and_done_from_the_card_of_a_call(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/1?tab=history")
    await page.fill("#new-task-what", "Выслать счёт")
    await page.get_by_role("button", name="Поставить задачу").click()
    await expect(page.locator("#card-top .todo")).to_contain_text("Выслать счёт")
    await expect(page.locator("#stream .task")).to_contain_text("Выслать счёт")
    await page.goto(theatre.url + "/")
    await expect(page.locator("#desk-calm .todo")).to_contain_text("Алхимов")
    await theatre.ring()
    task = page.locator("#card-tasks li", has=page.get_by_role("button"))  # a letter that waits is a link
    await expect(task).to_contain_text("Выслать счёт")
    assert await violations(page) == []
    await task.get_by_role("button").click()
    await expect(task).to_have_count(0)
    await page.goto(theatre.url + "/profile")  # who has pressed goes on at once: it is done all the same

    async def done() -> bool:
        async with theatre.db.read() as conn:
            return all(one.what != "Выслать счёт" for one in await tasks.open_of_client(conn, 1))

    await until(done, why="the task is done")
    await page.goto(theatre.url + "/clients/1?tab=history")
    await expect(page.locator("#stream .task.done")).to_contain_text("Выслать счёт")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_values_of_a_property_are_ordered_by_keys_and_the_settings_are_accessible(theatre: Stage) -> None:
    page = await theatre.desk("pavel", "/settings/properties/1")
    names = page.locator("[data-ordered] [name=value_name]")
    await page.locator("[data-ordered] li").first.locator("[data-down]").press("Enter")
    await expect(names.first).to_have_value("зелёный")
    await page.locator("[data-add-value]").press("Enter")
    await page.keyboard.type("жёлтый")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Цвет")
    await expect(names).to_have_count(3)
    assert [await names.nth(n).input_value() for n in range(3)] == ["зелёный", "красный", "жёлтый"]
    assert await violations(page) == []
    for path in ("/settings/catalogue", "/settings/directories/region", "/settings/directories/industry"):
        await page.goto(theatre.url + path)
        await expect(page.locator("table").first).to_be_visible()
        assert await violations(page) == [], path


@pytest.mark.parametrize("path", ["/clients/new", "/"])
async def test_a_double_click_on_save_makes_one_client(tmp_path: Path, browser: Browser, path: str) -> None:
    async with stage(tmp_path, browser) as one:
        page = await one.desk(path=path)
        if path == "/":
            await one.ring(number="+79355550888", matches=[])
            form = page.locator("#newcomer")
            await form.wait_for(state="visible")
        else:
            form = page.locator("form[data-client-form]")
        await form.locator("[name=name]").fill("Новый Клиент")
        await form.locator("button[type=submit]").dblclick()
        await until(lambda: _found(one, "Новый Клиент"), why="the client is saved")
        await page.goto(one.url + "/clients?q=Новый+Клиент")
        await expect(page.locator("#found .tabulator-row")).to_have_count(1)


async def _found(one: Stage, name: str) -> bool:
    async with one.db.read() as conn:
        return bool((await conn.execute(text("SELECT 1 FROM clients WHERE name = :n"), {"n": name})).first())
