"""An import of 100,000 rows beside a running panel: rows a second, memory, and how late the panel's loop is."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import tempfile
import time
from pathlib import Path

from cti.access import Person
from cti.features.import_runs import ImportRuns, Work
from cti.server import build
from cti.settings import Settings
from cti.storage import users
from cti.storage.database import Database, open_database
from tests.bench import SHORT, report

ROWS = 2_000 if SHORT else 100_000
LOOK_S = 0.005
WRITE_EVERY_S = 0.1
VERA = Person(id=1, login="vera", name="Vera", role="supervisor")
HEADINGS = "Название;Телефон;Телефон 2;Почта;Адрес;Примечание\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> None:
    settings = Settings(data=folder)
    db = await open_database(settings.database_url)
    parts = await build(settings, db)
    work = [asyncio.create_task(one) for one in parts.work.values()]
    runs = parts.services.import_runs
    file = await runs.place()
    await asyncio.to_thread(_write, file)
    upload = await runs.look(VERA, file, "clients.csv")
    late: list[float] = []
    writes: list[float] = []
    beside = [asyncio.create_task(_look(late)), asyncio.create_task(_write_beside(db, writes))]
    tried = await _over(runs, await runs.preview(VERA, upload.id, upload.fields, ["phone", "email"]))
    brought = await _over(runs, await runs.begin(VERA, upload.id, upload.fields, ["phone", "email"]))
    again = await runs.place()
    await asyncio.to_thread(_write, again, "изменилось")
    upload = await runs.look(VERA, again, "clients.csv")
    changed = await _over(runs, await runs.begin(VERA, upload.id, upload.fields, ["phone", "email"]))
    undone = await _over(runs, await runs.undo(VERA, brought.id))
    for one in (*beside, *work):
        one.cancel()
    await asyncio.gather(*beside, *work, return_exceptions=True)
    await db.close()
    for name, one in (("preview", tried), ("import, new", brought), ("import, changed", changed), ("undo", undone)):
        report(f"{name}, {one.rows} rows", one.rows / ((one.ended_at or 0) - one.started_at), "rows/s", limit="> 5000")
    report("loop late, 99 of 100", sorted(late)[int(len(late) * 0.99)] * 1000, "ms", limit="< 50")
    report("loop late, worst", max(late) * 1000, "ms")
    report("a write beside it, median", sorted(writes)[len(writes) // 2] * 1000, "ms")
    report("a write beside it, 99 of 100", sorted(writes)[int(len(writes) * 0.99)] * 1000, "ms")
    report("a write beside it, worst", max(writes) * 1000, "ms")
    report("memory of its process", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, "MiB", limit="< 300")


def _write(path: Path, note: str = "") -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADINGS)
        for n in range(ROWS):
            second = f"+7936{n:07}" if n % 3 == 0 else ""
            phone = f"8 (935) {n // 10_000:03}-{n // 100 % 100:02}-{n % 100:02}"
            file.write(f"Клиент {n};{phone};{second};mail{n}@example.org;Москва, ул. Ленина, {n};{note}\n")


async def _over(runs: ImportRuns, work: Work) -> Work:
    while work.state == "running":  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert work.state in ("done", "undone"), work
    return work


async def _look(late: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LOOK_S)
        late.append(time.perf_counter() - before - LOOK_S)


async def _write_beside(db: Database, took: list[float]) -> None:
    """Somebody's work meanwhile: a write ten times a second."""
    while True:
        before = time.perf_counter()
        with contextlib.suppress(IndexError):
            async with db.write() as conn:
                await users.change(conn, 1, name="Vera")
        took.append(time.perf_counter() - before)
        await asyncio.sleep(WRITE_EVERY_S)
