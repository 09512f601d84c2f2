"""The past of a PBX that was there before Trubka: its queue log becomes calls and duties of the same journal.

So the first day has a year of reports, and what happened while Trubka was away is found out. What was seen stays as it
was seen; everything taken in says which import it came with, and an import can be taken back. Numbers of people who
were erased are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from cti.clients.erased import Marks
from cti.errors import Refused
from cti.storage import directory, erasures, past, users
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.storage.past import PastCall
from cti.telephony.events import Party
from cti.telephony.numbering import NumberPlan
from cti.telephony.numbering import read as read_number
from cti.telephony.queue_duty import Change, QueueDuty
from cti.telephony.queue_log import QueueLog, Told, device_of, read, said

QUEUE_LOG = "queue-log"
PART = 500  # calls of one transaction
LINES = 20_000  # after so many lines what is known is written and told
REMEMBERED = 100_000  # numbers


@dataclass(kw_only=True, slots=True)
class Course:
    """How far an import is; as `past.PastImport` counts."""

    lines: int = 0
    torn: int = 0
    odd: int = 0
    made: int = 0
    filled: int = 0
    known: int = 0
    states: int = 0
    first_at: float | None = None
    last_at: float | None = None
    strangers: dict[str, None] = field(default_factory=dict)

    def counts(self) -> dict[str, Any]:
        """As the import's row has them."""
        names = ("lines", "torn", "odd", "made", "filled", "known", "states", "first_at", "last_at")
        return {name: getattr(self, name) for name in names}


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
    """Takes logs in. now: the clock; marks: by which it is told whether a number is of somebody who was erased."""

    def __init__(
        self, *, db: Database, plan: NumberPlan, now: Callable[[], float], pbx: str = "", prefix: str = "",
        marks: Marks | None = None,
    ) -> None:  # fmt: skip
        self._db = db
        self._plan = plan
        self._now = now
        self._pbx, self._prefix = pbx, prefix
        self._marks = marks
        self._erased: frozenset[str] = frozenset()
        self._people = _People(devices={}, extensions={}, names={})
        self._begins: Mapping[int, float] = {}
        self._numbers: dict[str | None, str | None] = {}
        self._forgotten: set[str | None] = set()
        self._owners: dict[str, int | None] = {}

    async def queue_log(
        self, name: str, lines: Iterable[str], *, user_id: int | None = None,
        told: Callable[[Course], None] = lambda course: None,
    ) -> tuple[int, Course]:  # fmt: skip
        """Take a queue log in, line by line; the import's id and what came of it. Raises Stopped, StorageError."""
        past_id = await self._begin(QUEUE_LOG, name, user_id)
        course, log, duty = Course(), QueueLog(self._prefix), QueueDuty()
        end = "stopped"
        try:
            for calls, changes in _parts(lines, log, duty, course, self._now):
                await self._write(past_id, calls, changes, course)
                told(course)
            end = "done"
        finally:
            async with self._db.write() as conn:
                await past.become(conn, past_id, end, was=["running"], now=self._now())
        return past_id, course

    async def undo(self, past_id: int, told: Callable[[int], None] = lambda gone: None) -> int:
        """Take an import back: its calls and duties go, the ends of calls that were seen stay. Raises Refused."""
        async with self._db.write() as conn:
            if not await past.become(conn, past_id, "undone", was=["running", "done", "stopped"], now=self._now()):
                raise Refused("nothing-to-undo", "There is no such import, or it was taken back.")
        gone = 0
        while True:
            async with self._db.write() as conn:
                part = await past.undo_part(conn, past_id, PART)
            if not part:
                return gone
            gone += part
            told(gone)

    async def _begin(self, kind: str, name: str, user_id: int | None) -> int:
        async with self._db.read() as conn:
            rows: Sequence[DeviceRow] = await directory.devices(conn)
            people = await users.every(conn)
            self._begins = await past.states_begin(conn)
            self._erased = await erasures.marks_of_all(conn) if self._marks else frozenset()
        mine = [row for row in rows if row.name.startswith(self._prefix)]
        self._people = _People(
            devices={row.name: row.user_id for row in mine},
            extensions={row.extension: row.user_id for row in reversed(mine)},
            names={one.name.casefold(): one.id for one in people},
        )
        async with self._db.write() as conn:
            return await past.begin(conn, kind=kind, pbx=self._pbx, name=name, user_id=user_id, now=self._now())

    async def _write(self, past_id: int, calls: Sequence[Told], changes: Sequence[Change], course: Course) -> None:
        await self._know(calls)
        rows = [row for one in changes if (row := self._state(one, course)) is not None]
        for at in range(0, max(len(calls), 1), PART):
            some = [self._call(one, course) for one in calls[at : at + PART]]
            async with self._db.write() as conn:
                for name, count in (await past.take(conn, past_id, QUEUE_LOG, some)).items():
                    setattr(course, name, getattr(course, name) + count)
                if at == 0:
                    course.states += await past.take_states(conn, past_id, rows)
                if not await past.tell(conn, past_id, tuple(course.strangers), **course.counts()):
                    raise Stopped

    async def _know(self, calls: Sequence[Told]) -> None:
        """Whose the numbers of these calls are."""
        if len(self._owners) > REMEMBERED:
            self._owners.clear()
            self._numbers.clear()
        for one in calls:
            raw = one.record.caller.number
            if raw not in self._numbers:
                self._numbers[raw] = self._readable(raw)
        fresh = sorted({number for number in self._numbers.values() if number and number not in self._owners})
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
        record, sat = told.record, {}
        number = self._numbers[record.caller.number]
        if record.caller.number in self._forgotten:
            record = structs.replace(record, caller=Party())
        for leg_id, agent in told.agents.items():
            person = self._who(agent, course)
            if person is not None:
                sat[leg_id] = person
        speakers = [sat[leg.leg_id] for leg in record.legs if leg.talk is not None and leg.leg_id in sat]
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

    def _who(self, agent: str, course: Course) -> int | None:
        person = self._people.of(agent, self._prefix)
        if person is None and agent:
            course.strangers.setdefault(agent)
        return person


def _parts(
    lines: Iterable[str], log: QueueLog, duty: QueueDuty, course: Course, now: Callable[[], float]
) -> Iterator[tuple[list[Told], list[Change]]]:
    """Calls and changes of a log, a part at a time."""
    calls: list[Told] = []
    changes: list[Change] = []
    for text in lines:
        course.lines += 1
        line = read(text)
        if line is None:
            course.torn += bool(text.strip())
            continue
        spoken = said(line)
        if spoken is not None:
            changes.extend(duty.feed(spoken))
        calls.extend(log.feed(line))
        if len(calls) >= PART * 4 or course.lines % LINES == 0:
            _note(course, log)
            yield calls, changes
            calls, changes = [], []
    calls.extend(log.rest(now()))
    _note(course, log)
    yield calls, changes


def _note(course: Course, log: QueueLog) -> None:
    course.odd, course.first_at, course.last_at = log.odd, log.first, log.last


def texts_of(file: Iterator[bytes]) -> Iterator[str]:
    """Lines of a file as text, whatever bytes are in it."""
    return (line.decode("utf-8", "replace") for line in file)
