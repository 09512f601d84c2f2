"""A person with two phones: his conversation goes on at the other one, and the client hears a moment of silence."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.server import until
from tests.phone.booth import Booth, Office

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLARA, CLARAS, DESK = "74950000002", "PJSIP/103-web", "PJSIP/103"


async def test_a_conversation_goes_on_at_the_desk_phone_and_back_in_the_browser(office: Office, pbx: Pbx) -> None:
    with Phone("103", pbx.ports.sip, ring_ms=100) as desk:
        clara = await office.booth("clara", CLARAS)
        client = await office.client(CLARA)
        await clara.page.locator("#answer").click()
        await clara.is_("talking")
        await clara.voice_flows()
        button = clara.page.locator("#moves button")
        await expect(button).to_have_text(re.compile("аппарат"))
        await clara.press("o")
        await asyncio.to_thread(desk.wait, "talking")
        await until(lambda: legs(office, CLARAS, 0), why="the browser's leg is let go")
        await clara.is_("talking")
        assert not client.over
        assert await rings(clara) == 0, "the way to the other phone is no new call"
        await expect(clara.page.locator("#line")).to_be_hidden()

        await expect(button).to_have_text(re.compile("браузер"))
        await button.click()
        await clara.voice_flows()
        await asyncio.to_thread(desk.wait, "idle")
        await expect(clara.page.locator("#line")).to_be_visible()
        assert not client.over
        await asyncio.to_thread(client.hang_up)
        await clara.is_("idle")
        assert clara.faults() == []


async def test_a_phone_that_does_not_answer_leaves_the_conversation_where_it_is(office: Office, pbx: Pbx) -> None:
    with Phone("103", pbx.ports.sip, refuse=486) as desk:
        clara = await office.booth("clara", CLARAS)
        client = await office.client(CLARA)
        await clara.page.locator("#answer").click()
        await clara.is_("talking")
        await clara.page.locator("#moves button").click()
        await until(lambda: asyncio.to_thread(lambda: bool(desk.calls)), why="the desk phone is asked")
        await clara.is_("talking")
        await clara.voice_flows()
        assert not client.over


async def legs(office: Office, device: str, count: int) -> bool:
    return sum(line.startswith(f"{device}-") for line in (await office.channels()).splitlines()) == count


async def rings(clara: Booth) -> int:
    return await clara.page.locator("#rings .bell").count()
