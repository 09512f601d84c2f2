"""The HTTP server under the application: it waits for nobody for ever, and its own answers carry our headers too.

aiohttp 3.14 closes a connection whose next request is not complete in its headers by the keep-alive time, so that time
is short here; for a body it has no limit: `watch_half_open` is that limit.
"""

from __future__ import annotations

import asyncio
import time

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from cti.settings import HttpSettings
from web.security import HEADERS

HALF_OPEN_S = 20.0
KEEP_ALIVE_S = 25.0
LOOK_S = 2.0
BACKLOG = 1024


class _Connection(RequestHandler):
    """What aiohttp answers by itself, to bytes that are no request, never passes the application's own hooks."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        response = super().handle_error(request, status, exc, "This is not an HTTP request.")
        response.headers.update(HEADERS)
        return response


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    __slots__ = ()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        made.__class__ = _Server  # aiohttp 3.14 has no argument that names a class of connections
        return made


async def serve_app(
    app: web.Application, settings: HttpSettings, *, keep_alive_s: float = KEEP_ALIVE_S
) -> web.AppRunner:
    """Listen; returns the runner to clean up. Raises OSError when the port is taken."""
    runner = _Runner(app, access_log=None, keepalive_timeout=keep_alive_s, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG).start()
    return runner


async def watch_half_open(runner: web.AppRunner, *, after_s: float = HALF_OPEN_S, look_s: float = LOOK_S) -> None:
    """Cut connections whose request's body has not come within after_s."""
    first_seen: dict[tuple[RequestHandler, int], float] = {}
    while True:
        await asyncio.sleep(look_s)
        now = time.monotonic()
        waiting = [key for one in (runner.server.connections if runner.server else []) if (key := _unfinished(one))]
        first_seen = {key: first_seen.get(key, now) for key in waiting}
        for (one, _request), since in first_seen.items():
            if now - since > after_s and one.transport is not None:
                one.transport.abort()


def _unfinished(connection: RequestHandler) -> tuple[RequestHandler, int] | None:
    """The connection and its present request, while not all of the body is here."""
    request = getattr(connection, "_current_request", None)
    if request is None or not request.can_read_body or request.content.is_eof():
        return None
    return connection, id(request)
