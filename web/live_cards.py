"""What becomes of a card on the live wire: when its call was heard of, whether it was on a screen, when it was painted.

The first browser's word that a card is painted is the pop's latency, by our own clock; a card that an agent is shown
for the first time, on whichever of his screens, is in the access journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cti.desktop import ScreenPop
from cti.features.access_journal import AccessJournal
from cti.metrics import Metrics
from cti.storage import desktop_events, traces
from cti.storage.desktop_events import Connection
from cti.storage.spool import Spool
from cti.storage.traces import Step
from web.live_browser import Browser

MOST_KEPT = 10_000  # cards whose fate is remembered
LATEST_S = 60.0  # a longer pop latency is a tab that slept, not a figure


class Cards:
    """By agent and seq."""

    def __init__(
        self, *, spool: Spool, metrics: Metrics, access_journal: AccessJournal, clock: Callable[[], float]
    ) -> None:
        self._spool = spool
        self._metrics = metrics
        self._access_journal = access_journal
        self._clock = clock
        self._received: dict[tuple[int, int], tuple[float, str]] = {}
        self._seen: dict[tuple[int, int], None] = {}

    def sent(self, agent_id: int, pop: ScreenPop, received_at: float) -> None:
        """It is on its way to the agent. received_at: when the ring was heard of, 0: no figure is taken."""
        self._received.setdefault((agent_id, pop.seq), (received_at, pop.call.id))
        if len(self._received) > MOST_KEPT:
            self._received.pop(next(iter(self._received)))

    def were_seen(self, agent_id: int, seqs: Iterable[int]) -> None:
        """These were on the agent's screen before, as the database knows."""
        self._seen.update(dict.fromkeys((agent_id, seq) for seq in seqs))

    def shown_to(self, browser: Browser, pop: ScreenPop) -> None:
        """It goes to a screen: a line of the access journal, where it is the first one."""
        key = (browser.agent, pop.seq)
        if pop.matches and key not in self._seen:
            self._access_journal.popped(browser.person, pop, browser.visit.address)
        self._seen[key] = None
        if len(self._seen) > MOST_KEPT:
            self._seen.pop(next(iter(self._seen)))

    def painted(self, agent_id: int, seq: int) -> None:
        """A browser says that it is on the screen."""
        now = self._clock()
        received, call_id = self._received.pop((agent_id, seq), (0.0, ""))
        latency = now - received if received and 0 <= now - received < LATEST_S else None
        if latency is not None:
            self._metrics.pop_latency.observe(latency)
        ms = round(latency * 1000, 1) if latency is not None else None

        async def write(conn: Connection) -> None:
            if await desktop_events.shown(conn, agent_id, seq, now, ms) and call_id and ms is not None:
                step = Step(call_id=call_id, at=now, step="pop-shown", user_id=agent_id, args={"ms": f"{ms:.0f}"})
                await traces.add(conn, [step])

        self._spool.put(write)
