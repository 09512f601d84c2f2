"""One PBX's consumer: what the AMI link received -> the tracker -> the reactions, in order, one at a time.

After every connect the PBX's own account of itself (the snapshot) is merged first, then the events that queued up
meanwhile. The link's ups and downs travel in the same order as the events. Each PBX has a switch of its own: what is
slow at one of them keeps nobody at another waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from cti.channels.phone.ami import AmiLink, LinkDown, LinkUp, Overflowed, Received
from cti.dispatch import Dispatch
from cti.errors import ChannelError
from cti.telephony.events import LinkChanged, TelephonyEvent
from cti.telephony.tracker import Tracker

TICK_S = 2.0  # how often time is looked at: the tracker reaps, a snapshot falls due
AGAIN_S = 3.0  # after a snapshot that failed
RESYNC_S = 45.0  # how often the PBX's own account is compared with ours: a lost Hangup is found here

log = structlog.get_logger()


class Switch:
    """Feeds one tracker from one link. prefix: with what the PBX's ids begin. clock: UNIX seconds."""

    def __init__(
        self,
        *,
        link: AmiLink,
        tracker: Tracker,
        dispatch: Dispatch,
        prefix: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._tracker = tracker
        self._dispatch = dispatch
        self._prefix = prefix
        self._clock = clock
        self._ticked = 0.0
        self._resynced = 0.0
        self._gap = True  # events may have been missed since the last snapshot
        self.differences = 0  # between the tracker and the PBX, when last compared

    async def run(self) -> None:
        """Consume the link until cancelled."""
        while True:
            item = await self._next()
            if isinstance(item, Received):
                await self._tell(self._tracker.feed(self._link.far.corrected(item.headers), item.at), item.at)
            elif isinstance(item, LinkUp):
                await self._link_up()
            elif isinstance(item, LinkDown):
                self._tracker.link_down()
                down = LinkChanged(state=item.state, detail=item.reason, prefix=self._prefix)
                await self._tell([down], self._clock())
            elif isinstance(item, Overflowed):
                log.warning("events lost, asking the PBX for its state", lost=item.dropped)
                self._gap = True
                await self._resync()
            await self._on_time(self._clock())

    async def _next(self) -> object:
        """What the link has next; None when it is quiet, so that time passes all the same."""
        try:
            async with asyncio.timeout(TICK_S):
                return await self._link.events.get()
        except TimeoutError:
            return None

    async def _on_time(self, now: float) -> None:
        if now - self._ticked > TICK_S:
            self._ticked = now
            await self._tell(self._tracker.tick(now), now)
        if now - self._resynced > RESYNC_S and self._link.health().state == "up":
            await self._resync()

    async def _link_up(self) -> None:
        self._gap = True
        await self._tell([LinkChanged(state="up", prefix=self._prefix)], self._clock())
        await self._resync()

    async def _resync(self) -> None:
        self._resynced = self._clock()
        try:
            items = await self._link.snapshot()
        except ChannelError as error:
            log.warning("no snapshot of the PBX, asking again", reason=str(error))
            self._resynced = self._clock() - RESYNC_S + AGAIN_S
            return
        now = self._clock()
        gap, self._gap = self._gap, False
        self.differences = 0 if gap else self._tracker.compare(items).count
        await self._tell(self._tracker.resync(items, now, gap=gap), now)
        if self._tracker.suspects:
            self._resynced = now - RESYNC_S + AGAIN_S

    async def _tell(self, events: Iterable[TelephonyEvent], received_at: float) -> None:
        for event in events:
            await self._dispatch(event, received_at)
