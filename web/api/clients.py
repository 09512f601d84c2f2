"""/api/v1/clients: search, read, make, change, and who has a number."""

from __future__ import annotations

from aiohttp import web

from cti.storage import clients
from cti.storage.search import search
from cti.telephony.numbering import read
from web.api import records as r
from web.api.base import Invalid, Operation, Query, body_of, number, place, reply
from web.auth import person_of
from web.services import services_of

SORTS = ("name", "updated_at", "created_at")


async def find(request: web.Request) -> web.Response:
    """A page of clients."""
    sort = request.query.get("sort", "name")
    if sort.lstrip("-") not in SORTS:
        raise Invalid(f"sort: one of {', '.join(SORTS)}, with - before it for the other way.")
    try:
        async with services_of(request).db.read() as conn:
            page = await search(
                conn,
                request.query.get("q", "")[:200],
                sort=sort.lstrip("-"),
                descending=sort.startswith("-"),
                limit=number(request, "limit", default=50, least=1, most=200),
                cursor=request.query.get("cursor") or None,
            )
    except ValueError as error:
        raise Invalid(f"cursor: {error}") from None
    rows = [r.client_line(row) for row in page.rows]
    return reply(r.ClientPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


async def show(request: web.Request) -> web.Response:
    """One card."""
    async with services_of(request).db.read() as conn:
        card = await clients.get(conn, place(request))
    if card is None:
        raise web.HTTPNotFound(text="There is no such client.")
    return reply(r.client_out(card), ETag=f'"{card.version}"')


async def by_number(request: web.Request) -> web.Response:
    """Clients with a number, in any spelling."""
    services = services_of(request)
    found = read(request.match_info["number"], services.plan)
    async with services.db.read() as conn:
        matches = await clients.by_number(conn, found.e164) if found.e164 else []
        cards = [card for m in matches if (card := await clients.get(conn, m.client.id))]
    return reply([r.client_out(card) for card in cards])


async def create(request: web.Request) -> web.Response:
    """A new client."""
    body = await body_of(request, r.ClientIn)
    made = await services_of(request).client_base.create(person_of(request), body.draft())
    return reply(r.Made(id=made), 201, Location=f"/api/v1/clients/{made}")


async def change(request: web.Request) -> web.Response:
    """The card's fields, on the version it was read at."""
    body = await body_of(request, r.ClientChange)
    given = request.headers.get("If-Match", "").strip('"')
    if given and given != str(body.version):
        raise web.HTTPPreconditionFailed(text="Somebody changed this card meanwhile.")
    services = services_of(request)
    await services.client_base.change(person_of(request), place(request), body.draft(), body.version)
    return await show(request)


OPERATIONS = (
    Operation(
        method="GET",
        path="/clients",
        handler=find,
        who="clients.read",
        text="Search clients by any part of a name, phone or e-mail",
        gives=r.ClientPage,
        refusals=(422,),
        query=(
            Query(name="q", text="What to find; empty: all"),
            Query(name="sort", text="name, updated_at or created_at; - before it turns it round"),
            Query(name="limit", text="Rows", schema={"type": "integer", "minimum": 1, "maximum": 200}),
            Query(name="cursor", text="next_cursor of the page before"),
        ),
    ),
    Operation(
        method="GET",
        path="/clients/by-number/{number}",
        handler=by_number,
        who="clients.read",
        text="Clients who have a number",
        gives=list[r.ClientOut],
    ),
    Operation(
        method="GET",
        path="/clients/{id}",
        handler=show,
        who="clients.read",
        text="One client",
        gives=r.ClientOut,
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/clients",
        handler=create,
        who="clients.write",
        text="A new client",
        body=r.ClientIn,
        gives=r.Made,
        status=201,
        refusals=(409, 422, 503),
    ),
    Operation(
        method="PATCH",
        path="/clients/{id}",
        handler=change,
        who="clients.write",
        text="Change a client",
        body=r.ClientChange,
        gives=r.ClientOut,
        refusals=(404, 409, 412, 422, 503),
    ),
)
