"""Who may open a live wire, and for how long without saying who he is.

Rules kept here: websocket only (with polling the address of a session would be its key); a page of ours or a program,
never another site: a browser always says its Origin, so the cookie counts only with our own one; a connection that has
not signed in within CONNECT_S is cut, and an address may hold only STRANGERS of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from http.cookies import CookieError, SimpleCookie

from aiohttp import web

from cti.features.accounts import Accounts, Identity
from web.auth import COOKIE, address_of, own_origin
from web.live_outbox import Meter

CONNECT_S = 10.0
STRANGERS = 50


class Visit:
    """One websocket from its first byte. by_page: it comes from a page of ours, so its cookie counts."""

    def __init__(self, request: web.Request, address: str, strangers: Counter[str], connect_s: float) -> None:
        self.address = address
        self.by_page = "Origin" in request.headers
        self.meter = Meter()
        self.sid = ""  # of its Socket.IO connection, once signed in
        self._transport = request.transport
        self._strangers = strangers
        self._connect_s = connect_s
        self._deadline: asyncio.TimerHandle | None = None
        self.gone = False
        self.estrange()

    def estrange(self) -> None:
        """He is nobody (any more): a deadline runs."""
        if self._deadline is None and not self.gone:
            self._strangers[self.address] += 1
            self._deadline = asyncio.get_running_loop().call_later(self._connect_s, self.cut)

    def settle(self) -> None:
        """He said who he is, or left."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._strangers[self.address] -= 1
            if not self._strangers[self.address]:
                del self._strangers[self.address]

    def cut(self) -> None:
        """End the connection now: a polite close would wait behind what he does not read."""
        if self._transport is not None:
            self._transport.abort()


VISIT = web.RequestKey("live-visit", Visit)


class Door:
    """Lets websockets in."""

    def __init__(self, *, connect_s: float = CONNECT_S, strangers: int = STRANGERS) -> None:
        self._connect_s = connect_s
        self._most = strangers
        self._strangers: Counter[str] = Counter()

    def enter(self, request: web.Request) -> Visit:
        """The visit, its deadline running. Raises an HTTP error for other sites and for crowds."""
        origin = request.headers.get("Origin")
        if origin is not None and origin != own_origin(request):
            raise web.HTTPForbidden(text="This request comes from another site.")
        address = address_of(request)
        if self._strangers[address] >= self._most:
            raise web.HTTPTooManyRequests(text="Too many connections that have not signed in.")
        visit = Visit(request, address, self._strangers, self._connect_s)
        request[VISIT] = visit
        return visit

    def leave(self, visit: Visit) -> None:
        """The connection is over."""
        visit.gone = True
        visit.settle()


async def identified(
    accounts: Accounts, request: web.Request, auth: object, visit: Visit
) -> tuple[Identity | None, str | None]:
    """Who it is: a token's owner, or on our own pages the cookie's. Raises StorageError."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if isinstance(token, str) and token:
        return await accounts.identify(None, token[:200]), token[:200]
    cookies: SimpleCookie = SimpleCookie()
    with contextlib.suppress(CookieError):
        cookies.load(request.headers.get("Cookie", ""))
    morsel = cookies.get(COOKIE) if visit.by_page else None
    return (await accounts.identify(morsel.value[:200], None) if morsel else None), None
