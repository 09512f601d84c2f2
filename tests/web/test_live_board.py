"""The live board on the wire: whole first, then what changes; each viewer what is his business; nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cti.board import AgentRow, Board, Caller, CallRow, PbxNow, QueueRow, Waiting
from cti.storage import access_log
from tests.web.panel import Browser, Panel, panel, until
from tests.web.visitor import Visitor
from web import live_board
from web.live_board import Boards

SALES, SUPPORT = 1, 2
WHO = Caller(call="c1", number="+79355550101", name="Pyotr", client_id=7, client_name="Алхимов")


def call(id_: str, team: int) -> CallRow:
    who = replace(WHO, call=id_)
    teams = frozenset({team})
    return CallRow(id=id_, who=who, direction="inbound", state="waiting", since=1.0, started=1.0, teams=teams)


def first() -> Board:
    waiting = (Waiting(who=WHO, position=1, since=1.0),)
    return Board(
        at=100.0,
        figures_at=99.0,
        pbxes=(PbxNow(name="main", prefix="", state="up", since=0.0, heard_at=100.0),),
        queues={
            "sales": QueueRow(name="sales", teams=frozenset({SALES}), waiting=waiting),
            "support": QueueRow(name="support", teams=frozenset({SUPPORT})),
        },
        agents={"1": AgentRow(id=1, name="Anna", team_id=SALES), "3": AgentRow(id=3, name="Clara", team_id=SUPPORT)},
        calls={"c1": call("c1", SALES), "c2": call("c2", SUPPORT)},
    )


class Stage:
    """A panel whose board shows what the test says."""

    def __init__(self, running: Panel) -> None:
        self.panel = running
        self.shows = first()
        boards = Boards(look=lambda: self.shows, access_journal=running.services.access_journal)
        running.live.boards = boards
        self.task = asyncio.create_task(boards.run())

    async def watch(self, browser: Browser) -> list[dict[str, Any]]:
        wire = await browser.connect()
        heard: list[dict[str, Any]] = []
        wire.io.on("board", heard.append)
        assert (await wire.io.call("board", {"on": True}))["ok"] is True
        await until(lambda: heard, why="the whole board comes")
        return heard


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with panel(tmp_path) as running:
        made = Stage(running)
        yield made
        made.task.cancel()


async def test_a_board_is_told_whole_and_then_what_changed_and_that_it_is_still_right(stage: Stage) -> None:
    async with Browser(stage.panel, "vera") as vera:
        heard = await stage.watch(vera)
        assert heard[0]["whole"] is True
        assert (sorted(heard[0]["queues"]), sorted(heard[0]["agents"])) == (["sales", "support"], ["1", "3"])
        waits = heard[0]["queues"]["sales"]["waiting"][0]
        assert (waits["who"]["name"], waits["who"]["shown"]) == ("Алхимов", "+7 935 555-01-01")
        calls = {"c1": replace(stage.shows.calls["c1"], state="talking")}
        stage.shows = replace(stage.shows, at=101.0, calls=calls)
        news = await until(
            lambda: next((one for one in heard if "calls" in one and not one["whole"]), None), why="news"
        )
        assert (news["at"], set(news) & {"queues", "agents"}) == (101.0, set())
        assert (news["calls"]["c1"]["state"], news["calls"]["c2"]) == ("talking", None)
        told = len(heard)
        await until(lambda: len(heard) > told, why="a board without news hears that it is right")
        assert not set(heard[-1]) & {"queues", "agents", "calls"}


async def test_an_agent_is_told_no_board_and_sees_no_page(stage: Stage) -> None:
    async with Browser(stage.panel, "anna") as anna:
        wire = await anna.connect()
        heard: list[Any] = []
        wire.io.on("board", heard.append)
        assert (await wire.io.call("board", {"on": True}))["ok"] is False
        assert not heard
    async with Visitor(stage.panel, "anna") as visitor:
        assert (await visitor.get("/board")).status == 403


async def test_the_scope_of_a_team_opens_its_rows_alone_and_a_row_that_leaves_it_goes(stage: Stage) -> None:
    async with Visitor(stage.panel, "pavel") as admin:
        await admin.post("/settings/roles", **{"supervisor:board.read": "team", "supervisor:clients.read": "none"})
    async with Browser(stage.panel, "vera") as vera:
        heard = await stage.watch(vera)
        assert [sorted(heard[0][part]) for part in ("queues", "agents", "calls")] == [["sales"], ["1"], ["c1"]]
        assert heard[0]["calls"]["c1"]["who"] == {
            "call": "c1", "shown": "+7 935 555-01-01", "client_id": None, "name": "",
        }  # fmt: skip
        gone = replace(stage.shows.calls["c1"], teams=frozenset({SUPPORT}))
        stage.shows = replace(stage.shows, calls={**stage.shows.calls, "c1": gone})
        await until(lambda: any(one.get("calls") == {"c1": None} for one in heard[1:]), why="it goes")


async def test_numbers_are_hidden_from_whoever_may_not_see_them(stage: Stage) -> None:
    async with Visitor(stage.panel, "pavel") as admin:
        await admin.post("/settings/roles", **{"supervisor:clients.numbers": "none"})
    async with Browser(stage.panel, "vera") as vera:
        heard = await stage.watch(vera)
        assert "555-01-01" not in str(heard[0])
        assert "•" in heard[0]["calls"]["c1"]["who"]["shown"]


async def test_whom_a_board_showed_is_in_the_access_journal_once(stage: Stage) -> None:
    async with Browser(stage.panel, "vera") as vera:
        await stage.watch(vera)
        await vera.wire.io.call("board", {"on": False})

    await stage.panel.services.spool.flush(5.0)
    async with stage.panel.services.db.read() as conn:
        kept = await access_log.newest(conn, access_log.Asked())
    found = [one for one in kept if one.thing == "board"]
    assert [(one.login, one.count) for one in found] == [("vera", 1)]


async def test_who_does_not_read_is_sent_no_change_and_the_whole_board_once_he_has_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Browser(stage.panel, "vera") as vera, Browser(stage.panel, "pavel") as pavel:
        slow, quick = await stage.watch(vera), await stage.watch(pavel)
        browser = next(one for one in stage.panel.live._browsers.values() if one.person.login == "vera")
        browser.outbox.size_chars += live_board.BEHIND_CHARS + 1  # as if so much waited to be read
        told = len(slow)
        stage.shows = replace(stage.shows, at=101.0, calls={})
        await until(lambda: quick[-1]["at"] == 101.0, why="the quick one is told")
        assert len(slow) == told
        browser.outbox.size_chars -= live_board.BEHIND_CHARS + 1
        await until(lambda: len(slow) > told, why="the slow one has read")
        assert (slow[told]["whole"], slow[told]["calls"]) == (True, {})
