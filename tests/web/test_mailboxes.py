"""Mailboxes in the panel: an admin's and one's own, tried out without a way inside, opened by a provider."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select, update

from cti.settings import MailSettings, OAuthSettings
from cti.storage import mail_tables, mailbox_removals
from cti.storage.mail_tables import conversations, mail_folders, parked_letters
from tests.web.panel import ANNA, BORIS, PATIENCE_S, Panel, panel
from tests.web.visitor import Answer, Visitor

PASSWORD = "канарейка-пароль"
FORM = {
    "address": "anna@romashka.example",
    "name": "",
    "imap_host": "127.0.0.1",
    "imap_port": "993",
    "smtp_host": "smtp.nobody.invalid",
    "smtp_port": "465",
    "secret": PASSWORD,
    "history_months": "12",
    "signature": "С уважением,\r\nАнна",
}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    known = OAuthSettings(client_id="trubka")
    mail = MailSettings(oauth=TypeAdapter(dict[str, Any]).validate_python({"google": known}))
    async with panel(tmp_path, sections={"mail": mail}) as made:
        yield made


async def add(visitor: Visitor, **more: str) -> Answer:
    return await visitor.post("/settings/mailboxes", **{**FORM, "kind": "personal", **more})


async def test_an_agent_connects_his_own_and_sees_no_others(running: Panel) -> None:
    async with Visitor(running, "anna") as anna, Visitor(running, "boris") as boris, Visitor(running, "pavel") as pavel:
        assert (await add(anna, owner=str(BORIS))).place == "/settings/mailboxes/1?said=added"
        assert (await add(anna, kind="shared", address="x@romashka.example")).status == 403
        assert (await add(anna)).says("has a mailbox here already")
        page = await anna.get("/settings/mailboxes/1")
        assert page.says("С уважением,<br>Анна")
        assert PASSWORD not in page.text + (await pavel.get("/settings/mailboxes/1")).text
        assert (await anna.get("/profile")).says("anna@romashka.example")
        assert (await boris.get("/settings/mailboxes/1")).status == 404
        assert not (await boris.get("/settings/mailboxes")).says("anna@romashka.example")
        assert (await boris.post("/settings/mailboxes/1/remove", letters="remove")).status == 404
        assert (await pavel.get("/settings/mailboxes")).says("anna@romashka.example")
        shared = {"kind": "shared", "address": "support@romashka.example", "people": str(BORIS), "assigns": "yes"}
        assert (await add(pavel, **shared)).status == 303
        assert (await boris.get("/settings/mailboxes")).says("support@romashka.example")
        assert (await pavel.get("/settings/journal")).says("added a mailbox")


async def test_a_mailbox_is_paused_changed_and_removed(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        await add(anna)
        assert (await anna.post("/settings/mailboxes/1/pause")).status == 303
        assert (await anna.get("/settings/mailboxes")).says("paused")
        await anna.post("/settings/mailboxes/1/resume")
        again = {**FORM, "kind": "personal", "secret": "", "version": "1", "mailbox": "1"}
        assert (await anna.post("/settings/mailboxes/1", **{**again, "imap_port": "x"})).says("a port is a number")
        elsewhere = await anna.post("/settings/mailboxes/1", **{**again, "imap_host": "imap.elsewhere.example"})
        assert elsewhere.says("Type the password again")
        assert (await anna.post("/settings/mailboxes/1", **{**again, "name": "Работа"})).status == 303
        assert (await anna.post("/settings/mailboxes/1", **again)).says("changed it meanwhile")
        await running.services.mailboxes.found(1, "password|NO <b>bad</b>")
        page = await anna.get("/settings/mailboxes")
        assert page.says("refuses the name or the password")
        assert "<b>bad" not in page.text
        assert (await anna.get("/settings/mailboxes/1/remove")).says("Remove 0 letters")
        async with running.services.db.write() as conn:
            await mailbox_removals.begin(conn, 1, letters=False, now=1.0)
            await conn.execute(update(mail_tables.mailbox_removals).values(total=100, gone=40))
        assert (await anna.get("/settings/mailboxes")).says("40 of 100 letters")
        assert (await anna.get("/settings/mailboxes/1")).status == 404
        async with running.services.db.write() as conn:
            await conn.execute(delete(mail_tables.mailbox_removals))
        assert (await anna.post("/settings/mailboxes/1/remove", letters="keep")).place.endswith("said=removed")
        deadline = time.monotonic() + PATIENCE_S
        while not (await anna.get("/settings/mailboxes")).says("No mailbox yet"):
            assert time.monotonic() < deadline, "it is not removed"


async def test_SEC_11_a_trial_says_the_same_of_what_is_inside_and_what_does_not_exist(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        asked = await anna.post("/settings/mailboxes/try", **{**FORM, "kind": "personal"})
        told = TypeAdapter(dict[str, str]).validate_json(asked.text)
        assert told["imap"] == told["smtp"]
        assert "cannot be reached" in told["imap"]
        assert (await anna.post("/settings/mailboxes/try", **{**FORM, "kind": "shared"})).status == 403
        for _ in range(9):
            assert (await anna.post("/settings/mailboxes/try", **{**FORM, "kind": "personal"})).status == 200
        assert (await anna.post("/settings/mailboxes/try", **{**FORM, "kind": "personal"})).status == 429


async def test_servers_are_known_by_the_address_and_a_provider_opens_the_mailbox(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        for domain, told in (
            ("ya.ru", "imap.yandex.ru"),
            ("bk.ru", "imap.mail.ru"),
            ("outlook.com", "outlook.office365.com"),
            ("romashka.example", "imap.romashka.example"),
            ("gmail.com", '"provider": "google"'),
        ):
            assert told in (await anna.get(f"/settings/mailboxes/preset?address=a@{domain}")).text
        hours = {"begins": "08:00", "ends": "20:00", "weekdays": "6", "time_zone": "Asia/Omsk"}
        assert (await add(anna, address="c@romashka.example", **(hours | {"ends": "07:00"}))).status == 409
        assert (await add(anna, address="c@romashka.example", **hours)).place == "/settings/mailboxes/1?said=added"
        page = await anna.get("/settings/mailboxes/1")
        assert page.says('value="08:00"')
        assert page.says("09:00–18:00, Mon, Tue, Wed, Thu, Fri; Moscow (UTC+3)"), "what the house has"
        google = await add(anna, auth="oauth2:google", secret="")
        assert google.place == "/settings/mailboxes/2?said=to-open"
        gone = await anna.get("/settings/mailboxes/2/open")
        assert gone.place.startswith("https://accounts.google.com/")
        assert "code_challenge=" in gone.place
        assert (await anna.get("/settings/mailboxes/opened?state=made-up&code=x")).says("This sign-in is too old")
        assert (await add(anna, auth="oauth2:nobody", address="b@romashka.example")).says("not set up")


async def test_answers_are_due_by_the_hours_that_a_mailbox_has_now(running: Panel) -> None:
    """Asked on a Thursday at noon in Moscow, where the house is: at three in Omsk."""
    asked = datetime(2026, 11, 26, 9, tzinfo=UTC).timestamp()
    due: list[float | None] = []
    async with Visitor(running, "anna") as anna:
        await add(anna)
        async with running.services.db.write() as conn:
            row = {"mailbox_id": 1, "state_at": asked, "last_at": asked, "asked_at": asked}
            await conn.execute(insert(conversations).values(row))
        changes = ({"reply_target": "300"}, {"reply_target": "300", "time_zone": "Asia/Omsk"}, {"reply_target": ""})
        for version, change in enumerate(changes, 1):
            form = FORM | {"kind": "personal", "secret": "", "version": str(version)} | change
            assert (await anna.post("/settings/mailboxes/1", **form)).status == 303
            async with running.services.db.read() as conn:
                due.append((await conn.execute(select(conversations.c.due_at))).scalar())
    assert due == [asked + 5 * 3600, datetime(2026, 11, 27, 5, tzinfo=UTC).timestamp(), None]


async def test_what_could_not_be_read_is_listed_and_the_history_shows_how_far_it_is(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        await add(anna)
        async with running.services.db.write() as conn:
            await conn.execute(insert(mail_folders).values(mailbox_id=1, name="INBOX", total=100, taken=40))
            row = {
                "mailbox_id": 1,
                "folder_id": 1,
                "uid": 5,
                "tries": 3,
                "why": "letter:KeyError",
                "at": 1.0,
                "size": 9000,
            }
            await conn.execute(insert(parked_letters).values(**row))
        page = await anna.get("/settings/mailboxes")
        assert page.says("40 of 100 letters of the history")
        assert page.says("in a way that is not known yet")
        assert (await anna.post("/settings/mailboxes/parked/1/again")).place.endswith("said=again")
        assert (await anna.get("/settings/mailboxes")).says("tried 0 times")
        assert (await anna.post("/settings/mailboxes/parked/9/again")).status == 404


async def test_the_owner_is_told_on_his_desk_in_words(running: Panel) -> None:
    async with Visitor(running, "anna") as anna:
        await add(anna)
    told: list[str] = []
    running.live.message = lambda user_id, notice: _keep(told, user_id, notice)  # type: ignore[method-assign]
    await running.services.mailboxes.found(1, "quota|OVERQUOTA")
    assert told == [f"{ANNA} Письма ящика «anna@romashka.example» сейчас не приходят. Ящик переполнен: новые письма не"
                    " придут, пока там что-нибудь не удалят."]  # fmt: skip


async def _keep(told: list[str], user_id: int, notice: Any) -> None:
    from cti.clients.masking import OPEN
    from web.wire import Reader
    from web.wire import notice as as_json

    told.append(f"{user_id} {as_json(notice, Reader('ru', OPEN))['text']}")
