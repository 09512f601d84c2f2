"""Reports: the client base counted by one or two axes, each number leading to the clients behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from babel.numbers import format_decimal, format_percent
from msgspec import Meta

from cti.access import Right, scope
from cti.clients.filters import MOST_CONDITIONS, PROPERTY, Condition, property_id
from cti.clients.properties import Property
from cti.errors import Refused
from cti.reports.clients import AXIS_KINDS, FIELDS, MONTH, SEGMENT, STOCKS, Ask, Key, Table, fault, table
from cti.reports.paper import Column, Kind, Paper, Part, Value
from cti.storage import client_report, contracts, directories, properties, segments, users
from cti.storage.client_report import ClientReport
from web import client_texts, papers
from web.asking import Asker, asker_of
from web.auth import person_of
from web.i18n import translate
from web.render import duration, page
from web.routes import Route
from web.services import Services, services_of
from web.texts import N_, told

LONGEST_LINK = 6_000
MEASURES = {
    "clients": N_("Clients"),
    "new": N_("New clients"),
    "calls": N_("Calls"),
    "talk": N_("Talk time"),
    "contracts": N_("Contract sum, {of}"),
    "average": N_("Average: {of}"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What the address asks for."""

    ask: Ask
    q: str
    filters: list[Condition]


async def show_first(request: web.Request) -> web.StreamResponse:
    """The first report that the person may see; who may see none is at his desk."""
    person = person_of(request)
    right: Right
    for right, address in (("figures.read", "/reports/queues"), ("reports.read", "/reports/clients")):
        if scope(person, right) != "none":
            raise web.HTTPSeeOther(address)
    raise web.HTTPSeeOther("/")


async def show(request: web.Request) -> web.Response:
    """The analysis of the client base."""
    asker = asker_of(request)
    wanted = _wanted(request.query)
    names = await _names(asker.services)
    error, made, status = "", None, 200
    try:
        made = await _made(asker.services, wanted, names.known)
    except Refused as refused:
        error, status = told(request, refused), 409
    teller = Teller(asker, wanted, names)
    return page(
        request,
        "report_clients.html",
        status=status,
        title=N_("Clients by numbers"),
        wanted=wanted,
        made=made,
        tell=teller,
        axes=teller.axes(),
        measures=teller.measures(),
        chosen=f"{wanted.ask.measure}:{wanted.ask.of}" if wanted.ask.of else wanted.ask.measure,
        periods=_periods(request),
        error=error,
        address=_address(request),
        filters_text=msgspec.json.encode(wanted.filters).decode(),
        several=teller.several(wanted.ask.rows) or teller.several(wanted.ask.columns),
        by_segment=SEGMENT in (wanted.ask.rows, wanted.ask.columns),
    )


def _kind_of(known: Sequence[Property], axis: str) -> str:
    return next((one.kind for one in known if one.id == property_id(axis)), "")


async def give_file(request: web.Request) -> web.StreamResponse:
    """The table as it is shown, as a file."""
    return await papers.give(request, await paper(asker_of(request), request.query))


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report. Raises Refused."""
    wanted, names = _wanted(query), await _names(asker.services)
    made = await _made(asker.services, wanted, names.known)
    return Teller(asker, wanted, names).paper(made)


async def filters_said(asker: Asker, query: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is asked for, in words."""
    return Teller(asker, _wanted(query), await _names(asker.services)).chosen()


async def _made(services: Services, wanted: Wanted, known: Sequence[Property]) -> Table:
    """The table. Raises Refused for what cannot be asked."""
    by_id = {prop.id: prop for prop in known}
    wrong = fault(wanted.ask, by_id)
    if wrong:
        raise Refused(wrong, "This cannot be asked.")
    async with services.db.read(slow=True) as conn:
        cells = await ClientReport(conn, known, services.zone, await segments.every(conn)).cells(
            wanted.ask, wanted.q, wanted.filters
        )
    return table(cells, wanted.ask, client_report.orders(known))


def _wanted(query: Mapping[str, str]) -> Wanted:
    given = {name: query.get(name, "")[:60] for name in ("rows", "columns", "measure", "since", "until")}
    measure, _, of = given["measure"].partition(":")
    since, until = (_day(given[name]) for name in ("since", "until"))
    try:
        kind = Annotated[list[Condition], Meta(max_length=MOST_CONDITIONS)]
        filters = msgspec.json.decode(query.get("filters", "[]")[:20_000], type=kind)
    except msgspec.MsgspecError:
        filters = []
    ask = Ask(
        rows=given["rows"] or "relation",
        columns=given["columns"],
        measure=measure or "clients",
        of=of,
        since=since,
        until=until,
    )
    return Wanted(ask=ask, q=query.get("q", "")[:200], filters=filters)


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        return None


