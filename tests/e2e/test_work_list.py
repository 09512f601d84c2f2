"""A client who called in vain is called back from the work list; a call-back comes at its time: a real Asterisk."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import Street
from tests.e2e.server import Server
from tests.e2e.test_seen_by_both import chromium, desk

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.lab]
CLARA = "74950000002"  # rings her alone
DONE = "() => fetch('/api/v1/tasks').then((answer) => answer.json()).then((all) => !all.length)"
SOON = """async (seconds) => {
  const token = document.querySelector("meta[name=csrf]").content;
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
  const [task] = await (await fetch("/api/v1/tasks")).json();
  const body = JSON.stringify({ what: task.what, owner_id: task.owner_id, due_at: Date.now() / 1000 + seconds });
  await fetch(`/api/v1/tasks/${task.id}`, { method: "PUT", headers, body });
}"""


async def test_a_missed_client_is_called_back_and_the_next_step_comes_at_its_time(
    chromium: Browser, server: Server, street: Street
) -> None:
    phone, world = await street.phone("103"), await street.world()
    clara = await desk(chromium, server, "clara")
    client = await street.call(CLARA, caller="79355550101")
    await street.do(phone.wait, "ringing")
    await street.do(client.hang_up)
    await expect(clara.locator("#work-count")).to_have_text("1")
    await clara.keyboard.press("g")
    await clara.keyboard.press("w")
    row = clara.locator(".work-row")
    await expect(row).to_contain_text("Алхимов")
    await expect(row).to_contain_text("Не дождался ответа в")

    await clara.keyboard.press("w")  # the next one: chosen, with the card
    await expect(clara.locator(".next-one")).to_contain_text("Алхимов")
    await expect(clara.locator("main h1")).to_have_text("Алхимов")
    await clara.keyboard.press("w")  # and called
    await answered(clara, street, phone)
    await expect(clara.locator(".next-one")).to_have_count(0)
    await expect(clara.locator("#work-count")).to_be_hidden()

    await expect(clara.locator("#desk")).to_be_visible()  # it comes by itself with the call
    await expect(clara.locator("#desk-card h2").first).to_have_text("Алхимов")
    await clara.locator("#next label", has_text="перезвонить").click()
    await clara.fill("#next-what", "Счёт")
    await clara.click("#next [type=submit]")
    await expect(clara.locator("#next-saved")).to_contain_text("Перезвонить")
    await clara.evaluate(SOON, 1)
    await expect(clara.locator("#due li")).to_have_count(0)  # not while she talks
    await clara.locator("#hang-up").click()
    await street.do(world.wait, "idle")
    reminder = clara.locator("#due .due")
    await expect(reminder).to_contain_text("Алхимов")
    await expect(reminder).to_contain_text("Счёт")
    await clara.keyboard.press("Escape")
    await clara.keyboard.press("b")
    await answered(clara, street, phone)
    await expect(reminder).to_have_count(0)
    await clara.wait_for_function(DONE)
    del world


async def answered(page: Page, street: Street, phone: object) -> None:
    """Her own phone rings and is picked up; the client answers."""
    await street.do(phone.wait, "ringing")  # type: ignore[attr-defined]
    await street.do(phone.answer)  # type: ignore[attr-defined]
    await expect(page.locator("#phone")).to_have_attribute("data-state", "talking")
