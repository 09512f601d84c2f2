"""Rules on events by SMS: whom they write to, once, what stands in the way, and a call-back that the client orders."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from sqlalchemy import select, update

from cti.features.event_rules import EventRules
from cti.messages.limits import Limits
from cti.storage import callback_words, consents, limits
from cti.storage.preparing import Price
from cti.storage.sms_tables import sms
from cti.storage.tables import calls
from cti.storage.work_tables import callback_orders
from tests.messages.test_templates import PAYLOADS
from tests.web.panel import ANNA, Browser, Panel, panel
from tests.web.test_event_rules import Clock, call, runs
from tests.web.test_outbox import alkhimov
from web.services import Services

SITE = "https://cti.romashka.example"
LOUD = Limits(quiet_from="00:00", quiet_to="00:00")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Panel]:
    def timed(services: Services) -> Services:
        house = services.event_rules.house
        house.doors.site = SITE
        house.price = lambda number, _purpose: Price(amount=350, currency="RUB") if number.startswith("+7") else None
        rules = EventRules(db=services.database, house=house, wake=lambda: None, work_changed=lambda: None, clock=clock)
        return replace(services, event_rules=rules)

    async with panel(tmp_path, change=timed, without=("event-rules",)) as running:
        await limited(running, LOUD)
        yield running


async def limited(desk: Panel, given: Limits, version: int = 0) -> None:
    async with desk.services.database.write() as conn:
        assert await limits.save(conn, given, version=version, user_id=ANNA, now=1.0)


async def made(vera: Browser, body: str, **more: Any) -> int:
    """A rule that writes an SMS, at work."""
    _, kept = await vera.ask("POST", "/templates", {"name": f"т{time.time_ns()}", "channel": "sms", "body": body})
    rule = {"name": f"п{time.time_ns()}", "event": "missed-call", "channel": "sms", "template_id": kept["id"], **more}
    status, rule_made = await vera.ask("POST", "/event-rules", rule)
    assert status == 201, rule_made
    assert (await vera.ask("PUT", f"/event-rules/{rule_made['id']}/works", {"works": True}))[0] == 200
    return int(rule_made["id"])


async def waiting(desk: Panel) -> list[Any]:
    async with desk.services.database.read() as conn:
        return list((await conn.execute(select(sms).order_by(sms.c.id))).all())


async def test_a_missed_call_is_one_sms_with_an_address_and_the_call_back_is_ordered_once(
    desk: Panel, clock: Clock
) -> None:
    async with Browser(desk, "vera") as vera:
        client = await alkhimov(vera)
        rule = await made(vera, "{{client.name}}, мы перезвоним. Когда удобно: {{callback_link}}")
        await call(desk, clock, "c1", client)
        clock.ahead = 40
        for _ in range(2):
            await desk.services.event_rules.look()
        await call(desk, clock, "c2", client)
        clock.ahead += 600
        await desk.services.event_rules.look()
        assert sorted(await runs(vera, rule)) == [("queued", ""), ("skipped", "already-written")]
        [text] = await waiting(desk)
        assert (text.number, text.state, text.automatic, text.call_id) == (f"+7935555{client:04}", "queued", True, "c1")
        assert text.text.startswith(f"Алхимов, мы перезвоним. Когда удобно: {SITE}/c/")
        assert (text.parts, text.price) == (2, 700)
        [run] = [one for one in (await vera.ask("GET", f"/event-rules/{rule}/runs"))[1] if one["sms_id"]]
        assert (run["sms_id"], run["state"]) == (text.id, "queued")
        await vera.ask("PUT", f"/event-rules/{rule}/works", {"works": False})
        assert [one.state for one in await waiting(desk)] == ["canceled"], "a stopped rule stops at once"


async def test_who_called_from_a_landline_has_withdrawn_or_is_a_stranger(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera:
        rule = await made(vera, "Мы перезвоним. Ответьте {{callback_word}}, если срочно")
        client = await alkhimov(vera)
        async with desk.services.database.write() as conn:
            await consents.say(
                conn, kind="phone", address=f"+7935555{client:04}", purpose="", given=False, source="sms", at=1.0
            )
        await call(desk, clock, "c1", client)
        for number, call_id in (("+74950000009", "c2"), ("+79355559999", "c3")):
            await call(desk, clock, call_id, client)
            async with desk.services.database.write() as conn:
                await conn.execute(update(calls).where(calls.c.id == call_id).values(number=number, client_id=None))
        clock.ahead = 40
        await desk.services.event_rules.look()
        assert sorted(await runs(vera, rule)) == [("queued", ""), ("skipped", "landline"), ("skipped", "withdrawn")]
        [text] = await waiting(desk)
        assert (text.number, text.client_id, text.text) == (
            "+79355559999", None, "Мы перезвоним. Ответьте 1, если срочно",
        )  # fmt: skip
        now = clock()
        async with desk.services.database.write() as conn:
            await conn.execute(update(sms).values(state="delivered"))
            assert await callback_words.order_by_word(conn, "+79355559999", "спасибо", now) is None
            assert await callback_words.order_by_word(conn, "+79355550001", "1", now) is None
            made_ = [await callback_words.order_by_word(conn, "+79355559999", word, now) for word in ("1", "Да!", "1")]
            assert made_[0] is not None
            assert len(set(made_)) == 1
            assert await callback_words.order_by_word(conn, "+79355559999", "1", now + 25 * 3600) is None


async def test_an_appointment_is_reminded_of_on_the_clients_clock_and_not_in_quiet_hours(
    desk: Panel, clock: Clock
) -> None:
    far = ZoneInfo("Asia/Vladivostok")
    async with Browser(desk, "vera") as vera:
        await limited(desk, Limits(), version=1)
        client = await alkhimov(vera, time_zone="Asia/Vladivostok", phones=[{"typed": "+79355550177"}])
        due = datetime(2027, 3, 12, 10, 30, tzinfo=far).timestamp()
        clock.ahead = due - 90 * 3600 - time.time()
        await vera.ask("POST", f"/clients/{client}/tasks", {"what": "Замер", "due_at": due})
        early = datetime(2027, 3, 12, 8, 30, tzinfo=far).timestamp()  # its hour comes in the night, which ends after it
        await vera.ask("POST", f"/clients/{client}/tasks", {"what": "Созвон", "due_at": early})
        rule = await made(vera, "{{task.what}} {{task.date}} в {{task.time}}", event="task-due", given={"hours": 9})
        body = (await vera.ask("GET", "/event-rules"))[1][0]
        asked = {name: body[name] for name in ("name", "event", "given", "channel", "template_id")}
        _, [_, planned] = await vera.ask("POST", "/event-rules/dry-run", asked)
        morning = datetime(2027, 3, 12, 9, tzinfo=far).timestamp()
        assert (planned["at"], planned["body"]) == (morning, "Замер 12 марта 2027 г. в 10:30")
        assert (planned["parts"], planned["price"], planned["why"]) == (1, 350, "")
        tried = {
            "csrf": vera.csrf,
            "event": "task-due",
            "before": "9",
            "template": str(body["template_id"]),
            "act": "try",
        }
        origin = {"Origin": desk.url}
        async with vera.http.post(f"{desk.url}/settings/rules/{rule}", data=tried, headers=origin) as answer:
            page = await answer.text()
        assert (answer.status, planned["body"] in page, "3.50 ₽" in page) == (200, True, True)
        async with vera.http.get(f"{desk.url}/settings/rules/{rule}/log") as answer:
            assert answer.status == 200
        for at, count in ((due - 9 * 3600 + 60, 0), (morning + 60, 1), (morning + 120, 1)):
            clock.ahead = at - time.time()
            await desk.services.event_rules.look()
            assert len(await runs(vera, rule)) == count


async def test_fields_of_an_occasion_stand_in_no_other_rule_and_no_sms_is_longer_than_ten_parts(
    desk: Panel, clock: Clock
) -> None:
    async with Browser(desk, "vera") as vera:
        _, kept = await vera.ask("POST", "/templates", {"name": "a", "channel": "sms", "body": "{{callback_link}}"})
        rule = {"name": "b", "event": "new-client", "channel": "sms", "template_id": kept["id"]}
        status, told = await vera.ask("POST", "/event-rules", rule)
        assert (status, told["title"]) == (409, "field-not-here")
        long = await made(vera, "ж" * 671, event="new-client")
        ads = await made(vera, "Скидки", event="new-client", given={"purpose": "marketing"})
        clock.ahead = 1
        await alkhimov(vera, phones=[{"typed": "+79355550177"}])
        clock.ahead = 5
        await desk.services.event_rules.look()
        assert [await runs(vera, one) for one in (long, ads)] == [
            [("skipped", "too-long")],
            [("skipped", "no-consent")],
        ]
        assert await waiting(desk) == []


async def test_the_address_in_an_sms_orders_a_call_back_once_and_looking_at_it_orders_none(
    desk: Panel, clock: Clock
) -> None:
    async with Browser(desk, "vera") as vera, aiohttp.ClientSession(desk.url) as stranger:
        client = await alkhimov(vera)
        await call(desk, clock, "c1", client)
        doors = desk.services.event_rules.house.doors
        path = doors.address("c", "c1", time.time()).removeprefix(SITE)
        for _ in range(2):
            assert (await stranger.get(path)).status == 200

        async def orders() -> list[Any]:
            async with desk.services.database.read() as conn:
                return list((await conn.execute(select(callback_orders))).all())

        assert await orders() == []
        for _ in range(3):
            assert (await stranger.post(path, data={"when": "1"})).status == 200
        [order] = await orders()
        assert (order.number, order.client_id) == (f"+7935555{client:04}", client)
        assert abs(order.wished_at - time.time() - 3600) < 60
        forged = path[:-2] + ("AA" if not path.endswith("AA") else "BB")
        old = "/c/" + doors.give("c", "c1", time.time() - 25 * 3600)
        other = "/c/" + doors.give("u", "c1", time.time())
        for wrong in (forged, old, other, "/c/x", "/c/" + "A" * 5000):
            assert (await stranger.get(wrong)).status == 404, wrong
            assert (await stranger.post(wrong)).status == 404, wrong


async def test_SEC_18_sixty_payloads_in_a_template_of_an_sms_are_only_text(desk: Panel) -> None:
    async with Browser(desk, "vera") as vera:
        client = await alkhimov(vera)
        for payload in PAYLOADS:
            asked = {"channel": "sms", "client_id": client, "body": payload}
            status, shown = await vera.ask("POST", "/templates/preview", asked)
            assert (status, shown["body"].replace("Алхимов", "{{client.name}}")) == (200, payload), payload
