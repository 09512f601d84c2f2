"""How campaigns stand, in numbers: counted anew as often as counting is cheap, however many people look."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cti.messages.campaigns import OVER, Campaign
from cti.storage import call_list_results, campaign_people
from cti.storage.call_list_results import Answered
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

FRESH_S = 1.0
REST = 9  # times as long as it took, what was counted is good enough
KEPT = 500
SPANS = (60, 300, 900, 3600, 6 * 3600, 86400)
SPANS_MOST = 24
Course = list[tuple[float, str, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """counts: people by state; whys: of those passed over or failed; marks: who answered, called back and so on.

    variants: the same for A and B; spent: hundredths of the currency. results, answers: of the calls of a call list.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    whys: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    variants: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    spent: int = 0
    results: Sequence[tuple[str, int]] = ()
    answers: Sequence[Answered] = ()
    waits: bool = False  # for tomorrow's budget

    @property
    def over(self) -> int:
        """How many have had their turn."""
        return sum(self.counts.get(one, 0) for one in OVER)


class CampaignNumbers:
    """Of all campaigns."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock
        self._kept: dict[tuple[str, int], tuple[float, Any]] = {}  # until when it is good

    async def of(self, one: Campaign) -> Numbers:
        """How one stands."""
        if one.state in ("draft", "building"):
            return Numbers()
        return await self._fresh(("numbers", one.id), lambda conn: self._counted(conn, one))  # type: ignore[no-any-return]

    async def course(self, one: Campaign) -> Course:
        """What became of its people when."""
        if one.started_at is None:
            return []
        took = (one.ended_at or self._clock()) - one.started_at
        span = next((span for span in SPANS if took / span <= SPANS_MOST), SPANS[-1])
        return await self._fresh(  # type: ignore[no-any-return]
            ("course", one.id), lambda conn: campaign_people.course(conn, one.id, span)
        )

    async def _fresh(self, key: tuple[str, int], count: Callable[[Connection], Awaitable[Any]]) -> Any:
        began = time.monotonic()
        until, found = self._kept.get(key, (0.0, None))
        if began < until:
            return found
        async with self._db.read(slow=True) as conn:
            found = await count(conn)
        ended = time.monotonic()
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (ended + max(FRESH_S, REST * (ended - began)), found)
        return found

    async def _counted(self, conn: Connection, one: Campaign) -> Numbers:
        calls = not one.writes
        return Numbers(
            counts=await campaign_people.counts(conn, one.id),
            whys=await campaign_people.reasons(conn, one.id, ("skipped", "failed", "bounced", "canceled")),
            marks=await campaign_people.marks(conn, one.id),
            variants=await campaign_people.by_variant(conn, one.id) if one.given.share else {},
            spent=await campaign_people.spent(conn, one.id),
            results=await call_list_results.results(conn, one.id) if calls else (),
            answers=await call_list_results.answers(conn, one.id) if calls else (),
            waits=await campaign_people.held(conn, one.id),
        )
