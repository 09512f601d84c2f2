"""How much one session, token or stranger's address may ask: a flood is refused before it costs anything.

Far above what a person with several tabs does; a program that reaches it is told to slow down (429). To whom numbers
are hidden may still search by a whole one: so many times that he finds whom he knows, too few to guess five digits.
"""

from __future__ import annotations

from aiohttp import web
from aiolimiter import AsyncLimiter

PER_S, BURST = 30.0, 300.0
NUMBERS_PER_S, NUMBERS_BURST = 0.1, 60.0
CALLS_PER_S, CALLS_BURST = 500.0, 5000.0  # of an SMS gateway that tells of a mailing
MOST_REMEMBERED = 5000


class Limits:
    """One bucket per key: BURST requests at once, PER_S in the long run."""

    def __init__(self, *, per_s: float = PER_S, burst: float = BURST) -> None:
        self._per_s, self._burst = per_s, burst
        self._buckets: dict[str, AsyncLimiter] = {}

    async def take(self, key: str) -> bool:
        """Count a request; False when there were too many."""
        bucket = self._buckets.pop(key, None) or AsyncLimiter(self._burst, self._burst / self._per_s)
        self._buckets[key] = bucket  # the one used last stands last
        if len(self._buckets) > MOST_REMEMBERED:
            del self._buckets[next(iter(self._buckets))]
        if not bucket.has_capacity():
            return False
        await bucket.acquire()  # does not wait: there was room, and nothing ran in between
        return True


LIMITS = web.AppKey("limits", Limits)
CALLS = web.AppKey("call-limits", Limits)
NUMBERS = web.AppKey("number-limits", Limits)
