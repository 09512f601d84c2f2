"""A year of calls in SQLite: counting them, the reports of a month and of a year, the calls behind a number.

The calls go straight into the tables, as nothing else is that fast. The database is kept for the next run;
`CTI_BENCH_DATABASE=FOLDER` names one to be measured as it is (or made there), whatever its schema was.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from cti.features.rollups import EVER, Rollups
from cti.reports.intervals import grain, intervals, period
from cti.reports.queue_sums import added
from cti.storage import agent_calls, agent_figures, number_figures, queue_calls, queue_figures, reach_figures
from cti.storage.database import Database, open_database
from tests.bench import SHORT, keep, report, shelf
from web.figures import MOST_ROWS

CLIENTS_SHARE = 25  # so many calls there are for each client; as many numbers again are nobody's
CALLS = int(os.environ.get("CTI_BENCH_CALLS", "2000" if SHORT else "10000000"))
QUEUES, PEOPLE = (5, 20) if SHORT else (50, 300)
ZONE = ZoneInfo("Europe/Moscow")
FIRST, LAST = date(2025, 1, 1), date(2025, 1, 31) if SHORT else date(2025, 12, 31)
MONTH = date(2025, 1, 1), date(2025, 1, 31)
ENDS = ("answered",) * 85 + ("abandoned",) * 11 + ("timeout", "leaveempty", "joinempty", "full")
AT_ONCE = 20_000


def main() -> None:
    asyncio.run(_measure())


async def _measure() -> None:
    db = await open_database(f"sqlite+aiosqlite:///{await _filled()}/trubka.db")
    rollups = Rollups(db=db, clock=time.time)
    gc.freeze()  # as the server does
    lag = asyncio.create_task(_lag())
    await _timed(f"what changed of {CALLS} calls is counted", rollups.fresh_queues(*EVER), "< 1")
    for name, days, limit in (("month", MONTH, "< 1"), ("year", (FIRST, LAST), "< 3")):
        for step in ("hour", "day"):
            await _timed(f"a {name} by {step}", _by_time(db, days, step), limit)
        await _timed(f"a {name} by queue", _by_queue(db, days), limit)
    for what, queue in (("entered", None), ("late", ["queue7"]), ("full", None), ("waits-120", ["queue7"])):
        name = f"the first 50 of a year's `{what}`" + (" of a queue" if queue else "")
        await _timed(name, _calls(db, what, queue), "< 300", ms=True)
    for name, days, limit in (("month", MONTH, "< 1"), ("year", (FIRST, LAST), "< 3")):
        await _timed(f"people of a {name}", _people(db, days), limit)
    for name, days, limit in (("month", MONTH, "< 1"), ("year", (FIRST, LAST), "< 3")):
        await _timed(f"numbers that were called in a {name}", _numbers(db, days), limit)
    await _timed("the first 50 of a year's `others` of a number", _number_calls(db), "< 300", ms=True)
    await _marked(db)
    await _timed("whom a thousand talks reached is found", rollups.fresh_reach(), "< 1")
    for name, days, limit in (("month", MONTH, "< 1"), ("year", (FIRST, LAST), "< 3")):
        await _timed(f"reach time of a {name}", _reached(db, days), limit)
    for what in ("talks", "again", "missed"):
        await _timed(f"the first 50 of a month's `{what}` of all people", _parts(db, what), "< 300", ms=True)
    await _timed("the first 50 of a month's calls in vain of a queue", _vain(db), "< 300", ms=True)
    lag.cancel()
    report("memory at most", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB", limit="< 300")
    await db.close()


async def _by_time(db: Database, days: tuple[date, date], step: Any) -> None:
    async with db.read(slow=True) as conn:
        parts = intervals(*days, step, ZONE)
        if len(parts) > MOST_ROWS:  # as a heat map reads it
            rows = [row for _, row in await queue_figures.by_time(conn, *period(*days, ZONE), None, grain(parts))]
        else:
            rows = await queue_figures.by_interval(conn, parts, None)
        assert (await asyncio.to_thread(added, rows)).difference == 0


async def _by_queue(db: Database, days: tuple[date, date]) -> None:
    async with db.read(slow=True) as conn:
        assert len(await queue_figures.by_queue(conn, *period(*days, ZONE), None)) == QUEUES


async def _calls(db: Database, what: str, queues: list[str] | None) -> None:
    async with db.read(slow=True) as conn:
        await queue_calls.stays(conn, what, *period(FIRST, LAST, ZONE), queues)


async def _people(db: Database, days: tuple[date, date]) -> None:
    async with db.read(slow=True) as conn:
        asked = *period(*days, ZONE), list(range(1, PEOPLE + 1))
        assert await agent_figures.by_person(conn, *asked)
        assert await agent_calls.helped(conn, *asked, time.time())


async def _parts(db: Database, what: str) -> None:
    async with db.read(slow=True) as conn:
        await agent_calls.parts(conn, what, *period(*MONTH, ZONE), list(range(1, PEOPLE + 1)))


async def _numbers(db: Database, days: tuple[date, date]) -> None:
    async with db.read(slow=True) as conn:
        asked = conn, *period(*days, ZONE), None
        assert await number_figures.by_number(*asked)
        assert await queue_figures.thresholds(*asked)


async def _number_calls(db: Database) -> None:
    async with db.read(slow=True) as conn:
        page = await number_figures.behind(conn, "others", *period(FIRST, LAST, ZONE), "+74950000003", None)
        assert page.total


async def _marked(db: Database) -> None:
    """As if the newest talks had just been."""
    async with db.write() as conn:
        await conn.execute(
            text(
                "INSERT INTO reach_marks (kind, at, client_id, number) SELECT 'talk', answered_at, client_id, number"
                " FROM calls WHERE answered_at IS NOT NULL ORDER BY started_at DESC LIMIT 1000"
            )
        )


async def _reached(db: Database, days: tuple[date, date]) -> None:
    async with db.read(slow=True) as conn:
        _, whole = await reach_figures.groups(conn, *period(*days, ZONE), None, "queue", 3600)
        assert whole.reached


async def _vain(db: Database) -> None:
    async with db.read(slow=True) as conn:
        asked: dict[str, Any] = {"by": "queue", "row": None, "step": None, "within_s": 3600, "start": 0, "limit": 50}
        await reach_figures.behind(conn, "reached", *period(*MONTH, ZONE), ["queue3"], **asked)


async def _timed(name: str, work: Awaitable[object], limit: str, *, ms: bool = False) -> None:
    """By the clock, and beside it what the processor took: the clock alone says little of a busy machine."""
    begun, used, scale, unit = time.perf_counter(), time.process_time(), 1000 if ms else 1, "ms" if ms else "s"
    await work
    report(name, (time.perf_counter() - begun) * scale, unit, limit=limit)
    report(f"{name}: processor", max(1e-3, time.process_time() - used) * scale, unit)


async def _lag() -> None:
    """The longest that the event loop was held."""
    longest, loop = 0.0, asyncio.get_running_loop()
    try:
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - before - 0.005)
    finally:
        report("the event loop was held at most", longest * 1000, "ms", limit="< 50")


async def _filled() -> Path:
    """The folder of the database, counted through to its end."""
    named = os.environ.get("CTI_BENCH_DATABASE")
    kept = Path(named) if named else shelf(f"reports-{CALLS}")
    if kept.exists():
        return kept
    making = Path(tempfile.mkdtemp(prefix="trubka-bench-", dir=kept.parent))
    url = f"sqlite+aiosqlite:///{making}/trubka.db"
    await (await open_database(url)).close()
    await asyncio.to_thread(_fill, making / "trubka.db")
    db = await open_database(url)
    rollups, begun = Rollups(db=db, clock=time.time), time.perf_counter()
    while (await rollups.fresh_queues(*EVER)).left or (await rollups.fresh_agents(*EVER)).left:
        pass
    while (await rollups.fresh_reach()).left:
        pass
    report(f"{CALLS} calls that were there before are counted", time.perf_counter() - begun, "s")
    await db.close()
    return await asyncio.to_thread(keep, making, kept)


def _fill(file: Path) -> None:
    """Without triggers and keys, which come back at the end, and marked by days as the migration does it."""
    conn = sqlite3.connect(file, isolation_level=None)
    conn.execute("PRAGMA synchronous=OFF")
    later = conn.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN ('calls', 'call_waits', 'legs')"
        " AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type"
    ).fetchall()
    for kind, name, _ in later:
        conn.execute(f"DROP {kind} {name}")
    people = [(n, f"agent{n}") for n in range(1, PEOPLE + 1)]
    conn.executemany("INSERT INTO users (id, login, name, role, created_at) VALUES (?, ?, '', 'agent', 0)", people)
    known = [(n, _number(n), f"Client {n}") for n in range(1, CALLS // CLIENTS_SHARE + 1)]
    conn.execute("BEGIN")
    conn.executemany(
        "INSERT INTO clients (id, name, name_folded, search, created_at, updated_at) VALUES (?, ?, '', '', 0, 0)",
        [(id_, name) for id_, _, name in known],
    )
    conn.executemany(
        "INSERT INTO client_phones (client_id, e164, typed) VALUES (?, ?, ?)",
        [(id_, number, number) for id_, number, _ in known],
    )
    conn.execute("COMMIT")
    rows = _rows(random.Random(7))
    for _ in range(0, CALLS, AT_ONCE):
        some = [row for row, _ in zip(rows, range(AT_ONCE), strict=False)]
        conn.execute("BEGIN")
        conn.executemany(
            "INSERT INTO calls (id, direction, queue, started_at, answered_at, ended_at, outcome, number, user_id,"
            " called, client_id) VALUES (?, 'inbound', ?, ?, ?, ?, ?, ?, ?, ?, ?)", [one[0] for one in some],
        )  # fmt: skip
        conn.executemany(
            "INSERT INTO call_waits (call_id, place, queue, joined_at, left_at, how) VALUES (?, 0, ?, ?, ?, ?)",
            [one[1] for one in some],
        )
        conn.executemany(
            "INSERT INTO legs (call_id, leg_id, leg, device, user_id, rang_at, answered_at, ended_at, result, talk_s,"
            " hold_s) VALUES (?, '1', 'PJSIP/1', 'PJSIP/1', ?, ?, ?, ?, 'talked', ?, 0)",
            [one[2] for one in some if one[2]],
        )
        conn.execute("COMMIT")
    conn.execute(
        "UPDATE calls SET next_at = f.next_at FROM (SELECT id, LEAD(started_at) OVER (PARTITION BY client_id"
        " ORDER BY started_at, id) AS next_at FROM calls WHERE client_id IS NOT NULL) f"
        " WHERE f.id = calls.id AND f.next_at IS NOT NULL"
    )
    for *_, made in later:
        conn.execute(made)
    conn.execute(
        "INSERT INTO number_days (at, queue, called, kind, n) SELECT CAST(started_at / 86400 AS INTEGER) * 86400,"
        " queue, called, CASE WHEN outcome IN ('answered', 'abandoned') THEN outcome ELSE 'others' END, COUNT(*)"
        " FROM calls GROUP BY 1, 2, 3, 4"
    )
    conn.execute(
        "INSERT INTO reach_marks (kind, at, client_id, number) SELECT DISTINCT 'all', 0, client_id,"
        " CASE WHEN client_id IS NULL THEN number END FROM calls"
    )
    conn.execute(
        "INSERT INTO queue_marks (queue, since, until) SELECT queue, day * 86400, day * 86400 + 86399 FROM (SELECT"
        " queue, CAST(joined_at / 86400 AS INTEGER) AS day FROM call_waits GROUP BY 1, 2) ORDER BY day"
    )
    conn.execute(
        "INSERT INTO agent_marks (user_id, since, until) SELECT user_id, day * 86400, day * 86400 + 86399 FROM (SELECT"
        " user_id, CAST(answered_at / 86400 AS INTEGER) AS day FROM legs GROUP BY 1, 2) ORDER BY day"
    )
    conn.close()


def _number(of: int) -> str:
    return f"+7935{of % 10_000_000:07}"


def _rows(dice: random.Random) -> Iterator[tuple[Any, Any, Any]]:
    """Calls from eight to eight, one after another through the year, more than fit a queue now and then."""
    since, until = period(FIRST, LAST, ZONE)
    days = (until - since) // 86_400
    for number in range(CALLS):
        day, rest = divmod(number * days, CALLS)
        at = since + day * 86_400 + 8 * 3600 + rest / CALLS * 12 * 3600
        queue, how, user = f"queue{dice.randrange(QUEUES)}", ENDS[dice.randrange(100)], 1 + dice.randrange(PEOPLE)
        wait, talk = dice.expovariate(1 / 18), dice.expovariate(1 / 150)
        talked = how == "answered"
        left = at + wait
        ended = left + talk if talked else left
        call, caller = f"c{number}", dice.randrange(1, 2 * max(1, CALLS // CLIENTS_SHARE) + 1)
        client = caller if caller <= CALLS // CLIENTS_SHARE else None
        called = f"+7495000{2 * int(queue[5:]) + dice.randrange(2):04}"
        yield (
            (call, queue, at, left if talked else None, ended, how, _number(caller), user, called, client),
            (call, queue, at, left, how),
            (call, user, at + 1, left, ended, talk) if talked else None,
        )
