"""Lines of the server's own at a real Asterisk: cards by a watch line alone, test calls, a PBX that goes and comes."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialplan.model import Step
from dialplan.render import render
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until

pytestmark = pytest.mark.lab
FRONT = "74950000009"  # rings clara's phone and the watch line
NOVIKOV, NOVIKOV_RAW = "+79355550419", "79355550419"


@pytest.fixture(scope="module")
def own_pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("sip")) as one:
        one.add_members()
        group = (Step(app="Dial", args=("PJSIP/103&PJSIP/190", "20")), Step(app="Hangup"))
        phones = one.home / "etc/pjsip.conf"
        short = "[190](phone-aor)\nminimum_expiration=5\nmaximum_expiration=10\n"  # so that little is waited for
        phones.write_text(phones.read_text().replace("[190](phone-aor)\n", short))
        one.console("module reload res_pjsip.so")
        one.reload_dialplan(render(one.contexts({FRONT: group})))
        yield one


@pytest.fixture
def pbx(own_pbx: Pbx) -> Pbx:
    return own_pbx


@pytest.fixture(scope="module")
def watching(own_pbx: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has no account at the PBX, only a line."""
    with Server(tmp_path_factory.mktemp("data"), own_pbx.watch_settings("clara", "anna")).prepare() as one:
        yield one


async def registered(pbx: Pbx, *, yes: bool = True, within_s: float = 15.0) -> None:
    await until(lambda: pbx.registered("190") is yes, within_s=within_s, why=f"190 is registered: {yes}")


async def row(desk: Desk, call: str, outcome: str) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        one: dict[str, Any] = await desk.api("GET", f"/calls/{call}")
        return one if one.get("outcome") == outcome else None

    return await until(found, why=f"the journal has {call} as {outcome}")


async def test_a_watch_line_gives_the_card_and_the_journal_says_who_saw_it(
    watching: Server, street: Street, pbx: Pbx
) -> None:
    phone = await street.phone("103")
    await registered(pbx)
    async with Desk(watching, "clara") as clara, Desk(watching, "anna") as anna:
        client = await street.call(FRONT, caller=NOVIKOV_RAW, name='sip:1@2 "Event: x" <sip:3@4>')
        pop = await clara.pop(NOVIKOV)
        assert [m["client"]["name"] for m in pop["matches"]] == ["Новиков Денис"]
        assert (pop["call"]["called"], pop["call"]["queue"]) == ("+74950000009", None)
        assert (await anna.pop(NOVIKOV))["call"]["id"] == pop["call"]["id"]
        await street.do(phone.wait, "ringing")
        await street.do(phone.answer)
        call = pop["call"]["id"]
        await clara.call_is("taken", call)
        one = await row(clara, call, "answered")
        assert (one["seen_by"], one["ended_at"], one["user_id"], one["client_name"]) == (
            "sip",
            None,
            None,
            "Новиков Денис",
        )
        trace = await clara.api("GET", f"/trace/{call}")
        assert [step["step"] for step in trace if step["step"].startswith("seen-by")] == ["seen-by-sip"]
        await street.do(client.hang_up)
        assert "missed" not in [view["state"] for view in clara.all("call") if view["id"] == call]


async def test_a_caller_who_gives_up_is_missed(watching: Server, street: Street, pbx: Pbx) -> None:
    await registered(pbx)
    async with Desk(watching, "clara") as clara:
        client = await street.call(FRONT, caller="79355550905")
        pop = await clara.pop("+79355550905")
        await street.do(client.hang_up)
        await clara.call_is("missed", pop["call"]["id"])
        one = await row(clara, pop["call"]["id"], "no-answer")
        assert [leg["result"] for leg in one["legs"]] == ["no-answer", "no-answer"]


async def test_the_check_asks_the_running_server_and_takes_no_registration_away(
    watching: Server, street: Street, pbx: Pbx
) -> None:
    await registered(pbx)
    done = await asyncio.to_thread(watching.cti, "check")
    assert "ok       sip main front: cards for clara, anna" in done.stdout, done.stdout
    assert "ok       sip main front registration: registered by the running server" in done.stdout
    assert pbx.registered("190")


async def test_a_hidden_caller_is_hidden_by_sip_too(watching: Server, street: Street, pbx: Pbx) -> None:
    await registered(pbx)
    async with Desk(watching, "clara") as clara:
        before = len(clara.all("screen_pop"))
        await street.call(FRONT, caller=NOVIKOV_RAW, anonymous=True)
        pop = await until(lambda: clara.all("screen_pop")[before:], why="a pop")
        assert (pop[0]["kind"], pop[0]["matches"]) == ("hidden", [])


