"""The phone check: microphone, speaker, bell and headset are chosen and tried here, with a call to an echo."""

from __future__ import annotations

from aiohttp import web

from cti.errors import Refused
from web.auth import person_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told


async def show(request: web.Request) -> web.Response:
    """The page; without a phone in the browser it says what to do."""
    services, person, why, echo = services_of(request), person_of(request), "", ""
    try:
        await services.phones.browser(person)
        line = services.phones.browser_line(person)
        echo = (await services.offers.of(line)).echo if line else ""
    except Refused as refused:
        why = told(request, refused)
    return page(request, "phone.html", title=N_("Phone check"), why=why, echo=echo)


ROUTES = (Route("GET", "/phone", show, "dial", "nothing"),)
