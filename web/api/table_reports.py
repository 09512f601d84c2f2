"""/api/v1/reports: hours, numbers, reached, answers, campaigns; and what is behind their numbers."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct, structs

from cti.reports import answers as counted
from cti.reports import reach
from cti.reports.paper import Balance, Paper, Part, Value
from cti.storage import journal, number_figures
from cti.storage.search import PAGE_LIMIT
from web.api import records as r
from web.api.base import Handler, Operation, query_of, reply
from web.asking import asker_of
from web.pages.report_tables import REPORTS
from web.services import services_of
from web.shown import showed_callers
from web.tables import answers, hours, numbers, reached

Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")]
Name = Annotated[str, Meta(max_length=80)]
Number = Annotated[str, Meta(pattern=r"^\d{0,9}$")]
Moment = Annotated[int, Meta(ge=0, le=9_999_999_999)]
Limit = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]
Start = Annotated[int, Meta(ge=0, le=10_000_000)]


def _one_of(*values: object) -> Meta:
    return Meta(pattern=f"^({'|'.join(str(one) for one in values)})$")


class CampaignsQuery(Struct, forbid_unknown_fields=True):
    """since, until: days, both in the period; none: the last seven."""

    since: Day = ""
    until: Day = ""


class NumbersQuery(Struct, forbid_unknown_fields=True):
    """since, until: days, both in the period; none: the last seven. queue, team: none is all that you may see."""

    since: Day = ""
    until: Day = ""
    queue: Name = ""
    team: Number = ""


class HoursQuery(NumbersQuery):
    """measure: what the cells count."""

    measure: Annotated[str, _one_of(*hours.MEASURES)] = "entered"


class ReachedQuery(NumbersQuery):
    """by: rows by queue or by manager of the client. within: seconds that are in time."""

    by: Annotated[str, _one_of(*reached.BY)] = "queue"
    within: Annotated[str, _one_of(*reach.WITHIN)] = "3600"


class AnswersQuery(CampaignsQuery):
    """by: rows by mailbox or by who answered. channel: none is both. target: seconds, of an SMS."""

    team: Number = ""
    by: Annotated[str, _one_of(*answers.BY)] = "box"
    channel: Annotated[str, _one_of(*answers.CHANNELS)] = ""
    target: Annotated[str, _one_of(*answers.TARGETS)] = "3600"


class NumberCallsQuery(Struct, forbid_unknown_fields=True):
    """since <= a call began < until, UNIX seconds. number: as the PBX has it; "": those without one; none: all."""

    kind: Annotated[str, _one_of(*number_figures.KINDS)] = "calls"
    since: Moment = 0
    until: Moment = 9_999_999_999
    number: Name | None = None
    queue: Name = ""
    team: Number = ""
    limit: Limit = 50
    cursor: Annotated[str, Meta(max_length=1000)] = ""


class ReachedCallsQuery(ReachedQuery):
    """row: of whom; none: all. step: of the histogram. start: how many are passed over."""

    kind: Annotated[str, _one_of(*reached.KINDS)] = "clients"
    row: Name | None = None
    step: Annotated[str, Meta(pattern=r"^\d{0,2}$")] = ""
    start: Start = 0
    limit: Limit = 50


class QuestionsQuery(AnswersQuery):
    """row: of whom; none: all. start: how many are passed over."""

    kind: Annotated[str, _one_of(*answers.KINDS, "first")] = "asked"
    row: Name | None = None
    start: Start = 0
    limit: Limit = 50


class ValueOut(Struct):
    """value: null where there is nothing to reckon it from. opens: address of what it counts, "" for nothing."""

    value: str | int | float | None
    opens: str


class NamedOut(Struct):
    """A number of the whole report. unit: count, number, share (of one) or seconds."""

    name: str
    unit: str
    value: ValueOut
    definition: str


class ColumnOut(Struct):
    """key: the same in every language."""

    key: str
    name: str
    unit: str
    definition: str


class TableOut(Struct):
    """rows, total: as many values as there are columns; total may be empty."""

    title: str
    columns: list[ColumnOut]
    rows: list[list[ValueOut]]
    total: list[ValueOut]


class BalanceOut(Struct):
    """whole = parts + difference. why: where a difference comes from."""

    whole: NamedOut
    parts: list[NamedOut]
    difference: ValueOut
    why: str


class TablesOut(Struct):
    """The report as its page shows it, words in your language. notes: what is left out, and why.

    counting: that the period is not counted to its end yet, and how far it is; "" where it is.
    """

    title: str
    period: str
    counting: str
    figures: list[NamedOut]
    balance: BalanceOut | None
    tables: list[TableOut]
    notes: list[str]


class ReachedCallOut(Struct):
    """after_s: until somebody talked with the client; null: nobody yet."""

    after_s: float | None
    call: r.CallOut


class ReachedCallPage(Struct):
    """The newest first. total: of all pages."""

    rows: list[ReachedCallOut]
    total: int


class QuestionOut(Struct):
    """id: of the letter or the SMS. box: mailbox, or the number that the SMS came to. late: null: nothing is due."""

    id: int
    channel: str
    box: str
    at: float
    first: bool
    client_id: int | None
    user: str
    after_s: float | None
    late: bool | None


class QuestionPage(Struct):
    """The newest first. total: of all pages."""

    rows: list[QuestionOut]
    total: int


def _given(query: Struct) -> dict[str, str]:
    """As an address says it: what is not said is not there."""
    return {name: str(value) for name, value in structs.asdict(query).items() if value is not None}


def _report(key: str, kind: type[Struct]) -> Handler:
    async def of_report(request: web.Request) -> web.Response:
        paper = await REPORTS[key].paper(asker_of(request), _given(query_of(request, kind)))
        return reply(_tables(paper))

    return of_report


def _tables(paper: Paper) -> TablesOut:
    return TablesOut(
        title=paper.title,
        period=paper.period,
        counting=paper.counting,
        figures=[
            NamedOut(name=one.name, unit=one.kind, value=_value(one.value), definition=one.definition)
            for one in paper.figures
        ],
        balance=_balance(paper.balance) if paper.balance else None,
        tables=[_table(part) for part in paper.parts],
        notes=list(paper.notes),
    )


def _table(part: Part) -> TableOut:
    return TableOut(
        title=part.title,
        columns=[
            ColumnOut(key=one.key, name=one.head, unit=one.kind, definition=one.definition) for one in part.columns
        ],
        rows=[[_value(one) for one in row] for row in part.rows],
        total=[_value(one) for one in part.total],
    )


def _balance(balance: Balance) -> BalanceOut:
    whole, *parts = (
        NamedOut(name=name, unit="count", value=_value(value), definition="")
        for name, value in (balance.whole, *balance.parts)
    )
    difference = _value(Value(value=balance.difference, opens=balance.opens))
    return BalanceOut(whole=whole, parts=parts, difference=difference, why=balance.why if balance.difference else "")


def _value(one: Value) -> ValueOut:
    """What is behind a report's number is asked of the API by the same words."""
    is_ours = one.opens.startswith(("/reports/", "/campaigns/"))
    return ValueOut(value=one.value, opens=f"/api/v1{one.opens}" if is_ours else one.opens)


