"""What follows a call, and the reminders of it: they wait for their owner and outlive the server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cti.desktop import Reminder
from cti.features.reminders import Reminders
from cti.storage import dial_requests, tasks
from cti.storage.dial_requests import DialRequest
from tests.web.panel import ANNA, BORIS, CLARA, Browser, Panel, opened, panel, until
from tests.web.visitor import Visitor

FAR = 4_000_000_000.0
NUMBER = "+79355550101"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        await made.journal("call-1")
        yield made


async def _client(anna: Browser) -> int:
    status, body = await anna.ask("POST", "/clients", {"name": "Алхимов", "phones": [{"typed": NUMBER}]})
    assert status == 201
    return int(body["id"])


def _step(**more: Any) -> dict[str, Any]:
    return {"kind": "callback", "what": "Перезвонить", "due_at": FAR, "owner_id": ANNA} | more


async def test_a_result_asks_for_a_next_step(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel, Browser(running, "anna") as anna:
        await pavel.post("/settings/queues/results", queue="", id="new0", name="Думает", color="blue", next="callback")
        (one,) = (await anna.ask("GET", "/calls/results?queue=sales"))[1]["results"]
        assert (one["name"], one["next_step"]) == ("Думает", "callback")
        bad = await pavel.post("/settings/queues/results", queue="", id="new0", name="x", color="blue", next="war")
        assert bad.status == 409


async def test_what_follows_a_call_is_a_task_with_its_call_said_anew_it_is_another(running: Panel) -> None:
    async with Browser(running, "anna") as anna, Browser(running, "clara") as clara:
        status, said = await anna.ask("PUT", "/calls/call-1/next", _step(owner_id=BORIS))
        assert status == 200
        task = said["task"]
        assert (task["client_id"], task["number"], task["call"]) == (None, NUMBER, "call-1")
        assert (task["kind"], task["owner"], task["made_by"]) == ("callback", "Boris", "Anna")
        client = await _client(anna)
        await anna.ask("PUT", "/calls/call-1/next", _step(kind="task", what="Выслать счёт", client_id=client))
        told = (await anna.ask("GET", "/calls/call-1/next"))[1]["task"]
        assert (told["kind"], told["client_id"], told["what"]) == ("task", client, "Выслать счёт")
        assert (await anna.ask("GET", "/tasks"))[1] == [told]
        assert (await anna.ask("PUT", "/calls/call-1/next", {"kind": "none"}))[1] == {"task": None}
        assert (await anna.ask("GET", "/tasks"))[1] == []
        assert (await clara.ask("PUT", "/calls/call-1/next", _step()))[0] == 403
        assert (await clara.ask("GET", "/calls/call-1/next"))[0] == 404


async def test_nothing_follows_for_a_caller_who_hid_his_number(running: Panel) -> None:
    async with running.services.database.write() as conn:
        await conn.execute(text("UPDATE calls SET number = NULL"))
    async with Browser(running, "anna") as anna:
        status, problem = await anna.ask("PUT", "/calls/call-1/next", _step())
        assert (status, problem["title"]) == (409, "nobody-to-call")


async def test_a_reminder_comes_at_its_time_and_is_put_off_dialled_done(running: Panel) -> None:
    async with Browser(running, "anna") as anna:
        wire = await anna.connect()
        client, due = await _client(anna), time.time() + 0.3
        _, made = await anna.ask("POST", f"/clients/{client}/tasks", {"what": "Счёт", "due_at": due, "owner_id": ANNA})
        told = await until(lambda: wire.all("reminders"), why="the reminder comes")
        assert 0 <= time.time() - due < 1.2
        (one,) = told[-1]["due"]
        assert (one["id"], one["client_name"], one["number"]) == (made["id"], "Алхимов", NUMBER)
        place = f"/tasks/{one['id']}/reminder"
        assert (await anna.ask("PUT", place, {"minutes": 10}))[0] == 200
        await until(lambda: wire.all("reminders")[-1]["due"] == [], why="it goes")
        assert 590 < (await anna.ask("GET", "/tasks"))[1][0]["remind_at"] - time.time() < 610
        assert (await anna.ask("PUT", place, {}))[0] == 409
        assert (await anna.ask("PUT", place, {"minutes": 0}))[0] == 422
        assert (await anna.ask("PUT", place, {"request_id": "click-000001"}))[0] == 200
        assert (await anna.ask("GET", "/tasks"))[1][0]["remind_at"] is None
        await anna.ask("PUT", f"/tasks/{made['id']}", {"what": "Счёт", "due_at": due + 1, "owner_id": ANNA})
        await until(lambda: wire.all("reminders")[-1]["due"], why="another time reminds anew")
        await anna.ask("PUT", f"/tasks/{one['id']}/done", {"done": True})
        await until(lambda: wire.all("reminders")[-1]["due"] == [], why="done, it goes")
    async with running.services.database.read() as conn:
        (line,) = (await conn.execute(text("SELECT clients FROM access_log WHERE thing = 'reminders'"))).all()
    assert line.clients == str(client)


async def test_a_reminder_outlives_a_killed_server_and_waits_for_its_owner(tmp_path: Path) -> None:
    async with panel(tmp_path) as before:
        await before.journal("call-1")
        async with Browser(before, "anna") as anna:
            await anna.ask("PUT", "/calls/call-1/next", _step(due_at=time.time() - 5, owner_id=BORIS))
    async with panel(tmp_path, filled=True) as after, Browser(after, "boris") as boris, Browser(after, "anna") as anna:
        hers, his = await anna.connect(), await boris.connect()
        await until(lambda: any(one["due"] for one in his.all("reminders")), why="it is there after the start")
        again = await opened(after, "boris")
        await until(lambda: again.all("snapshot")[-1]["reminders"], why="a page opened anew shows it")
        await again.close()
        assert not any(one["due"] for one in hers.all("reminders"))


class _Screens:
    """What each person's screens show."""

    def __init__(self) -> None:
        self.shown: dict[int, tuple[Reminder, ...]] = {}

    async def reminders(self, agent_id: int, due: tuple[Reminder, ...]) -> None:
        self.shown[agent_id] = due


