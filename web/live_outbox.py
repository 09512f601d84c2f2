"""What is told to browsers as text, and what waits for one of them, with an end to patience.

A frozen tab keeps its TCP connection and reads nothing; engineio's own queue would then grow for as long as the kernel
believes in the connection. Here a queue that holds more than PACKETS or SIZE_CHARS takes no more, and its owner cuts
the connection: the browser comes back by itself and gets what it missed by `resume`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import socketio
from engineio import packet

from web.wire import Json, Reader

PACKETS = 500
MAX_MESSAGE = 64 * 1024
SIZE_CHARS = 1024 * 1024  # JSON here is ASCII: characters are bytes
LOW_CHARS = SIZE_CHARS // 4
EVENTS_PER_S = 20
FLOOD_S = 5.0
Body = Callable[[Reader, int], Json]  # to whom, seq -> what is told


def encoded(name: str, body: Json) -> str:
    """An event as Socket.IO writes it: type 2, no namespace. Its own encoder looks for bytes in every corner of it."""
    return f"2{json.dumps([name, body], separators=(',', ':'))}"


class Texts:
    """One event as text: told once per kind of reader, written once per seq, however many browsers hear it."""

    def __init__(self, name: str, body: Body) -> None:
        self.name, self._body = name, body
        self._bodies: dict[Reader, Json] = {}
        self._made: dict[tuple[Reader, int], str] = {}

    def __call__(self, reader: Reader, seq: int) -> str:
        """For one browser."""
        body = self._bodies.get(reader)
        if body is None:
            body = self._bodies[reader] = self._body(reader, 0)
        key = (reader, seq if "seq" in body else 0)
        if key not in self._made:
            self._made[key] = encoded(self.name, {**body, "seq": seq} if key[1] else body)
        return self._made[key]


class Outbox(asyncio.Queue[Any]):
    """engineio's queue of one socket, counted. Its own pings and answers pass uncounted by `put`: they are few."""

    def __init__(self) -> None:
        super().__init__()
        self.size_chars = 0
        self._low = asyncio.Event()
        self._low.set()

    def offer(self, text: str) -> bool:
        """Queue a message; False when too much waits already."""
        if self.qsize() >= PACKETS or (self.size_chars + len(text) > SIZE_CHARS and not self.empty()):
            return False
        self.put_nowait(packet.Packet(packet.MESSAGE, text))
        return True

    async def low(self, within_s: float) -> bool:
        """Wait until the browser has read most of it; False when it does not in time."""
        try:
            async with asyncio.timeout(within_s):
                await self._low.wait()
        except TimeoutError:
            return False
        return True

    def drop(self) -> None:
        """Forget all that waits."""
        while not self.empty():
            self.get_nowait()

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._count(_size(item))

    def _get(self) -> Any:
        item = super()._get()
        self._count(-_size(item))
        return item

    def _count(self, chars: int) -> None:
        self.size_chars += chars
        if self.size_chars < LOW_CHARS and self.qsize() < PACKETS // 4:
            self._low.set()
        else:
            self._low.clear()


def _size(item: Any) -> int:
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str | bytes) else 0


class Meter:
    """How fast a browser talks to us: EVENTS_PER_S are heard, the rest is dropped, FLOOD_S of that is enough."""

    def __init__(self) -> None:
        self._second = 0
        self._events = 0
        self._flood_since: float | None = None

    def takes(self) -> bool:
        """Whether this event is heard."""
        now = time.monotonic()
        if int(now) != self._second:
            if self._events <= EVENTS_PER_S:
                self._flood_since = None
            self._second, self._events = int(now), 0
        self._events += 1
        if self._events > EVENTS_PER_S and self._flood_since is None:
            self._flood_since = now
        return self._events <= EVENTS_PER_S

    @property
    def flooded(self) -> bool:
        """Whether it has gone on too long."""
        return self._flood_since is not None and time.monotonic() - self._flood_since > FLOOD_S


def socket_io(ping_s: float, pong_s: float) -> Any:
    """The library, as narrow as it goes: our own door checks the origin, our own queue has an end.

    async_handlers=False: a connection's events are worked on one after the other, by the task that reads it.
    """
    io = socketio.AsyncServer(
        async_mode="aiohttp",
        async_handlers=False,
        transports=["websocket"],
        cors_allowed_origins=[],
        max_http_buffer_size=MAX_MESSAGE,
        ping_interval=ping_s,
        ping_timeout=pong_s,
        logger=False,
        engineio_logger=False,
    )
    io.eio.create_queue = Outbox
    return io
