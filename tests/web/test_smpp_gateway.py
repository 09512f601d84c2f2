"""Gateways by SMPP and modems on the page: filled in, tried against a real SMSC, their troubles in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cti.settings import SmsSettings
from lab.smsc import PASSWORD, SYSTEM_ID, Smsc, smsc
from tests.web.panel import Panel, panel, until
from tests.web.visitor import Visitor

SENDING = {"rate": "10", "price": "3,50", "currency": "RUB", "sender": "Trubka"}
LINK = {"system_id": SYSTEM_ID, "bind": "transceiver", "binds": "1", "window": "10", "enquire_s": "30", "long": "udh"}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path, sections={"sms": SmsSettings(inside=("127.0.0.0/8",))}, public_url="") as made:
        yield made


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Smsc]:
    with smsc(tmp_path / "sent.jsonl") as made:
        yield made


async def test_a_gateway_by_smpp_says_what_is_wrong_and_sends_once_it_is_mended(running: Panel, peer: Smsc) -> None:
    async with Visitor(running, "pavel") as pavel:
        assert (await pavel.get("/settings/sms/new?kind=smpp")).says("system_id")
        form = {"kind": "smpp", "name": "Оператор", "host": "127.0.0.1", "port": str(peer.port), **LINK, **SENDING}
        assert (await pavel.post("/settings/sms", **form, password="wrong")).status == 303
        gateways = running.services.gateways
        await gateways.settled()
        line = gateways.line(1)
        assert line is not None
        await until(lambda: line.health == "down", why="it is not refused")
        async with asyncio.timeout(10):
            while not (await pavel.get("/settings/sms")).says("SMPP 0x0000000E"):  # noqa: ASYNC110 - a page
                await asyncio.sleep(0.02)

        assert (await pavel.post("/settings/sms/1", **form, password=PASSWORD, version="1")).status == 303
        await gateways.settled()
        mended = gateways.line(1)
        assert mended is not None
        await until(lambda: mended.health == "up", why="it is not bound")
        tried = await pavel.post("/settings/sms/1/try", number="8 935 555-01-01")
        assert tried.says("The gateway has taken the message.")
    assert peer.submits()[0]["destination_addr"] == "79355550101"


async def test_a_modem_that_the_pbx_has_no_driver_for(running: Panel) -> None:
    async with Visitor(running, "pavel") as pavel:
        assert (await pavel.get("/settings/sms/new?kind=modem")).says("chan_quectel")
        form = {"kind": "modem", "name": "SIM", "driver": "quectel", "device": "quectel0", "pbx": "", **SENDING}
        assert (await pavel.post("/settings/sms", **form)).status == 303
        assert (await pavel.get("/settings/sms")).says("SIM")
