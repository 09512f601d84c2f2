"""Recordings of calls: the registry of what the dialplan records, who may hear and take them out, what is kept.

Rules kept here: a file is reached by the id of its row alone, and only inside the PBX's folder. It comes late: it is
looked for until ten minutes after the call, and again whenever somebody wants to hear it. Who may listen is given a
key of his own for some hours: the player asks for pieces of the sound by it, and the access journal has one line.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person, Right, scope
from cti.channels.base import Archive, RecordedFiles, Sound
from cti.errors import ChannelError, NotAllowed, Refused, StorageError
from cti.storage import recordings
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.recordings import Recording, Remains, Waiting
from cti.storage.spool import Spool
from cti.telephony.events import CallCleared, RecordingBegan, RecordingEnded, SnapshotTaken

LOOKED_FOR_S = 600.0  # after the end of its call
WHOLE_S = 10.0  # so long after its call a file may still be written, whatever its head says
AGAIN_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # between looks
IDLE_S = 30.0
KEY_S = 6 * 3600.0
MOST_KEYS = 20_000
AWAY = "The archive does not give the recording now: try again in a while."
GONE = "The recording is not there any more."

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """Somebody may hear a recording until then."""

    user_id: int
    recording_id: str
    until: float


class Recordings:
    """folders: by the PBX's name; pbx_of: whose call it is; archive: where old ones lie, None: nowhere else."""

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        folders: Mapping[str, Path],
        files: RecordedFiles,
        pbx_of: Callable[[str], str],
        zone: ZoneInfo,
        clock: Callable[[], float],
        archive: Archive | None = None,
    ) -> None:
        self._archive = archive
        self._db = db
        self._spool = spool
        self._folders = folders
        self._files = files
        self._pbx_of = pbx_of
        self._zone = zone
        self._clock = clock
        self._wake = asyncio.Event()
        self._looks: dict[str, tuple[int, float]] = {}  # how often a file was looked for, when again
        self._keys: dict[str, Key] = {}

    async def began(self, event: RecordingBegan, received_at: float) -> None:
        """The dialplan records a call."""
        pbx, at = self._pbx_of(event.call), event.at or received_at
        self._spool.put(
            lambda conn: recordings.begin(
                conn, event.call, pbx, event.file, at, leg=event.leg, announced=event.announced, demanded=event.demanded
            )
        )

    async def ended(self, event: RecordingEnded, received_at: float) -> None:
        """It ended before its call."""
        pbx, at = self._pbx_of(event.call), event.at or received_at
        if event.refused:
            self._spool.put(lambda conn: recordings.refuse(conn, event.call, pbx, event.file, at))
        else:
            self._spool.put(lambda conn: recordings.end(conn, pbx, event.file, at, refused=False))
        self._wake.set()

    async def call_over(self, _event: CallCleared | SnapshotTaken, _received_at: float) -> None:
        """A call is over: its file will be whole soon."""
        self._wake.set()

    def remove_now(self) -> None:
        """Some were marked as deleted."""
        self._wake.set()

    async def run(self) -> None:
        """Look for files, and delete those that were given up, until cancelled."""
        while True:
            wait_s = IDLE_S
            try:
                wait_s = min(await self._look(), await self._remove())
            except StorageError as error:
                log.warning("recordings wait for the database", reason=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
                    await self._spool.written(1.0)  # the end of the call is a row
            self._wake.clear()

    async def of_call(self, person: Person, call_id: str) -> list[Recording]:
        """Those of a call, for who may listen to it; one that was not there before is looked for now."""
        async with self._db.read() as conn:
            if not await self._may(conn, person, "recordings.listen", call_id):
                return []
            rows = await recordings.of_call(conn, call_id)
        late = [one for one in rows if one.state == "absent" and one.why != "empty"]
        if not late:
            return rows
        for one in late:
            waiting = Waiting(
                id=one.id, pbx=one.pbx, file=one.file, started_at=one.started_at, over_at=one.ended_at or one.started_at
            )
            with suppress(StorageError):
                await self._look_for(waiting, final=False)
        async with self._db.read() as conn:
            return await recordings.of_call(conn, call_id)

    async def listen(self, person: Person, recording_id: str) -> tuple[Recording, str]:
        """A recording and a key by which its sound is given. Raises NotAllowed, Refused."""
        row, _ = await self._allowed(person, recording_id, "recordings.listen")
        now, key = self._clock(), secrets.token_urlsafe(24)
        if len(self._keys) >= MOST_KEYS:
            self._keys = {name: one for name, one in self._keys.items() if one.until > now}
        if len(self._keys) >= MOST_KEYS:
            raise Refused("many-heard", "Too many recordings are being heard now: try again in a while.")
        self._keys[key] = Key(user_id=person.id, recording_id=row.id, until=now + KEY_S)
        return row, key

    async def sound(self, person: Person, key: str) -> Path:
        """The file that a key opens. Raises Refused."""
        known = self._keys.get(key)
        if known is None or known.user_id != person.id or known.until < self._clock():
            raise Refused("recording-closed", "Open the recording again: this player was opened too long ago.")
        async with self._db.read() as conn:
            row = await recordings.get(conn, known.recording_id)
        path = await self._path(row) if row is not None else None
        if path is None:
            raise Refused("recording-gone", GONE)
        return path

    async def download(self, person: Person, recording_id: str) -> tuple[Recording, Path]:
        """A recording and its file, to be taken out of the house. Raises NotAllowed, Refused."""
        return await self._allowed(person, recording_id, "recordings.download")

    async def hold(self, person: Person, recording_id: str, *, until: float | None, why: str) -> str:
        """Nothing deletes it until then; returns its call. Raises NotAllowed, Refused."""
        if not why.strip():
            raise Refused("no-why-held", "Say why it is held: a dispute, a court, a claim.")
        row = await self._kept_by(person, recording_id)
        async with self._db.write() as conn:
            await recordings.hold(conn, row.id, now=self._clock(), user_id=person.id, until=until, why=why)
        return row.call_id

    async def release(self, person: Person, recording_id: str) -> str:
        """It goes again when its time is over; returns its call. Raises NotAllowed, Refused."""
        row = await self._kept_by(person, recording_id)
        async with self._db.write() as conn:
            await recordings.release(conn, row.id)
        return row.call_id

    async def _kept_by(self, person: Person, recording_id: str) -> Recording:
        async with self._db.read() as conn:
            row = await recordings.get(conn, recording_id)
            if row is None or not await self._may(conn, person, "recordings.keep", row.call_id):
                raise Refused("no-recording", "There is no such recording.")
        if row.state == "deleted":
            raise Refused("recording-gone", GONE)
        return row

    async def _allowed(self, person: Person, recording_id: str, right: Right) -> tuple[Recording, Path]:
        if scope(person, right) == "none":
            raise NotAllowed("Your role may not do this with recordings; ask an admin.")
        async with self._db.read() as conn:
            row = await recordings.get(conn, recording_id)
            if row is None or not await self._may(conn, person, right, row.call_id):
                raise Refused("no-recording", "There is no such recording.")
        if row.state in ("preparing", "deleted"):
            code = "recording-gone" if row.state == "deleted" else "recording-late"
            raise Refused(code, GONE if row.state == "deleted" else "The recording is being prepared.")
        path = await self._path(row)
        if path is None:
            if row.state == "there":
                async with self._db.write() as conn:
                    await recordings.missed(conn, row.id, "lost")
            raise Refused("recording-gone", GONE)
        return row, path

    async def _may(self, conn: Connection, person: Person, right: Right, call_id: str) -> bool:
        reach = scope(person, right)
        if reach in ("all", "none"):
            return reach == "all"
        by = await recordings.reached(conn, call_id, person.id, person.team_id)
        return bool(by & {"own": {"own"}, "team": {"own", "team"}, "queue": {"own", "team", "queue"}}[reach])

    async def _path(self, row: Recording) -> Path | None:
        if row.archived_at is not None:
            return await self._archived(row)
        folder = self._folders.get(row.pbx)
        return await asyncio.to_thread(self._files.path_of, folder, row.name) if folder is not None else None

    async def _archived(self, row: Recording) -> Path | None:
        if self._archive is None:
            raise Refused("no-archive", "The recording lies in an archive that the settings do not name any more.")
        try:
            return await self._archive.path(f"{row.pbx}/{row.name}", row.sha256)
        except ChannelError as error:
            log.warning("an archived recording cannot be heard", recording=row.id, reason=str(error))
            raise Refused("archive-away", AWAY) from None

    async def _look(self) -> float:
        """Look for files that are to come; returns after how long again."""
        async with self._db.read() as conn:
            rows = await recordings.waiting(conn)
        now = self._clock()
        known = {one.id for one in rows}
        self._looks = {id_: look for id_, look in self._looks.items() if id_ in known}
        for one in rows:
            times, again = self._looks.get(one.id, (0, 0.0))
            if again <= now and not await self._look_for(one, final=now > one.over_at + LOOKED_FOR_S):
                self._looks[one.id] = times + 1, now + AGAIN_S[min(times, len(AGAIN_S) - 1)]
        ahead = [again for _, again in self._looks.values()]
        return max(0.2, min(ahead) - now) if ahead else IDLE_S

    async def _look_for(self, one: Waiting, *, final: bool) -> bool:
        """Look for a file; whether its state is settled now."""
        folder = self._folders.get(one.pbx)
        sound = await asyncio.to_thread(self._measured, folder, one.file) if folder is not None else None
        if sound is None and not final:
            return False
        unfinished = sound is not None and (sound.is_empty or not sound.is_whole)
        if unfinished and not final and self._clock() < one.over_at + WHOLE_S:
            return False
        async with self._db.write() as conn:
            if sound is None:
                await recordings.missed(conn, one.id, "missing" if folder is not None else "no-folder")
            elif sound.is_empty:
                await recordings.missed(conn, one.id, "empty")
            else:
                await recordings.found(
                    conn, one.id, size=sound.size, sha256=sound.sha256, duration_s=sound.duration_s, peaks=sound.peaks,
                    ended_at=one.over_at, day=datetime.fromtimestamp(one.started_at, self._zone).date().isoformat(),
                )  # fmt: skip
        return True

    def _measured(self, folder: Path, file: str) -> Sound | None:
        """A file as it is once nobody writes it."""
        before = self._files.size_of(folder, file)
        sound = self._files.measure(folder, file) if before is not None else None
        return sound if sound is not None and self._files.size_of(folder, file) == before == sound.size else None

    async def _remove(self) -> float:
        """Take the files of deleted ones off the disk; returns after how long to try again."""
        async with self._db.read() as conn:
            rows = await recordings.to_remove(conn)
        gone = [one.id for one in rows if await self._is_gone(one)]
        if gone:
            async with self._db.write() as conn:
                await recordings.removed(conn, gone, self._clock())
        if len(gone) < len(rows):
            log.warning("recordings cannot be deleted", count=len(rows) - len(gone))
            return 10 * IDLE_S
        return IDLE_S if len(rows) < recordings.AT_ONCE else 0.1

    async def _is_gone(self, one: Remains) -> bool:
        folder = self._folders.get(one.pbx)
        here = [file for file in (one.left_file, "" if one.is_archived else one.name) if file]
        if here and folder is None:
            return False
        for file in here:
            if folder is None or not await asyncio.to_thread(self._files.remove, folder, file):
                return False
        if not one.is_archived:
            return True
        return self._archive is not None and await self._archive.remove(f"{one.pbx}/{one.name}", one.sha256)
