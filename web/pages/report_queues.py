"""Queues by numbers: intervals or queues as rows, each number leading to its calls, the same as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from babel.dates import get_day_names

from cti.errors import Refused
from cti.reports import kpi, weekdays
from cti.reports.intervals import STEPS
from cti.reports.kpi import Definition
from cti.reports.paper import Balance, Column, Figure, Paper, Part, Value
from cti.reports.queue_sums import STEPS as WAITS
from cti.reports.queue_sums import QueueSums
from cti.storage import queue_calls
from web import figures, kpi_texts, papers
from web.absences import absences_of
from web.asking import Asker, asker_of
from web.figure_words import AGAIN, Held, Words
from web.figures import Answer, Line
from web.i18n import language_of, translate
from web.render import duration, page
from web.routes import Route
from web.services import services_of
from web.shown import showed_callers
from web.texts import N_, told
from web.uncalled import uncalled

HERE = "/reports/queues"
COUNTS = ("entered", "answered", "abandoned", "exits", "waiting")
COLUMNS = ("service-level", "answered-rate", "abandon-rate", "answer-speed", "handling")  # figures with a column
ROWS = 50
ASKED = ("what", "since", "until", "queue", "team", "weekday", "hour", "called")
FIGURES = {one.key: one for one in kpi.QUEUES}


async def show(request: web.Request) -> web.Response:
    """The report."""
    asker = asker_of(request)
    ask = figures.asked(asker, request.query)
    error, made, status = "", None, 200
    try:
        made = await figures.answered(asker, ask)
    except Refused as refused:
        error, status = told(request, refused), 409
    queues, teams = await figures.choices(asker)
    away = await absences_of(request, ask.since, ask.until)
    return await asyncio.to_thread(  # a thousand rows are more than the loop may be held for
        page,
        request,
        "report_queues.html",
        status=status,
        title=N_("Queues by numbers"),
        ask=ask,
        made=made,
        tell=Teller(asker, made, dict(teams)) if made else None,
        queues=queues,
        teams=teams,
        steps=[(step, translate(request, kpi_texts.STEPS[step])) for step in STEPS],
        periods=papers.periods(asker),
        error=error,
        absences=away,
        address=_address(request),
    )


async def give_file(request: web.Request) -> web.StreamResponse:
    """The table as it is shown, as a file."""
    return await papers.give(request, await paper(asker_of(request), request.query))


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report as a table. Raises Refused."""
    return Teller(asker, await figures.answered(asker, figures.asked(asker, query)), {}).paper()


async def show_calls(request: web.Request) -> web.Response:
    """The calls behind a number, newest first."""
    query, services = request.query, services_of(request)
    what = query.get("what", "")
    since, until = (_moment(query.get(name, "")) for name in ("since", "until"))
    called = query["called"][:80].replace("\0", "") if "called" in query else None
    if what not in (queue_calls.KINDS if called is None else queue_calls.BY_NUMBER):
        raise web.HTTPNotFound(text="This kind of calls is not counted.")
    team = query.get("team", "")[:9]
    team_id = int(team) if team.isascii() and team.isdigit() else None
    queues = await figures.queues_of(asker_of(request), query.get("queue", "")[:80].replace("\0", ""), team_id)
    cursor = query.get("cursor") or None
    some = await _quarters(request, since, until)
    if cursor is None:
        await services.rollups.fresh_queues(since, until)
    async with services.db.read(slow=True) as conn:
        found = await queue_calls.stays(
            conn, what, since, until, queues, quarters=some, called=called, limit=ROWS, cursor=cursor
        )
    calls = [row.call for row in found.rows]
    showed_callers(request, calls, asked=[name for name in ("what", "queue") if query.get(name)])
    template = "parts/report_call_rows.html" if cursor else "report_calls.html"
    values: dict[str, Any] = {
        "found": found,
        "kind": _kind(request, what),
        "since": since,
        "until": until,
        "asked": {name: query[name][:80] for name in ASKED if query.get(name) or (name == "called" and called == "")},
        "uncalled": await uncalled(request, calls),
        "weekdays": get_day_names("wide", locale=language_of(request)),
        "ends": {end: translate(request, said) for end, said in kpi_texts.ENDS.items()},
    }
    return page(request, template, title=N_("Calls of a report"), **values)


