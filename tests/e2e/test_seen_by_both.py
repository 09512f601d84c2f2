"""A client calls through a real Asterisk; two agents look at their screens: the whole path, seen with the eyes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.stage import FLAGS, SHELL
from tests.e2e.conftest import Street
from tests.e2e.server import PASSWORD, Server

pytestmark = [pytest.mark.browser, pytest.mark.lab]
SALES = "74950000001"


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=SHELL, args=list(FLAGS))
        yield browser
        await browser.close()


async def desk(chromium: Browser, server: Server, login: str) -> Page:
    """An agent at his desk, in a browser of his own. page.trouble: everything its console complained of."""
    page = await (await chromium.new_context()).new_page()
    trouble: list[str] = []
    page.trouble = trouble  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
    await page.goto(server.url + "/sign-in")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("html[data-live=yes]")
    return page


async def test_both_see_the_card_one_answers_the_other_learns_who(
    chromium: Browser, server: Server, street: Street
) -> None:
    one, two = await street.phone("101"), await street.phone("102")
    anna, boris = await desk(chromium, server, "anna"), await desk(chromium, server, "boris")
    await street.call(SALES, caller="79355550101")
    for page in (anna, boris):
        await expect(page.locator("#desk-card h2").first).to_have_text("Алхимов")
        await expect(page.locator("#rings")).to_contain_text("звонит у: Анна Белова, Борис Ким")
    await street.do(one.answer)
    await expect(boris.locator("#rings")).to_contain_text("Отвечает Анна Белова")
    await expect(boris.locator("#desk-calm")).to_be_visible()
    await expect(anna.locator("#phone")).to_have_attribute("data-state", "talking")
    await anna.fill("#note", "Просит счёт до пятницы")
    await expect(anna.locator("#note-state")).to_contain_text("Сохранено")
    await anna.keyboard.press("Escape")
    await anna.keyboard.press("q")
    await expect(anna.locator("#card-state")).to_have_text("отвечен")
    await street.do(two.wait, "idle")
    await anna.click(".rail a[data-section='/calls']")
    await expect(anna.locator(".calls tbody tr")).to_have_count(1)
    await expect(anna.locator(".calls tbody tr").first).to_contain_text("Просит счёт до пятницы")
    await anna.locator(".opener").click()
    await expect(anna.locator(".call-parts")).to_contain_text("Ответ: Анна Белова")
    await expect(anna.locator(".call-parts")).to_contain_text("Карточка нарисована через")
    assert [page.trouble for page in (anna, boris)] == [[], []]  # type: ignore[attr-defined]


async def test_a_click_on_the_card_rings_the_agent_then_the_client(
    chromium: Browser, server: Server, street: Street
) -> None:
    phone, world = await street.phone("103", ring_ms=200), await street.world()
    clara = await desk(chromium, server, "clara")
    await expect(clara.locator("#link")).to_be_hidden()
    await clara.goto(server.url + "/clients?q=Алхимов")
    await clara.click("#found .tabulator-row a")
    await clara.wait_for_selector("html[data-live=yes]")
    await expect(clara.locator("h1")).to_have_text("Алхимов")
    await clara.get_by_role("button", name="+7 935 555-01-02 доб. 14").click()
    await expect(clara.locator("#phone")).to_have_attribute("data-state", "talking")
    await expect(clara.locator("#tones")).to_have_text("Набрать доб. 14")
    await expect(clara.locator("#desk-card h2").first).to_have_text("Алхимов")
    await clara.click("#tones")
    await expect(clara.locator("#toasts")).to_contain_text("Набрано тоном: 14")
    await clara.click("#hang-up")
    await expect(clara.locator("#phone")).to_have_attribute("data-state", "idle")
    await street.do(world.wait, "idle")
    assert len(phone.calls) == 1
