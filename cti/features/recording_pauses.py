"""A recording is paused by who talks: while card data are said, by hand or by a field that is marked so.

Rules kept here: whoever talks in the call may pause it and go on. It goes on by itself after two minutes, also where
the server was started anew meanwhile; where the PBX does not do it, it is asked again until the call is over. What was
left out stays written down: from when to when, why, who.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from cti.access import Person
from cti.directory import DeviceFinder
from cti.errors import ChannelError, Refused, StorageError
from cti.lines import Line
from cti.storage import recording_gaps
from cti.storage.database import Database
from cti.storage.recording_gaps import Running, Why
from cti.storage.spool import Spool
from cti.telephony.commands import MuteRecording
from cti.telephony.events import CallRecord

LONGEST_S = 120.0  # then it goes on by itself
AGAIN_S = 5.0
IDLE_S = 60.0
ANSWER_S = 2.0
WRITTEN_S = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """Whether a call is recorded now. paused_at: since when it is paused, and until when, UNIX seconds."""

    running: bool
    paused_at: float | None = None
    until: float | None = None


class RecordingPauses:
    """line_of: by a device's id; record_of: the tracker's account of an open call."""

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        directory: DeviceFinder,
        line_of: Callable[[str], Line | None],
        record_of: Callable[[str], CallRecord | None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._spool = spool
        self._directory = directory
        self._line_of = line_of
        self._record_of = record_of
        self._clock = clock
        self._wake = asyncio.Event()

    async def state(self, person: Person, call_id: str) -> Recorded | None:
        """Of the call that the person is in; None where he is not."""
        try:
            record, _ = self._own(person, call_id)
        except Refused:
            return None
        return _told(await self._running(record.call))

    async def pause(self, person: Person, call_id: str, why: Why) -> Recorded:
        """Keep nothing from now on; paused already, it stays so. Raises Refused, ChannelError."""
        record, line = self._own(person, call_id)
        rows = await self._running(record.call)
        if not rows:
            raise Refused("not-recorded", "This call is not recorded now.")
        for one in rows:
            if one.gap_id is None:
                await _mute(line, one.leg, on=True)
                async with self._db.write(urgent=True) as conn:
                    await recording_gaps.begin(conn, one.recording_id, self._clock(), why, person.id)
        self._wake.set()
        return _told(await self._running(record.call))

    async def go_on(self, person: Person, call_id: str) -> Recorded:
        """Keep what is said again. Raises Refused, ChannelError."""
        record, line = self._own(person, call_id)
        for one in await self._running(record.call):
            if one.gap_id is not None:
                await _mute(line, one.leg, on=False)
                await self._end(one)
        return _told(await self._running(record.call))

    async def run(self) -> None:
        """Let paused ones go on when their time is over, until cancelled."""
        while True:
            wait_s = IDLE_S
            with suppress(StorageError):
                wait_s = await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            self._wake.clear()

    async def look(self) -> float:
        """Those whose time is over go on; returns after how long to look again."""
        async with self._db.read() as conn:
            rows = await recording_gaps.running(conn)
        now, ahead = self._clock(), IDLE_S
        for one in rows:
            left = (one.gap_at or 0.0) + LONGEST_S - now
            if self._record_of(one.call_id) is None:
                async with self._db.read() as conn:
                    is_over = await recording_gaps.over(conn, one.call_id)
                if is_over:
                    await self._end(one)
                    continue
            if left <= 0 and not await self._goes_on(one):
                left = AGAIN_S
            if left > 0:
                ahead = min(ahead, left)
        return max(ahead, 0.2)

    async def _goes_on(self, one: Running) -> bool:
        """Whether the PBX keeps what is said again."""
        record = self._record_of(one.call_id)
        devices = [leg.device for leg in record.legs if leg.device] if record else []
        line = next((line for device in devices if (line := self._line_of(device)) is not None), None)
        if line is None:
            return False
        try:
            await _mute(line, one.leg, on=False)
        except ChannelError as error:
            log.warning("a paused recording does not go on yet", call=one.call_id, reason=str(error))
            return False
        await self._end(one)
        return True

    async def _end(self, one: Running) -> None:
        if one.gap_id is not None:
            async with self._db.write() as conn:
                await recording_gaps.end(conn, one.gap_id, self._clock())

    async def _running(self, call_id: str) -> list[Running]:
        await self._spool.written(WRITTEN_S)  # that it began may wait for the disk
        async with self._db.read() as conn:
            return await recording_gaps.running(conn, call_id)

    def _own(self, person: Person, call_id: str) -> tuple[CallRecord, Line]:
        """The call that the person is in, and his line."""
        record = self._record_of(call_id)
        own = {row.name for row in self._directory.devices_of(person.id)}
        mine = [leg.device for leg in record.legs if leg.device in own and leg.ended is None] if record else []
        line = self._line_of(mine[-1] or "") if mine else None
        if record is None or line is None:
            raise Refused("not-your-call", "You are not in this call (any more).")
        return record, line


def _told(rows: list[Running]) -> Recorded:
    paused = [one.gap_at for one in rows if one.gap_at is not None]
    at = max(paused, default=None)
    return Recorded(running=bool(rows), paused_at=at, until=at + LONGEST_S if at is not None else None)


async def _mute(line: Line, leg: str, *, on: bool) -> None:
    answer = await line.pbx.ask(MuteRecording(leg=leg, on=on), timeout_s=ANSWER_S)
    if not answer.ok:
        raise ChannelError(f"The PBX refused: {answer.message}", permanent=True)
