"""What reads the past of a PBX, made of its settings."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet

from cti import past_files
from cti.channels.reach import Reach
from cti.errors import Refused
from cti.features.absences import Absences
from cti.features.past import Past
from cti.features.past_databases import Door, PastDatabases
from cti.features.past_names import PastNames
from cti.features.past_runs import PastRuns, Source
from cti.jobs import Jobs
from cti.pbx import Pbxes, number_plan
from cti.settings import PastSettings, PbxSettings, Settings
from cti.storage import erasures, past_source
from cti.storage import past as stored
from cti.storage.database import Database
from cti.storage.past_names import PastName
from cti.telephony.devices import DevicePlan
from cti.telephony.past_logs import CDR, QUEUE_LOG, Cdrs, Log, QueueLogs

ASKED = {"devices", "trunks", "numbers", "past"}  # of a PBX, for reading its logs
LISTED_MOST = 200  # files of a folder
TURN = 7283653  # of those at one PostgreSQL; that of migrations is one less
_LOGS = re.compile(r"(queue_log|Master\.csv|.+\.csv)([-._].*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class PastParts:
    """What the panel is given. work: long-lived tasks by name."""

    runs: PastRuns
    databases: PastDatabases
    names: PastNames
    places: PastPlaces
    work: Mapping[str, Coroutine[Any, Any, None]]


async def build_past(
    settings: Settings, db: Database, *, pbxes: Pbxes, jobs: Jobs, key: bytes, clock: Callable[[], float]
) -> PastParts:
    """What takes the past in, and what notices times that nobody watched. key: of secrets at rest."""
    box = Fernet(base64.urlsafe_b64encode(hashlib.blake2s(key, person=b"past").digest()))
    doors = {
        name: Door(host=one.host, addresses=Reach(one.past.inside).addresses) for name, one in settings.pbx.items()
    }
    databases = PastDatabases(db=db, box=box, doors=doors, clock=clock)
    places, turn = PastPlaces(settings, databases), asyncio.Lock()
    runs = PastRuns(db=db, jobs=jobs, folder=settings.data / "past", places=places, turn=turn, clock=clock)

    async def fill(pbx: str, since: float, until: float) -> int | None:
        if not await places.named(pbx):
            return None
        told = await places.told(pbx)
        async with turn:
            found: int | None = await jobs.done("past-gap", settings=told, pbx=pbx, since=since, until=until)
        return found

    away = Absences(
        db=db, up=lambda: [one.name for one in pbxes.now(clock()) if one.state == "up"], fill=fill, clock=clock,
        settle_s={name: float(one.past.settle_s) for name, one in settings.pbx.items()},
    )  # fmt: skip
    databases.named = away.reopen
    await away.reopen([name for name in settings.pbx if await places.named(name)])
    await runs.start()
    work = {"absences": away.run(), "past": runs.run()}
    names = PastNames(db=db, clock=clock)
    return PastParts(runs=runs, databases=databases, names=names, places=places, work=work)


class PastPlaces:
    """Where the logs of each PBX are, by the settings and by what an admin named in the panel."""

    def __init__(self, settings: Settings, databases: PastDatabases) -> None:
        self._settings = settings
        self._databases = databases

    def files(self, pbx: str) -> list[Path]:
        """Logs on this machine that people may take in, the newest first; not on the event loop."""
        own = _own(self._settings, pbx)
        found = {one for one in (own.queue_log, own.cdr) if one is not None and one.is_file()}
        for folder in own.folders:
            with contextlib.suppress(OSError):
                there = (folder / one.name for one in os.scandir(folder) if _LOGS.fullmatch(one.name))
                found |= {one for one in there if one.is_file() and not one.is_symlink()}
        return sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)[:LISTED_MOST]

    async def look_at(self, pbx: str, path: Path) -> tuple[str, float, int]:
        """Kind, begin and size of a file. Raises Refused."""
        found = await asyncio.to_thread(past_files.known, path, zone_of(self._settings, pbx))
        return found.kind, found.begins, found.size

    async def table(self, pbx: str, kind: str) -> str:
        """The table of this kind with its database, as people know it; "" for none. Raises Refused."""
        told = Settings.model_validate(await self.told(pbx)) if pbx in self._settings.pbx else self._settings
        return next((one.name for one in sources(told, pbx) if one.kind == kind), "")

    async def job(self, source: Source) -> dict[str, Any]:
        """What a process needs to read it. Raises Refused."""
        return {"settings": await self.told(source.pbx)}

    async def named(self, pbx: str) -> bool:
        """Whether any log of this PBX is named."""
        own = _own(self._settings, pbx) if pbx in self._settings.pbx else PastSettings()
        return bool(own.queue_log or own.cdr or own.address() or await self._databases.has(pbx))

    async def told(self, pbx: str) -> dict[str, Any]:
        """The settings as a process is told them, with the PBX's database: of the settings, else of the panel."""
        include: Any = {"numbers": True, "data": True, "pbx": {"__all__": ASKED}}
        told = self._settings.model_dump(mode="json", include=include)
        for name, one in self._settings.pbx.items():
            told["pbx"][name]["past"] |= {"database": one.past.address(), "database_file": None}
        if pbx in told["pbx"] and not told["pbx"][pbx]["past"]["database"]:
            found = await self._databases.of(pbx)
            if found is not None:
                own, url = found
                named = {"cdr_table": own.cdr_table, "queue_log_table": own.queue_log_table}
                told["pbx"][pbx]["past"] |= named | {"database": url}
        return told


