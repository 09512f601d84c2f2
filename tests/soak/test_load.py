"""Many calls at once, a busy hour's rate, a server that stalls: memory, loop lag, and nothing lost."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import time
import tracemalloc

from cti.channels.phone.codec import Decoder
from cti.dispatch import Dispatch
from cti.switch import Switch
from cti.telephony.events import CallCleared, TelephonyEvent
from cti.telephony.tracker import Tracker
from tests.bench import report
from tests.bench.stream import call
from tests.channels.fake_ami import FakeAmi
from tests.channels.links import linked, until
from tests.lag import watched

FULL = bool(os.environ.get("SOAK"))
AT_ONCE = 1000
AT_ONCE_MIB = 60
RATE = 5000
BUSY_S = 60 if FULL else 3
LAG_P99_S = 0.05
STALL_EVENTS = 500 * 10


def test_a_thousand_calls_at_once_take_little_memory() -> None:
    decoder, tracker = Decoder(), Tracker()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(AT_ONCE):
        events, rings = call(number)
        for event in events[: rings + 1]:
            for headers in decoder.feed(event):
                tracker.feed(headers, 1e9)
    gc.collect()
    grown = (tracemalloc.get_traced_memory()[0] - before) / 2**20
    tracemalloc.stop()
    assert len(tracker.calls()) == AT_ONCE
    report("a thousand calls at once", grown, "MiB above rest", limit=f"< {AT_ONCE_MIB}")
    assert grown < AT_ONCE_MIB


class Ended:
    """Counts the calls that ended."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, event: TelephonyEvent, received_at: float) -> None:
        self.calls += 1


async def test_the_loop_is_on_time_at_five_thousand_events_a_second() -> None:
    ended = Ended()
    async with FakeAmi() as pbx, linked(pbx) as link, watched() as lag:
        dispatch = Dispatch({CallCleared: (ended,)})
        switch = Switch(link=link, tracker=Tracker(), dispatch=dispatch)
        task = asyncio.create_task(switch.run())
        sent, number, began = 0, 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < BUSY_S:
            while sent < passed * RATE:
                events, _ = call(number)
                pbx.send(b"".join(events))
                sent, number = sent + len(events), number + 1
            await asyncio.sleep(0.01)
        await until(lambda: ended.calls == number, 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert link.dropped == 0
    p99 = statistics.quantiles(lag.busy, n=100)[98]
    report(f"loop lag p99, {BUSY_S} s at {RATE} events/s", p99 * 1000, "ms", limit="< 50")
    assert p99 < LAG_P99_S


async def test_ten_seconds_of_stall_at_five_hundred_events_lose_nothing() -> None:
    """What the PBX said meanwhile stands in the stream; afterwards every call of it is told."""
    ended, sent, number = Ended(), 0, 0
    async with FakeAmi() as pbx, linked(pbx) as link:
        while sent < STALL_EVENTS:
            events, _ = call(number)
            pbx.send(b"".join(events))
            sent, number = sent + len(events), number + 1
        await pbx.flush()
        await until(lambda: link.frames >= number * 19, 20)
        switch = Switch(link=link, tracker=Tracker(), dispatch=Dispatch({CallCleared: (ended,)}))
        task = asyncio.create_task(switch.run())
        await until(lambda: ended.calls == number, 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert link.dropped == 0
