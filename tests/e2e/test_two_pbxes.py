"""Two PBXes at one server: each agent has his calls, neither PBX meets the other, and one that is away stays alone."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from cti.channels.phone.ami import FRESH_S
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, quickest, until
from tests.e2e.test_click_to_dial import click, registered

pytestmark = pytest.mark.lab
CLARA = "74950000002"
ONE, ONE_RAW = "+79355550419", "79355550419"
OTHER, OTHER_RAW = "+79355550377", "79355550377"
RECOVERED_S = 5.0
# who has which phone; both PBXes have a 103 of their own
DEVICES = {"anna": "spb:PJSIP/101", "boris": "spb:PJSIP/103", "clara": "msk:PJSIP/103"}


@pytest.fixture(scope="module")
def msk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("msk")) as one:
        yield one


@pytest.fixture(scope="module")
def spb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    with Pbx(tmp_path_factory.mktemp("spb")) as one:
        yield one


def named(pbx: Pbx, name: str) -> dict[str, str]:
    return {key.replace("__MAIN__", f"__{name.upper()}__"): value for key, value in pbx.settings().items()}


@pytest.fixture(scope="module")
def server(msk: Pbx, spb: Pbx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = named(msk, "msk") | named(spb, "spb")
    one = Server(tmp_path_factory.mktemp("data"), settings).prepare()
    with sqlite3.connect(one.data / "trubka.db") as base:
        base.execute("UPDATE devices SET name = 'nobody' || id")
        for login, device in DEVICES.items():
            base.execute(
                "UPDATE devices SET name = ?, extension = ? WHERE id ="
                " (SELECT min(d.id) FROM devices d JOIN users u ON u.id = d.user_id WHERE u.login = ? AND d.chosen)",
                (device, device[-3:], login),
            )
        unknown = "SELECT max(d.id) FROM devices d JOIN users u ON u.id = d.user_id WHERE u.login = 'anna'"
        base.execute(f"UPDATE devices SET name = 'spb:PJSIP/777' WHERE id = ({unknown})")  # no PBX has it
    base.close()
    with one:
        yield one


@pytest.fixture
async def streets(msk: Pbx, spb: Pbx) -> AsyncIterator[dict[str, Street]]:
    async with AsyncExitStack() as stack:
        yield {"msk": Street(msk, stack), "spb": Street(spb, stack)}
    for pbx in (msk, spb):
        await asyncio.to_thread(pbx.hang_up_all)


async def test_a_call_on_each_at_once_and_each_agent_has_his_card(server: Server, streets: dict[str, Street]) -> None:
    here, there = await streets["msk"].phone("103"), await streets["spb"].phone("103")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        one, two = await asyncio.gather(
            streets["msk"].call(CLARA, caller=ONE_RAW), streets["spb"].call(CLARA, caller=OTHER_RAW)
        )
        mine, his = await asyncio.gather(clara.pop(ONE), boris.pop(OTHER))
        assert (mine["call"]["id"].split(":")[0], his["call"]["id"].split(":")[0]) == ("msk", "spb")
        assert (mine["call"]["device"], his["call"]["device"]) == (DEVICES["clara"], DEVICES["boris"])
        await asyncio.gather(streets["msk"].do(here.answer), streets["spb"].do(there.answer))
        await clara.call_is("talking", mine["call"]["id"])
        await boris.call_is("talking", his["call"]["id"])
        await streets["msk"].do(one.hang_up)
        await clara.call_is("ended", mine["call"]["id"])
        assert [view["state"] for view in boris.all("call") if view["id"] == his["call"]["id"]][-1] == "talking"
        await streets["spb"].do(two.hang_up)
        await boris.call_is("ended", his["call"]["id"])
        assert len(clara.all("screen_pop")) == len(boris.all("screen_pop")) == 1


async def test_a_click_goes_to_the_pbx_of_the_persons_phone(server: Server, streets: dict[str, Street]) -> None:
    await streets["msk"].phone("103", ring_ms=100)
    phone, world = await streets["spb"].phone("103", ring_ms=100), await streets["spb"].world()
    async with Desk(server, "boris") as boris, Desk(server, "clara") as clara:
        await registered(boris, "103")
        body = click("+79355550101")
        await boris.api("POST", "/calls", body, status=202)
        view = await boris.call_is("talking", request_id=body["request_id"])
        assert view["id"] == f"spb:trubka-{body['request_id']}"
        assert (len(phone.calls), len(world.calls)) == (1, 1)
        await boris.api("POST", f"/calls/{view['id']}/digits", {"digits": "1"}, status=200)
        refused = await clara.api("DELETE", f"/calls/{view['id']}")
        assert refused["type"].endswith("not-your-call")
        await boris.api("DELETE", f"/calls/{view['id']}", status=200)
        await boris.call_is("ended", view["id"])
        assert not clara.all("call")


async def test_one_pbx_dies_and_comes_back_and_the_other_goes_on(
    server: Server, spb: Pbx, streets: dict[str, Street]
) -> None:
    await streets["msk"].phone("103", ring_ms=100)
    his = await streets["spb"].phone("103", ring_ms=100)
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        one, _two = await asyncio.gather(
            streets["msk"].call(CLARA, caller=ONE_RAW), streets["spb"].call(CLARA, caller=OTHER_RAW)
        )
        goes_on = (await clara.call_is("talking"))["id"]
        lost = (await boris.call_is("talking"))["id"]
        await streets["spb"].do(spb.kill)
        bar = await until(lambda: next((b for b in clara.all("link") if _away(b) == ["spb"]), None), why="the bar")
        assert "«spb»" in bar["text"]
        assert "msk" not in bar["text"]
        await _only_spb_is_refused(clara, boris)
        await streets["msk"].do(one.hang_up)
        await clara.call_is("ended", goes_on)
        await streets["spb"].do(his.stop)
        spb.start_again()  # here, not in a passing thread: it would die with it
        began = time.monotonic()
        await until(lambda: _away(boris.all("link")[-1]) == [], within_s=RECOVERED_S, why="the bar is gone")
        await boris.call_is("ended", lost)
        assert time.monotonic() - began < RECOVERED_S
        row = await until(lambda: _over(boris, lost), why="the journal closes the call")
        assert (row["outcome"], row["reason"]) == ("unfinished", "pbx-restart")
        assert (await clara.api("GET", f"/calls/{goes_on}", status=200))["outcome"] == "answered"
        await streets["spb"].phone("103")
        boris.told.clear()
        await streets["spb"].call(CLARA, caller=OTHER_RAW)
        assert (await boris.pop(OTHER))["call"]["id"].startswith("spb:")


async def test_F_02_a_frozen_pbx_holds_up_nobody_at_the_other(
    server: Server, spb: Pbx, streets: dict[str, Street]
) -> None:
    await streets["msk"].phone("103", ring_ms=100)
    await streets["spb"].phone("103")
    async with Desk(server, "clara") as clara, Desk(server, "boris") as boris:
        await registered(boris, "103")
        spb.pause()
        try:
            began = time.monotonic()

            async def rings() -> None:
                after = max((one["seq"] for one in clara.all("screen_pop")), default=0)
                client = await streets["msk"].call(CLARA, caller="79355550202")
                pop = await clara.pop("+79355550202", after=after)
                await clara.call_is("talking", pop["call"]["id"])
                await streets["msk"].do(client.hang_up)
                await streets["msk"].do(streets["msk"].pbx.wait_quiet)

            async def refused() -> None:
                answer = await boris.api("POST", "/calls", click("+79355550101"))
                assert answer["type"].endswith("/pbx")

            assert await quickest(rings, 2) < 2.0
            await until(lambda: time.monotonic() - began > 2 * FRESH_S, why="spb is no longer taken to be alive")
            assert await quickest(refused, 2) < 2.0
        finally:
            spb.resume()
        await streets["spb"].call(CLARA, caller="79355550101")
        await boris.pop("+79355550101")


def _away(bar: dict[str, Any]) -> list[str]:
    return [one["name"] for one in bar["pbxes"] if one["state"] != "up"]


async def _over(desk: Desk, call: str) -> dict[str, Any] | None:
    row = await desk.api("GET", f"/calls/{call}")
    return row if row.get("outcome") else None


async def _only_spb_is_refused(clara: Desk, boris: Desk) -> None:
    """The one whose PBX is away hears it at once; the other's phone rings."""

    async def refused() -> None:
        answer = await boris.api("POST", "/calls", click("+79355550101"))
        assert answer["type"].endswith("pbx-down")

    assert await quickest(refused) < 1.0
    answer = await clara.api("POST", "/calls", click("102"))
    assert "request_id" in answer
    async with clara.http.get(f"{clara.server.url}/readyz") as ready:
        told = await ready.json()
    assert {name: one["state"] == "up" for name, one in told["pbxes"].items()} == {"msk": True, "spb": False}


