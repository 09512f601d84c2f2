"""Anna and Clara talk in their browsers: answer, hold, tones, transfers, a second call, a click; Asterisk counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from lab.pbx import Pbx
from lab.phones import Phone
from tests.browser.axe import violations
from tests.e2e.server import until
from tests.lab.ami import Ami
from tests.phone.booth import Office

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SALES, CLARA = "74950000001", "74950000002"
ANNAS, CLARAS = "PJSIP/101-web", "PJSIP/103-web"


@pytest.fixture(scope="module")
def log(pbx: Pbx) -> AsyncIterator[object]:
    """What Asterisk itself writes of tones and music."""
    pbx.console("logger add channel heard verbose(3),dtmf")
    return lambda: (pbx.home / "log/heard").read_text(errors="replace")  # type: ignore[return-value]


@pytest_asyncio.fixture(loop_scope="module")
async def world(pbx: Pbx) -> AsyncIterator[Phone]:
    """Whoever is dialled outside answers."""
    one = Phone("client", pbx.ports.sip, trunk=True, port=pbx.ports.trunk, ring_ms=100)
    await asyncio.to_thread(one.start)
    yield one
    await asyncio.to_thread(one.stop)


async def test_a_call_is_answered_held_and_toned_in_the_browser(office: Office, log) -> None:  # type: ignore[no-untyped-def]
    anna = await office.booth("anna", ANNAS)
    client = await office.client(SALES)
    await expect(anna.page.locator("#answer")).to_be_visible()
    await expect(anna.page.locator("#rings")).to_contain_text("Алхимов")
    await anna.press("a")
    await anna.is_("talking")
    await anna.voice_flows()
    await anna.press("h")
    await anna.is_("held")
    music, stopped = "Started music on hold, class", "Stopped music on hold on PJSIP/trunk"
    await until(lambda: log().count(music) == 2, why="the client hears music, as in the queue before")
    await anna.press("h")
    await anna.is_("talking")
    await until(lambda: log().count(stopped) == 2, why="and hears Anna again")
    await anna.press("m")
    await expect(anna.page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    await anna.press("m")
    await anna.press("k")
    for key in "5#":
        await anna.press(key)
    await until(lambda: "DTMF end '#' received on PJSIP/101-web" in log(), why="tones arrive")
    await until(
        lambda: "DTMF end '5' received on PJSIP/trunk" in log(), why="the client heard one, for he says it back"
    )
    await expect(anna.page.locator("#toned")).to_have_text("5#")
    await asyncio.to_thread(client.hang_up)
    await anna.is_("idle")
    await expect(anna.page.locator("#line")).to_be_hidden()
    assert anna.faults() == []


async def test_clara_is_asked_and_given_the_client(office: Office) -> None:
    anna, clara = await office.booth("anna", ANNAS), await office.booth("clara", CLARAS)
    client = await office.client(SALES)
    await anna.page.locator("#answer").click()
    await anna.is_("talking")
    await anna.page.fill("#note", "Просит счёт")
    await expect(anna.page.locator("#note-state")).to_have_attribute("data-kind", "good")
    await anna.page.locator("#hand-over-open").click()
    row = anna.page.locator("#hand-over-list li", has_text="Клара")
    await expect(row).to_contain_text("103")
    await expect(anna.page.locator("#hand-over-list li", has_text="support")).to_be_visible()
    assert await violations(anna.page) == []
    await row.locator("[data-act=ask]").click()
    await expect(clara.page.locator("#answer")).to_be_visible()
    await anna.press("q")  # at once: it is she who is let go, never the client who waits
    await clara.is_("idle")
    await anna.is_("held")
    await anna.page.locator("#hand-over-open").click()
    await row.locator("[data-act=ask]").click()
    await expect(clara.page.locator("#answer")).to_be_visible()
    await expect(anna.page.locator("#line-others")).to_contain_text("Алхимов")
    await expect(clara.page.locator(".card-head h2")).to_have_text("Алхимов")
    await expect(clara.page.locator("#asked")).to_contain_text("Анна")
    await expect(clara.page.locator("#asked-notes")).to_contain_text("Просит счёт")
    await expect(clara.page.locator("[data-f=asked-waits]")).to_contain_text("0:")
    await clara.press("a")
    await clara.is_("talking")
    await expect(clara.page.locator("#phone .peer")).to_contain_text("Анна")
    await clara.voice_flows()
    await clara.page.fill("#note", "Обещала скидку")
    await anna.press("j")
    await anna.is_("idle")
    await clara.is_("talking")
    await expect(anna.page.locator("#card-state")).to_contain_text("Клара")
    await expect(clara.page.locator("#asked")).to_have_attribute("data-kind", "given")
    await expect(clara.page.locator("#note")).to_have_value("Обещала скидку")
    await expect(clara.page.locator("#note-state")).to_have_attribute("data-kind", "good")
    await expect(clara.page.locator("#phone")).to_contain_text("Алхимов")
    await clara.voice_flows()
    await office.is_out(ANNAS)
    await clara.page.locator("#hang-up").click()
    assert await asyncio.to_thread(client.wait_over) == "talked"
    assert anna.faults() + clara.faults() == []


async def test_three_talk_together_and_two_go_on(office: Office) -> None:
    anna, clara = await office.booth("anna", ANNAS), await office.booth("clara", CLARAS)
    client = await office.client(SALES)
    await anna.page.locator("#answer").click()
    await anna.is_("talking")
    await anna.press("t")
    await anna.page.locator("#hand-over-list li", has_text="Клара").locator("[data-act=ask]").click()
    await clara.page.locator("#answer").click()
    await clara.is_("talking")
    await clara.voice_flows()
    await expect(anna.page.locator("#three")).to_be_visible()
    await anna.press("x")

    async def together() -> bool:
        return (await office.channels()).count("!Up!ConfBridge!") == 3

    await until(together, why="three are in one room")
    await expect(anna.page.locator("#strip .calm")).to_contain_text("Втроём: Алхимов, Клара Ли")
    await expect(clara.page.locator("#strip .calm")).to_contain_text("Втроём: Алхимов, Анна Белова")
    await expect(clara.page.locator("#together")).to_have_text("Втроём: Алхимов, Анна Белова")
    for booth in (anna, clara):
        await booth.is_("talking")
        await booth.voice_flows()
    await expect(anna.page.locator("#line-others li")).to_have_count(0)
    await anna.press("q")
    await anna.is_("idle")
    await expect(clara.page.locator("#strip .calm")).not_to_contain_text("Втроём")
    await expect(clara.page.locator("#together")).to_have_text("Разговор втроём закончился.")
    await clara.voice_flows()
    await clara.press("q")
    await clara.is_("idle")
    await asyncio.to_thread(client.hang_up)
    assert anna.faults() + clara.faults() == []


async def test_a_client_is_sent_on_at_once_and_a_second_one_waits(office: Office) -> None:
    anna, clara = await office.booth("anna", ANNAS), await office.booth("clara", CLARAS)
    first = await office.client(CLARA)
    await clara.page.locator("#answer").click()
    await clara.is_("talking")
    second = await office.client(CLARA, "79355550777")
    waiting = clara.page.locator("#line-others li")
    await expect(waiting).to_contain_text("+7 935 555-07-77")
    await waiting.locator("[data-act=take]").click()
    await expect(clara.page.locator("#phone .peer")).to_contain_text("+7 935 555-07-77")
    await expect(waiting).to_contain_text("Алхимов")
    await clara.press("s")
    await expect(clara.page.locator("#phone .peer")).to_contain_text("Алхимов")
    await clara.voice_flows()
    await asyncio.to_thread(second.hang_up)
    await expect(waiting).to_have_count(0)
    await clara.press("t")
    await clara.page.fill("#hand-over-to", "88091234567")
    await clara.page.locator("#hand-over-list [data-act=send]").click()
    await expect(clara.page.locator("#line-fault")).to_contain_text("нельзя")
    await clara.is_("talking")
    await clara.page.fill("#hand-over-to", "анна")
    await clara.page.locator("#hand-over-list li", has_text="Анна").locator("[data-act=send]").click()
    await expect(anna.page.locator("#answer")).to_be_visible()
    await clara.is_("idle")
    await anna.press("a")
    await anna.is_("talking")
    await anna.voice_flows()
    await anna.press("q")
    assert await asyncio.to_thread(first.wait_over) == "talked"


async def test_a_click_dials_and_only_its_own_leg_answers_itself(office: Office, pbx: Pbx, world: Phone) -> None:
    anna = await office.booth("anna", ANNAS)
    await anna.page.fill("#dial-to", "8 (935) 555-02-02")
    await anna.page.press("#dial-to", "Enter")
    await anna.is_("talking")
    await anna.voice_flows()
    assert world.calls[-1].start.startswith("INVITE sip:79355550202@")
    await anna.press("q")
    await anna.is_("idle")
    await anna.press("p")
    await anna.press("ArrowUp")
    await expect(anna.page.locator("#dial-to")).to_have_value("8 (935) 555-02-02")
    await anna.press("Escape")
    await anna.page.goto(office.server.url + "/dial?to=tel%3A%2B7-935-555-02-04")
    await anna.be_rung_at(ANNAS)
    await expect(anna.page.locator("#dial-confirm .go")).to_be_focused()
    assert len(world.calls) == 1, "a link of another page dials nothing"
    await anna.press("Enter")
    await anna.is_("talking")
    assert world.calls[-1].start.startswith("INVITE sip:79355550204@")
    await anna.press("q")
    await anna.is_("idle")
    with Ami(pbx, events="off") as ami:
        strange = "PJSIP_HEADER(add,X-Trubka-Click)=0123456789abcdef"
        place = {"Context": "from-internal", "Exten": "600", "Priority": "1"}
        ami.action("Originate", Channel=ANNAS, Async="true", Variable=strange, **place)
        await expect(anna.page.locator("#answer")).to_be_visible()
        await office.rings()
        assert "!Up!" not in await office.channels()
        await anna.press("q")
        await anna.is_("idle")
