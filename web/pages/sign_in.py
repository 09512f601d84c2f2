"""Signing in and out, and the first admin."""

from __future__ import annotations

from aiohttp import web

from cti.errors import Refused
from cti.storage import users
from web.auth import COOKIE, IDENTITY, address_of, let_in
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import told

STATUS = {"wait": 429, "crowd": 503, "directory-away": 503}


async def show(request: web.Request) -> web.StreamResponse:
    """The form; the desk for who is signed in, the set-up for an empty base."""
    if IDENTITY in request:
        raise web.HTTPSeeOther("/")
    async with services_of(request).db.read() as conn:
        if not await users.count(conn):
            raise web.HTTPSeeOther("/setup")
    return page(request, "sign_in.html", login="", error="", code=False)


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Check and let in with a new session; the form again, with the reason, when it is refused."""
    form = await request.post()
    login, password, code = (str(form.get(name, ""))[:1025] for name in ("login", "password", "code"))
    where = {"ip": address_of(request), "browser": request.headers.get("User-Agent", "")}
    before = request.cookies.get(COOKIE, "")[:200]
    try:
        made = await services_of(request).accounts.sign_in(login, password, code=code, before=before, **where)
    except Refused as error:
        again = {
            "login": login[:64],
            "code": error.code in ("code-needed", "wrong-code"),
            "error": told(request, error),
        }
        return page(request, "sign_in.html", status=STATUS.get(error.code, 401), **_stranger(request), **again)
    raise let_in(request, web.HTTPSeeOther("/"), made)


async def sign_out(request: web.Request) -> web.StreamResponse:
    """End this session."""
    identity = request[IDENTITY]
    if identity.session:
        await services_of(request).accounts.sign_out(identity.person, identity.session)
        await services_of(request).agent_duty.signed_out(identity.person)
        await services_of(request).hot_desks.signed_out(identity.person)
    response = web.HTTPSeeOther("/sign-in")
    response.del_cookie(COOKIE, path="/")
    raise response


async def show_setup(request: web.Request) -> web.StreamResponse:
    """The form for the first admin; nothing for anybody after him."""
    await _only_empty(request)
    return page(request, "setup.html", error="", login="", name="")


async def set_up(request: web.Request) -> web.StreamResponse:
    """Make the first admin with the code from the console."""
    await _only_empty(request)
    form = await request.post()
    code, login, name, password = (str(form.get(key, ""))[:1025] for key in ("code", "login", "name", "password"))
    browser, ip = request.headers.get("User-Agent", ""), address_of(request)
    try:
        made = await services_of(request).accounts.first_admin(code, login, name, password, ip=ip, browser=browser)
    except Refused as error:
        status = STATUS.get(error.code, 401)
        return page(request, "setup.html", status=status, error=told(request, error), login=login, name=name)
    raise let_in(request, web.HTTPSeeOther("/"), made)


async def _only_empty(request: web.Request) -> None:
    async with services_of(request).db.read() as conn:
        if await users.count(conn):
            raise web.HTTPNotFound(text="There is no such page.")


def _stranger(request: web.Request) -> dict[str, object]:
    """The form is for nobody yet, even where an old session still counts."""
    return {"person": None, "shell": False} if IDENTITY in request else {}


ROUTES = (
    Route("GET", "/sign-in", show, "public", "nothing"),
    Route("POST", "/sign-in", sign_in, "public", "nothing"),
    Route("POST", "/sign-out", sign_out, "signed-in", "nothing"),
    Route("GET", "/setup", show_setup, "public", "nothing"),
    Route("POST", "/setup", set_up, "public", "nothing"),
)
