"""/api/v1/work: what is to be done, in its order, and what people say of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import scope
from cti.clients.work import Placed, placed
from cti.storage import work as stored
from cti.telephony.numbering import show
from web.api.base import Operation, body_of, call_of, place, query_of, reply
from web.api.records import Ok
from web.auth import person_of
from web.i18n import language_of
from web.services import services_of
from web.shown import showed_callers
from web.uncalled import uncalled
from web.work_texts import clock, why

Whose = Literal["mine", "all"]


class WorkQuery(Struct, forbid_unknown_fields=True):
    whose: Annotated[Whose, Meta(description="all: of everybody, for who may see all calls")] = "mine"


class WorkOut(Struct, kw_only=True):
    """kind: missed, order, callback, task, letter (id: of the conversation), list (of a call list).

    level: 0 to 5 are to be done now, 6 waits, 7 a colleague has taken.

    restricted: nobody may call him. voicemail: the call that left a message; "" for none.
    """

    kind: str
    id: str
    level: int
    why: str
    number: str | None
    shown: str
    client_id: int | None
    client_name: str
    name: str
    note: str
    page: str
    site: str
    tries: int
    at: float
    due_at: float | None
    responsible: str
    taken_by: str
    voicemail: str
    restricted: bool
    place: Annotated[int, Meta(description="In the queue, kept for who asked to be called back; 0: none is")]


class ListOut(Struct):
    """A call list. label: who calls, as one says it; waiting: people to be called, at whatever hour it is with them."""

    id: int
    name: str
    label: str
    waiting: int


class NextOut(Struct):
    """id: of the item of kind `list` that is on one's desk now."""

    id: str


class ActIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """minutes: of later. why: of close."""

    act: Literal["take", "take-over", "free", "later", "close"]
    minutes: Annotated[int, Meta(ge=0, le=10_080)] = 0
    why: Annotated[str, Meta(max_length=200)] = ""


async def list_of(request: web.Request, whose: Whose) -> list[Placed]:
    """What the person, or everybody, is to do, as he may see it; told to the access journal."""
    services, person = services_of(request), person_of(request)
    now = services.clock()
    async with services.db.read() as conn:
        who = await stored.worker(conn, person.id)
        everybody = whose == "all" and scope(person, "calls.read") == "all"
        works = await stored.gathered(
            conn, now=now, until=services.work_list.tomorrow(), who=None if everybody else who
        )
    mail = scope(person, "mail") != "none"
    works = [one for one in works if one.kind != "letter" or (mail and person.id in one.people)]
    showed_callers(request, works, thing="work")
    return placed(works, person.id, now)


async def read(request: web.Request) -> web.Response:
    """What is to be done."""
    found = await list_of(request, query_of(request, WorkQuery).whose)
    language, services = language_of(request), services_of(request)
    moment = clock(services.zone, services.clock())
    stopped = await uncalled(request, [one.work for one in found])
    places = services.kept_places.place_of
    return reply(
        [_out(one, why(language, one, moment), stopped, places(one.work.id) if one.work.kept else 0) for one in found]
    )


def _out(one: Placed, said: str, stopped: Collection[int | str | None], place: int) -> WorkOut:
    own = {"level", "why", "shown", "restricted", "place"}
    restricted = one.work.client_id in stopped or one.work.number in stopped
    values = {name: getattr(one.work, name) for name in WorkOut.__struct_fields__ if name not in own}
    return WorkOut(level=one.level, why=said, shown=show(one.work.number), restricted=restricted, place=place, **values)


async def act(request: web.Request) -> web.Response:
    """What one says of a missed client or an order."""
    body, kind = await body_of(request, ActIn), request.match_info["kind"]
    if kind == "list":
        lists = services_of(request).call_lists
        await lists.act(person_of(request), call_of(request), body.act, minutes=body.minutes, why=body.why)
        return reply(Ok())
    await services_of(request).work_list.act(
        person_of(request), kind, call_of(request), body.act, minutes=body.minutes, why=body.why
    )
    return reply(Ok())


async def lists(request: web.Request) -> web.Response:
    """The call lists that one works through now."""
    found = await services_of(request).call_lists.of(person_of(request))
    return reply([ListOut(one.id, one.name, one.label, one.waiting) for one in found])


async def next_of_list(request: web.Request) -> web.Response:
    """The next person of a call list."""
    return reply(NextOut(await services_of(request).call_lists.next(person_of(request), place(request))))


OPERATIONS = (
    Operation(
        method="GET",
        path="/work/lists",
        handler=lists,
        who="desk",
        shows="nothing",
        text="The call lists that one works through now, with how many people are to be called",
        gives=list[ListOut],
    ),
    Operation(
        method="POST",
        path="/work/lists/{id}",
        handler=next_of_list,
        who="desk",
        shows="nothing",
        text="Put the next person of a call list (a campaign of calls) on one's own desk",
        gives=NextOut,
        refusals=(404, 409),
    ),
    Operation(
        method="GET",
        path="/work",
        handler=read,
        who="desk",
        shows="calls",
        text="What is to be done, the most urgent first: missed clients, call-backs from the site, one's own tasks",
        query=WorkQuery,
        gives=list[WorkOut],
    ),
    Operation(
        method="POST",
        path="/work/{kind}/{id}",
        handler=act,
        who="desk",
        shows="nothing",
        text="Take a missed client (missed, id of the last call) or an order, give it back, put it off, close it",
        body=ActIn,
        gives=Ok,
        refusals=(404, 409),
    ),
)