async def test_who_talks_works_after_a_call_or_is_away_is_not_disturbed(running: Panel) -> None:
    services, screens, busy, online = running.services, _Screens(), {ANNA}, {ANNA, CLARA}
    async with Browser(running, "anna") as anna:
        await anna.ask("PUT", "/calls/call-1/next", _step(due_at=1.0))
    watch = Reminders(
        db=services.database,
        spool=services.spool,
        desktop=screens,  # type: ignore[arg-type]
        keep_line=services.access_journal.reminded,
        busy=busy.__contains__,
        online=lambda: tuple(online),
        clock=time.time,
    )
    await watch.look()
    assert screens.shown == {}
    busy.clear()
    await watch.look()
    assert [one.number for one in screens.shown[ANNA]] == [NUMBER]
    busy.add(ANNA)
    await watch.look()
    assert screens.shown == {ANNA: ()}
    busy.clear()
    online.discard(ANNA)
    await watch.look()
    assert watch.of(ANNA) == ()


async def test_where_nobody_is_to_be_told_nothing_is_read(running: Panel) -> None:
    watch = Reminders(
        db=None,  # type: ignore[arg-type]
        spool=running.services.spool,
        desktop=_Screens(),  # type: ignore[arg-type]
        keep_line=running.services.access_journal.reminded,
        busy={ANNA}.__contains__,
        online=lambda: (ANNA,),
        clock=time.time,
    )
    await watch.look()
    assert watch.of(ANNA) == ()


async def test_a_reminder_is_answered_by_its_owner_or_who_leads_him(running: Panel) -> None:
    async with Browser(running, "anna") as anna, Browser(running, "boris") as boris, Browser(running, "vera") as vera:
        task = (await anna.ask("PUT", "/calls/call-1/next", _step()))[1]["task"]
        for person, status in ((boris, 403), (vera, 200), (anna, 200)):
            assert (await person.ask("PUT", f"/tasks/{task['id']}/reminder", {"minutes": 5}))[0] == status


async def test_a_call_back_that_was_answered_is_done_by_itself(running: Panel) -> None:
    database = running.services.database
    async with Browser(running, "anna") as anna:
        task = (await anna.ask("PUT", "/calls/call-1/next", _step()))[1]["task"]
        await anna.ask("PUT", f"/tasks/{task['id']}/reminder", {"request_id": "click-000001"})
        click = DialRequest(
            request_id="click-000001", user_id=ANNA, number=NUMBER, extension="", client_id=None, device="PJSIP/101",
            call_id=None, state="ok", created_at=time.time(),
        )  # fmt: skip
        async with database.write() as conn:
            await dial_requests.claim(conn, click)
            await conn.execute(text("UPDATE calls SET request_id = 'click-000001'"))
            await tasks.close_called_back(conn, 5.0)
        assert len((await anna.ask("GET", "/tasks"))[1]) == 1
        async with database.write() as conn:
            await conn.execute(text("UPDATE calls SET answered_at = 110"))
            await tasks.close_called_back(conn, 5.0)
        assert (await anna.ask("GET", "/tasks"))[1] == []
        done = (await anna.ask("GET", "/calls/call-1/next"))[1]["task"]
        assert (done["done_at"], done["done_by"]) == (5.0, "Anna")
