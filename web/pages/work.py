"""The work list: one queue of what is to be done, most urgent first, each with the reason."""

from __future__ import annotations

from aiohttp import web

from cti.access import scope
from cti.clients.work import OTHERS, WAITING
from web.api.work import Whose, list_of
from web.auth import person_of
from web.i18n import language_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_
from web.uncalled import uncalled
from web.work_texts import CLOSINGS, KINDS, clock, why


async def show(request: web.Request) -> web.Response:
    """What I am to do; of everybody, where one may see that."""
    sees_all = scope(person_of(request), "calls.read") == "all"
    whose: Whose = "all" if sees_all and request.query.get("whose") == "all" else "mine"
    found = await list_of(request, whose)
    language, services = language_of(request), services_of(request)
    moment = clock(services.zone, services.clock())
    rows = [(one, why(language, one, moment)) for one in found]
    return page(
        request,
        "work.html",
        title=N_("Work"),
        whose=whose,
        sees_all=sees_all,
        now=[row for row in rows if row[0].level < WAITING],
        later=[row for row in rows if row[0].level == WAITING],
        others=[row for row in rows if row[0].level == OTHERS],
        kinds=KINDS,
        closings=CLOSINGS,
        lists=await services.call_lists.of(person_of(request)),
        place_of=services.kept_places.place_of,
        plays=services.voicemails.played,
        uncalled=await uncalled(request, [one.work for one in found]),
    )


ROUTES = (Route("GET", "/work", show, "desk", "calls"),)
