"""The past of a PBX that was there before Trubka: its queue log and call detail records become
calls and duties of the same journal.

So the first day has a year of reports, and what happened while Trubka was away is found out. What was seen stays as it
was seen; everything taken in says which import it came with, and an import can be taken back. Numbers of people who
were erased are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.erased import Marks
from cti.errors import Refused
from cti.storage import directory, erasures, past, past_names, past_same, users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.storage.one_hop import in_one_trip
from cti.storage.past import PastCall
from cti.storage.past_names import Names, PastName
from cti.telephony.cdr import decoded
from cti.telephony.events import CallRecord, LegRecord, Party
from cti.telephony.numbering import NumberPlan
from cti.telephony.numbering import read as read_number
from cti.telephony.past_logs import ENOUGH, LINES, Course, Item, Log, Part
from cti.telephony.queue_duty import Change
from cti.telephony.queue_log import Told, device_of

PART = 600  # calls of one transaction at most: others wait for it 20 to 40 ms
REMEMBERED = 100_000  # numbers
LOOKED_MOST = 2_000_000  # calls of one look that are known again
MARGIN_S = 60.0  # what ended so shortly before a gap may have its end in it


class Stopped(Refused):
    """Somebody stopped the import; what was written stays until it is taken back."""

    def __init__(self) -> None:
        super().__init__("stopped", "It was stopped.")


@dataclass(frozen=True, kw_only=True, slots=True)
class _People:
    """Who an agent of a log is: by his device, by his number in it, by his name."""

    devices: Mapping[str, int]
    extensions: Mapping[str, int]
    names: Mapping[str, int]

    def of(self, agent: str, prefix: str) -> int | None:
        """Their id; None for a stranger."""
        known = self.devices.get(prefix + agent) or self.names.get(agent.casefold())
        if known is not None:
            return known
        number = agent.rpartition("/")[2] if device_of(agent) else agent.partition("/")[2].partition("@")[0]
        return self.extensions.get(number or agent)


class Past:
    """Takes logs in. now: the clock; marks: by which it is told whether a number is of somebody who was erased.

    said: who agents and queues of the log are, instead of what is kept of that.
    """

    def __init__(
        self, *, db: Database, plan: NumberPlan, now: Callable[[], float], pbx: str = "", prefix: str = "",
        marks: Marks | None = None, said: Sequence[PastName] | None = None,
    ) -> None:  # fmt: skip
        self._db = db
        self._plan = plan
        self._now = now
        self._pbx, self._prefix = pbx, prefix
        self._marks = marks
        self._said = said
        self._names = Names()
        self._erased: frozenset[str] = frozenset()
        self._people = _People(devices={}, extensions={}, names={})
        self._begins: Mapping[int, float] = {}
        self._numbers: dict[str | None, str | None] = {}
        self._forgotten: set[str | None] = set()
        self._owners: dict[str, int | None] = {}
        self._looked: set[int] = set()

    async def take_in(
        self, log: Log, name: str, pages: AsyncIterable[Sequence[Item]], *, user_id: int | None = None,
        told: Callable[[Course], None] = lambda course: None, span: tuple[float, float] | None = None,
        begun: tuple[int, Course] | None = None,
    ) -> tuple[int, Course]:  # fmt: skip
        """Take a log in, page by page; the import's id and what came of it. Raises Stopped, StorageError.

        pages: an empty one says that what follows does not follow on from what was. span: of what lies in it alone.
        begun: an import that was begun, or was cut off, and what it has. Raises what reading raises; what was written
        by then stays.
        """
        past_id, course = begun or (await self._begin(log.kind, name, user_id), Course())
        if begun:
            await self._learn()
        end = "stopped"
        try:
            await self._course(
                log, pages, course, span, lambda part: self._write(past_id, log.kind, part, course), told
            )
            end = "done"
        finally:
            async with self._db.write() as conn:
                await past.become(conn, past_id, end, was=["running"], now=self._now())
        return past_id, course

    async def look(
        self, log: Log, pages: AsyncIterable[Sequence[Item]], *, told: Callable[[Course], None] = lambda course: None,
        course: Course | None = None,
    ) -> Course:  # fmt: skip
        """What would come of a log: nothing is written. pages: as `take_in` has them."""
        await self._learn()
        self._looked.clear()
        course = course or Course()
        await self._course(log, pages, course, None, lambda part: self._count(log.kind, part, course), told)
        return course

    async def _course(
        self, log: Log, pages: AsyncIterable[Sequence[Item]], course: Course, span: tuple[float, float] | None,
        keep: Callable[[Part], Awaitable[None]], told: Callable[[Course], None],
    ) -> None:  # fmt: skip
        async for calls, changes in _read(log, pages, course, self._now):
            await keep(_of_span(calls, changes, span))
            told(course)

    async def undo(self, past_id: int, told: Callable[[int], None] = lambda gone: None) -> int:
        """Take an import back: its calls and duties go, the ends of calls that were seen stay. Raises Refused."""
        async with self._db.write() as conn:
            if not await past.become(conn, past_id, "undoing", was=past.UNDONE_OF, now=None):
                raise Refused("nothing-to-undo", "There is no such import, or it was taken back.")
        gone = 0
        while True:
            async with self._db.write() as conn:
                part = await past.undo_part(conn, past_id, PART)
                if not part:
                    await past.become(conn, past_id, "undone", was=["undoing"], now=self._now())
            if not part:
                return gone
            gone += part
            told(gone)

    async def _begin(self, kind: str, name: str, user_id: int | None) -> int:
        await self._learn()
        async with self._db.write() as conn:
            return await past.begin(conn, kind=kind, pbx=self._pbx, name=name, user_id=user_id, now=self._now())

    async def _learn(self) -> None:
        """Who is who here."""
        async with self._db.read() as conn:
            rows: Sequence[DeviceRow] = await directory.devices(conn)
            people = await users.every(conn)
            kept = await past_names.every(conn, self._pbx) if self._said is None else self._said
            self._names = past_names.by_name(kept)
            self._begins = await past.states_begin(conn)
            self._erased = await erasures.marks_of_all(conn) if self._marks else frozenset()
        mine = [row for row in rows if row.name.startswith(self._prefix)]
        self._people = _People(
            devices={row.name: row.user_id for row in mine},
            extensions={row.extension: row.user_id for row in reversed(mine)},
            names={one.name.casefold(): one.id for one in people},
        )

    async def _write(self, past_id: int, kind: str, part: Part, course: Course) -> None:
        calls, changes = part
        await self._know(calls)
        rows = [row for one in changes if (row := self._state(one, course)) is not None]
        for few in _parts(calls) or [[]]:
            some = [self._call(one, course) for one in few]
            async with self._db.write() as conn:
                written = partial(_written, conn, past_id, kind, some, rows, course)
                if not await in_one_trip(conn, written, ends=bool):  # others wait for the disk alone
                    raise Stopped
            rows = []

    async def _count(self, kind: str, part: Part, course: Course) -> None:
        calls, changes = part
        await self._know(calls)
        rows = [row for one in changes if (row := self._state(one, course)) is not None]
        async with self._db.read() as conn:
            for few in _parts(calls):
                some = [self._call(one, course) for one in few if self._first_look(one.record.call)]
                course.known += len(few) - len(some)
                for name, count in (await past_same.sort(conn, kind, some)).counts.items():
                    setattr(course, name, getattr(course, name) + count)
            fresh = await past.fresh_states(conn, rows)
            course.states += sum(self._first_look((row["user_id"], row["at"], row["state"])) for row in fresh)

    def _first_look(self, key: Hashable) -> bool:
        """Whether the look has not come upon this one yet: it would be known by then."""
        mark = hash(key)
        if mark in self._looked:
            return False
        if len(self._looked) < LOOKED_MOST:
            self._looked.add(mark)
        return True

    async def _know(self, calls: Sequence[Told]) -> None:
        """Whose the numbers of these calls are."""
        if len(self._owners) > REMEMBERED:
            self._owners.clear()
            self._numbers.clear()
        told = {_client(one.record) for one in calls}
        for raw in told - self._numbers.keys():
            self._numbers[raw] = self._readable(raw)
        fresh = sorted({number for raw in told if (number := self._numbers[raw]) and number not in self._owners})
        if fresh:
            async with self._db.read() as conn:
                found = await past.clients_of(conn, fresh)
            self._owners.update({number: found.get(number) for number in fresh})

    def _readable(self, raw: str | None) -> str | None:
        number = read_number(raw, self._plan).e164
        if number and self._marks and self._marks.of("phone", number) in self._erased:
            self._forgotten.add(raw)
            return None
        return number

    def _call(self, told: Told, course: Course) -> PastCall:
        record, sat = self._of_queues_now(told.record), {}
        for wait in record.waits:
            course.queues.setdefault(wait.queue)
        raw = _client(record)
        number = self._numbers[raw]
        if raw in self._forgotten:
            caller = Party(device=record.caller.device)
            record = structs.replace(record, caller=caller, called=None if raw == record.called else record.called)
        for leg_id, agent in told.agents.items():
            person = self._who(agent, course)
            if person is not None:
                sat[leg_id] = person
        speakers = [sat[leg.leg_id] for leg in record.legs if _spoke(leg) and leg.leg_id in sat]
        return PastCall(
            record=record,
            own_id=record.call.removeprefix(self._prefix),
            pbx=self._pbx,
            number=number,
            client_id=self._owners.get(number) if number else None,
            user_id=speakers[-1] if speakers else None,
            users=sat,
        )

    def _state(self, change: Change, course: Course) -> dict[str, Any] | None:
        """A line of somebody's duty; None for a stranger, and from where it was seen."""
        person = self._who(change.agent, course)
        if person is None or change.at >= self._begins.get(person, float("inf")):
            return None
        return {"user_id": person, "at": change.at, "state": change.state, "reason": change.reason}

    def _of_queues_now(self, record: CallRecord) -> CallRecord:
        """The call in the queues that those of the log are now."""
        now = self._names.queues
        if not now or (not any(wait.queue in now for wait in record.waits) and record.queue not in now):
            return record
        waits = tuple(structs.replace(wait, queue=now.get(wait.queue, wait.queue)) for wait in record.waits)
        return structs.replace(record, waits=waits, queue=now.get(record.queue, record.queue) if record.queue else None)

    def _who(self, agent: str, course: Course) -> int | None:
        if agent in self._names.agents:
            return self._names.agents[agent]
        person = self._people.of(agent, self._prefix)
        if person is None and agent:
            course.strangers.setdefault(agent)
        return person


