"""A year-old queue log taken in: lines a second by the clock, and of a processor."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from cti.features.past import Past, of_lines
from cti.memory import for_many_rows
from cti.storage.database import open_database
from cti.telephony.numbering import NumberPlan
from cti.telephony.past_logs import QueueLogs
from tests.bench import SHORT, report

LINES = 2_000 if SHORT else 160_000
BEGUN, EVERY_S = 1_760_000_000, 7


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="trubka-bench-") as folder:
        asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> None:
    lines = [line for line, _ in zip(_lines(random.Random(7)), range(LINES), strict=False)]
    db = await open_database(f"sqlite+aiosqlite:///{folder}/trubka.db")
    work = Past(db=db, plan=NumberPlan(), now=time.time)
    for_many_rows()  # as the command and the server's own process do
    begun, used = time.perf_counter(), time.process_time()
    _, course = await work.take_in(QueueLogs(zone=UTC), "queue_log", of_lines(lines))
    took, used = time.perf_counter() - begun, time.process_time() - used
    await db.close()
    assert course.torn == 0
    report(f"a queue log of {LINES} lines", LINES / took, "lines/s", limit="> 20000")
    report("the same by a processor's time", LINES / used, "lines/s")


def _lines(dice: random.Random) -> Iterator[str]:
    """Calls one after another: most are answered, by the first or the second who is rung."""
    number = 0
    while True:
        number += 1
        at, call = BEGUN + number * EVERY_S, f"{BEGUN + number * EVERY_S}.{number}"
        queue, agent = f"queue{dice.randrange(5)}", f"PJSIP/{101 + dice.randrange(50)}"
        head = f"{call}|{queue}"
        wait = dice.randrange(1, 60)
        yield f"{at}|{head}|NONE|ENTERQUEUE||7935{number % 10_000_000:07}|1"
        if dice.random() < 0.15:
            yield f"{at + wait}|{head}|NONE|ABANDON|1|1|{wait}"
            continue
        if dice.random() < 0.5:
            yield f"{at + wait}|{head}|PJSIP/100|RINGNOANSWER|{wait * 1000}"
        talk = dice.randrange(5, 300)
        yield f"{at + wait}|{head}|{agent}|CONNECT|{wait}|{call}1|4"
        yield f"{at + wait + talk}|{head}|{agent}|COMPLETECALLER|{wait}|{talk}|1"


if __name__ == "__main__":
    main()
