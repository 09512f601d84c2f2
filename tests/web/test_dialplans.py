"""The draft of a dialplan by the API: read, set, taken back; who may, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from cti import plan_json
from cti.settings import PbxSettings
from dialplan.plan import ByHours
from tests.dialplan.house import DID, HOUSE
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


async def test_calls_are_walked_saved_and_accepted_and_a_guest_publishes_nothing(running: Panel) -> None:
    async with Browser(running, "pavel") as pavel, Browser(running, "vera") as vera:
        await pavel.ask("PUT", "/dialplans/main/draft", {"revision": 0, "plan": plan_json.said(HOUSE)})
        call = {"number": DID, "at": "2026-11-29 19:30", "caller": "+79355550101"}
        status, steps = await vera.ask("GET", f"/dialplans/main/trace?{urlencode(call)}")
        assert (status, [(one["node"], one["why"]) for one in steps]) == (
            200, [("", "number"), ("when", "closed"), ("box", "voicemail")],
        )  # fmt: skip
        assert (await vera.ask("GET", f"/dialplans/main/trace?{urlencode(call | {'at': 'soon'})}"))[0] == 409
        assert (await vera.ask("POST", "/dialplans/main/traces", call))[0] == 403
        status, saved = await pavel.ask("POST", "/dialplans/main/traces", call | {"title": "Sunday"})
        assert (status, saved["changed"], saved["at"]) == (201, False, "2026-11-29T19:30:00+03:00")
        closed = tuple(replace(one, closed="menu") if isinstance(one, ByHours) else one for one in HOUSE.nodes)
        await pavel.ask(
            "PUT", "/dialplans/main/draft", {"revision": 1, "plan": plan_json.said(replace(HOUSE, nodes=closed))}
        )
        _, review = await vera.ask("GET", "/dialplans/main/review")
        assert [(one["title"], one["changed"]) for one in review["saved"]] == [("Sunday", True)]
        assert (review["running"], review["files"], review["faults"]) == (None, {}, [])
        assert (await pavel.ask("PUT", f"/dialplans/main/traces/{saved['id']}"))[0] == 200
        _, [now] = await pavel.ask("GET", "/dialplans/main/traces")
        assert (now["changed"], [node for node, _ in now["takes"]][2]) == (False, "menu")
        assert (await pavel.ask("DELETE", f"/dialplans/main/traces/{saved['id']}"))[0] == 200
        assert (await pavel.ask("DELETE", f"/dialplans/main/traces/{saved['id']}"))[0] == 404
        status, refused = await pavel.ask("POST", "/dialplans/main/publish", {"revision": 2})
        assert (status, refused["type"]) == (409, "/problems/a-guest")
        assert (await vera.ask("POST", "/dialplans/main/publish", {"revision": 2}))[0] == 403
        assert (await pavel.ask("PUT", "/dialplans/main/mode", {"mode": "owner"}))[0] == 409
        assert await pavel.ask("GET", "/dialplans/main/versions") == (200, [])