def _client(record: CallRecord) -> str | None:
    """The number at the other end, as the log has it."""
    return record.called if record.direction == "outbound" else record.caller.number


def _spoke(leg: LegRecord) -> bool:
    return leg.talk is not None or leg.result == "talked"


async def _written(
    conn: AsyncConnection, past_id: int, kind: str, calls: Sequence[PastCall], states: Sequence[Mapping[str, Any]],
    course: Course,
) -> bool:  # fmt: skip
    """Write what one transaction takes; False: somebody stopped the import."""
    for name, count in (await past.take(conn, past_id, kind, calls)).items():
        setattr(course, name, getattr(course, name) + count)
    course.states += await past.take_states(conn, past_id, states)
    return await past.tell(conn, past_id, tuple(course.strangers), **course.counts())


async def _read(
    log: Log, pages: AsyncIterable[Sequence[Item]], course: Course, now: Callable[[], float]
) -> AsyncIterator[Part]:
    """What is read, as much as is written before more is read."""
    calls: list[Told] = []
    changes: list[Change] = []
    given_at = 0
    async for page in pages:
        for item in page:
            course.lines += 1
            for one in log.feed(item, course):
                if isinstance(one, Change):
                    changes.append(one)
                else:
                    calls.append(one)
            if len(calls) >= ENOUGH or course.lines - given_at >= LINES:
                yield calls, changes
                calls, changes, given_at = [], [], course.lines
        if not page:
            yield [*calls, *log.rest(float("inf"), course)], changes
            calls, changes, given_at = [], [], course.lines
    yield [*calls, *log.rest(now(), course)], changes


