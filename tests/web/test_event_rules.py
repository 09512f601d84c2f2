"""Rules on events: what they write and order, once, and what they pass over; F-40's queue takes it from there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from cti.features.event_rules import EventRules
from cti.messages.rules import WorkingHours, anniversaries, goes_at
from cti.storage import bounces, calls, outbox, tasks
from cti.telephony.events import CallRecord, Party
from tests.web.mailbox import a_mailbox
from tests.web.panel import ANNA, Browser, Panel, panel
from tests.web.test_outbox import alkhimov
from web.services import Services

HOUR, DAY = 3600.0, 86400.0


class Clock:
    """Of the rules alone."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Panel]:
    def timed(services: Services) -> Services:
        rules = EventRules(
            db=services.database,
            house=services.event_rules.house,
            wake=lambda: None,
            work_changed=lambda: None,
            clock=clock,
        )
        return replace(services, event_rules=rules)

    async with panel(tmp_path, change=timed, without=("event-rules",)) as running:
        yield running


async def made(vera: Browser, desk: Panel, **more: Any) -> int:
    """A rule that writes to a client, at work."""
    box = await a_mailbox(desk, ANNA)
    template = {"name": "Пропущенный", "subject": "{{client.name}}", "body": "<p>Мы перезвоним, {{client.name}}</p>"}
    _, kept = await vera.ask("POST", "/templates", template)
    rule = {"name": "Правило", "event": "missed-call", "mailbox_id": box, "template_id": kept["id"], **more}
    status, rule_made = await vera.ask("POST", "/event-rules", rule)
    assert status == 201, rule_made
    assert (await vera.ask("PUT", f"/event-rules/{rule_made['id']}/works", {"works": True}))[0] == 200
    return int(rule_made["id"])


async def call(desk: Panel, clock: Clock, call_id: str, client: int, *, answered: bool = False) -> None:
    record = CallRecord(
        call=call_id,
        direction="inbound",
        caller=Party(number="79355550101", name=""),
        called="74950000001",
        queue="sales",
        started=clock() + 1,
        ended=clock() + 31,
        outcome="no-answer",
    )
    if answered:
        record = structs.replace(record, answered=clock() + 10, outcome="answered")
    async with desk.services.database.write() as conn:
        await calls.save(conn, record, number=f"+7935555{client:04}", client_id=client, user_id=ANNA)


async def runs(vera: Browser, rule: int) -> list[tuple[str, str]]:
    return [(one["outcome"], one["why"]) for one in (await vera.ask("GET", f"/event-rules/{rule}/runs"))[1]]


async def written(desk: Panel) -> list[outbox.OutLetter]:
    async with desk.services.database.read() as conn:
        return [one for key in range(1, 20) if (one := await outbox.get(conn, key)) and one.rule_id]