async def test_an_admin_names_a_phone_with_its_pbx(server: Server) -> None:
    async with Desk(server, "pavel") as pavel:
        url = f"{server.url}/settings/people"
        headers = {"Origin": server.url, "X-CSRF-Token": pavel.csrf}
        async with pavel.http.get(url) as page:
            person = re.search(
                r'/settings/people/(\d+)">[^<]*</a>(?: <small>.*?</small>)?</td><td>vera<', await page.text()
            )
        assert person
        for name, status in (("PJSIP/110", 409), ("kzn:PJSIP/110", 409), ("spb:PJSIP/110", 200)):
            form = {"device": name, "extension": "110", "kind": "desk", "use": "rung"}
            async with pavel.http.post(f"{url}/{person[1]}/devices", data=form, headers=headers) as answer:
                assert answer.status == status, (name, await answer.text())
        async with pavel.http.get(f"{url}/{person[1]}") as page:
            assert 'value="spb:PJSIP/110"' in await page.text()


async def test_check_looks_at_each_pbx(server: Server) -> None:
    done = await asyncio.to_thread(server.cti, "check", "--json")
    lines = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    for name in ("msk", "spb"):
        assert lines[f"pbx {name}"]["state"] == lines[f"pbx {name} The clocks agree"]["state"] == "ok", lines
    known = "The PBX knows everybody's phone"
    assert "Not known there: PJSIP/777." in lines[f"pbx spb {known}"]["text"]
    assert lines[f"pbx msk {known}"]["state"] == "ok"
    strangers = [line for what, line in lines.items() if what.startswith("device nobody")]
    assert strangers
    assert all("names no PBX" in line["text"] for line in strangers)


async def test_record_asks_which_pbx(server: Server, folder: Path) -> None:
    refused = await asyncio.to_thread(server.cti, "record", "--minutes", "0.01", str(folder / "a.jsonl"))
    assert refused.returncode != 0
    assert "msk, spb" in refused.stderr
    done = await asyncio.to_thread(server.cti, "record", "--pbx", "spb", "--minutes", "0.01", str(folder / "b.jsonl"))
    assert done.returncode == 0, done.stderr
    assert "FullyBooted" in (folder / "b.jsonl").read_text()
