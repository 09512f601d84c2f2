"""Figures of the storage, each beside the same work done bare in the same run; `python -m tests.storage.bench`.

The bare work is aiosqlite alone: one look-up, one FULL commit. Ratios taken in one run say more than milliseconds
taken on two machines. Prints JSON lines: name, figure (ms), p99, baseline, ratio.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import text

from cti.clients.duplicates import Candidate
from cti.clients.matching import match
from cti.storage import clients, desktop_events, duplicates, lookup, traces
from cti.storage.database import Database, open_database
from cti.storage.spool import Spool
from cti.telephony.numbering import NumberPlan, read
from tests.storage.load import draft, fill, number_of

ROUNDS = 1000
PAYLOAD = json.dumps({"pop": "x" * 500})


async def figures(folder: Path, count: int = 100_000) -> list[dict[str, Any]]:
    """Fill a database in `folder` with `count` clients and measure it."""
    db = await open_database(f"sqlite+aiosqlite:///{folder / 'trubka.db'}")
    async with db.write() as conn:
        await conn.execute(
            text("INSERT INTO users (login, name, role, created_at) VALUES ('anna', 'Anna', 'agent', 0)")
        )
        await fill(conn, count)
    spool = Spool(db)
    task = asyncio.create_task(spool.run())
    bare = await _Bare.open(folder / "trubka.db")
    dice = random.Random(1)
    try:
        result = await _compared(
            {
                "look-up": (lambda: _look_up(db, dice.randint(1, count)), lambda: bare.look_up(dice.randint(1, count))),
                "pop": (lambda: _pop(db, spool, dice.randint(1, count)), lambda: bare.pop(dice.randint(1, count))),
            }
        )
        for q in ("алхимов", "9350012", "ооо", "8-935-00", "маяк софт", "ал", ""):
            taken = [await _timed(lambda q=q: _search(db, q)) for _ in range(40)]
            result.append({"name": f"storage search {q!r}", **_summary(taken)})
        taken = [await _timed(lambda: _likely(db, dice.randint(1, count))) for _ in range(400)]
        result.append({"name": "storage likely duplicates", **_summary(taken)})
    finally:
        task.cancel()
        await bare.close()
        await db.close()
    return [*result, {"name": "storage resident MiB", "figure": _resident_mib()}]


class _Bare:
    """The same work without us."""

    def __init__(self, reader: aiosqlite.Connection, writer: aiosqlite.Connection) -> None:
        self._reader = reader
        self._writer = writer
        self._seq = 1_000_000

    @classmethod
    async def open(cls, path: Path) -> _Bare:
        reader = await aiosqlite.connect(path)
        writer = await aiosqlite.connect(path, isolation_level=None)
        await writer.execute("PRAGMA synchronous=FULL")
        return cls(reader, writer)

    async def look_up(self, index: int) -> None:
        found = await self._reader.execute(
            "SELECT c.* FROM client_phones p JOIN clients c ON c.id = p.client_id WHERE p.e164 = ?", (number_of(index),)
        )
        await found.fetchall()

    async def pop(self, index: int) -> None:
        await self.look_up(index)
        self._seq += 1
        await self._writer.execute(
            "INSERT INTO desktop_events (agent_id, seq, kind, payload, created_at) VALUES (1, ?, 'screen_pop', ?, 1)",
            (self._seq, PAYLOAD),
        )

    async def close(self) -> None:
        await self._reader.close()
        await self._writer.close()


_seqs = iter(range(1, 1_000_000))


async def _look_up(db: Database, index: int) -> None:
    number = read(number_of(index), NumberPlan())
    async with db.read() as conn:
        found = await lookup.by_number(conn, number.e164 or "", now=0.0)
    match(number, found, [], 1)


async def _pop(db: Database, spool: Spool, index: int) -> None:
    """What screen_pop asks of the storage: the look-up, and the event with its trace on the disk."""
    await _look_up(db, index)
    event = desktop_events.NewEvent(
        agent_id=1, seq=next(_seqs), kind="screen_pop", call_id="1.1", payload=PAYLOAD, created_at=1.0
    )

    async def write(conn: desktop_events.Connection) -> None:
        await desktop_events.append(conn, [event])
        await traces.add(conn, [traces.Step(call_id="1.1", at=1.0, step=step) for step in ("read", "matched", "sent")])

    assert await spool.put(write)


async def _likely(db: Database, index: int) -> None:
    """What a new card asks while it is written: here of one that is in the base already."""
    card = draft(index)
    asked = Candidate(
        id=0, name=card.name, full_name=card.full_name, phones=(number_of(index),), emails=card.emails, inn="7707083893"
    )
    async with db.read() as conn:
        (found,) = await duplicates.likely(conn, [asked])
    assert found


async def _search(db: Database, q: str) -> None:
    async with db.read() as conn:
        await clients.search(conn, q)


async def _compared(
    pairs: dict[str, tuple[Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]],
) -> list[dict[str, Any]]:
    """Ours and the bare work in turns, so that both have the same machine."""
    result = []
    for name, (ours, bare) in pairs.items():
        own, base = [], []
        for _ in range(ROUNDS):
            own.append(await _timed(ours))
            base.append(await _timed(bare))
        figure, baseline = _summary(own), _summary(base)
        ratio = round(figure["figure"] / baseline["figure"], 2)
        result.append({"name": f"storage {name}", **figure, "baseline": baseline["figure"], "ratio": ratio})
    return result


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


def _summary(taken: list[float]) -> dict[str, float]:
    taken = sorted(taken)
    return {"figure": round(taken[len(taken) // 2], 3), "p99": round(taken[int(len(taken) * 0.99)], 3)}


def _resident_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def main() -> None:
    """Print the figures as JSON lines."""
    with tempfile.TemporaryDirectory() as folder:
        for figure in asyncio.run(figures(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)):
            print(json.dumps(figure, ensure_ascii=False))


if __name__ == "__main__":
    main()
