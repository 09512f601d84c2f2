"""Pages that people work in all day break no rule of WCAG 2.2 AA, in light and in dark."""

from __future__ import annotations

import time

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import insert

from cti.storage import duty, marks
from cti.storage.recording_tables import recording_gaps, recordings
from cti.telephony.duty import Duty
from tests.browser.axe import violations_in_both_looks
from tests.browser.stage import ANNA, Stage

OF_AGENT = {
    "/": "#desk",
    "/clients": "#found .tabulator-row",
    "/clients?q=zzzz": "#found .empty",
    "/clients/1": "form[data-client-form]",
    "/clients/1?tab=contacts": "#people li",
    "/clients/1?tab=details": "[name=inn]",
    "/clients/1?tab=contracts": "#contracts td",
    "/clients/1?tab=properties": "#properties select",
    "/clients/1?tab=history": "#history h2",
    "/clients/1/contacts/new?q=громов": ".choice",
    "/contacts/1": "[name=name]",
    "/contracts/1": "[name=number]",
    "/clients/new": "form[data-client-form]",
    "/calls": "#main h1",
    "/missed": "#main td",
    "/work": ".work-row",
    "/mail": ".mail-row",
    "/mail?view=all&c=1": "#mail-read iframe",
    "/mail/outbox": "#outgoing",
    "/sms": "#texts",
    "/profile": "#main h1",
}
OF_SUPERVISOR: dict[str, str] = {
    "/recordings": "[data-opens]",
    "/recordings/missing": "#main h1",
    "/calls/heard": "[data-play]",
    "/calls/refused": ".recording",
    "/board": "#board-agents tr, #board-no-agents:not([hidden])",
    "/campaigns": "#main .empty",
    "/campaigns/new": "[name=channel]",
    "/settings/consents": "#main h1",
}
PAGES = {"anna": OF_AGENT, "vera": OF_SUPERVISOR}


async def recorded(theatre: Stage, call: str) -> None:
    """A recording with a gap and a mark, or one that the client said no to."""
    now = time.time()
    row = {"id": call, "call_id": call, "pbx": "main", "file": f"{call}.wav", "started_at": now - 580}
    there = {"state": "there", "duration_s": 60.0, "size": 8000, "peaks": "AZaz" * 100}
    async with theatre.db.write() as conn:
        more = there if call == "heard" else {"state": "deleted", "why": "refused", "announced": True}
        await conn.execute(insert(recordings).values(row | more))
        if call == "heard":
            gap = {"recording_id": call, "began_at": now - 570, "ended_at": now - 560, "why": "agent", "user_id": ANNA}
            await conn.execute(insert(recording_gaps).values(gap))
            await marks.add(conn, call, ANNA, now - 550, "Скидка обещана")


@pytest.mark.parametrize("login", list(PAGES))
async def test_pages_are_accessible(theatre: Stage, login: str) -> None:
    await theatre.journal("in-vain", outcome="abandoned")
    for call in ("heard", "refused"):
        await theatre.journal(call, ago_s=900)
        await recorded(theatre, call)
    page = await theatre.desk(login)
    found: dict[str, list[str]] = {}
    for path, shown in PAGES[login].items():
        await page.goto(theatre.url + path)
        await expect(page.locator(shown).first).to_be_visible()
        if left := await violations_in_both_looks(page):
            found[path] = left
        more = "document.scrollingElement.scrollHeight - innerHeight"
        assert await page.evaluate(more) <= 0, f"{path}: the shell is taller than the window"
    if login == "vera":
        found |= await on_the_card(theatre, page)
    assert found == {}


async def on_the_card(theatre: Stage, page: Page) -> dict[str, list[str]]:
    """The player in a client's history, opened and led by keys alone."""
    await page.goto(theatre.url + "/clients/1?tab=history")
    await page.locator("button.hear").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#history [data-play]")).to_be_focused()
    await page.keyboard.press("l")
    await expect(page.locator("#history .seek")).to_have_value("10")
    await page.keyboard.press(">")
    await expect(page.locator("#history [data-speed]")).to_have_value("1.25")
    return {"card": left} if (left := await violations_in_both_looks(page)) else {}


async def test_phones_and_the_list_of_keys_are_accessible(theatre: Stage) -> None:
    page = await theatre.desk("vera")
    await page.locator('.rail a[href="/settings/phones"]').click()
    await expect(page.locator("#main td").first).to_be_visible()
    assert await violations_in_both_looks(page) == []
    for path in ("/settings/rules/new?event=changed", "/settings/templates/new", "/settings/library"):
        await page.goto(theatre.url + path)
        assert await violations_in_both_looks(page) == [], path
    await page.evaluate("document.dispatchEvent(new CustomEvent('compose', { detail: { kind: 'new' } }))")
    await expect(page.locator("#compose-to")).to_be_focused()
    assert await violations_in_both_looks(page) == []
    await page.locator('#compose [data-act="close"]').click()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    assert await violations_in_both_looks(page) == []
    moving = "[...document.querySelectorAll('*')].filter((one) => one.getAnimations().length).length"
    assert await page.evaluate(moving) == 0, "who wants no motion sees none"


async def test_limits_and_consents_are_accessible(theatre: Stage) -> None:
    page = await theatre.desk("pavel")
    for path in ("/settings/sending", "/settings/consents", "/clients/1/consents"):
        answer = await page.goto(theatre.url + path)
        assert answer is not None
        assert answer.ok, path
        assert await violations_in_both_looks(page) == [], path


async def test_a_day_found_by_the_palette_is_accessible(theatre: Stage) -> None:
    async with theatre.db.write() as conn:
        for state in ("ready", "not-ready", "after-call", "logged-off"):
            await duty.append(conn, ANNA, Duty(state=state, since=time.time() - 1), None)
    page = await theatre.desk("vera")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("Анна")
    await page.locator("#palette-found li", has_text="день").first.click()
    await page.wait_for_url("**/agents/1/day")
    await expect(page.locator(".day svg rect").first).to_be_visible()
    await page.locator(".states a", has_text="Исправить").first.click()
    await expect(page.locator("#f-why")).to_be_visible()
    assert await violations_in_both_looks(page) == []
