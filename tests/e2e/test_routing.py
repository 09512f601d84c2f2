"""The dialplan asks where to: the client's manager when he is free, else the queue; never any waiting for us."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from dialplan.recipes.responsible import ASK_S
from dialplan.render import render
from lab import plan
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
RESPONSIBLE = "74950000003"
NOVIKOV, NOVIKOV_RAW = "+79355550419", "79355550419"
ALHIMOV_RAW = "79355550101"
ROUTE_S = 1.5  # a queue after the dialplan's limit, with all that SIP adds


@asynccontextmanager
async def managed(server: Server, pbx: Pbx, number: str = NOVIKOV) -> AsyncIterator[Desk]:
    """Clara's desk; she is the manager of the client with this number, and her phone is known to the server."""
    async with Desk(server, "vera") as vera, Desk(server, "clara") as clara:
        people = {row["name"]: row["id"] for row in await vera.api("GET", "/agents")}
        client = (await vera.api("GET", f"/clients/by-number/{number}"))[0]["id"]
        card = await vera.api("GET", f"/clients/{client}")
        body = {"version": card["version"], "responsible_id": people["Клара Ли"]}
        await vera.api("PATCH", f"/clients/{client}", body, status=200)
        yield clara


async def steps(desk: Desk, call: str) -> list[dict[str, Any]]:
    """None while the journal does not have the call yet."""
    rows: list[dict[str, Any]] | dict[str, Any] = await desk.api("GET", f"/trace/{call}")
    return [row for row in rows if row["step"].startswith("route-")] if isinstance(rows, list) else []


@contextmanager
def of_its_own_accord(pbx: Pbx) -> Iterator[None]:
    """The dialplan waits for the server as long as it does by itself, and not as long as these tests let it."""
    pbx.reload_dialplan(render(plan.contexts(agi=pbx.agi)))
    try:
        yield
    finally:
        pbx.reload_dialplan(render(pbx.contexts()))


async def device_is(desk: Desk, extension: str, state: str) -> None:
    def seen() -> bool:
        views = [v for v in desk.all("agent") if v["extension"] == extension]
        views = views or [v for s in desk.all("snapshot") for v in s["agents"] if v["extension"] == extension]
        return bool(views) and views[-1]["device"] == state

    await until(seen, why=f"phone {extension} is {state}")


async def test_an_idle_manager_is_rung_with_the_clients_name_on_his_phone(
    server: Server, street: Street, pbx: Pbx
) -> None:
    phone = await street.phone("103")
    async with managed(server, pbx) as clara:
        await device_is(clara, "103", "idle")
        await street.call(RESPONSIBLE, caller=NOVIKOV_RAW, name="somebody")
        pop = await clara.pop(NOVIKOV)
        await street.do(phone.wait, "ringing")
        assert phone.caller == (NOVIKOV_RAW, "Новиков Денис")
        found = await until(lambda: steps(clara, pop["call"]["id"]), why="the trace tells")
        assert [row["step"] for row in found] == ["route-client", "route-manager"]
        assert "Клара Ли" in found[1]["text"]


async def test_a_busy_manager_is_left_alone_and_the_queue_rings(server: Server, street: Street, pbx: Pbx) -> None:
    phone, other = await street.phone("103"), await street.phone("101")
    async with managed(server, pbx) as clara, Desk(server, "anna") as anna:
        await device_is(clara, "103", "idle")
        await street.do(phone.dial, "600")
        await device_is(clara, "103", "in-call")
        await street.call(RESPONSIBLE, caller=NOVIKOV_RAW)
        pop = await anna.pop(NOVIKOV)
        assert pop["call"]["queue"] == "sales"
        await street.do(other.wait, "ringing")
        found = await until(lambda: steps(anna, pop["call"]["id"]), why="the trace tells")
        assert [row["step"] for row in found] == ["route-client", "route-manager-away"]
        assert len(phone.calls) == 0