async def number_calls(request: web.Request) -> web.Response:
    """The calls behind a number of the report on numbers."""
    query = query_of(request, NumberCallsQuery)
    page = await numbers.behind(asker_of(request), _given(query), limit=query.limit)
    showed_callers(request, page.rows, asked=["kind"])
    rows = [r.call_out(one) for one in page.rows]
    return reply(r.CallPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


async def reached_calls(request: web.Request) -> web.Response:
    """The first calls in vain behind a number of the report on reach time."""
    query, asker = query_of(request, ReachedCallsQuery), asker_of(request)
    given = _given(query)
    found = await reached.behind(asker, given, start=query.start, limit=query.limit)
    async with services_of(request).db.read() as conn:
        known = await journal.by_ids(conn, [one.call for one in found.rows])
    showed_callers(request, list(known.values()), asked=["kind"])
    rows = [
        ReachedCallOut(after_s=one.after_s, call=r.call_out(known[one.call])) for one in found.rows if one.call in known
    ]
    return reply(ReachedCallPage(rows=rows, total=found.total))


async def questions(request: web.Request) -> web.Response:
    """The questions behind a number of the report on answer times."""
    query, asker = query_of(request, QuestionsQuery), asker_of(request)
    given = _given(query)
    rows, total = await answers.behind(asker, given, start=query.start, limit=query.limit)
    return reply(QuestionPage(rows=[_question(one) for one in rows], total=total))


def _question(one: counted.Question) -> QuestionOut:
    return QuestionOut(**{name: getattr(one, name) for name in QuestionOut.__struct_fields__})


_QUERIES: dict[str, tuple[type[Struct], str]] = {
    "hours": (HoursQuery, "Those who came into queues, by hour and weekday"),
    "numbers": (NumbersQuery, "Numbers that were called, and what became of the calls"),
    "reached": (ReachedQuery, "How soon somebody talked with those who had called in vain"),
    "answers": (AnswersQuery, "How soon letters and SMS were answered"),
    "campaigns": (CampaignsQuery, "Campaigns: whom each reached, and what they did"),
}
_BEHIND: dict[str, Any] = {"method": "GET", "who": "figures.read", "refusals": (409,)}
OPERATIONS = (
    *(
        Operation(
            method="GET", path=f"/reports/{key}", handler=_report(key, kind), who=REPORTS[key].right, shows="nothing",
            text=text, query=kind, gives=TablesOut, refusals=(409,),
        )
        for key, (kind, text) in _QUERIES.items()
    ),
    Operation(
        path="/reports/numbers/calls", handler=number_calls, shows="calls", query=NumberCallsQuery, gives=r.CallPage,
        text="The calls behind a number of the report on numbers", **_BEHIND,
    ),
    Operation(
        path="/reports/reached/calls", handler=reached_calls, shows="calls", query=ReachedCallsQuery,
        gives=ReachedCallPage, text="The first calls in vain behind a number of the report on reach time", **_BEHIND,
    ),
    Operation(
        path="/reports/answers/items", handler=questions, shows="nothing", query=QuestionsQuery, gives=QuestionPage,
        text="The questions behind a number of the report on answer times", **_BEHIND,
    ),
)  # fmt: skip
