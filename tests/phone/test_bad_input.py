"""A browser, a device, a colleague or an account that fails: a sentence says what to do, and the client stays."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.e2e.server import Desk
from tests.phone.booth import Booth, Office

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLARA, SALES, CLARAS, ANNAS = "74950000002", "74950000001", "PJSIP/103-web", "PJSIP/101-web"
SILENT_STUN = """
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(how) { super({ ...how, iceServers: [{ urls: "stun:127.0.0.1:9" }] }); }
    get iceGatheringState() { return "gathering"; }
  };
"""


async def says(page: Page, text: str) -> None:
    await expect(page.locator("#line-fault")).to_contain_text(text)


@pytest.mark.parametrize(
    ("lacks", "text"),
    [
        ("delete window.RTCPeerConnection;", "не может быть телефоном"),
        ('Object.defineProperty(window, "isSecureContext", { value: false });', "только по HTTPS"),
    ],
    ids=["no-webrtc", "insecure"],
)
async def test_a_browser_that_cannot_be_a_phone_says_so_at_once(office: Office, lacks: str, text: str) -> None:
    page = await office.visit("clara", office.server.url)
    await page.add_init_script(lacks)
    await page.reload()
    await says(page, text)


async def test_a_chosen_microphone_that_is_gone_is_replaced_and_told(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    await clara.page.evaluate("""() => localStorage.setItem("trubka-sound", JSON.stringify({ mic: "gone" }))""")
    await talks(office, clara, CLARA)
    await says(clara.page, "Выбранный микрофон")
    await clara.voice_flows()


async def test_ways_for_the_voice_that_are_never_all_found_hold_no_call_up(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    await clara.page.add_init_script(SILENT_STUN)
    await clara.page.reload()
    await clara.be_rung_at(CLARAS)
    await talks(office, clara, CLARA)
    await clara.voice_flows()


async def test_a_colleague_who_is_gone_in_the_middle_leaves_the_client_with_us(office: Office) -> None:
    anna, clara = await office.booth("anna", ANNAS), await office.booth("clara", CLARAS)
    client = await talks(office, anna, SALES)
    await anna.press("t")
    await anna.page.locator("#hand-over-list li", has_text="Клара").locator("[data-act=ask]").click()
    await clara.page.locator("#answer").click()
    await anna.is_("talking")
    await clara.context.close()
    office.booths.remove(clara)
    row = anna.page.locator("#line-others li")
    await expect(row).to_contain_text("Алхимов")
    await row.locator("[data-act=take]").click()
    await anna.is_("talking")
    await anna.voice_flows()
    assert not client.over


async def test_who_is_shut_out_in_a_call_talks_on_and_is_sent_to_the_door_after_it(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    client = await talks(office, clara, CLARA)
    async with Desk(office.server, "pavel") as pavel:
        await pavel.form("/settings/people/3/block")
        try:
            await says(clara.page, "Вы вышли")
            await clara.voice_flows()
            assert not client.over
            await asyncio.to_thread(client.hang_up)
            await clara.page.wait_for_url("**/sign-in")
        finally:
            await pavel.form("/settings/people/3/unblock")


async def talks(office: Office, booth: Booth, did: str):  # type: ignore[no-untyped-def]
    client = await office.client(did)
    await booth.page.locator("#answer").click()
    await booth.is_("talking")
    return client
