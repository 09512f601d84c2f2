"""The access journal at a million lines: who saw and took out records of a period, whether the journal is whole."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from cti.access import Person
from cti.clients.seen import told
from cti.features.access_review import AccessReview
from cti.jobs import Jobs
from cti.storage import access_log
from cti.storage.access_log import Asked, Line
from cti.storage.database import Database, open_database
from tests.bench import SHORT, keep, report, shelf

LINES = 5_000 if SHORT else 1_000_000
CLIENTS = 2_000 if SHORT else 200_000
PEOPLE = 100
AT_ONCE = 5_000
BEGUN, YEAR_S = 1_763_000_000.0, 365 * 86_400.0
PAVEL = Person(id=1, login="pavel", name="Pavel", role="admin")
HEADINGS = {"lines": [str(n) for n in range(10)], "clients": [str(n) for n in range(5)]}


def main() -> None:
    asyncio.run(_measure())


async def _measure() -> None:
    url = f"sqlite+aiosqlite:///{await _filled()}/trubka.db"
    db = await open_database(url)
    zone = "Europe/Moscow"
    jobs = Jobs({"url": url, "busy_timeout_ms": 5_000, "zone": zone})
    review = AccessReview(jobs=jobs, zone=ZoneInfo(zone), clock=time.time)
    year = Asked(since=BEGUN, until=BEGUN + YEAR_S + 1)
    month = Asked(since=BEGUN + YEAR_S / 2, until=BEGUN + YEAR_S / 2 + 30 * 86_400)
    with tempfile.TemporaryDirectory() as folder:
        for name, asked in (("of a year", year), ("of a month", month)):
            await _timed(f"who saw and took out whom, {name} of {LINES} lines", review.review(PAVEL, asked))
        for of in ("clients", "lines"):
            file = Path(folder, f"{of}.csv")
            work = review.write(PAVEL, year, file, of=of, headings=HEADINGS[of], words={})
            await _timed(f"the {of} as a file", work)
        await _timed("the journal is whole", review.check(PAVEL))
    async with db.read() as conn:
        await _timed("its page", access_log.newest(conn, Asked()), limit="")
        one = Asked(clients=(CLIENTS // 3,))
        await _timed("its page, lines that name a client", access_log.newest(conn, one), limit="")
    await db.close()


async def _timed(name: str, work: Awaitable[object], limit: str = "< 300") -> None:
    begun = time.perf_counter()
    await work
    report(name, time.perf_counter() - begun, "s", limit=limit)


async def _filled() -> Path:
    kept = shelf(f"journal-{LINES}")
    if kept.exists():
        return kept
    making = Path(tempfile.mkdtemp(prefix="trubka-bench-"))
    db = await open_database(f"sqlite+aiosqlite:///{making}/trubka.db")
    lines = _lines(random.Random(7))
    for _ in range(0, LINES, AT_ONCE):
        await _append(db, [next(lines) for _ in range(AT_ONCE)])
    await db.close()
    return await asyncio.to_thread(keep, making, kept)


async def _append(db: Database, lines: list[Line]) -> None:
    async with db.write() as conn:
        await access_log.append(conn, lines)


def _lines(rng: random.Random) -> Iterator[Line]:
    """A year of work: cards looked at, pages of lists, searches, now and then a file."""
    for number in range(LINES):
        first = rng.randrange(1, CLIENTS)
        kind = rng.choices(("card", "page", "search", "file"), (70, 20, 9.9, 0.1))[0]
        width = {"card": 1, "page": 100, "search": 8, "file": 5_000}[kind]
        ids = [first] if width == 1 else [1 + (first + n * 7) % CLIENTS for n in range(width)]
        who = rng.randrange(1, PEOPLE)
        yield Line(
            at=BEGUN + YEAR_S * number / LINES,
            user_id=who,
            login=f"agent{who}",
            action={"search": "search", "file": "export"}.get(kind, "view"),  # type: ignore[arg-type]
            thing=f"client:{first}" if kind == "card" else "clients",
            count=len(ids),
            clients=told(ids),
            address="10.0.0.7",
        )
