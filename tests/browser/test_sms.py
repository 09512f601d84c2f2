"""As an agent: an SMS from the card, counted as it is typed, is delivered through an SMSC; the answer pops and is
answered in place, on the card and on the desk.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select, update

from cti.cli.sample_gateway import NAME, open_at
from cti.settings import SmsSettings
from cti.storage.sms_tables import sms, sms_gateways
from lab.smsc import PASSWORD, SENDER, Smsc, smsc, tell
from tests.browser.axe import violations
from tests.browser.stage import ALHIMOV, Stage, stage, until

pytestmark = pytest.mark.browser
LONG_MS = 20_000  # through a real SMSC


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Smsc]:
    with smsc(tmp_path / "sent.jsonl") as running:
        yield running


async def goes_now(theatre: Stage) -> None:
    """The ten seconds to think again are over."""
    async with theatre.parts.services.db.write() as conn:
        await conn.execute(update(sms).where(sms.c.state == "queued").values(next_at=1.0))
    theatre.parts.services.texting.wake()


async def writes(theatre: Stage, page: Page, box: str, text: str) -> None:
    await page.fill(f"{box} textarea", text)
    await page.keyboard.press("Tab")
    await page.click(f"{box} [type=submit]")
    await expect(page.locator(".toast", has_text="десять секунд").last).to_be_visible()
    await goes_now(theatre)


async def test_an_sms_is_sent_delivered_answered_and_answered_in_place(
    tmp_path: Path, browser: Browser, gateway: Smsc
) -> None:
    async with stage(tmp_path, browser, sms=SmsSettings(inside=("127.0.0.0/8",))) as theatre:
        [match] = await theatre.client()
        async with theatre.parts.services.db.write() as conn:
            await open_at(conn, gateway.port, PASSWORD, tmp_path)
            mine = select(sms_gateways.c.id).where(sms_gateways.c.name == NAME)
            made = (await conn.execute(mine)).scalar_one()
        theatre.parts.services.gateways.changed(made)
        await theatre.parts.services.gateways.settled()
        page = await theatre.desk(path=f"/clients/{match.client.id}?tab=history")
        size = page.locator("#answer-box [data-f=size]")
        await page.fill("#answer-box textarea", "Ваш заказ готов")
        await expect(size).to_contain_text("15 знаков · кириллица и прочее · 1 часть · осталось 55 · 3,50")
        await page.get_by_role("button", name="Латиницей").click()
        await expect(page.locator("#answer-box textarea")).to_have_value("Vash zakaz gotov")
        await expect(size).to_contain_text("16 знаков · латиница · 1 часть · осталось 144")
        await page.get_by_role("button", name="Письмо").click()
        await expect(page.locator("#answer-box [data-compose]").first).to_have_text("info@alhimov.example")
        await page.locator("#answer-box").get_by_role("button", name="SMS", exact=True).click()
        await writes(theatre, page, "#answer-box", "Ваш заказ готов")
        line = page.locator("#stream .texted").first
        await expect(line.locator(".tag")).to_have_text("доставлено", timeout=LONG_MS)
        assert await violations(page) == []

        await page.goto(theatre.url + "/")
        await asyncio.to_thread(
            tell, gateway.control, {"sms": {"from": ALHIMOV.strip("+"), "to": SENDER, "text": "А доставка есть?"}}
        )
        await expect(page.locator("#sms-count")).to_have_text("1")
        await page.locator("#alarms li", has_text="SMS от").get_by_role("link").click()
        await expect(page.locator("#answer-box textarea")).to_be_focused()
        await expect(page.locator("#stream .texted").first).to_contain_text("А доставка есть?")
        await expect(page.locator("#sms-count")).to_be_hidden()
        await writes(theatre, page, "#answer-box", "Есть, завтра")
        await expect(page.locator("#stream .texted").first).to_contain_text("Есть, завтра")

        await page.goto(theatre.url + "/")
        await theatre.ring()
        await expect(page.locator("#desk-answer textarea")).to_be_visible()
        await writes(theatre, page, "#desk-answer", "Перезвоню через час")
        await expect(page.locator("#before .texted").first).to_contain_text("Перезвоню через час")
        sent = tmp_path / "sent.jsonl"

        async def arrived() -> bool:
            return [json.loads(one)["text"] for one in sent.read_text().splitlines()][1:] == [
                "Есть, завтра",
                "Перезвоню через час",
            ]

        await until(arrived, why="both arrive, once each")
