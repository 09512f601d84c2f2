"""/api/v1/calls: the journal, click-to-dial, and what an agent does with his own call."""

from __future__ import annotations

import secrets

from aiohttp import web

from cti.access import Person, may, scope
from cti.storage import calls, traces
from cti.storage.journal import CallRow
from web import texts
from web.api import records as r
from web.api.base import Invalid, Operation, Query, body_of, number, reply
from web.auth import person_of
from web.i18n import language_of, say
from web.services import services_of


async def journal(request: web.Request) -> web.Response:
    """A page of calls, newest first: those the person may see."""
    person, query = person_of(request), request.query
    reach = scope(person, "calls.read")
    client = query.get("client_id", "")
    if client and not (client.isascii() and client.isdigit() and len(client) < 16):
        raise Invalid("client_id: give a whole number.")
    try:
        async with services_of(request).db.read() as conn:
            page = await calls.journal(
                conn,
                user_id=person.id if reach == "own" or query.get("mine") else None,
                team_id=person.team_id if reach == "team" else None,
                client_id=int(client) if client else None,
                number=query.get("number") or None,
                outcome=query.get("outcome") or None,
                limit=number(request, "limit", default=50, least=1, most=200),
                cursor=query.get("cursor") or None,
            )
    except ValueError as error:
        raise Invalid(f"cursor: {error}") from None
    rows = [r.call_out(row) for row in page.rows]
    return reply(r.CallPage(rows=rows, total=page.total, next_cursor=page.next_cursor))


async def readable(request: web.Request) -> CallRow:
    """The call of the path, if the person may see it; 404 for others: they need not know that it exists."""
    person, call_id = person_of(request), request.match_info["id"][:80]
    async with services_of(request).db.read() as conn:
        row = await calls.get(conn, call_id)
        part = row is not None and await calls.takes_part(conn, call_id, person.id)
    if row is None or not (part or allowed(person, row)):
        raise web.HTTPNotFound(text="There is no such call.")
    return row


def allowed(person: Person, row: CallRow) -> bool:
    """Whether the right reaches this call."""
    return may(person, "calls.read", owner_id=row.user_id, owner_team_id=row.team_id)


async def show(request: web.Request) -> web.Response:
    """One call with its legs and notes."""
    return reply(r.call_out(await readable(request)))


async def dial(request: web.Request) -> web.Response:
    """Ring the person's own phone, then the number."""
    body = await body_of(request, r.Dial)
    key = body.request_id or request.headers.get("Idempotency-Key", "")[:64] or secrets.token_hex(16)
    if not all(c.isascii() and (c.isalnum() or c in "_-") for c in key):
        raise Invalid("Idempotency-Key: letters, digits, _ and - only.")
    control = services_of(request).call_control
    made = await control.dial(person_of(request), body.to, client_id=body.client_id, request_id=key)
    return reply(r.Dialled(request_id=made), 202)


async def hang_up(request: web.Request) -> web.Response:
    """End one's own part of a call."""
    await services_of(request).call_control.hang_up(person_of(request), request.match_info["id"])
    return reply({"ok": True})


async def digits(request: web.Request) -> web.Response:
    """Tones to the other party."""
    body = await body_of(request, r.Digits)
    await services_of(request).call_control.digits(person_of(request), request.match_info["id"], body.digits)
    return reply({"ok": True})


async def note(request: web.Request) -> web.Response:
    """The person's note to the call."""
    body = await body_of(request, r.Note)
    await services_of(request).call_log.note(person_of(request), request.match_info["id"], body.text)
    return reply({"ok": True})


async def choose(request: web.Request) -> web.Response:
    """Who is calling, out of several."""
    body = await body_of(request, r.Chosen)
    log = services_of(request).call_log
    await log.choose_client(person_of(request), request.match_info["id"], body.client_id)
    return reply({"ok": True})


async def trace(request: web.Request) -> web.Response:
    """Why the card came, or not."""
    row = await readable(request)
    person, language = person_of(request), language_of(request)
    own = scope(person, "trace.read") == "own"
    async with services_of(request).db.read() as conn:
        steps = await traces.of_call(conn, row.id)
    return reply(
        [
            r.StepOut(s.at, s.step, say(language, texts.STEPS.get(s.step, s.step), **s.args), s.user_id, dict(s.args))
            for s in steps
            if not own or s.user_id in (None, person.id)
        ]
    )


_REFUSED = (404, 409, 422, 429, 503, 504)
OPERATIONS = (
    Operation(
        method="GET",
        path="/calls",
        handler=journal,
        who="calls.read",
        text="The journal, newest first",
        gives=r.CallPage,
        refusals=(422,),
        query=(
            Query(name="client_id", text="Calls with one client", schema={"type": "integer"}),
            Query(name="number", text="E.164"),
            Query(name="outcome", text="One of the closed list"),
            Query(name="mine", text="Only one's own"),
            Query(name="limit", text="Rows", schema={"type": "integer", "minimum": 1, "maximum": 200}),
            Query(name="cursor", text="next_cursor of the page before"),
        ),
    ),
    Operation(
        method="POST",
        path="/calls",
        handler=dial,
        who="dial",
        text="Call a number for the signed-in agent",
        body=r.Dial,
        gives=r.Dialled,
        status=202,
        refusals=_REFUSED,
    ),
    Operation(
        method="GET",
        path="/calls/{id}",
        handler=show,
        who="calls.read",
        text="One call",
        gives=r.CallOut,
        refusals=(404,),
    ),
    Operation(
        method="DELETE",
        path="/calls/{id}",
        handler=hang_up,
        who="dial",
        text="Hang up one's own part",
        refusals=_REFUSED,
    ),
    Operation(
        method="POST",
        path="/calls/{id}/digits",
        handler=digits,
        who="dial",
        text="Send tones",
        body=r.Digits,
        refusals=_REFUSED,
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/note",
        handler=note,
        who="notes.write",
        text="One's own note to the call",
        body=r.Note,
        refusals=_REFUSED,
    ),
    Operation(
        method="PUT",
        path="/calls/{id}/client",
        handler=choose,
        who="notes.write",
        text="Say who is calling; remembered for the number",
        body=r.Chosen,
        refusals=_REFUSED,
    ),
    Operation(
        method="GET",
        path="/trace/{id}",
        handler=trace,
        who="trace.read",
        text="Why the card came, or not",
        gives=list[r.StepOut],
        refusals=(404,),
    ),
)
