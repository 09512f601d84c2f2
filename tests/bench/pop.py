"""From the last byte of the AMI event to the Socket.IO emit, against the same look-up, commit and emit written bare."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import aiosqlite
import socketio

from cti.channels.phone.codec import Decoder
from cti.clients.masking import OPEN
from cti.desktop import ScreenPop
from cti.directory import Directory
from cti.dispatch import Dispatch
from cti.features.screen_pop import ScreenPops
from cti.storage.database import open_database
from cti.storage.spool import Spool
from cti.telephony.events import Delivered
from cti.telephony.numbering import NumberPlan
from cti.telephony.tracker import Tracker
from tests.bench import SHORT, percentile, report
from tests.bench.base import CLIENTS, filled
from tests.bench.stream import call
from web import wire

WARM, COUNT = (5, 20) if SHORT else (50, 600)


class _Wire:
    """Where the emit begins: the time is taken once the JSON stands ready in the library's hands."""

    def __init__(self) -> None:
        self.io = socketio.AsyncServer(async_mode="aiohttp")
        self.at = 0.0

    async def pop(self, agent_id: int, pop: ScreenPop) -> None:
        await self.io.emit("screen_pop", wire.screen_pop(pop, wire.Reader("ru", OPEN)), room=f"agent:{agent_id}")
        self.at = time.perf_counter()


def main() -> None:
    folder = filled()
    try:
        ours, bare = asyncio.run(_both(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(
        f"AMI byte to emit, {CLIENTS} clients, p50",
        percentile(ours, 0.5) * 1e3,
        "ms",
        baseline=percentile(bare, 0.5) * 1e3,
        limit="ratio <= 3",
    )
    report(
        "AMI byte to emit, p99",
        percentile(ours, 0.99) * 1e3,
        "ms",
        baseline=percentile(bare, 0.99) * 1e3,
        limit="ratio <= 10",
    )


async def _both(folder: Path) -> tuple[list[float], list[float]]:
    file = folder / "trubka.db"
    db = await open_database(f"sqlite+aiosqlite:///{file}")
    _add_agent(file)
    spool = Spool(db)
    writer = asyncio.create_task(spool.run())
    directory = Directory(db)
    await directory.reload()
    screen = _Wire()
    pops = ScreenPops(
        db=db,
        spool=spool,
        desktop=screen,  # type: ignore[arg-type]
        directory=directory,
        plan_of=lambda _call: NumberPlan(),
        record_of=lambda _call: None,
        clock=time.time,
    )
    await pops.start()
    dispatch = Dispatch({Delivered: (pops.delivered,)})
    decoder, tracker = Decoder(), Tracker()
    gc.freeze()
    ours, bare = [], []
    bare_db = await aiosqlite.connect(folder / "bare.db", isolation_level=None)
    await bare_db.execute(f"ATTACH '{file}' AS base")
    await bare_db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e (seq INTEGER, body TEXT)"
    )
    for number in range(COUNT + WARM):
        caller = f"7935{number * 131 % CLIENTS:07d}"
        ours.append(await _ours(number, caller, decoder, tracker, dispatch, screen))
        bare.append(await _bare(bare_db, "+" + caller, number, screen.io))
    await bare_db.close()
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()
    return ours[WARM:], bare[WARM:]


async def _ours(
    number: int, caller: str, decoder: Decoder, tracker: Tracker, dispatch: Dispatch, screen: _Wire
) -> float:
    events, rings = call(number, caller=caller)
    for event in events[:rings]:
        for headers in decoder.feed(event):
            tracker.feed(headers, time.time())
    begin = time.perf_counter()
    now = time.time()
    for headers in decoder.feed(events[rings]):
        for told in tracker.feed(headers, now):
            await dispatch(told, now)
    took = screen.at - begin
    for event in events[rings + 1 :]:
        for headers in decoder.feed(event):
            tracker.feed(headers, now)
    return took


async def _bare(conn: aiosqlite.Connection, e164: str, seq: int, io: Any) -> float:
    begin = time.perf_counter()
    found = await conn.execute_fetchall(
        "SELECT c.id, c.name, p.label FROM base.client_phones p JOIN base.clients c ON c.id = p.client_id"
        " WHERE p.e164 = ?",
        (e164,),
    )
    body = json.dumps([list(row) for row in found])
    await conn.execute("BEGIN IMMEDIATE")
    await conn.execute("INSERT INTO e VALUES (?, ?)", (seq, body))
    await conn.execute("COMMIT")
    await io.emit("screen_pop", {"seq": seq, "matches": body}, room="agent:1")
    return time.perf_counter() - begin


def _add_agent(file: Path) -> None:
    with sqlite3.connect(file) as conn:
        conn.execute(
            "INSERT OR IGNORE INTO users (id, login, name, role, created_at) VALUES (1, 'anna', 'Anna', 'agent', 0)"
        )
        conn.execute(
            "INSERT OR IGNORE INTO devices (user_id, name, extension, kind, chosen)"
            " VALUES (1, 'PJSIP/101', '101', 'desk', 1)"
        )
    conn.close()
