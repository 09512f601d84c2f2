"""The HTTP server under the application: it waits for nobody for ever, and its own answers carry our headers too.

aiohttp 3.14 closes a connection whose next request is not complete in its headers by the keep-alive time, so that time
is short here; for a body it has no limit: `watch_half_open` is that limit. It takes as many connections as there are
file descriptors: `_Server` leaves some for the PBX, the database and the mailboxes that are followed.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import time
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from cti.settings import HttpSettings
from web.security import HEADERS

HALF_OPEN_S = 20.0
KEEP_ALIVE_S = 25.0
LOOK_S = 2.0
BACKLOG = 1024  # connections that wait in the kernel
AT_ONCE = 8  # connections that asyncio takes in before we can count them
OWN = 48  # file descriptors of the PBX, the database and the mail that are not open yet when the panel starts
OF_MAILBOX = 3  # of one that is followed: its connection, and what wakes it
KEPT_FREE = OWN + 4 * AT_ONCE  # browsers never get them; a refused connection is open for three turns of the loop
SAY_EVERY_S = 60.0

log = structlog.get_logger()


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


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def room(free: int, mailboxes: int) -> int:
    """Connections of browsers at once. free: file descriptors when the panel starts; browsers keep a quarter of them
    whatever mailboxes there are."""
    left = free - KEPT_FREE
    return max(1, left // 4, left - OF_MAILBOX * mailboxes)


class _Server(web.Server):
    free = 0  # file descriptors when it started
    mailboxes: Callable[[], int]  # how many are followed
    said_at = float("-inf")

    def __call__(self) -> asyncio.Protocol:  # type: ignore[override]
        most = room(self.free, self.mailboxes())
        if len(self.connections) < most:
            return _Connection(self, loop=self._loop, **self._kwargs)
        if time.monotonic() - self.said_at > SAY_EVERY_S:
            self.said_at = time.monotonic()
            log.error("browsers are refused: too few file descriptors", connections=most)
        return _Refused()


class _Runner(web.AppRunner):
    __slots__ = ("mailboxes",)
    mailboxes: Callable[[], int]

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        made.__class__ = _Server  # aiohttp 3.14 has no argument that names a class of connections
        assert isinstance(made, _Server)
        made.free, made.mailboxes = _free_descriptors(), self.mailboxes
        return made


def _free_descriptors() -> int:
    """How many files the system lets us open yet; the soft limit is first raised to the hard one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - len(os.listdir("/proc/self/fd"))


async def serve_app(
    app: web.Application,
    settings: HttpSettings,
    *,
    mailboxes: Callable[[], int] = lambda: 0,
    keep_alive_s: float = KEEP_ALIVE_S,
) -> web.AppRunner:
    """Listen; returns the runner to clean up. mailboxes: how many are followed. Raises OSError: the port is taken."""
    runner = _Runner(app, access_log=None, keepalive_timeout=keep_alive_s, handle_signals=False, shutdown_timeout=2.0)
    runner.mailboxes = mailboxes
    await runner.setup()
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    await web.SockSite(runner, listening, backlog=AT_ONCE).start()
    listening.listen(BACKLOG)  # asyncio's backlog is both; ours are two
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
