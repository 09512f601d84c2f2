"""Opening, writing, copying and closing a database; what happens when it is damaged, in use or blind (F-10, F-11)."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cti.errors import StorageError
from cti.storage import database, sqlite
from cti.storage.database import Database, open_database
from tests.made import address
from tests.storage.postgres import Cluster


async def _value(db: Database, statement: str) -> object:
    async with db.read() as conn:
        return (await conn.execute(text(statement))).scalar()


async def _add_team(db: Database, name: str) -> None:
    async with db.write() as conn:
        await conn.execute(text("INSERT INTO teams (name) VALUES (:name)"), {"name": name})


async def _count(db: Database, name: str) -> int:
    async with db.read() as conn:
        found = await conn.execute(text("SELECT count(*) FROM teams WHERE name = :name"), {"name": name})
        return int(found.scalar_one())


async def test_sqlite_is_opened_right(tmp_path: Path) -> None:
    db = await open_database(address(tmp_path / "made" / "here"))
    path = tmp_path / "made" / "here" / "trubka.db"
    assert await _value(db, "PRAGMA journal_mode") == "wal"
    assert await _value(db, "PRAGMA foreign_keys") == 1
    async with db.write() as conn:
        assert (await conn.execute(text("PRAGMA synchronous"))).scalar() == 2
        assert (await conn.execute(text("PRAGMA foreign_keys"))).scalar() == 1
        assert (await conn.execute(text("PRAGMA busy_timeout"))).scalar() == 5000
    await db.close()
    assert [file.name for file in path.parent.iterdir()] == ["trubka.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_readers_cannot_write(db: Database) -> None:
    with pytest.raises((DBAPIError, StorageError)):
        async with db.read() as conn:
            await conn.execute(text("DELETE FROM users"))
    assert await _value(db, "SELECT count(*) FROM users") == 3


async def test_a_failed_block_leaves_nothing_behind(db: Database) -> None:
    async def fail() -> None:
        async with db.write() as conn:
            await conn.execute(text("INSERT INTO teams (name) VALUES ('half')"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await _count(db, "half") == 0
    await _add_team(db, "whole")
    assert await _count(db, "whole") == 1


async def test_F_10_ten_thousand_mixed_transactions_never_mix(file_db: Database) -> None:
    """F-10: a rolled back row must never be committed by somebody else's transaction."""
    async with file_db.write() as conn:
        await conn.execute(text("CREATE TABLE mixed (id INTEGER PRIMARY KEY, kept INTEGER NOT NULL)"))
    dice = random.Random(7)
    plan = [[dice.random() < 0.5 for _ in range(500)] for _ in range(20)]

    async def worker(number: int, fates: list[bool]) -> None:
        for turn, kept in enumerate(fates):
            try:
                async with file_db.write() as conn:
                    row = {"id": number * 1000 + turn, "kept": kept}
                    await conn.execute(text("INSERT INTO mixed (id, kept) VALUES (:id, :kept)"), row)
                    await asyncio.sleep(0)
                    if not kept:
                        raise LookupError
            except LookupError:
                continue

    async with asyncio.TaskGroup() as group:
        for number, fates in enumerate(plan):
            group.create_task(worker(number, fates))
    assert await _value(file_db, "SELECT count(*) FROM mixed WHERE kept = 0") == 0
    assert await _value(file_db, "SELECT count(*) FROM mixed") == sum(map(sum, plan))


async def test_a_writer_cut_off_in_the_middle_leaves_the_next_one_working(db: Database) -> None:
    for turn in range(20):
        started = asyncio.Event()

        async def cut(name: str = f"cut-{turn}", started: asyncio.Event = started) -> None:
            async with db.write() as conn:
                await conn.execute(text("INSERT INTO teams (name) VALUES (:name)"), {"name": name})
                started.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(cut())
        async with asyncio.timeout(10):
            await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _add_team(db, f"next-{turn}")
        assert await _count(db, f"cut-{turn}") == 0
        assert await _count(db, f"next-{turn}") == 1


