"""Half a minute without a network in the middle of a call: the cable is pulled, and the voice comes back by itself."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from playwright.async_api import expect

from lab.pbx import Pbx
from tests.bench import report
from tests.browser.stage import CHROMIUM
from tests.e2e.server import Server, until
from tests.phone.booth import Office, chromium
from tests.soak.island import Island

pytestmark = [
    pytest.mark.lab,
    pytest.mark.browser,
    pytest.mark.skipif(
        not os.environ.get("SOAK"), reason="takes a minute; CI cuts the wire in tests/phone/test_lasting.py"
    ),
]
OFFLINE_S = 30.0
BACK_S = 12.0  # from the cable to the voice
CLARA, CLARAS = "74950000002", "PJSIP/103-web"


async def test_30_s_without_a_network_leave_the_call_and_the_voice_comes_back(tmp_path: Path) -> None:
    with Island(tmp_path) as island, Pbx(tmp_path / "pbx") as pbx:
        await asyncio.to_thread(_voice_by, pbx, island.host)
        settings = {**pbx.settings(), "CTI_HTTP__HOST": island.host, "CTI_AGENTS__WRAP_UP_S": "0"}
        with Server(tmp_path / "data", settings, host=island.host).prepare() as server:
            trusted = f"--unsafely-treat-insecure-origin-as-secure={server.url}"
            program = str(island.program(CHROMIUM or "chromium"))
            async with chromium(trusted, program=program) as browser:
                office = Office(pbx, server, browser)
                try:
                    await _through_the_night(office, island)
                finally:
                    await office.clear()


def _voice_by(pbx: Pbx, address: str) -> None:
    """The browsers' voice goes by this address of ours, as on a PBX that browsers of other machines reach."""
    file = pbx.home / "etc/pjsip.conf"
    there = f"webrtc=yes\nmedia_address={address}\nbind_rtp_to_media_address=yes\n"
    file.write_text(file.read_text().replace("webrtc=yes\n", there))
    pbx.console("module reload res_pjsip.so")


async def _through_the_night(office: Office, island: Island) -> None:
    clara = await office.booth("clara", CLARAS)
    client = await office.client(CLARA)
    await clara.page.locator("#answer").click()
    await clara.is_("talking")
    await clara.voice_flows()
    island.pull()
    pulled = time.monotonic()
    await expect(clara.page.locator("#offline")).to_be_visible()
    before = await clara.packets()
    while time.monotonic() - pulled < OFFLINE_S:
        assert not client.over, "the call went with the network"
        await asyncio.sleep(1)
    assert (await clara.packets())[0] - before[0] < 100, "the cable was in all the time"
    island.plug()
    plugged = time.monotonic()
    await clara.voice_flows()
    back_s = time.monotonic() - plugged
    report("voice after 30 s without a network", back_s, "s", limit=f"< {BACK_S:g}")
    assert back_s < BACK_S
    await clara.page.wait_for_selector("html[data-live=yes]")
    await clara.is_("talking")
    registered = lambda: asyncio.to_thread(office.pbx.registered, "103-web")  # noqa: E731
    await until(registered, why="the phone is back on the PBX")
    await clara.press("h")
    await clara.is_("held")
    await asyncio.to_thread(client.hang_up)
    await clara.is_("idle")
    await expect(clara.page.locator("#line")).to_be_hidden()
