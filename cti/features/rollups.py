"""Counting the journal, by quarters of an hour and by calls in vain, in the background and before a report reads it.

Rules kept here: quarters are counted whole, from the journal alone; the event loop and whoever writes calls wait for no
counting (it reads beside the writer and writes rows that are ready); one counts at a time. A database that was filled
before is counted from now backwards, and says how far it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.errors import StorageError
from cti.reports import agent_sums, number_levels, queue_sums
from cti.reports.agent_sums import AgentSums
from cti.reports.queue_sums import QUARTER_S, Call, History
from cti.storage import agent_rollups, number_rollups, queue_rollups, reach_times, thresholds
from cti.storage.database import Database
from cti.storage.one_hop import in_one_trip
from cti.storage.queue_rollups import Counted

EVERY_S = 30.0
REST = 4  # so many times as long as it counted it rests, while much is left
PASS_S = 0.15  # of counting: what it brings is written in half of that, and others wait for it
FRESH_S = 1.5  # a report waits so long for what is not counted yet
LONGEST = 96 * QUARTER_S
NEAR_S = 3600.0  # marks of a person so close together are counted in one
SMALL = 100  # calls that are counted at once: less than a thread costs
EVER = (0.0, 1e11)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How much of the marks that there were is counted. left: 0 where all is."""

    left: int
    begun_with: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return 1.0 if not self.left else max(0.0, 1 - self.left / max(1, self.begun_with))


