"""A link to a fake PBX, waiting for conditions, and figures that may be run in full by SOAK=1."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cti.channels.phone.ami import AmiLink
from tests.channels.fake_ami import FakeAmi

WITHIN_S = 15.0  # on a busy machine: no promise of anybody's
TURN_S = 0.05
SOAK = os.environ.get("SOAK") == "1"  # the full figures of what is shortened in every run


async def until(true: Callable[[], object], within_s: float = WITHIN_S) -> float:
    """Wait for a condition; the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, "it did not come in time"
        await asyncio.sleep(0.002)
    return time.monotonic() - began


async def lived(true: Callable[[], object], within_s: float) -> float:
    """Wait for a condition; how long it took by turns of our own life, as the link counts: a stall is one of them."""
    turns = 0
    while not true():
        assert turns * TURN_S < within_s, "it did not come in time"
        await asyncio.sleep(TURN_S)
        turns += 1
    return turns * TURN_S


@asynccontextmanager
async def linked(pbx: FakeAmi, *, up: bool = True, **options: Any) -> AsyncIterator[AmiLink]:
    """A running link with short pauses, stopped at the end."""
    options = {"pause_s": 0.01, "pause_cap_s": 0.05} | options
    link = AmiLink("127.0.0.1", pbx.port, "trubka", options.pop("secret", pbx.secret), **options)
    task = asyncio.create_task(link.run(), name="ami")
    try:
        if up:
            await until(lambda: link.health().state == "up")
        yield link
    finally:
        task.cancel()
        results = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError), results


def resident_kib() -> int:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4
