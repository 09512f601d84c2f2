"""Call-backs that are ordered on the company's site: its key, its limits, and that the right people hear of them."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from cti.storage import users
from cti.storage.users import QueueDraft
from tests.web.panel import ANNA, Browser, Panel, panel, until
from tests.web.visitor import Visitor

NUMBER = "8 (935) 555-01-01"
SHOP = "https://shop.example"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        async with made.services.database.write() as conn:
            await users.set_queues(conn, ANNA, [QueueDraft(name="sales")])
        yield made


async def _key(running: Panel, **more: str) -> str:
    async with Visitor(running, "pavel") as pavel:
        draft = {"name": "shop.example", "queue": "sales", "team": "", "origins": "", "per_minute": "30"}
        answer = await pavel.post("/settings/callbacks", **draft | {"per_number": "3"} | more)
        assert answer.status == 200, answer.text
        found = re.search(r'id="f-token"[^>]*value="([\w-]+)"', answer.text)
        assert found
        assert not (await pavel.get("/settings/callbacks")).says(found[1])
        return found[1]


async def _order(running: Panel, key: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    sent = {"Authorization": f"Bearer {key}"} | headers
    url = f"{running.url}/api/v1/callbacks"
    async with aiohttp.request("POST", url, json=body or {"phone": NUMBER}, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None), dict(answer.headers)


async def test_an_order_is_at_once_on_the_list_of_its_queue_and_only_there(running: Panel) -> None:
    key = await _key(running)
    async with Browser(running, "anna") as anna, Browser(running, "clara") as clara:
        hers, other = await anna.connect(), await clara.connect()
        status, client = await anna.ask("POST", "/clients", {"name": "Алхимов", "phones": [{"typed": NUMBER}]})
        assert status == 201
        body = {
            "phone": NUMBER,
            "name": "Пётр",
            "comment": "после обеда",
            "page": f"{SHOP}/x",
            "request_id": "form-0001",
        }
        status, made, _ = await _order(running, key, body)
        assert status == 201
        assert (await _order(running, key, body))[:2] == (200, made)
        await until(lambda: hers.all("work") and hers.all("work")[-1]["count"] == 1, why="anna is told")
        (one,) = (await anna.ask("GET", "/work"))[1]
        assert (one["kind"], one["number"], one["client_id"]) == ("order", "+79355550101", client["id"])
        assert (one["name"], one["note"], one["site"]) == ("Пётр", "после обеда", "shop.example")
        assert (await clara.ask("GET", "/work"))[1] == []
        assert not any(told["count"] for told in other.all("work"))


async def test_errors_say_what_is_wrong(running: Panel) -> None:
    key = await _key(running, per_number="1", per_minute="2")
    assert (await _order(running, "x" * 43))[0] == 401
    token = await running.token("pavel")
    assert (await _order(running, token))[0] == 401, "a person's token is no key of a site"
    for bad in ({"phone": "12"}, {"phone": "нет"}, {"name": "x"}, {"phone": NUMBER, "when": time.time() - 99_999}):
        status, problem, _ = await _order(running, key, bad)
        assert (status, problem["status"]) == (400, 400), bad
    for mark in ("a\x00b", "метка", "x" * 65):
        assert (await _order(running, key, {"phone": NUMBER, "request_id": mark}))[0] == 400, mark
    assert (await _order(running, key, **{"Idempotency-Key": "метка"}))[0] == 400
    assert (await _order(running, key))[0] == 201
    status, _, headers = await _order(running, key)
    assert (status, headers["Retry-After"]) == (429, "3600")
    assert (await _order(running, key, {"phone": "+79355550102"}))[0] == 201
    status, _, headers = await _order(running, key, {"phone": "+79355550103"})
    assert (status, headers["Retry-After"]) == (429, "60")


async def test_a_key_opens_nothing_else_and_is_revoked(running: Panel) -> None:
    key = await _key(running)
    async with aiohttp.request(
        "GET", f"{running.url}/api/v1/clients", headers={"Authorization": f"Bearer {key}"}
    ) as answer:
        assert answer.status == 401
    async with running.services.database.read() as conn:
        stored = (await conn.execute(text("SELECT * FROM callback_keys"))).one()
    assert key not in map(str, stored)
    async with Visitor(running, "pavel") as pavel, Visitor(running, "anna") as anna:
        assert (await anna.post("/settings/callbacks", name="x")).status == 403
        assert (await pavel.post("/settings/callbacks/1/revoke")).status == 303
        assert (await pavel.post("/settings/callbacks/1/revoke")).status == 409
        refused = await pavel.post("/settings/callbacks", name="x", per_minute="0", per_number="1")
        assert refused.status == 409
    assert (await _order(running, key))[0] == 401


async def test_pages_of_a_site_send_orders_where_its_key_names_them(running: Panel) -> None:
    closed, opened = await _key(running), await _key(running, origins=SHOP)
    status, _, headers = await _order(running, opened, Origin=SHOP)
    assert (status, headers["Access-Control-Allow-Origin"]) == (201, SHOP)
    assert "Access-Control-Allow-Credentials" not in headers
    for key, origin in ((closed, SHOP), (opened, "https://evil.example")):
        status, _, headers = await _order(running, key, Origin=origin)
        assert (status, headers.get("Access-Control-Allow-Origin")) == (403, None)
    url = f"{running.url}/api/v1/callbacks"
    for origin, allowed in ((SHOP, SHOP), ("https://evil.example", None)):
        async with aiohttp.request("OPTIONS", url, headers={"Origin": origin}) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
            assert ("Access-Control-Allow-Methods" in answer.headers) == bool(allowed)


async def test_a_talk_with_the_number_closes_the_order(running: Panel) -> None:
    key = await _key(running)
    assert (await _order(running, key))[0] == 201
    await running.journal("call-1")
    async with running.services.database.write() as conn:
        await conn.execute(text("UPDATE calls SET answered_at = :now, user_id = 1"), {"now": time.time() + 1})
    await running.services.work_list.call_moved(None, 0.0)
    async with Browser(running, "anna") as anna:
        await anna.connect()
        found = [{}]
        while found:
            found = (await anna.ask("GET", "/work"))[1]
    async with running.services.database.read() as conn:
        assert (await conn.execute(text("SELECT closed_by FROM callback_orders"))).scalar() == ANNA
