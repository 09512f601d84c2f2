"""A live board for a screen without a person: one long answer over HTTP, what the link is, then
a line of JSON for each piece of news.

Rules kept here: the token comes in a header, so that it stands in no log of addresses; whether it still opens the
board, and with the same eyes, is asked anew every CHECK_S; a screen that does not read is let go, and comes
back by itself.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from cti.errors import StorageError
from cti.features.board_links import BoardLinks, Opened
from web.auth import address_of
from web.board_wire import screen_of
from web.live import LIVE
from web.live_board import Boards
from web.live_outbox import Outbox
from web.render import asset_version
from web.services import services_of
from web.wire import Reader

CHECK_S = 3.0
SEEN_S = 60.0
WRITE_S = 30.0
MOST_SCREENS = 10  # of one link at once
HEADERS = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
BEFORE = len('2["board",')  # as web/live_outbox.py writes an event


class Screens:
    """Streams that are open, by link."""

    def __init__(self) -> None:
        self.open: dict[int, set[asyncio.Task[Any]]] = {}

    @contextmanager
    def one(self, link_id: int) -> Iterator[None]:
        """This task tells a screen. Raises an HTTP error where a link has too many of them."""
        task, others = asyncio.current_task(), self.open.setdefault(link_id, set())
        if task is None or len(others) >= MOST_SCREENS:
            raise web.HTTPTooManyRequests(text="Too many screens show this link: make another one.")
        others.add(task)
        try:
            yield
        finally:
            others.discard(task)

    async def shut_down(self, _app: web.Application) -> None:
        """The server stops: screens come back by themselves."""
        for tasks in self.open.values():
            for task in tasks:
                task.cancel()


SCREENS = web.AppKey("board-screens", Screens)


async def stream(request: web.Request) -> web.StreamResponse:
    """What the link is, then the board, as long as it may be shown and the screen reads."""
    links, token = services_of(request).board_links, _token(request)
    opened = await links.open(token)
    boards = request.app[LIVE].boards
    if opened is None or boards is None:
        raise web.HTTPUnauthorized(text="This link opens no board any more.")
    with request.app[SCREENS].one(opened.id):
        return await _told(request, boards, links, token, opened)


async def _told(
    request: web.Request, boards: Boards, links: BoardLinks, token: str, opened: Opened
) -> web.StreamResponse:
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    look, sid, outbox = opened.look, f"screen-{secrets.token_hex(8)}", Outbox()
    head = {"name": opened.name, "tiles": look.tiles, "rotate_s": look.rotate_s, "version": asset_version()}
    await _write(response, json.dumps(head))
    services = services_of(request)
    viewer = screen_of(opened.maker, Reader(look.language, services.sights.of(opened.maker)), look)
    journal, address = services.access_journal, address_of(request)

    def keep(clients: list[int]) -> None:
        journal.watched(opened.maker, clients, address, f"board-link:{opened.id}")

    boards.add(sid, outbox, viewer, keep)
    try:
        still = _Still(lambda: links.open(token), lambda: links.seen(opened.id), opened)
        while await still.holds():
            await _write(response, (await outbox.get()).data[BEFORE:-1])
    except (TimeoutError, ConnectionError):  # it is off, or does not read
        if request.transport is not None:
            request.transport.abort()
    finally:
        boards.leave(sid)
    return response


class _Still:
    """Whether a link opens the same as at first. ask: what it opens now; seen: a screen shows it."""

    def __init__(
        self, ask: Callable[[], Awaitable[Opened | None]], seen: Callable[[], Awaitable[None]], opened: Opened
    ) -> None:
        self._ask, self._seen, self._opened = ask, seen, opened
        self._asked_at = time.monotonic()
        self._seen_at = float("-inf")

    async def holds(self) -> bool:
        """As far as is known; a database that is away takes no board off a wall."""
        now = time.monotonic()
        try:
            if now - self._seen_at >= SEEN_S:
                self._seen_at = now
                await self._seen()
            if now - self._asked_at >= CHECK_S:
                self._asked_at = now
                return await self._ask() == self._opened
        except StorageError:
            return True
        return True


async def _write(response: web.StreamResponse, line: str) -> None:
    async with asyncio.timeout(WRITE_S):
        await response.write(line.encode() + b"\n")


def _token(request: web.Request) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip()[:200] if header.startswith("Bearer ") else ""
