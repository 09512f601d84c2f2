"""One trip to SQLite's thread per statement, and what the stock driver needs: the reason for the module to be there."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cti.storage import one_hop
from cti.storage.database import Database
from cti.storage.one_hop import in_one_trip


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every trip that any connection makes to its thread: the library is counted, not replaced."""
    made: list[str] = []
    travel = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, fn: Any, *args: Any, **options: Any) -> Any:
        made.append(getattr(fn, "__name__", "?"))
        return await travel(self, fn, *args, **options)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return made


async def _read(conn: AsyncConnection) -> int:
    return len((await conn.execute(text("SELECT id, name FROM users WHERE id > :id"), {"id": 0})).all())


async def test_a_query_is_one_trip(file_db: Database, trips: list[str]) -> None:
    async with file_db.read() as conn:
        await _read(conn)
    trips.clear()
    async with file_db.read() as conn:
        assert await _read(conn) == 3
    assert len(trips) == 1


async def test_a_write_is_one_trip_a_statement_and_one_to_commit(file_db: Database, trips: list[str]) -> None:
    trips.clear()
    async with file_db.write() as conn:
        await conn.execute(text("INSERT INTO teams (name) VALUES (:name)"), [{"name": "a"}, {"name": "b"}])
        result = await conn.execute(text("INSERT INTO teams (name) VALUES ('c')"))
        assert result.rowcount == 1
    assert len(trips) == 3
    trips.clear()
    async with file_db.write():
        pass
    assert trips == [], "nothing was written, so there is nothing to commit"


async def _two_teams(conn: AsyncConnection, second: str) -> int:
    await conn.execute(text("INSERT INTO teams (name) VALUES ('first')"))
    await conn.execute(text("INSERT INTO teams (name) VALUES (:name)"), {"name": second})
    return len((await conn.execute(text("SELECT id FROM teams WHERE name = 'first'"))).all())


async def test_work_in_one_trip_is_committed_on_it(file_db: Database, trips: list[str]) -> None:
    trips.clear()
    async with file_db.write() as conn:
        assert await in_one_trip(conn, lambda: _two_teams(conn, "second")) == 1
        assert len(trips) == 1
        async with file_db.read() as other:
            assert await _count(other) == 2
        trips.clear()
    assert trips == [], "nothing is left to be committed"


async def test_work_that_is_not_the_end_of_it_is_committed_with_the_rest(db: Database) -> None:
    async def half() -> None:
        async with db.write() as conn:
            await in_one_trip(conn, lambda: _two_teams(conn, "second"), ends=lambda found: found != 1)
            raise KeyError

    with pytest.raises(KeyError):
        await half()
    async with db.write() as conn:
        await in_one_trip(conn, lambda: _two_teams(conn, "second"), ends=lambda found: found != 1)
        await conn.execute(text("INSERT INTO teams (name) VALUES ('third')"))
    async with db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM teams WHERE name IN ('first', 'third')"))).scalar() == 2


async def test_nothing_of_work_that_fails_or_waits_is_kept(file_db: Database) -> None:
    async def waits(conn: AsyncConnection) -> int:
        await _two_teams(conn, "second")
        await asyncio.sleep(0)
        return 0

    with pytest.raises(IntegrityError):
        async with file_db.write() as conn:
            await in_one_trip(conn, lambda: _two_teams(conn, "Sales"))
    with pytest.raises(RuntimeError, match="waited for something else"):
        async with file_db.write() as conn:
            await in_one_trip(conn, lambda: waits(conn))
    async with file_db.read() as conn:
        assert await in_one_trip(conn, lambda: _count(conn)) == 0
    await _add(file_db, "next")  # the writer is in order after each of them


async def test_who_is_called_off_lets_go_of_the_writer_when_his_work_is_done(file_db: Database) -> None:
    begun, go = threading.Event(), threading.Event()

    async def work(conn: AsyncConnection) -> None:
        begun.set()
        go.wait(5)
        await _two_teams(conn, "second")

    async def write() -> None:
        async with file_db.write() as conn:
            await in_one_trip(conn, lambda: work(conn))

    task = asyncio.create_task(write())
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    next_one = asyncio.create_task(_add(file_db, "next"))
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    await next_one
    assert task.cancelled()
    async with file_db.read() as conn:
        assert await _count(conn) == 3


async def _add(db: Database, name: str) -> None:
    async with db.write() as conn:
        await conn.execute(text("INSERT INTO teams (name) VALUES (:name)"), {"name": name})


async def _count(conn: AsyncConnection) -> int:
    rows = await conn.execute(text("SELECT id FROM teams WHERE name IN ('first', 'second', 'next')"))
    return len(rows.all())


async def test_errors_come_back_as_they_are_and_the_transaction_with_them(file_db: Database) -> None:
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed"):
        async with file_db.write() as conn:
            await conn.execute(text("INSERT INTO teams (name) VALUES ('Sales')"))
    async with file_db.write() as conn:
        await conn.execute(text("INSERT INTO teams (name) VALUES ('next')"))


@pytest.mark.parametrize(("driver", "fewest"), [("sqlite+aiosqlite", 4), (one_hop.DRIVER, 1)])
async def test_the_stock_driver_still_needs_more(tmp_path: Path, trips: list[str], driver: str, fewest: int) -> None:
    """Fails when the library has learned it: then this module goes."""
    engine: AsyncEngine = create_async_engine(f"{driver}:///{tmp_path / 'x.db'}", isolation_level="AUTOCOMMIT")
    async with engine.connect() as conn:
        await conn.execute(text("SELECT 1"))
        trips.clear()
        await conn.execute(text("SELECT 1"))
        made = len(trips)
    await engine.dispose()
    assert made >= fewest
    assert driver != one_hop.DRIVER or made == 1
