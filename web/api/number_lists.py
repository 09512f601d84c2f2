"""/api/v1/number-lists: black and white lists of numbers, which a dialplan is told of when it asks."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.number_lists import REASON_CHARS, Draft
from cti.storage import number_lists
from web.api import records as r
from web.api.base import Operation, body_of, place, reply
from web.auth import person_of
from web.services import services_of
from web.shown import showed_callers


class ListingIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """number: in any spelling; a beginning is written +7495*. until: none for good."""

    number: Annotated[str, Meta(min_length=2, max_length=400)]
    list: Literal["black", "white"]
    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARS)]
    until: r.Moment | None = None


class ListingOut(Struct):
    id: int
    number: str
    beginning: Annotated[bool, Meta(description="All numbers that begin so")]
    list: str
    reason: str
    until: float | None
    holds: Annotated[bool, Meta(description="Its term is not over")]
    created_at: float
    created_by: str
    client_id: int | None
    client_name: str


async def every(request: web.Request) -> web.Response:
    """All lines."""
    services = services_of(request)
    async with services.db.read() as conn:
        rows = await number_lists.every(conn)
    showed_callers(request, rows, thing="number-lists")
    own = [name for name in ListingOut.__struct_fields__ if name != "holds"]
    now = services.clock()
    return reply([ListingOut(**{name: getattr(one, name) for name in own}, holds=one.holds(now)) for one in rows])


async def put(request: web.Request) -> web.Response:
    """A number is on a list from now on."""
    body = await body_of(request, ListingIn)
    draft = Draft(number=body.number, list=body.list, reason=body.reason, until=body.until)
    return reply(r.Made(id=await services_of(request).number_lists.put(person_of(request), draft)), 201)


async def take_off(request: web.Request) -> web.Response:
    """The number is on no list any more."""
    await services_of(request).number_lists.take_off(person_of(request), place(request))
    return reply(r.Ok())


OPERATIONS = (
    Operation(
        method="GET",
        path="/number-lists",
        handler=every,
        who="lists.write",
        shows="calls",
        text="Black and white lists, the newest first",
        gives=list[ListingOut],
    ),
    Operation(
        method="POST",
        path="/number-lists",
        handler=put,
        who="lists.write",
        shows="nothing",
        text="Put a number, or a beginning of numbers, on a list",
        body=ListingIn,
        gives=r.Made,
        status=201,
        refusals=(409,),
    ),
    Operation(
        method="DELETE",
        path="/number-lists/{id}",
        handler=take_off,
        who="lists.write",
        shows="nothing",
        text="Take a number off its list",
        gives=r.Ok,
        refusals=(404, 409),
    ),
)
