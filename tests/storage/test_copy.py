"""A base goes to the other engine and back; a target that holds something is left alone; a killed copy is none."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from cti.cli.demo import fill
from cti.clients.card import ClientDraft
from cti.errors import StorageError
from cti.settings import Settings
from cti.storage import clients, copy
from cti.storage.clients import search
from cti.storage.database import Database, open_database
from cti.storage.tables import calls, metadata
from tests.bench.million import filled
from tests.made import address


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Database]:
    """An empty database, of each engine in turn."""
    db = await open_database(url)
    yield db
    await db.close()


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Database]:
    """The sample base with a call, embedded."""
    settings = Settings(data=tmp_path / "sample")
    await fill(settings, "correct-horse-battery")
    db = await open_database(settings.database_url)
    async with db.write() as conn:
        await conn.execute(insert(calls).values(id="c-1", started_at=1.5, client_id=1, caller_name="Пётр\u2028"))
    yield db
    await db.close()


async def test_a_base_goes_to_the_other_engine_and_back(sample: Database, empty: Database, tmp_path: Path) -> None:
    there = await copy.copy(sample, empty, lambda _table, _rows: None)
    assert set(there) == {table.name for table in metadata.sorted_tables}
    assert (there["clients"], there["contacts"], there["calls"]) == (10, 3, 1)
    back = await open_database(f"sqlite+aiosqlite:///{tmp_path / 'back.db'}")
    assert await copy.copy(empty, back, lambda _table, _rows: None) == there
    async with sample.read() as conn:
        card = await clients.get(conn, 1)
    for base in (empty, back):
        async with base.read() as conn:
            assert [row.name for row in (await search(conn, "лхимов")).rows] == ["Алхимов"]
            assert await clients.get(conn, 1) == card
        async with base.write() as conn:  # ids go on after those that came
            assert await clients.insert(conn, ClientDraft(name="Новый"), 1.0) == 11
    await back.close()


async def test_a_target_that_holds_something_is_left_alone(sample: Database, db: Database) -> None:
    with pytest.raises(StorageError, match="empty database"):
        await copy.copy(sample, db, lambda _table, _rows: None)
    async with db.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(calls))).scalar_one() == 0


async def _clients(url: str) -> int:
    db = await open_database(url)
    async with db.read() as conn:
        count = (await conn.execute(select(func.count()).select_from(metadata.tables["clients"]))).scalar_one()
    await db.close()
    return int(count)


def test_a_killed_copy_leaves_an_empty_target_and_a_second_one_succeeds(url: str) -> None:
    words = [sys.executable, "-m", "cti", "db", "copy", address(filled(3_000)), url]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    deadline = time.monotonic() + 60
    while not process.stderr.readline().startswith("clients:"):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert asyncio.run(_clients(url)) == 0
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Copied and compared" in done.stdout
    assert asyncio.run(_clients(url)) == 3_000
    again = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert again.returncode == 1
    assert "empty database" in again.stderr
