"""The panel in a real browser, by a real call: what Anna and Boris see."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.browser import chromium, sign_in
from tests.e2e.conftest import Street
from tests.e2e.server import DEADLINE_S, Server

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLARA = "74950000002"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def browser(one_browser: Browser) -> AsyncIterator[Browser]:
    """Its windows close with the test."""
    yield one_browser
    for context in one_browser.contexts:
        await context.close()


async def test_an_unknown_number_is_saved_from_the_desk(browser: Browser, server: Server, street: Street) -> None:
    await street.phone("103")
    clara = await sign_in(browser, server, "clara")
    client = await street.call(CLARA, caller="79355559777")
    await clara.shows("#strip .bell", "+7 935 555-97-77")
    await clara.page.locator('#main input[name="name"]').fill("Утренняя заря")
    await clara.page.locator('#main input[name="name"]').press("Enter")
    await clara.shows("#main", "Утренняя заря")
    await street.do(client.hang_up)
    await clara.page.goto(f"{server.url}/clients?q=977")
    await clara.shows("#found .tabulator-row", "Утренняя заря")
    assert clara.trouble == []


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        '"><script>alert(1)</script>',
        "javascript:alert(1)",
        "x" * 120,
        "‮текст справа налево",
        "{{7*7}}${7*7}",
    ],
)
async def test_SEC_06_a_callers_name_is_never_markup(
    browser: Browser, server: Server, street: Street, name: str
) -> None:
    await street.phone("103")
    clara = await sign_in(browser, server, "clara")
    dialogs: list[str] = []
    clara.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    client = await street.call(CLARA, caller="79355559888", name=name)
    await clara.shows("#strip .bell", "+7 935 555-98-88")
    assert await clara.page.locator("#strip img, #main img").count() == 0
    assert await clara.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await street.do(client.hang_up)
    await clara.gone("#strip .bell")
    assert dialogs == []
    assert clara.trouble == []


async def test_a_client_on_a_desk_phone_is_handed_over_from_the_panel(
    browser: Browser, server: Server, street: Street
) -> None:
    own, other = await street.phone("103"), await street.phone("102")
    clara, boris = await sign_in(browser, server, "clara"), await sign_in(browser, server, "boris", scheme="dark")
    await street.call(CLARA, caller="79355550101")
    await street.do(own.wait, "ringing")
    await street.do(own.answer)
    await clara.page.locator("#desk-hand-over-open").wait_for(state="visible", timeout=DEADLINE_S * 1000)
    await clara.page.keyboard.press("t")
    await clara.page.locator("#desk-hand-over-to").fill("Борис")
    await clara.page.keyboard.press("Enter")
    await boris.shows("#asked", "Клара Ли")
    await boris.shows(".card-head h2", "Алхимов")
    await clara.shows("#desk-asking", "Борис Ким")
    await street.do(other.wait, "ringing")
    await street.do(other.answer)
    await boris.page.locator('#phone[data-state="talking"]').wait_for(state="attached", timeout=DEADLINE_S * 1000)
    await clara.page.locator("#desk-connect").click()
    await clara.shows("#card-state", "Борис Ким")
    await boris.page.locator('#asked[data-kind="given"]').wait_for(state="visible", timeout=DEADLINE_S * 1000)
    await clara.gone("#desk-line")
    assert [clara.trouble, boris.trouble] == [[], []]
