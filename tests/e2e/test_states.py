"""What a person chose, on the real PBX: its queues follow, a pause on the phone is seen, work after a call ends."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
SALES = "74950000001"
ALHIMOV = "+79355550101"


@pytest.fixture(scope="module")
def server(pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    more = {"CTI_AGENTS__WRAP_UP_S": "600", "CTI_AGENTS__MISSED_OFFERS": "1"}
    with Server(tmp_path_factory.mktemp("data"), pbx.settings() | more).prepare() as one:
        yield one


def member(pbx: Pbx, device: str = "PJSIP/101", queue: str = "sales") -> str | None:
    """`free`, `paused: why` or None for no member."""
    lines = [
        line for line in pbx.console(f"queue show {queue}").splitlines() if f"({device}" in line or f"{device} " in line
    ]
    if not lines:
        return None
    paused = re.search(r"\(paused(?::([^)]*?))?(?: was .*?)?\)", lines[0])
    return "free" if paused is None else f"paused: {paused[1] or ''}".strip()


async def pbx_has(pbx: Pbx, wanted: str | None, queue: str = "sales") -> None:
    async def so() -> bool:
        return await asyncio.to_thread(member, pbx, queue=queue) == wanted

    await until(so, why=f"anna in {queue} is {wanted}; {member(pbx, queue=queue)}")


async def is_now(desk: Desk, chosen: str, reason: str = "", **more: Any) -> dict[str, Any]:
    """Anna's newest view says so."""

    async def so() -> dict[str, Any] | None:
        me = next(a for a in await desk.api("GET", "/agents") if a["extension"] == "101")
        wanted = {"chosen": chosen, "reason": reason, **more}
        return me if {key: me[key] for key in wanted} == wanted else None

    return await until(so, why=f"anna is {chosen} {reason}")


async def choose(desk: Desk, state: str, reason: str = "") -> None:
    body = {"state": state, "reason": reason}
    assert await desk.api("PUT", "/agents/me/state", body, status=200) == {"told": True}


async def journalled(desk: Desk, reason: str) -> list[dict[str, Any]]:
    """The journal once its last line is this one: lines are written behind whoever writes just then."""

    async def so() -> list[dict[str, Any]] | None:
        rows: list[dict[str, Any]] = await desk.api("GET", "/agents/me/states")
        return rows if rows and rows[-1]["reason"] == reason else None

    return await until(so, why=f"the journal ends with {reason}")


async def test_the_queues_follow_what_a_person_chose(server: Server, pbx: Pbx) -> None:
    async with Desk(server, "anna") as anna, Desk(server, "vera") as vera:
        await is_now(anna, "ready", by="pbx")  # the lab put her there before anybody signed in
        with closing(sqlite3.connect(f"file:{server.data / 'trubka.db'}?mode=ro", uri=True)) as db:
            lines_of_no_time = db.execute("SELECT count(*) FROM agent_states WHERE at = 0").fetchone()
        assert lines_of_no_time == (0,)  # who was in no queue has none at all
        await choose(anna, "not-ready", "Обед")
        await pbx_has(pbx, "paused: Обед")
        await choose(anna, "logged-off")
        await pbx_has(pbx, None)
        await choose(anna, "ready")
        await pbx_has(pbx, "free")
        assert await anna.api("PUT", "/agents/me/state", {"state": "not-ready", "reason": "Выдумка"}, status=409)
        assert await anna.api("PUT", "/agents/2/state", {"state": "logged-off"}, status=404)
        await vera.api("PUT", "/agents/1/state", {"state": "not-ready", "reason": "Обучение"}, status=200)
        await is_now(anna, "not-ready", "Обучение", by="supervisor")
        rows = await journalled(anna, "Обучение")
        assert [(row["state"], row["reason"], row["by"]) for row in rows][-4:] == [
            ("not-ready", "Обед", "person"),
            ("logged-off", "", "person"),
            ("ready", "", "person"),
            ("not-ready", "Обучение", "supervisor"),
        ]
        body = {"state": "not-ready", "reason": "Обед", "why": "Забыла переключить"}
        await anna.api("POST", f"/agents/states/{rows[-1]['id']}/corrections", body, status=403)
        await vera.api("POST", f"/agents/states/{rows[-1]['id']}/corrections", body, status=201)
        row = (await vera.api("GET", "/agents/1/states"))[-1]
        assert (row["reason"], row["corrections"][0]["reason"]) == ("Обучение", "Обед")
        await choose(anna, "ready")


