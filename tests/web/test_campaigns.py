"""Campaigns in the panel and over the API: written in steps, looked at, agreed on, run; by who may."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from cti.messages.limits import Limits
from cti.storage import desktop_events, limits
from cti.storage.sending_tables import templates
from cti.storage.sms_tables import sms
from tests.web.panel import PATIENCE_S, PAVEL, VERA, Browser, Panel, panel
from tests.web.visitor import Visitor

EVERYBODY = {"match": "all", "conditions": [{"field": "name", "op": "filled"}]}
WHOM = {"name": "Поздравление", "channel": "sms", "purpose": "service", "segment": "1", "frozen": "yes"}


async def filled(running: Panel, program: Browser) -> None:
    """Two clients with a mobile number, one with none; a segment of them all, and a template."""
    for name, number in (("Алхимов", "+7 935 000-01-01"), ("Ромашка", "+7 935 000-01-02"), ("Орион", "")):
        status, _ = await program.ask(
            "POST", "/clients", {"name": name, "phones": [{"typed": number}] if number else []}
        )
        assert status == 201
    status, told = await program.ask("POST", "/segments", {"name": "Все", "expression": EVERYBODY})
    assert status == 201, told
    async with running.services.db.write() as conn:
        row: dict[str, Any] = {"id": 1, "name": "С праздником", "channel": "sms", "language": "ru", "changed_at": 1.0}
        await conn.execute(insert(templates).values(row | {"body": "{{client.name}}, ура!", "created_at": 1.0}))
        await limits.save(conn, Limits(approval_over=1), version=0, user_id=VERA, now=1.0)


async def test_a_campaign_is_written_in_steps_agreed_on_and_run(tmp_path: Path) -> None:
    async with (
        panel(tmp_path) as running,
        Visitor(running, "vera") as vera,
        Visitor(running, "pavel") as pavel,
        Visitor(running, "anna") as anna,
        Browser(running, "vera") as program,
    ):
        assert (await vera.get("/campaigns")).says("No campaigns yet")
        await filled(running, program)
        assert (await vera.post("/campaigns", **(WHOM | {"name": " "}))).status == 409
        assert (await vera.post("/campaigns", **WHOM)).place == "/campaigns/1/edit?step=2"
        assert (await vera.get("/campaigns/1")).says("Not all is said yet")
        second = {"template": "1", "other": "", "share": "50", "version": "1"}
        assert (await vera.post("/campaigns/1/edit?step=2", **second)).place == "/campaigns/1/edit?step=3"
        third = {"rate": "50", "hours": "", "back_days": "7", "begins_at": "", "version": "2"}
        assert (await vera.post("/campaigns/1/edit?step=3", **third)).place == "/campaigns/1"
        assert (await vera.post("/campaigns/1/edit?step=3", **third)).says("Somebody changed this meanwhile")
        for step in (1, 2, 3):
            assert (await vera.get(f"/campaigns/1/edit?step={step}")).says("Поздравление")
        await vera.post("/campaigns/1/build")
        await _state(running, program, "ready")
        shown = await vera.get("/campaigns/1")
        assert shown.says("no number or address")
        assert shown.says("Ask a second person")
        assert (await vera.get("/campaigns/1/people?state=excluded&why=no-address")).says("Орион")
        assert (await vera.get("/campaigns/1/preview")).says("Алхимов, ура!")
        assert (await vera.post("/campaigns/1/start")).says("a second person has to agree first")
        await vera.post("/campaigns/1/ask")
        assert (await vera.post("/campaigns/1/approve")).status == 403
        assert (await anna.get("/campaigns/1")).status == 403
        assert (await pavel.get("/campaigns/1")).says("Agree")
        assert (await pavel.post("/campaigns/1/approve")).place.endswith("said=agreed")
        async with running.services.db.read() as conn:
            told = [json.loads(one.payload)["code"] for one in await desktop_events.unshown(conn, PAVEL, "message")]
        assert told == ["campaign-asked", "campaign-agreed"]
        await vera.post("/campaigns/1/start")
        await _state(running, program, "running", queued=2)
        async with running.services.db.write() as conn:
            await conn.execute(update(sms).where(sms.c.campaign_id == 1).values(state="delivered", next_at=None))
        await _state(running, program, "done", delivered=2)
        assert (await vera.get("/campaigns/1/edit?step=2")).place == "/campaigns/1"
        assert (await vera.get("/campaigns/1/people?state=delivered")).says("Ромашка")
        _, report = await program.ask("GET", "/reports/campaigns")
        assert report["balance"]["difference"]["value"] == 0
        await _counted(program, report["tables"][0], people=3, arrived=2, **{"left-out": 1, "failed": 0, "replied": 0})
        assert 'href="/campaigns/1/people?state=delivered%2Creached">2<' in (await vera.get("/reports/campaigns")).text
        for path in ("/campaigns", "/campaigns/1"):
            assert (await vera.get(path)).says("over")
        async with vera.http.get(f"{running.url}/campaigns/1/people.xlsx?state=delivered") as file:
            assert file.headers["Content-Type"].endswith("spreadsheetml.sheet")
            assert (await file.read())[:2] == b"PK"
        assert (await vera.get("/campaigns/77")).status == 404
        assert (await vera.post("/campaigns/1/explode")).status == 404


async def test_the_api_writes_one_and_says_how_it_goes(tmp_path: Path) -> None:
    async with panel(tmp_path) as running, Browser(running, "vera") as program, Browser(running, "anna") as anna:
        await filled(running, program)
        body = {"name": "X", "channel": "sms", "purpose": "service", "segment_id": 1}
        status, made = await program.ask("POST", "/campaigns", {**body, "given": {"template_id": 1}})
        assert (status, made["state"]) == (201, "draft")
        await program.ask("POST", "/campaigns/1", {"act": "build"})
        await _state(running, program, "ready")
        _, people = await program.ask("GET", "/campaigns/1/people?state=waiting")
        assert [one["client"] for one in people] == ["Алхимов", "Ромашка"]
        assert (await program.ask("GET", "/campaigns"))[1][0]["built"] == {"no-address": 1}
        assert (await anna.ask("GET", "/campaigns"))[0] == 403


async def _state(running: Panel, program: Browser, state: str, **counts: int) -> None:
    """Let its loops look until the first campaign is so."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            _, found = await program.ask("GET", "/campaigns/1")
            if found["state"] == state and all(found["counts"].get(name) == n for name, n in counts.items()):
                return
            await asyncio.sleep(0.02)


async def _counted(program: Browser, table: dict[str, Any], **counts: int) -> None:
    """The report's one line, each number of it with as many people behind it."""
    keys, [row] = [one["key"] for one in table["columns"]], table["rows"]
    for key, count in counts.items():
        cell = row[keys.index(key)]
        assert (key, cell["value"]) == (key, count) == (key, table["total"][keys.index(key)]["value"])
        if count:
            _, people = await program.ask("GET", cell["opens"].removeprefix("/api/v1"))
            assert len(people) == count, key
