"""Imports in a real browser, by keyboard and as axe sees it: a file, its columns, what would come of it, and back."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from playwright.async_api import Page, Route, expect

from cti.clients.properties import Property
from cti.sheets.read import read
from cti.storage import clients, properties
from tests.browser.axe import violations, violations_in_both_looks
from tests.browser.stage import Stage

BASE = """Название;<b>Телефон</b>;Почта;Оценка
Новый клиент;+7 935 555-77-01;;5
Кривой;;без собаки;
Третий;+79355557703;;3
"""


async def _page(theatre: Stage, login: str = "vera") -> Page:
    async with theatre.db.write() as conn:
        await properties.add(conn, Property(id=0, name="Оценка", kind="rating"))
    return await theatre.desk(login, "/clients/import")


async def _bring(page: Page, body: str | bytes, name: str = "base.csv") -> None:
    data = body.encode() if isinstance(body, str) else body
    await page.set_input_files("#import-input", {"name": name, "mimeType": "text/csv", "buffer": data})


async def _names(theatre: Stage) -> list[str]:
    async with theatre.db.read() as conn:
        return [row.name for row in (await clients.search(conn, "", limit=100)).rows]


async def test_a_file_comes_in_by_keyboard_and_is_taken_back(theatre: Stage) -> None:
    page = await _page(theatre)
    before = await _names(theatre)
    await _bring(page, BASE)
    columns = page.locator("#import-columns")
    await expect(columns.locator("h2")).to_be_focused()
    assert await columns.locator("tbody b").count() == 0
    chosen = columns.locator("tbody select")
    await expect(chosen.nth(0)).to_have_value("name")
    await chosen.nth(1).focus()
    for _ in range(5):
        await page.keyboard.press("ArrowDown")
    await expect(chosen.nth(1)).to_have_value("phones")
    await page.locator("#import-try").focus()
    await page.keyboard.press("Enter")
    preview = page.locator("#import-preview")
    await expect(preview.locator("tbody tr")).to_have_count(1, timeout=30_000)  # what is refused comes first
    await expect(preview.locator("tbody tr")).to_contain_text("без собаки")
    await preview.get_by_role("button", name="все строки").press("Enter")
    await expect(preview.locator("tbody tr")).to_have_count(3)
    assert await _names(theatre) == before
    await page.locator("#import-begin").focus()
    await page.keyboard.press("Enter")
    result = page.locator("#import-result")
    await expect(result).to_be_visible()
    await expect(result.locator("h2")).to_be_focused()
    assert sorted(await _names(theatre)) == sorted([*before, "Новый клиент", "Третий"])
    async with page.expect_download() as downloading:
        await result.locator('[data-format="csv"]').click()
    refused = read(Path(await (await downloading.value).path()))
    assert [row[0] for row in refused.rows] == ["Кривой"]
    await page.reload()  # it is taken back as well by who comes later
    await page.locator("#import-runs tbody button").press("Enter")
    dialog = page.locator("dialog.grid-dialog")
    await expect(dialog).to_contain_text("Новых клиентов исчезнет: 2")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert len(await _names(theatre)) == len(before) + 2
    await page.locator("#import-runs tbody button").press("Enter")
    await dialog.locator("button.main").press("Enter")
    await expect(result).to_contain_text("Импорт отменён")
    await expect(page.locator("#import-undo")).to_be_hidden()
    assert await _names(theatre) == before
    await expect(page.locator("#import-runs tbody tr")).to_have_count(1)
    await expect(page.locator("#import-runs tbody button")).to_have_count(0)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_file_that_is_no_table_is_told_in_a_sentence(theatre: Stage) -> None:
    page = await _page(theatre)
    await _bring(page, b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old.xls")
    await expect(page.locator("#import-fault")).to_contain_text("old.xls")
    await expect(page.locator("#import-columns")).to_be_hidden()


async def test_every_step_is_accessible(theatre: Stage) -> None:
    page = await _page(theatre)
    found = await violations_in_both_looks(page)
    await _bring(page, BASE)
    await expect(page.locator("#import-columns h2")).to_be_focused()
    found += await violations_in_both_looks(page)
    await page.click("#import-try")
    await expect(page.locator("#import-preview tbody tr").first).to_be_visible()
    found += await violations_in_both_looks(page)
    await page.click("#import-begin")
    await expect(page.locator("#import-result h2")).to_be_focused()
    await expect(page.locator("#import-runs tbody tr")).to_have_count(1)
    found += await violations_in_both_looks(page)
    assert found == []


async def test_progress_is_a_bar_that_can_be_stopped(theatre: Stage) -> None:
    page = await _page(theatre)
    await _bring(page, "Название;Телефон\n" + "".join(f"Клиент {n};+7935{n:07}\n" for n in range(60_000)))
    await page.click("#import-try")
    bar = page.get_by_role("progressbar").last
    await expect(page.locator("#import-work .num")).to_contain_text("Читается файл: 0:0")
    await expect(bar).to_be_visible()
    await expect(page.locator("#import-work .num")).to_contain_text(re.compile(r"[1-9]\d\d"))
    assert await violations(page) == []
    await page.click("#import-cancel")
    await expect(page.locator("#import-columns")).to_be_visible()
    assert "Клиент 1" not in await _names(theatre)


async def test_the_grid_is_exported_as_it_stands(theatre: Stage) -> None:
    page = await theatre.desk("vera", "/clients?q=гранит")
    await expect(page.locator("#found .tabulator-row").first).to_be_visible()
    await page.click("#grid-export")
    await page.locator("dialog select").select_option("csv")
    async with page.expect_download(timeout=30_000) as downloading:
        await page.locator("dialog button[type=submit]").click()
    sheet = read(Path(await (await downloading.value).path()))
    assert sheet.headers[:3] == ("Код", "Название", "Телефоны")
    assert all("ранит" in row[1] for row in sheet.rows)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_file_chosen_before_the_script_of_the_page_is_there_is_read(theatre: Stage) -> None:
    page = await theatre.desk("vera", "/")
    goes_on = asyncio.Event()

    async def late(route: Route) -> None:
        await goes_on.wait()
        await route.continue_()

    await page.route(re.compile(r"/import-\w+\.js"), late)
    async with page.expect_request(re.compile(r"/import-\w+\.js")):
        await page.goto(theatre.url + "/clients/import")
    await _bring(page, BASE)
    goes_on.set()
    await expect(page.locator("#import-columns h2")).to_be_visible()
