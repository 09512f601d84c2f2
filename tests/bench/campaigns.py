"""Campaigns: their people chosen among a million; one at 100 SMS/s by SMPP while cards come to the desks; one at
1,000 SMS/s by four binds, from its queue to the receipts."""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import insert, select, update

from cti.access import Person
from cti.cli import sample_gateway
from cti.clients.filters import Condition
from cti.clients.segments import Group, Segment
from cti.features.campaign_builds import CampaignBuilds
from cti.messages.campaigns import Campaign, Given
from cti.messages.gateways import SmppGiven
from cti.messages.limits import Limits
from cti.settings import SmsSettings
from cti.storage import campaigns, desktop_events, limits, segments
from cti.storage.campaign_tables import consents
from cti.storage.client_tables import client_phones, client_values, clients, properties
from cti.storage.database import Database, open_database
from cti.storage.sending_tables import templates
from cti.storage.sms_tables import sms_gateways
from lab.smsc import PASSWORD, Smsc, smsc
from tests.bench import SHORT, percentile, report
from tests.made import address, copied
from tests.storage.conftest import add_cast
from tests.web.panel import ANNA, VERA, Browser, Panel, Wire, cast, panel, until

CLIENTS = 3_000 if SHORT else 1_000_000
SECONDS, RATE = (3, 100) if SHORT else (30, 100)
FAST_S, FAST = (1, 200) if SHORT else (10, 1000)
POPS = 10 if SHORT else 400
PART, LOOK_S = 20_000, 0.005
NOW = 1_790_000_000.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_audience(Path(folder)))
    with tempfile.TemporaryDirectory() as folder, smsc(Path(folder, "sent.jsonl")) as peer:
        asyncio.run(_sending(Path(folder), peer))
    with tempfile.TemporaryDirectory() as folder, smsc(Path(folder, "sent.jsonl")) as peer:
        asyncio.run(_fast(Path(folder), peer))


async def _audience(folder: Path) -> None:
    db = await open_database(address(folder))
    await add_cast(db)
    await _fill(db, CLIENTS)

    async def tell(*_said: object, **_more: str) -> None:
        pass

    id_ = await _written(db, "marketing")
    builds = CampaignBuilds(db=db, zone=ZoneInfo("Europe/Moscow"), tell=tell, clock=lambda: NOW)
    async with db.write() as conn:
        await campaigns.move(conn, id_, "build")
    late: list[float] = []
    async with _watched(late):
        begun = time.perf_counter()
        await builds.look()
        taken = time.perf_counter() - begun
    async with db.read() as conn:
        one = await campaigns.get(conn, id_)
    assert one is not None
    assert one.state == "ready"
    assert one.total + sum(one.built.values()) == CLIENTS
    await db.close()
    report(f"people of a campaign chosen among {CLIENTS} clients", taken, "s", limit="< 30")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report("memory of the process, at most", peak, "MiB", limit="< 300")
    report("the loop is late meanwhile, p99", percentile(late, 0.99) * 1e3, "ms", limit="< 50")


async def _sending(folder: Path, peer: Smsc) -> None:
    count = RATE * SECONDS
    id_ = await _laid(folder, peer, count, RATE)
    async with panel(folder, sections=_OURS, filled=True) as running, Browser(running, "anna") as anna:
        db = running.services.database
        wire = await anna.connect()
        pace_s = SECONDS * 0.8 / POPS  # the same before and during it
        without = await _pops(running, wire, POPS, every_s=pace_s)
        await running.services.campaigns.build(_VERA, id_)
        await _state(db, id_, "ready")
        late: list[float] = []
        async with _watched(late):
            await running.services.campaigns.start(_VERA, id_)
            while_it = await _pops(running, wire, POPS, every_s=pace_s)
            await until(lambda: _lines(peer) >= count, within_s=SECONDS * 3, why="all are sent")
    _report_rate(peer, RATE, f"a campaign at {RATE} SMS/s")
    report("the loop is late meanwhile, p99", percentile(late, 0.99) * 1e3, "ms", limit="< 50")
    ours, bare = percentile(while_it, 0.99) * 1e3, percentile(without, 0.99) * 1e3
    report("a card on the wire during it, p99", ours, "ms", baseline=bare, limit="ratio <= 1.5")


async def _fast(folder: Path, peer: Smsc) -> None:
    """Its clients are none that just came: their look for duplicates is over."""
    count = FAST * FAST_S
    id_ = await _laid(folder, peer, count, FAST, binds=4, window=50)
    async with panel(folder, sections=_OURS, filled=True) as running:
        db = running.services.database
        await running.services.campaigns.build(_VERA, id_)
        await _state(db, id_, "ready")
        await _quiet()
        late: list[float] = []
        async with _watched(late):
            used = time.process_time()
            await running.services.campaigns.start(_VERA, id_)
            await until(lambda: _lines(peer) >= count, within_s=FAST_S * 6, why="all are sent")
            used = time.process_time() - used
    name = f"a campaign at {FAST} SMS/s, 4 binds"
    _report_rate(peer, FAST, name)
    report(f"{name}: the loop is late, p99", percentile(late, 0.99) * 1e3, "ms", limit="< 50")
    report(f"{name}: processor time of an SMS, from queue to receipt", used / count * 1e3, "ms")


