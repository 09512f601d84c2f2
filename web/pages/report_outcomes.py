"""What came of conversations, as their people said: outcomes by person or by queue, each number opening its calls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from cti.errors import Refused
from cti.features.rollups import Progress
from cti.reports.intervals import period
from cti.reports.paper import Balance, Column, Paper, Part, Value, plain
from cti.storage import agent_calls
from cti.storage import agent_figures as figures_of
from cti.storage.report_limits import in_time
from web import agent_figures, kpi_texts, papers
from web.absences import absences_of
from web.agent_figures import Ask
from web.asking import Asker, asker_of
from web.figure_words import Words
from web.pages.report_agents import choices
from web.pages.report_queues import _address
from web.render import page
from web.routes import Route
from web.texts import N_, told

HERE = "/reports/outcomes"
Key = str | int  # a queue, or the id of a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """counts: by outcome and column. names, columns: those that are said most first; columns: with what they are
    called. talks: by person, how many conversations the report on people counts, how many have an outcome, how many
    have none. Bounds in UNIX seconds."""

    ask: Ask
    by: str
    since: int
    until: int
    counts: Mapping[tuple[str, Key], int]
    names: Sequence[str]
    columns: Mapping[Key, str]
    people: Mapping[int, str]
    talks: Mapping[int, tuple[int, int, int]]
    progress: Progress

    def of(self, name: str | None, column: Key | None) -> int:
        """How often it was said; None: any."""
        return sum(n for (one, key), n in self.counts.items() if name in (None, one) and column in (None, key))

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def talked(self) -> tuple[int, int, int]:
        """talks of all."""
        first, second, third = (sum(one[place] for one in self.talks.values()) for place in range(3))
        return first, second, third

    @property
    def apart(self) -> list[tuple[int, str, int]]:
        """Whose conversations differ: id, name, by how many."""
        found = [(id_, whole - with_ - without) for id_, (whole, with_, without) in self.talks.items()]
        return [(id_, self.people.get(id_, "–"), n) for id_, n in found if n]


async def show(request: web.Request) -> web.Response:
    """The report."""
    asker = asker_of(request)
    error, status = "", 200
    try:
        made = await answered(asker, request.query)
    except Refused as refused:
        error, status, made = told(request, refused), 409, _nothing(asker, request.query)
    people, teams = await choices(asker)
    away = await absences_of(request, made.ask.since, made.ask.until)
    return await asyncio.to_thread(
        page,
        request,
        "report_outcomes.html",
        status=status,
        error=error,
        title=N_("Outcomes by numbers"),
        ask=made.ask,
        made=made,
        balance=balance(asker, made),
        talks=lambda what, user: talks_link(made, what, user),
        counting=kpi_texts.counting(asker, made.progress),
        notes=notes(asker),
        people=people,
        teams=list(teams.items()),
        link=lambda name, column: link(made, name, column),
        share=lambda value: Words(asker).number(value, "share"),
        count=lambda value: plain(value, "count", asker.language),
        periods=papers.periods(asker),
        address=_address(request),
        absences=away,
    )


async def give_file(request: web.Request) -> web.StreamResponse:
    """The table as it is shown, as a file."""
    return await papers.give(request, await paper(asker_of(request), request.query))


async def answered(asker: Asker, query: Mapping[str, str]) -> Outcomes:
    """The counts of what an address asks for. by: people or queues."""
    ask = agent_figures.asked(asker, query)
    by = "queues" if query.get("by") == "queues" else "people"
    since, until = period(ask.since, ask.until, asker.services.zone)
    people = await agent_figures.people_of(asker, ask)
    progress = await asker.services.rollups.fresh_agents(since, until)
    async with asker.services.db.read(slow=True) as conn, in_time(conn):
        said_by = agent_calls.said_by_queue if by == "queues" else agent_calls.said_by_person
        rows = await said_by(conn, since, until, people)
        whole = await figures_of.by_person(conn, since, until, people)
        talks = await agent_calls.talks(conn, since, until, people)
    counts: Counter[tuple[str, Key]] = Counter()
    said, columns = Counter[str](), Counter[Key]()
    for name, key, n in rows:
        counts[name, key] += n
        said[name] += n
        columns[key] += n
    called = {key: people.get(key, "") if isinstance(key, int) else key for key, _ in columns.most_common()}
    return Outcomes(
        ask=ask,
        by=by,
        since=since,
        until=until,
        counts=counts,
        names=[name for name, _ in said.most_common()],
        columns={key: name or asker.say(N_("without a queue")) for key, name in called.items()},
        people=people,
        talks={
            one: (whole[one].answered + whole[one].placed if one in whole else 0, *talks.get(one, (0, 0)))
            for one in {**whole, **talks}
        },
        progress=progress,
    )


def _nothing(asker: Asker, query: Mapping[str, str]) -> Outcomes:
    """Of a report that is refused: what was asked for, without a number."""
    ask = agent_figures.asked(asker, query)
    since, until = period(ask.since, ask.until, asker.services.zone)
    by = "queues" if query.get("by") == "queues" else "people"
    return Outcomes(
        ask=ask, by=by, since=since, until=until, counts={}, names=[], columns={}, people={}, talks={},
        progress=Progress(left=0, begun_with=0),
    )  # fmt: skip


def link(made: Outcomes, name: str | None, column: Key | None) -> str:
    """Where the calls behind a number are."""
    ask = made.ask
    asked: dict[str, Key | None] = {"what": "said", "since": made.since, "until": made.until, "outcome": name}
    asked |= {"user": ask.user_id, "team": ask.team_id}
    if column is not None:
        asked |= {"queue": column} if made.by == "queues" else {"user": column}
    return f"/reports/agents/calls?{urlencode({one: value for one, value in asked.items() if value is not None})}"


def talks_link(made: Outcomes, what: str, user: int | None = None) -> str:
    """Where conversations are: of one person, or of all that is asked for."""
    asked = {"what": what, "since": made.since, "until": made.until, "team": made.ask.team_id}
    asked["user"] = user or made.ask.user_id
    return f"/reports/agents/calls?{urlencode({one: value for one, value in asked.items() if value is not None})}"


def balance(asker: Asker, made: Outcomes) -> Balance:
    """Conversations as the report on people counts them = those with an outcome + those without one."""
    whole, with_, without = made.talked
    differ = ", ".join(f"{name} {n}" for _, name, n in made.apart)
    return Balance(
        whole=(asker.say(N_("Talks")), Value(value=whole, opens=talks_link(made, "talks"))),
        parts=[
            (asker.say(N_("with an outcome")), Value(value=with_, opens=talks_link(made, "with-outcome"))),
            (asker.say(N_("without one")), Value(value=without, opens=talks_link(made, "without-outcome"))),
        ],
        why=asker.say(N_("not counted yet: {people}"), people=differ),
    )


def notes(asker: Asker) -> list[str]:
    """How it is counted."""
    return [
        asker.say(
            N_(
                "An outcome belongs to the moment at which it was said, under the name it had then, and to the person"
                " who said it."
            )
        ),
        asker.say(N_("A conversation belongs to the moment at which it was picked up, whenever its outcome was said.")),
        kpi_texts.definition(asker),
    ]


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report as a table."""
    made = await answered(asker, query)
    total, say = made.total, asker.say
    columns = [
        Column(head=say(N_("Outcome")), kind="text"),
        *(Column(head=name) for name in made.columns.values()),
        Column(head=say(N_("Total")), tint="accent"),
        Column(head=say(N_("Share")), kind="share"),
    ]
    rows = [
        [
            Value(value=name),
            *(Value(value=made.of(name, key), opens=link(made, name, key)) for key in made.columns),
            Value(value=made.of(name, None), opens=link(made, name, None)),
            Value(value=made.of(name, None) / total),
        ]
        for name in made.names
    ]
    sums = [Value(value=made.of(None, key)) for key in made.columns]
    return Paper(
        name=f"outcomes-{made.ask.since}-{made.ask.until}",
        title=say(N_("Outcomes by numbers")),
        period=papers.period_words(made.ask.since, made.ask.until),
        counting=kpi_texts.counting(asker, made.progress),
        balance=balance(asker, made),
        parts=[
            Part(
                title=say(N_("Outcomes by numbers")),
                columns=columns,
                rows=rows,
                total=[Value(value=say(N_("Total"))), *sums, Value(value=total), Value(value=1 if total else 0)],
            )
        ],
        notes=notes(asker),
    )


ROUTES = (
    Route("GET", HERE, show, "figures.read", "staff"),
    Route("GET", f"{HERE}/file.{{kind}}", give_file, "figures.read", "staff"),
)