class Rollups:
    """clock: UNIX seconds."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock
        self._lock = asyncio.Lock()
        self._most: dict[str, int] = {}

    async def run(self) -> None:
        """Count what changed, until cancelled."""
        while True:
            begun, more = time.monotonic(), False
            try:
                more = await self._pass()
            except StorageError as error:
                log.warning("figures are counted later", reason=str(error))
            await asyncio.sleep((time.monotonic() - begun) * REST if more else EVERY_S)

    async def fresh_queues(self, since: float, until: float) -> Progress:
        """Count what changed of queues in a time, as far as FRESH_S allows; what is left of it."""
        deadline, more = time.monotonic() + FRESH_S, True
        while more and time.monotonic() < deadline:
            async with self._lock:
                more = await self._queues(since, until)
        async with self._db.read() as conn:
            return self._progress("queues", await queue_rollups.left(conn, since, until))

    async def fresh_agents(self, since: float, until: float) -> Progress:
        """The same of people; what lasts is counted up to now."""
        deadline, more = time.monotonic() + FRESH_S, True
        lasting = until > self._clock() - QUARTER_S
        while more and time.monotonic() < deadline:
            async with self._lock:
                more = await self._agents(since, until, lasting=lasting)
            lasting = False
        async with self._db.read() as conn:
            return self._progress("agents", await agent_rollups.left(conn, since, until))

    async def fresh_reach(self) -> Progress:
        """Find out who was reached by what changed, whenever it was: a talk of now reaches clients of long ago."""
        deadline, more = time.monotonic() + FRESH_S, True
        while more and time.monotonic() < deadline:
            async with self._lock:
                more = await self._reach()
        async with self._db.read() as conn:
            return self._progress("reach", await reach_times.left(conn))

    def _progress(self, of: str, left: int) -> Progress:
        self._most[of] = max(self._most.get(of, 0), left) if left else 0
        return Progress(left=left, begun_with=self._most[of])

    async def _pass(self) -> bool:
        """Count some of all that changed; whether more is left."""
        async with self._lock:
            queues = await self._queues(*EVER)
            agents = await self._agents(*EVER, lasting=False)
            numbers = await self._numbers()
            return await self._reach() or numbers or queues or agents

    async def _queues(self, since: float, until: float) -> bool:
        counted: dict[tuple[str, int], Counted | None] = {}
        done: list[int] = []
        deadline = time.monotonic() + PASS_S
        async with self._db.read() as conn:
            marks = await queue_rollups.marks(conn, since, until)
            history = await thresholds.history(conn)
            for mark in marks:
                todo = [at for at in mark.quarters if (mark.queue, at) not in counted]
                for begin, end in _ranges(todo):
                    counted.update(await _count(conn, mark.queue, begin, end, history))
                done.append(mark.id)
                if time.monotonic() > deadline:
                    break
        if done:
            async with self._db.write() as conn:
                await in_one_trip(conn, lambda: queue_rollups.write(conn, counted, history, done))
        return len(done) < len(marks) or len(marks) == queue_rollups.AT_ONCE

    async def _numbers(self) -> bool:
        async with self._db.read() as conn:
            if not await number_rollups.waits(conn):
                return False
        async with self._db.write() as conn:
            return await in_one_trip(conn, lambda: number_rollups.fold(conn))

    async def _reach(self) -> bool:
        async with self._db.read() as conn:
            if not await reach_times.waits(conn):
                return False
        async with self._db.write() as conn:
            return await in_one_trip(conn, lambda: reach_times.fold(conn))

    async def _agents(self, since: float, until: float, *, lasting: bool) -> bool:
        now = self._clock()
        counted: dict[tuple[int, int], AgentSums | None] = {}
        done: list[int] = []
        deadline = time.monotonic() + PASS_S
        async with self._db.read() as conn:
            marks = await agent_rollups.marks(conn, since, until)
            if lasting:
                for mark in await agent_rollups.open_now(conn, now):
                    counted.update(await _count_agent(conn, mark, now))
            for mark, ids in _hulls(marks, now):
                counted.update(await _count_agent(conn, mark, now))
                done += ids
                if time.monotonic() > deadline:
                    break
        if counted or done:
            async with self._db.write() as conn:
                await in_one_trip(conn, lambda: agent_rollups.write(conn, counted, done))
        return len(done) < len(marks) or len(marks) == agent_rollups.AT_ONCE


async def _count(
    conn: AsyncConnection, queue: str, begin: int, end: int, history: History
) -> dict[tuple[str, int], Counted | None]:
    """The quarters of a queue from begin to end; None where nobody came."""
    calls = await in_one_trip(conn, lambda: queue_rollups.calls(conn, queue, begin, end), ends=lambda _: False)
    made = _sums(calls, history) if len(calls) < SMALL else await asyncio.to_thread(_sums, calls, history)
    return {(queue, at): made.get((queue, at)) for at in range(begin, end, QUARTER_S)}


def _sums(calls: list[Call], history: History) -> dict[tuple[str, int], Counted]:
    levels = number_levels.levels(calls, history)
    return {
        key: Counted(sums=sums, levels=levels.get(key, {})) for key, sums in queue_sums.sums(calls, history).items()
    }


async def _count_agent(
    conn: AsyncConnection, mark: agent_rollups.Mark, now: float
) -> dict[tuple[int, int], AgentSums | None]:
    time_ = await in_one_trip(conn, lambda: agent_rollups.time_of(conn, mark, now), ends=lambda _: False)
    small = len(time_.lines) + len(time_.legs) < SMALL
    asked = (time_.lines, time_.legs, time_.ends)
    made = agent_sums.sums(*asked) if small else await asyncio.to_thread(agent_sums.sums, *asked)
    return {(mark.user_id, at): made.get(at) for at in range(time_.since, time_.until, QUARTER_S)}


def _hulls(marks: Iterable[agent_rollups.Mark], now: float) -> Iterator[tuple[agent_rollups.Mark, list[int]]]:
    """Marks of a person that are close together made one, with the ids of all of it."""
    ids: list[int] = []
    hull: agent_rollups.Mark | None = None
    for one in sorted(marks, key=lambda one: (one.user_id, one.since)):
        mark = replace(one, until=max(one.since, min(one.until, now)))
        near = hull is not None and hull.user_id == mark.user_id and mark.since <= hull.until + NEAR_S
        if hull is not None and near and mark.until - hull.since <= LONGEST:
            hull, ids = replace(hull, until=max(hull.until, mark.until)), [*ids, mark.id]
            continue
        if hull is not None:
            yield hull, ids
        hull, ids = mark, [mark.id]
    if hull is not None:
        yield hull, ids


def _ranges(quarters: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Quarters that follow one another made one stretch, at most a day long."""
    begin = end = -1
    for at in quarters:
        if at == end and end - begin < LONGEST:
            end += QUARTER_S
            continue
        if end > begin:
            yield begin, end
        begin, end = at, at + QUARTER_S
    if end > begin:
        yield begin, end
