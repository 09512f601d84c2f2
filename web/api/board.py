"""/api/v1/board: what a supervisor does from the live board."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import Right
from cti.board import Layout, Sort, Tile
from web.api.base import Handler, Operation, body_of, call_of, place, reply
from web.api.duty import Told
from web.api.records import Ok
from web.auth import address_of, person_of
from web.services import services_of

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Queue = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")]
Key = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{8,64})?$")]


class Pick(Struct, forbid_unknown_fields=True):
    """user_id: who is given the caller."""

    user_id: Id


class Act(Struct, forbid_unknown_fields=True):
    """take-over: the supervisor's own phone rings, and the client is with him when he picks up."""

    what: Literal["end", "take-over"]


class StateIn(Struct, forbid_unknown_fields=True):
    """reason: one of /agents/reasons, with not-ready."""

    state: Literal["ready", "not-ready", "logged-off"]
    reason: Annotated[str, Meta(max_length=80)] = ""


class PlaceIn(Struct, forbid_unknown_fields=True):
    """there: whether he works in the queue from now on."""

    queue: Queue
    there: bool
    penalty: Annotated[int, Meta(ge=0, le=1000)] = 0


class Words(Struct, forbid_unknown_fields=True):
    """To one person, to a team, or to everybody."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]
    user_id: Id | None = None
    team_id: Id | None = None


class LayoutIn(Struct, forbid_unknown_fields=True):
    """tiles: the parts to look at, in order. rotate_s: seconds for each on a full screen, 0: all at once."""

    tiles: Annotated[list[Tile], Meta(min_length=1, max_length=3)]
    team: Annotated[str, Meta(max_length=80)] = ""
    queue: Annotated[str, Meta(max_length=80)] = ""
    sort: Sort = "name"
    rotate_s: Annotated[int, Meta(ge=0, le=600)] = 0


class Said(Struct):
    told: Annotated[int, Meta(description="How many people")]


class SpyIn(Struct, forbid_unknown_fields=True):
    """listen: nobody hears one; whisper: the agent alone; barge: both. why: stands in the access journal."""

    how: Literal["listen", "whisper", "barge"]
    why: Annotated[str, Meta(min_length=1, max_length=300)]
    request_id: Key = ""


class SpyHowIn(Struct, forbid_unknown_fields=True):
    """As in SpyIn."""

    how: Literal["listen", "whisper", "barge"]


class Rings(Struct):
    rings: Annotated[str, Meta(description="Kind of the phone that rings: desk, browser or mobile")]


async def pick(request: web.Request) -> web.Response:
    """A caller who waits goes to a person."""
    body = await body_of(request, Pick)
    await services_of(request).board_actions.pick(person_of(request), call_of(request), body.user_id)
    return reply(Ok(), 202)


async def act(request: web.Request) -> web.Response:
    """A call is ended for all who are in it, or taken over by the supervisor's phone."""
    body, actions = await body_of(request, Act), services_of(request).board_actions
    does = actions.end if body.what == "end" else actions.take_over
    await does(person_of(request), call_of(request))
    return reply(Ok(), 202)


async def set_state(request: web.Request) -> web.Response:
    """What a person is from now on."""
    body, actions = await body_of(request, StateIn), services_of(request).board_actions
    return reply(Told(await actions.set_state(person_of(request), place(request), body.state, body.reason)))


async def set_place(request: web.Request) -> web.Response:
    """In which queue a person works, and how late it rings him."""
    body, actions = await body_of(request, PlaceIn), services_of(request).board_actions
    person, user_id = person_of(request), place(request)
    await actions.set_place(person, user_id, body.queue, there=body.there, penalty=body.penalty)
    return reply(Ok())


async def set_up(request: web.Request) -> web.Response:
    """How one's own board is from now on."""
    body = await body_of(request, LayoutIn)
    layout = Layout(tiles=tuple(body.tiles), team=body.team, queue=body.queue, sort=body.sort, rotate_s=body.rotate_s)
    await services_of(request).board_actions.set_up(person_of(request), layout)
    return reply(Ok())


async def tell(request: web.Request) -> web.Response:
    """Words that stay on screens until they were seen."""
    body, actions = await body_of(request, Words), services_of(request).board_actions
    told = await actions.tell(person_of(request), body.text, user_id=body.user_id, team_id=body.team_id)
    return reply(Said(told))


async def spy(request: web.Request) -> web.Response:
    """The supervisor's phone rings, and hears the person's conversation."""
    body, spying = await body_of(request, SpyIn), services_of(request).spying
    key, address = body.request_id or secrets.token_hex(16), address_of(request)
    who = person_of(request), place(request)
    return reply(Rings(await spying.begin(*who, body.how, body.why, request_id=key, address=address)), 202)


async def switch(request: web.Request) -> web.Response:
    """The talk that one hears: from now on as told, without a new call."""
    body = await body_of(request, SpyHowIn)
    await services_of(request).spying.switch(person_of(request), body.how, address=address_of(request))
    return reply(Ok())


async def stop_spying(request: web.Request) -> web.Response:
    """One hears nobody's talk any more."""
    await services_of(request).spying.end(person_of(request))
    return reply(Ok())


def _does(
    method: str, path: str, handler: Handler, who: Right, body: type[Struct] | None, gives: type[Struct] = Ok
) -> Operation:
    return Operation(
        method=method,
        path=f"/board/{path}",
        handler=handler,
        who=who,
        shows="nothing",
        text=(handler.__doc__ or "").rstrip("."),
        body=body,
        gives=gives,
        status=202 if gives in (Ok, Rings) and method == "POST" else 200,
        refusals=(404, 409, 503),
    )


OPERATIONS = (
    _does("POST", "calls/{id}/pick", pick, "calls.manage", Pick),
    _does("POST", "calls/{id}/act", act, "calls.manage", Act),
    _does("PUT", "agents/{id}/state", set_state, "agents.manage", StateIn, Told),
    _does("PUT", "agents/{id}/place", set_place, "agents.manage", PlaceIn),
    _does("PUT", "layout", set_up, "board.read", LayoutIn),
    _does("POST", "messages", tell, "board.tell", Words, Said),
    _does("POST", "agents/{id}/spy", spy, "calls.spy", SpyIn, Rings),
    _does("PUT", "spy", switch, "calls.spy", SpyHowIn),
    _does("DELETE", "spy", stop_spying, "calls.spy", None),
)
