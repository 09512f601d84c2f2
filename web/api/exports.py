"""/api/v1/exports: what the grid shows, as a file."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Literal
from urllib.parse import quote

from aiohttp import web
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.filters import MOST_CONDITIONS, Condition
from cti.features.call_export import COLUMNS, CallsWanted
from cti.features.client_export import Asked
from cti.storage import journal
from web import call_filters
from web.api.base import Operation, body_of, reply
from web.api.calls import reach
from web.auth import person_of
from web.i18n import language_of, say
from web.services import services_of
from web.shown import showed
from web.texts import DIRECTIONS, N_, OUTCOMES

ID = re.compile(r"[0-9a-f]{32}")
TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "vcf": "text/vcard",
}
NAMES = {"clients": N_("clients"), "calls": N_("calls")}
HEADINGS = {
    "when": N_("When"),
    "direction": N_("Direction"),
    "outcome": N_("Outcome"),
    "queue": N_("Queue"),
    "client": N_("Client"),
    "number": N_("Number"),
    "line": N_("Line that was called"),
    "agent": N_("Who talked"),
    "waited": N_("Waited, s"),
    "talked": N_("Talked, s"),
    "result": N_("What came of the call"),
    "note": N_("Note"),
    "recording": N_("Recording"),
    "call": N_("Call"),
}
Field = Annotated[str, Meta(max_length=40)]


class ExportIn(Struct, forbid_unknown_fields=True):
    """What the grid shows: columns in their order, search, filters, sort as in /clients/grid."""

    format: Literal["xlsx", "csv", "vcf"]
    columns: Annotated[list[Field], Meta(min_length=1, max_length=300)]
    q: Annotated[str, Meta(max_length=200)] = ""
    filters: Annotated[list[Condition], Meta(max_length=MOST_CONDITIONS)] = []
    sort: Annotated[str, Meta(max_length=60)] = ""
    why: Annotated[
        str,
        Meta(max_length=400, description="Needed where one's files of a day hold many clients"),
    ] = ""


class CallsIn(Struct, forbid_unknown_fields=True):
    """What the list of calls shows: filters as in the address of the page /calls."""

    format: Literal["xlsx", "csv"]
    filters: Annotated[dict[Field, Annotated[str, Meta(max_length=120)]], Meta(max_length=40)] = {}
    why: Annotated[str, Meta(max_length=400, description="Needed where one's files of a day hold many clients")] = ""


class ExportOut(Struct):
    """A file to fetch at /exports/{id}; rows: how many clients, or calls, are in it."""

    id: str
    rows: int


async def export(request: web.Request) -> web.Response:
    """Make a file of what the grid shows."""
    body = await body_of(request, ExportIn)
    asked = Asked(
        format=body.format, columns=tuple(body.columns), q=body.q, filters=tuple(body.filters), sort=body.sort
    )
    made = await services_of(request).exports.make(person_of(request), asked, why=body.why)
    return reply(ExportOut(id=made.id, rows=made.lines), 201)


async def export_calls(request: web.Request) -> web.Response:
    """Make a file of what the list of calls shows."""
    body, person, language = await body_of(request, CallsIn), person_of(request), language_of(request)
    said = call_filters.given(body.filters)
    user_id, team_id = reach(person, mine=bool(said.get("mine")))
    words = {**DIRECTIONS, **OUTCOMES, "open": N_("going on"), "recording": N_("there is one")}
    wanted = CallsWanted(
        format=body.format,
        asked=call_filters.asked(request, said),
        hears=call_filters.hears(person),
        user_id=user_id,
        team_id=team_id,
        headings=tuple(say(language, HEADINGS[name]) for name in COLUMNS),
        words={code: say(language, text) for code, text in words.items()},
    )
    whom = partial(_persons, wanted)
    made = await services_of(request).exports.make(person, wanted, name="calls", why=body.why, whom=whom)
    return reply(ExportOut(id=made.id, rows=made.lines), 201)


async def _persons(wanted: CallsWanted, conn: AsyncConnection, most: int) -> int:
    return await journal.persons(conn, wanted.asked, user_id=wanted.user_id, team_id=wanted.team_id, most=most)


async def give_export(request: web.Request) -> web.StreamResponse:
    """The file of an export, to whom made it."""
    made = services_of(request).exports.made(person_of(request), _id(request))
    if made is None or not made.path.is_file():
        raise web.HTTPNotFound(text="There is no such file any more.")
    showed(request, made.clients, count=made.rows, why=made.why, thing="calls" if made.name == "calls" else "")
    services_of(request).exports.fetched(made)
    name = say(language_of(request), NAMES[made.name])
    return web.FileResponse(made.path, headers=attached(f"{name}{made.path.suffix}", made.path.suffix[1:]))


def attached(name: str, format_: str) -> dict[str, str]:
    """Headers of a file that is saved, not shown."""
    return {
        "Content-Type": TYPES[format_],
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-store",
    }


def _id(request: web.Request) -> str:
    """An id of ours from the path; 404 for anything else."""
    id_ = request.match_info["id"]
    if not ID.fullmatch(id_):
        raise web.HTTPNotFound(text="There is no such file any more.")
    return id_


OPERATIONS = (
    Operation(
        method="POST",
        path="/exports",
        handler=export,
        who="clients.export",
        shows="nothing",
        text="Make a file of what the grid shows",
        gives=ExportOut,
        body=ExportIn,
        status=201,
        refusals=(409,),
    ),
    Operation(
        method="POST",
        path="/exports/calls",
        handler=export_calls,
        who="clients.export",
        shows="nothing",
        text="Make a file of what the list of calls shows, to fetch at /exports/{id}",
        gives=ExportOut,
        body=CallsIn,
        status=201,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/exports/{id}",
        handler=give_export,
        who="clients.export",
        shows="export",
        text="The file of an export",
        gives=bytes,
        gives_file=True,
        refusals=(404,),
    ),
)
