"""An import whose server is killed: what was done is known at the next start, and can be taken back."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from cti.access import Person
from cti.features.import_runs import ImportRuns
from cti.server import build
from cti.settings import Settings
from cti.storage import clients, runs
from cti.storage.database import Database, open_database

VERA = Person(id=1, login="vera", name="Vera", role="supervisor")
SERVER = """
import asyncio, sys
from pathlib import Path
from cti.access import Person
from cti.server import build
from cti.settings import Settings
from cti.storage.database import open_database

async def main():
    settings = Settings(data=Path(sys.argv[1]))
    parts = await build(settings, await open_database(settings.database_url))
    runs = parts.services.import_runs
    task = asyncio.create_task(parts.work["imports"])
    path = await runs.place()
    path.write_text("Название;Телефон\\n" + "".join(f"Клиент {n};+7935{n:07}\\n" for n in range(100_000)))
    vera = Person(id=1, login="vera", name="Vera", role="supervisor")
    upload = await runs.look(vera, path, "base.csv")
    work = await runs.begin(vera, upload.id, upload.fields, upload.keys)
    while work.rows < 1000:
        await asyncio.sleep(0.02)
    print(work.id, flush=True)
    await task

asyncio.run(main())
"""


async def _count(db: Database) -> int:
    async with db.read() as conn:
        return (await clients.search(conn, "", limit=1)).total or 0


async def _steady(db: Database) -> runs.Run:
    """The run when nobody adds to it any more: its process has ended with the server."""
    async with asyncio.timeout(20):
        rows = -1
        while True:
            async with db.read() as conn:
                (run,) = await runs.every(conn, "import")
            if run.rows == rows:
                return run
            rows = run.rows
            await asyncio.sleep(1.0)


async def test_a_server_killed_in_an_import_leaves_a_run_that_can_be_taken_back(tmp_path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    async with asyncio.timeout(60):
        batch = (await server.stdout.readline()).decode().strip()
    server.send_signal(signal.SIGKILL)
    await server.wait()
    settings = Settings(data=tmp_path)
    db = await open_database(settings.database_url)
    try:
        left = await _steady(db)
        assert (left.batch, left.state) == (batch, "running")
        assert 1000 <= left.rows < 100_000
        feature: ImportRuns = (parts := await build(settings, db)).services.import_runs
        async with db.read() as conn:
            run = await runs.get(conn, batch)
        assert run is not None
        assert (run.state, run.message, run.created, run.may_undo) == ("failed", "interrupted", left.rows, True)
        assert not list((tmp_path / "imports").glob("*.file"))
        task = asyncio.create_task(parts.work["imports"])
        work = await feature.undo(VERA, batch)
        async with asyncio.timeout(60):
            while work.ended_at is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert (work.state, await _count(db)) == ("undone", 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for one in parts.work.values():
            one.close()
    finally:
        await db.close()
