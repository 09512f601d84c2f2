"""A campaign over an SMSC of others' making, with kill -9 at any point: nobody twice, nobody without a state."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections import Counter
from functools import partial
from pathlib import Path

from sqlalchemy import select, update

from cti.cli import sample_gateway
from cti.messages.limits import Limits
from cti.storage import campaign_people, limits
from cti.storage.campaign_tables import campaign_people as people
from cti.storage.sms_tables import sms_gateways
from lab.smsc import PASSWORD, smsc
from tests.features.killed import serve_and_kill
from tests.features.mailing_house import House
from tests.made import new_database

SOAK = bool(os.environ.get("SOAK"))
MESSAGES, KILLS = (10_000, 20) if SOAK else (300, 3)
WINDOW = 20  # of the gateway: so many may be on their way at once

WAITING = "SELECT count(*) FROM campaign_people WHERE state IN ('waiting', 'queued')"


async def test_a_kill_at_any_point_of_a_campaign_doubles_nothing_and_loses_nobody(tmp_path: Path) -> None:
    chance = random.Random(7)
    with smsc(tmp_path / "sent.jsonl") as peer:
        db = await new_database(tmp_path)
        h = House(db)
        await h.fill(MESSAGES)
        async with db.write() as conn:
            day = Limits(quiet_from="00:00", quiet_to="00:00", approval_over=10**6)
            await limits.save(conn, day, version=0, user_id=1, now=1.0)
            await sample_gateway.open_at(conn, peer.port, PASSWORD, tmp_path)
            await conn.execute(update(sms_gateways).values(rate=500))
        id_ = await h.begun(rate=400)
        base = sqlite3.connect(f"file:{tmp_path / 'trubka.db'}?mode=ro", uri=True, check_same_thread=False)

        def sent(count: int) -> bool:
            return peer.sent.exists() and peer.sent.read_bytes().count(b"\n") >= count

        def over() -> bool:
            return base.execute(WAITING).fetchone()[0] == 0

        for count in sorted(chance.sample(range(1, MESSAGES * 9 // 10), KILLS)):
            await asyncio.to_thread(serve_and_kill, tmp_path, partial(sent, count))
        await asyncio.to_thread(serve_and_kill, tmp_path, over)
        base.close()
        came = Counter(one["destination_addr"].removeprefix("+") for one in peer.submits())
        async with db.read() as conn:
            rows = (await conn.execute(select(people).where(people.c.campaign_id == id_))).all()
            counts = await campaign_people.counts(conn, id_)
        await db.close()
    assert max(came.values()) == 1, "nothing came twice"
    assert len(rows) == MESSAGES
    assert all(row.sms_id for row in rows)
    assert not {"waiting", "queued", "failed"} & counts.keys(), counts
    unknown = {row.address.removeprefix("+") for row in rows if row.state == "unknown"}
    assert {row.address.removeprefix("+") for row in rows} - unknown <= set(came), "nothing was lost"
    assert len(unknown) <= (KILLS + 1) * WINDOW
