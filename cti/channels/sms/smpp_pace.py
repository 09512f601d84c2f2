"""What waits to go over an SMPP line, in its order, and how fast a bind may go where an SMSC throttles it (F-42)."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from dataclasses import dataclass, field

from cti.channels.base import backoff
from cti.channels.texts import Answer, OutText

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 30.0
SLOWEST = 1.0  # submits in a second
WATCHED_S = 3.0
SHORT_S = 2.0  # a pause after which what was taken before still tells
FASTER = 1.5  # in a second, up to what was taken the last time
CAREFUL = 0.0025  # more in a second, beyond; twice as much each second that goes well
AT_ONCE_S = 0.02  # what a late wake-up may catch up


@dataclass(slots=True)
class Whole:
    """A text whose parts are to go. ref: of all of them; out: how many have gone and were not refused for now.

    It may leave until then: later it has to be asked anew, for its addressee may have withdrawn his consent.
    """

    text: OutText
    ref: int
    patient_until: float
    fresh_until: float
    out: int = 0

    @property
    def stale(self) -> bool:
        """Whether nothing of it has gone, and nothing may any more. What has begun is not left half sent."""
        return not self.out and _now() > self.fresh_until


@dataclass(order=True, slots=True)
class Submit:
    """A part that is to go. order: of all that go over the line."""

    order: int
    whole: Whole = field(compare=False)
    part: int = field(compare=False)
    answer: asyncio.Future[Answer] = field(compare=False)


class Waiting:
    """Submits that have not gone. One that was throttled comes back to its place."""

    def __init__(self) -> None:
        self._heap: list[Submit] = []
        self._some = asyncio.Event()

    def put(self, submit: Submit) -> None:
        heapq.heappush(self._heap, submit)
        self._some.set()

    async def some(self) -> None:
        """Until there is one that somebody still waits for."""
        while not self._first():
            self._some.clear()
            await self._some.wait()

    def take(self) -> Submit | None:
        """The next one, if any."""
        return heapq.heappop(self._heap) if self._first() else None

    def give_up(self, error: Exception) -> None:
        """Nobody takes them any more."""
        for submit in self._heap:
            if not submit.answer.done():
                submit.answer.set_exception(error)
        self._heap.clear()

    def _first(self) -> bool:
        while self._heap and self._heap[0].answer.done():
            heapq.heappop(self._heap)
        return bool(self._heap)


class Pace:
    """Of one bind. As fast as it is asked; once it was throttled, as fast as was taken then.

    It finds out by itself when more is taken again. Times are the loop's.
    """

    def __init__(self) -> None:
        self._limit: float | None = None
        self._careful = CAREFUL
        self._tried_since: float | None = None  # without a long pause
        self._known = 0.0  # what was taken in a second when it was throttled
        self._free_at = self._paused_until = self._faster_at = 0.0
        self._taken: deque[float] = deque()
        self._pauses = backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)

    @property
    def pause_s(self) -> float:
        """How long nothing goes."""
        return max(0.0, self._paused_until - _now())

    async def turn(self) -> None:
        """Until the next may go."""
        while (wait := max(self._paused_until, self._free_at) - _now()) > 0:  # noqa: ASYNC110 - a time that moves
            await asyncio.sleep(wait)

    def goes(self) -> None:
        """One goes now."""
        now = _now()
        if self._limit is None:
            return
        if now >= self._faster_at:
            far = self._limit < self._known
            self._limit = min(self._limit * FASTER, self._known) if far else self._limit * (1 + self._careful)
            self._careful = CAREFUL if far else min(self._careful * 2, FASTER - 1)
            self._faster_at = now + 1.0
        self._free_at = max(self._free_at, now - AT_ONCE_S) + 1 / self._limit

    def taken(self) -> None:
        """One was taken."""
        now = _now()
        self._taken.append(now)
        self._forget(now)
        self._pauses = backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)

    def throttled(self) -> None:
        """One was not taken, for there were too many."""
        now = _now()
        if now < self._paused_until:
            return  # it went before the pause
        self._forget(now)
        if self._tried_since is None:
            self._tried_since = now
        elif now - self._tried_since >= 1.0:  # what was taken since is what it takes
            taken = len(self._taken) / min(now - self._tried_since, WATCHED_S)
            self._known = max(taken, self._known * 0.7)
            self._limit = max(taken, (self._limit or 0.0) / 2, SLOWEST)
            self._faster_at, self._careful = now + 1.0, CAREFUL
        pause = next(self._pauses)
        if pause > SHORT_S:
            self._tried_since = now + pause
        self._paused_until = now + pause

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] < now - WATCHED_S:
            self._taken.popleft()


def _now() -> float:
    return asyncio.get_running_loop().time()
