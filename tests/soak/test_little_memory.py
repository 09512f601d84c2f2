"""An hour (CI: seconds) of little memory: the server lets go of what it keeps handy, answers all, and loses nothing."""

from __future__ import annotations

import asyncio
import os
import random
import re
import resource
import time
from pathlib import Path

import aiohttp
import pytest

from lab.pbx import Pbx
from tests.bench import report
from tests.e2e.server import Desk
from tests.installation.test_memory import mapped
from tests.soak.figures import Watch, growth
from tests.soak.town import town
from tests.soak.truth import is_true, works

FULL = bool(os.environ.get("SOAK"))
MINUTES = float(os.environ.get("SOAK_MINUTES") or (60 if FULL else 0.1))
PAUSE_S = 1.0 if FULL else 0.0  # of who looks: the machine has others too
HEADROOM = 96 * 2**20  # bytes that it may map more than when it stood idle
LOOKED_AT = (
    "/clients", "/calls", "/missed", "/board", "/reports/queues", "/reports/agents", "/reports/hours", "/clients/1",
    "/reports/queues/file.xlsx", "/reports/queues/file.pdf", "/reports/outcomes",
)  # fmt: skip

pytestmark = pytest.mark.lab


async def test_F_51_an_hour_near_the_limit_ends_no_server_and_loses_nothing(own_pbx: Pbx, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    async with town(data, own_pbx, random.Random(1)) as one, Desk(one.server, "pavel") as pavel:
        await one.back()
        pid = one.server.pid
        most = mapped(pid) + HEADROOM
        resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
        one.faulty, watch = False, Watch(one.server)
        watch.quiet = True
        living, watching = asyncio.create_task(one.life()), asyncio.create_task(watch.run())
        try:
            pages, refused = await _looked(pavel, time.monotonic() + MINUTES * 60)
        finally:
            one.over = True
            await living
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        assert one.server.pid == pid
        told = await one.clara.text("/metrics")
        shed = float(re.findall(r"(?m)^trubka_memory_shed (\S+)", told)[0])
        report(f"pages and files in {MINUTES:g} min", pages, "", limit="all answered")
        report("told in words to ask again", refused, "of them")
        report("caches emptied", shed, "times")
        report("memory", growth(watch.looks, "memory").mean / 2**20, "MiB on average", limit=f"map {most >> 20}")
        report("memory: grown", growth(watch.looks, "memory").grown / 2**20, "MiB")
        assert shed >= 1
        assert refused <= pages / 100
        assert "MemoryError" not in one.server.log.read_text()
        await is_true(one)
        await works(one)
        assert await asyncio.to_thread(one.server.stop) == 0


async def _looked(pavel: Desk, until_: float) -> tuple[int, int]:
    """Pages and files one after another, all of them answered: how many, and how many by a sentence alone (503)."""
    count = refused = 0
    while time.monotonic() < until_ or count < len(LOOKED_AT):
        path = LOOKED_AT[count % len(LOOKED_AT)]
        async with pavel.http.get(f"{pavel.server.url}{path}", timeout=aiohttp.ClientTimeout(total=60)) as answer:
            assert answer.status in (200, 503), (path, answer.status, await answer.text())
            await answer.read()
            refused += answer.status == 503
        count += 1
        await asyncio.sleep(PAUSE_S)
    return count, refused
