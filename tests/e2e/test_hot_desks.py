"""A shared desk phone on the real PBX: who sits down there is rung there, in his queues too; the one before is told."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from lab.pbx import Pbx, wait_until
from lab.phones import Phone
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from tests.lab.ami import Ami

pytestmark = pytest.mark.lab
DESK = "PJSIP/105"


async def ready(desk: Desk) -> None:
    await desk.api("PUT", "/agents/me/state", {"state": "ready"}, status=200)


def members(pbx: Pbx, queue: str) -> set[str]:
    return set(re.findall(r"\((PJSIP/[\w-]+)", pbx.console(f"queue show {queue}")))


async def member(pbx: Pbx, queue: str, device: str, *, there: bool = True) -> None:
    async def seen() -> bool:
        return (device in await asyncio.to_thread(members, pbx, queue)) == there

    await until(seen, why=f"{device} {'in' if there else 'out of'} {queue}")


async def rung_at(pbx: Pbx, extension: str, device: str) -> None:
    async def seen() -> bool:
        shown = await asyncio.to_thread(pbx.console, "dialplan show globals")
        return f"TRUBKA_RING_{extension}={device}\n" in shown

    await until(seen, why=f"{extension} rings {device}")


def phones(desk: Desk, name: str) -> dict[str, dict[str, Any]]:
    views = [v for s in desk.all("snapshot") for v in s["agents"]] + desk.all("agent")
    return {one["name"]: one for one in [v for v in views if v["name"].startswith(name)][-1]["phones"]}


@pytest.fixture
async def desk_id(server: Server) -> Any:
    """The desk, free again afterwards."""
    async with Desk(server, "pavel") as pavel:
        found = next(one for one in await pavel.api("GET", "/phone/desks", status=200) if one["extension"] == "105")
        yield found["id"]
        await pavel.form(f"/settings/phones/desks/{found['id']}/free")


async def test_ring_queues_and_cards_follow_who_sits_down_and_the_one_before_is_told(
    server: Server, street: Street, pbx: Pbx, desk_id: int
) -> None:
    shared = await street.phone("105")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        await ready(clara)
        await clara.api("PUT", "/phone/desk", {"desk": desk_id}, status=200)
        await rung_at(pbx, "103", DESK)
        await member(pbx, "support", DESK)
        await until(lambda: phones(clara, "Клара").get(DESK, {}).get("chosen"), why="Clara sees where she sits")

        client = await street.call("74950000002")
        await street.do(shared.wait, "ringing")
        await clara.pop("+79355550101")
        await street.do(client.hang_up)
        await street.do(shared.wait, "idle")

        await ready(boris)
        await boris.api("PUT", "/phone/desk", {"desk": desk_id}, status=200)
        await rung_at(pbx, "102", DESK)
        await rung_at(pbx, "103", "PJSIP/103")
        await member(pbx, "sales", DESK)
        await member(pbx, "support", DESK, there=False)
        await member(pbx, "support", "PJSIP/103")
        taken = lambda: [one["text"] for one in clara.all("message") if one["code"] == "desk-taken"]  # noqa: E731
        assert "Борис" in (await until(taken, why="Clara is told"))[-1]

        await boris.api("PUT", "/phone/desk", {"desk": None}, status=200)
        await rung_at(pbx, "102", "PJSIP/102")
        await member(pbx, "sales", DESK, there=False)

        async def left() -> list[dict[str, Any]] | None:
            lines: list[dict[str, Any]] = await boris.api("GET", "/agents/me/states", status=200)
            return lines if lines and lines[-1]["desk"] == "" else None

        lines = await until(left, why="the journal has it that he left")
        assert DESK in [one["desk"] for one in lines or []], "the journal keeps where he sat"
        for one in (clara, boris):
            await one.api("PUT", "/agents/me/state", {"state": "logged-off"}, status=200)


async def test_one_sits_down_at_the_phone_by_a_code_with_his_pin_and_leaves(
    server: Server, street: Street, pbx: Pbx, desk_id: int
) -> None:
    shared = await street.phone("105")
    async with Desk(server, "clara") as clara:

        async def sits() -> bool:
            rows = await clara.api("GET", "/phone/desks", status=200)
            return any(one["mine"] for one in rows)

        async def not_there() -> bool:
            return not await sits()

        await dialled(street, shared, "*11103")
        await until(sits, why="Clara sits there")
        await rung_at(pbx, "103", DESK)
        await dialled(street, shared, "*12")
        await until(not_there, why="she has left")

        await clara.form("/profile/pin", pin="4711")
        try:
            asked = [await agi(pbx, "103", pin) for pin in ("", "1234", "4711")]
            assert asked == ["pin", "no", "ok"]
            assert await sits()
            await dialled(street, shared, "*12")
            await until(not_there, why="she has left once more")
            await street.do(shared.dial, "*11103")
            await street.do(shared.wait, "talking")
            await asyncio.to_thread(press, pbx, "4711#")
            await until(sits, why="the phone asked for the PIN, and it was right")
            await street.do(shared.wait, "idle")
            assert [await agi(pbx, "103", "0000") for _ in range(6)][-1] == "no"
            assert await agi(pbx, "103", "4711") == "no", "who guesses is kept out for a while"
            assert await agi(pbx, "103", "4711", phone="PJSIP/103") == "no", "that phone is no shared one"
        finally:
            await clara.form("/profile/pin", pin="")


async def agi(pbx: Pbx, extension: str, pin: str, *, phone: str = DESK) -> str:
    """What the dialplan is told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", pbx.ports.agi)
    lines = {"network_script": "desk/sit", "channel": f"{phone}-0000001a", "arg_1": extension, "arg_2": pin}
    writer.write("".join(f"agi_{name}: {value}\n" for name, value in lines.items()).encode() + b"\n")
    command = await asyncio.wait_for(reader.readline(), 10)
    writer.write(b"200 result=1\n")
    writer.close()
    return command.decode().removeprefix('SET VARIABLE TRUBKA_DESK "').rstrip().removesuffix('"')


