"""Where `tel:` links of other pages arrive: who it is and a button. Nothing is dialled by an address alone."""

from __future__ import annotations

from urllib.parse import unquote

from aiohttp import web

from cti.clients.matching import match
from cti.storage import clients, lookup, restrictions
from cti.telephony.numbering import read, show
from web.auth import person_of
from web.pages.client_form import LONGEST_PHONE
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_

SCHEMES = ("tel:", "callto:", "sip:", "web+tel:")


async def confirm(request: web.Request) -> web.Response:
    """The number, whose it is, and what may be done."""
    services, person = services_of(request), person_of(request)
    sight = sight_of(request)
    typed = services.sights.opened(_number(request.query.get("to", "")[:LONGEST_PHONE]))
    number = read(typed, services.plan)
    async with services.db.read() as conn:
        candidates = await lookup.look_up(conn, number, services.plan, now=services.clock()) if number.e164 else []
        chosen = await clients.choices(conn, number.e164 or "") if len(candidates) > 1 else []
        whose = candidates[0].client.id if len(candidates) == 1 else None
        stopped = await restrictions.restriction(conn, number, services.plan, client_id=whose)
    _, matches = match(number, candidates, chosen, person.id)
    dial = sight.number(number.e164) if number.e164 else number.internal
    whom = [one.client.id for one in matches] + ([stopped.client_id] if stopped else [])
    showed(request, whom, asked=["number"])
    return page(
        request,
        "dial.html",
        title=N_("Call a number"),
        typed=sight.words(typed),
        dial=(f"{dial} доб. {number.extension}" if number.extension else dial) if dial else "",
        shown=show(dial) if number.e164 else sight.words(typed),
        matches=matches,
        stopped=sight.see(stopped),
    )


def _number(text: str) -> str:
    """The number of a link, whatever scheme its page uses; parameters (`;ext=1`, `?subject`) are left out but ext."""
    for scheme in SCHEMES:
        if text.lower().startswith(scheme):
            text = text[len(scheme) :].lstrip("/")
    whole, _, parameters = unquote(text).partition(";")
    extension = next((part[4:] for part in parameters.split(";") if part.lower().startswith("ext=")), "")
    number = whole.partition("?")[0].partition("@")[0].strip()
    return f"{number} доб. {extension[:16]}" if extension else number


ROUTES = (Route("GET", "/dial", confirm, "dial", "clients"),)