async def test_a_missed_call_is_written_to_once_and_not_when_called_back(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera:
        client, other = await alkhimov(vera), await alkhimov(vera, name="Другой", emails=["b@b.example"])
        rule = await made(vera, desk, delay_s=600, given={"queues": ["sales"]})
        await call(desk, clock, "c1", client)
        assert await desk.services.event_rules.look() == 0, "not before the delay is over"
        clock.ahead = 632
        for _ in range(2):
            await desk.services.event_rules.look()
        await call(desk, clock, "c2", client)
        await call(desk, clock, "c3", other)
        clock.ahead += 300
        await call(desk, clock, "c4", other, answered=True)
        clock.ahead += 332
        await desk.services.event_rules.look()
        assert sorted(await runs(vera, rule)) == [
            ("queued", ""),
            ("skipped", "already-written"),
            ("skipped", "called-back"),
        ]
        [letter] = await written(desk)
        assert (letter.state, letter.subject, letter.people) == (
            "waiting",
            "Алхимов",
            (("to", "Алхимов", "pyotr@alkhimov.example"),),
        )
        await vera.ask("PUT", f"/event-rules/{rule}/works", {"works": False})
        assert [one.state for one in await written(desk)] == ["canceled"], "a stopped rule stops at once"


async def test_whoever_cannot_be_written_to_is_passed_over_with_the_reason(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera:
        rule = await made(vera, desk)
        silent, banned = await alkhimov(vera, emails=[]), await alkhimov(vera, emails=["c@c.example"])
        gone = await alkhimov(vera, emails=["gone@c.example"])
        assert (await vera.ask("POST", f"/clients/{banned}/restrict", {"why": "просил"}))[0] == 200
        async with desk.services.database.write() as conn:
            await bounces.mark(conn, "gone@c.example", lasting=True, why="550", at=1.0)
        for place, client in enumerate((silent, banned, gone)):
            await call(desk, clock, f"c{place}", client)
        clock.ahead = 40
        await desk.services.event_rules.look()
        assert sorted(why for _, why in await runs(vera, rule)) == ["bounced", "no-address", "restricted"]
        assert await written(desk) == []


async def test_an_address_gets_one_letter_of_a_rule_in_its_time_and_our_own_none(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera:
        given = {"field": "note"}
        rule = await made(vera, desk, event="changed", given=given, task="Посмотреть")
        flaps, house = await alkhimov(vera), await alkhimov(vera, name="Мы", emails=["SALES@romashka.example"])
        other = await alkhimov(vera, name="Тоже Алхимов", emails=["Pyotr@alkhimov.example"])
        for client, version, note in ((flaps, 1, "VIP"), (flaps, 2, "нет"), (other, 1, "VIP"), (house, 1, "VIP")):
            assert (await vera.ask("PATCH", f"/clients/{client}", {"version": version, "note": note}))[0] == 200
        clock.ahead = 5
        await desk.services.event_rules.look()
        assert sorted(await runs(vera, rule)) == [
            ("queued", ""),
            ("task", "already-written"),
            ("task", "already-written"),
            ("task", "own-address"),
        ]
        clock.ahead = 13 * HOUR
        await vera.ask("PATCH", f"/clients/{flaps}", {"version": 3, "note": "снова"})
        await desk.services.event_rules.look()
        assert len(await written(desk)) == 2, "its time is over"


async def test_a_contract_that_ends_is_a_letter_and_a_task_and_a_dry_run_tells(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera:
        client = await alkhimov(vera, responsible_id=ANNA)
        ends = datetime.fromtimestamp(clock(), desk.services.zone).date() + timedelta(days=10)
        await vera.ask("POST", f"/clients/{client}/contracts", {"number": "Д-17", "ends_on": ends.isoformat()})
        rule = await made(vera, desk, event="contract-ends", given={"days": 14}, task="Продлить {{contract.number}}")
        body = (await vera.ask("GET", "/event-rules"))[1][0]
        asked = {name: body[name] for name in ("name", "event", "given", "mailbox_id", "template_id", "task")}
        _, planned = await vera.ask("POST", "/event-rules/dry-run", asked)
        assert len(planned) == 1, planned
        [one] = planned
        assert (one["client"], one["task"], one["body"]) == ("Алхимов", "Продлить Д-17", "Мы перезвоним, Алхимов")
        assert await written(desk) == [], "nothing is done by a dry run"
        for _ in range(3):
            await desk.services.event_rules.look()
        assert (await runs(vera, rule), len(await written(desk))) == ([("queued", "")], 1)
        async with desk.services.database.read() as conn:
            [task] = await tasks.open_of_client(conn, client)
        assert (task.what, task.owner_id) == ("Продлить Д-17", ANNA)


async def test_a_new_client_a_changed_field_and_a_date_are_events(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera, Browser(desk, "pavel") as pavel:
        _, prop = await pavel.ask("POST", "/properties", {"name": "День рождения", "kind": "date"})
        new = await made(vera, desk, event="new-client")
        some = {"mailbox_id": 1, "template_id": 1}
        for name, event, given in (
            ("заметка", "changed", {"field": "note", "op": "is", "value": "vip"}),
            ("рождение", "date", {"property_id": prop["id"]}),
        ):
            _, one = await vera.ask("POST", "/event-rules", {"name": name, "event": event, "given": given, **some})
            await vera.ask("PUT", f"/event-rules/{one['id']}/works", {"works": True})
        clock.ahead = 1
        born = datetime.fromtimestamp(clock(), desk.services.zone).date().replace(year=1980)
        client = await alkhimov(vera, properties={str(prop["id"]): born.isoformat()})
        await vera.ask("PATCH", f"/clients/{client}", {"version": 1, "note": "VIP"})
        clock.ahead = 5
        await desk.services.event_rules.look()
        assert [await runs(vera, rule) for rule in (new, new + 1, new + 2)] == [[("queued", "")]] * 3


async def test_a_rule_waits_for_what_a_property_of_any_kind_becomes(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera, Browser(desk, "pavel") as pavel:
        kinds = (
            ("list", "any-of", 0), ("several", "any-of", 0), ("number", "from", 100), ("rating", "from", 4),
            ("date", "to", "2026-12-31"), ("yes-no", "is", True), ("text", "contains", "опт"),
        )  # fmt: skip
        became = {"number": 150, "rating": 5, "date": "2026-11-01", "yes-no": True, "text": "Крупный опт"}
        asked, values = dict[str, Any](), dict[str, Any]()
        for kind, op, value in kinds:
            made_ = {
                "name": kind,
                "kind": kind,
                "values": [{"name": "а"}, {"name": "б"}] if kind in ("list", "several") else [],
            }
            status, prop = await pavel.ask("POST", "/properties", made_)
            assert status == 201, prop
            [known] = [one for one in (await vera.ask("GET", "/properties"))[1] if one["id"] == prop["id"]]
            ids = [one["id"] for one in known["values"]]
            asked[kind] = {
                "field": f"property:{prop['id']}",
                "op": op,
                "value": ids[value : value + 1] if ids else value,
            }
            values[str(prop["id"])] = (ids if kind == "several" else ids[0]) if ids else became[kind]
        clock.ahead = -1
        rules = {kind: await rule_of(vera, kind, given) for kind, given in asked.items()}
        client = await alkhimov(vera)
        assert (await vera.ask("PATCH", f"/clients/{client}", {"version": 1, "properties": values}))[0] == 200
        clock.ahead = 5
        await desk.services.event_rules.look()
        assert {kind: await runs(vera, rule) for kind, rule in rules.items()} == {
            kind: [("task", "")] for kind in asked
        }
        body = {"name": "x", "event": "changed", "task": "Посмотреть"}
        counted = (await vera.ask("POST", "/event-rules/dry-run", body | {"given": asked["number"]}))[1]
        none = (await vera.ask("POST", "/event-rules/dry-run", body | {"given": asked["number"] | {"value": 151}}))[1]
        assert (len(counted), len(none)) == (1, 0), "a dry run asks the same"
        for wrong in ({"value": "много"}, {"op": "any-of"}, {"field": "property:99"}, {"value": None}):
            refused = await vera.ask("POST", "/event-rules", body | {"given": asked["number"] | wrong})
            assert refused[0] == 409, wrong


async def rule_of(vera: Browser, name: str, given: dict[str, Any]) -> int:
    """A rule at work that gives a task when a field has become this."""
    body = {"name": name, "event": "changed", "task": "Посмотреть", "given": given}
    status, rule = await vera.ask("POST", "/event-rules", body)
    assert status == 201, rule
    await vera.ask("PUT", f"/event-rules/{rule['id']}/works", {"works": True})
    return int(rule["id"])


def test_the_hours_are_the_clients_own() -> None:
    hours, omsk = WorkingHours(begins="09:00", ends="18:00"), ZoneInfo("Asia/Omsk")  # UTC+6
    friday = datetime(2026, 11, 27, 11, 30, tzinfo=UTC).timestamp()  # 17:30 there
    assert goes_at(friday, 0, hours, omsk) == friday
    monday = datetime(2026, 11, 30, 3, 0, tzinfo=UTC).timestamp()  # 9:00 there
    assert goes_at(friday, HOUR, hours, omsk) == monday
    assert goes_at(friday, HOUR, None, omsk) == friday + HOUR


async def test_a_day_begins_on_the_clients_own_clock(desk: Panel, clock: Clock) -> None:
    """In Vladivostok seven hours before Moscow, where the house is, in Kaliningrad an hour after."""
    async with Browser(desk, "vera") as vera, Browser(desk, "pavel") as pavel:
        _, prop = await pavel.ask("POST", "/properties", {"name": "Юбилей", "kind": "date"})
        today = datetime.fromtimestamp(clock(), desk.services.zone).date() + timedelta(days=1)
        clock.ahead = datetime.combine(today, datetime.min.time(), desk.services.zone).timestamp() - time.time()
        values = {str(prop["id"]): today.isoformat()}
        for zone in ("Asia/Vladivostok", "", "Europe/Kaliningrad"):
            await alkhimov(vera, name=zone or "Москва", time_zone=zone, properties=values)
        given = {"property_id": prop["id"]}
        rule = await made(vera, desk, event="date", given=given, task="Поздравить")
        body = {"name": "x", "event": "date", "given": given, "task": "Поздравить"}
        _, planned = await vera.ask("POST", "/event-rules/dry-run", body)
        midnight = datetime.combine(today, datetime.min.time(), desk.services.zone).timestamp()
        told = {one["time_zone"]: ((one["at"] - midnight) / HOUR, one["time_zone_from"]) for one in planned}
        assert told == {
            "Asia/Vladivostok": (-7, "card"), "Europe/Moscow": (0, "house"), "Europe/Kaliningrad": (1, "card"),
        }  # fmt: skip
        counts = []
        for hours in (-7.5, -6.5, 0.5, 1.5):
            clock.ahead = midnight + hours * HOUR - time.time()
            await desk.services.event_rules.look()
            counts.append(len(await runs(vera, rule)))
        assert counts == [0, 1, 2, 3]


def test_a_29_february_is_kept_on_the_28th() -> None:
    leap = (date(2000, 2, 29) - date(1970, 1, 1)).days
    assert leap in anniversaries(date(2026, 2, 28), 0)
    assert leap not in anniversaries(date(2028, 2, 28), 0)
    assert leap in anniversaries(date(2028, 2, 28), 1)


async def test_two_who_look_at_once_do_it_once(desk: Panel, clock: Clock) -> None:
    async with Browser(desk, "vera") as vera:
        rule = await made(vera, desk)
        await call(desk, clock, "c1", await alkhimov(vera))
        clock.ahead = 40
        rules = desk.services.event_rules
        await asyncio.gather(*(rules.look() for _ in range(5)))
        assert (await runs(vera, rule), len(await written(desk))) == ([("queued", "")], 1)
