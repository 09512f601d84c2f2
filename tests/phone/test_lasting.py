"""A conversation outlives its page, its tab, its server, its browser's connection; the last machine has the phone."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from playwright.async_api import expect

from lab.pbx import Pbx
from tests.e2e.proxy import Proxy
from tests.e2e.server import Server, until
from tests.phone.booth import Booth, Office

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLARA, CLARAS = "74950000002", "PJSIP/103-web"
READY = """() => fetch("/api/v1/agents/me/state", { method: "PUT", body: JSON.stringify({ state: "ready" }), headers: {
  "Content-Type": "application/json", "X-CSRF-Token": document.querySelector('meta[name="csrf"]').content } })
  .then((answer) => { if (!answer.ok) throw new Error(answer.status); })"""
BACK_S = 2.0  # a call is taken back within


async def talking(office: Office, url: str = "") -> Booth:
    """Clara talks with a client; her panel by another address where one is given."""
    clara = await office.booth("clara", CLARAS, url=url)
    await office.client(CLARA)
    await clara.page.locator("#answer").click()
    await clara.is_("talking")
    await clara.voice_flows()
    return clara


SLOW_MICROPHONE = """() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const given = new Promise((done) => { window.giveMicrophone = done; });
  navigator.mediaDevices.getUserMedia = async (wish) => {
    document.documentElement.dataset.asks = "microphone";
    await given;
    return real(wish);
  };
}"""


async def taken_back(office: Office, old: str, began: float) -> None:
    """Wait until another leg of Clara's has taken the old one's place, and say how long it took."""

    async def replaced() -> bool:
        shown = await office.channels()
        return old not in shown and CLARAS in shown

    await until(replaced, why="the call is taken back")
    took = time.monotonic() - began
    assert took < BACK_S, f"taken back after {took:.2f} s"


async def leg(office: Office) -> str:
    shown = await office.channels()
    return next(line.partition("!")[0] for line in shown.splitlines() if line.startswith(CLARAS))


async def test_a_reload_takes_the_call_back_as_it_was(office: Office) -> None:
    clara = await talking(office)
    await clara.press("m")
    old = await leg(office)
    await clara.page.reload(wait_until="commit")
    assert clara.asked == ["beforeunload"]
    await taken_back(office, old, time.monotonic())
    await clara.is_("talking")
    await expect(clara.page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    await expect(clara.page.locator("#phone")).to_contain_text("Алхимов")
    await clara.press("m")
    await clara.voice_flows()
    await clara.press("q")
    await clara.is_("idle")
    assert await asyncio.to_thread(office.callers[0].wait_over) == "talked"
    await expect(clara.page.locator("#line")).to_be_hidden()
    assert clara.faults() == []


async def test_a_closed_page_does_not_leave_the_client_in_silence(office: Office) -> None:
    clara = await talking(office)
    page = clara.page
    async with page.expect_event("close"):
        await page.close(
            run_before_unload=True
        )  # as a person does; a context that is closed takes the last word with it
    assert await asyncio.to_thread(office.callers[0].wait_over, within_s=30) == "talked"


async def test_F_14_another_tab_mirrors_the_phone_and_takes_a_held_call_over(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    second = await clara.tab()
    await office.client(CLARA)
    await second.locator("#answer").click()
    await clara.is_("talking")
    await clara.is_("talking", second)
    await second.keyboard.press("h")
    await clara.is_("held")
    await expect(second.locator("#hold")).to_have_attribute("aria-pressed", "true")
    old = await leg(office)
    began = time.monotonic()
    await clara.page.close()
    await taken_back(office, old, began)
    clara.page = second
    await clara.is_("held")
    await clara.press("h")
    await clara.is_("talking")
    await clara.voice_flows()
    assert clara.faults() == []


async def test_who_resumes_a_held_call_while_it_is_taken_over_has_it_resumed(office: Office) -> None:
    """The tab that takes it over has no microphone yet: the wish is kept until the call is there."""
    clara = await office.booth("clara", CLARAS)
    second = await clara.tab()
    await second.evaluate(SLOW_MICROPHONE)
    await office.client(CLARA)
    await second.locator("#answer").click()
    await clara.is_("talking")
    await second.keyboard.press("h")
    await clara.is_("held")
    old = await leg(office)
    await clara.page.close()
    clara.page = second
    await second.wait_for_selector("html[data-asks=microphone]")
    await expect(second.locator("#hold")).to_have_attribute("aria-pressed", "true")
    began = time.monotonic()
    await clara.press("h")
    await expect(second.locator("#hold")).to_have_attribute("aria-pressed", "false")
    await second.evaluate("window.giveMicrophone()")
    await taken_back(office, old, began)
    await clara.is_("talking")
    await clara.voice_flows()
    assert clara.faults() == []


async def test_a_dead_server_leaves_the_voice_and_a_new_one_has_the_phone_back(office: Office, server: Server) -> None:
    clara = await talking(office)
    try:
        await asyncio.to_thread(server.kill)
        await expect(clara.page.locator("#offline")).to_be_visible()
        await clara.voice_flows()
    finally:
        await asyncio.to_thread(server.start)
    registered = lambda: asyncio.to_thread(office.pbx.registered, "103-web")  # noqa: E731
    await until(registered, why="the phone is on the PBX again")
    await clara.page.wait_for_selector("html[data-live=yes]")
    await clara.is_("talking")
    await clara.voice_flows()
    await clara.press("h")
    await clara.is_("held")
    await asyncio.to_thread(office.callers[0].hang_up)
    await expect(clara.page.locator("#line")).to_be_hidden()
    await clara.is_("idle")
    assert clara.faults() == []


async def test_a_cut_connection_leaves_the_voice_and_comes_back(office: Office, server: Server) -> None:
    async with Proxy(server.port) as wire:
        clara = await talking(office, f"http://127.0.0.1:{wire.port}")
        wire.refuse = True
        await wire.drop()
        await expect(clara.page.locator("#offline")).to_be_visible()
        await expect(clara.page.locator("#line-fault")).to_contain_text("Разговор не прервётся")
        await clara.voice_flows()
        wire.refuse = False
        await clara.page.wait_for_selector("html[data-live=yes]")
        await expect(clara.page.locator("#line-fault")).to_be_hidden()
        await clara.is_("talking")
        await asyncio.to_thread(office.callers[0].hang_up)
        await clara.is_("idle")
        await expect(clara.page.locator("#line")).to_be_hidden()
        assert clara.faults() == []


async def test_F_15_of_two_machines_the_last_one_has_the_phone(office: Office, pbx: Pbx) -> None:
    first = await talking(office)
    other = await office.booth("clara", CLARAS)
    await expect(first.page.locator("#line-fault")).to_contain_text("в другом браузере")
    await first.is_("talking")
    await first.voice_flows()
    for booth in (first, other):
        await booth.page.evaluate(READY)

    async def places() -> bool:
        return (await asyncio.to_thread(pbx.console, "queue show support")).count(f"({CLARAS}") == 1

    await until(places, why="two machines are one place in the queue")
    lasted = re.compile(r"^(0:0[89]|0:[1-5]\d|[1-9])")  # so long that the library has tried to come back by itself
    await expect(first.page.locator("#phone [data-f=timer]")).to_have_text(lasted)
    await first.page.locator("#line-here").click()
    await expect(other.page.locator("#line-fault")).to_contain_text("в другом браузере")
    await expect(first.page.locator("#line-fault")).to_be_hidden()
    await first.press("q")
    await first.is_("idle")
    assert first.faults() + other.faults() == []
