"""People by numbers: persons or intervals as rows, each number leading to its calls or stretches of time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.reports import agent_lines, kpi
from cti.reports.agent_sums import Piece
from cti.reports.intervals import STEPS
from cti.reports.kpi import Definition
from cti.reports.paper import Balance, Column, Figure, Paper, Part, Value
from cti.storage import agent_calls, users
from cti.storage.agent_lines import MOST_S, stretches
from web import agent_figures, duty_texts, kpi_texts, papers
from web.absences import absences_of
from web.agent_figures import Answer, Ask, Line
from web.asking import Asker, asker_of
from web.figure_words import AGAIN, Held, Words
from web.pages.report_queues import _address, _moment
from web.render import page
from web.routes import Route
from web.shown import showed_callers
from web.texts import N_, told

HERE, OWN = "/reports/agents", "/reports/own"
ROWS = 50
TIMES = ("session", "ready", "pause", "talk", "hold", "dial", "wrap", "ring")
COUNTS = ("answered", "missed", "placed", "transferred")


async def show(request: web.Request) -> web.Response:
    """The report on all that the person may see."""
    return await _show(request, own=False)


async def show_own(request: web.Request) -> web.Response:
    """The person's own figures."""
    return await _show(request, own=True)


async def _show(request: web.Request, *, own: bool) -> web.Response:
    asker = asker_of(request)
    ask = agent_figures.asked(asker, request.query, own=own)
    error, made, status = "", None, 200
    try:
        made = await agent_figures.answered(asker, ask)
    except Refused as refused:
        error, status = told(request, refused), 409
    people, teams = await choices(asker, own=own)
    away = await absences_of(request, ask.since, ask.until)
    return await asyncio.to_thread(
        page,
        request,
        "report_agents.html",
        status=status,
        title=N_("My figures") if own else N_("People by numbers"),
        here=OWN if own else HERE,
        ask=ask,
        made=made,
        tell=Teller(asker, made, teams) if made else None,
        people=people,
        teams=list(teams.items()),
        steps=[(step, asker.say(kpi_texts.STEPS[step])) for step in STEPS],
        periods=papers.periods(asker),
        error=error,
        address=_address(request),
        agent_exclusions=kpi_texts.AGENT_EXCLUSIONS,
        absences=away,
    )


async def choices(asker: Asker, *, own: bool = False) -> tuple[dict[int, str], dict[int, str]]:
    """People and teams that a person may choose of."""
    everybody = await agent_figures.people_of(asker, agent_figures.asked(asker, {}, own=own))
    if own:
        return {}, {}
    async with asker.services.db.read() as conn:
        teams = await users.team_names(conn) if scope(asker.person, "figures.read") == "all" else {}
    return everybody, teams


async def give_file(request: web.Request) -> web.StreamResponse:
    """The table as it is shown, as a file."""
    return await papers.give(request, await paper(asker_of(request), request.query))


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report as a table. Raises Refused."""
    return Teller(asker, await agent_figures.answered(asker, agent_figures.asked(asker, query)), {}).paper()


async def show_parts(request: web.Request) -> web.Response:
    """The calls behind a number, newest first."""
    query, asker, own = request.query, asker_of(request), request.path.startswith(OWN)
    what, (since, until) = query.get("what", ""), bounds(query)
    if what not in agent_calls.KINDS and what not in agent_calls.CLIENTS and what != "said":
        raise web.HTTPNotFound(text="This kind of calls is not counted.")
    people = await agent_figures.people_of(asker, agent_figures.asked(asker, query, own=own))
    name, queue, cursor = query.get("outcome"), query.get("queue"), query.get("cursor") or None
    async with asker.services.db.read(slow=True) as conn:
        if what == "said":
            found = await agent_calls.said(
                conn, since, until, people, name=name, queue=queue, limit=ROWS, cursor=cursor
            )
        else:
            found = await agent_calls.parts(conn, what, since, until, people, limit=ROWS, cursor=cursor)
    showed_callers(request, [row.call for row in found.rows if row.call], asked=["what"])
    asked = {
        one: query[one][:80] for one in ("what", "since", "until", "user", "team", "outcome", "queue") if query.get(one)
    }
    return page(
        request,
        "parts/report_part_rows.html" if cursor else "report_parts.html",
        title=N_("Calls of a report"),
        here=OWN if own else HERE,
        found=found,
        kind=name or asker.say(kpi_texts.PARTS.get(what, N_("Outcomes"))),
        since=since,
        until=until,
        asked=asked,
        people=people,
        whose=", ".join(people.values()) if len(people) == 1 else "",
    )


async def show_lines(request: web.Request) -> web.Response:
    """The stretches of a person's time behind a number, oldest first."""
    query, asker, own = request.query, asker_of(request), request.path.startswith(OWN)
    ask = agent_figures.asked(asker, query, own=own)
    what, (since, until) = query.get("what", ""), bounds(query)
    if what not in agent_lines.KINDS:
        raise web.HTTPNotFound(text="This kind of time is not counted.")
    people = await agent_figures.people_of(asker, ask)
    error, status = "", 200
    rows: Sequence[Piece] = ()
    try:
        rows = await lines_of(asker, ask, what, since, until, query.get("reason"))
    except Refused as refused:
        error, status = told(request, refused), 409
    return await asyncio.to_thread(
        page,
        request,
        "report_lines.html",
        status=status,
        title=N_("Time of a report"),
        here=OWN if own else HERE,
        kind=asker.say(kpi_texts.LINES[what]),
        rows=rows,
        total_ms=sum(one.length for one in rows),
        whose=next(iter(people.values()), ""),
        since=since,
        until=until,
        error=error,
        what=what,
        reason=lambda code: duty_texts.reason(code, asker.language),
    )


