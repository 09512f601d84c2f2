"""/api/v1/reports: the client base counted by one or two axes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.filters import MOST_CONDITIONS, Condition
from cti.errors import Refused
from cti.reports.clients import Ask, Key, fault, table
from cti.storage import properties, segments
from cti.storage.client_report import ClientReport, orders
from web.api.base import Invalid, Operation, query_of, reply
from web.services import services_of

Axis = Annotated[str, Meta(max_length=40, description="relation, region, ..., month or property:ID")]
Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")]


class ReportQuery(Struct, forbid_unknown_fields=True):
    """measure: clients, new, calls, talk (seconds), contracts (of: a currency), average (of: property:ID)."""

    rows: Axis = "region"
    columns: Axis = ""
    measure: Annotated[str, Meta(max_length=20)] = "clients"
    of: Axis = ""
    since: Day = ""
    until: Day = ""
    q: Annotated[str, Meta(max_length=200)] = ""
    filters: Annotated[str, Meta(max_length=20_000, description="JSON: [{field, op, value}]")] = "[]"


class LineOut(Struct):
    """key: an id, a code, a mark or a month; null: not said, or in no segment."""

    key: Key
    cells: list[float | None]
    total: float
    share: float


class ReportOut(Struct):
    """columns: keys of the columns, [null] of one axis. left: rows that are only in the totals."""

    columns: list[Key]
    lines: list[LineOut]
    totals: list[float | None]
    total: float
    left: int


async def of_clients(request: web.Request) -> web.Response:
    """Clients, calls, contracts or marks by one or two axes."""
    query, services = query_of(request, ReportQuery), services_of(request)
    try:
        kind = Annotated[list[Condition], Meta(max_length=MOST_CONDITIONS)]
        filters = msgspec.json.decode(query.filters, type=kind)
    except msgspec.MsgspecError as error:
        raise Invalid("query.filters", str(error)) from None
    ask = Ask(
        rows=query.rows,
        columns=query.columns,
        measure=query.measure,
        of=query.of,
        since=query.since or None,
        until=query.until or None,
    )
    async with services.db.read(slow=True) as conn:
        known = await properties.every(conn)
        wrong = fault(ask, {prop.id: prop for prop in known})
        if wrong:
            raise Refused(wrong, "This cannot be asked.")
        cells = await ClientReport(conn, known, services.zone, await segments.every(conn)).cells(ask, query.q, filters)
    made = table(cells, ask, orders(known))
    lines = [LineOut(key=one.key, cells=list(one.cells), total=one.total, share=one.share) for one in made.lines]
    return reply(
        ReportOut(columns=list(made.columns), lines=lines, totals=list(made.totals), total=made.total, left=made.left)
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/reports/clients",
        handler=of_clients,
        who="reports.read",
        shows="nothing",
        text="Clients, calls, contracts or marks, counted by one or two axes",
        query=ReportQuery,
        gives=ReportOut,
        refusals=(409,),
    ),
)
