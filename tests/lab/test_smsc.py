"""The lab's SMSC: the product sends by it, and a client writes to the house by one command."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from cti.cli.demo import fill
from cti.messages.gateways import SmppGiven
from cti.settings import Settings
from cti.storage.database import open_database
from cti.storage.sms_tables import sms_gateways, sms_routes
from lab.errors import LabError
from lab.settings import Ports, load
from lab.smsc import PASSWORD, running, write
from tests.channels.sms.smpp_house import house, out, until


async def test_an_sms_goes_each_way(tmp_path: Path) -> None:
    ports = Ports.free()
    settings = load({"CTI_DATA": str(tmp_path), "CTI_LAB_PORTS": f"{ports.sip},{ports.http},{ports.ami}"})
    settings.folder.mkdir(parents=True)
    with pytest.raises(LabError, match="No SMSC is running"):
        write(settings, sender="+79355550101", text="Перезвоните")
    with running(settings) as smsc:
        with pytest.raises(LabError, match="nobody is bound"):
            write(settings, sender="+79355550101", text="Перезвоните")
        async with house(smsc.port) as one:
            await one.line.send(out("Готово"))
            await asyncio.to_thread(write, settings, sender="+79355550101", text="Перезвоните")
            await until(lambda: one.taker.receipts)
    assert [one["text"] for one in smsc.submits()] == ["Готово"]
    assert [(text.number, text.text) for text in one.taker.texts] == [("79355550101", "Перезвоните")]


async def test_the_demo_has_a_gateway_at_the_port_of_today(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    for port in (4001, 4002):
        await fill(settings, "demo-password", smsc=(port, PASSWORD))
    db = await open_database(settings.database_url)
    async with db.read() as conn:
        rows = (await conn.execute(select(sms_gateways.c.given, sms_gateways.c.secret))).all()
        routes = (await conn.execute(select(sms_routes.c.prefix))).scalars().all()
    await db.close()
    assert [msgspec.json.decode(row.given, type=SmppGiven).port for row in rows] == [4002]
    assert PASSWORD not in rows[0].secret
    assert routes == [""]
