"""Few file descriptors, and no way from the panel to a raw action of the PBX."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import fields
from pathlib import Path

import pytest

from cti.telephony import commands
from lab.pbx import Pbx
from tests.e2e.conftest import Street
from tests.e2e.server import Desk, Server, until
from web.app import ROUTES

pytestmark = pytest.mark.lab
FEW = 120


async def test_F_50_without_free_descriptors_the_pbx_and_the_base_are_kept(
    pbx: Pbx, street: Street, folder: Path
) -> None:
    phone = await street.phone("103")
    with Server(folder, pbx.settings(), most_files=FEW).prepare() as server, contextlib.ExitStack() as held:
        async with Desk(server, "clara") as clara:
            for _ in range(FEW * 2):
                one = held.enter_context(socket.socket())
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.connect(("127.0.0.1", server.port))
            client = await street.call("74950000002", caller="79355550419")
            pop = await clara.pop("+79355550419")
            await street.do(phone.wait, "ringing")
            await street.do(client.hang_up)
            await clara.call_is("missed", pop["call"]["id"])
            assert clara.all("link")[-1:] == [] or clara.all("link")[-1]["state"] == "up"
            held.close()
            await until(lambda: _written(clara, pop["call"]["id"]), within_s=60, why="the call is written")
            said = server.log.read_text()
            assert "too few file descriptors" in said
            assert "Errno 24" not in said


async def _written(desk: Desk, call: str) -> bool:
    try:
        return bool((await desk.api("GET", f"/calls/{call}")).get("outcome"))
    except (TimeoutError, OSError):
        return False


def test_SEC_29_nothing_in_the_panel_names_a_raw_action() -> None:
    kinds = [kind for kind in vars(commands).values() if isinstance(kind, type) and issubclass(kind, commands.Command)]
    assert len(kinds) > 10
    for kind in kinds:
        assert not {"action", "command", "application", "raw", "data"} & {field.name for field in fields(kind)}, kind
    for route in ROUTES:
        assert not {"ami", "action", "command", "cli", "console"} & set(route.path.split("/")), route.path