async def test_a_writer_cut_off_within_a_statement_leaves_the_next_one_working(file_db: Database) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"

    async def cut() -> None:
        async with file_db.write() as conn:
            await conn.execute(text("INSERT INTO teams (name) VALUES ('cut')"))
            await conn.execute(text(slow))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cut(), 0.05)
    await _add_team(file_db, "next")
    assert await _count(file_db, "cut") == 0
    assert await _count(file_db, "next") == 1


async def test_who_is_urgent_waits_for_one_writer_only(file_db: Database) -> None:
    order: list[str] = []
    go, begun = asyncio.Event(), asyncio.Event()

    async def write(name: str, *, urgent: bool = False) -> None:
        async with file_db.write(urgent=urgent):
            order.append(name)
            begun.set()
            if name == "first":
                await go.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(write("first"))
        await begun.wait()
        for name in ("second", "third"):
            group.create_task(write(name))
        urgent = group.create_task(write("card", urgent=True))
        late = group.create_task(write("given up", urgent=True))
        for _ in range(3):
            await asyncio.sleep(0)
        late.cancel()
        go.set()
        await urgent
    assert order == ["first", "card", "second", "third"]


async def test_readers_go_on_while_one_writes(file_db: Database) -> None:
    async with file_db.write() as conn:
        await conn.execute(text("INSERT INTO teams (name) VALUES ('new')"))
        assert await _count(file_db, "new") == 0
    assert await _count(file_db, "new") == 1


async def test_F_09_a_query_without_end_is_ended_and_the_log_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    monkeypatch.setattr(database, "READ_S", 0.5)
    db = await open_database(address(tmp_path))
    began = time.monotonic()
    with pytest.raises(StorageError, match="longer than"):
        async with db.read() as conn:
            await conn.execute(endless)
    assert time.monotonic() - began < 5
    assert await _value(db, "SELECT 1") == 1  # the same connection works on
    for number in range(2000):
        await _add_team(db, f"team {number}" * 5)
    assert 0 < db.log_bytes < 200 * 2**20
    await db.close()


async def test_a_locked_database_is_said_so_within_the_time_out(tmp_path: Path) -> None:
    db = await open_database(address(tmp_path), busy_timeout_ms=100)
    other = sqlite3.connect(tmp_path / "trubka.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(*(_add_team(db, str(n)) for n in range(5)), return_exceptions=True)
    other.execute("COMMIT")
    other.close()
    assert all(isinstance(outcome, StorageError) and "holds the database" in str(outcome) for outcome in outcomes)
    await _add_team(db, "after")
    assert await _count(db, "after") == 1
    await db.close()


async def test_messages_never_hold_what_was_written(db: Database) -> None:
    with pytest.raises(DBAPIError) as failure:
        async with db.write() as conn:
            await conn.execute(text("INSERT INTO teams (id, name) VALUES (1, :name)"), {"name": "+79355550101"})
    assert "9355550101" not in str(failure.value)


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "gone", "text"])
async def test_F_11_a_damaged_file_is_named_and_never_made_anew(tmp_path: Path, damage: str) -> None:
    """F-11."""
    path = tmp_path / "trubka.db"
    db = await open_database(address(tmp_path))
    await db.backup(tmp_path / "copy.db")
    await db.close()
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        noise = whole[:100] + b"\xa5" * (len(whole) - 100)
        path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "noise": noise, "text": b"hello" * 99}[damage])
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StorageError) as failure:
        await open_database(address(tmp_path))
    assert "trubka.db" in str(failure.value)
    assert f"cti db restore {tmp_path / 'copy.db'}" in str(failure.value)
    assert (path.read_bytes() if path.exists() else None) == before
    await database.restore(address(tmp_path), tmp_path / "copy.db")
    db = await open_database(address(tmp_path))
    await db.close()


