"""The web application: all routes behind their doors, and a server that waits for nobody for ever."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import structlog
from aiohttp import http_parser, web
from aiohttp.web_protocol import RequestHandler

from cti.settings import HttpSettings
from web import ops
from web.api import people
from web.auth import guarded
from web.pages import calls as call_pages
from web.pages import clients as client_pages
from web.pages import desk, profile, settings, settings_user, sign_in
from web.routes import Route
from web.security import add_headers, errors
from web.services import SERVICES, Services

STATIC = Path(__file__).parent / "static"
LARGEST_BODY = 1024 * 1024
HALF_OPEN_S = 20.0
LOOK_S = 2.0

ROUTES: tuple[Route, ...] = (
    *ops.ROUTES,
    *people.ROUTES,
    *sign_in.ROUTES,
    *profile.ROUTES,
    *settings.ROUTES,
    *settings_user.ROUTES,
    *desk.ROUTES,
    *client_pages.ROUTES,
    *call_pages.ROUTES,
)

log = structlog.get_logger()


def make_app(services: Services) -> web.Application:
    """The application, not yet listening."""
    app = web.Application(middlewares=[errors], client_max_size=LARGEST_BODY)
    app[SERVICES] = services
    app.on_response_prepare.append(add_headers)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, guarded(route))
    app.router.add_static("/static/", STATIC, append_version=False)
    if not http_parser.HttpRequestParser.__module__.endswith("_http_parser"):
        log.warning("aiohttp runs its slow parser; reinstall it with its wheels")
    return app


async def serve_app(app: web.Application, settings: HttpSettings) -> web.AppRunner:
    """Listen; returns the runner to clean up. Raises OSError when the port is taken."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=75, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
    return runner


async def watch_half_open(runner: web.AppRunner) -> None:
    """Cut connections that began a request and do not finish it within HALF_OPEN_S; aiohttp itself waits for ever."""
    first_seen: dict[RequestHandler, float] = {}
    while True:
        await asyncio.sleep(LOOK_S)
        now = time.monotonic()
        open_now = list(runner.server.connections) if runner.server else []
        waiting = [one for one in open_now if _waits(one)]
        first_seen = {one: first_seen.get(one, now) for one in waiting}
        for one, since in first_seen.items():
            if now - since > HALF_OPEN_S and one.transport is not None:
                one.transport.abort()


def _waits(connection: RequestHandler) -> bool:
    """No request is being worked on, or its body is still coming."""
    request = getattr(connection, "_current_request", None)
    if request is None:
        return not getattr(connection, "_keepalive", False) or bool(getattr(connection, "_message_tail", b""))
    return not request.content.is_eof() and request.can_read_body
