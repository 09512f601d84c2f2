"""As a new user: her mailbox is added, a letter of «Алхимов» comes and stands on his card, is answered from a template
with the price list, is in Sent for Outlook, which writes once more; all of it is one conversation in its order.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from cti.settings import MailSettings
from cti.storage import mailboxes
from cti.storage.sending_tables import outbox
from lab.dovecot import Dovecot
from tests.browser.axe import violations
from tests.browser.stage import Stage, stage
from tests.channels.mail_peers import PASSWORD, letter, outlook
from tests.channels.mail_peers import SALES as MAILBOX
from tests.channels.mail_peers import office as office
from tests.channels.smtp_peer import smtp_peer

pytestmark = pytest.mark.browser
PYOTR = "Пётр Алхимов <p.alhimov@alhimov.example>"
ASKS, MORE = "<asks@alhimov.example>", "<more@romashka.example>"
LONG_MS = 30_000  # a letter on its way through real servers


async def clean(page: Page) -> None:
    """Nothing that keeps anybody out."""
    found = await violations(page)
    assert found == [], chr(10).join(found)


async def add_template(page: Page, theatre: Stage, price: Path) -> None:
    """The price list goes into the library and into a template that asks for a name."""
    await page.goto(theatre.url + "/settings/library")
    await page.set_input_files("[data-bring]", price)
    await page.fill("[name=title]", "Прайс-лист")
    await page.press("[name=title]", "Enter")
    await expect(page.get_by_role("status").filter(has_text="Сохранено")).to_be_visible()
    await page.goto(theatre.url + "/settings/templates/new")
    await page.fill("[name=name]", "Прайс-лист")
    await page.locator(".ql-editor").click()
    await page.keyboard.type("Здравствуйте, ")
    await page.click('[data-field="person.name"]')
    await page.keyboard.type("! Прайс-лист во вложении.")
    await page.get_by_label("Прайс-лист price.pdf").check()
    await page.get_by_role("button", name="Создать").click()
    await expect(page.locator("h1")).to_have_text("Прайс-лист")
    await page.fill("#f-client", "алхимов")
    await page.locator("#client-found li").first.click()
    await expect(page.locator(".paper.dark .template-field")).to_contain_text("Имя контактного лица")
    await expect(page.locator("[name=body]")).to_have_value(re.compile(r"Здравствуйте, \{\{person\.name\}\}!"))
    await expect(page.locator("#template-missing")).to_contain_text("Имя контактного лица")
    await clean(page)


async def add_mailbox(page: Page, office: Dovecot, smtp: int) -> None:
    """From her profile; both servers let her in."""
    await page.get_by_role("link", name="Подключить ящик").click()
    await page.fill("[name=address]", MAILBOX)
    await page.press("[name=address]", "Tab")
    await expect(page.locator("#preset-told")).not_to_be_empty()
    await page.fill("[name=imap_host]", "localhost")
    await page.fill("[name=imap_port]", str(office.imaps))
    await page.fill("[name=smtp_host]", "localhost")
    await page.fill("[name=smtp_port]", str(smtp))
    await page.select_option("[name=smtp_security]", "none")
    await page.fill("[name=secret]", PASSWORD)
    await page.locator(".ql-editor").click()
    await page.keyboard.type("Вера Орлова, Ромашка")
    await page.click("#try-out")
    await expect(page.locator("#trial .talk")).to_have_count(2, timeout=LONG_MS)
    await clean(page)
    await page.get_by_role("button", name="Добавить ящик").click()
    await expect(page.get_by_role("status").first).to_contain_text("Ящик добавлен")


async def in_outlook(office: Dovecot, folder: str, holds: Callable[[dict[str, set[str]]], bool]) -> dict[str, set[str]]:
    """What the other program shows of a folder, as soon as it is so."""

    def look() -> dict[str, set[str]]:
        with outlook(office, MAILBOX) as she:
            return she.shows(folder) if folder in she.folders() else {}

    deadline = time.monotonic() + LONG_MS / 1000
    while not holds(found := await asyncio.to_thread(look)):
        assert time.monotonic() < deadline, f"{folder} of the other program: {found}"
        await asyncio.sleep(0.1)
    return found


async def goes_now(theatre: Stage) -> None:
    """Her ten seconds are over."""
    async with theatre.parts.services.database.write() as conn:
        await conn.execute(update(outbox).where(outbox.c.state == "waiting").values(send_at=1.0, next_at=1.0))
    theatre.parts.services.outbox.wake()


async def look_now(theatre: Stage) -> None:
    """Folders beside the inbox are looked at once a minute: here at once."""
    async with theatre.parts.services.database.read() as conn:
        box = next(one for one in await mailboxes.every(conn) if one.address == MAILBOX)
    theatre.parts.services.mailbox_doors.changed(box.id)


async def test_a_letter_is_answered_from_a_template_and_the_conversation_goes_on(
    tmp_path: Path, office: Dovecot, browser: Browser
) -> None:
    price = tmp_path / "price.pdf"
    price.write_bytes(b"%PDF-1.4\nprice")
    mail = MailSettings(inside=("127.0.0.0/8", "::1"), ca_file=office.certificate)
    with smtp_peer() as peer:
        async with stage(tmp_path / "data", browser, mail=mail, locale="ru-RU") as theatre:
            vera = await theatre.desk("vera", "/settings/library")
            await add_template(vera, theatre, price)
            await vera.goto(theatre.url + "/profile")
            await add_mailbox(vera, office, peer.port)
            office.deliver(letter(sender=PYOTR, message_id=ASKS, subject="Прайс на декабрь", to=MAILBOX), MAILBOX)
            await vera.goto(theatre.url + "/mail")
            row = vera.locator(".mail-row", has_text="Прайс на декабрь")
            await row.get_by_role("link").click(timeout=LONG_MS)
            read = vera.locator("#mail-read")
            await expect(read.get_by_role("link", name="Алхимов")).to_be_visible()
            await clean(vera)
            await vera.keyboard.press("r")
            written = vera.locator("#compose")
            await expect(written.locator(".quoted")).to_contain_text("Добрый день!")
            await expect(vera.locator("#compose-subject")).to_have_value("Re: Прайс на декабрь")
            await clean(vera)
            await written.get_by_role("button", name="Шаблон").click()
            await written.get_by_role("button", name="Прайс-лист").click()
            await written.get_by_role("button", name="Вставить в письмо").click()
            await expect(written.locator(".ql-editor").first).to_contain_text("Здравствуйте, Алхимов Пётр Сергеевич!")
            await expect(written.locator(".attached")).to_contain_text("price.pdf")
            await vera.keyboard.press("Control+Enter")
            await expect(vera.locator("#undo-send")).to_contain_text("Письмо уйдёт через")
            await goes_now(theatre)

            [answer] = await in_outlook(office, "Sent", lambda found: len(found) == 1)
            [taken] = peer.letters
            assert (taken.read["Message-ID"], taken.read["In-Reply-To"]) == (answer, ASKS)
            assert [one.get_filename() for one in taken.read.iter_attachments()] == ["price.pdf"]
            more = letter(
                sender=f"Вера <{MAILBOX}>",
                to=PYOTR,
                message_id=MORE,
                answers=answer,
                text="И ещё: скидка 5 %.",
                at=datetime.now(UTC) + timedelta(seconds=5),
            )
            with outlook(office, MAILBOX) as she:
                she.append("Sent", more, "\\Seen")
            await look_now(theatre)
            told = read.locator(".letter .mail-snippet")
            await expect(told).to_have_count(3, timeout=LONG_MS)
            assert [words[:12] for words in await told.all_text_contents()] == [
                "Добрый день!",
                "Здравствуйте",
                "И ещё: скидк",
            ]
            await read.get_by_role("link", name="Алхимов").click()
            await vera.locator("[role=tab][data-part=history]").click()
            await expect(vera.locator("#history")).to_contain_text("Прайс на декабрь")
            await clean(vera)
            assert vera.faults == []  # type: ignore[attr-defined]
