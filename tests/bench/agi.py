"""Answers to the dialplan: 200 look-ups a second over 100,000 clients, and 500 connect-and-close in one second.

The look-ups go to `cti serve` with segments that tell; a time is that of the whole connection, as a caller waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from cti.access import Person
from cti.channels.base import RouteAnswer, RouteQuestion
from cti.channels.phone.agi import AgiServer
from cti.clients.filters import Condition
from cti.clients.segments import Group
from cti.features.client_segments import ClientSegments
from cti.storage.database import open_database
from lab.free_ports import free_port
from tests.bench import SHORT, percentile, report
from tests.bench.million import filled
from tests.e2e.server import until

CLIENTS = 2_000 if SHORT else 100_000
RATE = 200
SECONDS = 1 if SHORT else 15
WARM_S = 0 if SHORT else 3  # the server's own beginning
CLOSERS = 500
LOOK_S = 0.002
WHO = Person(id=1, login="m1", name="m1", role="admin")
SEGMENTS = (
    ("Новые", "calls", "to", 1),
    ("Крупные", "contract_sum", "from", 1_000_000),
    ("Все", "name", "filled", None),
)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="trubka-bench-run-"))
    try:
        shutil.copytree(filled(CLIENTS), folder, dirs_exist_ok=True)
        (folder / "duplicates.mark").write_text(f"{time.time()!r} {CLIENTS}", encoding="ascii")  # looked over already
        asyncio.run(_tell(folder))
        _served(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    asyncio.run(_crowd())


async def _tell(folder: Path) -> None:
    """Segments that the dialplan is told of."""
    db = await open_database(f"sqlite+aiosqlite:///{folder / 'trubka.db'}")
    segments = ClientSegments(db=db, zone=ZoneInfo("Europe/Moscow"), clock=time.time)
    for place, (name, field, op, value) in enumerate(SEGMENTS):
        expression = Group(conditions=(Condition(field=field, op=op, value=value),))
        await segments.save(WHO, name, expression, tag=f"t{place}", priority=place)
    await db.close()


def _served(folder: Path) -> None:
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CTI_")}
    environment |= {"CTI_DATA": str(folder), "CTI_PORT": str(free_port()), "CTI_AGI__PORT": str(port)}
    environment |= {"CTI_PBX__MAIN__PORT": "1", "CTI_PBX__MAIN__SECRET": "x"}
    server = subprocess.Popen([sys.executable, "-m", "cti", "serve"], env=environment, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_look_ups(port))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


async def _look_ups(port: int) -> None:
    await until(lambda: _told(port, 0), within_s=60, why="it answers")
    dice = random.Random(3)
    begin = time.perf_counter()
    asks = []
    for turn in range(RATE * (WARM_S + SECONDS)):
        await asyncio.sleep(max(begin + turn / RATE - time.perf_counter(), 0))
        asks.append(asyncio.create_task(_timed(port, dice.randrange(CLIENTS))))
    asked = (await asyncio.gather(*asks))[RATE * WARM_S :]
    took = [one for one in asked if one]
    report(f"look-ups answered of {len(asked)}", len(took), "answers", limit=f"{len(asked)}")
    report(f"{RATE} look-ups/s over {CLIENTS} clients, p50", percentile(took, 0.5), "ms")
    report(f"{RATE} look-ups/s over {CLIENTS} clients, p99", percentile(took, 0.99), "ms", limit="<= 20")


async def _timed(port: int, client: int) -> float:
    begin = time.perf_counter()
    return (time.perf_counter() - begin) * 1000 if await _told(port, client) else 0.0


async def _told(port: int, client: int) -> int:
    """How many variables came."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0
    asked = f"agi_network_script: route\nagi_uniqueid: 1.{client}\nagi_callerid: 7935{client:07d}\n\n"
    count = 0
    with contextlib.suppress(ConnectionError):
        writer.write(asked.encode())
        while await reader.readline():
            count += 1
            writer.write(b"200 result=1\n")
    writer.close()
    return count


class _Nobody:
    """Knows no caller."""

    async def route(self, asked: RouteQuestion) -> RouteAnswer:
        return RouteAnswer()

    def settled(self, asked: RouteQuestion, answer: RouteAnswer | None) -> None:
        pass


async def _crowd() -> None:
    """How late the loop of a server is that is connected to and left again."""
    port = free_port()
    server = AgiServer("127.0.0.1", port, _Nobody(), budget_s=0.15)
    run = asyncio.create_task(server.run())
    await until(lambda: server.health().state == "up", why="it listens")
    late: list[float] = []
    watch = asyncio.create_task(_look(late))
    begin = time.perf_counter()
    for turn in range(CLOSERS):
        await asyncio.sleep(max(begin + turn / CLOSERS - time.perf_counter(), 0))
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    report(f"loop late while {CLOSERS} connect and close, p99", percentile(late, 0.99) * 1000, "ms", limit="< 50")
    for task in (watch, run):
        task.cancel()
    await asyncio.gather(watch, run, return_exceptions=True)


async def _look(late: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LOOK_S)
        late.append(max(time.perf_counter() - before - LOOK_S, 0.0))
