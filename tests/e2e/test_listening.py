"""Who listens hears both, who whispers is heard by the agent alone, who joins by both: told by the tone of each."""

from __future__ import annotations

import asyncio
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from lab.pbx import Pbx
from lab.phones import Phone
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_random_faults import rows
from tests.e2e.test_routing import device_is
from tests.phone.booth import FAKE_DEVICE, FAKE_PROMPT, Office, chromium
from tests.sound.made_sounds import as_wav, tone

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

pytestmark = [pytest.mark.lab, pytest.mark.browser]
SALES = "74950000001"
CLIENT, AGENT, HEAD = 500, 900, 1500  # Hz of who speaks
TONES = (CLIENT, AGENT, HEAD)
WINDOW = 4000  # samples, half a second
SPIED = "SELECT thing, why FROM access_log WHERE action = 'spy' ORDER BY id"
EAR = """
const Plain = window.RTCPeerConnection;
window.ears = [];
window.RTCPeerConnection = class extends Plain {
  constructor(...all) {
    super(...all);
    this.addEventListener("track", ({ track }) => {
      const sound = new AudioContext(), ear = new AnalyserNode(sound, { fftSize: 8192, smoothingTimeConstant: 0 });
      sound.createMediaStreamSource(new MediaStream([track])).connect(ear);
      window.ears.push({ sound, ear });
    });
  }
};
window.levels = (tones) => {
  const last = window.ears.at(-1);
  if (!last) return tones.map(() => -200);
  const found = new Float32Array(last.ear.frequencyBinCount);
  last.ear.getFloatFrequencyData(found);
  const width = last.sound.sampleRate / last.ear.fftSize;
  return tones.map((hz) => Math.max(...[-1, 0, 1].map((by) => found[Math.round(hz / width) + by])));
};
"""


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = pbx.settings() | {"CTI_AGENTS__WRAP_UP_S": "0", "CTI_AGENTS__SPIED_ARE_TOLD": "true"}
    with Server(tmp_path_factory.mktemp("data"), settings).prepare() as one:
        yield one


def speaks(phone: Phone, hz: int) -> None:
    """From now on, for a minute and a half."""
    phone.audio.voice = audioop.lin2ulaw(tone(hz=hz, seconds=90, rate=8000, loud=0.15), 2)


def tones(sound: bytes) -> set[int]:
    """Which of the tones are in samples of ulaw (Goertzel)."""
    samples = memoryview(audioop.ulaw2lin(sound, 2)).cast("h")
    found = set()
    for hz in TONES:
        turn = 2 * math.pi * hz / 8000
        one = sum(value * complex(math.cos(turn * n), math.sin(turn * n)) for n, value in enumerate(samples))
        if abs(one) * 2 / len(samples) > 600:
            found.add(hz)
    return found


async def hears(phone: Phone, *wanted: int) -> None:
    """Exactly these, from now on."""

    async def told() -> bool:
        phone.audio.kept = kept = bytearray()
        await until(lambda: len(kept) >= WINDOW, why=f"{phone.endpoint} hears anything")
        return tones(bytes(kept[:WINDOW])) == {*wanted}

    await until(told, why=f"{phone.endpoint} hears {wanted}")


async def hears_not(phone: Phone, hz: int) -> None:
    phone.audio.kept = kept = bytearray()
    await until(lambda: len(kept) >= WINDOW, why=f"{phone.endpoint} hears anything")
    assert hz not in tones(bytes(kept[:WINDOW])), f"{phone.endpoint} hears {hz}"


async def page_hears(page: Page, *wanted: int) -> None:
    async def told() -> bool:
        levels = await page.evaluate("tones => window.levels(tones)", [*TONES])
        return {hz for hz, level in zip(TONES, levels, strict=True) if level > -55} == {*wanted}

    await until(told, why=f"the browser hears {wanted}")


async def test_the_head_hears_both_and_is_heard_by_whom_he_chose_at_the_desk_and_in_the_browser(
    server: Server, street: Street, pbx: Pbx, tmp_path: Path
) -> None:
    anna, vera, client = await street.phone("101"), await street.phone("110"), await street.world()
    async with Desk(server, "anna") as her, Desk(server, "vera") as head:
        await street.do(client.dial, SALES, caller="79355550101")
        await street.do(anna.wait, "ringing")
        await street.do(anna.answer)
        call = (await her.call_is("talking"))["id"]
        for phone, hz in ((client, CLIENT), (anna, AGENT)):
            speaks(phone, hz)
        await hears(anna, CLIENT)
        await hears(client, AGENT)
        people = {one["name"]: one["id"] for one in await head.api("GET", "/agents")}
        spy = f"/board/agents/{people['Анна Белова']}/spy"
        for how, agents, clients in (
            ("listen", (CLIENT,), (AGENT,)),
            ("whisper", (CLIENT, HEAD), (AGENT,)),
            ("barge", (CLIENT, HEAD), (AGENT, HEAD)),
        ):
            await head.api("POST", spy, {"how": how, "why": f"учится: {how}"}, status=202)
            await street.do(vera.wait, "ringing")
            await street.do(vera.answer)
            for phone, hz in ((client, CLIENT), (anna, AGENT), (vera, HEAD)):
                speaks(phone, hz)
            await hears(vera, CLIENT, AGENT)
            await hears(anna, *agents)
            await hears(client, *clients)
            if how != "barge":
                await hears_not(client, HEAD)
            else:
                await switched(head, street, (anna, vera, client), call)
            await street.do(vera.leave)
            await device_is(head, "110", "idle")
        refused = await head.api("POST", f"/board/agents/{people['Клара Ли']}/spy", {"how": "listen", "why": "x"})
        assert refused["status"] == 403, "she is of another team"
        told = [one for one in her.all("message") if "Вера Орлова" in str(one)]
        assert [one["code"] for one in told] == ["board-spied"] * 3, her.all("message")

        await in_the_browser(server, street, tmp_path, anna, client)
        lines = rows(server.data, SPIED)
        assert [(thing, why) for thing, why in lines] == [
            *((f"call:{call} {how}, anna", f"учится: {how}") for how in ("listen", "whisper", "barge")),
            *((f"call:{call} {how}, anna", "учится: barge") for how in ("listen", "whisper", "barge", "listen")),
            (f"call:{call} whisper, anna", "новенькая"),
            (f"call:{call} barge, anna", "новенькая"),
        ]
        row: dict[str, Any] = await head.api("GET", f"/calls/{call}")
        assert len({one["leg"] for one in row["legs"]} & {"PJSIP/110", "PJSIP/102-web"}) == 0, "no part of the call"