def _address(request: web.Request) -> str:
    """What the address asks for, for the file of the same."""
    return urlencode([(name, value) for name, value in request.query.items() if value])


def _periods(request: web.Request) -> list[tuple[str, str, str]]:
    """Periods by one press: name, first and last day."""
    services = services_of(request)
    today = datetime.fromtimestamp(services.clock(), services.zone).date()
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    told_ = [
        (N_("This month"), first, today),
        (N_("Last month"), before.replace(day=1), before),
        (N_("This year"), today.replace(month=1, day=1), today),
        (N_("12 months"), (first - timedelta(days=334)).replace(day=1), today),
    ]
    spans = [(translate(request, name), since.isoformat(), until.isoformat()) for name, since, until in told_]
    return [*spans, (translate(request, N_("All the time")), "", "")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What keys are called. currencies: of the contracts there are."""

    known: Sequence[Property]
    items: dict[int, str]
    people: dict[int, str]
    segments: dict[int, str]
    currencies: list[str]


async def _names(services: Services) -> Names:
    async with services.db.read() as conn:
        return Names(
            known=await properties.every(conn),
            items={one.id: one.name for one in await directories.every(conn, retired=True)},
            people={user.id: user.name for user in await users.every(conn)},
            segments={one.id: one.name for one in await segments.every(conn)},
            currencies=await contracts.currencies(conn),
        )


class Teller:
    """The report in the reader's words: axes, keys, numbers, and the address of the clients behind a number."""

    def __init__(self, asker: Asker, wanted: Wanted, names: Names) -> None:
        self._asker = asker
        self._language = asker.language
        self._wanted = wanted
        self._names = names
        self._known = {prop.id: prop for prop in names.known}

    def _say(self, text: str, **values: object) -> str:
        return self._asker.say(text, **values)

    def axes(self) -> list[tuple[str, str]]:
        fields = [(one, self._say(client_texts.FIELDS[one if one == "kind" else f"{one}_id"])) for one in FIELDS]
        own = [(f"{PROPERTY}{one.id}", one.name) for one in self._names.known if one.kind in AXIS_KINDS]
        return [*fields, (MONTH, self._say(N_("Month"))), (SEGMENT, self._say(N_("Segment"))), *own]

    def measures(self) -> list[tuple[str, str]]:
        plain = [(one, self._say(MEASURES[one])) for one in ("clients", "new", "calls", "talk")]
        sums = [(f"contracts:{one}", self._say(MEASURES["contracts"], of=one)) for one in self._names.currencies]
        rated = [one for one in self._names.known if one.kind in ("rating", "number")]
        return plain + sums + [(f"average:{PROPERTY}{p.id}", self._say(MEASURES["average"], of=p.name)) for p in rated]

    def axis(self, name: str) -> str:
        return next((label for one, label in self.axes() if one == name), name)

    def measure(self) -> str:
        ask = self._wanted.ask
        chosen = f"{ask.measure}:{ask.of}" if ask.of else ask.measure
        return next((label for one, label in self.measures() if one == chosen), "")

    def chosen(self) -> list[tuple[str, str]]:
        """What is asked for, beside its days."""
        wanted, ask = self._wanted, self._wanted.ask
        told = [
            (self._say(N_("What is counted")), self.measure()),
            (self._say(N_("Rows")), self.axis(ask.rows)),
            (self._say(N_("Columns")), self.axis(ask.columns) if ask.columns else ""),
            (self._say(N_("Search")), wanted.q),
            (self._say(N_("Conditions of the list")), str(len(wanted.filters)) if wanted.filters else ""),
        ]
        return [(name, text) for name, text in told if text]

    def key(self, axis: str, key: Key) -> str:
        """What a row or a column is called."""
        if key is None:
            nobody = {"responsible": N_("nobody"), SEGMENT: N_("in no segment")}
            return self._say(nobody.get(axis, N_("not said")))
        prop = self._known.get(property_id(axis) or 0)
        if axis == MONTH:
            year, month = str(key).split("-")
            return f"{month}.{year}"
        if axis == "kind":
            return self._say(client_texts.KINDS.get(str(key), str(key)))
        if axis == SEGMENT:
            return self._names.segments.get(int(key), str(key))
        if axis == "responsible":
            return self._names.people.get(int(key), str(key))
        if prop is None:
            return self._names.items.get(int(key), str(key))
        if prop.kind == "rating":
            return f"{key:g} {'★' * int(key)}"
        if prop.kind == "yes-no":
            return self._say(N_("yes") if key else N_("no"))
        return next((one.name for one in prop.values if one.id == key), str(key))

    def number(self, value: float | None) -> str:
        """A number as it is read."""
        if value is None:
            return ""
        match self._wanted.ask.measure:
            case "talk":
                return duration(value)
            case "average":
                return format_decimal(value, "#,##0.00", self._language)
            case _:
                return format_decimal(value, "#,##0", self._language)

    def share(self, part: float) -> str:
        """A part of all, in percent."""
        return format_percent(part, "#,##0.0 %", self._language)

    def several(self, axis: str) -> bool:
        """Whether a client may stand in several rows of an axis."""
        return axis == SEGMENT or _kind_of(self._names.known, axis) == "several"

    def link(self, row: Key, column: Key, *, whole: str = "") -> str | None:
        """The clients behind a number; whole: the axis along which it is a total (`rows`, `columns`, `both`)."""
        ask = self._wanted.ask
        asked = [*self._wanted.filters]
        month: str | None = None
        for axis, key, total in ((ask.rows, row, "rows"), (ask.columns, column, "columns")):
            if not axis:
                continue
            if whole in (total, "both"):
                if self.several(axis):  # who stands in several rows is counted in each: nobody is behind the sum
                    return None
                continue
            if axis == MONTH:
                month = str(key)
            elif axis == SEGMENT:
                of = client_report.in_segment(key, list(self._names.segments))
                asked += [of] if of else []
            else:
                asked.append(self._condition(axis, key))
        asked += self._happened(month)
        filters = msgspec.json.encode(asked).decode()
        address = "/clients?" + urlencode(
            {"q": self._wanted.q, "filters": filters} if self._wanted.q else {"filters": filters}
        )
        return address if len(asked) <= MOST_CONDITIONS and len(address) < LONGEST_LINK else None

    def _condition(self, axis: str, key: Key) -> Condition:
        prop = self._known.get(property_id(axis) or 0)
        at = self._wanted.ask.until if prop else None
        if key is None:
            return Condition(field=axis, op="empty", at=at)
        if prop is not None and prop.kind == "rating":
            return Condition(field=axis, op="is", value=key, at=at)
        if prop is not None and prop.kind == "yes-no":
            return Condition(field=axis, op="is", value=bool(key), at=at)
        return Condition(field=axis, op="any-of", value=[key], at=at)

    def _happened(self, month: str | None) -> list[Condition]:
        """What must have happened in the period, or in one month of it."""
        ask = self._wanted.ask
        since, until = ask.since, ask.until
        if month is not None:
            first = date.fromisoformat(f"{month}-01")
            last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            since, until = max(since or "", first.isoformat()), min(until or "9999", last.isoformat())
        if ask.measure in ("calls", "talk"):
            return [Condition(field="called", op="within", value=[since or "", until or ""])]
        if ask.measure == "contracts":
            return [Condition(field="signed", op="within", value=[since or "", until or ""])]
        from_ = [Condition(field="created", op="from", value=since)] if since and ask.measure not in STOCKS else []
        rated = [Condition(field=ask.of, op="filled", at=until)] if ask.measure == "average" else []
        return [*from_, *([Condition(field="created", op="to", value=until)] if until else []), *rated]

    def paper(self, made: Table) -> Paper:
        """The report as a table; talk time in seconds."""
        ask = self._wanted.ask
        kinds: dict[str, Kind] = {"talk": "seconds", "average": "number", "contracts": "number"}
        kind: Kind = kinds.get(ask.measure, "count")
        heads = [self.key(ask.columns, one) for one in made.columns] if ask.columns else []
        total = self._say(N_("Total"))
        rows = []
        for line in made.lines:
            cells = [Value(value=one) for one in line.cells] if ask.columns else []
            share = Value(value=line.share)
            rows.append([Value(value=self.key(ask.rows, line.key)), *cells, Value(value=line.total), share])
        sums = [Value(value=one) for one in made.totals] if ask.columns else []
        columns = [
            Column(head=self.axis(ask.rows), kind="text"),
            *(Column(head=one, kind=kind) for one in heads),
            Column(head=f"{total}: {self.measure()}", kind=kind),
            Column(head=self._say(N_("Share")), kind="share"),
        ]
        return Paper(
            name=f"clients-{ask.rows.replace(':', '-')}",
            title=self._say(N_("Clients by numbers")),
            period=f"{ask.since or '…'} – {ask.until or '…'}",
            filters=self.chosen(),
            parts=[
                Part(
                    title=self.measure(),
                    columns=columns,
                    rows=rows,
                    total=[Value(value=total), *sums, Value(value=made.total), Value(value=1 if rows else 0)],
                )
            ],
        )


ROUTES = (
    Route("GET", "/reports", show_first, "signed-in", "nothing"),
    Route("GET", "/reports/clients", show, "reports.read", "nothing"),
    Route("GET", "/reports/clients/file.{kind}", give_file, "reports.read", "nothing"),
)
