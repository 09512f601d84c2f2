"""A client's call goes from one agent to another: who asks whom about it, who was given it, and with what words.

Two ways of asking look alike here. A phone's own second call is a call of its own until both become one; a transfer
that the PBX carries out rings the colleague within the client's call. Either way whoever is rung by an agent that talks
with a client (or holds him) is asked about that client. Where the PBX does not say that the client is on hold, he has
waited since the colleague was called. Who is in which call is asked of the tracker, never of what was shown: the card
waits for no desk and for no disk, so a hand-over is known at once and its notes are read after it (`remembered`).

What is known here is kept for the length of the calls; the card is the business of screen_pop, the desks' that of
live_calls: both ask `of`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from cti.desktop import HandOver, NoteBrief
from cti.directory import DeviceFinder
from cti.storage import calls
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.telephony.events import (
    CallCleared,
    CallMerged,
    CallRecord,
    ConnectionCleared,
    Delivered,
    Held,
    Party,
    Retrieved,
    SnapshotTaken,
    Transferred,
)
from cti.telephony.numbering import NumberPlan, read

UNANSWERED = frozenset(("no-answer", "busy", "rejected", "cancelled", "unreachable", "failed"))
NOTES = 10  # of a call, that are shown to who is asked


class HandOvers:
    """record_of: the tracker's account of an open call; calls_at: of those that these devices are in, oldest first.

    told: a desk's call is to be told anew.
    """

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        record_of: Callable[[str], CallRecord | None],
        calls_at: Callable[[Collection[str]], Sequence[CallRecord]],
        plan_of: Callable[[str], NumberPlan],
    ) -> None:
        self._db = db
        self._directory = directory
        self._record_of = record_of
        self._calls_at = calls_at
        self._plan_of = plan_of
        self._asked: dict[str, dict[int, HandOver]] = {}  # call in which he is asked -> who
        self._held: dict[tuple[str, int], float] = {}  # call, who holds its client -> since when
        self.told: Callable[[str, int], Awaitable[None]] | None = None

    def of(self, call: str, user_id: int) -> HandOver | None:
        """What the person is asked about, or was given, in a call of his."""
        return self._asked.get(call, {}).get(user_id)

    def asking(self, call: str, user_id: int) -> str:
        """Whom the PBX asks for this person within the client's call, "" for nobody."""
        for other, one in self._asked.get(call, {}).items():
            if (one.by_id, one.kind, one.call) == (user_id, "asks", call):
                return self._directory.devices_of(other)[0].user_name
        return ""

    def dropped(self, call: str, user_id: int) -> bool:
        """Whether the client whom this person passed on was taken by nobody."""
        return {one.kind for one in self._asked.get(call, {}).values() if one.by_id == user_id} == {"back"}

    def taker(self, call: str, user_id: int) -> str:
        """Who was given the client by this person and talks with him, "" as long as nobody."""
        for other, one in self._asked.get(call, {}).items():
            if one.by_id == user_id and one.kind == "given" and self._talks_with_client(call, other):
                return self._directory.devices_of(other)[0].user_name
        return ""

    async def delivered(self, event: Delivered, received_at: float) -> None:
        """A device rings: is its owner asked about a client, or is one passed on to him?"""
        agent = self._directory.by_device(event.device)
        if agent is None or event.placed_by is not None:
            return
        now = event.at or received_at
        by = self._directory.by_device(event.calling.device)
        if by is not None:
            about = self._client_call_of(by.user_id, event.call)
            if about is not None and by.user_id != agent.user_id:
                self._ask(event.call, about, agent, by, now)
        elif event.calling.device is None:
            await self._passed_on(event, agent, now)

    async def held(self, event: Held, received_at: float) -> None:
        """The other party of a leg hears music."""
        row = self._directory.by_device(event.device)
        if row is not None:
            self._held[event.call, row.user_id] = event.at or received_at
            await self._waits(event.call, row.user_id)

    async def retrieved(self, event: Retrieved, _received_at: float) -> None:
        """The other party is back."""
        row = self._directory.by_device(event.device)
        if row is not None and self._held.pop((event.call, row.user_id), None) is not None:
            await self._waits(event.call, row.user_id)

    async def transferred(self, event: Transferred, received_at: float) -> None:
        """The client is passed on to whoever was asked, or to whoever talks with him now."""
        by = self._directory.by_device(event.by_device)
        record = self._record_of(event.call)
        if by is None or record is None or record.client is None:
            return
        for device in event.to_devices:
            agent = self._directory.by_device(device)
            if agent is not None and agent.user_id != by.user_id:
                await self._give(event.call, agent, by, event.at or received_at)

    async def call_merged(self, event: CallMerged, _received_at: float) -> None:
        """A consultation is part of the client's call from now on."""
        kept = self._asked.setdefault(event.into, {})
        kept.update(self._asked.pop(event.call, {}))
        for call, user_id in [key for key in self._held if key[0] == event.call]:
            self._held.setdefault((event.into, user_id), self._held.pop((call, user_id)))

    async def connection_cleared(self, event: ConnectionCleared, _received_at: float) -> None:
        """A leg is over: of who asked, and the client is with the other; or of who was asked, and he is not."""
        row = self._directory.by_device(event.device)
        if row is None or self._is_in(event.call, row.user_id):
            return
        own = self.of(event.call, row.user_id)
        if own is not None and (own.kind == "asks" or event.result in UNANSWERED):
            self._asked[event.call][row.user_id] = replace(own, kind="back", waits_since=None)
        for user_id, one in list(self._asked.get(event.call, {}).items()):
            if one.by_id == row.user_id and one.kind == "asks" and self._talks_with_client(event.call, user_id):
                await self._becomes(event.call, user_id, replace(one, kind="given", waits_since=None))

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """Whoever was only asked has no part in the client's call any more."""
        for user_id, one in self._asked.get(event.call, {}).items():
            if one.kind == "asks":
                self._asked[event.call][user_id] = replace(one, kind="back", waits_since=None)

    async def forget(self, event: CallCleared, _received_at: float) -> None:
        """Once everybody has been told that the call is over, nothing of it stays."""
        self._asked.pop(event.call, None)
        for key in [key for key in self._held if key[0] == event.call]:
            del self._held[key]

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Forget calls that ended while nobody looked."""

        def goes_on(call: str) -> bool:
            return call in event.open_calls or not call.startswith(event.prefix)

        self._asked = {call: who for call, who in self._asked.items() if goes_on(call)}
        self._held = {key: since for key, since in self._held.items() if goes_on(key[0])}

    async def remembered(self, event: Delivered | Transferred, _received_at: float) -> None:
        """Once the card is on its way: what was written before about the client."""
        await self.noted(event.call)

    async def noted(self, call: str) -> None:
        """Somebody wrote about a call: who was asked about it, or given it, reads the new words."""
        for at, who in list(self._asked.items()):
            for user_id, one in list(who.items()):
                if call in (one.call, at):
                    notes = await self._notes(one.call, user_id)
                    now = self.of(at, user_id)  # while they were read it may have become another thing, or be over
                    if now is not None and now.call == one.call and now.notes != notes:
                        await self._becomes(at, user_id, replace(now, notes=notes))

    def _ask(self, call: str, about: CallRecord, agent: DeviceRow, by: DeviceRow, now: float) -> None:
        known = self.of(call, agent.user_id)
        if known is not None and known.kind == "asks" and known.by_id == by.user_id:
            return  # another phone of his, or the same ring once more
        since = self._held.get((about.call, by.user_id), now)
        self._set(call, about, agent.user_id, by, "asks", now, since)

    async def _passed_on(self, event: Delivered, agent: DeviceRow, now: float) -> None:
        """A client rings: after a transfer he comes from whoever sent him on."""
        record = self._record_of(event.call)
        last = record.transfers[-1] if record and record.transfers else None
        if record is None or last is None:
            return
        by = next((self._directory.by_device(leg.device) for leg in record.legs if leg.leg == last.by), None)
        if by is not None and by.user_id != agent.user_id:
            await self._give(event.call, agent, by, now)

    async def _give(self, call: str, agent: DeviceRow, by: DeviceRow, now: float) -> None:
        known, record = self.of(call, agent.user_id), self._record_of(call)
        if known is not None and known.by_id == by.user_id and known.kind != "back":
            if known.kind == "asks":
                await self._becomes(call, agent.user_id, replace(known, kind="given", call=call, waits_since=None))
        elif record is not None:
            self._set(call, record, agent.user_id, by, "given", now, None)

    def _set(
        self, call: str, about: CallRecord, user_id: int, by: DeviceRow, kind: str, now: float, since: float | None
    ) -> None:
        client = about.client or Party()
        number = read(client.number, self._plan_of(about.call))
        self._asked.setdefault(call, {})[user_id] = HandOver(
            kind="asks" if kind == "asks" else "given",
            call=about.call,
            by=by.user_name,
            by_id=by.user_id,
            number=None if number.kind == "hidden" else number.e164 or number.internal or (client.number or "")[:40],
            name=(client.name or "")[:160],
            queue=about.queue,
            began=now,
            waits_since=since,
        )

    async def _notes(self, call: str, user_id: int) -> tuple[NoteBrief, ...]:
        async with self._db.read() as conn:
            written = await calls.notes(conn, call)
        return tuple(NoteBrief(by=one.user_name, text=one.text) for one in written if one.user_id != user_id)[-NOTES:]

    async def _waits(self, call: str, by_id: int) -> None:
        for at, who in list(self._asked.items()):
            for user_id, one in list(who.items()):
                since = self._held.get((call, by_id))
                if one.call == call and one.by_id == by_id and one.kind == "asks" and one.waits_since != since:
                    await self._becomes(at, user_id, replace(one, waits_since=since))

    async def _becomes(self, call: str, user_id: int, one: HandOver) -> None:
        self._asked[call][user_id] = one
        if self.told is not None:
            await self.told(call, user_id)

    def _client_call_of(self, user_id: int, call: str) -> CallRecord | None:
        """The call in which the person has a client on the line: this very one, else his latest other one."""
        devices = {row.name for row in self._directory.devices_of(user_id)}
        found = [one for one in self._calls_at(devices) if has_client(one, devices)]
        return next((one for one in found if one.call == call), found[-1] if found else None)

    def _is_in(self, call: str, user_id: int) -> bool:
        record = self._record_of(call)
        devices = {row.name for row in self._directory.devices_of(user_id)}
        return record is not None and any(leg.device in devices and leg.ended is None for leg in record.legs)

    def _talks_with_client(self, call: str, user_id: int) -> bool:
        record = self._record_of(call)
        return record is not None and has_client(record, {row.name for row in self._directory.devices_of(user_id)})


def has_client(record: CallRecord, devices: Collection[str]) -> bool:
    """Whether one of these devices has talked with the client of the call, and both are still in it."""
    if record.client is None:
        return False
    up = {leg.leg: leg.device for leg in record.legs if leg.ended is None}
    for pair in record.talked:
        sides = [up.get(leg, "") for leg in pair]
        if None in sides and any(side in devices for side in sides):
            return True
    return False