async def test_a_manager_who_does_not_answer_is_followed_by_the_queue(server: Server, street: Street, pbx: Pbx) -> None:
    phone, other = await street.phone("103", refuse=486), await street.phone("101")
    async with managed(server, pbx) as clara, Desk(server, "anna") as anna:
        await device_is(clara, "103", "idle")
        await street.call(RESPONSIBLE, caller=NOVIKOV_RAW)
        await anna.pop(NOVIKOV)
        await street.do(other.wait, "ringing")
        assert other.caller == (NOVIKOV_RAW, "Новиков Денис")
        assert len(phone.calls) == 1


async def test_an_unregistered_manager_is_not_rung(server: Server, street: Street, pbx: Pbx) -> None:
    other = await street.phone("101")
    async with managed(server, pbx), Desk(server, "anna") as anna:
        await street.call(RESPONSIBLE, caller=NOVIKOV_RAW)
        pop = await anna.pop(NOVIKOV)
        assert pop["call"]["queue"] == "sales"
        await street.do(other.wait, "ringing")


async def test_a_segment_that_tells_the_dialplan_gives_its_clients_priority(
    server: Server, street: Street, pbx: Pbx
) -> None:
    await street.phone("101")
    async with managed(server, pbx), Desk(server, "vera") as vera, Desk(server, "anna") as anna:
        expression = {"match": "all", "conditions": [{"field": "name", "op": "is", "value": "Новиков Денис"}]}
        body = {"name": "Важные", "expression": expression, "tag": "vip", "priority": 7}
        made = await vera.api("POST", "/segments", body, status=201)
        try:

            async def told() -> list[dict[str, Any]]:
                """A change is told within seconds, so more than one call may be needed."""
                before = max((p["seq"] for p in anna.all("screen_pop")), default=0)
                client = await street.call(RESPONSIBLE, caller=NOVIKOV_RAW)
                pop = await anna.pop(NOVIKOV, after=before)
                variables = await street.do(pbx.console, f"core show channel {_channel(pbx)}")
                await street.do(client.hang_up)
                found = await until(lambda: steps(anna, pop["call"]["id"]), why="the trace tells")
                return [row for row in found if row["step"] == "route-tags" and "QUEUE_PRIO=7" in str(variables)]

            found = await until(told, why="the dialplan is told")
            assert "vip" in found[0]["text"]
        finally:
            await vera.api("DELETE", f"/segments/{made['id']}", status=200)


def _channel(pbx: Pbx) -> str:
    lines = pbx.console("core show channels concise").splitlines()
    return next(line.split("!")[0] for line in lines if line.split("!")[5:6] == ["Queue"])


async def test_with_the_server_down_the_call_goes_on_at_once(server: Server, street: Street) -> None:
    phone = await street.phone("101")
    server.stop()
    try:
        begin = time.monotonic()
        await street.call(RESPONSIBLE, caller=ALHIMOV_RAW)
        await street.do(phone.wait, "ringing")
        assert time.monotonic() - begin < ROUTE_S
    finally:
        server.start()


async def test_a_frozen_server_holds_no_caller_and_shows_him_later(server: Server, street: Street, pbx: Pbx) -> None:
    phone = await street.phone("101")
    async with Desk(server, "anna") as anna:
        await device_is(anna, "101", "idle")
        with of_its_own_accord(pbx):
            server.pause()
            try:
                begin = time.monotonic()
                await street.call(RESPONSIBLE, caller="79355550806")
                await street.do(phone.wait, "ringing")
                waited = time.monotonic() - begin
            finally:
                server.resume()
        assert ASK_S < waited < ROUTE_S + ASK_S
        pop = await anna.pop("+79355550806")
        assert pop["call"]["queue"] == "sales"
        found = await until(lambda: steps(anna, pop["call"]["id"]), why="the trace tells")
        assert [row["step"] for row in found] == ["route-late"]
