"""A name server that is dead, and one that tells another address: real lookups of the real server."""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path

import pytest

from lab.free_ports import free_port
from tests.channels.fake_ami import FakeAmi
from tests.e2e.server import PASSWORD, Desk, Server, until
from tests.installation.names import NameServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="port 53 and a resolv.conf of its own need root")
HOUSE = "pbx.house.test"
GATEWAYS = 12  # more than the threads that all blocking work shares
LATE_S = 0.5


async def test_F_49_a_dead_name_server_holds_up_nobody_and_a_new_address_counts(tmp_path: Path) -> None:
    port = free_port()
    async with NameServer() as names, FakeAmi(port=port) as here, FakeAmi(host="127.0.0.2", port=port) as there:
        names.known[HOUSE] = "127.0.0.1"
        settings = {
            "CTI_PBX__MAIN__HOST": HOUSE,
            "CTI_PBX__MAIN__PORT": str(port),
            "CTI_PBX__MAIN__USERNAME": "trubka",
            "CTI_PBX__MAIN__SECRET": here.secret,
            "CTI_AUTH__LDAP__URL": "ldaps://ldap.house.test",
            "CTI_AUTH__LDAP__BIND_DN": "uid={login}",
        }
        server = Server(tmp_path / "data", settings).prepare()
        assert server.cti("user", "add", "ivan", "--name", "Иван", "--ldap").returncode == 0
        server.within = names.within(tmp_path)
        server = await asyncio.to_thread(server.start)
        try:
            async with Desk(server, "pavel") as pavel:
                await until(lambda: _up(pavel), why="the link by the PBX's name")
                names.silent = True
                await _nobody_waits(pavel, names)
                assert (here.connections, await _link(pavel)) == (1, "up"), "the link is not lost with the name server"
                await here.stop()
                await until(lambda: "no name server answers" in server.log.read_text(), why="what is wrong is told")
                names.known[HOUSE], names.silent = "127.0.0.2", False
                await until(lambda: there.connections, why="the PBX at its new address")
                await until(lambda: _up(pavel), why="the link to it")
                assert await _late(pavel) == 0
            names.silent = True
            assert await asyncio.to_thread(server.stop) == 0
        finally:
            server.kill()


async def _nobody_waits(pavel: Desk, names: NameServer) -> None:
    """Twelve gateways and a directory are looked up in vain; pages that are made in threads come all the same."""
    for number in range(GATEWAYS):
        given = {"host": f"g{number}.house.test", "system_id": "me"}
        body = {"kind": "smpp", "name": f"Gateway {number}", "given": given, "password": "s3cret"}
        await pavel.api("POST", "/sms/gateways", body, status=201)
    wanted = {f"g{number}.house.test" for number in range(GATEWAYS)}
    await until(lambda: wanted <= set(names.asked), why="all gateways are looked up")
    signing_in = asyncio.create_task(_sign_in(pavel, "ivan"))
    await until(lambda: "ldap.house.test" in names.asked, why="the directory is looked up")
    began = time.monotonic()
    await pavel.text("/reports/queues")
    assert not signing_in.done(), f"the page came after {time.monotonic() - began:.1f} s, with the lookups' end"
    assert await signing_in == 503
    troubled = lambda: _troubles(pavel)  # noqa: E731
    await until(lambda: troubled(), why="the gateways tell what is wrong")


async def _troubles(pavel: Desk) -> bool:
    return {one["trouble"] for one in await pavel.api("GET", "/sms/gateways", status=200)} == {"lookup"}


async def _sign_in(desk: Desk, login: str) -> int:
    body = {"login": login, "password": PASSWORD}
    async with desk.http.post(f"{desk.server.url}/api/v1/session", json=body) as answer:
        return answer.status


async def _late(desk: Desk) -> float:
    """How often the loop was later than half a second."""
    found = await desk.text("/metrics")
    count = {bound: float(value) for bound, value in re.findall(r'lag_seconds_bucket\{le="([^"]+)"\} (\S+)', found)}
    assert count["+Inf"] > 0
    return count["+Inf"] - count[str(LATE_S)]


async def _up(desk: Desk) -> bool:
    return await _link(desk) == "up"


async def _link(desk: Desk) -> str:
    async with desk.http.get(f"{desk.server.url}/readyz") as answer:
        return str((await answer.json())["pbx"])
