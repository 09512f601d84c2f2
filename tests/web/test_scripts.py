"""A questionnaire: made by an admin, answered in a call, kept with the call and on the card with its history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import FormData

from cti.storage import calls
from tests.web.panel import Browser, Panel, panel
from tests.web.visitor import Visitor


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        await made.journal("call-1")
        yield made


def row(
    text: str, *, id_: int = 0, kind: str = "text", property_: int = 0, after: int = 0, **more: str
) -> dict[str, str]:
    fields = {"place": more.get("place", ""), "id": str(id_ or ""), "text": text, "kind": kind}
    fields |= {"options": more.get("options", ""), "property": str(property_ or ""), "after": str(after or "")}
    return fields | {"op": more.get("op", "is"), "value": more.get("value", "")}


async def save(visitor: Visitor, *rows: dict[str, str]) -> int:
    """Send the form of the questionnaire; its status."""
    fields = [("csrf", visitor.csrf), ("name", "Заявка"), *(field for one in rows for field in one.items())]
    asked = await visitor.ask(
        "POST", "/settings/scripts/1", data=FormData(fields), headers={"Origin": visitor.panel.url}
    )
    return asked.status


async def test_an_admin_makes_it_and_an_agent_is_led_through_it(running: Panel) -> None:
    async with Browser(running, "pavel") as pavel, Visitor(running, "pavel") as admin:
        _, prop = await pavel.ask(
            "POST", "/properties", {"name": "Интерес", "kind": "list", "values": [{"name": "Опт"}, {"name": "Розница"}]}
        )
        _, client = await pavel.ask("POST", "/clients", {"name": "Ромашка", "phones": []})
        assert (await admin.post("/settings/scripts", queue="sales", name="Заявка")).status == 303
        assert (await admin.post("/settings/scripts", queue="sales", name="Ещё")).status == 409
        assert await save(admin, row("Что интересует?", property_=prop["id"]), row("")) == 303
        then = row("Сколько штук?", kind="number", after=1, value="опт")
        assert await save(admin, row("Что интересует?", id_=1, property_=prop["id"]), then) == 303
        assert await save(admin, row("Что?", id_=1, after=2), row("Сколько?", id_=2)) == 409
        page = await admin.get("/settings/scripts/1")
        assert page.says("Сколько штук?")
    async with running.services.db.write() as conn:
        await calls.set_client(conn, "call-1", client["id"], 1, 1.0)
    async with Browser(running, "anna") as anna, Browser(running, "clara") as clara:
        _, shown = await anna.ask("GET", "/calls/call-1/script")
        assert (shown["name"], [(q["text"], q["now"]) for q in shown["questions"]]) == (
            "Заявка", [("Что интересует?", True), ("Сколько штук?", False)],
        )  # fmt: skip
        assert shown["questions"][0]["options"] == ["Опт", "Розница"]
        assert (await clara.ask("GET", "/calls/call-1/script"))[0] == 403
        status, told = await anna.ask("PUT", "/calls/call-1/answers/1", {"answer": "Опт"})
        assert (status, told["written"], told["questions"][1]["now"]) == (200, True, True)
        assert (await anna.ask("PUT", "/calls/call-1/answers/2", {"answer": "много"}))[0] == 409
        status, told = await anna.ask("PUT", "/calls/call-1/answers/2", {"answer": "1 500"})
        assert (told["written"], told["questions"][1]["answer"]) == (False, "1500")
        assert (await anna.ask("PUT", "/calls/call-1/answers/9", {"answer": "x"}))[0] == 409
        _, card = await anna.ask("GET", f"/clients/{client['id']}")
        assert (
            list(card["properties"].values()) == [prop["values"][0]["id"]] if "values" in prop else card["properties"]
        )
        _, call = await anna.ask("GET", "/calls/call-1")
        assert [(one["question"], one["answer"]) for one in call["answers"]] == [
            ("Что интересует?", "Опт"), ("Сколько штук?", "1500"),
        ]  # fmt: skip
        async with Visitor(running, "anna") as visitor:
            assert (await visitor.get("/calls/call-1?part")).says("Сколько штук?")
            assert (await visitor.get(f"/clients/{client['id']}/history")).says("Интерес")
            assert (await visitor.get(f"/desk/before/{client['id']}")).says("Сколько штук? — 1500")
            assert (await visitor.get("/settings/scripts")).status == 403
        await anna.ask("PUT", "/calls/call-1/answers/1", {"answer": None})
        _, shown = await anna.ask("GET", "/calls/call-1/script")
        assert [(q["answer"], q["now"]) for q in shown["questions"]] == [("", True), ("1500", False)]
