"""Writes that may wait: kept in memory in order, written in batches, retried while the database cannot.

Rules kept here: a call, a card and its agent never wait for a disk. Order is kept. A write that the database refuses
for itself (a bug, a broken reference) is put aside with one log line, and those behind it are written. When more than
`limit` wait, new ones are refused, counted and logged: the oldest are the ones somebody may already have seen.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import StorageError
from cti.storage.database import Database
from cti.storage.one_hop import in_one_trip

Write = Callable[[AsyncConnection], Awaitable[None]]  # awaits nothing but its connection
State = Literal["ok", "late"]

BATCH = 200
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0

log = structlog.get_logger()
_Waiting = tuple[Write, "asyncio.Future[bool]"]


class Spool:
    """The queue of writes. on_change: told when state changes; clock: UNIX seconds."""

    def __init__(
        self,
        db: Database,
        limit: int = 10_000,
        *,
        on_change: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._db = db
        self._limit = limit
        self.on_change = on_change
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.state: State = "ok"
        self.since: float | None = None  # when writing became late
        self.advice = ""  # why it is late and what the operator does
        self.refused = 0  # writes lost because too many waited
        self.parked = 0  # writes put aside because they could never succeed

    @property
    def pending(self) -> int:
        """How many writes wait."""
        return len(self._waiting)

    def put(self, write: Write) -> asyncio.Future[bool]:
        """Queue a write; never waits. The future: True once it is on the disk, False when it was refused or parked."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= self._limit:
            self.refused += 1
            if self.refused & (self.refused - 1) == 0:  # the 1st, 2nd, 4th, ...: a flood must not fill the log too
                log.error("write refused: too many wait for the database", waiting=self.pending, refused=self.refused)
            done.set_result(False)
            return done
        self._waiting.append((write, done))
        self._idle.clear()
        self._filled.set()
        return done

    async def run(self) -> None:
        """Write what is put, until cancelled. One task runs this."""
        pause_s = FIRST_PAUSE_S
        while True:
            if not self._waiting:
                self._filled.clear()
                self._idle.set()
                await self._filled.wait()
            try:
                await self._write_some()
            except StorageError as error:
                self._set_state("late", str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S
                self._set_state("ok", "")

    async def written(self, timeout_s: float) -> bool:
        """Wait until all that was put before is on the disk; False when that takes longer than `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                return not self._waiting or await self.put(_nothing)
        except TimeoutError:
            return False

    async def flush(self, timeout_s: float) -> bool:
        """Wait until nothing waits; False when that takes longer than `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _write_some(self) -> None:
        batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
        try:
            await self._write(batch)
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - one of them is wrong: each alone shows which
            await self._write_each(batch)

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        async def all_of_it() -> None:
            for write, _ in batch:
                await write(conn)

        async with self._db.write(urgent=True) as conn:
            await in_one_trip(conn, all_of_it)
        self._settle(len(batch), written=True)

    async def _write_each(self, batch: Sequence[_Waiting]) -> None:
        for one in batch:
            try:
                await self._write([one])
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - a bug in one write must not hold up the rest
                self.parked += 1
                log.error("write put aside", error=f"{type(error).__name__}: {error}", parked=self.parked)
                self._settle(1, written=False)

    def _settle(self, count: int, *, written: bool) -> None:
        for _ in range(count):
            _, done = self._waiting.popleft()
            if not done.done():
                done.set_result(written)

    def _set_state(self, state: State, advice: str) -> None:
        self.advice = advice
        if state == self.state:
            return
        self.state = state
        self.since = self._clock() if state == "late" else None
        if state == "late":
            log.warning("saving late", reason=advice, waiting=self.pending)
        else:
            log.info("saving in time again", waiting=self.pending)
        if self.on_change is not None:
            self.on_change()


async def _nothing(_conn: AsyncConnection) -> None:
    """Only its turn counts."""
