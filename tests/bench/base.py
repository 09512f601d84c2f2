"""A database with many clients, made once per machine and copied for each run."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from cti.cli.sample import many
from cti.clients.card import ClientDraft
from cti.storage import clients
from cti.storage.database import open_database
from tests.bench import SHORT, keep, shelf

CLIENTS = 2_000 if SHORT else 100_000
BATCH = 5000


def filled(count: int = CLIENTS) -> Path:
    """Folder with a fresh copy of a database of `count` clients."""
    kept = shelf(str(count))
    if not (kept / "trubka.db").exists():
        shutil.rmtree(kept, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="trubka-bench-"))
        asyncio.run(_fill(making / "trubka.db", count))
        keep(making, kept)
    folder = Path(tempfile.mkdtemp(prefix="trubka-bench-run-"))
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return folder


async def _fill(file: Path, count: int) -> None:
    db = await open_database(f"sqlite+aiosqlite:///{file}")
    batch: list[ClientDraft] = []
    for draft in many(count):
        batch.append(draft)
        if len(batch) == BATCH:
            async with db.write() as conn:
                for one in batch:
                    await clients.insert(conn, one, 1_760_000_000.0)
            batch.clear()
    await db.close()
