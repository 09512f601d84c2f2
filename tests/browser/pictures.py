"""Pictures of the panel for docs/: `python -m tests.browser.pictures FOLDER`. Look at them before committing."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Page

from cti.access import Person as Who
from cti.desktop import AgentView
from cti.settings import PbxSettings
from cti.storage import calls
from dialplan.plan import Queue, Sound
from tests.browser.stage import ANNA, PAVEL, Stage, chromium, stage
from tests.dialplan.house import DID, HOUSE

TITLED = replace(
    HOUSE,
    queues=(Queue(name="sales", title="Продажи", number="601"),),
    sounds=(Sound(name="beep", title="Приветствие"),),
)
SETTLE_MS = 900  # fonts, the last calls and the first second of a timer


async def take(folder: Path) -> None:
    """The desk ringing, in a call with a second ring (light and dark), the card, the list, the journal."""
    with tempfile.TemporaryDirectory() as data:
        async with chromium() as browser, stage(Path(data), browser, locale="ru-RU") as theatre:
            await _past(theatre)
            page = await theatre.desk()
            await theatre.ring()
            await _take(page, folder / "desk-ringing.png")
            await theatre.becomes("call-1", "talking", since=time.time() - 134)
            await page.fill("#note", "Просит счёт до пятницы, цены прошлого договора. Перезвонить в четверг утром.")
            await theatre.ring("call-2", number="+79355550144", queue="support")
            await _take(page, folder / "desk-light.png")
            await page.evaluate("document.documentElement.dataset.theme = 'dark'")
            await _take(page, folder / "desk-dark.png")
            for call in ("call-2", "call-1"):
                await theatre.becomes(call, "ended", outcome="answered")
            for name in ("clients", "calls", "clients/1"):
                await page.goto(f"{theatre.url}/{name}")
                await _take(page, folder / f"{name.replace('s/1', '')}.png")


async def take_dialplan(folder: Path) -> None:
    """The flow of a number with a step open, and a call that is tried."""
    admin = Who(id=PAVEL, login="pavel", name="Павел Гусев", role="admin")
    with tempfile.TemporaryDirectory() as data:
        pbx = {"main": PbxSettings()}
        async with chromium() as browser, stage(Path(data), browser, width=1600, height=1000, pbx=pbx) as theatre:
            await theatre.parts.services.dialplan_drafts.change(admin, "main", 0, lambda _: TITLED)
            page = await theatre.desk("pavel", path=f"/dialplan/numbers/{DID}?step=menu")
            await _take(page, folder / "dialplan-flow.png")
            await page.goto(f"{theatre.url}/dialplan/trace?number={DID}&at=2027-01-01T12:00&caller=79355550101")
            await _take(page, folder / "dialplan-trace.png")


async def _past(theatre: Stage) -> None:
    """What was before: a journal, a note, colleagues."""
    seen = (("+79355550101", "answered"), ("+79355550103", "no-answer"), ("+79355550101", "abandoned"))
    for place, (number, outcome) in enumerate((*seen, ("+79355550777", "abandoned"), ("+79355550101", "answered"))):
        await theatre.journal(f"old-{place}", number=number, outcome=outcome, ago_s=3000.0 * (5 - place))  # type: ignore[arg-type]
    async with theatre.db.write() as conn:
        note = "Просил счёт на 12 позиций, цены как в прошлом договоре."
        await calls.set_note(conn, "old-0", ANNA, note, time.time())
    theatre.agents = (
        AgentView(id=2, name="Борис Ким", extension="102", device="idle", online=True),
        AgentView(id=3, name="Клара Ли", extension="103", device="in-call", online=True),
        AgentView(id=4, name="Вера Орлова", extension="110", device="unreachable"),
    )


async def _take(page: Page, file: Path) -> None:
    await page.wait_for_timeout(SETTLE_MS)
    await page.screenshot(path=file, caret="initial")  # hiding it writes `style` into every field of the page


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(place))
    asyncio.run(take_dialplan(place))