async def test_a_pause_made_on_the_phone_is_seen(server: Server, pbx: Pbx) -> None:
    async with Desk(server, "anna") as anna:
        await is_now(anna, "ready")
        await asyncio.to_thread(pbx.console, "queue pause member PJSIP/101 queue sales reason lunch")
        await is_now(anna, "not-ready", "lunch", by="pbx")
        await asyncio.to_thread(pbx.console, "queue unpause member PJSIP/101")
        await is_now(anna, "ready", by="pbx")
        await asyncio.to_thread(pbx.console, "queue remove member PJSIP/101 from sales")
        await is_now(anna, "logged-off", by="pbx")
        await choose(anna, "ready")
        await pbx_has(pbx, "free")


async def test_a_restart_of_server_and_pbx_forgets_nothing(server: Server, pbx: Pbx) -> None:
    async with Desk(server, "anna") as anna:
        await choose(anna, "not-ready", "Письма")
        await pbx_has(pbx, "paused: Письма")
    server.kill()
    server.start()
    async with Desk(server, "anna") as anna:
        await is_now(anna, "not-ready", "Письма", by="person")
        pbx.restart()  # not in a thread: the PBX would end with it
        await pbx_has(pbx, "paused: Письма")
        await is_now(anna, "not-ready", "Письма", by="person")
        await anna.api("PUT", "/agents/me/state", {"state": "ready"}, status=200)  # the link may not be back yet
        await pbx_has(pbx, "free")


async def test_work_after_a_call_is_a_pause_in_all_queues_until_it_is_done(
    server: Server, pbx: Pbx, street: Street
) -> None:
    phone = await street.phone("101")
    async with Desk(server, "anna") as anna:
        await is_now(anna, "ready")
        client = await street.call(SALES, caller="79355550101")
        call = (await anna.pop(ALHIMOV))["call"]["id"]
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        await anna.call_is("talking", call)
        await is_now(anna, "ready", call="talking", queue="sales")
        await street.do(client.hang_up)
        before = await is_now(anna, "after-call", "WRAPUP")
        await pbx_has(pbx, "paused: WRAPUP")
        await anna.api("POST", "/agents/me/after-call/more", {"seconds": 30}, status=200)
        after = await is_now(anna, "after-call", "WRAPUP")
        assert after["until"] == pytest.approx(before["until"] + 30)
        await anna.api("POST", "/agents/me/after-call/done", {}, status=200)
        await is_now(anna, "ready")
        await pbx_has(pbx, "free")


async def test_an_offer_nobody_answered_pauses_and_says_why(server: Server, pbx: Pbx, street: Street) -> None:
    queues = pbx.home / "etc/queues.conf"
    whole = queues.read_text()
    queues.write_text(whole.replace("timeout=30", "timeout=2"))
    await asyncio.to_thread(pbx.console, "queue reload all")
    try:
        await street.phone("101")
        async with Desk(server, "anna") as anna:
            await choose(anna, "ready")
            await street.call(SALES, caller="79355550101")
            await is_now(anna, "not-ready", "MISSED", by="server")
            await pbx_has(pbx, "paused: MISSED")
            await choose(anna, "ready")
            await pbx_has(pbx, "free")
    finally:
        queues.write_text(whole)
        await asyncio.to_thread(pbx.console, "queue reload all")


async def test_codes_at_the_desk_phone_say_what_an_agent_is(server: Server, street: Street, pbx: Pbx) -> None:
    phone = await street.phone("101")

    async with Desk(server, "anna") as anna:
        for code, chosen, reason in (
            ("*21", "ready", ""), ("*232", "not-ready", "Обед"), ("*230", "not-ready", "PHONE"), ("*24", "ready", ""),
            ("*22", "logged-off", ""),
        ):  # fmt: skip
            await street.do(phone.dial, code)
            await is_now(anna, chosen, reason)
            if chosen == "not-ready":
                await pbx_has(pbx, f"paused: {reason}")
            await street.do(phone.leave)
        await pbx_has(pbx, None)
        await street.do(phone.dial, "*239")  # there is no ninth reason
        await street.do(phone.wait, "idle")
        await is_now(anna, "logged-off")
