"""Doors of the web layer: who asks, may he, and did he mean it.

Every route passes `guarded`: the session cookie or a bearer token says who asks, the route's right is checked, an
unsafe request of a browser must come from our own origin with the session's token (CSRF), and whom the answer shows
is in the access journal before the answer leaves. Addresses and schemes of a
proxy are believed only from the proxies the settings name.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import TypeVar

from aiohttp import web

from cti.access import Person, scope
from cti.clients.masking import mask
from cti.errors import Refused, StorageError
from cti.features.accounts import Identity, SignedIn
from web.limits import CALLS, LIMITS, NUMBERS, Limits
from web.routes import Handler, Route
from web.services import SIGHT, services_of
from web.shown import keep_line

Answer = TypeVar("Answer", bound=web.StreamResponse | web.HTTPSeeOther)

COOKIE = "trubka"
ASKED = ("q", "number", "filters", "to")
GUESSES = {f"/api/v1/{one}" for one in ("clients/likely", "clients/bulk", "segments/count", "exports")}
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
SAFE = {"GET", "HEAD", "OPTIONS"}
IDENTITY = web.RequestKey("identity", Identity)
OTHER_SITE = web.RequestKey("other-site", str)  # whose pages may read the answer
LOOPBACK = {"127.0.0.1", "::1"}
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def guarded(route: Route) -> Handler:
    """The route's handler behind its door."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if route.who == "local":
            _only_local(request)
            return await route.handler(request)
        if route.who == "key":
            await _check_pace(request, None, CALLS if route.path.startswith("/sms/") else LIMITS)
            return await route.handler(request)
        if request.method not in SAFE:
            check_origin(request)
        identity = await identify(request)
        await _check_pace(request, identity)
        if identity is not None:
            know(request, identity)
        elif route.who != "public":
            raise _to_the_door(request, route)
        if identity and route.right is not None and scope(identity.person, route.right) == "none":
            raise web.HTTPForbidden(text="Your role may not do this; ask an admin.")
        if request.method not in SAFE:
            await _read_form(request)
            if identity and identity.session is not None and route.who != "public":
                await _check_token(request, identity)
        response = await route.handler(request)
        if identity is not None:
            await keep_line(request, route, response, identity.person, address_of(request))
        return response

    return handler


async def identify(request: web.Request) -> Identity | None:
    """Who asks: a bearer token before the cookie."""
    accounts = services_of(request).accounts
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return await accounts.identify(None, header.removeprefix("Bearer ").strip()[:200])
    return await accounts.identify(request.cookies.get(COOKIE, "")[:200] or None, None)


async def recognise(request: web.Request) -> None:
    """An address without a route has no door: find out who asks, so that he is told so in his shell and language."""
    if IDENTITY not in request and request.method in SAFE:
        with contextlib.suppress(StorageError):
            identity = await identify(request)
            if identity is not None:
                know(request, identity)


def know(request: web.Request, identity: Identity) -> None:
    """From here on it is known who asks, and with whose eyes the database is read."""
    request[IDENTITY] = identity
    request[SIGHT] = services_of(request).sights.of(identity.person)


def person_of(request: web.Request) -> Person:
    """The signed-in person of a guarded route."""
    return request[IDENTITY].person


def check_origin(request: web.Request) -> None:
    """A browser's unsafe request comes from our own pages; programs send no Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if origin == "null" and site == "same-origin":  # a form of ours: Referrer-Policy no-referrer hides its origin
        return
    if site not in (None, "same-origin", "none") or (origin is not None and origin != own_origin(request)):
        raise web.HTTPForbidden(text="This request comes from another site.")


def own_origin(request: web.Request) -> str:
    """Scheme and host as the browser sees them: the settings' word, a trusted proxy's, else the request's own."""
    http = services_of(request).settings.http
    if http.public_url:
        return http.public_url.rstrip("/")
    if request.remote in http.trusted_proxies:
        scheme = "https" if request.headers.get("X-Forwarded-Proto") == "https" else request.scheme
        return f"{scheme}://{request.headers.get('X-Forwarded-Host', request.host)}"
    return f"{request.scheme}://{request.host}"


def is_https(request: web.Request) -> bool:
    """Whether the browser came by HTTPS."""
    return own_origin(request).startswith("https://")


def address_of(request: web.Request) -> str:
    """The browser's address: a trusted proxy's word, else the connection's."""
    remote = request.remote or ""
    if remote in services_of(request).settings.http.trusted_proxies:
        return request.headers.get("X-Forwarded-For", remote).split(",")[-1].strip()[:45]
    return remote


def let_in(request: web.Request, response: Answer, signed_in: SignedIn) -> Answer:
    """Give the browser its session with this response."""
    response.set_cookie(
        COOKIE, signed_in.token, httponly=True, samesite="Lax", secure=is_https(request), path="/", max_age=None
    )
    return response


async def _read_form(request: web.Request) -> None:
    """Read a form once, here, so that nonsense in it is the sender's fault and not a bug of the page's."""
    if request.content_type not in FORMS:
        return
    try:
        await request.post()
    except (ValueError, LookupError, RuntimeError) as error:  # odd bytes, charset, multipart: aiohttp's own words
        if isinstance(error, RuntimeError) and "encoding" not in str(error):
            raise
        raise web.HTTPBadRequest(text="This form cannot be read.") from None


async def _check_token(request: web.Request, identity: Identity) -> None:
    given = request.headers.get("X-CSRF-Token", "")
    if not given and request.content_type in FORMS:
        given = str((await request.post()).get("csrf", ""))
    if not secrets.compare_digest(given.encode(), identity.csrf.encode()):
        raise web.HTTPForbidden(text="The page is too old: reload it and try again.")


async def _check_pace(request: web.Request, identity: Identity | None, limits: web.AppKey[Limits] = LIMITS) -> None:
    key = (identity.session or f"token:{identity.person.id}") if identity else _stranger(request)
    if not await request.app[limits].take(key):
        raise web.HTTPTooManyRequests(text="Too many requests; wait some seconds.", headers={"Retry-After": "5"})
    if identity is None or not services_of(request).sights.of(identity.person).hides:
        return
    if _asks_for_a_number(request) and not await request.app[NUMBERS].take(f"user:{identity.person.id}"):
        raise web.HTTPTooManyRequests(text="Too many numbers; wait some minutes.", headers={"Retry-After": "60"})


def _stranger(request: web.Request) -> str:
    """Whose requests are counted together where nobody is signed in.

    The frame of a letter sends no cookie: its pictures count for the session that opened it, not for its whole address.
    """
    with contextlib.suppress(Refused):
        return f"frame:{services_of(request).letters.known(request.match_info.get('ticket', '')).session}"
    return f"at:{address_of(request)}"


def _asks_for_a_number(request: web.Request) -> bool:
    """Whether the answer tells whose a whole number is: a search by one, or a body that may hold one."""
    asked = [request.match_info.get("number", ""), *(request.query.get(name, "") for name in ASKED)]
    return request.path in GUESSES or any(mask(text) != text for text in asked)


def _to_the_door(request: web.Request, route: Route) -> web.HTTPException:
    if route.is_api or request.method not in SAFE:
        return web.HTTPUnauthorized(text="Sign in first.")
    if request.headers.get("HX-Request"):
        return web.HTTPUnauthorized(text="Sign in first.", headers={"HX-Redirect": "/sign-in"})
    return web.HTTPSeeOther("/sign-in")


def _only_local(request: web.Request) -> None:
    if request.remote not in LOOPBACK or any(name in request.headers for name in FORWARDED):
        raise web.HTTPForbidden(text="Only from this machine.")
