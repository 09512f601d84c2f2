"""What the PBX's one consumer reads: events and the link's ups and downs, in the order of the wire, in bounded memory.

Rule kept: order never changes and no loss is silent. When the stream is full, events are counted and not kept until
the consumer has read all that stands; then it gets `Overflowed`, and with it the duty to ask the PBX for its state. So
nothing that came after a loss is ever read before the loss is told.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LIMIT = 10_000
TURN = 100  # events read at a stretch; then the rest of the server has its turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """An event. at: UNIX s at which its last bytes were read."""

    headers: Mapping[str, str | list[str]]
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkUp:
    """Signed in, and the PBX is ready as far as it tells: ask for the snapshot now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkDown:
    """The link ended or was refused. reason: a sentence."""

    reason: str
    state: Literal["down", "refused"] = "down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Overflowed:
    """So many events were lost here: the state must be asked for again."""

    dropped: int


Marker = LinkUp | LinkDown
Item = Received | Marker | Overflowed


class EventStream:
    """A queue for one reader. dropped: events lost since the start."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._lost = 0
        self._read = 0
        self._filled = asyncio.Event()
        self.dropped = 0

    def qsize(self) -> int:
        """How many items stand, lost events aside."""
        return len(self._items)

    def put(self, event: Received) -> None:
        """Append an event, or count it where there is no room."""
        if self._lost or len(self._items) >= self._limit:
            self._lost += 1
            self.dropped += 1
        else:
            self._items.append(event)
        self._filled.set()

    def mark(self, marker: Marker) -> None:
        """Append a marker; there is always room for it."""
        if self._lost:
            self._items.append(self._overflowed())
        self._items.append(marker)
        self._filled.set()

    async def get(self) -> Item:
        """The next item; waits for one. Cancelling loses nothing."""
        self._read += 1
        if self._read % TURN == 0:
            await asyncio.sleep(0)
        while not self._items and not self._lost:
            self._filled.clear()
            await self._filled.wait()
        return self._items.popleft() if self._items else self._overflowed()

    def _overflowed(self) -> Overflowed:
        lost, self._lost = self._lost, 0
        return Overflowed(dropped=lost)
