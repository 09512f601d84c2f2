"""Reports that are tables (web/tables): one page for all of them, their files, and what is behind their numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import Right
from cti.errors import Refused
from cti.reports import reach
from cti.reports.paper import Paper, Part, Value, plain
from cti.storage import journal
from web import figures, papers
from web.absences import absences_of
from web.asking import Asker, asker_of
from web.i18n import language_of, translate
from web.render import page
from web.routes import Route
from web.shown import showed_callers
from web.tables import answers, campaigns, hours, numbers, reached
from web.texts import N_, told
from web.uncalled import uncalled

ROWS = 50
HEATS = 8  # shades of a heat map
Query = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A report. choices: what else is chosen: name in the address, label, values with their words."""

    title: str
    right: Right
    paper: Callable[[Asker, Query], Awaitable[Paper]]
    empty: str
    queues: bool = True
    teams: bool = True
    choices: Sequence[tuple[str, str, Callable[[Asker], Sequence[tuple[str, str]]], Callable[[Query], object]]] = ()


def _said(words: Mapping[str, str]) -> Callable[[Asker], Sequence[tuple[str, str]]]:
    return lambda asker: [(code, asker.say(text)) for code, text in words.items()]


def _times(some: Sequence[int]) -> Callable[[Asker], Sequence[tuple[str, str]]]:
    def said(asker: Asker) -> list[tuple[str, str]]:
        return [
            (str(one), asker.say(N_("{n} h"), n=one // 3600) if one >= 3600 else asker.say(N_("{n} min"), n=one // 60))
            for one in some
        ]

    return said


REPORTS: Mapping[str, Report] = {
    "hours": Report(
        title=N_("Calls by hour and weekday"),
        right="figures.read",
        paper=hours.paper,
        empty=N_("Nobody came into these queues in this time."),
        choices=[("measure", N_("Shown"), _said(hours.MEASURES), hours.measure_of)],
    ),
    "numbers": Report(
        title=N_("Numbers that were called"),
        right="figures.read",
        paper=numbers.paper,
        empty=N_("Nobody called from outside in this time."),
    ),
    "reached": Report(
        title=N_("Reach time of the missed"),
        right="figures.read",
        paper=reached.paper,
        empty=N_("Nobody called in vain in this time."),
        choices=[
            ("by", N_("Rows"), _said(reached.BY), reached.by_of),
            ("within", N_("In time is"), _times(reach.WITHIN), reached.within_of),
        ],
    ),
    "answers": Report(
        title=N_("Answer times of letters and SMS"),
        right="figures.read",
        paper=answers.paper,
        empty=N_("No client wrote to a shared mailbox or by SMS in this time."),
        queues=False,
        choices=[
            ("by", N_("Rows"), _said(answers.BY), answers.by_of),
            ("channel", N_("Channel"), _said(answers.CHANNELS), lambda query: query.get("channel", "")),
            ("target", N_("Target of an SMS"), _times(answers.TARGETS), answers.target_of),
        ],
    ),
    "campaigns": Report(
        title=N_("Campaigns"),
        right="campaigns.read",
        paper=campaigns.paper,
        empty=N_("No campaign was started or made in this time."),
        queues=False,
        teams=False,
    ),
}


def _shows(key: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def show(request: web.Request) -> web.Response:
        """The report."""
        report, asker = REPORTS[key], asker_of(request)
        error, made, status = "", None, 200
        try:
            made = await report.paper(asker, request.query)
        except Refused as refused:
            error, status = told(request, refused), 409
        queues, teams = await figures.choices(asker)
        ask = figures.asked(asker, request.query)
        values: dict[str, Any] = {
            "key": key,
            "made": made,
            "empty": translate(request, report.empty),
            "ask": ask,
            "absences": await absences_of(request, ask.since, ask.until),
            "queues": queues if report.queues else [],
            "teams": teams if report.teams else [],
            "choices": [
                (name, asker.say(label), words(asker), str(chosen(request.query)))
                for name, label, words, chosen in report.choices
            ],
            "periods": papers.periods(asker),
            "error": error,
            "address": urlencode([(name, value) for name, value in request.query.items() if value]),
            "text": lambda value, kind: plain(value, "text" if isinstance(value, str) else kind, asker.language),
            "heat": _heat,
        }
        return await asyncio.to_thread(
            page, request, "report_table.html", status=status, title=translate(request, report.title), **values
        )

    return show


def _gives(key: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def give_file(request: web.Request) -> web.Response:
        """The report as a file."""
        return await papers.give(request, await REPORTS[key].paper(asker_of(request), request.query))

    return give_file


def _heat(part: Part) -> Callable[[Value], int]:
    """How dark a number is: 0 to HEATS - 1, of the greatest in the table but for its totals."""
    seen = [cell.value for row in part.rows for cell in row[1:-1] if isinstance(cell.value, int | float)]
    most = max(seen, default=0) or 1
    return lambda one: (
        min(HEATS - 1, int(one.value / most * (HEATS - 1) + 0.5)) if isinstance(one.value, int | float) else 0
    )


async def show_number_calls(request: web.Request) -> web.Response:
    """The calls behind a number of the report on numbers, newest first."""
    query = request.query
    found = await numbers.behind(asker_of(request), query, limit=ROWS)
    heading = translate(request, numbers.KINDS[query.get("kind", "calls")])
    more = urlencode({**query, "cursor": found.next_cursor}) if found.next_cursor else ""
    return await _behind(request, "numbers", heading, found.rows, found.total, more)


async def show_reached_calls(request: web.Request) -> web.Response:
    """The calls in vain behind a number of the report on reach time."""
    query, asker = request.query, asker_of(request)
    start = _moment(query.get("from", ""))
    found = await reached.behind(asker, query, start=start, limit=ROWS)
    async with asker.services.db.read() as conn:
        known = await journal.by_ids(conn, [one.call for one in found.rows])
    rows = [known[one.call] for one in found.rows if one.call in known]
    more = urlencode({**query, "from": start + ROWS}) if start + ROWS < found.total else ""
    heading = translate(request, reached.KINDS[query.get("kind", "clients")])
    after = {one.call: one.after_s for one in found.rows}
    return await _behind(request, "reached", heading, rows, None if start else found.total, more, after=after)


async def _behind(
    request: web.Request,
    key: str,
    heading: str,
    rows: Sequence[journal.CallRow],
    total: int | None,
    more: str,
    after: Mapping[str, float | None] | None = None,
) -> web.Response:
    showed_callers(request, rows, asked=[name for name in ("kind",) if request.query.get(name)])
    template = "report_behind.html" if total is not None else "parts/report_behind_rows.html"
    values: dict[str, Any] = {"key": key, "heading": heading, "rows": rows, "total": total, "more": more}
    values |= {"after": after, "uncalled": await uncalled(request, rows)}
    return page(request, template, title=N_("Calls of a report"), **values)


async def show_questions(request: web.Request) -> web.Response:
    """The questions behind a number of the report on answer times: whose they are, each opens only with its right."""
    query, asker = request.query, asker_of(request)
    if query.get("kind", "") not in (*answers.KINDS, "first"):
        raise web.HTTPNotFound(text="These are not counted.")
    start = _moment(query.get("from", ""))
    rows, total = await answers.behind(asker, query, start=start, limit=ROWS)
    values: dict[str, Any] = {
        "heading": translate(request, answers.KINDS.get(query["kind"], N_("First answer"))),
        "rows": rows,
        "total": total,
        "more": urlencode({**query, "from": start + ROWS}) if start + ROWS < total else "",
        "channels": {code: translate(request, text) for code, text in answers.CHANNELS.items()},
        "language": language_of(request),
    }
    template = "parts/report_question_rows.html" if start else "report_questions.html"
    return page(request, template, title=N_("Questions of a report"), **values)


def _moment(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0


ROUTES = (
    *(Route("GET", f"/reports/{key}", _shows(key), one.right, "nothing") for key, one in REPORTS.items()),
    *(Route("GET", f"/reports/{key}/file.{{kind}}", _gives(key), one.right, "nothing") for key, one in REPORTS.items()),
    Route("GET", "/reports/numbers/calls", show_number_calls, "figures.read", "calls"),
    Route("GET", "/reports/reached/calls", show_reached_calls, "figures.read", "calls"),
    Route("GET", "/reports/answers/items", show_questions, "figures.read", "nothing"),
)
