"""Restriction of a client's processing: the forms on the card."""

from __future__ import annotations

from aiohttp import web

from web.api.base import place
from web.auth import person_of
from web.routes import Route
from web.services import services_of


async def restrict(request: web.Request) -> web.StreamResponse:
    """Nothing is done with the client's data from now on."""
    why = str((await request.post()).get("why", ""))
    await services_of(request).restrictions.restrict(person_of(request), place(request), why)
    raise web.HTTPSeeOther(f"/clients/{place(request)}")


async def release(request: web.Request) -> web.StreamResponse:
    """The client may be called and written to again."""
    await services_of(request).restrictions.release(person_of(request), place(request))
    raise web.HTTPSeeOther(f"/clients/{place(request)}")


ROUTES = (
    Route("POST", "/clients/{id}/restrict", restrict, "clients.restrict", "nothing"),
    Route("POST", "/clients/{id}/release", release, "clients.restrict", "nothing"),
)
