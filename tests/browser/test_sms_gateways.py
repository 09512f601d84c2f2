"""As a new admin: no gateway yet, one of the company's own is described, tried, and its trouble is understood."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from cti.messages.gateways_ready import GENERIC
from cti.settings import SmsSettings
from tests.browser.axe import violations
from tests.browser.stage import stage
from tests.channels.sms.web_peer import there, web_peer

pytestmark = pytest.mark.browser


async def clean(page: Page) -> None:
    """Nothing that keeps anybody out."""
    found = await violations(page)
    assert found == [], chr(10).join(found)


async def test_a_gateway_is_described_tried_paused_and_removed(browser: Browser, tmp_path: Path) -> None:
    sms = SmsSettings(inside=("127.0.0.0/8",))
    async with stage(tmp_path, browser, sms=sms) as theatre, web_peer(lambda asked: {"id": "m-1"}) as peer:
        page = await theatre.desk("pavel", "/settings/sms")
        await expect(page.locator(".empty")).to_contain_text("SMS-шлюза ещё нет")
        await clean(page)
        await page.get_by_role("link", name="Другой сервис по HTTP").click()
        await page.fill("[name=name]", "Ромашка")
        await page.fill("[name=password]", "a key of theirs")
        await page.fill("[name=description]", "{")
        await page.get_by_role("button", name="Добавить шлюз").click()
        await expect(page.get_by_role("alert")).to_contain_text("Заполнено с ошибкой")
        await expect(page.locator("[name=name]")).to_have_value("Ромашка")
        await page.fill("[name=password]", "a key of theirs")
        await page.fill("[name=description]", msgspec.json.encode(there(GENERIC, peer)).decode())
        await page.get_by_role("button", name="Добавить шлюз").click()
        await expect(page.get_by_role("status").filter(has_text="Отправьте пробное")).to_be_visible()
        await clean(page)
        await page.fill("[name=number]", "8 935 555-01-01")
        await page.press("[name=number]", "Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Шлюз принял сообщение")
        assert peer.asked[0]["json"]["to"] == "+79355550101"

        peer.status = 402
        await page.fill("[name=number]", "8 935 555-01-01")
        await page.press("[name=number]", "Enter")
        await expect(page.get_by_role("alert").first).to_contain_text("пополните его")
        await page.get_by_role("link", name="К списку").click()
        await expect(page.locator("#gateways")).to_contain_text("не отправляет")
        await clean(page)
        await page.locator("#gateways").get_by_role("button", name="Приостановить").click()
        await expect(page.locator("#gateways")).to_contain_text("приостановлен")
        await page.get_by_role("link", name="Ромашка").click()
        await page.get_by_role("button", name="Удалить шлюз").click()
        await page.get_by_role("button", name="Вернуть").click()
        await expect(page.locator("#gateways")).to_contain_text("Ромашка")
        assert [one for one in page.faults if "409" not in one] == []  # type: ignore[attr-defined]
