"""The process behind `cti/jobs.py`: imports, what they would do, changes of many, their undoing, exports, archives of
persons and their erasure.

It ends at once when its input closes: a part that is not committed by then is taken back by the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from cti.access import Person, hides
from cti.channels.phone.archive import archive_of, finder
from cti.channels.phone.voicemail import removals
from cti.cli import work_access
from cti.clients import seen
from cti.clients.filters import Condition
from cti.clients.importing import Fault
from cti.clients.masking import Sight
from cti.errors import CtiError, Refused
from cti.features.call_export import CallExport, CallsWanted
from cti.features.client_base import ClientBase, Many
from cti.features.client_dossier import Dossier
from cti.features.client_erasure import Eraser, Subject
from cti.features.client_export import Asked, ClientExport
from cti.features.client_import import PART, ClientImport, Done, Row, Told
from cti.features.import_runs import SHOWN
from cti.jobs import say
from cti.memory import for_many_rows
from cti.sheets import SheetError
from cti.sheets.worker import batches
from cti.storage import erasures, properties, runs, segments
from cti.storage.database import Database, open_database
from cti.storage.desktop_events import Connection
from cti.storage.grid import Grid
from cti.storage.view import View
from cti.telephony.numbering import NumberPlan

READ_S = 120.0  # for reading alone
SAY_EVERY_S = 0.2
Job = Mapping[str, Any]


class Stopped(Refused):
    """Somebody took the run away: cancelled, or a new server has started."""

    def __init__(self) -> None:
        super().__init__("stopped", "It was stopped.")


def main() -> None:
    """Read the job, do it, say what came of it."""
    job = msgspec.json.decode(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    os.nice(5)  # calls first
    for_many_rows()
    try:
        asyncio.run(_work(job))
    except CtiError as error:
        code = error.code if isinstance(error, Refused) else "sheet" if isinstance(error, SheetError) else "storage"
        say({"refusal": code, "message": str(error)})


def _end_with_the_server() -> None:
    sys.stdin.buffer.read()
    os._exit(70)


async def _work(job: Job) -> None:
    db = await open_database(job["url"], busy_timeout_ms=job["busy_timeout_ms"])
    try:
        say({"done": await WORK[job["what"]](db, job)})
    finally:
        await db.close()


async def _import(db: Database, job: Job) -> Any:
    """Import a file for real; the run's counts stand in its row."""

    async def still_mine(conn: Connection, told: Told) -> None:
        if not await runs.count(conn, job["batch"], told.counts, told.faults):
            raise Stopped

    told = await _rows(db, job, dry=False, after_part=still_mine)
    async with db.write() as conn:
        if not await runs.become(conn, job["batch"], "done", was=["running"], now=time.time()):
            raise Stopped
    return {**told.counts, "erased": told.erased}


async def _preview(db: Database, job: Job) -> Any:
    """What an import would do: the counts, and the first rows of each outcome one by one."""
    shown: dict[str, list[Done]] = {}

    def keep(told: Told) -> None:
        for one in told.done:
            some = shown.setdefault(one.outcome, [])
            if len(some) < SHOWN:
                some.append(one)

    told = await _rows(db, job, dry=True, each=keep)
    rows = sorted((one for some in shown.values() for one in some), key=lambda one: one.row)
    return {**told.counts, "erased": told.erased, "shown": rows, "faults": told.faults}


async def _rows(
    db: Database,
    job: Job,
    *,
    dry: bool,
    each: Callable[[Told], None] = lambda told: None,
    after_part: Callable[[Connection, Told], Awaitable[None]] | None = None,
) -> Told:
    said_at = 0.0

    def progress(told: Told, rows: Sequence[Row]) -> None:
        nonlocal said_at
        each(told)
        refused.keep([one.fault for one in told.done if one.fault is not None], rows, told.rows - len(rows))
        if time.monotonic() - said_at >= SAY_EVERY_S:
            said_at = time.monotonic()
            say({**told.counts, "erased": told.erased})

    work = ClientImport(
        db=db, plan=NumberPlan(**job["plan"]), clock=time.time, user_id=job["user_id"], keys=job["keys"],
        marks=erasures.marks_in(Path(job["data"])),
    )  # fmt: skip
    async with contextlib.aclosing(batches(Path(job["path"]), name=job["name"], size=PART, within_s=READ_S)) as read:
        first = await anext(read)
        if list(first.headers) != job["headers"]:
            raise Refused("file-changed", "The file is another one now: choose it again.")

        async def chunks() -> AsyncIterator[list[Row]]:
            yield first.rows
            async for batch in read:
                yield batch.rows

        with Refusals(Path(job["refused"]), first.headers) as refused:
            return await work.run(
                chunks(), job["fields"], source=job["name"], dry=dry, batch=job["batch"], progress=progress,
                after_part=after_part,
            )  # fmt: skip


