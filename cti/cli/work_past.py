"""The PBX's logs, read in the process behind `cti/jobs.py`: what the panel takes in, and times that nobody watched."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cti import past_files
from cti.errors import Refused, StorageError
from cti.features.past import Past, of_lines, texts_of
from cti.features.past_runs import Source
from cti.jobs import say
from cti.limits import limited
from cti.past_parts import log_of, past_of, sources, turn_of, zone_of
from cti.settings import Settings
from cti.storage import past as stored
from cti.storage import past_source
from cti.storage.database import Database
from cti.telephony import queue_log
from cti.telephony.cdr import Reader, decoded
from cti.telephony.numbering import NumberPlan
from cti.telephony.past_logs import CDR, QUEUE_LOG, Course, Item

BEFORE_S = 6 * 3600.0  # a call that ended in a time may have begun so long before
NEAR_BYTES = 64 * 1024
MEMORY_MOST = 2 << 30  # a file made to harm harms only this process
NAMED = 200  # strangers and queues that are told


async def take(db: Database, job: Mapping[str, Any]) -> Any:
    """Take a source in, or see what would come of it (past_id None); says how far it is."""
    limited(memory=MEMORY_MOST)
    settings, source = Settings.model_validate(job["settings"]), msgspec.convert(job["source"], Source)
    past, log = past_of(db, settings, source.pbx), log_of(settings, source.pbx, source.kind)
    course, read = await _begun(db, job["past_id"]), 0

    def told(now: Course, *, whole: bool = False) -> dict[str, Any]:
        lists = {name: list(getattr(now, name))[:NAMED] for name in ("strangers", "queues")}
        counts = now.counts() | {"known": max(now.known, 0)}
        return {"course": counts | lists, "read": size if whole else read, "size": size}

    def moved(to: int) -> None:
        nonlocal read
        read = to

    pages: AsyncIterator[Sequence[Item]]
    if source.files:
        files = [past_files.known(Path(one), zone_of(settings, source.pbx)) for one in source.files]
        size, pages = sum(one.size for one in files), past_files.pages(files, course, moved)
    else:
        table, since = _table(settings, source), source.since
        size = await _counted(table, since)
        pages = _rows(past_source.pages(table, since), moved)
    if job["past_id"] is None:
        await past.look(log, pages, told=lambda now: say(told(now)), course=course)
    else:
        async with turn_of(db, Path(job["folder"]), _waits):
            begun = (job["past_id"], course)
            await past.take_in(log, source.name, pages, told=lambda now: say(told(now)), begun=begun)
    return told(course, whole=True)


def _waits() -> None:
    say({"waits": True})


async def _begun(db: Database, past_id: int | None) -> Course:
    """What an import has that was cut off: it is read from its beginning, where what it made is known by now."""
    if past_id is None:
        return Course()
    async with db.read() as conn:
        (was,) = await stored.every(conn, past_id)
    return Course(made=was.made, filled=was.filled, states=was.states, known=-(was.made + was.filled))


def _table(settings: Settings, source: Source) -> past_source.Source:
    found = [one for one in sources(settings, source.pbx) if one.kind == source.kind]
    if not found:
        raise Refused("past-no-table", "No such table is named.")
    return found[0]


async def _counted(table: past_source.Source, since: float | None) -> int:
    try:
        return await past_source.count(table, since)
    except StorageError as error:
        raise Refused(_code(error), str(error)) from error


def _code(error: StorageError) -> str:
    if isinstance(error, past_source.NoTable):
        return "past-table-missing"
    return "past-table-columns" if isinstance(error, past_source.WrongTable) else "past-database"


async def _rows(pages: AsyncIterable[Sequence[Item]], moved: Callable[[int], None]) -> AsyncIterator[Sequence[Item]]:
    """The rows of a table, counted; what is wrong with that database is not said of ours."""
    count = 0
    try:
        async for page in pages:
            count += len(page)
            moved(count)
            yield page
    except StorageError as error:
        raise Refused(_code(error), str(error)) from error


async def undo(db: Database, job: Mapping[str, Any]) -> Any:
    """Take an import back; says how much has gone."""
    past = Past(db=db, plan=NumberPlan(**job["plan"]), now=time.time)
    async with turn_of(db, Path(job["folder"]), _waits):
        return {"gone": await past.undo(job["past_id"], lambda gone: say({"gone": gone}))}


async def fill(db: Database, job: Mapping[str, Any]) -> int | None:
    """Calls of a time that its logs told of; None where none is named. Raises StorageError: one is away.

    Nothing is read before all of them are there: what is tried again would not be counted twice.
    """
    settings = Settings.model_validate(job["settings"])
    pbx, since, until = job["pbx"], job["since"], job["until"]
    own = settings.pbx[pbx].past
    files = _written(((QUEUE_LOG, own.queue_log), (CDR, own.cdr)), until)
    tables = sources(settings, pbx)
    for one in tables:
        await past_source.count(one, since, until)
    if not files and not tables:
        return None
    async with turn_of(db, settings.data / "past", lambda: None):
        return await _filled(db, job, settings, files, tables)


async def _filled(
    db: Database, job: Mapping[str, Any], settings: Settings, files: Sequence[tuple[str, Path]],
    tables: Sequence[past_source.Source],
) -> int:  # fmt: skip
    pbx, since, until, found = job["pbx"], job["since"], job["until"], 0
    for kind, path in files:
        for file in _files(path, since):
            lines = texts_of(_since(file, since - BEFORE_S, _time_of(settings, pbx, kind)))
            past, log = past_of(db, settings, pbx), log_of(settings, pbx, kind)
            _, course = await past.take_in(log, file.name, of_lines(lines), span=(since, until))
            found += course.made + course.filled
    for one in tables:
        past, log = past_of(db, settings, pbx), log_of(settings, pbx, one.kind)
        pages = past_source.pages(one, since - BEFORE_S, until + BEFORE_S)
        _, course = await past.take_in(log, one.name, pages, span=(since, until))
        found += course.made + course.filled
    return found


def _written(named: Sequence[tuple[str, Path | None]], until: float) -> list[tuple[str, Path]]:
    """The files that are named, when the PBX has written to one since: a copy of yesterday knows nothing of today."""
    files = [(kind, path) for kind, path in named if path is not None]
    for _, path in files:
        if not path.is_file():
            raise StorageError(f"{path} is not there", advice="It is tried again")
    if files and max(path.stat().st_mtime for _, path in files) < until:
        raise StorageError("the PBX has not written to its logs since", advice="They are read when it has")
    return files


def _files(path: Path, since: float) -> list[Path]:
    """The log and the one before it, where that was still written to in this time; the older first."""
    before = path.with_name(path.name + ".1")
    return [before, path] if before.is_file() and before.stat().st_mtime >= since else [path]


def _time_of(settings: Settings, pbx: str, kind: str) -> Callable[[bytes], float | None]:
    reader = Reader(zone_of(settings, pbx))

    def time_of(line: bytes) -> float | None:
        if kind == QUEUE_LOG:
            found = queue_log.read(decoded(line))
            return found.at if found else None
        row = reader.line(decoded(line))
        return row.ended if row else None

    return time_of


def _since(file: Path, since: float, time_of: Callable[[bytes], float | None]) -> Iterator[bytes]:
    """Lines of a file that is in the order of time, from about this time on: it is not read from its beginning."""
    with file.open("rb") as lines:
        low, high = 0, file.stat().st_size
        while high - low > NEAR_BYTES:
            middle = (low + high) // 2
            lines.seek(middle)
            lines.readline()
            at = next((at for line in lines if (at := time_of(line)) is not None), None)
            low, high = (middle, high) if at is not None and at < since else (low, middle)
        lines.seek(low)
        if low:
            lines.readline()
        yield from lines


WORK = {"past-gap": fill, "past-take": take, "past-undo": undo}
