"""Warnings reach people by a real mail server, a real SMSC and a real web server, whenever the process is killed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from sqlalchemy import delete, select, update

from cti.cli.sample_gateway import open_at
from cti.messages.alerts import AlertRule
from cti.storage import alerts, desktop_events
from cti.storage.alert_tables import alert_sends
from cti.storage.alerts import Kept
from cti.storage.database import Database
from cti.storage.sms_tables import sms_gateways, sms_routes
from lab.free_ports import free_port
from lab.smsc import PASSWORD as SMSC_PASSWORD
from lab.smsc import smsc
from tests.channels.smtp_peer import smtp_peer
from tests.features.killed import serve_and_kill
from tests.features.post_office import base_with_box
from tests.storage.conftest import ANNA

HOLD = "CREATE TRIGGER hold BEFORE UPDATE OF state ON alert_sends BEGIN SELECT RAISE(ABORT, 'held'); END"


@asynccontextmanager
async def receiver(port: int, came: list[str]) -> AsyncIterator[None]:
    async def take(request: web.Request) -> web.Response:
        came.append(request.headers["X-Trubka-Delivery"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def house(folder: Path, smtp_port: int, smsc_port: int, hook_port: int) -> Database:
    """A base with two SMS gateways, of which one is not let in, and a rule that tells of that by every way."""
    db, box = await base_with_box(folder, smtp_port)
    async with db.write() as conn:
        await open_at(conn, smsc_port, "wrong", folder)
        await conn.execute(update(sms_gateways).values(name="Запасной"))
        await conn.execute(delete(sms_routes))
        await open_at(conn, smsc_port, SMSC_PASSWORD, folder)
        await alerts.keep_contact(conn, ANNA, "anna@company.example", "+79355550177")
        rule = AlertRule(
            watched="gateway", hold_s=0, ways=("desk", "mail", "sms", "webhook"), steps={ANNA: 0}, mailbox_id=box
        )
        kept = Kept(
            id=0, name="Шлюзы", rule=rule, hook_url=f"http://127.0.0.1:{hook_port}/hook", has_secret=False,
            enabled_at=None, version=0,
        )  # fmt: skip
        await alerts.save(conn, kept, None, time.time())
    return db


async def test_a_kill_between_the_trouble_and_its_telling_loses_nothing_and_tells_nothing_twice(tmp_path: Path) -> None:
    """Killed when the alert has begun and nobody was told; what is told then leaves once, by every way."""
    hooks: list[str] = []
    port = free_port()
    with smtp_peer() as peer, smsc(tmp_path / "sent.jsonl") as far:
        db = await house(tmp_path, peer.port, far.port, port)
        base = sqlite3.connect(tmp_path / "trubka.db", check_same_thread=False, timeout=30)

        def count(where: str) -> int:
            return int(base.execute(f"SELECT count(*) FROM {where}").fetchone()[0])

        def over() -> bool:
            time.sleep(0.05)  # looked at often enough
            left = count("alert_sends WHERE state = 'waiting'") + count("outbox WHERE state IN ('waiting', 'sending')")
            return not left + count("sms WHERE state IN ('queued', 'sending')")

        def begun() -> bool:
            time.sleep(0.05)
            return count("alert_sends") == 4

        async with receiver(port, hooks):
            base.execute(HOLD)
            base.commit()
            await asyncio.to_thread(serve_and_kill, tmp_path, begun)
            assert (count("alert_sends WHERE state = 'waiting'"), hooks, peer.letters) == (4, [], [])
            base.execute("DROP TRIGGER hold")
            base.commit()
            await asyncio.to_thread(serve_and_kill, tmp_path, over)
        base.close()
        async with db.read() as conn:
            [one] = await alerts.journal(conn)
            ways = {row.way: row.state for row in await conn.execute(select(alert_sends))}
            told = await desktop_events.unshown(conn, ANNA, "message")
        await db.close()
        [letter] = peer.letters
        [text] = [json.loads(line)["text"] for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    codes = [json.loads(row.payload)["code"] for row in told]
    assert (one.subject, one.ended_at, codes.count("alert"), len(hooks)) == ("Запасной", None, 1, 1)
    assert ways == {"desk": "sent", "mail": "handed", "sms": "handed", "webhook": "sent"}
    assert (str(letter.read["Auto-Submitted"]), letter.to) == ("auto-generated", ("anna@company.example",))
    assert str(letter.read["Subject"]) == text == "Тревога: Запасной – неполадка SMS-шлюза (Шлюзы)"
