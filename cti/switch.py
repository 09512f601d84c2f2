"""One PBX's consumer: what the AMI link received -> the tracker -> the reactions, in order, one at a time.

After every connect the PBX's own account of itself (the snapshot) is merged first, then the events that queued up
meanwhile. The link's ups and downs travel in the same order as the events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

import structlog

from cti.channels.phone.ami import AmiLink, LinkDown, LinkUp, Overflowed, Received
from cti.dispatch import Dispatch
from cti.errors import ChannelError
from cti.telephony.events import CallRecord, LinkChanged, TelephonyEvent
from cti.telephony.tracker import Tracker

TICK_S = 10.0  # how often the tracker is asked to reap, between events

log = structlog.get_logger()


class Switch:
    """Feeds one tracker from one link. clock: UNIX seconds."""

    def __init__(
        self, *, link: AmiLink, tracker: Tracker, dispatch: Dispatch, clock: Callable[[], float] = time.time
    ) -> None:
        self._link = link
        self._tracker = tracker
        self._dispatch = dispatch
        self._clock = clock
        self._ticked = 0.0

    def record_of(self, call: str) -> CallRecord | None:
        """The tracker's account of an open call."""
        return self._tracker.record(call)

    def adopt(self, records: Iterable[CallRecord]) -> None:
        """Go on with the calls that were open when the server stopped, under their ids."""
        self._tracker.adopt(records)

    async def run(self) -> None:
        """Consume the link until cancelled."""
        while True:
            item = await self._link.events.get()
            if isinstance(item, Received):
                await self._received(item.headers, item.at)
            elif isinstance(item, LinkUp):
                await self._link_up()
            elif isinstance(item, LinkDown):
                await self._tell([LinkChanged(state=item.state, detail=item.reason)], self._clock())
            elif isinstance(item, Overflowed):
                log.warning("events lost, asking the PBX for its state", lost=item.dropped)
                await self._resync()

    async def _received(self, headers: Mapping[str, str | list[str]], at: float) -> None:
        await self._tell(self._tracker.feed(headers, at), at)
        if at - self._ticked > TICK_S:
            self._ticked = at
            await self._tell(self._tracker.tick(at), at)

    async def _link_up(self) -> None:
        await self._tell([LinkChanged(state="up")], self._clock())
        await self._resync()

    async def _resync(self) -> None:
        try:
            items = await self._link.snapshot()
        except ChannelError as error:
            log.warning("no snapshot of the PBX", reason=str(error))
            return
        now = self._clock()
        await self._tell(self._tracker.resync(items, now), now)

    async def _tell(self, events: Iterable[TelephonyEvent], received_at: float) -> None:
        for event in events:
            await self._dispatch(event, received_at)
