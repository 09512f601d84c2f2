"""/api/v1/reports/queues: queues by numbers, the calls behind each of them, and how every figure is reckoned."""

from __future__ import annotations

import asyncio
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, structs

from cti.errors import Refused
from cti.reports import kpi, weekdays
from cti.reports.queue_sums import PLAIN, QueueSums
from cti.reports.queue_sums import STEPS as WAITS
from cti.storage import queue_calls
from cti.storage.search import PAGE_LIMIT
from web import figures, kpi_texts
from web.api import records as r
from web.api.base import Operation, query_of, reply
from web.asking import asker_of
from web.figures import Answer
from web.i18n import language_of, say
from web.services import services_of
from web.shown import showed_callers

Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")]
Name = Annotated[str, Meta(max_length=80)]
Number = Annotated[str, Meta(pattern=r"^\d{0,9}$")]


class QueuesQuery(Struct, forbid_unknown_fields=True):
    """since, until: days, both in the period; none: the last seven. rows: time (by step) or queues."""

    since: Day = ""
    until: Day = ""
    step: Annotated[str, Meta(pattern="^(quarter|half|hour|day|week|month)$")] = "day"
    rows: Annotated[str, Meta(pattern="^(time|queues)$")] = "time"
    queue: Name = ""
    team: Number = ""
    compare: Annotated[
        str,
        Meta(
            pattern="^(1|year|days|team)?$",
            description="with the period before, a year before, days since2 to until2, team2",
        ),
    ] = ""
    since2: Day = ""
    until2: Day = ""
    team2: Number = ""


class SumsOut(Struct):
    """counts: stays, and sums of milliseconds; waits, abandoned_waits: by the steps of `wait_steps`; figures: shares of
    one and seconds, null where there is nothing to reckon from."""

    counts: dict[str, int]
    waits: list[int]
    abandoned_waits: list[int]
    figures: dict[str, float | None]


class FigureLineOut(Struct):
    """since <= at < until, UNIX seconds. queue: where the rows are queues, or one was asked for."""

    since: int
    until: int
    queue: str
    sums: SumsOut


class FiguresOut(Struct):
    """difference: calls that came and whose end nobody saw. left: quarters that are still to be counted, 0 of all.

    thresholds: [T, S] with which the period was counted. without_time: calls that stand in no period."""

    lines: list[FigureLineOut]
    total: SumsOut
    earlier: SumsOut | None
    difference: int
    thresholds: list[tuple[int, int]]
    wait_steps: list[int]
    version: int
    left: int
    without_time: int


class DefinitionOut(Struct):
    """A figure. opens: the kind of calls behind it."""

    key: str
    unit: str
    name: str
    formula: str
    exclusions: str
    source: str
    opens: str
    version: int


class StaysQuery(Struct, forbid_unknown_fields=True):
    """since <= a caller came < until, UNIX seconds. what: entered, answered, late, lost, waits-20, ...

    weekday (0: Monday), hour: of the installation's clock."""

    what: Annotated[str, Meta(max_length=40)] = "entered"
    since: Annotated[int, Meta(ge=0, le=9_999_999_999)] = 0
    until: Annotated[int, Meta(ge=0, le=9_999_999_999)] = 9_999_999_999
    queue: Name = ""
    team: Number = ""
    weekday: Annotated[int, Meta(ge=0, le=6)] | None = None
    hour: Annotated[int, Meta(ge=0, le=23)] | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT)] = 50
    cursor: Annotated[str, Meta(max_length=1000)] = ""


class StayOut(Struct):
    """A stay in a queue, with its call. wait_s: null where it is not known; how: null while he waits, or unseen."""

    queue: str
    joined_at: float
    wait_s: float | None
    how: str | None
    position: int | None
    call: r.CallOut


class StayPage(Struct):
    """total: of the first page alone."""

    rows: list[StayOut]
    total: int | None
    next_cursor: str | None


