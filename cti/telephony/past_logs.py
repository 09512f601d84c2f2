"""The logs of a PBX that tell of its past, one class each: what is read goes in, calls and duties come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Annotated, Any, Protocol

from msgspec import Meta, Struct, field

from cti.telephony import cdr, queue_log
from cti.telephony.cdr_calls import call_of
from cti.telephony.devices import DevicePlan
from cti.telephony.queue_duty import Change, QueueDuty
from cti.telephony.queue_log import Line, QueueLog, Told

QUEUE_LOG, CDR = "queue-log", "cdr"
ENOUGH = 500  # calls that are written before more is read
LINES = 20_000  # after so many lines what is known is written and told
Item = str | Mapping[str, Any]  # a line of a file, or a row of a table
Part = tuple[list[Told], list[Change]]


def _is(text: str) -> Meta:
    return Meta(description=text)


class Counts(Struct, kw_only=True):
    """What of a log is taken in."""

    lines: int = 0
    torn: Annotated[int, _is("Lines that cannot be read")] = 0
    odd: Annotated[int, _is("Lines of calls whose beginning is not in the log")] = 0
    made: Annotated[int, _is("New calls")] = 0
    filled: Annotated[int, _is("Calls that were given their end")] = 0
    known: Annotated[int, _is("Calls that were there already")] = 0
    states: Annotated[int, _is("Changes of people's states")] = 0
    first_at: Annotated[float | None, _is("UNIX seconds of the earliest line")] = None
    last_at: Annotated[float | None, _is("UNIX seconds of the latest line")] = None


class Course(Counts, kw_only=True):
    """How far an import is. strangers: names in the log that are nobody's here; queues: all that are in it."""

    strangers: dict[str, None] = field(default_factory=dict)
    queues: dict[str, None] = field(default_factory=dict)

    def counts(self) -> dict[str, Any]:
        """As the import's row has them."""
        return counts_of(self)

    def saw(self, at: float) -> None:
        """Something of this time is in the log."""
        if self.last_at is None or at > self.last_at:
            self.last_at = at
        if self.first_at is None or at < self.first_at:
            self.first_at = at


def counts_of(told: Any) -> dict[str, Any]:
    """The counts of whatever has them, by name."""
    return {name: getattr(told, name) for name in Counts.__struct_fields__}


class Log(Protocol):
    """A log that is read. kind: as the import's row has it; pbx: whose it is."""

    kind: str
    pbx: str

    def feed(self, item: Item, course: Course) -> Iterator[Told | Change]:
        """What a line or a row brings to its end."""
        ...

    def rest(self, now: float, course: Course) -> Iterator[Told]:
        """What the end of the log leaves; another may follow that does not follow on from it."""
        ...


class QueueLogs:
    """Asterisk's queue log: a file, or the table that it is in where extconfig.conf says so. zone: of the table."""

    kind = QUEUE_LOG

    def __init__(self, prefix: str = "", *, zone: tzinfo, pbx: str = "") -> None:
        self.pbx = pbx
        self._log, self._duty, self._zone = QueueLog(prefix), QueueDuty(), zone

    def feed(self, item: Item, course: Course) -> Iterator[Told | Change]:
        line = queue_log.read(item) if isinstance(item, str) else _line(item, self._zone)
        if line is None:
            course.torn += not isinstance(item, str) or bool(item.strip())
            return
        course.saw(line.at)
        spoken = queue_log.said(line)
        if spoken is not None:
            yield from self._duty.feed(spoken)
        yield from self._log.feed(line)
        course.odd = self._log.odd

    def rest(self, now: float, course: Course) -> Iterator[Told]:
        self._duty = QueueDuty()
        return self._log.rest(now)


class Cdrs:
    """Call detail records: Master.csv, an export, or a table. zone: of the PBX's clock."""

    kind = CDR

    def __init__(self, prefix: str = "", *, zone: tzinfo, pbx: str = "", plan: DevicePlan | None = None) -> None:
        self.pbx = pbx
        self._reader, self._groups = cdr.Reader(zone), cdr.Groups()
        self._plan, self._prefix = plan or DevicePlan(), prefix

    def feed(self, item: Item, course: Course) -> Iterator[Told | Change]:
        row = self._reader.line(item) if isinstance(item, str) else self._reader.row(item)
        if row is None:
            course.torn += not isinstance(item, str) or (bool(item.strip()) and not self._reader.headings_were(item))
            return
        course.saw(row.began)
        for rows in self._groups.feed(row):
            yield call_of(rows, self._plan, self._prefix)

    def rest(self, now: float, course: Course) -> Iterator[Told]:
        return (call_of(rows, self._plan, self._prefix) for rows in self._groups.rest())


def _line(row: Mapping[str, Any], zone: tzinfo) -> Line | None:
    """A line of the log's table. Old tables have all of data in one column, with the marks of the file."""
    call = str(row.get("callid") or "")
    at = cdr.moment(row.get("time"), zone, cdr.near_of(call))
    if at is None:
        return None
    words = [str(row.get(f"data{n}") or "") for n in range(1, 6)]
    data = "|".join(words) if any(words) else str(row.get("data") or "")
    head = [f"{at:.6f}", call, *(str(row.get(name) or "") for name in ("queuename", "agent", "event"))]
    if any(mark in word for word in head for mark in "|\r\n"):
        return None
    return queue_log.read("|".join([*head, data.replace("\n", " ")]))
