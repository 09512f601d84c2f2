"""The agent's desk: the card of the call, the note, what was before; what happens meanwhile comes by the live wire."""

from __future__ import annotations

from aiohttp import web

from cti.access import scope
from cti.storage import calls, clients
from web.auth import person_of
from web.render import page
from web.routes import Route
from web.services import services_of

LAST = 12


async def show(request: web.Request) -> web.Response:
    """The desk, empty until a call comes."""
    person = person_of(request)
    async with services_of(request).db.read() as conn:
        own = await calls.journal(conn, user_id=person.id, limit=8)
    return page(request, "desk.html", title="Desk", last=own.rows)


async def card(request: web.Request) -> web.Response:
    """A client on the desk: contacts and the last calls."""
    client_id = request.match_info["id"]
    person = person_of(request)
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, int(client_id)) if client_id.isascii() and client_id.isdigit() else None
        if client is None:
            raise web.HTTPNotFound(text="There is no such client.")
        own = person.id if scope(person, "calls.read") == "own" else None
        last = await calls.journal(conn, client_id=client.id, user_id=own, limit=LAST)
    return page(request, "parts/desk_card.html", client=client, last=last.rows)


ROUTES = (
    Route("GET", "/", show, "desk"),
    Route("GET", "/desk/card/{id}", card, "clients.read"),
)