async def of_queues(request: web.Request) -> web.Response:
    """The report."""
    query, asker = query_of(request, QueuesQuery), asker_of(request)
    made = await figures.answered(asker, figures.asked(asker, structs.asdict(query)))
    return reply(_answer(made))


def _answer(made: Answer) -> FiguresOut:
    lines = [
        FigureLineOut(since=one.since, until=one.until, queue=one.queue, sums=_sums(one.sums)) for one in made.lines
    ]
    return FiguresOut(
        lines=lines,
        total=_sums(made.total),
        earlier=_sums(made.earlier) if made.earlier is not None else None,
        difference=made.total.difference,
        thresholds=[(one.answer_within_s, one.short_s) for one in made.thresholds],
        wait_steps=list(WAITS),
        version=kpi.VERSION,
        left=made.progress.left,
        without_time=made.without_time,
    )


def _sums(sums: QueueSums) -> SumsOut:
    return SumsOut(
        counts={name: getattr(sums, name) for name in PLAIN},
        waits=list(sums.waits),
        abandoned_waits=list(sums.abandoned_waits),
        figures={one.key: one.reckon(sums) for one in kpi.QUEUES},
    )


async def definitions(request: web.Request) -> web.Response:
    """How every figure is reckoned, in the person's language; T and S are each queue's own."""
    language = language_of(request)
    exclusions = say(language, kpi_texts.EXCLUSIONS)
    return reply(
        [
            DefinitionOut(
                key=one.key,
                unit=one.unit,
                name=say(language, kpi_texts.NAMES[one.key]),
                formula=say(language, kpi_texts.FORMULAS[one.key], t="T", s="S"),
                exclusions=exclusions,
                source=one.source,
                opens=one.opens,
                version=kpi.VERSION,
            )
            for one in kpi.QUEUES
        ]
    )


async def calls_behind(request: web.Request) -> web.Response:
    """The calls behind a number, newest first."""
    query, services = query_of(request, StaysQuery), services_of(request)
    if query.what not in queue_calls.KINDS:
        raise Refused("no-such-calls", "This kind of calls is not counted.")
    queues = await figures.queues_of(
        asker_of(request), query.queue.replace("\0", ""), int(query.team) if query.team else None
    )
    if not query.cursor:
        await services.rollups.fresh_queues(query.since, query.until)
    some = None
    if query.weekday is not None or query.hour is not None:
        if query.until - query.since > (weekdays.MOST_DAYS + 1) * 86400:  # a year may have an hour more
            raise Refused("too-long-for-hours", "Choose at most two years.")
        of = (query.since, query.until, services.zone, query.weekday, query.hour)
        some = await asyncio.to_thread(weekdays.quarters, *of)
    async with services.db.read(slow=True) as conn:
        page = await queue_calls.stays(
            conn,
            query.what,
            query.since,
            query.until,
            queues,
            quarters=some,
            limit=query.limit,
            cursor=query.cursor or None,
        )
    showed_callers(request, [one.call for one in page.rows], asked=["what"])
    rows = [
        StayOut(
            queue=one.queue,
            joined_at=one.joined_at,
            wait_s=one.wait_s,
            how=one.how,
            position=one.position,
            call=r.call_out(one.call),
        )
        for one in page.rows
    ]
    return reply(StayPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


OPERATIONS = (
    Operation(
        method="GET",
        path="/reports/queues",
        handler=of_queues,
        who="figures.read",
        shows="nothing",
        text="Queues by numbers: by intervals of time, or by queue",
        query=QueuesQuery,
        gives=FiguresOut,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/reports/queues/calls",
        handler=calls_behind,
        who="figures.read",
        shows="calls",
        text="The calls behind a number of the report on queues: exactly as many as the number says",
        query=StaysQuery,
        gives=StayPage,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/reports/definitions",
        handler=definitions,
        who="figures.read",
        shows="nothing",
        text="How every figure is reckoned",
        gives=list[DefinitionOut],
    ),
)
