"""/api/v1/campaigns: what there is, one of them in numbers, who is in it, and what is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.errors import Refused
from cti.messages.campaigns import PERSON_STATES, Campaign, Channel, Given, PersonState
from cti.messages.consent import Purpose
from cti.storage import campaign_people, campaigns
from web.api.base import Operation, body_of, place, query_of, reply
from web.api.records import Ok
from web.auth import person_of
from web.services import services_of
from web.shown import showed

MOST = 1000
Act = Literal["build", "rewrite", "ask", "approve", "refuse", "start", "pause", "stop"]


class CampaignIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A campaign as it is written. begins_at: UNIX seconds, not before."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    channel: Channel
    purpose: Purpose = "marketing"
    segment_id: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    given: Given = Given()
    begins_at: Annotated[float, Meta(ge=0, le=4e9)] | None = None


class CampaignOut(Struct, kw_only=True):
    """A campaign with its people by state. total: whom it reaches; built: how many were left out for what; why: code
    of why it stands still; marks: who answered, called back, unsubscribed; spent: hundredths; results: what agents said
    of calls of a call list.
    """

    id: int
    name: str
    channel: str
    purpose: str
    state: str
    segment_id: int | None
    given: Given
    begins_at: float | None
    total: int
    built: Mapping[str, int]
    started_at: float | None
    ended_at: float | None
    why: str
    version: int
    author: str
    counts: Mapping[str, int]
    marks: Mapping[str, int]
    spent: int
    results: Mapping[str, int]


class PeopleQuery(Struct, forbid_unknown_fields=True):
    """after: the number of the last one that is known. state: several with commas.

    mark: replied, called, opened, unsubscribed."""

    state: Annotated[str, Meta(max_length=120)] = ""
    why: Annotated[str, Meta(max_length=16)] = ""
    mark: Annotated[str, Meta(max_length=16)] = ""
    after: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100


class PersonOut(Struct, kw_only=True):
    """Somebody of a campaign. number: his place in it."""

    number: int
    client_id: int | None
    client: str
    address: str
    variant: int
    state: PersonState
    why: str
    at: float | None
    tries: int
    replied_at: float | None
    unsubscribed_at: float | None
    called_at: float | None


class ActIn(Struct, forbid_unknown_fields=True):
    """What is to be done."""

    act: Act


async def listed(request: web.Request) -> web.Response:
    """All of them, the newest first."""
    async with services_of(request).db.read() as conn:
        rows = await campaigns.every(conn)
    return reply([await _out(request, one) for one in rows])


async def read(request: web.Request) -> web.Response:
    """One."""
    return reply(await _out(request, await _known(request)))


async def add(request: web.Request) -> web.Response:
    """A draft."""
    body = await body_of(request, CampaignIn)
    one = Campaign(
        id=0, name=body.name, channel=body.channel, purpose=body.purpose, state="draft", segment_id=body.segment_id,
        given=body.given, begins_at=body.begins_at,
    )  # fmt: skip
    services = services_of(request)
    made = await services.campaigns.save(person_of(request), one)
    async with services.db.read() as conn:
        found = await campaigns.get(conn, made)
    return reply(await _out(request, found or one), 201)


async def act(request: web.Request) -> web.Response:
    """Choose its people, ask, agree, start, pause, stop."""
    body, feature, person = await body_of(request, ActIn), services_of(request).campaigns, person_of(request)
    if body.act in ("approve", "refuse"):
        await feature.answer(person, place(request), agrees=body.act == "approve")
    else:
        await getattr(feature, body.act)(person, place(request))
    return reply(Ok())


async def people(request: web.Request) -> web.Response:
    """Who is in it, by their numbers."""
    asked, one = query_of(request, PeopleQuery), await _known(request)
    states = tuple(one for one in asked.state.split(",") if one)
    if not set(states) <= set(PERSON_STATES):
        raise Refused("bad-filter", "There is no such state.")
    async with services_of(request).db.read() as conn:
        rows = await campaign_people.listed(
            conn, one.id, states=states, why=asked.why or None, mark=asked.mark,
            after=asked.after, limit=asked.limit,
        )  # fmt: skip
    showed(request, (row.client_id for row in rows), count=len(rows), thing="campaign")
    return reply([PersonOut(**{name: getattr(row, name) for name in PersonOut.__struct_fields__}) for row in rows])


async def _known(request: web.Request) -> Campaign:
    async with services_of(request).db.read() as conn:
        found = await campaigns.get(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such campaign.")
    return found


async def _out(request: web.Request, one: Campaign) -> CampaignOut:
    numbers = await services_of(request).campaign_numbers.of(one)
    plain = {name: getattr(one, name) for name in CampaignOut.__struct_fields__ if hasattr(one, name)}
    return CampaignOut(
        **plain, counts=numbers.counts, marks=numbers.marks, spent=numbers.spent, results=dict(numbers.results)
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/campaigns",
        handler=listed,
        who="campaigns.read",
        shows="nothing",
        text="Campaigns and call lists, the newest first, with their people by state",
        gives=list[CampaignOut],
    ),
    Operation(
        method="POST",
        path="/campaigns",
        handler=add,
        who="campaigns.write",
        shows="nothing",
        text="Write a campaign; nothing goes before its people are chosen and it is started",
        body=CampaignIn,
        gives=CampaignOut,
        status=201,
        refusals=(409,),
    ),
    Operation(
        method="GET",
        path="/campaigns/{id}",
        handler=read,
        who="campaigns.read",
        shows="nothing",
        text="One campaign",
        gives=CampaignOut,
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/campaigns/{id}",
        handler=act,
        who="campaigns.read",
        shows="nothing",
        text="Choose its people (build), make a draft of it again (rewrite), ask for the second person's word, agree or"
        " not (who may), start, pause, stop",
        body=ActIn,
        gives=Ok,
        refusals=(404, 409),
    ),
    Operation(
        method="GET",
        path="/campaigns/{id}/people",
        handler=people,
        who="campaigns.read",
        shows="clients",
        text="Who is in it, by number: those after one; by state, reason, or what they did after it",
        query=PeopleQuery,
        gives=list[PersonOut],
        refusals=(404,),
    ),
)
