"""Marks of a conversation: a moment that somebody wants to find again."""

from __future__ import annotations

from aiohttp import web

from cti.storage import marks as stored
from web.api import records as r
from web.api.base import Operation, body_of, call_of, place, reply
from web.api.calls import readable
from web.auth import person_of
from web.services import services_of
from web.shown import showed


async def listed(request: web.Request) -> web.Response:
    """Those of a call, of whomever they are."""
    row = await readable(request)
    async with services_of(request).db.read() as conn:
        found = await stored.of_call(conn, row.id)
    showed(request, [row.client_id] if found else ())
    return reply([r.mark_out(row, one) for one in found])


async def add(request: web.Request) -> web.Response:
    """This moment."""
    body, call = await body_of(request, r.MarkIn), call_of(request)
    return reply(r.Made(await services_of(request).call_log.mark(person_of(request), call, body.text)), 201)


async def change(request: web.Request) -> web.Response:
    """What was said of it."""
    body, call = await body_of(request, r.MarkIn), call_of(request)
    log = services_of(request).call_log
    await log.change_mark(person_of(request), call, place(request, "mark"), body.text)
    return reply(r.Ok())


async def remove(request: web.Request) -> web.Response:
    """Away with it."""
    call = call_of(request)
    await services_of(request).call_log.change_mark(person_of(request), call, place(request, "mark"), None)
    return reply(r.Ok())


OPERATIONS = (
    Operation(
        method="GET",
        path="/calls/{id}/marks",
        handler=listed,
        who="calls.read",
        shows="call",
        text="The marks set in a call",
        gives=list[r.MarkOut],
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/calls/{id}/marks",
        handler=add,
        who="notes.write",
        shows="nothing",
        text="Mark this moment of one's own call",
        body=r.MarkIn,
        gives=r.Made,
        status=201,
        refusals=(404, 409),
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/marks/{mark}",
        handler=change,
        who="notes.write",
        shows="nothing",
        text="Say something else of a mark of one's own",
        body=r.MarkIn,
        gives=r.Ok,
        refusals=(404,),
    ),
    Operation(
        method="DELETE",
        path="/calls/{id}/marks/{mark}",
        handler=remove,
        who="notes.write",
        shows="nothing",
        text="Take a mark of one's own away",
        gives=r.Ok,
        refusals=(404,),
    ),
)
