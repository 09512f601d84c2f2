"""/api/v1/calls: the journal, click-to-dial, and what an agent does with his own call."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

from cti.access import Person, may, scope
from cti.storage import calls, clients, traces
from cti.storage.journal import CallRow
from web import texts
from web.api import records as r
from web.api.base import Header, Invalid, Operation, body_of, call_of, query_of, reply
from web.api.call_query import CallQuery, asked_by, names_asked
from web.api.views import views_of
from web.auth import person_of
from web.i18n import language_of, say
from web.services import services_of
from web.shown import showed_callers

KEY = "Idempotency-Key"


async def journal(request: web.Request) -> web.Response:
    """A page of calls, newest first: those the person may see."""
    query = query_of(request, CallQuery)
    user_id, team_id = reach(person_of(request), mine=query.mine)
    asked, cursor = asked_by(request, query), query.cursor or None
    async with services_of(request).db.read() as conn:
        page = await calls.journal(conn, asked, user_id=user_id, team_id=team_id, limit=query.limit, cursor=cursor)
    showed_callers(request, page.rows, asked=names_asked(query))
    rows = [r.call_out(row) for row in page.rows]
    return reply(r.CallPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


def reach(person: Person, *, mine: bool) -> tuple[int | None, int | None]:
    """Whose calls the person may see: of a user, of a team, or (None, None) of all. No team: his own."""
    far = scope(person, "calls.read")
    if mine or far == "own" or (far == "team" and person.team_id is None):
        return person.id, None
    return None, person.team_id if far == "team" else None


async def readable(request: web.Request) -> CallRow:
    """The call of the path, if the person may see it; 404 for others: they need not know that it exists."""
    person, call_id = person_of(request), call_of(request)
    async with services_of(request).db.read() as conn:
        row = await calls.get(conn, call_id)
        part = row is not None and await calls.takes_part(conn, call_id, person.id)
    if row is None or not (part or allowed(person, row)):
        raise web.HTTPNotFound(text="There is no such call.")
    return row


def allowed(person: Person, row: CallRow) -> bool:
    """Whether the right reaches this call."""
    return may(person, "calls.read", owner_id=row.user_id, owner_team_id=row.team_id)


async def _check_client(request: web.Request, client_id: int | None) -> None:
    if client_id is None:
        return
    async with services_of(request).db.read() as conn:
        if await clients.get(conn, client_id) is None:
            raise Invalid("body.client_id", "There is no such client.")


async def show(request: web.Request) -> web.Response:
    """One call with its legs and notes."""
    row = await readable(request)
    showed_callers(request, [row])
    return reply(r.call_out(row))


async def dial(request: web.Request) -> web.Response:
    """Ring the person's own phone, then the number."""
    body = await body_of(request, r.Dial)
    key = body.request_id or request.headers.get(KEY) or secrets.token_hex(16)
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", key):
        raise Invalid(f"header.{KEY}", "Give 8 to 64 letters, digits, _ or -.")
    await _check_client(request, body.client_id)
    control = services_of(request).call_control
    made = await control.dial(person_of(request), body.to, client_id=body.client_id, request_id=key, device=body.device)
    return reply(r.Dialled(request_id=made), 202)


async def hang_up(request: web.Request) -> web.Response:
    """End one's own part of a call."""
    await services_of(request).call_control.hang_up(person_of(request), call_of(request))
    return reply(r.Ok())


async def digits(request: web.Request) -> web.Response:
    """Tones to the other party."""
    body = await body_of(request, r.Digits)
    await services_of(request).call_control.digits(person_of(request), call_of(request), body.digits)
    return reply(r.Ok())


async def move(request: web.Request) -> web.Response:
    """Go on with one's own conversation at another phone of one's own."""
    body = await body_of(request, r.Move)
    key = body.request_id or secrets.token_hex(16)
    control = services_of(request).call_control
    await control.move(person_of(request), call_of(request), body.device, request_id=key)
    return reply(r.Dialled(request_id=key), 202)


async def three(request: web.Request) -> web.Response:
    """Two calls of one's own become a conference of three."""
    body = await body_of(request, r.Three)
    await services_of(request).call_control.three(person_of(request), call_of(request), body.other.replace("\x00", ""))
    return reply(r.Ok())


async def transfer(request: web.Request) -> web.Response:
    """The client goes to somebody else."""
    body, control = await body_of(request, r.HandingOver), services_of(request).call_control
    await control.transfer(person_of(request), call_of(request), body.to, ask=body.ask)
    return reply(r.Ok(), 202)


async def take_back(request: web.Request) -> web.Response:
    """The client is talked to again."""
    await services_of(request).call_control.take_back(person_of(request), call_of(request))
    return reply(r.Ok())


