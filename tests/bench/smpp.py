"""SMS at a set rate to an SMSC of others' making: how even the rate is, and whether the rest of the server notices."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from lab.smsc import Smsc, smsc
from tests.bench import SHORT, report
from tests.channels.sms.smpp_house import House, house, out, until

SECONDS = 2 if SHORT else 10
LOOK_S = 0.005
TEXT = "Здравствуйте! Ваш заказ готов, ждём вас до конца недели."


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with smsc(Path(folder, "one.jsonl")) as peer:
            asyncio.run(_measure(peer, rate=100, binds=1))
        with smsc(Path(folder, "several.jsonl")) as peer:
            asyncio.run(_measure(peer, rate=1000, binds=4))


async def _measure(peer: Smsc, *, rate: int, binds: int) -> None:
    count = rate * SECONDS
    async with house(peer.port, rate=rate, binds=binds, window=50) as one:
        await until(lambda: sum(bind.bound for bind in one.line._binds) == binds)
        late: list[float] = []
        watch = asyncio.create_task(_watch(late))
        begun, used = time.perf_counter(), time.process_time()
        await _send(one, count)
        taken, used = time.perf_counter() - begun, time.process_time() - used
        watch.cancel()
        await until(lambda: len(one.taker.receipts) == count)
    name = f"{rate} SMS/s, {binds} bind{'s' * (binds > 1)}"
    report(f"{name}: rate held", count / taken, "SMS/s", limit=f"{rate * 0.95:g} to {rate * 1.05:g}")
    report(f"{name}: the loop is late, p99", sorted(late)[int(len(late) * 0.99)] * 1000, "ms", limit="< 50")
    report(f"{name}: processor time of an SMS and its receipt", used / count * 1000, "ms")


async def _send(one: House, count: int) -> None:
    turn = asyncio.Semaphore(one.line.window)

    async def send(number: int) -> None:
        async with turn:
            (answer,) = await one.line.send(out(TEXT, f"+7935{number:07d}", key=str(number)))
            assert answer.state == "accepted"

    await asyncio.gather(*(send(number) for number in range(count)))


async def _watch(late: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LOOK_S)
        late.append(time.perf_counter() - before - LOOK_S)


if __name__ == "__main__":
    main()