class Refusals:
    """The refused rows of a run in a file of their own, to be given back: line by line [row, reason, cells]."""

    def __init__(self, path: Path, headers: Sequence[str]) -> None:
        self._file = path.open("wb")
        self._file.write(msgspec.json.encode(headers) + b"\n")

    def __enter__(self) -> Refusals:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def keep(self, faults: Sequence[Fault], rows: Sequence[Row], before: int) -> None:
        """Faults of a part, and the rows of that part."""
        for fault in faults:
            self._file.write(msgspec.json.encode([fault, rows[fault.row - before - 1]]) + b"\n")
        self._file.flush()


async def _change(db: Database, job: Job) -> Any:
    """Set fields of the clients with these ids, or of all that a search and filters find now."""
    ids, person = job["ids"], msgspec.convert(job["person"], Person)
    async with View(db, Sight(hides=hides(person))).read() as conn:
        if job["found"] is not None:
            grid = Grid(conn, await properties.every(conn), ZoneInfo(job["zone"]), await segments.every(conn))
            filters = msgspec.convert(job["found"]["filters"], list[Condition])
            ids = await grid.ids(job["found"]["q"], filters)
    async with db.write() as conn:
        if not await runs.measure(conn, job["batch"], len(ids)):
            raise Stopped

    async def still_mine(conn: Connection, done: Many) -> None:
        if not await runs.count(conn, job["batch"], done.counts, done.faults):
            raise Stopped

    done = await _base(db, job).change_many(person, ids, job["fields"], job["batch"], after_part=still_mine)
    async with db.write() as conn:
        if not await runs.become(conn, job["batch"], "done", was=["running"], now=time.time()):
            raise Stopped
    return done.counts


def _base(db: Database, job: Job) -> ClientBase:
    return ClientBase(db=db, plan=NumberPlan(**job["plan"]), clock=time.time)


async def _undo(db: Database, job: Job) -> Any:
    """Take an import or a change of many back."""
    person = msgspec.convert(job["person"], Person)

    async def still_mine(conn: Connection, done: int, total: int) -> None:
        run = await runs.get(conn, job["batch"])
        if run is None or run.state != "undoing":
            raise Stopped
        say({"rows": done, "total": total})

    count = await _base(db, job).undo(person, job["batch"], after_part=still_mine)
    async with db.write() as conn:
        await runs.become(conn, job["batch"], "undone", was=["undoing"], now=time.time())
    return {"rows": count, "total": count}


async def _export(db: Database, job: Job) -> Any:
    """Write what the grid shows into a file."""
    work = ClientExport(db=View(db, Sight(hides=job["hides"])), zone=ZoneInfo(job["zone"]))
    asked = msgspec.convert(job["asked"], Asked)
    ids = await work.write(Path(job["path"]), asked, mark=job["mark"], most=job["most"])
    return {"rows": len(ids), "lines": len(ids), "clients": seen.told(ids)}


async def _export_calls(db: Database, job: Job) -> Any:
    """Write a list of calls into a file."""
    sight = Sight(hides=job["hides"], internal=job["plan"]["internal"])
    work = CallExport(db=View(db, sight), whole=db, zone=ZoneInfo(job["zone"]))
    held = await work.write(
        Path(job["path"]), msgspec.convert(job["asked"], CallsWanted), mark=job["mark"], most=job["most"]
    )
    return {"rows": held.persons, "lines": held.lines, "clients": seen.told(held.clients)}


def _eraser(db: Database, job: Job) -> Eraser:
    plan, data = NumberPlan(**job["plan"]), Path(job["data"])
    voicemail = removals({name: Path(folder) for name, folder in job["voicemail"].items()})
    return Eraser(db=db, url=job["url"], plan=plan, data=data, clock=time.time, voicemail=voicemail)


async def _erase(db: Database, job: Job) -> Any:
    """Erase a person."""
    subject = Subject(kind=job["kind"], id=job["id"])
    made, act = await _eraser(db, job).erase(subject, user_id=job["user_id"], by=job["by"], reason=job["reason"])
    return {"id": made, "act": act}


async def _dossier(db: Database, job: Job) -> Any:
    """Write all that is held on a person."""
    work = Dossier(
        db=db,
        plan=NumberPlan(**job["plan"]),
        zone=ZoneInfo(job["zone"]),
        files=Path(job["data"]) / "files",
        clock=time.time,
        recorded=finder(job["recordings"], archive_of(job["archive"])),
    )
    return await work.write(Path(job["path"]), job["kind"], job["id"], job["language"])


async def _clean(db: Database, job: Job) -> Any:
    """Leave nothing of the erased in the files of the base."""
    await _eraser(db, job).clean()


async def _past(db: Database, job: Job) -> Any:
    """Of the past: its reader brings the settings and the PBX's parts along, which no other job pays for."""
    from cti.cli import work_past

    return await work_past.WORK[job["what"]](db, job)


WORK: Mapping[str, Callable[[Database, Job], Awaitable[Any]]] = {
    "import": _import,
    "preview": _preview,
    "change": _change,
    "undo": _undo,
    "export": _export,
    "export-calls": _export_calls,
    "erase": _erase,
    "clean": _clean,
    "dossier": _dossier,
    "past-gap": _past,
    "past-take": _past,
    "past-undo": _past,
    "access-review": work_access.review,
    "access-check": work_access.check,
    "access-file": work_access.write,
}
