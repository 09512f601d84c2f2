"""The work list: whose a missed client is, in which order things are done, and that no two people do the same one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cti.clients.work import DUE, INSISTENT, LATE, MISSED, ORDERED, OTHERS, TAKEN, WAITING, Work, is_of, placed
from cti.storage import calls, users, work
from cti.storage.users import QueueDraft
from cti.telephony.events import CallRecord, LegRecord, Party
from tests.web.panel import ANNA, BORIS, CLARA, Browser, Panel, panel, until
from tests.web.visitor import Visitor

NUMBER = "+79355550101"
NOW = 1_000_000.0


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        async with made.services.database.write() as conn:
            for user_id in (ANNA, BORIS):
                await users.set_queues(conn, user_id, [QueueDraft(name="sales")])
        yield made


async def _call(
    running: Panel, call: str, number: str = NUMBER, *, ago_s: float = 60, rang: int = ANNA, **more: Any
) -> None:
    began = time.time() - ago_s
    leg = LegRecord(leg="PJSIP/101-1", leg_id=f"leg-{call}", device="PJSIP/101", rang=began, result="no-answer")
    known = {"direction": "inbound", "queue": "sales", "outcome": "abandoned", "ended": began + 20} | more
    record = CallRecord(call=call, caller=Party(number=number), called="1", started=began, legs=(leg,), **known)
    async with running.services.database.write() as conn:
        await calls.save(conn, record, number=number, client_id=None, user_id=rang, legs_users={leg.leg_id: rang})


async def _list(who: Browser) -> list[dict[str, Any]]:
    return list((await who.ask("GET", "/work"))[1])


async def test_what_comes_first_and_why() -> None:
    """The order, from what I have taken to what others have; each with the reason that is said."""
    me, task = {"people": frozenset((ANNA,))}, {"at": NOW - 50, "people": frozenset((ANNA,))}
    taken = {"taken_by_id": BORIS, "taken_until": NOW + 9}
    works = [
        Work(kind="missed", id="others", at=NOW - 1, **me, **taken),
        Work(kind="missed", id="newest", at=NOW - 5, tries=1, **me),
        Work(kind="missed", id="older", at=NOW - 9, tries=1, **me),
        Work(kind="missed", id="often", at=NOW - 20, tries=3, **me),
        Work(kind="missed", id="own", at=NOW - 30, tries=1, responsible_id=ANNA),
        Work(kind="order", id="asap", at=NOW - 10),
        Work(kind="order", id="wished", at=NOW - 90, due_at=NOW + 60),
        Work(kind="callback", id="promised", due_at=NOW - 10, **task),
        Work(kind="task", id="due", due_at=NOW - 10, **task),
        Work(kind="task", id="evening", due_at=NOW + 999, **task),
        Work(kind="missed", id="mine", at=NOW - 99, taken_by_id=ANNA, taken_until=NOW + 9),
        Work(kind="missed", id="later", at=NOW - 99, later_until=NOW + 30, taken_by_id=ANNA, taken_until=NOW + 99),
        Work(kind="missed", id="lapsed", at=NOW - 99, tries=1, taken_by_id=BORIS, taken_until=NOW - 9),
    ]
    order = [(one.work.id, one.level, one.why) for one in placed(works, ANNA, NOW)]
    assert order == [
        ("mine", TAKEN, "taken-by-me"),
        ("promised", LATE, "callback-late"),
        ("asap", ORDERED, "order"),
        ("often", INSISTENT, "missed-often"),
        ("own", INSISTENT, "missed-own"),
        ("newest", MISSED, "missed"),
        ("older", MISSED, "missed"),
        ("lapsed", MISSED, "missed"),
        ("due", DUE, "task-late"),
        ("later", WAITING, "put-off"),
        ("wished", WAITING, "order-waits"),
        ("evening", WAITING, "task-waits"),
        ("others", OTHERS, "taken"),
    ]


async def test_a_missed_client_is_one_item_of_queue_rung_and_manager_and_closes_by_a_talk(running: Panel) -> None:
    async with Browser(running, "anna") as anna, Browser(running, "boris") as boris, Browser(running, "clara") as clara:
        wires = [await one.connect() for one in (anna, boris, clara)]
        await _call(running, "c1", ago_s=300)
        await _call(running, "c2")
        await running.services.work_list.call_moved(None, 0.0)
        for wire in wires[:2]:
            await until(lambda wire=wire: wire.all("work")[-1:] and wire.all("work")[-1]["count"] == 1, why="told")  # type: ignore[misc]
        (one,) = await _list(boris)
        assert (one["id"], one["tries"], one["number"]) == ("c2", 2, NUMBER)
        assert await _list(clara) == []
        draft = {"name": "Алхимов", "phones": [{"typed": NUMBER}], "responsible_id": CLARA}
        assert (await anna.ask("POST", "/clients", draft))[0] == 201
        async with running.services.database.write() as conn:
            await conn.execute(text("UPDATE calls SET client_id = 1"))
        (hers,) = await _list(clara)
        assert (hers["client_name"], hers["responsible"]) == ("Алхимов", "Clara")
        async with running.services.database.read() as conn:  # SQL and the pure rule say the same
            everything = await work.gathered(conn, now=time.time(), until=0)
            for user_id in (ANNA, BORIS, CLARA, 4):
                who = await work.worker(conn, user_id)
                his = await work.gathered(conn, now=time.time(), until=0, who=who)
                assert [x.id for x in his] == [x.id for x in everything if is_of(x, who)]
        await _call(running, "c3", ago_s=5, outcome="answered", answered=time.time() - 2, direction="outbound")
        await running.services.work_list.call_moved(None, 0.0)
        await until(lambda: wires[0].all("work")[-1]["count"] == 0, why="closed by itself")
        assert await _list(anna) == []


async def test_who_takes_an_item_has_it_alone(running: Panel) -> None:
    await _call(running, "c1")
    async with Browser(running, "anna") as anna, Browser(running, "boris") as boris, Browser(running, "clara") as clara:
        assert (await anna.ask("POST", "/work/missed/c1", {"act": "take"}))[0] == 200
        status, problem = await boris.ask("POST", "/work/missed/c1", {"act": "take"})
        assert (status, problem["title"]) == (409, "work-taken")
        (his,) = await _list(boris)
        assert (his["level"], his["taken_by"], his["why"]) == (OTHERS, "Anna", "Anna is at it")
        assert (await clara.ask("POST", "/work/missed/c1", {"act": "take"}))[0] == 404
        await _call(running, "c2", ago_s=1)  # he tries once more: still hers
        assert (await boris.ask("POST", "/work/missed/c2", {"act": "later", "minutes": 5}))[0] == 409
        assert (await boris.ask("POST", "/work/missed/c2", {"act": "take-over"}))[0] == 200
        assert (await _list(anna))[0]["taken_by"] == "Boris"
        assert (await boris.ask("POST", "/work/missed/c2", {"act": "free"}))[0] == 200
        assert (await _list(anna))[0]["level"] == INSISTENT
        assert (await anna.ask("POST", "/work/missed/c2", {"act": "later", "minutes": 5}))[0] == 200
        assert (await _list(anna))[0]["level"] == WAITING
        assert (await anna.ask("POST", "/work/missed/c2", {"act": "close"}))[0] == 409
        assert (await anna.ask("POST", "/work/missed/c2", {"act": "close", "why": "спам"}))[0] == 200
        assert await _list(anna) == []
        assert (await boris.ask("POST", "/work/missed/c2", {"act": "take"}))[0] == 404, "his page was a moment late"
        (closed,) = (await anna.ask("GET", "/missed?state=closed"))[1]
        assert (closed["closed_by"], closed["closed_how"], closed["why"]) == ("Anna", "by-hand", "спам")
        await _call(running, "c4", ago_s=0.5)  # who calls again after that is an item again
        (again,) = await _list(anna)
        assert (again["id"], again["tries"]) == ("c4", 1)
        assert (await anna.ask("POST", "/work/missed/nothing", {"act": "take"}))[0] == 404


async def test_the_page_says_why_and_who_and_is_empty_with_a_reason(running: Panel) -> None:
    async with Visitor(running, "anna") as anna, Visitor(running, "vera") as vera:
        assert (await anna.get("/work")).says("Nothing to be done now")
        await _call(running, "c1")
        page = await anna.get("/work")
        for words in ("Called in vain at", "+7 935 555-01-01", "waited 0:20", "sales", 'data-act="take"'):
            assert page.says(words), words
        assert not (await vera.get("/work")).says("Called in vain")
        assert (await vera.get("/work?whose=all")).says("Called in vain")
