"""/api/v1/clients/{id}/restrict and /release: nothing is done with a client's data, and again it may be."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.features.client_restrictions import WHY_CHARS
from web.api.base import Operation, body_of, place, reply
from web.api.records import Ok
from web.auth import person_of
from web.services import services_of


class RestrictIn(Struct, forbid_unknown_fields=True):
    """why: shown to whoever wants to call."""

    why: Annotated[str, Meta(min_length=1, max_length=WHY_CHARS)]


async def restrict(request: web.Request) -> web.Response:
    """Restrict a client, or change the reason."""
    body = await body_of(request, RestrictIn)
    await services_of(request).restrictions.restrict(person_of(request), place(request), body.why)
    return reply(Ok())


async def release(request: web.Request) -> web.Response:
    """Lift a client's restriction."""
    await services_of(request).restrictions.release(person_of(request), place(request))
    return reply(Ok())


OPERATIONS = (
    Operation(
        method="POST",
        path="/clients/{id}/restrict",
        handler=restrict,
        who="clients.restrict",
        shows="nothing",
        text="Restrict a client: no calls, letters and files; the reason is shown to whoever is refused",
        body=RestrictIn,
        gives=Ok,
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/clients/{id}/release",
        handler=release,
        who="clients.restrict",
        shows="nothing",
        text="Lift a client's restriction",
        gives=Ok,
        refusals=(404, 409),
    ),
)