async def _quarters(request: web.Request, since: int, until: int) -> list[int] | None:
    """Those of the weekday or the hour that the address asks for; None: all."""
    asked = [request.query.get(name, "") for name in ("weekday", "hour")]
    weekday, hour = (int(one) if one.isascii() and one.isdigit() and len(one) < 3 else None for one in asked)
    if weekday is None and hour is None:
        return None
    if until - since > (weekdays.MOST_DAYS + 1) * 86400:
        raise Refused("too-long-for-hours", "Choose at most two years.")
    return await asyncio.to_thread(weekdays.quarters, since, until, services_of(request).zone, weekday, hour)


def _kind(request: web.Request, what: str) -> str:
    """The calls in words."""
    name, _, begins = what.rpartition("-")
    if name in ("waits", "abandoned-waits"):
        said = N_("Answered after {wait} s") if name == "waits" else N_("Hung up after {wait} s")
        return translate(request, said).format(wait=_step(int(begins)))
    return translate(request, kpi_texts.KINDS[what])


def _step(begins: int) -> str:
    """A step of the histogram: `20–30`, `300…`."""
    place = WAITS.index(begins)
    return f"{begins}–{WAITS[place + 1]}" if place + 1 < len(WAITS) else f"{begins}…"


def _moment(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0


def _address(request: web.Request, **more: str) -> str:
    """What the address asks for, for the file of the same."""
    return urlencode([(name, value) for name, value in {**request.query, **more}.items() if value])


class Teller(Words):
    """The report in the reader's words: names, numbers, and the address of the calls behind a number."""

    def __init__(self, asker: Asker, made: Answer, teams: Mapping[int, str]) -> None:
        super().__init__(asker)
        self.counting = kpi_texts.counting(asker, made.progress)
        self._zone = asker.services.zone
        self.made = made
        self.all = figures.whole(made)
        self.counts = [(code, self.say(kpi_texts.COUNTS[code])) for code in COUNTS]
        self.columns = [(FIGURES[key], self.say(kpi_texts.SHORT[key])) for key in COLUMNS]
        self.figures = kpi.QUEUES
        self.beside = self.other_side(made.ask.beside, teams) if made.ask.beside else ""

    def name(self, key: str) -> str:
        return self.say(kpi_texts.NAMES[key])

    def formula(self, key: str) -> str:
        """How a figure is reckoned, with the thresholds of the period."""
        return kpi_texts.formula(self._asker, key, self.made.thresholds)

    @property
    def exclusions(self) -> str:
        return self.say(kpi_texts.EXCLUSIONS)

    @property
    def version(self) -> str:
        return self.say(kpi_texts.VERSION, version=kpi.VERSION)

    def row(self, line: Line) -> str:
        """What a row is called."""
        if line.interval is None:
            return line.queue
        at = datetime.fromtimestamp(line.since, self._zone)
        match self.made.ask.step:
            case "month":
                return f"{at:%m.%Y}"
            case "week":
                return f"{at:%d.%m.%Y} –"
            case "day":
                return f"{at:%d.%m.%Y}"
            case _:
                name = f"{at:%d.%m %H:%M}" if self.made.ask.since != self.made.ask.until else f"{at:%H:%M}"
                return self.say(AGAIN, time=name) if at.fold else name

    def count(self, sums: QueueSums, code: str) -> int:
        number: int = getattr(sums, code)
        return number

    def value(self, figure: Definition[QueueSums], sums: QueueSums | None) -> str:
        """A figure as it is read; – where there is nothing to reckon it from."""
        return self.number(figure.reckon(sums) if sums is not None else None, figure.unit)

    def against(self, line: Line, figure: Definition[QueueSums]) -> Held | None:
        return self.held(self.made.targets, figure.key, figure.unit, line.queue, line.since, figure.reckon(line.sums))

    def longest(self, sums: QueueSums) -> str:
        return duration(sums.longest_ms / 1000) if sums.entered else "–"

    def link(self, line: Line, what: str) -> str:
        """Where the calls behind a number are."""
        asked = {"what": what, "since": str(line.since), "until": str(line.until), "queue": line.queue}
        team = self.made.ask.team_id
        asked |= {"team": str(team)} if team is not None else {}
        return f"{HERE}/calls?{urlencode({name: value for name, value in asked.items() if value})}"

    def waits(self) -> list[tuple[str, int, int, int]]:
        """The histogram: a step's name and beginning, how many were answered and hung up in it."""
        total = self.made.total
        rows = zip(WAITS, total.waits, total.abandoned_waits, strict=True)
        return [(_step(begins), begins, answered, abandoned) for begins, answered, abandoned in rows]

    def paper(self) -> Paper:
        """The report as a table."""
        ask = self.made.ask
        first = self.say(N_("Queue")) if ask.rows == "queues" else self.say(N_("When"))
        counted = [Column(head=name) for _, name in self.counts]
        reckoned = [
            Column(head=self.name(one.key), kind=one.unit, definition=self.formula(one.key)) for one in self.figures
        ]
        columns = [
            Column(head=first, kind="text"),
            *counted,
            *reckoned,
            Column(head=self.say(N_("Longest wait")), kind="seconds"),
        ]
        whole = self.all
        told = [
            Figure(name=self.name(one.key), kind=one.unit, value=Value(value=one.reckon(whole.sums)),
                   definition=self.formula(one.key))
            for one in self.figures
        ]  # fmt: skip
        chosen = [(self.say(N_("Queue")), ask.queue), (self.say(N_("Interval")), self.say(kpi_texts.STEPS[ask.step]))]
        return Paper(
            name=f"queues-{ask.since}-{ask.until}",
            title=self.say(N_("Queues by numbers")),
            period=papers.period_words(ask.since, ask.until),
            counting=self.counting,
            filters=[(name, text) for name, text in chosen if text],
            figures=told,
            balance=self.balance(),
            parts=[
                Part(
                    title=self.say(N_("Queues by numbers")),
                    columns=columns,
                    rows=[self._cells(self.row(line), line) for line in self.made.lines],
                    total=self._cells(self.say(N_("Total")), whole),
                )
            ],
            notes=[self.exclusions, self.version],
        )

    def balance(self) -> Balance:
        """Came = answered + hung up + left otherwise + still waiting."""
        sums = self.all.sums
        parts = (
            (N_("were answered"), sums.answered),
            (N_("hung up"), sums.abandoned),
            (N_("left otherwise"), sums.exits),
            (N_("still waiting"), sums.waiting),
        )
        return Balance(
            whole=(self.say(N_("Came")), Value(value=sums.entered)),
            parts=[(self.say(name), Value(value=number)) for name, number in parts],
            why=self.say(N_("calls whose end nobody saw, as the link to the PBX was down")),
        )

    def _cells(self, name: str, line: Line) -> list[Value]:
        sums = line.sums
        counted = [Value(value=self.count(sums, code)) for code, _ in self.counts]
        reckoned = [Value(value=one.reckon(sums)) for one in self.figures]
        return [Value(value=name), *counted, *reckoned, Value(value=sums.longest_ms / 1000)]


ROUTES = (
    Route("GET", HERE, show, "figures.read", "nothing"),
    Route("GET", f"{HERE}/calls", show_calls, "figures.read", "calls"),
    Route("GET", f"{HERE}/file.{{kind}}", give_file, "figures.read", "nothing"),
)