def press(pbx: Pbx, digits: str) -> None:
    """Keys of the shared phone, once it is asked for them."""
    wait_until(lambda: "Read" in (shown := pbx.console("core show channels concise")) and DESK in shown, 10, "no Read")
    channel = next(line for line in pbx.console("core show channels concise").splitlines() if line.startswith(DESK))
    with Ami(pbx) as ami:
        for digit in digits:
            ami.action("PlayDTMF", Channel=channel.partition("!")[0], Digit=digit, Duration="100", Receive="true")


async def dialled(street: Street, phone: Phone, code: str) -> None:
    """The code, and the PBX's word that ends the call."""
    await street.do(phone.dial, code)
    await street.do(phone.wait, lambda one: one.last_code == 200)  # the talk may be over before we look
    await street.do(phone.wait, "idle")


async def test_a_talk_goes_along_from_the_shared_desk_to_ones_own_phone(
    server: Server, street: Street, pbx: Pbx, desk_id: int
) -> None:
    shared, own = await street.phone("105", ring_ms=100), await street.phone("103")
    async with Desk(server, "clara") as clara:
        await clara.api("PUT", "/phone/desk", {"desk": desk_id}, status=200)
        await rung_at(pbx, "103", DESK)
        client = await street.call("74950000002")
        view = await clara.call_is("talking")

        async def moved() -> bool:
            answer = await clara.api("POST", f"/calls/{view['id']}/move", {"device": "PJSIP/103"})
            return "request_id" in answer

        await until(moved, why="her own phone is on the line")
        await street.do(own.wait, "ringing")
        await street.do(own.decline)
        await street.do(own.wait, "idle")
        assert (await clara.call_is("talking", view["id"]))["id"] == view["id"]
        assert {one["id"] for one in clara.all("call")} == {view["id"]}, "the way to another phone is no call"
        await until(moved, why="it is asked again")
        await street.do(own.wait, "ringing")
        await street.do(own.answer)
        await street.do(own.wait, "talking")
        await street.do(shared.wait, "idle")
        assert not client.over
        assert not [one for one in clara.all("call") if one["state"] == "ended"], "it is the same call still"
        await clara.call_is("talking", view["id"], device="PJSIP/103")

        async def over() -> bool:
            return not isinstance(await clara.api("DELETE", f"/calls/{view['id']}"), tuple)

        await until(over, why="the PBX has said that the shared phone is out of it")
        await street.do(own.wait, "idle")
        await clara.call_is("ended", view["id"])
        mine = (await clara.api("GET", "/calls?mine=true", status=200))["rows"]
        assert not [one for one in mine if "move." in one["id"]]
