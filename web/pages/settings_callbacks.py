"""Settings of call-backs that are ordered on the company's site: keys of sites, given out and revoked by an admin."""

from __future__ import annotations

from aiohttp import web

from cti.clients.callbacks import KeyDraft
from cti.errors import Refused
from cti.storage import callbacks, users
from web.api.base import place
from web.auth import own_origin, person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/callbacks"


async def show(request: web.Request) -> web.Response:
    """All keys."""
    return await _page(request)


async def issue(request: web.Request) -> web.StreamResponse:
    """A new key, shown on this one page and never again."""
    form = await request.post()

    def text(name: str, length: int = 80) -> str:
        return str(form.get(name, "")).strip()[:length]

    numbers = {name: text(name, 6) for name in ("per_minute", "per_number")}
    try:
        if not all(one.isascii() and one.isdigit() for one in numbers.values()):
            raise Refused("bad-limit", "Limits are from 1 to 1000.")
        draft = KeyDraft(
            name=text("name"),
            queue=text("queue"),
            team_id=int(team) if (team := text("team", 9)).isascii() and team.isdigit() else None,
            origins=tuple(text("origins", 4000).split()),
            per_minute=int(numbers["per_minute"]),
            per_number=int(numbers["per_number"]),
        )
        token = await services_of(request).callbacks.issue(person_of(request), draft)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    return await _page(request, token=token)


async def revoke(request: web.Request) -> web.StreamResponse:
    """The key opens nothing any more."""
    try:
        await services_of(request).callbacks.revoke(person_of(request), place(request))
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=key-revoked")


async def _page(request: web.Request, *, status: int = 200, error: str = "", token: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        keys, teams = await callbacks.every_key(conn), await users.team_names(conn)
        queues = {*await users.queue_names(conn), *services.agent_states.queues()}
    shown = page(
        request,
        "settings/callbacks.html",
        status=status,
        title=N_("Call-backs from the site"),
        keys=keys,
        teams=teams,
        queues=sorted(queues),
        address=f"{own_origin(request)}/api/v1/callbacks",
        token=token,
        error=error,
        said=said(request) if not error else "",
    )
    return at(request, shown, HERE)


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "nothing"),
    Route("POST", HERE, issue, "settings.manage", "nothing"),
    Route("POST", HERE + "/{id}/revoke", revoke, "settings.manage", "nothing"),
)
