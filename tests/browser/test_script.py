"""The questionnaire on the desk, by keys alone: an answer brings the next question and outlives a reload."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from cti.clients.scripts import Question, Script
from cti.storage import scripts
from tests.browser.axe import violations
from tests.browser.stage import stage

pytestmark = pytest.mark.browser


async def test_answers_by_keys_bring_the_next_question_and_stay(tmp_path: Path, browser: Browser) -> None:
    async with stage(tmp_path, browser) as scene:
        async with scene.db.write() as conn:
            made = await scripts.add(conn, "sales", "Заявка")
            first = Question(id=-1, text="Что интересует?", kind="list", options=("Опт", "Розница"))
            await scripts.keep(conn, Script(id=made, queue="sales", name="Заявка", questions=(first,)))
            first = Question(id=1, text="Что интересует?", kind="list", options=("Опт", "Розница"))
            then = Question(id=-2, text="Сколько штук?", kind="number", after=1, value="Опт")
            await scripts.keep(conn, Script(id=made, queue="sales", name="Заявка", questions=(first, then)))
        page = await scene.desk()
        await scene.ring("c1")
        await scene.journal("c1")
        await scene.becomes("c1", "talking")
        asked = page.locator("#questions li:visible")
        await expect(asked).to_have_count(1)
        await page.keyboard.press("y")
        await page.keyboard.press("Space")
        await expect(asked).to_have_count(2)
        await page.keyboard.press("Tab")
        await page.keyboard.type("много")
        await page.keyboard.press("Tab")
        await expect(asked.nth(1).locator(".fault")).to_be_visible()
        await asked.nth(1).locator("input").fill("150")
        await page.keyboard.press("Tab")
        await expect(asked.nth(1)).to_have_attribute("data-answered", "yes")
        assert await violations(page) == []
        await page.reload()
        await expect(asked.nth(1).locator("input")).to_have_value("150")
        assert [fault for fault in page.faults if "409" not in fault] == []  # type: ignore[attr-defined]