def _parts(calls: Sequence[Told]) -> list[list[Told]]:
    """As many as one transaction takes, no call twice in it."""
    parts: list[list[Told]] = []
    there: set[str] = set()
    for one in calls:
        if not parts or len(parts[-1]) >= PART or one.record.call in there:
            parts.append([])
            there.clear()
        parts[-1].append(one)
        there.add(one.record.call)
    return parts


def _of_span(calls: list[Told], changes: list[Change], span: tuple[float, float] | None) -> Part:
    if span is None:
        return calls, changes
    since, until = span[0] - MARGIN_S, span[1]

    def touches(record: CallRecord) -> bool:
        ended = record.ended if record.ended is not None else (record.unseen or (None,))[0]
        return (record.started or 0.0) <= until and (ended or record.started or 0.0) >= since

    return [one for one in calls if touches(one.record)], [one for one in changes if since <= one.at <= until]


async def of_lines(lines: Iterable[str], size: int = 5_000) -> AsyncIterator[Sequence[str]]:
    """Pages of a file's lines."""
    read = iter(lines)
    while page := list(itertools.islice(read, size)):
        yield page


def texts_of(file: Iterator[bytes]) -> Iterator[str]:
    """Lines of a file as text, whatever bytes are in it."""
    return (decoded(line) for line in file)
