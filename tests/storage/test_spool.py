"""The spool while the database is locked or full: nothing lost, order kept, on the disk when it can be (F-07, F-08)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.database import Database, open_database
from cti.storage.spool import Spool
from tests.made import address

DEADLINE_S = 30.0


def numbered(number: int, filler: str = "") -> Callable[[AsyncConnection], Awaitable[None]]:
    """A write whose place in the order can be seen: it takes the next id."""

    async def write(conn: AsyncConnection) -> None:
        await conn.execute(
            text("INSERT INTO trace (call_id, at, step, args) VALUES ('spool', :number, 'n', :filler)"),
            {"number": float(number), "filler": filler},
        )

    return write


async def written(db: Database) -> list[int]:
    """The numbers on the disk, in the order of their writing."""
    async with db.read() as conn:
        rows = await conn.execute(text("SELECT at FROM trace ORDER BY id"))
        return [int(at) for at in rows.scalars()]


@asynccontextmanager
async def running(db: Database, limit: int = 10_000) -> AsyncIterator[Spool]:
    spool = Spool(db, limit)
    task = asyncio.create_task(spool.run(), name="spool")
    try:
        yield spool
    finally:
        task.cancel()
        await asyncio.wait({task})


@contextmanager
def locked_by_another_process(path: Path, hold_s: float) -> Iterator[None]:
    """BEGIN IMMEDIATE in a process of its own, for that long."""
    program = (
        "import sqlite3, sys, time\n"
        f"conn = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "conn.execute('BEGIN IMMEDIATE')\n"
        "print('locked', flush=True)\n"
        f"time.sleep({hold_s})\n"
        "conn.execute('COMMIT')\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "locked"
        yield


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        await asyncio.sleep(0.01)


async def test_writes_are_on_the_disk_in_order(db: Database) -> None:
    async with running(db) as spool:
        done = [spool.put(numbered(number)) for number in range(1000)]
        assert spool.pending == 1000
        assert await asyncio.gather(*done) == [True] * 1000
        assert await spool.flush(1.0)
    assert await written(db) == list(range(1000))
    assert (spool.state, spool.pending, spool.parked, spool.refused) == ("ok", 0, 0, 0)


async def test_a_write_that_cannot_succeed_is_put_aside_alone(db: Database) -> None:
    async def wrong(conn: AsyncConnection) -> None:
        await numbered(-1)(conn)
        await conn.execute(text("INSERT INTO teams (id, name) VALUES (1, 'taken')"))

    async def bug(_conn: AsyncConnection) -> None:
        raise KeyError("a bug of ours")

    async with running(db) as spool:
        done = [spool.put(w) for w in (numbered(1), wrong, numbered(2), bug, numbered(3))]
        assert await asyncio.gather(*done) == [True, False, True, False, True]
    assert await written(db) == [1, 2, 3]
    assert spool.parked == 2
    assert spool.state == "ok"


async def test_too_many_are_refused_and_counted(file_db: Database) -> None:
    spool = Spool(file_db, 3)  # nobody writes: it fills
    done = [spool.put(numbered(number)) for number in range(5)]
    assert [future.done() for future in done] == [False, False, False, True, True]
    assert [future.result() for future in done[3:]] == [False, False]
    assert (spool.pending, spool.refused) == (3, 2)
    assert not await spool.flush(0.01)
    task = asyncio.create_task(spool.run())
    assert await spool.flush(DEADLINE_S)
    task.cancel()
    await asyncio.wait({task})
    assert await written(file_db) == [0, 1, 2]


async def test_F_07_locked_for_three_seconds_nothing_fails(file_db: Database, tmp_path: Path) -> None:
    """F-07, the short lock: the writer waits inside its time-out, nobody hears of it."""
    async with running(file_db) as spool:
        with locked_by_another_process(tmp_path / "trubka.db", 3.0):
            done = [spool.put(numbered(number)) for number in range(100)]
            await asyncio.sleep(0)
            assert not any(one.done() for one in done), "putting must not wait"
            assert await asyncio.gather(*done) == [True] * 100
        assert spool.state == "ok"
    assert await written(file_db) == list(range(100))


async def test_F_07_locked_for_longer_all_is_written_later_in_order(tmp_path: Path) -> None:
    """F-07, the long lock, in small: the time-out is short so that the lock outlasts it many times."""
    db = await open_database(address(tmp_path), busy_timeout_ms=100)
    changes: list[str] = []
    async with running(db) as spool:
        spool.on_change = lambda: changes.append(spool.state)
        with locked_by_another_process(tmp_path / "trubka.db", 3.0):
            done = [spool.put(numbered(number)) for number in range(300)]
            await until(lambda: spool.state == "late")
            assert spool.since is not None
            assert "holds the database" in spool.advice
            done += [spool.put(numbered(number)) for number in range(300, 600)]
            assert spool.pending == 600
            turns = []
            while spool.state == "late":
                begun = time.monotonic()
                await asyncio.sleep(0.01)
                turns.append(time.monotonic() - begun)
        assert await asyncio.gather(*done) == [True] * 600
        assert sorted(turns)[len(turns) * 9 // 10] < 0.5, "the loop must go on while the database is locked"
    assert await written(db) == list(range(600))
    assert changes == ["late", "ok"]
    assert spool.since is None
    await db.close()


async def test_F_08_a_full_disk_loses_nothing(file_db: Database) -> None:
    """F-08: reads go on, writes wait, all are written within 30 s of there being space again."""
    async with file_db.write() as conn:
        pages = (await conn.execute(text("PRAGMA page_count"))).scalar_one()
        await conn.execute(text(f"PRAGMA max_page_count = {int(pages) + 8}"))
    async with running(file_db) as spool:
        done = [spool.put(numbered(number, "x" * 1000)) for number in range(500)]
        await until(lambda: spool.state == "late")
        assert "disk is full" in spool.advice
        assert spool.pending == 500
        done += [spool.put(numbered(number, "x" * 1000)) for number in range(500, 1000)]
        assert await written(file_db) == []
        async with file_db.write() as conn:
            await conn.execute(text("PRAGMA max_page_count = 1000000"))
        assert await spool.flush(30.0)
        assert await asyncio.gather(*done) == [True] * 1000
        await until(lambda: spool.state == "ok")
    assert await written(file_db) == list(range(1000))


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of its own needs root")
async def test_F_08_a_disk_that_is_full_at_the_end_of_a_write_loses_nothing(tmp_path: Path) -> None:
    """A real one: there SQLite fails when it commits, not at a statement."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=True)  # noqa: ASYNC221
    try:
        db = await open_database(address(disk))
        async with running(db) as spool:
            with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
            done = [spool.put(numbered(number, "x" * 1000)) for number in range(500)]
            await until(lambda: spool.state == "late")
            assert "disk is full" in spool.advice
            (disk / "filler").unlink()
            assert await spool.flush(30.0)
            assert await asyncio.gather(*done) == [True] * 500
            assert spool.parked == 0
        assert await written(db) == list(range(500))
        await db.close()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: ASYNC221


async def test_people_s_own_writes_get_their_turn_beside_a_busy_spool(file_db: Database) -> None:
    async with running(file_db) as spool:
        for number in range(5000):
            spool.put(numbered(number))
        async with asyncio.timeout(5), file_db.write() as conn:
            await conn.execute(text("INSERT INTO teams (name) VALUES ('mine')"))
        assert await spool.flush(DEADLINE_S)


async def test_a_spool_stopped_in_the_middle_goes_on_where_it_was(file_db: Database) -> None:
    spool = Spool(file_db)
    for number in range(1000):
        spool.put(numbered(number))
    for _ in range(5):
        task = asyncio.create_task(spool.run())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
    task = asyncio.create_task(spool.run())
    assert await spool.flush(DEADLINE_S)
    task.cancel()
    await asyncio.wait({task})
    numbers = await written(file_db)
    assert list(dict.fromkeys(numbers)) == list(range(1000)), "in order and none lost; a cut commit may be repeated"
