"""The agent clicks a number: his phone first, then the client; refusals at once, with a reason."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab


def click(to: str, **more: Any) -> dict[str, Any]:
    return {"to": to, "request_id": uuid.uuid4().hex, **more}


async def registered(desk: Desk, extension: str) -> None:
    def seen() -> bool:
        views = [v for v in desk.all("agent") if v["extension"] == extension]
        views = views or [v for s in desk.all("snapshot") for v in s["agents"] if v["extension"] == extension]
        return bool(views) and views[-1]["device"] == "idle"

    await until(seen, why=f"phone {extension} is idle on the screen")


async def at_once(street: Street, desk: Desk, to: str) -> dict[str, Any]:
    """How a click is refused while the PBX stands still: what is said at once is not asked of it."""
    street.pbx.pause()
    try:
        refused: dict[str, Any] = await desk.api("POST", "/calls", click(to))
        return refused
    finally:
        street.pbx.resume()


async def test_the_agents_phone_first_then_the_client_with_our_number(server: Server, street: Street) -> None:
    desk_phone, world = await street.phone("103", ring_ms=200), await street.world()
    async with Desk(server, "clara") as clara:
        await registered(clara, "103")
        body = click("8 (935) 555-01-01 доб. 14")
        await clara.api("POST", "/calls", body, status=202)
        view = await clara.call_is("dialling", request_id=body["request_id"])
        assert view["number"] == "+79355550101"
        assert view["extension"] == "14"
        await clara.call_is("talking", view["id"])
        assert len(desk_phone.calls) == 1
        assert world.calls[-1].start.startswith("INVITE sip:79355550101@")
        await clara.api("POST", f"/calls/{view['id']}/digits", {"digits": "14"}, status=200)
        await clara.api("DELETE", f"/calls/{view['id']}", status=200)
        await clara.call_is("ended", view["id"])
        await street.do(world.wait, "idle")


async def test_a_repeated_click_is_one_call(server: Server, street: Street) -> None:
    phone, _world = await street.phone("103"), await street.world()
    async with Desk(server, "clara") as clara:
        await registered(clara, "103")
        body = click("+79355550202")
        await asyncio.gather(*(clara.api("POST", "/calls", body, status=202) for _ in range(5)))
        await street.do(phone.wait, "ringing")
        await street.do(phone.decline)
        await clara.call_is("ended", request_id=body["request_id"])
        assert len(phone.calls) == 1


async def test_one_call_is_made_from_another_phone_which_picks_up_by_its_model(server: Server, street: Street) -> None:
    desk_phone, world = await street.phone("102", ring_ms=200), await street.world()
    phones = {"device": ["PJSIP/102-web", "PJSIP/102"], "extension": ["102"] * 2, "kind": ["browser", "desk"]}
    async with Desk(server, "pavel") as pavel, Desk(server, "boris") as boris:
        await pavel.form("/settings/people/2/devices", **phones, use=["rung", "spare"], model=["auto", "fanvil"])
        try:
            refused = await boris.api("POST", "/calls", click("+79355550101", device="PJSIP/103"))
            assert refused["type"].endswith("not-your-phone"), refused
            body = click("+79355550101", device="PJSIP/102")

            async def made() -> bool:
                answer = await boris.api("POST", "/calls", body)
                return "request_id" in answer

            await until(made, why="the desk phone is on the line")
            await until(lambda: world.calls, why="the client's phone rings")
            assert desk_phone.calls[-1].get("alert-info") == "info=alert-autoanswer"
            assert not desk_phone.calls[-1].get("call-info")
        finally:
            await pavel.form("/settings/people/2/devices", **phones, use=["spare", "rung"], model=["auto", "auto"])


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+12025550123", "forbidden-number"),
        ("88091234567", "forbidden-number"),
        ("810 44 20 7946 0000", "forbidden-number"),
        ("позвоните мне", "not-a-number"),
        ("103", "own-number"),
    ],
)
async def test_SEC_03_what_may_not_be_dialled_is_refused_at_once(
    server: Server, street: Street, to: str, code: str
) -> None:
    await street.phone("103")
    async with Desk(server, "clara") as clara:
        await registered(clara, "103")
        assert (await at_once(street, clara, to))["type"].endswith(code)


async def test_a_phone_that_is_off_is_refused_at_once(server: Server, street: Street) -> None:
    async with Desk(server, "anna") as anna:
        await until(lambda: anna.all("snapshot"), why="a snapshot")
        assert (await at_once(street, anna, "+79355550101"))["type"].endswith("unregistered")


async def test_DP_11_a_number_that_is_hidden_is_dialled_by_its_seal(server: Server, street: Street) -> None:
    await street.phone("103", ring_ms=200)
    world = await street.world()
    async with Desk(server, "pavel") as pavel, Desk(server, "clara") as clara:
        await registered(clara, "103")
        await pavel.form("/settings/roles", **{"agent:clients.numbers": "none"})
        try:
            found = await clara.api("GET", "/clients?q=алхимов", status=200)
            hidden = found["rows"][0]["phones"][0]["e164"]
            assert hidden.startswith("+7 935 •••-••-01")
            body = click(hidden)
            await clara.api("POST", "/calls", body, status=202)
            await until(lambda: world.calls, why="the client's phone rings")
            assert world.calls[-1].start.startswith("INVITE sip:79355550101@")
        finally:
            await pavel.form("/settings/roles", back="all")
