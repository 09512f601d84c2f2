"""A conversation is scored beside its recording, disputed and settled, and calibrated, by people in two browsers."""

from __future__ import annotations

import wave
from pathlib import Path

from playwright.async_api import Browser, expect
from sqlalchemy import insert

from cti.access import Person
from cti.reports.quality import Criterion
from cti.settings import PbxSettings
from cti.storage import users
from cti.storage.recording_tables import recordings
from lab.free_ports import free_port
from tests.browser.axe import violations
from tests.browser.stage import PAVEL, VERA, Stage, stage

CRITERIA = (
    Criterion(id=0, text="Поздоровался", section="Начало", weight=1),
    Criterion(id=-1, text="Выяснил, что нужно", kind="scale", top=5, weight=3),
    Criterion(id=-2, text="Не грубил", weight=6, critical=True),
)
LENGTH_S = 60.0


def sound(folder: Path) -> Path:
    """A folder of recordings with one of silence."""
    folder.mkdir()
    with wave.open(str(folder / "talk.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * LENGTH_S)))
    return folder


async def recorded(theatre: Stage, call: str) -> None:
    """A call that is over, with its sound."""
    await theatre.journal(call)
    row = {"id": "sound", "call_id": call, "pbx": "main", "file": "talk.wav", "started_at": 1.0, "state": "there"}
    async with theatre.db.write() as conn:
        await conn.execute(insert(recordings).values(**row, announced=True, duration_s=LENGTH_S, size=1))


async def person(theatre: Stage, user_id: int) -> Person:
    async with theatre.db.read() as conn:
        found = await users.by_id(conn, user_id)
    assert found is not None
    return found.person


async def test_a_call_is_scored_beside_its_recording_disputed_settled_and_calibrated(
    tmp_path: Path, browser: Browser
) -> None:
    pbx = {"main": PbxSettings(port=free_port(), recordings=sound(tmp_path / "monitor"))}
    async with stage(tmp_path / "panel", browser, pbx=pbx) as theatre:
        await recorded(theatre, "talk")
        quality, work = theatre.parts.services.quality, theatre.parts.services.quality_work
        boss, admin = await person(theatre, VERA), await person(theatre, PAVEL)
        form = await quality.add_form(boss, "Разговор", None, CRITERIA)

        vera = await theatre.desk("vera", path="/calls/talk")
        await vera.locator("[name=c-1][value='1']").check()
        await vera.locator("[name=c-2][value='4']").check()
        await vera.locator("[name=c-3][value='1']").check()
        await expect(vera.locator("#score-now")).to_have_text("94 %")
        await vera.locator(".seek").fill("2.5")
        await vera.locator("[data-remark-now]").click()
        await vera.locator("[name=comment-text]").fill("Перебил клиента")
        await expect(vera.locator(".remark [data-f=at]")).to_have_text("на 0:02")
        await expect(vera.locator("[data-saving]")).to_contain_text("Сохранено")
        await vera.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert await violations(vera) == []
        await vera.get_by_role("button", name="Выставить оценку").click()
        await expect(vera.locator(".review h2")).to_contain_text("94 %")

        hers = Stage(theatre.parts, theatre.url, await browser.new_context())
        anna = await hers.desk("anna", path="/calls/talk")
        await anna.locator("[data-hear]").click()
        await expect(anna.locator("[data-play]")).to_have_attribute("aria-pressed", "true")
        assert float(await anna.locator(".seek").input_value()) >= 2.5
        await anna.locator("[name=reply]").fill("Он сам просил прервать")
        await anna.locator("[name=disputed]").check()
        await anna.locator(".review form button[type=submit]").click()
        await expect(anna.locator(".review")).to_contain_text("Он сам просил прервать")

        await vera.goto(f"{theatre.url}/quality?disputed=1")
        await vera.locator("#scores tbody a").click()
        settling = vera.locator("form[action$='/settle']")
        await settling.locator("[name=verdict]").fill("Согласны")
        await settling.locator("[name=change]").check()
        await settling.locator("[name=c-2][value='5']").check()
        await settling.locator("button[type=submit]").click()
        await expect(vera.locator(".review h2")).to_contain_text("100 %")
        await anna.reload()
        await expect(anna.locator(".review")).to_contain_text("Согласны")
        await hers.context.close()

        made = await work.begin(admin, "talk", form, [VERA, PAVEL])
        for who, answers in ((boss, {1: 1, 2: 5, 3: 1}), (admin, {1: 0, 2: 2, 3: 1})):
            await quality.draft(who, "talk", form_id=form, answers=answers, comments=[], calibration_id=made)
            await quality.give(who, "talk", made)
        await work.close(admin, made)
        await vera.goto(f"{theatre.url}/quality/calibrations/{made}")
        await expect(vera.locator("#spread tbody tr")).to_have_count(3)
        await expect(vera.locator("#spread tbody tr").first.locator("td").last).to_have_text("100")
        await vera.emulate_media(color_scheme="light", reduced_motion="reduce")
        assert await violations(vera) == []
        assert vera.faults == []  # type: ignore[attr-defined]
