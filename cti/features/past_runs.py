"""Imports of the past as people run them in the panel: chosen, looked at, taken in, stopped, taken back.

One thing runs at a time, in a process of its own (`cti/jobs.py`). What is in the base is what the import's row says.
One that a server's end cut off goes on at the next start, from the beginning of its source: what is there is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import structlog

from cti.access import Person, may
from cti.desktop import Erased
from cti.errors import CtiError, NotAllowed, Refused
from cti.jobs import JobLost, Jobs
from cti.storage import past, sessions
from cti.storage.database import Database
from cti.storage.past import PastImport

MOST_BYTES = 512 << 20
SPARE_BYTES = 1 << 30  # of the disk, that files leave free
FILES_MOST = 60  # of one import, and that wait for theirs
TRIES = 3  # after so many servers that ended meanwhile it is given up
KEPT_S = 7 * 86_400.0  # files of an import that was not finished
What = Literal["look", "take", "undo"]
State = Literal["running", "done", "stopped", "failed"]
log = structlog.get_logger()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken in. kind: queue-log or cdr. Files: by path; own: they were sent, and are ours. Else a table.

    since: UNIX seconds, of a table: what is not older.
    """

    pbx: str
    kind: str
    name: str
    files: tuple[str, ...] = ()
    own: bool = False
    table: str = ""
    since: float | None = None


@dataclass(kw_only=True, slots=True)
class PastWork:
    """A piece of work and how far it is. past_id: of its import, None: a look. course: as `Course` counts, and
    strangers, queues. read, size: of the source, in bytes or rows; gone: what an undo took away. waits: until who
    takes the past in elsewhere is done. code, message: why it failed.
    """

    what: What
    source: Source
    user_id: int | None
    past_id: int | None = None
    state: State = "running"
    course: dict[str, Any] = field(default_factory=dict)
    read: int = 0
    size: int = 0
    gone: int = 0
    waits: bool = False
    code: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A file that was sent and waits. id: how the page calls it; kind, begins, size: as `LogFile` has them."""

    id: str
    name: str
    path: Path
    kind: str
    begins: float
    size: int


class Places(Protocol):
    """Where a PBX's logs are: what the composition root knows of settings."""

    def files(self, pbx: str) -> list[Path]:
        """Those on this machine that people may take in; not on the event loop."""
        ...

    async def look_at(self, pbx: str, path: Path) -> tuple[str, float, int]:
        """Kind, begin and size of a file. Raises Refused."""
        ...

    async def table(self, pbx: str, kind: str) -> str:
        """The table of this kind with its database, as people know it; "" for none."""
        ...

    async def job(self, source: Source) -> dict[str, Any]:
        """What a process needs to read it. Raises Refused."""
        ...


