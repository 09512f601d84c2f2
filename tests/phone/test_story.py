"""A client's day: he is answered, asked about, handed over, written down and called back, all of it in two browsers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.server import Desk, Server, until
from tests.phone.booth import Booth, Office

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SALES, ANNAS, CLARAS = "74950000001", "PJSIP/101-web", "PJSIP/103-web"
SOON = """(field) => {
  const [at, timeZone] = [new Date(Date.now() + 3000), document.documentElement.dataset.zone];
  field.step = 1;
  field.value = at.toLocaleString("sv-SE", { timeZone }).replace(" ", "T");
  return Math.floor(at / 1000);
}"""


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that gives time for the work after a call."""
    settings = {**pbx.settings(), "CTI_AGENTS__WRAP_UP_S": "60"}
    with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
        yield one


async def test_a_client_is_answered_asked_about_handed_over_and_called_back(office: Office, pbx: Pbx) -> None:
    async with Desk(office.server, "pavel") as pavel:
        result = {"queue": "", "id": "new0", "name": "Обещали перезвонить", "color": "blue", "next": "callback"}
        await pavel.form("/settings/queues/results", **result)
    anna, clara = await office.booth("anna", ANNAS), await office.booth("clara", CLARAS)
    for booth in (anna, clara):
        await is_ready(booth)
    client = await office.client(SALES)
    await expect(anna.page.locator("#rings")).to_contain_text("Алхимов")
    await anna.press("a")
    await anna.is_("talking")
    await anna.voice_flows()
    await anna.press("n")
    await anna.page.keyboard.type("Просит счёт до пятницы")
    await expect(anna.page.locator("#note-state")).to_have_attribute("data-kind", "good")
    await anna.press("Escape")

    await anna.press("t")
    await anna.page.locator("#hand-over-list li", has_text="Клара").locator("[data-act=ask]").click()
    await clara.is_("ringing")
    await expect(clara.page.locator(".card-head h2")).to_have_text("Алхимов")
    await expect(clara.page.locator("#asked")).to_contain_text("Анна")
    await expect(clara.page.locator("#asked-notes")).to_contain_text("Просит счёт до пятницы")
    await expect(clara.page.locator("[data-f=asked-waits]")).to_contain_text("0:")
    assert f"{CLARAS}-" in await leg(office, "Ringing"), "all that before she has said a word"
    await expect(anna.page.locator("#phone .peer")).to_contain_text("Клара")
    await expect(anna.page.locator(".card-head h2")).to_have_text("Алхимов")
    await expect(anna.page.locator("#note")).to_have_value("Просит счёт до пятницы")
    await clara.press("a")
    await clara.is_("talking")
    await clara.voice_flows()
    await anna.press("j")
    await expect(anna.page.locator("#card-state")).to_contain_text("Клара")
    await expect(clara.page.locator("#asked")).to_have_attribute("data-kind", "given")
    await expect(clara.page.locator("#phone .peer")).to_contain_text("Алхимов")
    await clara.voice_flows()
    await office.is_out(ANNAS)

    await asyncio.to_thread(client.hang_up)
    await expect(clara.page.locator("#after-call")).to_be_visible()
    await clara.page.locator("#results button", has_text="Обещали перезвонить").click()
    await expect(clara.page.locator("#next [value=callback]")).to_be_checked()
    await clara.page.locator("#next label", has_text="выбрать").click()
    due_at = await clara.page.locator("#next-at").evaluate(SOON)
    await clara.page.fill("#next-what", "Счёт")
    await clara.page.press("#next-what", "Enter")
    await expect(clara.page.locator("#next-saved")).to_contain_text("Перезвонить")
    await clara.press("f")
    await expect(clara.page.locator("#after-call")).to_be_hidden()

    world = Phone("client", pbx.ports.sip, trunk=True, port=pbx.ports.trunk, ring_ms=100)
    await asyncio.to_thread(world.start)
    try:
        looked = time.time()
        await expect(clara.page.locator("#due .due")).to_contain_text("Счёт")
        assert due_at <= time.time() < max(due_at, looked) + 10
        await clara.press("b")
        await clara.is_("talking")
        assert world.calls[-1].start.startswith("INVITE sip:79355550101@")
        await until(lambda: leg(office, "Up", "PJSIP/trunk"), why="the client himself has answered")
        await clara.voice_flows()
        await expect(clara.page.locator("#due .due")).to_have_count(0)
        await clara.press("q")
        await clara.is_("idle")
    finally:
        await asyncio.to_thread(world.stop)
    assert anna.faults() + clara.faults() == []


async def is_ready(booth: Booth) -> None:
    await booth.press("r")
    await booth.page.locator("#duty [data-state=ready]").click()
    await expect(booth.page.locator("#duty-pill")).to_contain_text("на линии")


async def leg(office: Office, state: str, device: str = CLARAS) -> str:
    """The lines of a device's legs in this state, as the PBX lists them."""
    lines = (await office.channels()).splitlines()
    return "\n".join(line for line in lines if line.startswith(f"{device}-") and f"!{state}!" in line)