async def line_is(desk: Desk, up: bool) -> None:
    """What the server's own figures say of the watch line."""

    async def told() -> bool:
        return f'trubka_sip_line_up{{line="front",registrar="main"}} {float(up)}' in await desk.text("/metrics")

    await until(told, within_s=30, why=f"the line is up: {up}")


async def test_T_V3_the_pbx_goes_for_a_while_and_the_line_is_back_by_itself(
    watching: Server, street: Street, pbx: Pbx
) -> None:
    await registered(pbx)
    async with Desk(watching, "clara") as clara:
        await street.call(FRONT, caller="79355550906")
        pop = await clara.pop("+79355550906")
        await asyncio.to_thread(pbx.kill)
        await line_is(clara, up=False)
        assert (await row(clara, pop["call"]["id"], "unfinished"))["reason"] == "lost"
        pbx.start_again()  # from the main thread: it ends with the thread that made it
        await asyncio.to_thread(pbx.console, "database deltree registrar")  # it would remember our last registration
        await line_is(clara, up=True)
        await registered(pbx)
        client = await street.call(FRONT, caller="79355550907")
        again = await clara.pop("+79355550907")
        await street.do(client.hang_up)
        await row(clara, again["call"]["id"], "no-answer")


def children(server: Server) -> set[int]:
    return {int(one) for one in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()}


async def test_the_childs_death_loses_its_calls_and_nothing_else(watching: Server, street: Street, pbx: Pbx) -> None:
    await registered(pbx)
    async with Desk(watching, "clara") as clara:
        client = await street.call(FRONT, caller="79355550908")
        pop = await clara.pop("+79355550908")
        (child,) = children(watching)
        os.kill(child, signal.SIGKILL)
        assert (await row(clara, pop["call"]["id"], "unfinished"))["reason"] == "lost"
        await street.do(client.hang_up)
        await until(lambda: children(watching) - {child}, why="a new child")
        await line_is(clara, up=True)
        await street.call(FRONT, caller="79355550909")
        await clara.pop("+79355550909", after=pop["seq"])


async def test_a_frozen_child_is_replaced(watching: Server, street: Street, pbx: Pbx) -> None:
    async with Desk(watching, "clara") as clara:
        await line_is(clara, up=True)
        (child,) = children(watching)
        os.kill(child, signal.SIGSTOP)
        await until(lambda: children(watching) - {child}, within_s=30, why="a new child")
        await line_is(clara, up=True)


async def test_a_test_call_finds_the_card_and_its_painting_or_says_what_the_pbx_said(
    own_pbx: Pbx, street: Street, tmp_path: Path
) -> None:
    settings = own_pbx.settings() | own_pbx.sip_settings()
    with Server(tmp_path / "data", settings).prepare() as server:
        async with Desk(server, "clara") as clara, Desk(server, "pavel") as pavel:
            page = await press(pavel)
            assert "АТС не соединила звонок" in page
            assert re.search(r"the PBX answers \d{3}", page), "the phone is off"

            phone = await street.phone("103")

            async def paint() -> None:
                pop = await until(lambda: clara.all("screen_pop"), why="the card of the test call")
                await clara.wire.emit("shown", {"seq": pop[-1]["seq"], "at": time.time()})

            painting = asyncio.create_task(paint())
            page = await press(pavel)
            await painting
            assert "карточка пришла" in page
            shown = re.search(r'class="right num">(\d+)</td><td class="right num">(\d+)</td>', page)
            assert shown
            assert 0 <= int(shown[1]) <= int(shown[2]) < 3000
            await street.do(phone.wait, "idle")
            done = await asyncio.to_thread(server.cti, "check", "--call")
            assert re.search(r"ok +test call main: the card came after \d+ ms", done.stdout), done.stdout
            metrics = await pavel.text("/metrics")
            assert 'trubka_test_call_ok{registrar="main"} 1.0' in metrics
            card = re.search(r'trubka_test_call_card_seconds\{registrar="main"\} ([0-9.]+)', metrics)
            assert card
            assert float(card[1]) < 3


async def press(desk: Desk) -> str:
    """The button on the health page; the page that follows."""
    page = await desk.text("/settings/health")
    token = re.search(r'action="/settings/health/call/main"><input type="hidden" name="csrf" value="([^"]+)"', page)
    assert token, page
    async with desk.http.post(f"{desk.server.url}/settings/health/call/main", data={"csrf": token[1]}) as answer:
        assert answer.status == 200
        return await answer.text()
