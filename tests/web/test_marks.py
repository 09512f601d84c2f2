"""Marks of a conversation: set at a moment by its people, said something of, seen with the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.storage import calls, dispositions
from cti.storage import marks as stored
from cti.storage.dispositions import Disposition
from tests.web.panel import BORIS, Browser, Panel, panel
from tests.web.visitor import Visitor


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        await made.journal("call-1")
        yield made


async def test_a_mark_has_its_moment_and_its_words_and_is_seen_with_the_call(running: Panel) -> None:
    async with Browser(running, "anna") as anna, Browser(running, "clara") as clara:
        status, made = await anna.ask("POST", "/calls/call-1/marks", {})
        assert status == 201
        assert (await anna.ask("PUT", f"/calls/call-1/marks/{made['id']}", {"text": "Цена <b>договора</b>"}))[0] == 200
        assert (await clara.ask("POST", "/calls/call-1/marks", {}))[0] == 403
        assert (await clara.ask("PUT", f"/calls/call-1/marks/{made['id']}", {"text": "x"}))[0] == 403
        _, (mark,) = await anna.ask("GET", "/calls/call-1/marks")
        _, call = await anna.ask("GET", "/calls/call-1")
        assert call["marks"] == [mark]
        assert mark["text"] == "Цена <b>договора</b>"
        assert mark["after_s"] == pytest.approx(mark["at"] - 100.0, abs=0.1)
        async with Visitor(running, "anna") as visitor:
            page = await visitor.get("/calls/call-1?part")
            assert "Цена &lt;b&gt;договора&lt;/b&gt;" in page.text
        assert (await anna.ask("DELETE", f"/calls/call-1/marks/{made['id']}"))[0] == 200
        assert await anna.ask("GET", "/calls/call-1/marks") == (200, [])


async def test_marks_of_a_consultation_go_on_with_the_clients_call_and_are_not_endless(running: Panel) -> None:
    await running.journal("asked-1", user_id=BORIS)
    async with Browser(running, "boris") as boris:
        for _ in range(100):
            assert (await boris.ask("POST", "/calls/asked-1/marks", {}))[0] == 201
        assert (await boris.ask("POST", "/calls/asked-1/marks", {}))[0] == 409
    async with running.services.db.write() as conn:
        await calls.merge(conn, "asked-1", "call-1")
        assert len(await stored.of_call(conn, "call-1")) == 100


async def test_an_outcome_goes_on_with_the_clients_call_and_the_newer_of_two_stands(running: Panel) -> None:
    sold, later = (Disposition(id=id_, name=name) for id_, name in ((1, "Sold"), (2, "Later")))
    for call in ("asked-1", "asked-2"):
        await running.journal(call, user_id=BORIS)
    async with running.services.db.write() as conn:
        await dispositions.say(conn, "asked-1", BORIS, sold, 10.0)
        await calls.merge(conn, "asked-1", "call-1")
        assert await dispositions.of_calls(conn, ["asked-1", "call-1"]) == {"call-1": ["Sold"]}
        await dispositions.say(conn, "asked-2", BORIS, later, 20.0)
        await calls.merge(conn, "asked-2", "call-1")
        assert await dispositions.of_calls(conn, ["asked-2", "call-1"]) == {"call-1": ["Later"]}
