"""One trip to SQLite's thread per statement, and what the stock driver needs: the reason for the module to be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cti.storage import one_hop
from cti.storage.database import Database


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
