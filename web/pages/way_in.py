"""Doors that open once: a newcomer chooses his password, a telephone fetches its settings. Others learn nothing."""

from __future__ import annotations

from aiohttp import web

from cti.errors import Refused, StorageError
from web.auth import COOKIE, address_of, let_in
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told


async def show(request: web.Request) -> web.Response:
    """The form for the password; for a link that does not work (any more), what to do."""
    return await _page(request)


async def choose(request: web.Request) -> web.StreamResponse:
    """Set the password and let him in."""
    form, services = await request.post(), services_of(request)
    password, again = (str(form.get(name, ""))[:1025] for name in ("password", "again"))
    try:
        if password != again:
            raise Refused("not-the-same", "These are two different passwords.")
        login = await services.first_sign_in.choose(request.match_info["token"][:100], password)
        made = await services.accounts.sign_in(
            login, password, code="", before=request.cookies.get(COOKIE, "")[:200],
            ip=address_of(request), browser=request.headers.get("User-Agent", ""),
        )  # fmt: skip
    except Refused as error:
        if error.code == "code-needed":
            raise web.HTTPSeeOther("/sign-in") from None
        return await _page(request, status=409, error=told(request, error))
    raise let_in(request, web.HTTPSeeOther("/"), made)


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    whose = await services_of(request).first_sign_in.whose(request.match_info["token"][:100])
    values = {"whose": whose, "error": error, "person": None, "shell": False, "title": N_("First sign-in")}
    return page(request, "way_in.html", status=status if whose else 404, **values)


async def fetch(request: web.Request) -> web.Response:
    """A telephone's settings at the address that was made for it; for everything else there is nothing here."""
    token, asked = request.match_info["token"][:100], request.match_info["file"][:40]
    try:
        found = await services_of(request).phone_settings.fetch(token, asked)
    except StorageError:  # told here: the address is a secret, and the log would hold it
        raise web.HTTPServiceUnavailable(text="Try again in some seconds.") from None
    if found is None:
        raise web.HTTPNotFound(text="There is nothing here.")
    return web.Response(text=found.text, content_type=found.media_type, charset="utf-8")


ROUTES = (
    Route("GET", "/welcome/{token}", show, "public", "nothing"),
    Route("POST", "/welcome/{token}", choose, "public", "nothing"),
    Route("GET", "/phones/{token}/{file}", fetch, "public", "nothing"),
)
