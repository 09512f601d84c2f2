"""/api/v1/calls: what may come of a conversation, and what did."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.storage import dispositions as stored
from web.api.base import Operation, body_of, call_of, query_of, reply
from web.api.calls import readable
from web.api.records import Id, Ok
from web.auth import person_of
from web.services import services_of
from web.shown import showed


class ResultQuery(Struct, forbid_unknown_fields=True):
    queue: Annotated[str, Meta(max_length=80, description="Of the call; empty for one without")] = ""


class ResultOut(Struct):
    """next_step: callback, task or "": what it asks for by itself."""

    id: int
    name: str
    color: str
    next_step: str


class Results(Struct):
    """required: the work after a call of the queue does not end before one is said."""

    required: bool
    results: list[ResultOut]


class ResultIn(Struct, forbid_unknown_fields=True):
    result_id: Annotated[Id | None, Meta(description="One of the list; null takes it back")]


class SaidOut(Struct):
    user_id: int | None
    user_name: str
    result_id: int | None
    name: str
    at: float


async def offered(request: web.Request) -> web.Response:
    """The list of a queue."""
    queue = query_of(request, ResultQuery).queue
    async with services_of(request).db.read() as conn:
        found, required = await stored.offered(conn, queue), await stored.required(conn)
    return reply(Results(queue in required, [_out(one) for one in found]))


def _out(one: stored.Disposition) -> ResultOut:
    return ResultOut(id=one.id, name=one.name, color=one.color, next_step=one.next_step)


async def say(request: web.Request) -> web.Response:
    """What came of one's own call."""
    body, call = await body_of(request, ResultIn), call_of(request)
    await services_of(request).call_results.say(person_of(request), call, body.result_id)
    return reply(Ok())


async def said(request: web.Request) -> web.Response:
    """What was said of a call by whoever had it."""
    row = await readable(request)
    showed(request, [row.client_id], count=1)
    async with services_of(request).db.read() as conn:
        found = await stored.of_call(conn, row.id)
    return reply([SaidOut(one.user_id, one.user_name, one.disposition_id, one.name, one.at) for one in found])


OPERATIONS = (
    Operation(
        method="GET",
        path="/calls/results",
        handler=offered,
        who="notes.write",
        shows="nothing",
        text="What may come of a call of a queue, and whether it must be said",
        query=ResultQuery,
        gives=Results,
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/result",
        handler=say,
        who="notes.write",
        shows="nothing",
        text="Say what came of one's own call",
        body=ResultIn,
        gives=Ok,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/calls/{id}/results",
        handler=said,
        who="calls.read",
        shows="call",
        text="What was said to have come of a call",
        gives=list[SaidOut],
        refusals=(404,),
    ),
)
