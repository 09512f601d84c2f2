"""Who tried to reach us in vain, as a list to work off."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.access import scope
from cti.storage.missed import State, missed
from web import texts
from web.api.missed import MISSED_S
from web.auth import person_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed_callers
from web.uncalled import uncalled

MOST_MISSED = 200


async def show(request: web.Request) -> web.Response:
    """Who waits to be called back: one line per client."""
    services, person, query = services_of(request), person_of(request), request.query
    state: State = "closed" if query.get("state") == "closed" else "open"
    reach = scope(person, "calls.read")
    async with services.db.read() as conn:
        found = await missed(
            conn,
            since=services.clock() - MISSED_S,
            state=state,
            user_id=person.id if reach == "own" else None,
            team_id=person.team_id if reach == "team" else None,
            limit=MOST_MISSED,
        )
    showed_callers(request, found, thing="missed")
    values: dict[str, Any] = {"found": found, "state": state, "uncalled": await uncalled(request, found)}
    values |= {"reach": reach, "now": services.clock()}
    return page(request, "missed.html", title=texts.N_("Missed"), **values)


ROUTES = (Route("GET", "/missed", show, "calls.read", "calls"),)
