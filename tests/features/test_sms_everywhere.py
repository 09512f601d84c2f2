"""The queue of SMS through a real line to a gateway on the web, and with a whole campaign over PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from cti.channels.texts import Receipt
from cti.messages.limits import Limits
from cti.storage import limits
from cti.storage.database import open_database
from cti.storage.sms_tables import sms
from tests.channels.sms.test_http import Line, plain
from tests.channels.sms.web_peer import web_peer
from tests.features.mailing_house import VERA, house_over
from tests.features.text_office import Gateway, text_office
from tests.storage.conftest import cluster, template
from tests.storage.postgres import Cluster

__all__ = ["cluster", "template"]


async def test_a_whole_campaign_and_its_queue_over_postgresql(tmp_path: Path, cluster: Cluster, template: str) -> None:
    db = await open_database(cluster.create("--template", template))
    async with house_over(db, 20) as h, text_office(tmp_path, gateway := Gateway(), db=db) as office:
        h.now = time.time()
        async with db.write() as conn:
            await limits.save(conn, Limits(quiet_from="00:00", quiet_to="00:00"), version=0, user_id=VERA.id, now=1.0)
        id_ = await h.begun()
        async with asyncio.timeout(20):
            while len(gateway.got) < 20:
                await h.runs.look()
                office.out.wake()
                await asyncio.sleep(0.02)
        assert len({one.key for one in gateway.got}) == 20
        await office.out.rest(10)
        lost = Receipt(far_id="1019", state="undeliverable", at=h.now)
        there = [Receipt(far_id=str(n), state="delivered", at=h.now) for n in range(1000, 1019)]
        await office.after.told(1, [lost, *there])
        await h.runs.noted()
        assert await h.counts(id_) == {"delivered": 19, "failed": 1}
        await h.runs.look()
        assert (await h.one(id_)).state == "done"
        async with db.read() as conn:
            each = await conn.execute(select(sms.c.number, func.count()).group_by(sms.c.number))
            assert {count for _, count in each} == {1}


async def test_a_message_through_a_line_to_the_web_is_what_its_gateway_said(tmp_path: Path) -> None:
    def judge(asked: dict[str, Any]) -> dict[str, Any]:
        text = asked["json"]["text"]
        return {"id": 77} if text == "Принято" else {} if text == "Молчит" else {"error": "no money"}

    async with web_peer(judge) as peer:
        async with text_office(tmp_path, Line(plain(peer))) as office:  # type: ignore[arg-type]
            taken = await office.write("Принято")
            assert (await office.state(taken, "accepted")).gateway_id == 1
            await office.told("77", "delivered")
            assert (await office.row(taken)).state == "delivered"
            await office.state(await office.write("Молчит"), "unknown")
            office.lines.gateways[1] = Line(plain(peer))  # type: ignore[assignment]  # that one waits to be well again
            refused = await office.until(await office.write("Отказ"), lambda one: one.tries == 1, "was not refused")
            assert (refused.state, refused.why, refused.attempt) == ("queued", "other", 0)
        assert [asked["json"]["text"] for asked in peer.asked] == ["Принято", "Молчит", "Отказ"]
