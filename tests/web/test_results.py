"""What came of a conversation: lists by queue, said by whoever had it, wanted by a queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Visitor


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        await made.journal("call-1")
        yield made


async def test_a_queue_has_its_own_results_and_its_person_says_one(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel:
        await pavel.post("/settings/queues/results", queue="", id="new0", name="Заказ", color="green")
        await pavel.post("/settings/queues/results", queue="sales", id="new0", name="Продажа", color="blue")
        answer = await pavel.post("/settings/queues/one", queue="sales", seconds="45", required="1")
        assert answer.status == 303
        shown = await pavel.get("/settings/queues")
        assert shown.says('value="45"')
        refused = await pavel.post("/settings/queues/results", queue="", id="new0", name="заказ", color="pink")
        assert refused.status == 409
    async with Browser(running, "anna") as anna, Browser(running, "clara") as clara:
        _, offered = await anna.ask("GET", "/calls/results?queue=sales")
        assert (offered["required"], [one["name"] for one in offered["results"]]) == (True, ["Продажа"])
        _, other = await anna.ask("GET", "/calls/results?queue=support")
        assert (other["required"], [one["name"] for one in other["results"]]) == (False, ["Заказ"])
        sold = offered["results"][0]["id"]
        assert (await anna.ask("PUT", "/calls/call-1/result", {"result_id": sold}))[0] == 200
        assert (await anna.ask("PUT", "/calls/call-1/result", {"result_id": 999}))[0] == 409
        assert (await clara.ask("PUT", "/calls/call-1/result", {"result_id": sold}))[0] == 403
        _, (said,) = await anna.ask("GET", "/calls/call-1/results")
        assert (said["name"], said["result_id"]) == ("Продажа", sold)
        assert (await anna.ask("PUT", "/calls/call-1/result", {"result_id": None}))[0] == 200
        assert await anna.ask("GET", "/calls/call-1/results") == (200, [])


async def test_a_queues_cards_come_as_an_admin_says_and_no_otherwise(running: Panel) -> None:
    rule = {"queue": "sales", "when": "answer", "none": "nothing", "one": "list", "several": "card"}
    async with Visitor(running, "anna") as anna, Visitor(running, "pavel") as pavel:
        assert (await anna.post("/settings/queues/card", **rule)).status == 403
        assert (await pavel.post("/settings/queues/card", **rule)).status == 303
        assert (await pavel.post("/settings/queues/card", **{**rule, "none": "card"})).status == 409
        kept = running.services.desk_settings
        assert (kept.rule("sales").when, kept.rule("sales").several) == ("answer", "card")
        assert (kept.rule("support").when, kept.rule(None).when) == ("ring", "ring")
        await pavel.post("/settings/queues/card", queue="", when="hand", none="form", one="card", several="list")
        assert kept.rule(None).when == "hand"
        await pavel.post(
            "/settings/queues/card", **{**rule, "when": "ring", "none": "form", "one": "card", "several": "list"}
        )
        assert kept.rule("sales").when == "ring"
