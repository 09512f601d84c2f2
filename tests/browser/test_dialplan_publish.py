"""A plan is published to the end in a real browser, to a real Asterisk: held up by a kept call, and gone back from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Dialog, Page, expect

from cti.access import Person
from dialplan import edits
from tests.browser.axe import violations
from tests.browser.stage import PAVEL, stage, until
from tests.dialplan.house import DID, HOUSE
from tests.dialplan.owned import OwnedPbx, with_passwords

ADMIN = Person(id=PAVEL, login="pavel", name="Павел", role="admin")
SUNDAY = f"/dialplan/trace?number={DID}&at=2026-11-29T19:30&zone=Europe/Moscow"


@pytest.fixture
def pbx(tmp_path: Path) -> Iterator[OwnedPbx]:
    with OwnedPbx(tmp_path / "pbx") as one:
        yield one


async def _published(page: Page, version: int, note: str) -> None:
    """The review is published as it stands, and says so when the PBX has it."""
    await page.fill("#f-note", note)
    await page.get_by_role("button", name="Опубликовать", exact=True).click()
    await expect(page.locator("#job")).to_contain_text(f"Версия {version} работает")
    await expect(page.locator("#review")).to_contain_text("На словах отличий нет.")  # the page knows it too


@pytest.mark.lab
async def test_a_plan_is_published_held_up_by_a_kept_call_and_gone_back_from(
    tmp_path: Path, browser: Browser, pbx: OwnedPbx
) -> None:
    settings = pbx.owned(tmp_path).pbx
    async with stage(tmp_path / "panel", browser, locale="ru-RU", pbx=settings) as theatre:
        await with_passwords(tmp_path / "panel", HOUSE)
        services = theatre.parts.services
        drafts, publisher = services.dialplan_drafts, services.dialplan_publish
        await drafts.change(ADMIN, "main", 0, lambda _: HOUSE)
        await drafts.set_mode(ADMIN, "main", "owner")

        async def is_up() -> bool:
            return services.link().state == "up"

        await until(is_up, why="the server reaches the PBX")
        page = await theatre.desk("pavel", path=SUNDAY)
        await page.get_by_label("Сохранить как проверку: название").fill("Вечер воскресенья")
        await page.get_by_role("button", name="Сохранить проверку").click()
        await expect(page.locator("#saved")).to_contain_text("как ожидалось")
        await page.goto(theatre.url + "/dialplan/review")
        await _published(page, 1, "Первый план")
        assert pbx.runs(DID)

        before = await drafts.get("main")
        await drafts.change(ADMIN, "main", before.revision, lambda plan: edits.link(plan, "when", "closed", "feast"))
        await page.goto(theatre.url + "/dialplan/review")
        await expect(page.locator("#faults")).to_contain_text("Вечер воскресенья")
        await expect(page.locator("#faults")).to_contain_text("стало:")
        await expect(page.get_by_role("button", name="Опубликовать", exact=True)).to_be_disabled()
        assert await violations(page) == []
        await page.locator("#faults").get_by_role("link", name="Вечер воскресенья").click()
        await page.get_by_role("button", name="Теперь так верно").click()
        await expect(page.locator("#saved")).to_contain_text("как ожидалось")
        await page.goto(theatre.url + "/dialplan/review")
        await _published(page, 2, "Воскресенье иначе")

        async def yes(asked: Dialog) -> None:
            await asked.accept()

        page.on("dialog", yes)
        await page.goto(theatre.url + "/dialplan/history")
        await page.get_by_role("button", name="Вернуться к ней").click()
        await expect(page.locator("#job")).to_contain_text("Версия 3 работает")
        version, plan = (await publisher.running("main")) or (None, None)
        assert version is not None
        assert (version.number, version.of, plan) == (3, 1, HOUSE)
        await page.goto(theatre.url + "/dialplan/history/1")
        await page.get_by_role("button", name="Сделать черновиком").click()
        await expect(page.locator("#review")).to_contain_text("На словах отличий нет.")
        assert (await drafts.get("main")).plan == HOUSE
        await page.get_by_role("button", name="Отменить последнее").click()
        await expect(page).to_have_url(theatre.url + "/dialplan/review?said=undone")  # taken back where it was pressed
        assert page.faults == []  # type: ignore[attr-defined]
