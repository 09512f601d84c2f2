"""Signing in, being refused, not finding the PBX. Ids: faults of the library (A13-A22), of the line (F-)."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from structlog.testing import capture_logs

from cti.channels.base import backoff
from cti.channels.phone import ami
from cti.channels.phone.ami import AmiLink, LinkDown, LinkUp
from cti.errors import ChannelError
from cti.telephony import commands as c
from tests.channels.fake_ami import FakeAmi, event, said
from tests.channels.links import linked, until
from tests.e2e.server import quickest


async def test_A13_a_wrong_secret_is_told_at_once_and_not_hammered(pbx: FakeAmi) -> None:
    assert 600 / ami.REFUSED_S < 4
    async with linked(pbx, up=False, secret="wrong") as link:
        took = await until(lambda: link.health().state == "refused")
        assert took < 5
        assert link.health().detail.startswith("the PBX refuses user trubka: Authentication failed")
        item = await link.events.get()
        assert isinstance(item, LinkDown)
        assert item.state == "refused"
        began = time.monotonic()
        with pytest.raises(ChannelError, match="refuses"):
            link.ask(c.Ping()).send(None)  # at once: nothing is waited for
        await until(lambda: time.monotonic() - began > 1)
        assert len(pbx.told("Login")) == 1


async def test_A13_refused_and_closed_in_one_breath_is_still_told_as_refused(pbx: FakeAmi) -> None:
    def refuse(action: dict[str, str]) -> bytes:
        for peer in pbx._peers:
            asyncio.get_running_loop().call_soon(peer.close)
        return said(action, "Error", Message="Authentication failed")

    pbx.answers["Login"] = refuse
    async with linked(pbx, up=False) as link:
        await until(lambda: link.health().state in ("refused", "down"))
        assert link.health().state == "refused"


async def test_A13_a_pbx_that_hangs_up_at_once_is_tried_ever_more_rarely() -> None:
    pauses = list(itertools.islice(backoff(), 12))
    for number, pause in enumerate(pauses):
        assert 0.8 <= pause / min(2**number, 30) <= 1.2
    async with FakeAmi() as pbx:
        pbx.hangs_up = True
        async with linked(pbx, up=False, pause_s=0.1, pause_cap_s=30.0) as link:
            began = time.monotonic()
            await until(lambda: time.monotonic() - began > 1.5)
            assert pbx.connections <= 5
            assert "is it the manager port" in link.health().detail


@pytest.mark.parametrize("knob", ["silent", "hangs_up"])
async def test_A14_stopping_during_the_sign_in_leaves_nothing(pbx: FakeAmi, knob: str) -> None:
    setattr(pbx, knob, True)
    async with linked(pbx, up=False):
        await until(lambda: pbx.connections)
    await until(lambda: pbx.open == 0)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ami-")]


async def test_A19_an_account_that_never_hears_that_the_pbx_is_ready_does_not_wait_for_it(pbx: FakeAmi) -> None:
    pbx.boots = False

    async def up() -> None:
        async with linked(pbx) as link:
            assert isinstance(await link.events.get(), LinkUp)

    assert await quickest(up) < 1.5


async def test_P5_the_port_is_tried_often_enough_to_be_back_within_five_seconds(pbx: FakeAmi, link: AmiLink) -> None:
    assert ami.QUICK_CAP_S * 1.2 < 5
    await pbx.stop()
    await until(lambda: "nobody listens" in link.health().detail)
    await pbx.start()
    await until(lambda: link.health().state == "up")


async def test_A20_SEC32_no_secret_and_no_number_is_ever_logged(pbx: FakeAmi) -> None:
    secret, number = "canary-7f3a", "79355550101"
    pbx.secret = secret
    with capture_logs() as lines:
        async with linked(pbx) as link:
            await link.ask(c.MakeCall(device="PJSIP/101", number=number, context="x", request_id="r"))
            pbx.send(event("Newstate", CallerIDNum=number) + b"garbage " + number.encode() + b"\r\n\r\n")
            pbx.cut()
            await until(lambda: pbx.connections == 2 and link.health().state == "up")
        pbx.secret = "another"
        async with linked(pbx, up=False, secret=secret) as link:
            await until(lambda: link.health().state == "refused")
            assert secret not in link.health().detail
    text = repr(lines) + repr(link)
    assert lines
    assert secret not in text
    assert number not in text


async def test_A22_nothing_is_up_before_it_is_and_nothing_stays_up_after(pbx: FakeAmi) -> None:
    link = AmiLink("127.0.0.1", pbx.port, "trubka", pbx.secret)
    with pytest.raises(ChannelError, match="down"):
        await link.ask(c.Ping())
    async with linked(pbx, pause_s=1.0) as link:
        await pbx.stop()
        await until(lambda: link.health().state != "up")


async def test_a_pbx_without_challenge_is_signed_in_to_plainly(pbx: FakeAmi) -> None:
    pbx.challenge = False
    async with linked(pbx):
        assert pbx.told("Login")[0]["Secret"] == pbx.secret


async def test_with_a_challenge_the_secret_never_crosses_the_wire(pbx: FakeAmi, link: AmiLink) -> None:
    assert link.health().state == "up"
    assert pbx.secret.encode() not in pbx.raw
    assert pbx.told("Login")[0]["Events"] == "system,call,agent,user"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300])
async def test_F_49_a_host_name_that_does_not_exist_is_told(host: str) -> None:
    link = AmiLink(host, 5038, "trubka", "x")
    task = asyncio.create_task(link.run())
    await until(lambda: link.health().state == "down", 10)
    assert host in link.health().detail
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_port_that_is_no_manager_interface_is_told(pbx: FakeAmi) -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    pbx.port = server.sockets[0].getsockname()[1]
    async with linked(pbx, up=False) as link:
        await until(lambda: link.health().state == "down")
        assert "is it the manager port?" in link.health().detail
    server.close()
    await server.wait_closed()
