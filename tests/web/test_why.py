"""Why a level was low over HTTP: a day with known causes, its parts with their evidence; too little history; rights."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert

from cti.storage import role_rights, users
from cti.storage.rollup_tables import figure_targets
from cti.storage.users import QueueDraft
from tests.bad_day import DAY, fill
from tests.web.panel import ANNA, BORIS, Browser, Panel, panel
from tests.web.visitor import Visitor

BAD = f"/reports/why?queue=sales&day={DAY}&target=80"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    """Four Thursdays of ten short calls at ten; then one of thirty longer ones, with a long lunch and vain rings."""
    async with panel(tmp_path) as running:
        await fill(running.services.database, running.services.zone)
        yield running


@pytest.fixture
async def vera(desk: Panel) -> AsyncIterator[Browser]:
    async with Browser(desk, "vera") as one:
        yield one


async def test_a_bad_day_is_split_and_each_part_has_its_evidence(desk: Panel, vera: Browser) -> None:
    status, found = await vera.ask("GET", BAD)
    assert (status, found["counted"], found["in_time"], found["left"]) == (200, 30, 0, 0)
    parts = {one["key"]: one["thousandths_of_calls"] for one in found["parts"]}
    assert sum(parts.values()) == found["short_thousandths_of_calls"] == 24_000
    assert sum(one["tenths_of_points"] for one in found["parts"]) == found["short_tenths_of_points"] == 800
    assert found["days"] == [(DAY - timedelta(days=7 * n)).isoformat() for n in range(1, 5)]
    [half] = [one for one in found["halves"] if one["came"]]
    assert (half["label"], half["came"], half["usual_calls"], half["usual_handling_s"]) == ("10:00", 30, 10, 60)
    assert half["handling_s"] == 100
    assert all(parts[cause] > 0 for cause in ("pauses", "arrivals", "handling", "rings"))
    async with Visitor(desk, "vera") as visitor:
        page = unescape((await visitor.get(BAD)).text)
        came = await vera.ask("GET", re.search(r'"(/reports/queues/calls\?what=entered[^"]+)"', page)[1] + "&limit=100")  # type: ignore[index]
        assert came[1]["total"] == 30
    assert f"/agents/{BORIS}/day?day={DAY}" in page
    assert "Lunch 15:00" in re.sub(r"<[^>]+>", " ", page)  # 25 minutes of a budget of 10
    assert len(re.findall(r'href="/calls/0-\d+"', page)) == 30  # the rings in vain
    total = re.search(r"<tfoot>.*?</tfoot>", page, re.DOTALL)
    assert total
    assert "0.0 %" in total[0]


async def test_the_target_is_the_one_that_was_set_for_that_day(desk: Panel, vera: Browser) -> None:
    plain = BAD.removesuffix("&target=80")
    assert (await vera.ask("GET", plain))[1]["target"] == 80
    said = {"figure": "service-level", "user_id": 1, "since": 1.0, "set_at": 1.0}
    async with desk.services.db.write() as conn:
        for whose, value in (("", 0.7), ("sales", 0.9)):
            await conn.execute(insert(figure_targets).values(whose=whose, value=value, **said))
    assert [(await vera.ask("GET", one))[1]["target"] for one in (plain, BAD)] == [90, 80]
    async with Visitor(desk, "vera") as visitor:
        assert (await visitor.get(plain)).says('value="90"')


async def test_one_more_agent_is_weighed_against_what_was(vera: Browser) -> None:
    _, one = await vera.ask("GET", f"{BAD}&agents=1&change_from=10:00&change_to=10:30")
    _, three = await vera.ask("GET", f"{BAD}&agents=3")
    _, elsewhere = await vera.ask("GET", f"{BAD}&agents=3&change_from=14:00")
    assert one["was"] == 0
    assert one["model"] < one["then"] < three["then"]
    assert elsewhere["then"] == elsewhere["model"]
    assert three["then_c"] <= three["then"]


async def test_too_little_history_is_said_and_nothing_guessed(desk: Panel, vera: Browser) -> None:
    status, found = await vera.ask("GET", f"{BAD}&weeks=2")
    assert (status, found["parts"], found["short_thousandths_of_calls"]) == (200, [], None)
    assert [one["usual_calls"] for one in found["halves"] if one["came"]] == [None]
    async with Visitor(desk, "vera") as visitor:
        page = await visitor.get(f"{BAD}&weeks=2")
        assert page.says("too little history")
        assert (await visitor.get("/reports/why?day=2026-10-23&queue=sales")).says("No call counts here")
        for odd in ("day=x&queue=%00", "target=abc&agents=1e9", "begins=zz&ends=!", "weeks=-4&calls=999"):
            assert (await visitor.get(f"/reports/why?{odd}")).status in (200, 409)


async def test_a_teams_figures_are_its_queues_and_its_people(desk: Panel, vera: Browser) -> None:
    async with desk.services.database.write() as conn:
        await role_rights.keep(conn, "supervisor", {"figures.read": "team"})
        await users.set_queues(conn, ANNA, [QueueDraft(name="support")])
    status, _ = await vera.ask("GET", BAD)
    assert status == 409
