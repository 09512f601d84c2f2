"""What every response carries, and what every error looks like: a sentence, never a traceback."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from cti.errors import ChannelError, NotAllowed, Refused, StorageError
from web.auth import OTHER_SITE, is_https, recognise
from web.i18n import language_of, say
from web.import_texts import sentence
from web.render import error_page
from web.services import services_of
from web.texts import BUG, N_, REFUSALS, told

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Server": "Trubka",
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
LIMIT_OF_A_BODY = "Maximum request body size"  # of aiohttp
UNSAID = {
    400: N_("What was sent cannot be read."),
    404: N_("There is nothing at this address."),
    405: N_("This address does not do what was asked of it."),
    413: N_("This is too large."),
}
KEPT = {"HX-Redirect", "Retry-After", "Allow"}  # of an HTTP error's headers
STATUS = {
    "too-often": 429,
    "wait": 429,
    "wrong": 401,
    "code-needed": 401,
    "wrong-code": 401,
    "crowd": 503,
    "directory-away": 503,
    "unknown": 404,
    "no-client": 404,
    "no-pbx-named": 404,
    "no-trace": 404,
    "no-recording": 404,
    "no-score": 404,
    "no-calibration": 404,
    "many-heard": 429,
    "no-version": 404,
    "bad-plan": 422,
    "no-calendar": 422,
    "no-contact": 404,
    "no-contract": 404,
    "no-file": 404,
    "no-alert": 404,
    "no-letter": 404,
    "letter-gone": 404,
    "mail-away": 503,
    "no-note": 404,
    "no-task": 404,
    "no-telephone": 400,
    "bad-wish": 400,
    "no-call": 404,
    "no-work": 404,
    "no-conversation": 404,
    "no-voicemail": 404,
    "voicemail-gone": 404,
    "voicemail-away": 503,
    "bad-sort": 422,
    "bad-filter": 422,
    "bad-cursor": 422,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Every response's headers; pages and data are never kept by a cache, bundled files are."""
    response.headers["Server"] = HEADERS["Server"]  # aiohttp has put its own versions there
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if OTHER_SITE in request:
        response.headers["Access-Control-Allow-Origin"] = request[OTHER_SITE]
        response.headers["Vary"] = "Origin"
    if is_https(request):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what was raised into an answer a person, or a program, can act on."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        if error.status == 404:
            await recognise(request)
        response = answer(request, error.status, str(error.status), _in_words(error))
        for name in KEPT & error.headers.keys():
            response.headers[name] = error.headers[name]
    except NotAllowed:
        response = answer(request, 403, "not-allowed", REFUSALS["not-allowed"])
    except Refused as error:
        response = answer(request, STATUS.get(error.code, 409), error.code, told(request, error))
    except ChannelError as error:
        response = answer(request, 504 if error.unknown else 503, "pbx", REFUSALS["pbx"])
    except StorageError as error:
        log.warning("database cannot do it now", path=_route(request), reason=str(error))
        response = answer(request, 503, "storage", REFUSALS["storage"])
    except web.RequestPayloadError:
        response = answer(request, 400, "400", N_("What was sent cannot be read."))
    except ConnectionError:  # the browser went away in the middle: nobody is left to tell
        if request.transport is not None and not request.transport.is_closing():
            raise
        response = web.Response(status=400)
    except Exception:  # a bug of ours: told to the log, never to the screen
        mark = secrets.token_hex(4)
        log.error("request failed", method=request.method, path=_route(request), mark=mark, exc_info=True)
        response = answer(request, 500, "bug", say(language_of(request), BUG, mark=mark))
    services_of(request).metrics.requests.labels(_route(request), str(response.status)).inc()
    return response


def _in_words(error: web.HTTPException) -> str:
    """What we said of it, or say in place of the library's own words."""
    words = error.text or error.reason
    if words in (error.reason, f"{error.status}: {error.reason}") or words.startswith(LIMIT_OF_A_BODY):
        return UNSAID.get(error.status, words)
    return words


def _route(request: web.Request) -> str:
    """The address without what stands in it: that may be a secret, or somebody's number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


def answer(request: web.Request, status: int, code: str, detail: str) -> web.Response:
    """problem+json for the API and for a page's own scripts, a page for people."""
    detail = sentence(language_of(request), detail)
    if request.path.startswith("/api/") or request.headers.get("Accept") == "application/json":
        body = {"type": f"/problems/{code}", "title": code, "status": status, "detail": detail, "where": request.path}
        return web.Response(
            text=json.dumps(body, ensure_ascii=False), status=status, content_type="application/problem+json"
        )
    return error_page(request, status, detail)