class PastRuns:
    """Of one installation. folder: of files that were sent; turn: held while the journal is given a past."""

    def __init__(
        self, *, db: Database, jobs: Jobs, folder: Path, places: Places, turn: asyncio.Lock,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._db = db
        self._jobs = jobs
        self._folder = folder
        self.places = places
        self._turn = turn
        self._clock = clock
        self._waiting: dict[int, list[Waiting]] = {}
        self._asked: asyncio.Queue[PastWork] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.work: PastWork | None = None  # the latest

    async def start(self) -> None:
        """Go on with what a server's end cut off; files that nobody needs go."""
        async with self._db.write() as conn:
            found = await past.cut_off(conn)
            for one in [one for one in found if one.tries > TRIES and one.state == "running"]:
                await past.become(conn, one.id, "failed", was=["running"], now=self._clock(), message="cut-off")
            rows = await past.every(conn)
        for one in found:
            if one.state == "undoing" or one.tries <= TRIES:
                log.warning("an import of the past goes on", past=one.id, state=one.state)
                self._ask(_again(one))
        await asyncio.to_thread(self._sweep, _needed(rows, self._clock() - KEPT_S))

    async def run(self) -> None:
        """Do what is asked, one after the other, until cancelled."""
        while True:
            work = await self._asked.get()
            self.work = work
            async with self._turn:
                self._task = asyncio.create_task(self._do(work), name=f"past-{work.what}")
                try:
                    await asyncio.wait([self._task])
                finally:
                    self._task.cancel()
                    await asyncio.gather(self._task, return_exceptions=True)

    @property
    def running(self) -> bool:
        """Whether something is under way."""
        return self.work is not None and self.work.state == "running"

    def place(self, size: int) -> Path:
        """Where the next file of so many bytes is to be written; not on the event loop. Raises Refused."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free - (size or MOST_BYTES) < SPARE_BYTES:
            raise Refused("past-disk", "The server's disk has too little room for this file.")
        return self._folder / f"{secrets.token_hex(16)}.log"

    async def bring(self, person: Person, pbx: str, path: Path, name: str) -> Waiting:
        """A file that lies at `path` waits for its import. Raises Refused; then it is gone."""
        try:
            _allowed(person)
            mine = self._waiting.setdefault(person.id, [])
            if len(mine) >= FILES_MOST:
                raise Refused("past-many", "Too many files wait: take them in, or put them away.")
            kind, begins, size = await self.places.look_at(pbx, path)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(path.unlink, missing_ok=True))
            raise
        made = Waiting(id=path.stem, name=name or path.name, path=path, kind=kind, begins=begins, size=size)
        mine.append(made)
        return made

    def waiting_of(self, user_id: int) -> Sequence[Waiting]:
        """The files that the person sent, the older log first."""
        return sorted(self._waiting.get(user_id, ()), key=lambda one: one.begins)

    async def put_away(self, person: Person, file_id: str) -> None:
        """Delete a file that waits."""
        for one in [one for one in self._waiting.get(person.id, ()) if one.id == file_id]:
            self._waiting[person.id].remove(one)
            await asyncio.to_thread(one.path.unlink, missing_ok=True)

    async def look(self, person: Person, pbx: str, files: Sequence[str]) -> None:
        """See what would come of files: ids of those that wait, paths of those on this machine. Raises Refused."""
        _allowed(person)
        self._free()
        mine = [one for one in self.waiting_of(person.id) if one.id in files]
        there = [one for one in await asyncio.to_thread(self.places.files, pbx) if str(one) in files]
        if not mine and not there:
            raise Refused("past-none", "Choose at least one file.")
        if mine and there:
            raise Refused("past-places", "Choose files that were sent, or files of this machine, not both at once.")
        if len(there) > FILES_MOST:
            raise Refused("past-many", "Too many files wait: take them in, or put them away.")
        kinds = {one.kind for one in mine} | {(await self.places.look_at(pbx, path))[0] for path in there}
        if len(kinds) > 1:
            raise Refused("past-kinds", "Take queue logs and call detail records in one after the other.")
        names = [one.name for one in mine] + [one.name for one in there]
        paths = [str(one.path) for one in mine] + [str(one) for one in there]
        self._look(person, Source(pbx=pbx, kind=kinds.pop(), name=_called(names), files=tuple(paths), own=bool(mine)))

    async def look_at_table(self, person: Person, pbx: str, kind: str, since: float | None) -> None:
        """See what would come of a table. Raises Refused."""
        _allowed(person)
        self._free()
        table = await self.places.table(pbx, kind)
        if not table:
            raise Refused("past-no-table", "No such table is named.")
        self._look(person, Source(pbx=pbx, kind=kind, name=table, table=table, since=since))

    async def look_again(self, person: Person) -> None:
        """See again what would come of what was looked at last, where it was this person's. Raises Refused."""
        _allowed(person)
        if (
            self.work is not None
            and self.work.user_id == person.id
            and (self.work.what, self.work.state) == ("look", "done")
        ):
            self._look(person, self.work.source)

    def _look(self, person: Person, source: Source) -> None:
        self._ask(PastWork(what="look", source=source, user_id=person.id))

    async def take(self, person: Person) -> None:
        """Take in what was looked at. Raises Refused."""
        _allowed(person)
        looked = self.work
        if looked is None or (looked.what, looked.state, looked.user_id) != ("look", "done", person.id):
            raise Refused("past-not-looked", "Look first what would come of it.")
        source, now = looked.source, self._clock()
        work = PastWork(what="take", source=source, user_id=person.id, size=looked.size)
        self.work = work  # nobody begins another while its row is written
        try:
            async with self._db.write() as conn:
                work.past_id = await past.begin(
                    conn, kind=source.kind, pbx=source.pbx, name=source.name, user_id=person.id, now=now,
                    source=msgspec.json.encode(source).decode(),
                )  # fmt: skip
                await sessions.note(conn, now, person.id, "past-take", f"past:{work.past_id}", source.name)
        except BaseException:
            self.work = looked
            raise
        if source.own:
            left = [one for one in self._waiting.get(person.id, ()) if str(one.path) not in source.files]
            self._waiting[person.id] = left
        self._asked.put_nowait(work)

    async def go_on(self, person: Person, past_id: int) -> None:
        """Go on with one that was stopped or failed. Raises Refused."""
        one = await self._mine(person, past_id)
        async with self._db.write() as conn:
            if not one.source or not await past.become(conn, past_id, "running", was=["stopped", "failed"], now=None):
                raise Refused("past-not-stopped", "This import is not one that can go on.")
        self._ask(_again(one))

    async def undo(self, person: Person, past_id: int) -> None:
        """Begin to take an import back. Raises Refused."""
        one = await self._mine(person, past_id)
        async with self._db.write() as conn:
            if not await past.become(conn, past_id, "undoing", was=past.UNDONE_OF, now=None):
                raise Refused("nothing-to-undo", "There is no such import, or it was taken back.")
            await sessions.note(conn, self._clock(), person.id, "past-undo", f"past:{past_id}", one.name)
        self._ask(
            PastWork(what="undo", source=_of(one), user_id=person.id, past_id=past_id, size=one.made + one.states)
        )

    async def stop(self, person: Person) -> None:
        """Stop what runs; what was written stays. An undoing goes on. Raises Refused."""
        _allowed(person)
        work = self.work
        if work is None or work.state != "running" or work.what == "undo":
            raise Refused("not-running", "This does not run any more.")
        work.state = "stopped"
        if work.past_id is not None:
            async with self._db.write() as conn:
                await past.become(conn, work.past_id, "stopped", was=["running"], now=self._clock())
        if self._task is not None:
            self._task.cancel()

    async def forget_look(self, person: Person) -> None:
        """The result of a look is not wanted any more."""
        _allowed(person)
        if self.work is not None and self.work.state != "running":
            self.work = None

    async def erased(self, _view: Erased) -> None:
        """Somebody was erased: files that were sent may hold him."""
        self._waiting.clear()
        if self.work is not None and self.work.what == "look":
            self.work = None
        if not self.running:
            await asyncio.to_thread(self._sweep, frozenset())

    async def _mine(self, person: Person, past_id: int) -> PastImport:
        _allowed(person)
        self._free()
        async with self._db.read() as conn:
            found = await past.every(conn, past_id)
        if not found:
            raise Refused("nothing-to-undo", "There is no such import, or it was taken back.")
        return found[0]

    def _free(self) -> None:
        if self.running:
            raise Refused("past-runs", "An import of the past is under way: wait until it is over, or stop it.")

    def _ask(self, work: PastWork) -> None:
        if not self.running:
            self.work = work
        self._asked.put_nowait(work)

    async def _do(self, work: PastWork) -> None:
        if work.state != "running":
            return
        try:
            async with contextlib.aclosing(await self._said(work)) as said:
                async for one in said:
                    told = one.get("done", one)
                    work.course = told.get("course", work.course)
                    work.read, work.size = told.get("read", work.read), told.get("size", work.size)
                    work.gone, work.waits = told.get("gone", work.gone), told.get("waits", False)
            work.state = "done"
        except CtiError as error:
            await self._failed(work, error)
        except Exception:  # a bug of ours ends this piece of work, not those after it
            log.error("an import of the past failed", what=work.what, exc_info=True)
            await self._failed(work, JobLost("The work was interrupted: try again."))
        if work.what != "look" and work.state == "done" and work.source.own:
            for path in work.source.files:
                await asyncio.to_thread(Path(path).unlink, missing_ok=True)

    async def _said(self, work: PastWork) -> AsyncGenerator[dict[str, Any], None]:
        if work.what == "undo":
            return self._jobs.run("past-undo", past_id=work.past_id, folder=str(self._folder))
        there = await asyncio.to_thread(lambda: [one for one in work.source.files if Path(one).is_file()])
        if len(there) < len(work.source.files):
            raise Refused("no-upload", "The file is not here any more: choose it again.")
        job = await self.places.job(work.source) | {"folder": str(self._folder), "past_id": work.past_id}
        return self._jobs.run("past-take", **job, source=msgspec.to_builtins(work.source))

    async def _failed(self, work: PastWork, error: CtiError) -> None:
        """Who stopped it has said so in its row already."""
        if work.state == "stopped" or (isinstance(error, Refused) and error.code == "stopped"):
            work.state = "stopped"
            return
        work.code = error.code if isinstance(error, Refused) else "past-lost"
        work.message, work.state = str(error), "failed"
        if work.what == "take" and work.past_id is not None:
            async with self._db.write() as conn:
                was = ["running", "stopped"]
                await past.become(conn, work.past_id, "failed", was=was, now=self._clock(), message=work.code)

    def _sweep(self, needed: frozenset[str]) -> None:
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if str(path) not in needed:
                path.unlink(missing_ok=True)


def _again(one: PastImport) -> PastWork:
    what: What = "undo" if one.state == "undoing" else "take"
    return PastWork(what=what, source=_of(one), user_id=one.user_id, past_id=one.id)


def _of(one: PastImport) -> Source:
    if not one.source:  # from the console, or of a time that nobody watched
        return Source(pbx=one.pbx, kind=one.kind, name=one.name)
    return msgspec.json.decode(one.source, type=Source)


def _needed(rows: Sequence[PastImport], since: float) -> frozenset[str]:
    """Files of imports that may still go on."""
    open_ = [one for one in rows if one.source and one.state in ("running", "stopped", "failed")]
    sources = [msgspec.json.decode(one.source, type=Source) for one in open_ if one.started_at >= since]
    return frozenset(path for one in sources if one.own for path in one.files)


def _called(names: Sequence[str]) -> str:
    return ", ".join(names)[:200]


def _allowed(person: Person) -> None:
    if not may(person, "past.write"):
        raise NotAllowed("Your role may not take the past in; ask an admin.")
