"""The journal: one row per logical call, opening into its legs, notes and why the card came."""

from __future__ import annotations

from aiohttp import web

from cti.access import scope
from cti.storage import calls, traces
from web.api.calls import readable
from web.auth import person_of
from web.i18n import language_of, say
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import OUTCOMES, STEPS

FILTERS = ("answered", "no-answer", "busy", "rejected", "cancelled", "abandoned", "failed", "unfinished")


async def show_list(request: web.Request) -> web.Response:
    """Calls, newest first: one's own, or all where the right allows."""
    person, query = person_of(request), request.query
    reach = scope(person, "calls.read")
    outcome = query.get("outcome", "")
    async with services_of(request).db.read() as conn:
        try:
            found = await calls.journal(
                conn,
                user_id=person.id if reach == "own" or query.get("mine") else None,
                team_id=person.team_id if reach == "team" else None,
                outcome=outcome if outcome in OUTCOMES else None,
                limit=50,
                cursor=query.get("cursor") or None,
            )
        except ValueError:
            raise web.HTTPBadRequest(text="There is no such page.") from None
    template = "parts/call_rows.html" if query.get("cursor") else "calls.html"
    values = {"found": found, "outcome": outcome, "filters": FILTERS, "mine": bool(query.get("mine"))}
    return page(request, template, title="Calls", reach=reach, **values)


async def show(request: web.Request) -> web.Response:
    """One call: legs, notes, why the card came."""
    row = await readable(request)
    person, language = person_of(request), language_of(request)
    own = scope(person, "trace.read") == "own"
    async with services_of(request).db.read() as conn:
        steps = await traces.of_call(conn, row.id)
    told = [
        (step.at, say(language, STEPS.get(step.step, step.step), **step.args))
        for step in steps
        if not own or step.user_id in (None, person.id)
    ]
    return page(request, "call.html", title="Call", call=row, steps=told)


ROUTES = (
    Route("GET", "/calls", show_list, "calls.read"),
    Route("GET", "/calls/{id}", show, "calls.read"),
)
