"""What addresses in letters and SMS open for whoever holds them: the end of a subscription, a call-back, a link.

Programs that scan letters open every address in them, so looking changes nothing but a count: a button does. A mail
service may press it for its reader without seeing the page (RFC 8058). No session is asked for, and none is looked at.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from aiohttp import web

from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_

GONE = N_("This address is not in use any more.")
LATER_H = {"1": 1, "3": 3}


async def show_unsubscribe(request: web.Request) -> web.Response:
    """What the button does."""
    if services_of(request).consents.known(request.match_info["token"]) is None:
        return _gone(request)
    return page(request, "unsubscribe.html", title=N_("Unsubscribe"), done=False)


async def unsubscribe(request: web.Request) -> web.Response:
    """No more such letters to the address."""
    consents = services_of(request).consents
    grant = consents.known(request.match_info["token"])
    if grant is None:
        return _gone(request)
    one_click = (await request.post()).get("List-Unsubscribe") == "One-Click"
    await consents.unsubscribe(grant, source="letter" if one_click else "page")
    return page(request, "unsubscribe.html", title=N_("Unsubscribe"), done=True)


async def show_call_back(request: web.Request) -> web.Response:
    """When shall we call?"""
    if _call_of(request) is None:
        return _gone(request)
    return page(request, "call_back.html", title=N_("We will call you back"), done="")


async def call_back(request: web.Request) -> web.Response:
    """Order it, once."""
    call_id, when = _call_of(request), str((await request.post()).get("when", ""))[:8]
    if call_id is None:
        return _gone(request)
    ordered = await services_of(request).callbacks.after_missed(call_id, _wish(request, when))
    return page(request, "call_back.html", title=N_("We will call you back"), done="ordered" if ordered else "talked")


async def follow(request: web.Request) -> web.StreamResponse:
    """To where a campaign's link leads; that he followed it is noted."""
    where = await services_of(request).campaigns.followed(request.match_info["token"])
    if not where:
        return _gone(request)
    raise web.HTTPFound(where)


def _call_of(request: web.Request) -> str | None:
    services = services_of(request)
    grant = services.consents.doors.known("c", request.match_info["token"], services.clock())
    return grant.what if grant else None


def _gone(request: web.Request) -> web.Response:
    """For whoever holds an address that opens nothing: nothing of the panel's."""
    return page(request, "gone.html", status=404, title=GONE)


def _wish(request: web.Request, when: str) -> float | None:
    """None: as soon as possible; tomorrow is by the clock of the house."""
    services = services_of(request)
    now = services.clock()
    if when == "tomorrow":
        day = datetime.fromtimestamp(now, services.zone).date() + timedelta(days=1)
        return datetime.combine(day, time(10), services.zone).timestamp()
    return now + LATER_H[when] * 3600.0 if when in LATER_H else None


ROUTES = (
    Route("GET", "/u/{token}", show_unsubscribe, "public", "nothing"),
    Route("POST", "/u/{token}", unsubscribe, "public", "nothing"),
    Route("GET", "/c/{token}", show_call_back, "public", "nothing"),
    Route("POST", "/c/{token}", call_back, "public", "nothing"),
    Route("GET", "/l/{token}", follow, "public", "nothing"),
)
