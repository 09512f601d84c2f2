"""Recordings grow old: they are converted to something smaller, and go to another folder or store.

Rules kept here: nothing leaves the PBX's folder before what takes its place was read back by its hash; both hashes are
kept and the chain goes on over them; what somebody holds is not converted. What cannot be done now is told and tried
again, one at a time, and calls go first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from cti.channels.base import Archive, RecordedFiles
from cti.errors import ChannelError, StorageError
from cti.storage import recording_moves
from cti.storage.database import Database
from cti.storage.recording_moves import Movable, Room

IDLE_S = 300.0
AGAIN_S = 1800.0  # after it could not be done
DAY_S = 86400.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """to: opus, mp3 or "" for neither. *_days: so old are they then."""

    to: str = ""
    convert_days: int = 1
    move_days: int = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What there is, and what is wrong: sentences of the last faults."""

    room: Room
    faults: tuple[str, ...]


class RecordingMoves:
    """folders: by the PBX's name; squeeze: writes a file anew, smaller; archive: None where there is none."""

    def __init__(
        self,
        *,
        db: Database,
        folders: Mapping[str, Path],
        files: RecordedFiles,
        archive: Archive | None,
        squeeze: Callable[[Path, Path, str], Awaitable[None]],
        plan: Plan,
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._folders = folders
        self._files = files
        self._archive = archive
        self._squeeze = squeeze
        self.plan = plan
        self._zone = zone
        self._clock = clock
        self._failed: dict[str, float] = {}  # when to try again
        self._faults: dict[str, str] = {}

    async def run(self) -> None:
        """Do what is to do, until cancelled."""
        while True:
            try:
                done = await self.go_on()
            except StorageError as error:
                log.warning("recordings are moved later", reason=str(error))
                done = 0
            await asyncio.sleep(0.1 if done else IDLE_S)

    async def progress(self) -> Progress:
        """How far it is."""
        before = self._before()
        async with self._db.read(slow=True) as conn:
            room = await recording_moves.room(conn, *before)
        return Progress(room=room, faults=tuple(dict.fromkeys(self._faults.values())))

    async def go_on(self) -> int:
        """Convert and move some; how many."""
        now = self._clock()
        self._failed = {id_: again for id_, again in self._failed.items() if again > now}
        self._faults = {id_: said for id_, said in self._faults.items() if id_ in self._failed}
        convert_before, move_before = self._before()
        done = 0
        await self._clear()
        async with self._db.read() as conn:
            old = await recording_moves.to_convert(conn, convert_before, self._failed)
        for one in old:
            done += await self._tried(one, self._convert)
        async with self._db.read() as conn:
            old = await recording_moves.to_move(conn, move_before, self._failed)
        for one in old:
            done += await self._tried(one, self._move)
        await self._clear()
        return done

    def _before(self) -> tuple[float, float]:
        now, plan = self._clock(), self.plan
        converts, moves = bool(plan.to), self._archive is not None
        return now - plan.convert_days * DAY_S if converts else 0.0, now - plan.move_days * DAY_S if moves else 0.0

    async def _tried(self, one: Movable, work: Callable[[Movable, Path], Awaitable[bool]]) -> bool:
        folder = self._folders.get(one.pbx)
        try:
            path = await asyncio.to_thread(self._files.path_of, folder, one.name) if folder is not None else None
            if path is None:
                raise ChannelError("A recording is not in the PBX's folder any more.")
            begun = time.monotonic()
            done = await work(one, path)
            await asyncio.sleep(min(time.monotonic() - begun, 1.0))  # half of the disk and the line is others'
            return done
        except ChannelError as error:
            self._failed[one.id] = self._clock() + AGAIN_S
            self._faults[one.id] = str(error)
            log.warning("a recording stays as it is", recording=one.id, reason=str(error))
            return False

    async def _convert(self, one: Movable, path: Path) -> bool:
        name = f"{one.name.removesuffix('.wav')}.{self.plan.to}"
        target = path.with_name(Path(name).name)
        before = await asyncio.to_thread(self._files.measure, path.parent, path.name)
        if before is None or before.sha256 != one.sha256:
            raise ChannelError("A recording is not what it was when it was found.", permanent=True)
        await self._squeeze(path, target, self.plan.to)
        made = await asyncio.to_thread(self._files.measure, target.parent, target.name)
        if made is None or made.is_empty:
            raise ChannelError("A recording cannot be converted: nothing was written.")
        day = datetime.fromtimestamp(one.started_at, self._zone).date().isoformat()
        async with self._db.write() as conn:
            taken = await recording_moves.converted(conn, one, name=name, size=made.size, sha256=made.sha256, day=day)
        if not taken:
            await asyncio.to_thread(self._files.remove, target.parent, target.name)
        return taken

    async def _move(self, one: Movable, path: Path) -> bool:
        if self._archive is None:
            return False
        name = f"{one.pbx}/{one.name}"
        await self._archive.put(path, name, one.sha256)
        async with self._db.write() as conn:
            taken = await recording_moves.moved(conn, one, self._clock())
        if not taken:
            await self._archive.remove(name, one.sha256)
        return taken

    async def _clear(self) -> None:
        """Take off the PBX's folder what has another file in its place."""
        async with self._db.read() as conn:
            rows = await recording_moves.left(conn)
        for id_, pbx, file in rows:
            folder = self._folders.get(pbx)
            if folder is not None and await asyncio.to_thread(self._files.remove, folder, file):
                async with self._db.write() as conn:
                    await recording_moves.cleared(conn, id_, file)
