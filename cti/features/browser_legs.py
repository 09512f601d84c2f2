"""Which call each conversation of a browser phone is: the page knows its SIP Call-ID, the tracker knows its leg.

The PBX is asked for the Call-ID of each leg at a browser phone, beside the stream of events and never in its way. Where
it does not say, the page goes by order: one call at a time needs no name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from cti.desktop import AgentDesktop, LegView
from cti.directory import DeviceFinder
from cti.errors import ChannelError
from cti.lines import Line
from cti.telephony.commands import GetVariable
from cti.telephony.events import (
    CallMerged,
    CallRecord,
    ConnectionCleared,
    Delivered,
    Established,
    Originated,
    SnapshotTaken,
)

ANSWER_S = 1.0
MOST_WAITING = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Leg:
    leg: str
    call: str
    device: str
    user_id: int


class BrowserLegs:
    """run: its work. record_of: the tracker's account of an open call."""

    def __init__(
        self,
        *,
        desktop: AgentDesktop,
        directory: DeviceFinder,
        line_of: Callable[[str], Line | None],
        record_of: Callable[[str], CallRecord | None],
    ) -> None:
        self._desktop = desktop
        self._directory = directory
        self._line_of = line_of
        self._record_of = record_of
        self._legs: dict[str, tuple[int, LegView]] = {}
        self._asked: set[str] = set()
        self._waiting: asyncio.Queue[_Leg] = asyncio.Queue(MOST_WAITING)

    def legs_of(self, user_id: int) -> tuple[LegView, ...]:
        """Those of a person that are up."""
        return tuple(view for owner, view in self._legs.values() if owner == user_id)

    async def seen(self, event: Originated | Delivered, _received_at: float) -> None:
        """A leg starts or rings."""
        self._see(event.call, event.leg, event.device)

    async def established(self, event: Established, _received_at: float) -> None:
        """Both sides talk: one of them may be a leg that took another one's place."""
        self._see(event.call, event.leg, event.device)
        self._see(event.call, event.peer, event.peer_device)

    async def cleared(self, event: ConnectionCleared, _received_at: float) -> None:
        """A leg is over."""
        self._legs.pop(event.leg, None)
        self._asked.discard(event.leg)

    async def merged(self, event: CallMerged, _received_at: float) -> None:
        """Two calls turned out to be one."""
        for leg, (user_id, view) in list(self._legs.items()):
            if view.call == event.call:
                self._legs[leg] = user_id, replace(view, call=event.into)
                await self._desktop.leg(user_id, self._legs[leg][1])

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Calls that went on while the server was away; those that did not are forgotten."""
        for call in event.open_calls:
            record = self._record_of(call)
            for one in record.legs if record else ():
                if one.ended is None:
                    self._see(call, one.leg, one.device)
        for leg, (_owner, view) in list(self._legs.items()):
            if view.call.startswith(event.prefix) and view.call not in event.open_calls:
                del self._legs[leg]
                self._asked.discard(leg)

    async def run(self) -> None:
        """Ask for one leg after the other until cancelled."""
        while True:
            await self._ask(await self._waiting.get())

    def _see(self, call: str, leg: str, device: str | None) -> None:
        row = self._directory.by_device(device)
        if row is None or row.kind != "browser" or leg in self._asked or self._waiting.full():
            return
        self._asked.add(leg)
        self._waiting.put_nowait(_Leg(leg=leg, call=call, device=row.name, user_id=row.user_id))

    async def _ask(self, one: _Leg) -> None:
        line = self._line_of(one.device)
        if line is None:
            return
        try:
            answer = await line.pbx.ask(GetVariable(name="CHANNEL(pjsip,call-id)", leg=one.leg), timeout_s=ANSWER_S)
        except ChannelError:
            self._asked.discard(one.leg)
            return
        sip = str(answer.headers.get("Value", "")) if answer.ok else ""
        if sip and one.leg in self._asked:
            self._legs[one.leg] = one.user_id, LegView(call=one.call, sip=sip)
            await self._desktop.leg(one.user_id, self._legs[one.leg][1])
