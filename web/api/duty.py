"""/api/v1/agents/...: be ready, not ready or logged off; the work after a call; the journal of states."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person, may, scope
from cti.errors import Refused
from cti.storage import duty as stored
from cti.storage import users
from cti.storage.users import UserRow
from cti.telephony.duty import State
from web.api.base import Operation, body_of, place, query_of, reply
from web.api.records import Ok
from web.auth import person_of
from web.services import services_of

Words = Annotated[str, Meta(max_length=80)]
DAY_S = 24 * 3600.0


class Choice(Struct, forbid_unknown_fields=True):
    """reason: one of /agents/reasons, with not-ready."""

    state: Literal["ready", "not-ready", "logged-off"]
    reason: Words = ""


class Told(Struct):
    """told: the PBX knows it; else it is told when its link is back."""

    told: bool


class More(Struct, forbid_unknown_fields=True):
    seconds: Annotated[int, Meta(ge=10, le=600)] = 30


class ReasonOut(Struct):
    id: int
    name: str
    work: Annotated[bool, Meta(description="Counts as work, not as a break")]


class StatesQuery(Struct, forbid_unknown_fields=True):
    since: Annotated[float, Meta(ge=0, le=2**33, description="UNIX seconds; a day ago when left out")] = 0
    until: Annotated[float, Meta(ge=0, le=2**33)] = 2**33


class StateCorrectionOut(Struct):
    at: float
    user_name: str
    state: str
    reason: str
    why: str


class StateOut(Struct):
    """From `at` to the next one's. by: person, supervisor, pbx (on the phone) or server.

    desk: the shared desk phone at which he sat.
    """

    id: int
    at: float
    state: str
    reason: str
    by: str
    by_name: str
    queue: str
    call_id: str
    desk: str
    corrections: list[StateCorrectionOut]


class CorrectionIn(Struct, forbid_unknown_fields=True):
    state: Literal["ready", "not-ready", "logged-off", "after-call"]
    why: Annotated[str, Meta(min_length=1, max_length=400)]
    reason: Words = ""


def whose(request: web.Request) -> int:
    """Oneself, or somebody whose states the person may set: of others he need not know that they are here."""
    person = person_of(request)
    whose = person.id if request.match_info["id"] == "me" else place(request)
    if whose != person.id and scope(person, "agents.manage") == "none":
        raise web.HTTPNotFound(text="There is no such person here.")
    return whose


async def check_reach(conn: AsyncConnection, person: Person, user_id: int) -> UserRow:
    """The person whose states are asked for; 404 for one of another team, where the right ends at one's own."""
    user = await users.by_id(conn, user_id)
    reaches = user and may(person, "agents.manage", owner_id=user.id, owner_team_id=user.team_id)
    if user is None or not (reaches or user_id == person.id):
        raise web.HTTPNotFound(text="There is no such person here.")
    return user


async def choose(request: web.Request) -> web.Response:
    """Be something else from now on."""
    body, duty = await body_of(request, Choice), services_of(request).agent_duty
    state: State = body.state
    return reply(Told(await duty.choose(person_of(request), whose(request), state, body.reason)))


async def more(request: web.Request) -> web.Response:
    """More time after the call."""
    body = await body_of(request, More)
    await services_of(request).agent_duty.more_time(person_of(request), whose(request), body.seconds)
    return reply(Ok())


async def done(request: web.Request) -> web.Response:
    """The work after the call is done."""
    return reply(Told(await services_of(request).agent_duty.finish(person_of(request), whose(request))))


async def reasons(request: web.Request) -> web.Response:
    """Reasons to choose from."""
    async with services_of(request).db.read() as conn:
        found = await stored.reasons(conn)
    return reply([ReasonOut(one.id, one.name, one.work) for one in found])


async def states(request: web.Request) -> web.Response:
    """What somebody was, line by line."""
    query, services, user_id = query_of(request, StatesQuery), services_of(request), whose(request)
    since = query.since or services.clock() - DAY_S
    async with services.db.read() as conn:
        await check_reach(conn, person_of(request), user_id)
        rows = await stored.journal(conn, user_id, since=since, until=query.until)
    return reply([_out(row) for row in rows])


def _out(row: stored.StateRow) -> StateOut:
    said = [StateCorrectionOut(one.at, one.user_name, one.state, one.reason, one.why) for one in row.corrections]
    return StateOut(row.id, row.at, row.state, row.reason, row.by, row.by_name, row.queue, row.call_id, row.desk, said)


async def correct(request: web.Request) -> web.Response:
    """Say what a line really was."""
    body = await body_of(request, CorrectionIn)
    state: State = body.state
    try:
        await services_of(request).duty_admin.correct(person_of(request), place(request), state, body.reason, body.why)
    except Refused as error:
        if error.code == "unknown":
            raise web.HTTPNotFound(text=str(error)) from None
        raise
    return reply(Ok(), 201)


OPERATIONS = (
    Operation(
        method="PUT",
        path="/agents/{id}/state",
        handler=choose,
        who="desk",
        shows="nothing",
        text="Be ready, not ready for a reason, or logged off; id: a person's or `me`",
        body=Choice,
        gives=Told,
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/agents/{id}/after-call/more",
        handler=more,
        who="desk",
        shows="nothing",
        text="More time for the work after the call",
        body=More,
        gives=Ok,
        refusals=(404, 409),
    ),
    Operation(
        method="POST",
        path="/agents/{id}/after-call/done",
        handler=done,
        who="desk",
        shows="nothing",
        text="The work after the call is done",
        gives=Told,
        refusals=(404,),
    ),
    Operation(
        method="GET",
        path="/agents/reasons",
        handler=reasons,
        who="agents.read",
        shows="nothing",
        text="Reasons for not being ready",
        gives=list[ReasonOut],
    ),
    Operation(
        method="GET",
        path="/agents/{id}/states",
        handler=states,
        who="desk",
        shows="staff",
        text="A person's states since a day ago; of others for supervisors",
        query=StatesQuery,
        gives=list[StateOut],
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/agents/states/{id}/corrections",
        handler=correct,
        who="agents.manage",
        shows="nothing",
        text="Say what a line of the journal of states really was; the line stays",
        body=CorrectionIn,
        gives=Ok,
        status=201,
        refusals=(404, 409),
    ),
)