async def switched(head: Desk, street: Street, phones: tuple[Phone, Phone, Phone], call: str) -> None:
    """From one way to another in the same call, by the panel and by no key of the phone."""
    anna, vera, client = phones
    assert head.all("spying")[-1]["spying"]["how"] == "barge"
    boards: list[dict[str, Any]] = []
    head.wire.on("board", boards.append)
    await head.wire.call("board", {"on": True})
    whole = await until(lambda: next((one for one in boards if one.get("whole")), None), why="the board comes")
    people = {one["extension"]: one["standing"] for one in whole["agents"].values()}
    assert (people["101"], people["110"]) == ("talking", "listening"), people
    assert list(whole["calls"]) == [call]
    assert sum(queue["people"].get("talking", 0) for queue in whole["queues"].values()) == 1
    for how, agents, clients in (
        ("listen", (CLIENT,), (AGENT,)),
        ("whisper", (CLIENT, HEAD), (AGENT,)),
        ("barge", (CLIENT, HEAD), (AGENT, HEAD)),
    ):
        await head.api("PUT", "/board/spy", {"how": how}, status=200)
        await until(lambda way=how: head.all("spying")[-1]["spying"]["how"] == way, why=f"the panel says {how}")
        for phone, hz in ((client, CLIENT), (anna, AGENT), (vera, HEAD)):
            speaks(phone, hz)
        await hears(anna, *agents)
        await hears(client, *clients)
        await hears(vera, CLIENT, AGENT)
    await head.api("PUT", "/board/spy", {"how": "listen"}, status=200)
    vera.audio.press("6")
    await hears(client, AGENT)
    shown = await asyncio.to_thread(street.pbx.console, "core show channels concise")
    assert shown.count("ChanSpy") == 1, "the same leg"


async def in_the_browser(server: Server, street: Street, folder: Path, anna: Phone, client: Phone) -> None:
    """Boris, who may, opens the board and whispers by his browser's microphone."""
    async with Desk(server, "pavel") as pavel:
        rights = ("board.read", "calls.spy", "calls.whisper", "calls.barge")
        await pavel.form("/settings/roles", **{f"agent:{right}": "team" for right in rights})
    for phone, hz in ((client, CLIENT), (anna, AGENT)):
        speaks(phone, hz)
    voice = folder / "head.wav"
    words = tone(hz=HEAD, seconds=0.15, loud=0.3) + tone(hz=HEAD, seconds=0.25, loud=0.0)
    voice.write_bytes(as_wav(words * 3))  # an even tone is noise to Chromium, which takes it out after a second
    media = (FAKE_PROMPT, FAKE_DEVICE, f"--use-file-for-fake-audio-capture={voice}")
    async with chromium("--autoplay-policy=no-user-gesture-required", media=media) as browser:
        office = Office(street.pbx, server, browser)
        boris = await office.booth("boris", "PJSIP/102-web")
        page = boris.page
        await page.context.add_init_script(EAR)
        await page.goto(server.url + "/board")
        await page.wait_for_selector("html[data-line=registered]")
        row = page.locator("tr", has_text="Анна Белова")
        await page.locator("tr", has_text="Борис").locator("[data-agent]").click()
        await page.fill("#board-spy-why", "о другой")
        await page.keyboard.press("Escape")
        await row.locator("[data-agent]").click()
        await expect(page.locator("#board-spy-why")).to_have_value("")  # what was said of another person
        await page.fill("#board-spy-why", "новенькая")
        await page.locator('#board-spy [value="whisper"]').click()
        await expect(page.locator("#board-agent")).to_be_hidden()
        await expect(page.locator("#line")).to_be_visible()
        await page_hears(page, CLIENT, AGENT)
        await hears(anna, CLIENT, HEAD)
        await hears(client, AGENT)
        await hears_not(client, HEAD)
        await expect(page.locator("#spying [aria-pressed=true]")).to_have_attribute("data-how", "whisper")
        await page.locator("#spying [data-how=barge]").click()
        await expect(page.locator("#spying [aria-pressed=true]")).to_have_attribute("data-how", "barge")
        speaks(anna, AGENT)
        await hears(client, AGENT, HEAD)
        await street.do(anna.hang_up)
        await expect(page.locator("#spying")).to_be_hidden()
        await expect(page.locator("#line")).to_be_hidden()
        assert boris.faults() == []
        await boris.context.close()
