"""Boards on screens without a person: what a link opens, what it does not, and when it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cti.board import AgentRow, CallRow, Place, ScreenLook
from cti.clients.masking import OPEN
from cti.passwords import digest
from cti.storage import access_log, sessions
from cti.storage.board_tables import board_links
from tests.web.panel import Panel, panel, until
from tests.web.test_live_board import SALES, SUPPORT, WHO, first
from tests.web.visitor import Visitor
from web import board_stream
from web.app import ROUTES
from web.board_wire import Viewer, told
from web.live_board import Boards
from web.wire import Reader

NAMED = ("Алхимов", "Pyotr", "555-01-01", "9355550101")


class Stage:
    """A panel whose board shows what the test says, and its screens."""

    def __init__(self, running: Panel) -> None:
        self.panel = running
        self.shows = first()
        running.live.boards = Boards(look=lambda: self.shows, access_journal=running.services.access_journal)
        self.task = asyncio.create_task(running.live.boards.run())

    async def link(self, login: str = "vera", **form: Any) -> str:
        """The token of a link that a person makes on the page."""
        asked = {"name": "Hall", "tile": ["queues", "agents", "calls"], "days": "30", "rotate_s": "10"} | form
        async with Visitor(self.panel, login) as visitor:
            fields = [
                (name, one) for name, text in asked.items() for one in ([text] if isinstance(text, str) else text)
            ]
            answer = await visitor.ask(
                "POST", "/board/screens", data=[("csrf", visitor.csrf), *fields], headers={"Origin": self.panel.url}
            )
        found = re.search(r'value="(http[^"]+/tv\?[^"]+)"', answer.text)
        assert found, answer.text
        return unescape(found[1]).partition("#")[2]

    @asynccontextmanager
    async def screen(self, token: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """What a screen is told, line by line."""
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession() as http, http.get(f"{self.panel.url}/tv/news", headers=headers) as answer:
            assert answer.status == 200, await answer.text()

            async def lines() -> AsyncIterator[dict[str, Any]]:
                async for line in answer.content:
                    yield json.loads(line)

            yield lines()

    async def whole(self, token: str) -> dict[str, Any]:
        """The first board that a screen is told."""
        async with self.screen(token) as lines:
            await anext(lines)
            return await anext(lines)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with panel(tmp_path) as running:
        made = Stage(running)
        yield made
        made.task.cancel()


async def test_SEC_20_a_link_opens_its_board_and_no_other_route_and_ends_when_it_is_revoked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_stream, "CHECK_S", 0.1)
    token = await stage.link()
    services = stage.panel.services
    async with services.database.read() as conn:
        row = (await conn.execute(board_links.select())).one()
        lines = [(one.action, one.login) for one in await sessions.notes(conn) if one.action == "board-link"]
    assert (row.token_hash, lines) == (digest(token), [("board-link", "vera")])
    assert token not in str(row)
    headers, cookies = {"Authorization": f"Bearer {token}"}, {"trubka": token}
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession(cookies=cookies) as by_cookie:
        for session, said in ((http, headers), (by_cookie, {})):
            for route in ROUTES:
                if route.who in ("public", "local", "key"):
                    continue  # they ask nobody who he is
                path = re.sub(r"\{\w+(:[^}]*)?\}", "1", route.path)
                ask = session.request(route.method, stage.panel.url + path, headers=said, allow_redirects=False)
                async with ask as answer:
                    refused = answer.status == 401 or answer.headers.get("Location") == "/sign-in"
                    assert refused, (route.method, route.path, answer.status)
    async with stage.screen(token) as lines_told:
        head = await anext(lines_told)
        assert (head["name"], head["rotate_s"]) == ("Hall", 10)
        whole = await anext(lines_told)
        assert sorted(whole["queues"]) == ["sales", "support"]
        stage.shows = replace(stage.shows, at=101.0, calls={})
        gone = [one async for one in _until(lines_told, "calls")][-1]
        assert gone["calls"] == {"c1": None, "c2": None}
        async with Visitor(stage.panel, "vera") as vera:
            assert (await vera.post(f"/board/screens/{row.id}", act="revoke")).status == 303
        async with asyncio.timeout(15):
            async for _ in lines_told:  # and ends
                continue
    async with aiohttp.ClientSession() as http, http.get(f"{stage.panel.url}/tv/news", headers=headers) as answer:
        assert answer.status == 401


async def _until(lines: AsyncIterator[dict[str, Any]], part: str) -> AsyncIterator[dict[str, Any]]:
    async for line in lines:
        yield line
        if part in line:
            return


async def test_SEC_21_a_screen_shows_no_client_unless_its_maker_says_so_and_may_see_them(stage: Stage) -> None:
    plain, named = await stage.link(), await stage.link(clients="yes", tile=["calls"])
    told_plain = json.dumps(await stage.whole(plain), ensure_ascii=False)
    assert not [one for one in NAMED if one in told_plain]
    whole = await stage.whole(named)
    assert not {"queues", "agents"} & set(whole)
    who = whole["calls"]["c1"]["who"]
    assert (who["name"], who["shown"], who["client_id"]) == ("Алхимов", "+7 935 555-01-01", None)
    assert stage.panel.live.boards is not None
    await until(lambda: not stage.panel.live.boards._watchers, why="the screens are seen to be off")  # type: ignore[union-attr]
    await stage.panel.services.spool.flush(5.0)
    async with stage.panel.services.db.read() as conn:
        kept = await access_log.newest(conn, access_log.Asked())
    assert [one.login for one in kept if one.thing.startswith("board-link:")] == ["vera"]
    async with Visitor(stage.panel, "pavel") as admin:
        rights = {
            "supervisor:clients.read": "none",
            "supervisor:clients.numbers": "none",
            "supervisor:board.read": "team",
        }
        await admin.post("/settings/roles", **rights)
    whole = await stage.whole(named)  # with his eyes of now
    assert sorted(whole["calls"]) == ["c1"]
    assert not [one for one in NAMED if one in json.dumps(whole, ensure_ascii=False)]
    async with Visitor(stage.panel, "pavel") as admin:
        await admin.post("/settings/roles", **{"supervisor:board.share": "none"})
    assert await stage.panel.services.board_links.open(named) is None


async def test_a_link_is_ones_own_lasts_as_long_as_was_said_and_is_named_by_who_may(stage: Stage) -> None:
    links = stage.panel.services.board_links
    async with Visitor(stage.panel, "anna") as anna:
        assert (await anna.get("/board/screens")).status == 403
    token = await stage.link("pavel", days="1")
    async with Visitor(stage.panel, "vera") as vera:
        assert (await vera.post("/board/screens/1", act="revoke")).status == 409  # another's
        assert (await vera.post("/board/screens", name="x", days="30")).status == 409  # shows nothing
        assert (await vera.post("/board/screens", name="x", tile="calls", days="4000")).status == 409
    async with Visitor(stage.panel, "pavel") as pavel:
        assert (await pavel.post("/board/screens/1", act="name", name="Lobby <b>")).status == 303
        page = await pavel.get("/board/screens")
    assert "Lobby &lt;b&gt;" in page.text
    assert token not in page.text  # shown once
    links._clock = lambda: stage.panel.services.clock() + 86_401
    assert await links.open(token) is None


def test_a_link_of_some_queues_and_teams_tells_nothing_of_others() -> None:
    look = ScreenLook(queues=("sales",))
    viewer = Viewer(Reader("en", OPEN), None, names=True, queues=frozenset(look.queues), cards=False)
    places = (Place(queue="sales", there=True), Place(queue="secret", there=True))
    agent = AgentRow(id=1, name="Anna", team_id=SALES, places=places, queue="secret", who=WHO)
    assert viewer.sees(agent)
    row = told(agent, viewer)
    assert "secret" not in json.dumps(row)
    assert row["who"] is None
    call = CallRow(id="c", who=WHO, direction="inbound", state="talking", since=1.0, started=1.0, queue="secret")
    assert not viewer.sees(call)
    assert viewer.sees(replace(call, queues=("sales", "secret")))
    teams = Viewer(Reader("en", OPEN), frozenset({SUPPORT}), names=False, numbers=False)
    assert not teams.sees(agent)
    assert told(call, teams)["who"] == {"call": "c1", "shown": "", "client_id": None, "name": ""}


async def test_a_screen_page_needs_nobody_and_holds_nothing(stage: Stage) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.panel.url}/tv?language=en&theme=light") as answer:
        text = await answer.text()
    assert answer.status == 200
    assert 'data-theme="light"' in text
    assert 'lang="en"' in text
    for word in ("data-pick", "data-agent>", "data-call>", "data-people", "data-report", 'name="csrf"', "Anna"):
        assert word not in text, word