_OURS: dict[str, Any] = {"sms": SmsSettings(inside=("127.0.0.0/8",))}
_VERA = Person(id=VERA, login="vera", name="Vera", role="supervisor")


async def _laid(folder: Path, peer: Smsc, count: int, rate: int, **more: int) -> int:
    """A base with so many clients, a gateway, and a campaign for all of them; its id."""
    copied(cast, folder)
    db = await open_database(address(folder))
    await _fill(db, count)
    id_ = await _written(db, "service", rate)
    async with db.write() as conn:
        day = Limits(quiet_from="00:00", quiet_to="00:00", approval_over=10**6)
        await limits.save(conn, day, version=0, user_id=VERA, now=1.0)
        await sample_gateway.open_at(conn, peer.port, PASSWORD, folder)
        kept = (await conn.execute(select(sms_gateways.c.given))).scalar_one()
        given = msgspec.structs.replace(msgspec.json.decode(kept, type=SmppGiven), **more)
        await conn.execute(
            update(sms_gateways).values(rate=max(1000, rate * 11 // 10), given=msgspec.json.encode(given).decode())
        )
    await db.close()
    return id_


async def _quiet() -> None:
    busy = 1.0
    while busy > 0.06:
        before = time.process_time()
        await asyncio.sleep(1)
        busy = time.process_time() - before


def _report_rate(peer: Smsc, rate: int, name: str) -> None:
    at = [one["at"] for one in peer.submits()]
    middle = at[len(at) // 10 : -len(at) // 10]  # without the first link and the last turn
    held = (len(middle) - 1) / (middle[-1] - middle[0])
    report(f"{name}: rate held", held, "SMS/s", limit=f"{rate * 0.95:g} to {rate * 1.05:g}")


async def _pops(running: Panel, wire: Wire, count: int, *, every_s: float) -> list[float]:
    took: list[float] = []
    for _ in range(count):
        begun = time.perf_counter()
        pop = running.next_pop(ANNA)
        row = running.row(ANNA, pop)
        await running.services.spool.put(lambda conn, row=row: desktop_events.append(conn, [row]))  # type: ignore[misc]
        await running.live.pop(ANNA, pop)
        while not wire.all("screen_pop") or wire.all("screen_pop")[-1]["seq"] < pop.seq:  # noqa: ASYNC110
            await asyncio.sleep(0.0005)
        took.append(time.perf_counter() - begun)
        await asyncio.sleep(max(every_s - took[-1], 0.0))
    return took


def _lines(peer: Smsc) -> int:
    return peer.sent.read_bytes().count(b"\n") if peer.sent.exists() else 0


async def _state(db: Database, id_: int, state: str) -> None:
    async with asyncio.timeout(60):
        while True:
            async with db.read() as conn:
                one = await campaigns.get(conn, id_)
            if one is not None and one.state == state:
                return
            await asyncio.sleep(0.05)


async def _written(db: Database, purpose: str, rate: int = RATE) -> int:
    given = Given(template_id=1, rate=rate, hours=None)
    asked = Group(conditions=[Condition(field="property:1", op="from", value=1)])
    async with db.write() as conn:
        segment = await segments.add(conn, Segment(id=0, name="С оценкой", expression=asked), 1, NOW)
        text = {"id": 1, "name": "Т", "channel": "sms", "language": "ru", "changed_at": NOW, "created_at": NOW}
        await conn.execute(insert(templates).values(text | {"body": "{{client.name}}, с праздником!"}))
        one = Campaign(
            id=0, name="Поздравление", channel="sms", purpose=purpose, state="draft", segment_id=segment, given=given
        )  # type: ignore[arg-type]
        return await campaigns.add(conn, one, 1, NOW)


async def _fill(db: Database, count: int) -> None:
    """Clients with a rating and a number each, a consent of six in seven, two in three with a clock of their own."""
    chance = random.Random(4)
    async with db.write() as conn:
        await conn.execute(insert(properties).values(id=1, name="Оценка", kind="rating"))
    for low in range(1, count + 1, PART):
        ids = range(low, min(low + PART, count + 1))
        numbers = {id_: f"+79{chance.randrange(30, 40)}{id_:07}" for id_ in ids}
        plain = {"created_at": NOW, "updated_at": NOW, "search": ""}
        said = {"kind": "phone", "purpose": "marketing", "given": True, "source": "card", "at": NOW}
        async with db.write() as conn:
            await conn.execute(insert(clients), [
                {"id": id_, "name": f"Клиент {id_}", "name_folded": f"клиент {id_}",
                 "time_zone": "Europe/Moscow" if id_ % 3 else "", **plain} for id_ in ids
            ])  # fmt: skip
            await conn.execute(insert(client_phones), [
                {"client_id": id_, "e164": number, "typed": number} for id_, number in numbers.items()
            ])  # fmt: skip
            await conn.execute(insert(client_values), [
                {"property_id": 1, "client_id": id_, "place": 0, "number": float(id_ % 5 + 1), "since": NOW}
                for id_ in ids
            ])  # fmt: skip
            await conn.execute(insert(consents), [
                {"address": numbers[id_], "client_id": id_, **said} for id_ in ids if id_ % 7
            ])  # fmt: skip


@asynccontextmanager
async def _watched(late: list[float]) -> AsyncIterator[None]:
    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(LOOK_S)
            late.append(time.perf_counter() - before - LOOK_S)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


if __name__ == "__main__":
    main()
