"""The draft of a dialplan by the API: read, set, taken back; who may, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from cti import plan_json
from cti.settings import PbxSettings
from tests.dialplan.house import HOUSE
from tests.web.panel import Browser, Panel, panel

PBX = {"main": PbxSettings(port=1, secret=SecretStr("x"))}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections={"pbx": PBX}) as made:
        yield made


async def test_a_draft_is_read_set_and_taken_back(running: Panel) -> None:
    async with Browser(running, "pavel") as pavel, Browser(running, "vera") as vera, Browser(running, "anna") as anna:
        status, before = await pavel.ask("GET", "/dialplans/main/draft")
        assert (status, before["revision"], before["mode"]) == (200, 0, "guest")
        said = {"revision": 0, "plan": plan_json.said(HOUSE)}
        status, made = await pavel.ask("PUT", "/dialplans/main/draft", said)
        assert (status, made["revision"], made["changed_by"], made["faults"]) == (200, 1, "Pavel", [])
        status, refused = await pavel.ask("PUT", "/dialplans/main/draft", said)
        assert (status, refused["type"]) == (409, "/problems/draft-changed")
        wrong = {"revision": 1, "plan": {"nodes": [{"kind": "System", "id": "x"}]}}
        status, refused = await pavel.ask("PUT", "/dialplans/main/draft", wrong)
        assert (status, refused["type"]) == (422, "/problems/bad-plan")
        broken = {"revision": 1, "plan": plan_json.said(replace(HOUSE, queues=()))}
        _, made = await pavel.ask("PUT", "/dialplans/main/draft", broken)
        assert made["faults"][0] == {"code": "no-queue", "at": "sales", "what": "sales", "weight": "error"}
        assert (await vera.ask("GET", "/dialplans/main/draft"))[0] == 200
        assert (await vera.ask("POST", "/dialplans/main/draft/undo", {"revision": 2}))[0] == 403
        assert (await anna.ask("GET", "/dialplans/main/draft"))[0] == 403
        status, back = await pavel.ask("POST", "/dialplans/main/draft/undo", {"revision": 2})
        assert (status, plan_json.heard(back["plan"])) == (200, HOUSE)
        assert (await pavel.ask("GET", "/dialplans/other/draft"))[0] == 404


async def test_a_plan_of_a_large_house_comes_through(running: Panel) -> None:
    people = tuple(replace(HOUSE.people[0], extension=str(2000 + one), devices=(f"d{one}",)) for one in range(2000))
    large = plan_json.said(replace(HOUSE, people=(*HOUSE.people, *people)))
    async with Browser(running, "pavel") as pavel:
        status, made = await pavel.ask("PUT", "/dialplans/main/draft", {"revision": 0, "plan": large})
        assert (status, len(made["plan"]["people"])) == (200, 2001)
