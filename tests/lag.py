"""How long the loop was held up: by our own work, whatever else the machine does, and at all."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LOOK_S = 0.005


@dataclass
class Lag:
    """Seconds of each look. busy: the time of the loop's own thread meanwhile. late: what the look came later."""

    busy: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            before, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(LOOK_S)
            self.late.append(time.perf_counter() - before - LOOK_S)
            self.busy.append(time.thread_time() - worked)

    def within(self, limit_s: float) -> bool:
        """Our work never held the loop up for longer, and nothing else did as a rule (a machine stands still)."""
        return max(self.busy) < limit_s and statistics.median(self.late) < limit_s


@asynccontextmanager
async def watched() -> AsyncIterator[Lag]:
    """The loop, while something goes on in it."""
    lag = Lag()
    watching = asyncio.create_task(lag.watch())
    try:
        yield lag
    finally:
        watching.cancel()
