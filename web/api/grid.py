"""/api/v1/clients/grid and what the grid needs: rows by filters, views, properties and directories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.card import ClientCard
from cti.clients.filters import MOST_CONDITIONS, Condition
from cti.clients.masking import unsealed
from cti.clients.properties import Property, shown
from cti.storage import beside, directories, properties, segments, users
from cti.storage.database import TooLong, within
from cti.storage.directories import DIRECTORIES
from cti.storage.grid import Grid
from cti.telephony.numbering import show as show_number
from web.api.base import Invalid, Operation, body_of, query_of, reply
from web.api.client_records import said
from web.api.views import views_of
from web.auth import person_of
from web.routes import Shows
from web.services import services_of
from web.shown import showed

COUNT_S = 5.0
Conditions = Annotated[list[Condition], Meta(max_length=MOST_CONDITIONS)]


class GridQuery(Struct, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=200)] = ""
    filters: Annotated[str, Meta(max_length=20_000, description="JSON: [{field, op, value}]")] = "[]"
    sort: Annotated[str, Meta(max_length=60, description="A field; - before it: descending; empty: as made")] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    offset: Annotated[int, Meta(ge=0, le=10_000)] = 0
    cursor: Annotated[str, Meta(max_length=2000, description="next_cursor of the page before, in place of offset")] = ""
    beside: Annotated[str, Meta(max_length=40, description="Also: contacts, contracts; a comma between")] = ""


class GridOut(Struct):
    """rows: by field. total: of a first page with few to count, else null: `/clients/grid/count` counts them all."""

    rows: list[dict[str, Any]]
    total: int | None
    next_cursor: str | None


class CountQuery(Struct, forbid_unknown_fields=True):
    q: Annotated[str, Meta(max_length=200)] = ""
    filters: Annotated[str, Meta(max_length=20_000, description="JSON: [{field, op, value}]")] = "[]"


class Count(Struct):
    """null: counting takes too long."""

    total: int | None


class Undo(Struct, forbid_unknown_fields=True):
    batch: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]


class Undone(Struct):
    count: int


class ValueOut(Struct):
    id: int
    name: str
    color: str
    retired: bool


class PropertyOut(Struct):
    id: int
    name: str
    kind: str
    applies_to: list[str]
    required: bool
    in_pop: bool
    values: list[ValueOut]


class ItemOut(Struct):
    id: int
    directory: str
    name: str
    parent_id: int | None


class PersonOut(Struct):
    id: int
    name: str


class Catalogue(Struct):
    """What columns there are beside the standard ones, and what their values may be."""

    properties: list[PropertyOut]
    directories: list[ItemOut]
    people: list[PersonOut]
    segments: list[PersonOut]


async def rows(request: web.Request) -> web.Response:
    """Rows of the grid."""
    query = query_of(request, GridQuery)
    filters = _filters(query.filters)
    async with services_of(request).db.read() as conn:
        known = await properties.every(conn)
        grid = Grid(conn, known, services_of(request).zone, await segments.every(conn))
        page = await grid.page(
            query.q, filters, sort=query.sort, limit=query.limit, offset=query.offset, cursor=query.cursor
        )
        more = await beside.of(conn, [row.id for row in page.rows], query.beside.split(","))
    asked = [*(["q"] if query.q else ()), *dict.fromkeys(one.field for one in filters)]
    showed(request, (row.id for row in page.rows), asked=asked)
    rows = [_row(row, page.items, known) | more.get(row.id, {}) for row in page.rows]
    return reply(GridOut(rows=rows, total=page.total, next_cursor=page.next_cursor))


def _filters(text: str) -> list[Condition]:
    try:
        filters: list[Condition] = msgspec.json.decode(text, type=Conditions)
    except msgspec.MsgspecError as error:
        raise Invalid("query.filters", str(error)) from None
    return filters


async def count(request: web.Request) -> web.Response:
    """How many clients are found."""
    query, services = query_of(request, CountQuery), services_of(request)
    filters = _filters(query.filters)
    try:
        async with services.db.read(slow=True) as conn, within(conn, COUNT_S):
            grid = Grid(conn, await properties.every(conn), services.zone, await segments.every(conn))
            return reply(Count(await grid.count(query.q, filters)))
    except TooLong:
        return reply(Count(None))


def _row(row: ClientCard, items: Mapping[int, str], known: list[Property]) -> dict[str, Any]:
    """The row by fields: what is shown, and under `ids` and `properties` what is set."""
    phones = [
        (show_number(p.e164) or unsealed(p.typed)) + (f" доб. {p.extension}" if p.extension else "") for p in row.phones
    ]
    offered = {prop.id: row.values[prop.id] for prop in known if prop.id in row.values}
    return {
        "id": row.id,
        "version": row.version,
        "name": row.name,
        "full_name": row.full_name,
        "kind": row.kind,
        "phones": ", ".join(phones),
        "emails": ", ".join(row.emails),
        "responsible": row.responsible,
        **{name: items.get(getattr(row, f"{name}_id"), "") for name in DIRECTORIES},
        "inn": row.inn,
        "kpp": row.kpp,
        "ogrn": row.ogrn,
        "time_zone": row.time_zone,
        "note": row.note,
        "places": ", ".join(" ".join(one.value.split()) for one in row.places),
        "restricted": "" if row.restricted_at is None else "1",
        "created": row.created_at,
        "updated": row.updated_at,
        "last_letter": row.last_letter_at,
        "properties": said(offered),
        **{f"property:{prop.id}": shown(prop, offered[prop.id]) for prop in known if prop.id in offered},
    }


async def undo(request: web.Request) -> web.Response:
    """Take a saved card back, by what saving it gave."""
    body = await body_of(request, Undo)
    return reply(Undone(count=await services_of(request).client_base.undo(person_of(request), body.batch)))


async def catalogue(request: web.Request) -> web.Response:
    """Properties, directories and people, for columns, filters and cards."""
    async with services_of(request).db.read() as conn:
        known, items = await properties.every(conn), await directories.every(conn)
        people = [PersonOut(user.id, user.name) for user in await users.every(conn) if user.blocked_at is None]
        saved = await segments.every(conn)
    return reply(
        Catalogue(
            properties=[_property(prop) for prop in known],
            directories=[ItemOut(item.id, item.directory, item.name, item.parent_id) for item in items],
            people=people,
            segments=[PersonOut(one.id, one.name) for one in saved],
        )
    )


def _property(prop: Property) -> PropertyOut:
    return PropertyOut(
        id=prop.id,
        name=prop.name,
        kind=prop.kind,
        applies_to=list(prop.applies_to),
        required=prop.required,
        in_pop=prop.in_pop,
        values=[ValueOut(one.id, one.name, one.color, one.retired) for one in prop.values],
    )


def _operation(method: str, path: str, handler: Any, who: Any, shows: Shows, text: str, **more: Any) -> Operation:
    return Operation(method=method, path=path, handler=handler, who=who, shows=shows, text=text, **more)


READ, WRITE = "clients.read", "clients.write"
OPERATIONS = (
    _operation("GET", "/clients/grid", rows, READ, "clients", "Rows of the grid", gives=GridOut, query=GridQuery),
    _operation(
        "GET", "/clients/grid/count", count, READ, "nothing", "How many are found", gives=Count, query=CountQuery
    ),
    _operation(
        "POST", "/clients/undo", undo, WRITE, "nothing", "Take a change of a card back", gives=Undone, body=Undo
    ),
    _operation(
        "GET", "/clients/catalogue", catalogue, READ, "staff", "Properties, directories, people", gives=Catalogue
    ),
    *views_of("clients", "clients.read"),
)
