"""Two PBXes at one server: each agent has his calls, neither PBX meets the other, and one that is away stays alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server

pytestmark = pytest.mark.lab
CLARA = "74950000002"
ONE, ONE_RAW = "+79355550419", "79355550419"
OTHER, OTHER_RAW = "+79355550377", "79355550377"
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