async def test_a_copy_made_while_the_server_writes_is_whole(file_db: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "trubka.db"
    stop = asyncio.Event()

    async def keep_writing() -> int:
        count = 0
        while not stop.is_set():
            await _add_team(file_db, f"busy-{count}")
            count += 1
        return count

    task = asyncio.create_task(keep_writing())
    await file_db.backup(copy)
    stop.set()
    assert await task > 0
    sqlite.check_copy(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in copy.parent.iterdir()] == ["trubka.db"]


async def test_a_copy_is_put_back_and_the_one_before_kept(tmp_path: Path) -> None:
    url, copy = address(tmp_path / "live"), tmp_path / "copy.db"
    db = await open_database(url)
    await _add_team(db, "before")
    await db.backup(copy)
    await _add_team(db, "after")
    with pytest.raises(StorageError, match="Stop the server first"):
        await database.restore(url, copy)
    assert await _count(db, "after") == 1
    await db.close()
    kept = await database.restore(url, copy)
    db = await open_database(url)
    assert (await _count(db, "before"), await _count(db, "after")) == (1, 0)
    await db.close()
    assert kept is not None
    with sqlite3.connect(kept) as old:
        assert old.execute("SELECT count(*) FROM teams").fetchone() == (2,)
    old.close()


async def test_a_copy_that_is_damaged_newer_or_another_program_s_is_not_put_back(tmp_path: Path) -> None:
    url = address(tmp_path)
    db = await open_database(url)
    await db.backup(tmp_path / "good.db")
    await db.close()
    cut, newer, other = tmp_path / "cut.db", tmp_path / "newer.db", tmp_path / "other.db"
    cut.write_bytes((tmp_path / "good.db").read_bytes()[:9000])
    shutil.copy(tmp_path / "good.db", newer)
    breaks = "UPDATE alembic_version SET version_num = '9999'; UPDATE schema_floor SET version = 9999"
    for path, statement in ((newer, breaks), (other, "CREATE TABLE a (b)")):
        with sqlite3.connect(path) as conn:
            conn.executescript(statement)
        conn.close()
    before = (tmp_path / "trubka.db").read_bytes()
    for bad in (cut, newer, other):
        with pytest.raises(StorageError):
            await database.restore(url, bad)
    assert (tmp_path / "trubka.db").read_bytes() == before


async def test_a_copy_that_cannot_be_written_says_so(file_db: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not be written"):
        await file_db.backup(tmp_path / "file" / "copy.db")


@pytest.mark.parametrize(
    "url", ["", "trubka.db", "mysql://h/db", "sqlite:///x.db", "sqlite+aiosqlite://", "postgresql+asyncpg://host", "::"]
)
async def test_a_wrong_address_is_refused_with_the_right_form(url: str) -> None:
    with pytest.raises(StorageError, match=r"sqlite\+aiosqlite:////path"):
        await open_database(url)


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        await open_database(address(tmp_path / "file"))


async def test_postgresql_in_locale_c_is_refused(cluster: Cluster) -> None:
    """FACTS of its search: there neither lower() nor trigrams know Cyrillic."""
    for options in (("--locale=C", "--encoding=UTF8"), ("--locale=C", "--encoding=SQL_ASCII")):
        with pytest.raises(StorageError, match="createdb --template=template0"):
            await open_database(cluster.create("--template=template0", *options))


async def test_an_absent_postgresql_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be reached"):
        await open_database(f"postgresql+asyncpg://trubka@/none?host={tmp_path}")


async def test_postgresql_is_copied_by_its_own_tools(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.create()
    db = await open_database(url)
    with pytest.raises(StorageError, match="pg_dump"):
        await db.backup(tmp_path / "copy")
    await db.close()
    with pytest.raises(StorageError, match="pg_restore"):
        await database.restore(url, tmp_path / "copy")


def test_a_process_ends_even_when_nobody_closed_the_database(tmp_path: Path) -> None:
    """The driver's threads must not keep it: aiosqlite 0.22 did."""
    program = (
        "import asyncio, warnings; warnings.simplefilter('ignore')\n"
        "from cti.storage.database import open_database\n"
        "async def main():\n"
        f"    db = await open_database({address(tmp_path)!r})\n"
        "    async with db.read() as conn, db.write() as other:\n"
        "        raise SystemExit(7)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=20, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr


def test_opening_a_finished_database_does_not_load_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from cti.storage.database import open_database\n"
        "async def main():\n"
        f"    db = await open_database({address(tmp_path)!r})\n"
        "    await db.close()\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules)\n"
    )
    for expected in ("True", "False"):
        done = subprocess.run([sys.executable, "-c", program], timeout=20, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected
