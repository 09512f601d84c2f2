"""Imports as people run them in the panel: a file is looked at, tried out, brought in, and taken back.

One thing runs at a time, in a process of its own (`cti/jobs.py`). What is in the base is what the run's row says: a
server that dies leaves a run that the next start calls interrupted, and that can be taken back.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from cti.access import Person, hides, may
from cti.clients.importing import KEYS, SYNONYMS, Fault, guess
from cti.desktop import Erased
from cti.errors import NotAllowed, Refused, StorageError
from cti.jobs import JobLost, Jobs
from cti.sheets import SheetError
from cti.sheets.worker import batches
from cti.storage import imports, properties, runs
from cti.storage.database import Database
from cti.storage.runs import OPEN, Run

MOST_BYTES = 50 << 20
LOOKED_AT = 10  # rows shown of a file
LOOK_S = 60.0
SHOWN = 100  # rows of each outcome in a preview
REMEMBERED = 8  # pieces of work that are over and may still be asked for
REFUSED_KEPT_S = 30 * 86400.0
What = Literal["preview", "import", "undo"]
State = Literal["running", "done", "cancelled", "failed", "undone"]
log = structlog.get_logger()


class BadFile(Refused):
    """The file cannot be read; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("bad-file", message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that waits for its import. fields: of its columns, as last time (remembered) or guessed."""

    id: str
    user_id: int
    path: Path
    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...]
    keys: tuple[str, ...]
    remembered: bool


@dataclass(kw_only=True, slots=True)
class Work:
    """A piece of work and how far it is. total: None while nobody knows; shown: rows of a preview, as in Done."""

    id: str
    what: What
    name: str
    user_id: int
    started_at: float
    state: State = "running"
    rows: int = 0
    total: int | None = None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    erased: int = 0  # new clients who were erased before
    shown: list[dict[str, Any]] = field(default_factory=list)
    ended_at: float | None = None
    message: str = ""

    def hear(self, said: dict[str, Any]) -> None:
        """Take what the process says of itself."""
        known = {one.name for one in fields(self)}
        for name, value in said.items():
            if name in known:
                setattr(self, name, value)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    work: Work
    job: dict[str, Any]


class ImportRuns:
    """Imports of one installation. folder: of files on their way; jobs: who does the work."""

    def __init__(self, *, db: Database, jobs: Jobs, folder: Path, clock: Callable[[], float]) -> None:
        self._db = db
        self._jobs = jobs
        self._folder = folder
        self._clock = clock
        self._uploads: dict[int, Upload] = {}  # one a person
        self._totals: dict[str, int] = {}  # rows of a file that was tried out
        self._works: dict[str, Work] = {}
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._doing: tuple[Work, asyncio.Task[None]] | None = None
        self._looking = asyncio.Lock()

    async def start(self) -> None:
        """After a start: what ran has failed, files on their way are gone, old refused rows too."""
        async with self._db.write() as conn:
            lost = await runs.interrupt(conn, "import", self._clock())
        if lost:
            log.warning("an import was interrupted by the server's end", count=lost)
        await asyncio.to_thread(self._sweep, self._clock() - REFUSED_KEPT_S)

    async def run(self) -> None:
        """Do what is asked, one after the other, until cancelled."""
        while True:
            asked = await self._asked.get()
            task = asyncio.create_task(self._do(asked), name=f"import-{asked.work.what}")
            self._doing = (asked.work, task)
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                self._doing = None

    async def place(self) -> Path:
        """Where the next file is to be written, under a name nobody can guess."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{secrets.token_hex(16)}.file"

    async def look(self, person: Person, path: Path, name: str) -> Upload:
        """Headings and first rows of a file that lies at `path`; it waits there for its import. Raises BadFile."""
        try:
            _allowed(person)
            upload = await self._look(person, path, name)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
            raise
        before = self._uploads.pop(person.id, None)
        if before is not None:
            await asyncio.to_thread(before.path.unlink, missing_ok=True)
        self._uploads[person.id] = upload
        return upload

    async def _look(self, person: Person, path: Path, name: str) -> Upload:
        try:
            async with (
                self._looking,
                contextlib.aclosing(batches(path, name=name, size=LOOKED_AT, within_s=LOOK_S)) as read,
            ):
                first = await anext(read)
        except SheetError as error:
            raise BadFile(str(error)) from None
        if not first.rows:
            raise Refused("no-rows", "The file has headings and no rows under them.")
        async with self._db.read() as conn:
            known = await properties.every(conn)
            before = await imports.remembered(conn, first.headers)
        there = {*SYNONYMS, *(f"property:{prop.id}" for prop in known), ""}
        guessed = guess(first.headers, known)
        if before is not None and len(before.fields) == len(guessed):
            guessed = [one if one in there else "" for one in before.fields]
        return Upload(
            id=path.stem,
            user_id=person.id,
            path=path,
            name=name,
            headers=first.headers,
            rows=tuple(first.rows),
            fields=tuple(guessed),
            keys=before.keys if before else KEYS,
            remembered=before is not None,
        )

    async def preview(self, person: Person, upload_id: str, columns: Sequence[str], keys: Sequence[str]) -> Work:
        """Try an import out: nothing is written."""
        upload = await self._ready(person, upload_id, columns, keys)
        work = self._new("preview", secrets.token_hex(8), upload.name, person)
        return self._ask(work, **self._job(work, upload, columns, keys))

    async def begin(self, person: Person, upload_id: str, columns: Sequence[str], keys: Sequence[str]) -> Work:
        """Begin an import; its id is the batch by which it can be taken back."""
        upload = await self._ready(person, upload_id, columns, keys)
        work = self._new("import", secrets.token_hex(8), upload.name, person)
        work.total = self._totals.pop(upload.id, None)
        now = self._clock()
        with self._held(work):
            async with self._db.write() as conn:
                await runs.interrupt(conn, "import", self._clock())  # nothing runs here: what says so was cut off
                await imports.remember(conn, upload.headers, columns, keys, user_id=person.id, now=now)
                await runs.begin(conn, "import", work.id, user_id=person.id, title=upload.name, now=now)
        del self._uploads[person.id]
        return self._ask(work, **self._job(work, upload, columns, keys))

    async def undo(self, person: Person, batch: str) -> Work:
        """Begin to take an import back."""
        _allowed(person)
        self._free()
        async with self._db.read() as conn:
            run = await runs.get(conn, batch)
        if run is None or not run.may_undo:
            raise Refused("nothing-to-undo", "There is nothing to take back here.")
        work = self._new("undo", batch, run.title, person)
        with self._held(work):
            async with self._db.write() as conn:
                await runs.interrupt(conn, "import", self._clock())  # nothing runs here: what says so was cut off
                await runs.become(conn, batch, "undoing", was=[run.state], now=self._clock())
        return self._ask(work, batch=batch, person=person)

    async def cancel(self, person: Person, work_id: str) -> None:
        """Stop what runs after its present part; what was done stays."""
        _allowed(person)
        if self._doing is None or self._doing[0].id != work_id:
            raise Refused("not-running", "This does not run any more.")
        work, task = self._doing
        if work.what == "preview":
            work.state = "cancelled"
            task.cancel()
            return
        async with self._db.write() as conn:
            await runs.become(conn, work_id, "cancelled", was=OPEN, now=self._clock())

    def work(self, work_id: str) -> Work | None:
        """How far a piece of work is; None for one that is forgotten."""
        return self._works.get(work_id)

    @property
    def running(self) -> Work | None:
        """What runs now."""
        return next((one for one in self._works.values() if one.state == "running"), None)

    async def erased(self, _view: Erased) -> None:
        """Somebody was erased: files that wait for their import, and rows that were tried out, may hold him."""
        paths = [upload.path for upload in self._uploads.values()]
        self._uploads.clear()
        for work in self._works.values():
            work.shown = []
        for path in paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def refused(self, work_id: str) -> Path | None:
        """The refused rows of a run, for `refused_rows`; None where they are not kept."""
        path = self._refused(work_id)
        return path if await asyncio.to_thread(path.is_file) else None

    def _refused(self, work_id: str) -> Path:
        return self._folder / f"{work_id}.refused"

    async def _ready(self, person: Person, upload_id: str, columns: Sequence[str], keys: Sequence[str]) -> Upload:
        """The upload, when all that is asked of it makes sense. Raises Refused."""
        _allowed(person)
        upload = self._uploads.get(person.id)
        if upload is None or upload.id != upload_id:
            raise Refused("no-upload", "The file is not here any more: choose it again.")
        async with self._db.read() as conn:
            there = {*SYNONYMS, *(f"property:{prop.id}" for prop in await properties.every(conn)), ""}
        if len(columns) != len(upload.headers) or not there.issuperset(columns):
            raise Refused("bad-columns", "The columns are not those of the file: choose it again.")
        if not any(columns):
            raise Refused("no-columns", "Say of at least one column what it is.")
        if not keys or len(set(keys)) != len(keys) or not set(KEYS).issuperset(keys):
            raise Refused("bad-keys", "Say by what a client is known again.")
        if "phone" in keys and hides(person):  # a file of guesses would tell whose they are
            raise Refused("hidden-key", "Numbers are hidden from you: let clients be known by something else.")
        self._free()
        return upload

    def _free(self) -> None:
        if self.running is not None:
            raise _busy()

    def _new(self, what: What, work_id: str, name: str, person: Person) -> Work:
        work = Work(id=work_id, what=what, name=name, user_id=person.id, started_at=self._clock())
        self._works.pop(work_id, None)
        self._works[work_id] = work
        for old in [one for one in self._works.values() if one.state != "running"][:-REMEMBERED]:
            del self._works[old.id]
        return work

    @contextlib.contextmanager
    def _held(self, work: Work) -> Iterator[None]:
        """While its row is written the work stands for itself; it is forgotten where that fails."""
        try:
            yield
        except BaseException:
            del self._works[work.id]
            raise

    def _job(self, work: Work, upload: Upload, columns: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
        return {
            "batch": work.id, "path": str(upload.path), "name": upload.name, "headers": upload.headers,
            "fields": list(columns), "keys": list(keys), "user_id": work.user_id, "upload": upload.id,
            "refused": str(self._refused(work.id)),
        }  # fmt: skip

    def _ask(self, work: Work, **job: Any) -> Work:
        self._asked.put_nowait(_Asked(work=work, job=job))
        return work

    async def _do(self, asked: _Asked) -> None:
        work = asked.work
        work.started_at = self._clock()
        try:
            async with contextlib.aclosing(self._said(asked)) as said:
                async for one in said:
                    work.hear(one.get("done", one))
            work.state = "undone" if work.what == "undo" else "done"
            if work.what == "preview":
                self._totals[asked.job["upload"]] = work.rows
            work.total = work.rows
        except (Refused, JobLost, StorageError) as error:
            await self._failed(work, error)
        except asyncio.CancelledError:
            work.state = "cancelled"
            raise
        except Exception:  # a bug of ours ends this piece of work, not those after it
            log.error("import failed", what=work.what, exc_info=True)
            await self._failed(work, JobLost("The work was interrupted: try again."))
        finally:
            if work.state == "running":  # not even its row could be written
                work.state = "failed"
            work.ended_at = self._clock()
            if work.what == "import":
                await asyncio.to_thread(Path(asked.job["path"]).unlink, missing_ok=True)

    def _said(self, asked: _Asked) -> AsyncGenerator[dict[str, Any], None]:
        return self._jobs.run(asked.work.what, **asked.job)

    async def _failed(self, work: Work, error: Exception) -> None:
        """The run's row says what is in the base; whoever cancelled it has said so there already."""
        run = None
        if work.what != "preview":
            async with self._db.write() as conn:
                await runs.become(conn, work.id, "failed", was=OPEN, now=self._clock(), message=str(error))
                run = await runs.get(conn, work.id)
        if run is not None and work.what == "import":
            work.hear({name: getattr(run, name) for name in runs.COUNTS})
        stopped = run is not None and run.state == "cancelled"
        work.message = "" if stopped else str(error)
        work.state = "cancelled" if stopped else "failed"

    def _sweep(self, before: float) -> None:
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.suffix == ".file" or path.stat().st_mtime < before:
                path.unlink(missing_ok=True)


def runs_now(past: Sequence[Run], work: Work | None) -> list[Run]:
    """The list of runs with the one that runs as it is now."""
    if work is None or work.what != "import":
        return list(past)
    now = {name: getattr(work, name) for name in runs.COUNTS}
    return [replace(run, **now) if run.batch == work.id and run.state == "running" else run for run in past]


def refused_rows(path: Path) -> tuple[list[str], Iterator[tuple[Fault, list[str]]]]:
    """The headings of a run's file and its refused rows, each with its fault; not on the event loop."""

    def rows() -> Iterator[tuple[Fault, list[str]]]:
        with path.open("rb") as file:
            file.readline()
            for line in file:
                yield msgspec.json.decode(line, type=tuple[Fault, list[str]])

    with path.open("rb") as file:
        return msgspec.json.decode(file.readline(), type=list[str]), rows()


def _allowed(person: Person) -> None:
    if not may(person, "clients.import"):
        raise NotAllowed("Your role may not import clients; ask an admin.")


def _busy() -> Refused:
    return Refused("import-runs", "Another import is running: wait until it is over, or cancel it.")
