"""The figures of the live board open exactly what they count, and are those of the reports."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from cti.board import Board, PauseBudget, PbxNow, QueueFigures
from cti.desktop import AgentView
from cti.features.live_board import LiveBoard
from cti.reports.queue_sums import Thresholds, quarter
from cti.storage import duty, pause_budgets, thresholds, users
from cti.storage.tables import call_waits, calls, legs
from cti.storage.users import QueueDraft
from cti.telephony.duty import Duty
from tests.web.panel import ANNA, BORIS, Panel, panel
from tests.web.visitor import Visitor

IDS = itertools.count(1)
STAYS = (
    ("answered", 8.0, 9), ("answered", 12.0, 4), ("answered", 40.0, 3), ("abandoned", 2.0, 2), ("abandoned", 60.0, 5),
    ("timeout", 90.0, 2), ("diverted", 7.0, 1),
)  # fmt: skip


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        yield made


async def stay(running: Panel, queue: str, at: float, how: str, wait_s: float) -> None:
    """A caller of a number of his own, in the journal; answered ones were picked up by Anna, others rang at Boris."""
    n = next(IDS)
    name, answered = f"board-{n}", at + wait_s if how == "answered" else None
    number, ended = f"+7935555{n:04}", at + wait_s + 5
    row = {"id": name, "started_at": at, "queue": queue, "direction": "inbound", "number": number, "ended_at": ended}
    outcome = how if how in ("answered", "abandoned", "diverted") else "queue-timeout"
    wait = {"call_id": name, "place": 0, "queue": queue, "joined_at": at, "left_at": at + wait_s, "how": how}
    leg = {"call_id": name, "leg_id": name, "leg": name, "user_id": ANNA if answered else BORIS, "rang_at": at + 1}
    leg |= {"answered_at": answered, "ended_at": ended, "talk_s": 5.0 if answered else 0.0}
    async with running.services.database.write() as conn:
        await conn.execute(insert(calls).values(**row, answered_at=answered, outcome=outcome))
        await conn.execute(insert(call_waits).values(wait))
        await conn.execute(insert(legs).values(**leg, result="talked" if answered else "no-answer"))


def live_board(running: Panel, at: float, *views: AgentView, **more: Any) -> LiveBoard:
    """The board as it stands at a time, with these people."""
    services = running.services

    async def nothing() -> None:
        return None

    ways: dict[str, Any] = {"pbxes": lambda: (), "calls": lambda: (), "members": dict, "views": lambda: views, **more}
    return LiveBoard(
        db=services.database, directory=services.board_actions._directory, plan_of=lambda _call: services.plan,
        way_of=lambda _call: (), prove=nothing, zone=services.zone, clock=lambda: at, **ways,
    )  # fmt: skip


async def looked(running: Panel, at: float, *views: AgentView) -> Board:
    """The same, its journal read just now."""
    board = live_board(running, at, *views)
    await board._count()
    return board.look()


async def opened(visitor: Visitor, address: str) -> int:
    """How many calls a page says that it lists."""
    page = await visitor.get(address)
    assert page.status == 200, page.text
    found = re.search(r'class="found" role="status">\D*(\d+)', page.text)
    return int(found[1]) if found else page.text.count('class="empty"') - 1


async def test_figures_are_those_of_the_reports_with_each_queues_thresholds_and_open_as_many_calls(
    running: Panel,
) -> None:
    zone, now = running.services.zone, time.time()
    noon = datetime.fromtimestamp(now, zone).replace(hour=12, minute=5, second=0, microsecond=0).timestamp()
    changed = quarter(noon) - 3600  # from then on sales has thresholds of its own
    running.services.rollups._clock = lambda: noon
    async with running.services.database.write() as conn:
        await users.set_queues(conn, ANNA, [QueueDraft(name="sales", penalty=0), QueueDraft(name="help", penalty=0)])

    async with running.services.database.write() as conn:
        own = Thresholds(answer_within_s=10, short_s=1)
        await thresholds.keep(conn, "sales", own, changed - 900, ANNA)
    for queue in ("sales", "help"):
        for how, wait_s, count in STAYS:
            for n in range(count):
                await stay(running, queue, (noon - 1200 if n % 2 else noon - 7200) + n, how, wait_s)
    people = AgentView(id=ANNA, name="Anna"), AgentView(id=BORIS, name="Boris")
    board = await looked(running, noon, *people)
    day, lately = board.day, board.lately
    assert (day[0], lately) == (datetime.fromtimestamp(noon, zone).replace(hour=0, minute=0).timestamp(), noon - 2100)
    helped, sold = board.queues["help"], board.queues["sales"]
    assert helped.today == QueueFigures(level=13 / 21, in_time=13, late=8, answered=16, abandoned=7, others=3)
    # of sales, the odd ones came under 10 s and 1 s: 4 answered after 8 s in time, 2 after 12 s late, 1 short is lost
    assert sold.today == QueueFigures(level=11 / 22, in_time=11, late=11, answered=16, abandoned=7, others=3)
    assert (sold.answer_within_s, sold.short_s, helped.answer_within_s) == (10, 1, 20)
    kinds = {"answered": "answered", "abandoned": "abandoned", "exits": "others", "in-t": "in_time", "late": "late"}
    async with Visitor(running, "vera") as vera:
        for queue, row in board.queues.items():
            for figures, since in ((row.today, day[0]), (row.now, lately)):
                for what, name in kinds.items():
                    address = f"/reports/queues/calls?what={what}&since={since:.0f}&until={day[1]:.0f}&queue={queue}"
                    assert await opened(vera, address) == getattr(figures, name), address
        for user_id in (ANNA, BORIS):
            today = board.agents[str(user_id)].today
            for what, count in (("talks", today.answered), ("missed", today.missed)):
                address = f"/reports/agents/calls?what={what}&since={day[0]:.0f}&until={day[1]:.0f}&user={user_id}"
                assert await opened(vera, address) == count, address
        assert (board.agents[str(ANNA)].today.answered, board.agents[str(BORIS)].today.missed) == (32, 20)
        asked = datetime.fromtimestamp(day[0], zone).date()
        assert await opened(vera, f"/missed?since={asked}&queue=sales") == sold.missed == 9


async def test_a_pause_has_what_its_budget_leaves_by_the_pauses_of_the_day_for_the_same_reason(running: Panel) -> None:
    zone, now = running.services.zone, time.time()
    noon = datetime.fromtimestamp(now, zone).replace(hour=12, minute=0, second=0, microsecond=0).timestamp()
    night = noon - 12 * 3600
    async with running.services.database.write() as conn:
        await pause_budgets.keep(conn, "Lunch", 60, since=night, now=night, user_id=ANNA)
        lines = (
            (night - 600, "not-ready", "Lunch"), (night + 300, "ready", ""), (noon - 3000, "not-ready", "Tea"),
            (noon - 2000, "not-ready", "Lunch"), (noon - 1000, "ready", ""), (noon - 400, "not-ready", "Lunch"),
        )  # fmt: skip
        for at, state, reason in lines:
            await duty.append(conn, ANNA, Duty(state=state, reason=reason, since=at), None, "")  # type: ignore[arg-type]
    view = AgentView(id=ANNA, name="Anna", chosen="not-ready", reason="Lunch", chosen_since=noon - 400)
    board = await looked(running, noon, view)
    anna = board.agents[str(ANNA)]
    assert anna.pause == PauseBudget(budget_s=3600, used_s=1300, since=noon - 400)
    assert anna.today.paused_s == 300 + 1000 + 1000 + 400


async def test_a_queue_of_a_lost_pbx_keeps_its_people_as_they_last_were(running: Panel) -> None:
    link, there = {"main": "up", "branch": "up"}, {"sales": {"PJSIP/901": False, "branch/PJSIP/902": True}}
    board = live_board(
        running,
        1000.0,
        pbxes=lambda: [
            PbxNow(name=name, prefix="branch/" if name == "branch" else "PJSIP", state=state, since=0.0, heard_at=0.0)
            for name, state in link.items()
        ],
        members=lambda: there,
    )
    assert board.look().queues["sales"].people == {"ready": 1, "paused": 1}
    link["branch"], there["sales"] = "down", {"PJSIP/901": False}
    assert board.look().queues["sales"].people == {"ready": 1, "paused": 1}
    link["branch"] = "up"  # and nobody stands there any more
    assert board.look().queues["sales"].people == {"ready": 1}
