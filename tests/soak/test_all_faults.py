"""All faults by chance, for a quarter of an hour (SOAK_MINUTES), under load: nothing grows, in the end all is true.

The chance has a seed (SOAK_SEED) that is told. The process is ended at the beginning only, so that what it takes can be
followed afterwards. CI sees a few faults, in seconds.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lab.pbx import Pbx
from tests.bench import report
from tests.e2e.server import until
from tests.soak.faults import FAULTS, LIVES
from tests.soak.figures import FIGURES, Look, Watch, growth
from tests.soak.town import Town, town
from tests.soak.truth import is_true, works

FULL = bool(os.environ.get("SOAK"))
MINUTES = float(os.environ.get("SOAK_MINUTES") or (15 if FULL else 0.1))
SEED = int(os.environ.get("SOAK_SEED") or (random.randrange(10**6) if FULL else 4))
HOLD_S, QUIET_S = ((3.0, 20.0), (12.0, 20.0)) if FULL else ((0.3, 0.6), (1.0, 1.0))
SHORT = tuple(name for name in FAULTS if name[:4] not in ("F-02", "F-03", "F-20"))  # those heal in a minute
WARM = 0.25  # of the looks: what the first minutes of a process bring stays
MEMORY_AN_HOUR, MEMORY_ROOM = 2**20, (6 if FULL else 24) * 2**20
FLAT, FLAT_ROOM = 0.05, 3 if FULL else 10
DISK = "400m"
LOG_MOST = 200 * 2**20
DISK_A_CALL = 64 * 2**10
LOG_ROOM = 4 * 2**20  # SQLite takes its log over after 1000 pages: till then each change is there twice

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a disk and a name server of its own need root"),
]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be full."""
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(data)], check=True)
    yield data
    subprocess.run(["umount", "--lazy", str(data)], check=True)


async def test_F_55_all_faults_by_chance_leave_no_trace_but_the_truth(own_pbx: Pbx, small_disk: Path) -> None:
    report("seed", SEED, "")
    chance = random.Random(SEED)
    async with town(small_disk, own_pbx, random.Random(SEED)) as one:
        await one.back()
        watch = Watch(one.server)
        living, watching = asyncio.create_task(one.life()), asyncio.create_task(watch.run())
        try:
            for name in chance.sample(sorted(LIVES), len(LIVES) if FULL else 1) * (2 if FULL else 1):
                await _befall(one, watch, name, chance)
            watch.looks.clear()
            began, events, calls = time.monotonic(), one.ami.events, len(one.truth.calls)
            happened = await _faults(one, watch, chance, until_=began + MINUTES * 60)
            passed = time.monotonic() - began
            one.over = True
            await living
            assert not watching.done(), watching
        finally:
            living.cancel()
            watching.cancel()
            await asyncio.gather(living, watching, return_exceptions=True)
        await asyncio.to_thread(own_pbx.hang_up_all)
        report("faults that happened", happened, "", limit=f"{len(FAULTS)} kinds")
        report("events of the PBX", (one.ami.events - events) / passed, "a second")
        looks = watch.looks[int(len(watch.looks) * WARM) :]
        _tell(looks)
        await is_true(one)
        await works(one)
        _is_flat(looks, len(one.truth.calls) - calls)
        assert await asyncio.to_thread(one.server.stop) == 0
        with sqlite3.connect(one.server.data / "trubka.db") as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        conn.close()
        assert not re.findall(r"Task exception was never retrieved|Fatal Python", one.server.log.read_text())


async def _faults(one: Town, watch: Watch, chance: random.Random, until_: float) -> int:
    """All kinds in turn, each turn in another order."""
    count = 0
    turn: list[str] = []
    while time.monotonic() < until_:
        turn = turn or chance.sample(kinds := list(FAULTS if FULL else SHORT), len(kinds))
        await _befall(one, watch, turn.pop(), chance)
        count += 1
    return count


async def _befall(one: Town, watch: Watch, name: str, chance: random.Random) -> None:
    """One fault, its end, and a while of quiet."""
    watch.quiet, one.faulty, one.troubled_at = False, True, time.monotonic()
    began = time.monotonic()
    await ({**LIVES, **FAULTS}[name])(one, chance.uniform(*HOLD_S))
    healed = time.monotonic()
    await one.back()
    report(name, time.monotonic() - healed, "s to be well again", limit=f"after {healed - began:.1f} s of it")
    one.faulty, one.troubled_at = False, time.monotonic()
    await asyncio.sleep(2 if FULL else 0.2)  # what was going on meanwhile is over
    watch.quiet = True
    await asyncio.sleep(chance.uniform(*QUIET_S))
    if watch.looks:
        report(f"memory after {name}", watch.looks[-1].memory / 2**20, "MiB")
    since = one.troubled_at
    await until(
        lambda: any(made.clear and made.began > since for made in one.truth.calls), why="a call that no fault touched"
    )


def _tell(looks: Sequence[Look]) -> None:
    minutes = (looks[-1].at - looks[0].at) / 60
    for name in FIGURES:
        found = growth(looks, name)
        report(f"{name}, {len(looks)} looks in {minutes:.1f} min", found.mean, "on average")
        report(f"{name}: slope", found.an_hour, "an hour", limit=f"grown by {found.grown:.0f}")


def _is_flat(looks: Sequence[Look], calls: int) -> None:
    """By the line through all looks at the process, its beginning left out."""
    assert len(looks) >= 3, "too short to see anything"
    hours = (looks[-1].at - looks[0].at) / 3600
    assert growth(looks, "memory").grown <= MEMORY_AN_HOUR * hours + MEMORY_ROOM
    for name in ("descriptors", "threads", "tasks"):
        found = growth(looks, name)
        assert abs(found.grown) <= max(FLAT * found.mean, FLAT_ROOM), name
    assert max(look.log for look in looks) < LOG_MOST
    assert growth(looks, "disk").grown <= calls * DISK_A_CALL + LOG_ROOM
