"""/api/v1/reports/agents: people by numbers, and the calls and stretches of time behind each of them."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, structs

from cti.errors import Refused
from cti.reports import agent_lines, kpi
from cti.reports.agent_sums import NUMBERS
from cti.storage import agent_calls
from cti.storage.search import PAGE_LIMIT
from web import agent_figures
from web.agent_figures import Answer, Line
from web.api import records as r
from web.api.base import Operation, query_of, reply
from web.api.figures import Day, Name, Number
from web.asking import asker_of
from web.pages.report_agents import lines_of
from web.shown import showed_callers


class AgentsQuery(Struct, forbid_unknown_fields=True):
    """since, until: days, both in the period; none: the last seven. rows: people or time (by step). compare: 1 the
    period before, year, days (since2, until2), team (team2)."""

    since: Day = ""
    until: Day = ""
    step: Annotated[str, Meta(pattern="^(quarter|half|hour|day|week|month)$")] = "day"
    rows: Annotated[str, Meta(pattern="^(time|people)$")] = "people"
    user: Number = ""
    team: Number = ""
    compare: Annotated[str, Meta(pattern="^(1|year|days|team)?$")] = ""
    since2: Day = ""
    until2: Day = ""
    team2: Number = ""


class OwnQuery(Struct, forbid_unknown_fields=True):
    """As of everybody, without whose."""

    since: Day = ""
    until: Day = ""
    step: Annotated[str, Meta(pattern="^(quarter|half|hour|day|week|month)$")] = "day"
    rows: Annotated[str, Meta(pattern="^(time|people)$")] = "people"
    compare: Annotated[str, Meta(pattern="^(1|year|days)?$")] = ""
    since2: Day = ""
    until2: Day = ""


class AgentLineOut(Struct):
    """since <= at < until, UNIX seconds. counts: how many, and sums of milliseconds; pauses: milliseconds by reason;
    figures: shares of one and seconds, null where there is nothing to reckon from. first_call: [helped at once,
    answered calls of clients, of which so young that it may change].
    difference_ms: 0 but for rounding."""

    since: int
    until: int
    user_id: int | None
    name: str
    counts: dict[str, int]
    pauses: dict[str, int]
    figures: dict[str, float | None]
    first_call: tuple[int, int, int]
    difference_ms: int


class AgentsOut(Struct):
    """other: the side it is compared with. left: marks that are still to be counted, 0 of all."""

    lines: list[AgentLineOut]
    total: AgentLineOut
    other: AgentLineOut | None
    version: int
    left: int


class PartsQuery(Struct, forbid_unknown_fields=True):
    """since <= at < until, UNIX seconds. what: answered, placed, talks, missed, transferred, ring, with-outcome,
    without-outcome, at-once, again."""

    what: Annotated[str, Meta(max_length=40)] = "answered"
    since: Annotated[int, Meta(ge=0, le=9_999_999_999)] = 0
    until: Annotated[int, Meta(ge=0, le=9_999_999_999)] = 9_999_999_999
    user: Number = ""
    team: Number = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT)] = 50
    cursor: Annotated[str, Meta(max_length=1000)] = ""


class PartOut(Struct):
    """A person's part in a call. talk_s, ring_s: his own, how long it rang, null where not known; said: the outcome."""

    at: float
    user_id: int | None
    talk_s: float | None
    ring_s: float | None
    said: str
    call: r.CallOut | None


class PartPage(Struct):
    """total: of the first page alone."""

    rows: list[PartOut]
    total: int | None
    next_cursor: str | None


class StretchesQuery(Struct, forbid_unknown_fields=True):
    """since <= at < until, whole quarters of an hour, UNIX seconds, at most 100 days. what: session, ready, pause,
    talk, hold, dial, wrap, ignored, outside, twice, log-ins. reason: of pauses, all where it is not said."""

    what: Annotated[str, Meta(max_length=40)] = "session"
    user: Annotated[str, Meta(pattern=r"^\d{0,9}$", description="none: who asks")] = ""
    since: Annotated[int, Meta(ge=0, le=9_999_999_999)] = 0
    until: Annotated[int, Meta(ge=0, le=9_999_999_999)] = 0
    reason: Name | None = None


