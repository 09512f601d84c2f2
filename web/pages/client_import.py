"""The page of imports: its parts come and go by script, over /api/v1/imports."""

from __future__ import annotations

from aiohttp import web

from cti.features.import_runs import MOST_BYTES, SHOWN
from web.i18n import translate
from web.import_texts import KEYS, STATES
from web.render import page
from web.routes import Route
from web.services import sight_of
from web.texts import N_


async def show(request: web.Request) -> web.Response:
    """A file, its columns, what would come of it, how far it is, and the imports before it."""
    known = [key for key in KEYS if key != "phone" or not sight_of(request).hides]
    keys = {key: translate(request, KEYS[key]) for key in known}
    states = {state: translate(request, name) for state, name in STATES.items()}
    most = MOST_BYTES >> 20
    title = N_("Import of clients")
    return page(request, "client_import.html", title=title, keys=keys, states=states, most=most, shown=SHOWN)


ROUTES = (Route("GET", "/clients/import", show, "clients.import", "nothing"),)
