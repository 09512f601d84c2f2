"""A segment is called from a desk to its end over a real Asterisk: who is next, what is asked, what came of each."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.e2e.test_click_to_dial import click, registered

pytestmark = pytest.mark.lab
LABEL = "Трубка, доставка"
CALLED = {"match": "all", "conditions": [{"field": "consented", "op": "any-of", "value": ["calls:phone"]}]}


async def begun(vera: Desk, pavel: Desk) -> int:
    """Two clients have agreed to be called; a list of them with a questionnaire of its own runs."""
    for number in ("+79355550101", "+79355550500"):
        [found] = await vera.api("GET", f"/clients/by-number/{number}", status=200)
        consent = {"kind": "phone", "purpose": "calls", "given": True}
        await vera.api("POST", f"/clients/{found['id']}/consents", consent, status=201)
    await pavel.form("/settings/scripts", queue="*", name="Доставка")
    script = (await pavel.text("/settings/scripts")).partition('href="/settings/scripts/')[2].partition('"')[0]
    one = {"place": "1", "id": "", "text": "Довольны?", "kind": "yes-no", "options": "", "property": "", "after": ""}
    await pavel.form(f"/settings/scripts/{script}", name="Доставка", **one, op="is", value="")
    segment = await vera.api("POST", "/segments", {"name": "Согласны", "expression": CALLED}, status=201)
    calls = {"label": LABEL, "attempts": 1, "script_id": int(script)}
    body = {"name": "Обзвон", "channel": "calls", "purpose": "calls", "segment_id": segment["id"]}
    made = await vera.api("POST", "/campaigns", body | {"given": {"hours": None, "calls": calls}}, status=201)
    await vera.api("POST", f"/campaigns/{made['id']}", {"act": "build"}, status=200)
    await stands(vera, made["id"], "ready")
    await vera.api("POST", f"/campaigns/{made['id']}", {"act": "start"}, status=200)
    return int(made["id"])


async def stands(vera: Desk, id_: int, state: str, **counts: int) -> dict[str, Any]:
    async def so() -> dict[str, Any] | None:
        found: dict[str, Any] = await vera.api("GET", f"/campaigns/{id_}", status=200)
        return found if found["state"] == state and found["counts"] == (counts or found["counts"]) else None

    return await until(so, within_s=30, why=f"the list is {state}")


async def dialled(clara: Desk, id_: int) -> dict[str, Any]:
    """She takes the next one, and calls him."""
    [mine] = await clara.api("GET", "/work/lists", status=200)
    assert (mine["id"], mine["label"]) == (id_, LABEL)
    taken = await clara.api("POST", f"/work/lists/{id_}", status=200)
    work = await clara.api("GET", "/work", status=200)
    [one] = [row for row in work if row["kind"] == "list" and row["id"] == taken["id"]]
    body = click(one["number"], client_id=one["client_id"])
    await clara.api("POST", "/calls", body, status=202)
    return body


async def test_a_call_list_is_dialled_to_its_end(server: Server, street: Street) -> None:
    await street.phone("103", ring_ms=200)
    world = await street.world(ring_ms=60_000)
    async with Desk(server, "clara") as clara, Desk(server, "vera") as vera, Desk(server, "pavel") as pavel:
        await registered(clara, "103")
        id_ = await begun(vera, pavel)
        body = await dialled(clara, id_)
        await street.do(world.wait, "ringing")
        await street.do(world.answer)
        view = await clara.call_is("talking", request_id=body["request_id"])
        told = await clara.api("GET", f"/calls/{view['id']}/script", status=200)
        assert (told["name"], told["call_list"], told["label"]) == ("Доставка", "Обзвон", LABEL)
        question = told["questions"][0]["id"]
        await clara.api("PUT", f"/calls/{view['id']}/answers/{question}", {"answer": "1"}, status=200)
        results = await clara.api("GET", "/calls/results", status=200)
        result = results["results"][0]
        await clara.api("PUT", f"/calls/{view['id']}/result", {"result_id": result["id"]}, status=200)
        await clara.api("DELETE", f"/calls/{view['id']}", status=200)
        await clara.call_is("ended", view["id"])
        await street.do(world.wait, "idle")

        body = await dialled(clara, id_)
        await street.do(world.wait, "ringing")
        await street.do(world.decline, 486)
        await clara.call_is("ended", request_id=body["request_id"])

        done = await stands(vera, id_, "done", reached=1, failed=1)
        assert done["results"] == {result["name"]: 1}
        assert await clara.api("GET", "/work/lists", status=200) == []
        page = await vera.text(f"/campaigns/{id_}")
        assert "Довольны?" in page
        people = await vera.text(f"/campaigns/{id_}/people?answer={question}:1")
        assert result["name"] in people
        assert "/clients/" in await vera.text(f"/campaigns/{id_}/people?state=failed&why=busy")
        async with vera.http.get(f"{server.url}/campaigns/{id_}/people.xlsx?state=reached") as file:
            sheets = zipfile.ZipFile(io.BytesIO(await file.read()))
        words = "".join(sheets.read(name).decode() for name in sheets.namelist() if name.endswith(".xml"))
        assert result["name"] in words
        assert "Довольны? — да" in words
