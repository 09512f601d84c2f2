"""/api/v1/clients: search, read, make, change, and who has a number."""

from __future__ import annotations

from aiohttp import web
from msgspec import UNSET

from cti.clients.card import ClientCard
from cti.clients.matching import match
from cti.errors import Refused
from cti.storage import cards, clients, lookup, merges, users
from cti.telephony.numbering import read
from web.api import client_records as c
from web.api import records as r
from web.api.base import Header, Invalid, Operation, body_of, place, query_of, reply
from web.auth import person_of
from web.readers import reader_of
from web.services import services_of
from web.shown import showed


async def find(request: web.Request) -> web.Response:
    """A page of clients."""
    query = query_of(request, c.ClientQuery)
    async with services_of(request).db.read() as conn:
        page = await clients.search(
            conn,
            query.q,
            sort=query.sort.lstrip("-"),
            descending=query.sort.startswith("-"),
            limit=query.limit,
            cursor=query.cursor or None,
            responsible_id=_responsible(query.filter, person_of(request).id),
        )
    asked = [name for name in ("q", "filter") if getattr(query, name)]
    showed(request, (row.id for row in page.rows), asked=asked)
    rows = [c.client_line(row, query.columns) for row in page.rows]
    return reply(c.ClientPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


def _responsible(filter_: str, me: int) -> int | None:
    if not filter_:
        return None
    who = filter_.removeprefix("responsible:")
    return me if who == "me" else int(who)


async def show(request: web.Request) -> web.Response:
    """One card; of one that was merged into another, where to find that."""
    async with services_of(request).db.read() as conn:
        card = await clients.get(conn, place(request))
        kept = await merges.now_of(conn, place(request)) if card is None else None
    if kept is not None:
        return reply(c.Moved(moved=kept), 303, Location=f"/api/v1/clients/{kept}")
    if card is None:
        raise web.HTTPNotFound(text="There is no such client.")
    return _card(request, card)


def _card(request: web.Request, card: ClientCard) -> web.Response:
    showed(request, [card.id])
    return reply(c.client_out(card), ETag=f'"{card.version}"')


async def _read(request: web.Request) -> ClientCard:
    async with services_of(request).db.read() as conn:
        card = await clients.get(conn, place(request))
        kept = await merges.now_of(conn, place(request)) if card is None else None
    if kept is not None:
        raise Refused("moved", f"This client was merged into client {kept}: change that one.")
    if card is None:
        raise web.HTTPNotFound(text="There is no such client.")
    return card


async def by_number(request: web.Request) -> web.Response:
    """Clients with a number, in any spelling: the likeliest first, each with the reason."""
    services, person = services_of(request), person_of(request)
    number = read(services.sights.opened(request.match_info["number"][: c.LONGEST_PHONE]), services.plan)
    async with services.db.read() as conn:
        candidates = await lookup.look_up(conn, number, services.plan, now=services.clock())
        chosen = await clients.choices(conn, number.e164 or "") if len(candidates) > 1 else []
        _, matches = match(number, candidates, chosen, person.id)
        found = await cards.of(conn, [one.client.id for one in matches])
    showed(request, found, asked=["number"])
    reader = reader_of(request)
    return reply([c.found_out(found[one.client.id], one, reader) for one in matches if one.client.id in found])


async def printed(request: web.Request) -> web.Response:
    """A card is being printed: the browser says so."""
    await _read(request)
    showed(request, [place(request)])
    return reply(r.Ok())


async def create(request: web.Request) -> web.Response:
    """A new client."""
    body = await body_of(request, c.ClientIn)
    await _check_responsible(request, body.responsible_id)
    made = await services_of(request).client_base.create(person_of(request), body.draft())
    return reply(r.Made(id=made), 201, Location=f"/api/v1/clients/{made}")


async def change(request: web.Request) -> web.Response:
    """The given fields of a card, on the version it was read at."""
    body = await body_of(request, c.ClientChange)
    version, tag = body.version, _tag(request)
    expected = version if tag is None else tag
    if expected is None:
        raise Invalid("body.version", "Give the version that you read, here or as If-Match.")
    if version not in (None, expected):
        raise Invalid("header.If-Match", "This is not the version in the body.")
    card = await _read(request)
    if tag is not None and tag != card.version:
        raise web.HTTPPreconditionFailed(text="Somebody changed this card meanwhile: read it again.")
    if body.responsible_id is not UNSET:
        await _check_responsible(request, body.responsible_id)
    try:
        await services_of(request).client_base.change(person_of(request), card.id, body.draft(card), expected)
    except Refused as error:
        if error.code == "changed-meanwhile" and tag is not None:
            raise web.HTTPPreconditionFailed(text=str(error)) from None
        raise
    return await show(request)


def _tag(request: web.Request) -> int | None:
    """The version in If-Match; None without one."""
    given = request.headers.get("If-Match")
    if given is None:
        return None
    text = given.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("header.If-Match", "Give the ETag of the card.")
    return int(text)


async def _check_responsible(request: web.Request, user_id: int | None) -> None:
    if user_id is None:
        return
    async with services_of(request).db.read() as conn:
        if await users.by_id(conn, user_id) is None:
            raise Invalid("body.responsible_id", "There is no such person.")


OPERATIONS = (
    Operation(
        method="GET",
        path="/clients",
        handler=find,
        who="clients.read",
        shows="clients",
        text="Search clients by any part of a name, phone or e-mail",
        query=c.ClientQuery,
        gives=c.ClientPage,
    ),
    Operation(
        method="GET",
        path="/clients/by-number/{number}",
        handler=by_number,
        who="clients.read",
        shows="clients",
        text="Clients who have a number, in any spelling; the likeliest first, and why",
        gives=list[c.FoundOut],
    ),
    Operation(
        method="GET",
        path="/clients/{id}",
        handler=show,
        who="clients.read",
        shows="client",
        text="One client; its version is in ETag. One that was merged into another: 303 and where that is",
        gives=c.ClientOut,
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/clients/{id}/printed",
        handler=printed,
        who="clients.read",
        shows="print",
        text="Say that a card is printed, for the access journal",
        gives=r.Ok,
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/clients",
        handler=create,
        who="clients.write",
        shows="nothing",
        text="A new client",
        body=c.ClientIn,
        gives=r.Made,
        status=201,
        refusals=(409,),
    ),
    Operation(
        method="PATCH",
        path="/clients/{id}",
        handler=change,
        who="clients.write",
        shows="client",
        text="Change fields of a client",
        body=c.ClientChange,
        headers=(Header(name="If-Match", text="ETag of the card that was read"),),
        gives=c.ClientOut,
        refusals=(404, 409, 412),
    ),
)