async def card(request: web.Request) -> web.Response:
    """The card comes to one's desk."""
    await services_of(request).screen_pops.by_hand(person_of(request).id, call_of(request))
    return reply(r.Ok(), 202)


async def note(request: web.Request) -> web.Response:
    """The person's note to the call."""
    body = await body_of(request, r.Note)
    await services_of(request).call_log.note(person_of(request), call_of(request), body.text)
    return reply(r.Ok())


async def choose(request: web.Request) -> web.Response:
    """Who is calling, out of several."""
    body = await body_of(request, r.Chosen)
    await _check_client(request, body.client_id)
    log = services_of(request).call_log
    await log.choose_client(person_of(request), call_of(request), body.client_id)
    return reply(r.Ok())


async def trace(request: web.Request) -> web.Response:
    """Why the card came, or not."""
    row = await readable(request)
    person, language = person_of(request), language_of(request)
    own = scope(person, "trace.read") == "own"
    async with services_of(request).db.read() as conn:
        steps = await traces.of_call(conn, row.id)
    showed_callers(request, [row])
    return reply(
        [
            r.StepOut(s.at, s.step, say(language, texts.STEPS.get(s.step, s.step), **s.args), s.user_id, dict(s.args))
            for s in steps
            if not own or s.user_id in (None, person.id)
        ]
    )


_PBX = (409, 504)
OPERATIONS = (
    *views_of("calls", "calls.read"),
    Operation(
        method="GET",
        path="/calls",
        handler=journal,
        who="calls.read",
        shows="calls",
        text="The journal, newest first",
        query=CallQuery,
        gives=r.CallPage,
    ),
    Operation(
        method="POST",
        path="/calls",
        handler=dial,
        who="dial",
        shows="nothing",
        text="Call a number for the signed-in agent: his phone rings first",
        body=r.Dial,
        headers=(Header(name=KEY, text="As request_id"),),
        gives=r.Dialled,
        status=202,
        refusals=_PBX,
    ),
    Operation(
        method="GET",
        path="/calls/{id}",
        handler=show,
        who="calls.read",
        shows="call",
        text="One call",
        gives=r.CallOut,
        refusals=(404,),
    ),
    Operation(
        method="DELETE",
        path="/calls/{id}",
        handler=hang_up,
        who="dial",
        shows="nothing",
        text="Hang up one's own part",
        gives=r.Ok,
        refusals=_PBX,
    ),
    Operation(
        method="POST",
        path="/calls/{id}/digits",
        handler=digits,
        who="dial",
        shows="nothing",
        text="Send tones to the other party",
        body=r.Digits,
        gives=r.Ok,
        refusals=_PBX,
    ),
    Operation(
        method="POST",
        path="/calls/{id}/move",
        handler=move,
        who="dial",
        shows="nothing",
        text="Go on with a conversation of one's own at another phone of one's own, which rings first",
        body=r.Move,
        gives=r.Dialled,
        status=202,
        refusals=_PBX,
    ),
    Operation(
        method="POST",
        path="/calls/{id}/three",
        handler=three,
        who="dial",
        shows="nothing",
        text="The other parties of this and another call of one's own talk with one together",
        body=r.Three,
        gives=r.Ok,
        refusals=_PBX,
    ),
    Operation(
        method="POST",
        path="/calls/{id}/transfer",
        handler=transfer,
        who="dial",
        shows="nothing",
        text="Hand the client of one's own call over; who is rung sees his card, by whom he comes, and the note",
        body=r.HandingOver,
        gives=r.Ok,
        status=202,
        refusals=_PBX,
    ),
    Operation(
        method="DELETE",
        path="/calls/{id}/transfer",
        handler=take_back,
        who="dial",
        shows="nothing",
        text="Ask no longer: back to the client",
        gives=r.Ok,
        refusals=_PBX,
    ),
    Operation(
        method="POST",
        path="/calls/{id}/card",
        handler=card,
        who="desk",
        shows="nothing",
        text="Have the card of one's own call shown, where its queue does not show it by itself",
        gives=r.Ok,
        status=202,
        refusals=(409,),
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/note",
        handler=note,
        who="notes.write",
        shows="nothing",
        text="One's own note to the call; an empty one removes it",
        body=r.Note,
        gives=r.Ok,
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/client",
        handler=choose,
        who="notes.write",
        shows="nothing",
        text="Say who is calling; remembered for the number",
        body=r.Chosen,
        gives=r.Ok,
    ),
    Operation(
        method="GET",
        path="/trace/{id}",
        handler=trace,
        who="trace.read",
        shows="call",
        text="Why the card came, or not",
        gives=list[r.StepOut],
        refusals=(404,),
    ),
)