async def lines_of(asker: Asker, ask: Ask, what: str, since: int, until: int, reason: str | None) -> Sequence[Piece]:
    """The stretches. Raises Refused: of one person, and of no more than 100 days."""
    people = await agent_figures.people_of(asker, ask)
    if ask.user_id is None or len(people) != 1:
        raise Refused("one-person", "Time is listed of one person.")
    if until - since > MOST_S:
        raise Refused("too-long-to-list", "That is more than 100 days of a person's time.")
    services = asker.services
    async with services.db.read(slow=True) as conn:
        return await stretches(conn, ask.user_id, what, since, until, services.clock(), reason)


def bounds(query: Any) -> tuple[int, int]:
    """Both ends of a time as an address has them, at quarters of an hour."""
    since, until = (_moment(query.get(name, "")) for name in ("since", "until"))
    return since - since % 900, until - until % 900


class Teller(Words):
    """The report in the reader's words: names, numbers, and the address of what is behind a number."""

    def __init__(self, asker: Asker, made: Answer, teams: dict[int, str]) -> None:
        super().__init__(asker)
        self.counting = kpi_texts.counting(asker, made.progress)
        self._zone = asker.services.zone
        self.made = made
        self.base = OWN if made.ask.own else HERE
        self.times = [(code, self.say(kpi_texts.LINES[code])) for code in TIMES]
        self.counts = [(code, self.say(kpi_texts.PARTS[code])) for code in COUNTS]
        self.figures: tuple[Definition[Any], ...] = (*kpi.AGENTS, kpi.FIRST_CALL)
        self.reasons = sorted(made.total.sums.pauses)
        self.beside = self.other_side(made.ask.beside, teams) if made.ask.beside else ""

    def name(self, key: str) -> str:
        return self.say(kpi_texts.NAMES[key])

    def short(self, key: str) -> str:
        return self.say(kpi_texts.SHORT[key])

    def definition(self, key: str) -> str:
        version = kpi_texts.definition(self._asker)
        return f"{self.say(kpi_texts.FORMULAS[key])} {self.say(kpi_texts.AGENT_EXCLUSIONS)} {version}"

    def row(self, line: Line) -> str:
        """What a row is called."""
        if line.interval is None:
            return line.name
        at = datetime.fromtimestamp(line.since, self._zone)
        form = {"month": "%m.%Y", "week": "%d.%m.%Y –", "day": "%d.%m.%Y"}.get(self.made.ask.step)
        name = f"{at:{form or ('%d.%m %H:%M' if self.made.ask.since != self.made.ask.until else '%H:%M')}}"
        return self.say(AGAIN, time=name) if at.fold and not form else name

    def length(self, ms: int) -> str:
        """`7:30:00`."""
        seconds = (ms + 500) // 1000
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def ms(self, line: Line, code: str) -> int:
        number: int = getattr(line.sums, f"{code}_ms")
        return number

    def count(self, line: Line, code: str) -> int:
        number: int = getattr(line.sums, code)
        return number

    def figure(self, line: Line | None, key: str) -> float | None:
        if line is None:
            return None
        if key == kpi.FIRST_CALL.key:
            return kpi.FIRST_CALL.reckon(line.helped)
        return next(one for one in kpi.AGENTS if one.key == key).reckon(line.sums)

    def against(self, line: Line, key: str, unit: Any) -> Held | None:
        team = str(self.made.ask.team_id or "")
        return self.held(self.made.targets, key, unit, team, line.since, self.figure(line, key))

    def link(self, line: Line, what: str, **more: str) -> str:
        """Where the calls or the time behind a number are; of several people's time, their own rows."""
        user = line.user_id if line.user_id is not None else self.made.ask.user_id
        asked: dict[str, str] = {"since": str(line.since), "until": str(line.until), "user": str(user or "")}
        asked |= {"team": str(self.made.ask.team_id or ""), "what": what, **more}
        if what in agent_lines.KINDS and user is None:
            days = [datetime.fromtimestamp(at, self._zone).date() for at in (line.since, line.until - 1)]
            asked = {"since": str(days[0]), "until": str(days[1]), "rows": "people", "team": asked["team"]}
            return f"{self.base}?{urlencode({key: value for key, value in asked.items() if value})}"
        kind = "lines" if what in agent_lines.KINDS else "calls"
        return (
            f"{self.base}/{kind}?{urlencode({key: value for key, value in asked.items() if value or key == 'reason'})}"
        )

    def reason(self, reason: str) -> str:
        return duty_texts.reason(reason, self._language)

    def paper(self) -> Paper:
        """The report as a table."""
        ask, title = self.made.ask, self.say(N_("People by numbers"))
        first = self.say(N_("Person")) if ask.rows == "people" else self.say(N_("When"))
        tints = {"ready": "accent", "pause": "ring", "talk": "talk", "hold": "hold", "dial": "muted", "wrap": "wrap"}
        columns = [
            Column(head=first, kind="text"),
            Column(head=self.say(N_("Log-ins"))),
            *(Column(head=name, kind="seconds", tint=tints.get(code, "")) for code, name in self.times),
            *(Column(head=name) for _, name in self.counts),
            *(Column(head=self.name(f.key), kind=f.unit, definition=self.definition(f.key)) for f in self.figures),
        ]
        whole = self.made.total
        told_ = [
            Figure(name=self.name(one.key), kind=one.unit, value=Value(value=self.figure(whole, one.key)),
                   definition=self.definition(one.key))
            for one in self.figures
        ]  # fmt: skip
        rows = [self._cells(self.row(line), line) for line in self.made.lines]
        total = self._cells(self.say(N_("Total")), whole)
        parts = [Part(title=title, columns=columns, rows=rows, total=total)]
        if self.reasons and ask.rows == "people":
            heads = [Column(head=self.reason(reason), kind="seconds") for reason in self.reasons]
            parts.append(
                Part(
                    title=self.say(N_("Pauses by reason")),
                    columns=[Column(head=first, kind="text"), *heads],
                    rows=[self._pauses(line) for line in self.made.lines if line.sums.pauses],
                )
            )
        if self.made.scored:
            parts.append(self._scored())
        return Paper(
            name=f"people-{ask.since}-{ask.until}",
            title=title,
            period=papers.period_words(ask.since, ask.until),
            counting=self.counting,
            figures=told_,
            balance=self.balance(),
            parts=parts,
            notes=[self.say(kpi_texts.AGENT_EXCLUSIONS)],
        )

    def balance(self) -> Balance:
        """Seconds logged in, or on the telephone beside that = seconds of all states."""
        sums = self.made.total.sums
        whole = sums.session_ms + sums.outside_ms + sums.twice_ms
        codes = ("ready", "pause", "wrap", "talk", "hold", "dial", "ignored")
        upto, before = 0, 0
        parts = []
        for code in codes:  # whole seconds of the running sum, so that rounding makes no difference
            upto += self.ms(self.made.total, code)
            parts.append((self.say(kpi_texts.LINES[code]), Value(value=upto // 1000 - before)))
            before = upto // 1000
        said = self.say(N_("Logged in, on the telephone while logged out and twice at once, s"))
        return Balance(whole=(said, Value(value=(whole + 5) // 1000)), parts=parts)

    def _pauses(self, line: Line) -> list[Value]:
        return [Value(value=line.name), *(Value(value=line.sums.pauses.get(one, 0) / 1000) for one in self.reasons)]

    def _scored(self) -> Part:
        heads = N_("Conversations scored"), N_("Mean score, %"), N_("Marks of clients"), N_("Their mean")
        return Part(
            title=self.say(N_("Quality of conversations")),
            columns=[
                Column(head=self.say(N_("Person")), kind="text"),
                *(Column(head=self.say(one), kind="number") for one in heads),
            ],
            rows=[
                [Value(value=one) for one in (self.made.people[id_], of.scored, of.percent, of.marked, of.mark)]
                for id_, of in self.made.scored.items()
            ],
        )

    def _cells(self, name: str, line: Line) -> list[Value]:
        times = [Value(value=self.ms(line, code) / 1000) for code, _ in self.times]
        counts = [Value(value=self.count(line, code)) for code, _ in self.counts]
        reckoned = [Value(value=self.figure(line, one.key)) for one in self.figures]
        return [Value(value=name), Value(value=line.sums.sessions), *times, *counts, *reckoned]


ROUTES = (
    Route("GET", HERE, show, "figures.read", "staff"),
    Route("GET", f"{HERE}/calls", show_parts, "figures.read", "calls"),
    Route("GET", f"{HERE}/lines", show_lines, "figures.read", "staff"),
    Route("GET", f"{HERE}/file.{{kind}}", give_file, "figures.read", "staff"),
    Route("GET", OWN, show_own, "figures.own", "nothing"),
    Route("GET", f"{OWN}/calls", show_parts, "figures.own", "calls"),
    Route("GET", f"{OWN}/lines", show_lines, "figures.own", "nothing"),
)
