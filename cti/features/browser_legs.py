"""Legs at browser phones: which call each conversation is, and the end of those that nobody is left for.

A page knows its SIP Call-ID, the tracker knows its leg: the PBX is asked for the Call-ID of each, beside the stream of
events and never in its way. Where it does not say, the page goes by order: one call at a time needs no name.

A page that is closed says so; unless another one takes its call back, the client is not left with a silent line. A page
whose network is gone says nothing: its call goes on, and the PBX's own time limit for a line without voice ends it.
Only a client on hold, whose line has no such limit to speak of, is let go once the phone has been away for HELD_S.
Only legs whose phone was connected here are ended: another server on the same PBX has pages of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from cti.desktop import AgentDesktop, LegView
from cti.directory import DeviceFinder
from cti.errors import ChannelError
from cti.lines import Line
from cti.telephony.commands import ClearConnection, GetVariable
from cti.telephony.events import (
    CallMerged,
    CallRecord,
    ConnectionCleared,
    Delivered,
    Established,
    Held,
    Originated,
    Retrieved,
    SnapshotTaken,
)

ANSWER_S = 1.0
MOST_WAITING = 1000
TICK_S = 1.0
CLOSED_S = 8.0  # a page that is loaded anew, or another tab, is back within
HELD_S = 120.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Leg:
    """sip: its Call-ID, "" until the PBX has said it. held: its other party hears music. ours: its phone was here."""

    leg: str
    call: str
    device: str
    user_id: int
    sip: str = ""
    held: bool = False
    ours: bool = False


class BrowserLegs:
    """run: its work. record_of: the tracker's account of an open call."""

    def __init__(
        self,
        *,
        desktop: AgentDesktop,
        directory: DeviceFinder,
        line_of: Callable[[str], Line | None],
        record_of: Callable[[str], CallRecord | None],
        clock: Callable[[], float],
        tick_s: float = TICK_S,
    ) -> None:
        self._desktop = desktop
        self._directory = directory
        self._line_of = line_of
        self._record_of = record_of
        self._clock = clock
        self._tick_s = tick_s
        self._legs: dict[str, _Leg] = {}
        self._unnamed: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._untold: list[str] = []  # of those the PBX said nothing about in time: it is asked again
        self._phones: Counter[int] = Counter()  # connections of each person's phone
        self._away: dict[int, float] = {}  # whose phone went away, and when
        self._closed: dict[int, float] = {}  # who closed a page with a call in it, and when

    def legs_of(self, user_id: int) -> tuple[LegView, ...]:
        """Those of a person that are up."""
        return tuple(_view(leg) for leg in self._legs.values() if leg.user_id == user_id and leg.sip)

    # What the PBX tells ----------------------------------------------------------------------------------------------
    async def seen(self, event: Originated | Delivered, _received_at: float) -> None:
        """A leg starts or rings."""
        self._see(event.call, event.leg, event.device)

    async def established(self, event: Established, _received_at: float) -> None:
        """Both sides talk: one of them may be a leg that took another one's place."""
        self._see(event.call, event.leg, event.device)
        self._see(event.call, event.peer, event.peer_device)

    async def held(self, event: Held, _received_at: float) -> None:
        """The other party hears music."""
        if event.leg in self._legs:
            self._legs[event.leg] = replace(self._legs[event.leg], held=True)

    async def retrieved(self, event: Retrieved, _received_at: float) -> None:
        """The other party is back."""
        if event.leg in self._legs:
            self._legs[event.leg] = replace(self._legs[event.leg], held=False)

    async def cleared(self, event: ConnectionCleared, _received_at: float) -> None:
        """A leg is over."""
        self._legs.pop(event.leg, None)

    async def merged(self, event: CallMerged, _received_at: float) -> None:
        """Two calls turned out to be one."""
        for leg in [leg for leg in self._legs.values() if leg.call == event.call]:
            self._legs[leg.leg] = replace(leg, call=event.into)
            if leg.sip:
                await self._desktop.leg(leg.user_id, _view(self._legs[leg.leg]))

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Calls that went on while the server was away; those that did not are forgotten."""
        for call in event.open_calls:
            record = self._record_of(call)
            for one in record.legs if record else ():
                if one.ended is None:
                    self._see(call, one.leg, one.device)
        gone = [
            one for one in self._legs.values() if one.call.startswith(event.prefix) and one.call not in event.open_calls
        ]
        for leg in gone:
            del self._legs[leg.leg]

    # What the phones' connections tell -------------------------------------------------------------------------------
    def came(self, user_id: int) -> None:
        """The person's phone is connected."""
        self._phones[user_id] += 1
        for leg in [one for one in self._legs.values() if one.user_id == user_id]:
            self._legs[leg.leg] = replace(leg, ours=True)
        self._away.pop(user_id, None)
        self._closed.pop(user_id, None)

    def went(self, user_id: int) -> None:
        """A connection of his phone is over."""
        self._phones[user_id] -= 1
        if self._phones[user_id] <= 0:
            del self._phones[user_id]
            self._away[user_id] = now = self._clock()
            if now - self._closed.get(user_id, now) >= CLOSED_S:
                del self._closed[user_id]  # of a page that another one has followed since

    def page_closed(self, user_id: int) -> None:
        """He closed the page, or loads it anew, with a call in it."""
        self._closed[user_id] = self._clock()

    # Work ------------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Name one leg after the other, and end those that nobody is left for, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._name_all(), name="browser-legs-names")
            group.create_task(self._look_after(), name="browser-legs-watch")

    def _see(self, call: str, leg: str, device: str | None) -> None:
        row = self._directory.by_device(device)
        if row is not None and row.kind == "browser" and leg not in self._legs and not self._unnamed.full():
            here = self._phones[row.user_id] > 0
            self._legs[leg] = _Leg(leg=leg, call=call, device=row.name, user_id=row.user_id, ours=here)
            self._unnamed.put_nowait(leg)

    async def _name_all(self) -> None:
        while True:
            leg = self._legs.get(await self._unnamed.get())
            line = self._line_of(leg.device) if leg else None
            if leg is None or line is None:
                continue
            try:
                answer = await line.pbx.ask(GetVariable(name="CHANNEL(pjsip,call-id)", leg=leg.leg), timeout_s=ANSWER_S)
            except ChannelError:
                self._untold.append(leg.leg)
                continue
            sip = str(answer.headers.get("Value", "")) if answer.ok else ""
            if sip and leg.leg in self._legs:
                self._legs[leg.leg] = replace(self._legs[leg.leg], sip=sip)
                await self._desktop.leg(leg.user_id, _view(self._legs[leg.leg]))

    async def _look_after(self) -> None:
        """Ask again what the PBX did not say, and end those that nobody is left for."""
        while True:
            await asyncio.sleep(self._tick_s)
            while self._untold and not self._unnamed.full():
                self._unnamed.put_nowait(self._untold.pop(0))
            for leg in list(self._legs.values()):
                line = self._line_of(leg.device)
                if line is not None and self._is_orphan(leg):
                    log.info("a call is ended whose page is gone", device=leg.device)
                    with contextlib.suppress(ChannelError):
                        await line.pbx.ask(ClearConnection(leg=leg.leg), timeout_s=ANSWER_S)

    def _is_orphan(self, leg: _Leg) -> bool:
        if self._phones[leg.user_id]:
            return False
        now = self._clock()
        away_s = now - self._away.setdefault(leg.user_id, now)
        closed_s = now - self._closed.get(leg.user_id, now)
        return leg.ours and (closed_s >= CLOSED_S or (leg.held and away_s >= HELD_S))


def _view(leg: _Leg) -> LegView:
    return LegView(call=leg.call, sip=leg.sip)