@contextlib.asynccontextmanager
async def turn_of(db: Database, folder: Path, waits: Callable[[], None] | None = None) -> AsyncIterator[None]:
    """One process of one machine writes into the past at a time; the turn ends with it, however it ends.

    folder: of files that were sent, the machine's own; waits: told that another has the turn, which is waited for.
    None: raises Refused.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waits is None:
                raise _taken() from None
            waits()
            await asyncio.to_thread(fcntl.flock, place, fcntl.LOCK_EX)
        async with db.turn_of_all(TURN, waits) as ours:
            if not ours:
                raise _taken()
            async with db.write() as conn:
                await stored.abandon(conn, time.time())
            yield
    finally:
        os.close(place)


def _taken() -> Refused:
    return Refused(
        "past-runs",
        "The past is taken in just now, in the panel, by another command or on another machine: wait or stop it.",
    )


def prefix_of(settings: Settings, pbx: str) -> str:
    """What ids of this PBX begin with."""
    return f"{pbx}:" if len(settings.pbx) > 1 else ""


def past_of(db: Database, settings: Settings, pbx: str, said: Sequence[PastName] | None = None) -> Past:
    """What takes its logs in. said: as `Past` has it."""
    own = settings.pbx[pbx].numbers if pbx else None
    return Past(
        db=db, plan=number_plan(settings.numbers, own), now=time.time, pbx=pbx, prefix=prefix_of(settings, pbx),
        marks=erasures.marks_in(settings.data), said=said,
    )  # fmt: skip


def log_of(settings: Settings, pbx: str, kind: str) -> Log:
    """A reader of its logs of this kind."""
    prefix, zone = prefix_of(settings, pbx), zone_of(settings, pbx)
    if kind == QUEUE_LOG:
        return QueueLogs(prefix, zone=zone, pbx=pbx)
    one = settings.pbx[pbx] if pbx else PbxSettings()
    return Cdrs(
        prefix, zone=zone, pbx=pbx, plan=DevicePlan(devices=frozenset(one.devices), trunks=frozenset(one.trunks))
    )


def sources(settings: Settings, pbx: str) -> list[past_source.Source]:
    """Its tables, the queue log first: it knows more of calls that waited."""
    own = _own(settings, pbx)
    url, zone = own.address(), zone_of(settings, pbx)
    named = ((QUEUE_LOG, own.queue_log_table), (CDR, own.cdr_table)) if url else ()
    return [past_source.Source(url=url, table=table, kind=kind, zone=zone) for kind, table in named if table]


def zone_of(settings: Settings, pbx: str) -> ZoneInfo:
    """Of the PBX's clock."""
    return ZoneInfo(_own(settings, pbx).time_zone or settings.numbers.time_zone)


def _own(settings: Settings, pbx: str) -> PastSettings:
    return settings.pbx[pbx].past if pbx else PastSettings()
