"""What is wrong with a phone is said in a sentence that helps, and no call is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from lab.pbx import Pbx
from tests.e2e.server import Server, until
from tests.phone.booth import FAKE_DEVICE, FAKE_PROMPT, Office, chromium

pytestmark = [pytest.mark.lab, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLARA, CLARAS, ANNAS = "74950000002", "PJSIP/103-web", "PJSIP/101-web"


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that finds no conferences in the PBX's dialplan."""
    pbx.console("dialplan remove context trubka-conference")
    settings = {**pbx.settings(), "CTI_AGENTS__WRAP_UP_S": "0", "CTI_AGI__PORT": "0"}
    with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
        yield one
    pbx.console("dialplan reload")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One that does not give the microphone by itself."""
    async with chromium(media=(FAKE_DEVICE,)) as one:
        yield one


async def test_a_refused_microphone_is_told_before_and_the_call_rings_on(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    client = await office.client(CLARA)
    answer, fault = clara.page.locator("#answer"), clara.page.locator("#line-fault")
    await answer.click()
    await expect(fault).to_contain_text("Браузер не даёт микрофон")
    await expect(answer).to_be_visible()
    await office.rings()
    await clara.context.grant_permissions(["microphone"], origin=office.server.url)
    await answer.click()
    await clara.is_("talking")
    await expect(fault).to_be_hidden()
    await clara.voice_flows()
    await asyncio.to_thread(client.hang_up)
    await clara.is_("idle")
    assert clara.faults() == []


async def test_without_a_microphone_the_call_rings_on(office: Office) -> None:
    async with chromium(media=(FAKE_PROMPT,)) as bare:
        clara = await office.booth("clara", CLARAS, browser=bare)
        await office.client(CLARA)
        await clara.page.locator("#answer").click()
        await expect(clara.page.locator("#line-fault")).to_contain_text("Микрофона нет")
        await office.rings()
        await clara.press("q")
        await clara.is_("idle")


async def test_a_pbx_without_conferences_has_a_grey_button_with_the_reason(office: Office) -> None:
    clara = await office.booth("clara", CLARAS)
    await clara.context.grant_permissions(["microphone"], origin=office.server.url)
    await office.client(CLARA)
    await clara.page.locator("#answer").click()
    await clara.is_("talking")
    await office.client(CLARA, "79355550777")
    await clara.page.locator("#line-others [data-act=take]").click()
    await expect(clara.page.locator("#three")).to_be_disabled()
    await expect(clara.page.locator("#three-not")).to_contain_text("нет конференций")


async def test_a_pbx_that_takes_no_phones_is_told_and_they_come_back(office: Office, pbx: Pbx) -> None:
    clara = await office.booth("clara", CLARAS)
    pbx.kill()
    try:
        await expect(clara.page.locator("#line-fault")).to_contain_text("АТС сейчас не принимает")
    finally:
        pbx.start_again()  # in this thread: the PBX ends with the one that started it
    registered = lambda: asyncio.to_thread(pbx.registered, "103-web")  # noqa: E731
    await until(registered, why="the phone is back on the PBX")
    await expect(clara.page.locator("#line-fault")).to_be_hidden()