class StretchOut(Struct):
    """From, to, and how much of it counts, milliseconds. call: where it is a call's."""

    since_ms: int
    until_ms: int
    counts_ms: int
    reason: str
    call: str


async def of_agents(request: web.Request) -> web.Response:
    """The report."""
    query, asker = query_of(request, AgentsQuery), asker_of(request)
    return reply(_answer(await agent_figures.answered(asker, agent_figures.asked(asker, structs.asdict(query)))))


async def of_oneself(request: web.Request) -> web.Response:
    """The same of who asks alone."""
    query, asker = query_of(request, OwnQuery), asker_of(request)
    ask = agent_figures.asked(asker, structs.asdict(query), own=True)
    return reply(_answer(await agent_figures.answered(asker, ask)))


def _answer(made: Answer) -> AgentsOut:
    return AgentsOut(
        lines=[_line(one) for one in made.lines],
        total=_line(made.total),
        other=_line(made.other) if made.other is not None else None,
        version=kpi.VERSION,
        left=made.progress.left,
    )


def _line(line: Line) -> AgentLineOut:
    figures: dict[str, float | None] = {one.key: one.reckon(line.sums) for one in kpi.AGENTS}
    figures[kpi.FIRST_CALL.key] = kpi.FIRST_CALL.reckon(line.helped)
    return AgentLineOut(
        since=line.since,
        until=line.until,
        user_id=line.user_id,
        name=line.name,
        counts={name: getattr(line.sums, name) for name in NUMBERS},
        pauses=dict(line.sums.pauses),
        figures=figures,
        first_call=line.helped,
        difference_ms=line.sums.difference_ms,
    )


async def calls_behind(request: web.Request) -> web.Response:
    """The calls behind a number, newest first."""
    query, asker = query_of(request, PartsQuery), asker_of(request)
    if query.what not in agent_calls.KINDS and query.what not in agent_calls.CLIENTS:
        raise Refused("no-such-calls", "This kind of calls is not counted.")
    people = await agent_figures.people_of(asker, agent_figures.asked(asker, {"user": query.user, "team": query.team}))
    async with asker.services.db.read(slow=True) as conn:
        asked = query.what, query.since, query.until, people
        page = await agent_calls.parts(conn, *asked, limit=query.limit, cursor=query.cursor or None)
    showed_callers(request, [one.call for one in page.rows if one.call], asked=["what"])
    rows = [
        PartOut(
            at=one.at,
            user_id=one.user_id,
            talk_s=one.talk_s,
            ring_s=one.ring_s,
            said=one.said,
            call=r.call_out(one.call) if one.call else None,
        )
        for one in page.rows
    ]
    return reply(PartPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


async def stretches_behind(request: web.Request) -> web.Response:
    """The stretches of time behind a number, oldest first."""
    query, asker = query_of(request, StretchesQuery), asker_of(request)
    if query.what not in agent_lines.KINDS:
        raise Refused("no-such-calls", "This kind of time is not counted.")
    ask = agent_figures.asked(asker, {"user": query.user}, own=not query.user)
    since, until = query.since - query.since % 900, query.until - query.until % 900
    found = await lines_of(asker, ask, query.what, since, until, query.reason)
    return reply([StretchOut(one.begun, one.ended, one.length, one.reason, one.call) for one in found])


OPERATIONS = (
    Operation(
        method="GET",
        path="/reports/agents",
        handler=of_agents,
        who="figures.read",
        shows="staff",
        text="People by numbers: by person, or by intervals of time",
        query=AgentsQuery,
        gives=AgentsOut,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/reports/own",
        handler=of_oneself,
        who="figures.own",
        shows="nothing",
        text="One's own figures",
        query=OwnQuery,
        gives=AgentsOut,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/reports/agents/calls",
        handler=calls_behind,
        who="figures.read",
        shows="calls",
        text="The calls behind a number of the report on people: exactly as many as the number says",
        query=PartsQuery,
        gives=PartPage,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/reports/agents/lines",
        handler=stretches_behind,
        who="figures.read",
        shows="staff",
        text="The stretches of a person's time behind a number: together they are the number",
        query=StretchesQuery,
        gives=list[StretchOut],
        refusals=(409,),
    ),
)
