"""A report on queues as it is asked for and as it is answered: shared by the page, its file and the API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cti.access import Person, scope
from cti.errors import Refused
from cti.features.rollups import Progress
from cti.reports.intervals import STEPS, Interval, Step, count, intervals, period
from cti.reports.queue_sums import QueueSums, Thresholds, added
from cti.reports.targets import Targets
from cti.storage import queue_figures, targets, users
from cti.storage.queue_figures import Numbers
from web.asking import Asker
from web.comparing import Beside, beside
from web.comparing import day_of as day_of

MOST_ROWS = 1000
Rows = str  # time | queues


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked: both days are in the period. queue, team_id: none of them is all that the person may see."""

    since: date
    until: date
    step: Step = "day"
    rows: Rows = "time"
    queue: str = ""
    team_id: int | None = None
    beside: Beside | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A row: an interval, or a queue in the whole period."""

    since: int
    until: int
    queue: str
    sums: QueueSums
    interval: Interval | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """lines in their order; earlier: the sums of the other side, where asked, by_other: by queue. queues: whose
    calls these are, None: everybody's. without_time: stays of which nobody knows when they began."""

    ask: Ask
    since: int
    until: int
    lines: Sequence[Line]
    total: QueueSums
    earlier: QueueSums | None
    by_other: Mapping[str, QueueSums]
    targets: Targets
    thresholds: Sequence[Thresholds]
    progress: Progress
    queues: Sequence[str] | None
    without_time: int


def asked(asker: Asker, given: Mapping[str, str]) -> Ask:
    """What an address asks for; what cannot be read is as if it was not said."""
    today = asker.today
    since, until = day_of(given.get("since", "")), day_of(given.get("until", ""))
    until = until or max(today, since or today)
    since = since or until - timedelta(days=6)
    if since > until:
        since, until = until, since
    team = given.get("team", "")[:9]
    step: Step = next((one for one in STEPS if one == given.get("step")), "day")
    return Ask(
        since=since,
        until=until,
        step=step,
        rows="queues" if given.get("rows") == "queues" else "time",
        queue=given.get("queue", "")[:80].replace("\0", ""),
        team_id=int(team) if team.isascii() and team.isdigit() else None,
        beside=beside(given, since, until),
    )


async def queues_of(asker: Asker, queue: str, team_id: int | None) -> list[str] | None:
    """Whose calls may be counted for this person, and are asked for; None: of all queues."""
    own = _own_team(asker.person)
    async with asker.services.db.read() as conn:
        allowed = None if own is None else await queue_figures.known_queues(conn, own)
        of_team = None if team_id is None else await queue_figures.known_queues(conn, team_id)
    wanted = [queue] if queue else None
    for some in (allowed, of_team):
        if some is not None:
            wanted = [one for one in (wanted if wanted is not None else some) if one in some]
    return wanted


def _own_team(person: Person) -> int | None:
    """The only team whose queues the person may see; None: every team's. Who is in no team sees nobody's."""
    return (person.team_id or 0) if scope(person, "figures.read") == "team" else None


async def choices(asker: Asker) -> tuple[list[str], list[tuple[int, str]]]:
    """Queues and teams that a person may choose of."""
    own = _own_team(asker.person)
    async with asker.services.db.read() as conn:
        names = await queue_figures.known_queues(conn, own)
        teams = [] if own is not None else list((await users.team_names(conn)).items())
    return names, teams


async def answered(asker: Asker, ask: Ask) -> Answer:
    """The report. Raises Refused."""
    if ask.rows == "time" and count(ask.since, ask.until, ask.step) > MOST_ROWS:
        raise Refused("too-many-intervals", "That makes more than 1000 rows.")
    services = asker.services
    queues = await queues_of(asker, ask.queue, ask.team_id)
    since, until = period(ask.since, ask.until, services.zone)
    progress = await services.rollups.fresh_queues(since, until)
    other, others = ask.beside, queues
    if other is not None:
        more = await services.rollups.fresh_queues(*period(other.since, other.until, services.zone))
        progress = max(progress, more, key=lambda one: one.left)
        others = await queues_of(asker, "", other.team_id) if other.kind == "team" else queues
    async with services.db.read(slow=True) as conn:
        if ask.rows == "time":
            parts = intervals(ask.since, ask.until, ask.step, services.zone)
            found = await queue_figures.by_interval(conn, parts, queues)
            lines = await asyncio.to_thread(_by_time, parts, found, ask.queue)
        else:
            rows = await queue_figures.by_queue(conn, since, until, queues)
            lines = [Line(since=since, until=until, queue=queue, sums=QueueSums.of(row)) for queue, row in rows]
            found = [row for _, row in rows]
        found_ = []
        if other is not None:
            past = period(other.since, other.until, services.zone)
            found_ = await queue_figures.by_queue(conn, *past, others)
        said = await targets.history(conn)
        thresholds = await queue_figures.thresholds(conn, since, until, queues)
        names = await queue_figures.known_queues(conn) if queues is None else queues
        without_time = await queue_figures.without_time(conn, names)
    return Answer(
        ask=ask,
        since=since,
        until=until,
        lines=lines,
        total=added(found),
        earlier=added(row for _, row in found_) if other is not None else None,
        by_other={queue: QueueSums.of(row) for queue, row in found_},
        targets=said,
        thresholds=thresholds or [Thresholds()],
        progress=progress,
        queues=queues,
        without_time=without_time,
    )


def _by_time(parts: Sequence[Interval], found: Sequence[Numbers], queue: str) -> list[Line]:
    return [
        Line(since=one.since, until=one.until, queue=queue, sums=QueueSums.of(row), interval=one)
        for one, row in zip(parts, found, strict=True)
    ]


def whole(answer: Answer) -> Line:
    """The sum of all as a row."""
    return Line(since=answer.since, until=answer.until, queue=answer.ask.queue, sums=answer.total)
