"""One's own account: language and look, password, second factor, where one is signed in, API tokens."""

from __future__ import annotations

from collections.abc import Awaitable

import segno
from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.storage import mailboxes
from cti.storage.mailboxes import Mailbox
from web.auth import IDENTITY, person_of
from web.browsers import browser_name
from web.i18n import translate
from web.pages.settings import at, number
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

SAID = {
    "saved": N_("Saved."),
    "pin": N_("Your PIN is set: a shared phone asks for it."),
    "no-pin": N_("Shared phones ask for no PIN of yours any more."),
    "password": N_("Your new password is set; other browsers are signed out."),
    "totp-on": N_("The second factor is on: the next sign-in asks for a code."),
    "totp-off": N_("The second factor is off."),
    "signed-out": N_("Signed out."),
    "revoked": N_("The token is revoked."),
}


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return await _page(request)


async def set_look(request: web.Request) -> web.StreamResponse:
    """Language and theme."""
    form = await request.post()
    language, theme = str(form.get("language", "")), str(form.get("theme", ""))
    work = services_of(request).accounts.set_look(person_of(request), language=language, theme=theme)
    return await _do(request, work, "saved")


async def set_password(request: web.Request) -> web.StreamResponse:
    """A new password, against the old one."""
    form = await request.post()
    old, new = str(form.get("old", ""))[:1025], str(form.get("new", ""))[:1025]
    return await _do(
        request, services_of(request).accounts.change_own_password(request[IDENTITY], old, new), "password"
    )


async def begin_totp(request: web.Request) -> web.StreamResponse:
    """Show a fresh secret to scan; nothing is kept yet."""
    secret, _address = services_of(request).accounts.new_totp(person_of(request))
    return await _page(request, secret=secret)


async def confirm_totp(request: web.Request) -> web.StreamResponse:
    """Keep the secret once its first code fits; the same secret again when it does not."""
    form = await request.post()
    secret, code = str(form.get("secret", ""))[:32], str(form.get("code", ""))[:12]
    try:
        await services_of(request).accounts.confirm_totp(person_of(request), secret, code)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error), secret=secret)
    raise web.HTTPSeeOther("/profile?said=totp-on")


async def drop_totp(request: web.Request) -> web.StreamResponse:
    """Switch the second factor off, against the password."""
    password = str((await request.post()).get("present", ""))[:1025]
    return await _do(request, services_of(request).accounts.drop_own_totp(request[IDENTITY], password), "totp-off")


async def set_pin(request: web.Request) -> web.StreamResponse:
    """What is typed at a shared desk phone to sit down there; empty: nothing is asked."""
    pin = str((await request.post()).get("pin", "")).strip()[:20]
    work = services_of(request).hot_desks.set_pin(person_of(request), pin)
    return await _do(request, work, "pin" if pin else "no-pin")


async def end_session(request: web.Request) -> web.StreamResponse:
    """Sign one of the person's browsers out."""
    session = str((await request.post()).get("session", ""))[:64]
    return await _do(request, services_of(request).accounts.sign_out(person_of(request), session), "signed-out")


async def end_others(request: web.Request) -> web.StreamResponse:
    """Sign all other browsers out."""
    return await _do(request, services_of(request).accounts.sign_out_others(request[IDENTITY]), "signed-out")


async def add_token(request: web.Request) -> web.StreamResponse:
    """A new API token, shown on this one page and never again."""
    person, note = person_of(request), str((await request.post()).get("note", ""))[:120]
    try:
        token = await services_of(request).people.make_token(person, person.id, note)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    return await _page(request, token=token)


async def drop_token(request: web.Request) -> web.StreamResponse:
    """Revoke one of the person's tokens."""
    person = person_of(request)
    work = services_of(request).people.drop_token(person, person.id, number(request, "token"))
    return await _do(request, work, "revoked")


async def _do(request: web.Request, work: Awaitable[None], done: str) -> web.StreamResponse:
    try:
        await work
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/profile?said={done}")


async def _page(
    request: web.Request, *, status: int = 200, error: str = "", secret: str = "", token: str = ""
) -> web.Response:
    services, person = services_of(request), person_of(request)
    has_password, has_totp = await services.accounts.ways_in(person.id)
    values = {
        "own": request[IDENTITY].session,
        "sessions": await services.accounts.sessions_of(person.id),
        "tokens": await services.people.tokens_of(person.id),
        "has_password": has_password,
        "has_desks": bool(await services.hot_desks.every()),
        "has_pin": await services.hot_desks.has_pin(person),
        "totp": has_totp,
        "square": _square(services.accounts.totp_address(person, secret)) if secret else "",
        "boxes": await _boxes(request),
        "said": translate(request, SAID.get(request.query.get("said", ""), "")) if not error else "",
        "browser_name": browser_name,
    }
    told = {"error": error, "secret": secret, "token": token}
    return at(request, page(request, "profile.html", status=status, title="My profile", **values, **told), "/profile")


async def _boxes(request: web.Request) -> list[Mailbox]:
    person = person_of(request)
    if scope(person, "mail") == "none":
        return []
    async with services_of(request).db.read() as conn:
        return await mailboxes.of_person(conn, person.id)


def _square(address: str) -> str:
    """The QR code of an address as a picture's address; dark on light in every theme, as cameras want it."""
    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="white"))


ROUTES = (
    Route("GET", "/profile", show, "signed-in", "nothing"),
    Route("POST", "/profile/look", set_look, "signed-in", "nothing"),
    Route("POST", "/profile/password", set_password, "signed-in", "nothing"),
    Route("POST", "/profile/totp/new", begin_totp, "signed-in", "nothing"),
    Route("POST", "/profile/totp", confirm_totp, "signed-in", "nothing"),
    Route("POST", "/profile/totp/off", drop_totp, "signed-in", "nothing"),
    Route("POST", "/profile/pin", set_pin, "desk", "nothing"),
    Route("POST", "/profile/sessions/end", end_session, "signed-in", "nothing"),
    Route("POST", "/profile/sessions/end-others", end_others, "signed-in", "nothing"),
    Route("POST", "/profile/tokens", add_token, "signed-in", "nothing"),
    Route("POST", "/profile/tokens/{token}/revoke", drop_token, "signed-in", "nothing"),
)
