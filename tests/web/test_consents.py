"""The register of consents, unsubscribing by the address in a letter, and limits of what is sent."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import insert, select, update

from cti.messages.limits import Limits
from cti.messages.outgoing import party
from cti.storage import consents, limits, outbox, role_rights, spending
from cti.storage.campaign_tables import campaign_people, campaigns, sending_days
from cti.storage.consents import Wish
from cti.storage.tables import calls
from tests.web.mailbag import put
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.test_outbox import alkhimov

NUMBER, ADDRESS = "+79355550101", "pyotr@alkhimov.example"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


async def refused(desk: Panel, kind: Any, address: str, purpose: Any, client_id: int) -> str:
    async with desk.services.database.read() as conn:
        return (await consents.refusals(conn, [Wish(kind, address, purpose, client_id)]))[0]


async def form(who: Browser, path: str, **said: Any) -> tuple[int, str]:
    data = {"csrf": who.csrf, **said}
    async with who.http.post(who.panel.url + path, data=data, headers={"Origin": who.panel.url}) as answer:
        return answer.status, await answer.text()


async def test_a_consent_is_given_with_its_text_and_withdrawn_for_all_channels(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "pavel") as pavel:
        client = await alkhimov(anna, phones=[{"typed": NUMBER}])
        for text in ("Согласен на рекламу", "Согласен на рекламу и новости"):
            assert (await form(pavel, "/settings/consents", purpose="marketing", language="ru", text=text))[0] == 200
        assert (await form(anna, "/settings/consents", purpose="marketing", language="ru", text="x"))[0] == 403
        word = {"kind": "phone", "address": "8 (935) 555-01-01", "purpose": "marketing", "given": True}
        word["proof"] = "анкета"
        assert (await anna.ask("POST", f"/clients/{client}/consents", word))[0] == 201
        assert await refused(desk, "phone", NUMBER, "marketing", client) == ""
        assert await refused(desk, "email", ADDRESS, "marketing", client) == "no-consent"
        for wrong in ({"purpose": ""}, {"address": "x"}, {"kind": "email", "address": "нет"}):
            status, _ = await anna.ask("POST", f"/clients/{client}/consents", word | wrong)
            assert status in (400, 409), wrong
        path = f"/clients/{client}/consents"
        status, told = await form(anna, path, address="email:0", purpose="marketing", act="withdraw", in_call="yes")
        assert (status, "within the last hour" in told or "последний час" in told) == (409, True)
        await desk.journal("c1")
        async with desk.services.database.write() as conn:
            values = {"client_id": client, "answered_at": time.time() - 60, "ended_at": time.time() - 5}
            await conn.execute(update(calls).where(calls.c.id == "c1").values(values))
        status, page = await form(anna, path, address="email:0", purpose="marketing", act="withdraw", in_call="yes")
        assert (status, "/calls/c1" in page) == (200, True)
        assert await refused(desk, "phone", NUMBER, "marketing", client) == "withdrawn", "on all channels"
        _, rows = await anna.ask("GET", f"/clients/{client}/consents")
        assert [(one["source"], one["given"], one["text"], one["proof"]) for one in rows] == [
            ("call", False, None, "c1"), ("api", True, 2, "анкета"),
        ]  # fmt: skip


async def test_to_whom_numbers_are_hidden_sees_none_in_the_register(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna, Browser(desk, "pavel") as pavel:
        client = await alkhimov(anna, phones=[{"typed": NUMBER}])
        word = {"kind": "phone", "address": NUMBER, "purpose": "calls", "given": True, "proof": f"с номера {NUMBER}"}
        assert (await pavel.ask("POST", f"/clients/{client}/consents", word))[0] == 201
        async with desk.services.database.write() as conn:
            await role_rights.keep(conn, "agent", {"clients.numbers": "none"})
        async with anna.http.get(f"{desk.url}/clients/{client}/consents") as answer:
            page = await answer.text()
        told = (await anna.request("GET", f"/clients/{client}/consents"))[1]
        hidden = "5550101" not in told and "555-01-01" not in page and "5550101" not in page
        assert (answer.status, hidden) == (200, True)
        status, _ = await form(anna, f"/clients/{client}/consents", address="phone:0", purpose="calls", act="withdraw")
        assert (status, await refused(desk, "phone", NUMBER, "calls", client)) == (200, "withdrawn")


async def test_the_address_in_a_letter_unsubscribes_by_a_button_or_one_click_and_not_by_a_look(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera, aiohttp.ClientSession(desk.url) as stranger:
        client, box = await alkhimov(vera), await a_mailbox(desk, ANNA)
        async with desk.services.database.write() as conn:
            row = {"name": "Весна", "channel": "email", "purpose": "marketing", "created_at": 1.0}
            campaign = (await conn.execute(insert(campaigns).values(row).returning(campaigns.c.id))).scalar_one()
            values = {
                "key": "k", "mailbox_id": box, "state": "sent", "client_id": client, "campaign_id": campaign,
                "message_id": "a@b.example",
            }  # fmt: skip
            letter = await outbox.add(conn, values, [party("to", ADDRESS)], 1.0)
            assert letter is not None
            person = {"campaign_id": campaign, "number": 1, "client_id": client, "address": ADDRESS}
            await conn.execute(insert(campaign_people).values(person | {"outbox_id": letter}))
            await consents.say(
                conn, kind="email", address=ADDRESS, purpose="marketing", given=True, source="card", at=1.0
            )
        doors = desk.services.consents.doors
        path = "/u/" + doors.give("u", str(letter), time.time())
        for _ in range(3):
            assert (await stranger.get(path)).status == 200
        assert await refused(desk, "email", ADDRESS, "marketing", client) == ""
        for _ in range(2):
            assert (await stranger.post(path, data={"List-Unsubscribe": "One-Click"})).status == 200
        assert await refused(desk, "email", ADDRESS, "marketing", client) == "withdrawn"
        assert await refused(desk, "email", ADDRESS, "service", client) == ""
        async with desk.services.database.read() as conn:
            [said] = [one for one in await consents.of_client(conn, client) if not one.given]
            assert (said.source, said.proof) == ("letter", f"outbox:{letter}")
            assert (await conn.execute(select(campaign_people.c.unsubscribed_at))).scalar() is not None
        for wrong in ("/u/" + doors.give("c", str(letter), time.time()), path[:-1], "/u/x"):
            assert (await stranger.post(wrong)).status == 404, wrong


async def test_a_letter_that_says_only_STOP_in_answer_does_the_same(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera:
        client, box = await alkhimov(vera), await a_mailbox(desk, ANNA)
        async with desk.services.database.write() as conn:
            row = {"name": "Весна", "channel": "email", "purpose": "marketing", "created_at": 1.0}
            campaign = (await conn.execute(insert(campaigns).values(row).returning(campaigns.c.id))).scalar_one()
            values = {"key": "k", "mailbox_id": box, "state": "sent", "client_id": client, "message_id": "a@b.example"}
            await outbox.add(conn, values | {"campaign_id": campaign}, [party("to", ADDRESS)], 1.0)
        head = f"From: {ADDRESS}\nTo: sales@romashka.example\nContent-Type: text/plain; charset=utf-8\n"
        texts = {
            "Спасибо, не надо": "In-Reply-To: <a@b.example>\nSubject: Re: Весна\nMessage-ID: <1@x>\n",
            "СТОП": "In-Reply-To: <other@b.example>\nSubject: Re: Договор\nMessage-ID: <2@x>\n",
        }
        for text, more in texts.items():
            await desk.services.inbox.arrived([await put(desk, box, f"{head}{more}\n{text}\n")], history=False)
            assert await refused(desk, "email", ADDRESS, "marketing", client) == "no-consent", text
        for place, more in enumerate(("In-Reply-To: <a@b.example>\nSubject: Re: Весна\n", "Subject: STOP\n")):
            text = "Отписаться.\n\n> Весенние скидки\n" if not place else ""
            raw = f"{head}{more}Message-ID: <s{place}@x>\n\n{text}"
            await desk.services.inbox.arrived([await put(desk, box, raw)], history=False)
            assert await refused(desk, "email", ADDRESS, "marketing", client) == "withdrawn", more
            async with desk.services.database.write() as conn:
                await consents.say(
                    conn, kind="email", address=ADDRESS, purpose="marketing", given=True, source="card", at=time.time()
                )


async def test_limits_are_set_by_an_admin_and_the_alarm_of_the_budget_comes_once_a_day(desk: Panel) -> None:
    async with Browser(desk, "pavel") as pavel, Browser(desk, "vera") as vera:
        wire = await vera.connect()
        said = {
            "version": "0", "budget": "1 500,50", "a_day": "2", "ad_days": "3", "unknown_h": "24", "approval_over": "5",
            "quiet_from": "22:00", "quiet_to": "08:00", "stop_words": "Стоп, хватит",
        }  # fmt: skip
        assert (await form(vera, "/settings/sending", **said))[0] == 403
        assert (await form(pavel, "/settings/sending", **said))[0] == 200
        assert (await form(pavel, "/settings/sending", **said))[0] == 409, "somebody set them meanwhile"
        for wrong in ({"unknown_h": "0"}, {"quiet_to": "25:00"}, {"budget": "много"}, {"stop_words": " , "}):
            assert (await form(pavel, "/settings/sending", **(said | wrong | {"version": "1"})))[0] == 409, wrong
        async with desk.services.database.write() as conn:
            given, _ = await limits.read(conn)
            now = time.time()
            await spending._mark(conn, spending.day_of(now, desk.services.zone), now)
        assert given == Limits(
            budget_day=150050, a_day=2, ad_days=3, unknown_h=24, approval_over=5, quiet_from="22:00", quiet_to="08:00",
            stop_words=["стоп", "хватит"],
        )  # fmt: skip
        for _ in range(2):
            await desk.services.sending_limits.look()
        await until(lambda: wire.all("message"), why="the alarm")
        assert len(wire.all("message")) == 1
        async with pavel.http.get(f"{desk.url}/settings/sending") as answer:
            assert "is used up since" in await answer.text()
        async with desk.services.database.read() as conn:
            assert (await conn.execute(select(sending_days.c.told_at))).scalar() is not None
        assert (await form(pavel, "/settings/sending", **(said | {"budget": "5000", "version": "1"})))[0] == 200
        async with pavel.http.get(f"{desk.url}/settings/sending") as answer:
            assert "is used up since" not in await answer.text(), "the rest goes"
