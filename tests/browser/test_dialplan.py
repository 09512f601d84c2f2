"""A number's flow in a real browser: read from left to right and as a list by keys alone, changed, tried, undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from cti.access import Person as Who
from cti.settings import PbxSettings
from dialplan.plan import Queue
from tests.browser.axe import violations
from tests.browser.stage import PAVEL, stage
from tests.dialplan.house import DID, HOUSE

ADMIN = Who(id=PAVEL, login="pavel", name="Павел", role="admin")
PLAN = replace(HOUSE, queues=(Queue(name="sales", title="Продажи", number="601"),))


async def _focused(page: Page) -> str:
    """The step that has the focus."""
    return str(await page.evaluate("document.activeElement.dataset.step ?? document.activeElement.innerText"))


async def test_a_flow_is_walked_and_changed_by_keys_and_tried(tmp_path: Path, browser: Browser) -> None:
    async with stage(tmp_path, browser, locale="ru-RU", pbx={"main": PbxSettings()}) as theatre:
        await theatre.parts.services.dialplan_drafts.change(ADMIN, "main", 0, lambda _: PLAN)
        page = await theatre.desk("pavel", path=f"/dialplan/numbers/{DID}")
        cards = page.locator(".flow .card")
        await expect(cards).to_have_count(len(PLAN.nodes) + 1)
        await cards.first.focus()
        for key, step in (
            ("ArrowRight", "when"),
            ("ArrowRight", "menu"),
            ("ArrowRight", "clara"),
            ("ArrowUp", "sales"),
        ):
            await page.keyboard.press(key)
            assert await _focused(page) == step
        assert await violations(page) == []
        await page.keyboard.press("Enter")
        await page.fill("#f-wait_s", "90")
        await page.select_option("#f-to-otherwise", label="Голосовая почта")
        await page.get_by_role("button", name="Сохранить", exact=True).click()
        await expect(page.get_by_text("Сохранено в черновике")).to_be_visible()
        await expect(page.locator(".card[data-step=sales]")).to_contain_text("ждать 90 с")
        await expect(page.locator(".card[data-step=back]")).to_have_count(0)
        await page.get_by_role("link", name="Список").click()
        tree = page.get_by_role("tree")
        await tree.get_by_role("treeitem", selected=True).focus()
        await page.keyboard.press("Home")
        await page.keyboard.press("ArrowLeft")
        await expect(tree.locator("[aria-expanded=false]")).to_have_count(1)
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        assert (await _focused(page)).startswith("открыто")
        assert await violations(page) == []
        await page.locator("a.button", has_text="Проверить звонок").click()
        await page.fill("#f-at", "2027-01-01T12:00")
        await page.get_by_role("button", name="Куда пойдёт звонок").click()
        await expect(page.locator(".way-steps li")).to_have_count(4)
        await expect(page.locator(".way-steps")).to_contain_text("праздник: Новый год")
        await expect(page.locator(".card.passed")).to_have_count(3)
        await page.evaluate("document.documentElement.dataset.theme = 'dark'")
        assert await violations(page) == []
        await page.get_by_role("button", name="Отменить последнее").click()
        await expect(page.get_by_text("отменено")).to_be_visible()
        assert page.faults == []  # type: ignore[attr-defined]
