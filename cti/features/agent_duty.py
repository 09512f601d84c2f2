"""Who is ready for the queues, who is not and why: said in the panel, on the phone or by the server, told to the PBX.

Rules kept here: what a person is, is a line of an append-only journal before it is anything else; the PBX follows at
once, or when its link is back (cti/queue_places.py); what somebody did at the phone meanwhile is adopted, and our own
commands' echo is not mistaken for it. A PBX that was started anew is given our account, otherwise its own counts. The
server pauses only with a reason that says so: MISSED, DEVICE, LAGGED, WRAPUP; DEVICE goes by itself when the phone is
back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from cti.access import Person, may
from cti.directory import Directory
from cti.errors import NotAllowed, Refused
from cti.queue_places import QueuePlaces
from cti.settings import AgentsSettings
from cti.storage import dispositions
from cti.storage import duty as stored
from cti.storage.database import Database
from cti.storage.directory import DeviceRow
from cti.storage.spool import Spool
from cti.telephony import duty as d
from cti.telephony.duty import By, Duty, State
from cti.telephony.events import (
    CallCleared,
    CallRecord,
    ConnectionCleared,
    DeviceStatus,
    Established,
    MemberChanged,
    PbxRestarted,
    SnapshotTaken,
)

TICK_S = 0.5
QUIET_S = 0.4  # a pause on the phone comes as one event for each queue
GONE: tuple[DeviceStatus, ...] = ("unreachable",)


class AgentDuty:
    """The people's own axis. show: tell a person's new state."""

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        directory: Directory,
        settings: AgentsSettings,
        places: QueuePlaces,
        device_status: Callable[[str], tuple[DeviceStatus, float]],
        record_of: Callable[[str], CallRecord | None],
        calls_of: Callable[[int], int],
        online: Callable[[int], bool],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._spool = spool
        self._directory = directory
        self._settings = settings
        self._places = places
        self._device_status = device_status
        self._record_of = record_of
        self._calls_of = calls_of
        self._online = online
        self._clock = clock
        self._duties: dict[int, Duty] = {}
        self._misses: dict[int, int] = {}
        self._moved: dict[int, float] = {}  # whose members changed at the PBX, and when
        self._left: dict[int, float] = {}  # whose panel went away, and when
        self._leaving: dict[str, list[tuple[DeviceRow, ConnectionCleared]]] = {}
        self._wrap_ups: dict[str, int] = {}
        self._required: frozenset[str] = frozenset()  # queues whose calls need a result
        self._said: dict[int, str] = {}  # the last call each person gave a result of
        self.show: Callable[[int], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Everybody as he was when the server stopped."""
        async with self._db.read() as conn:
            self._duties = await stored.current(conn)
        await self.reload()

    async def reload(self) -> None:
        """An admin changed what queues are set to."""
        async with self._db.read() as conn:
            self._wrap_ups = await stored.wrap_up_times(conn)
            self._required = await dispositions.required(conn)

    def of(self, user_id: int) -> Duty:
        """What a person is now."""
        return self._duties.get(user_id, Duty())

    # What people do -----------------------------------------------------------------------------------------------
    async def choose(self, actor: Person, user_id: int, state: State, reason: str = "") -> bool:
        """Be Ready, NotReady for a reason, or LoggedOff. True: the PBX knows. Raises Refused, NotAllowed."""
        by = self._allowed(actor, user_id)
        if self._directory.chosen_of(user_id) is None:
            raise Refused("no-device", "You have no phone; an admin adds one under Settings, Users.")
        if state == "after-call" or state not in ("ready", "not-ready", "logged-off"):
            raise Refused("bad-state", "This is no state that can be chosen.")
        if state == "not-ready":
            await self._check_reason(reason)
        self._misses.pop(user_id, None)
        await self._become(user_id, d.chosen(self.of(user_id), state, reason, self._clock(), by), actor.id)
        return await self._places.apply(user_id, self.of)

    async def more_time(self, actor: Person, user_id: int, more_s: float) -> None:
        """More time for the work after a call."""
        self._allowed(actor, user_id)
        duty = self.of(user_id)
        if duty.state != "after-call":
            raise Refused("no-after-call", "The work after the call is over already.")
        self._duties[user_id] = d.longer(duty, self._clock(), more_s)
        await self._tell(user_id)

    async def finish(self, actor: Person, user_id: int) -> bool:
        """The work after a call is done."""
        by = self._allowed(actor, user_id)
        if self.of(user_id).held and by == "person":
            raise Refused("result-needed", "Say first what came of the call.")
        await self._become(user_id, d.done(self.of(user_id), self._clock(), by), actor.id)
        return await self._places.apply(user_id, self.of)

    async def phone_chosen(self, user_id: int) -> None:
        """He is rung at another phone of his: his places in queues go over to it."""
        await self._places.apply(user_id, self.of)
        await self._tell(user_id)

    async def seated(self, user_id: int, by_user_id: int | None) -> None:
        """He sat down at a shared desk phone or left it; who has no phone any more is in no queue."""
        duty, by = self.of(user_id), "person" if by_user_id == user_id else "supervisor" if by_user_id else "server"
        if self._directory.chosen_of(user_id) is None:
            duty = self._duties[user_id] = Duty(since=self._clock())
        line, desk = replace(duty, since=self._clock(), by=by), self._directory.desk_of(user_id)  # type: ignore[arg-type]
        self._spool.put(lambda conn: stored.append(conn, user_id, line, by_user_id, desk))
        await self.phone_chosen(user_id)

    async def released(self, user_id: int, call: str) -> None:
        """The call has its result: the work after it ends when its time is over."""
        self._said[user_id] = call
        duty = self.of(user_id)
        if duty.held and duty.call == call:
            self._duties[user_id] = replace(duty, held=False)
            await self._tell(user_id)

    async def signed_out(self, person: Person) -> None:
        """Who signs out for good leaves his queues; another panel of his keeps him there."""
        if self._settings.sign_out_logs_off and self.of(person.id).on and not self._online(person.id):
            with contextlib.suppress(Refused):  # he has no phone any more: nothing to leave
                await self.choose(person, person.id, "logged-off")

    # What the PBX tells -------------------------------------------------------------------------------------------
    async def member_changed(self, event: MemberChanged, _received_at: float) -> None:
        """A member came, went or was paused: by whom is found out when it is quiet again."""
        row = self._directory.by_device(event.device)
        if row is not None:
            self._moved[row.user_id] = self._clock()

    async def pbx_restarted(self, _event: PbxRestarted, _received_at: float) -> None:
        """It may have forgotten its members: it is told what everybody is."""
        self._places.owed |= {user_id for user_id, duty in self._duties.items() if duty.on}

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """The PBX's own account is complete: who is not owed a word is compared with it."""
        for user_id, rows in self._directory.people():
            if user_id not in self._places.owed and any(row.name.startswith(event.prefix) for row in rows):
                self._moved.setdefault(user_id, 0.0)

    async def established(self, event: Established, _received_at: float) -> None:
        """Who talks has not missed it."""
        for device in (event.device, event.peer_device):
            row = self._directory.by_device(device)
            if row is not None:
                self._misses.pop(row.user_id, None)

    async def connection_cleared(self, event: ConnectionCleared, _received_at: float) -> None:
        """An offer nobody answered counts; a conversation with a client is followed by the work after it."""
        row, record = self._directory.by_device(event.device), self._record_of(event.call)
        if row is None:
            return
        if record is None:  # the last one to leave: CallCleared follows, with the record
            self._leaving.setdefault(event.call, []).append((row, event))
        else:
            await self._left_call(row, event, record)

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """The call is over for the last ones too."""
        for row, left in self._leaving.pop(event.call, ()):
            await self._left_call(row, left, event.record)

    async def _left_call(self, row: DeviceRow, event: ConnectionCleared, record: CallRecord) -> None:
        if event.result == "no-answer" and record.queue:
            await self._missed(row.user_id)
        elif event.result in ("talked", "transferred"):
            await self._talked(row, record, event.leg)

    async def _missed(self, user_id: int) -> None:
        self._misses[user_id] = self._misses.get(user_id, 0) + 1
        most = self._settings.missed_offers
        if most and self._misses[user_id] >= most and self.of(user_id).state == "ready":
            self._misses.pop(user_id, None)
            await self._pause(user_id, d.MISSED)

    async def _talked(self, row: DeviceRow, record: CallRecord, leg: str) -> None:
        if not self._with_client(record, leg) or self._calls_of(row.user_id) or not self._online(row.user_id):
            return
        queue = record.queue or ""
        seconds = self._wrap_ups.get(queue, self._settings.wrap_up_s)
        held = queue in self._required and self._said.get(row.user_id) != record.call
        before = self.of(row.user_id)
        after = d.call_ended(before, self._clock(), wrap_up_s=seconds, queue=queue, call=record.call, held=held)
        if after is not before:
            await self._become(row.user_id, after, None)
            await self._places.apply(row.user_id, self.of)

    def _with_client(self, record: CallRecord, leg: str) -> bool:
        """Whether the leg's owner talked with somebody who is none of us."""
        devices = {one.leg: one.device for one in record.legs}
        others = [other for pair in record.talked if leg in pair for other in pair if other != leg]
        return any(self._directory.by_device(devices.get(other)) is None for other in others)

    async def presence_changed(self, user_id: int) -> None:
        """A panel was opened or closed."""
        if self._online(user_id):
            self._left.pop(user_id, None)
        else:
            self._left[user_id] = self._clock()

    # Time ---------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Watch the clock until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            for user_id in set(self._duties) | set(self._moved) | set(self._places.owed):
                await self._on_time(user_id, self._clock())

    async def _on_time(self, user_id: int, now: float) -> None:
        duty = self.of(user_id)
        if d.is_over(duty, now):
            await self._become(user_id, d.done(duty, now, "server"), None)
            await self._places.apply(user_id, self.of)
        elif user_id in self._places.owed:
            await self._places.apply(user_id, self.of)
        elif user_id in self._moved and now - self._moved[user_id] > QUIET_S:
            await self._compare(user_id, now)
        else:
            await self._watch(user_id, duty, now)

    async def _compare(self, user_id: int, now: float) -> None:
        """What the PBX has of him, where it is not the echo of what we told it."""
        row = self._directory.chosen_of(user_id)
        if self._places.settling(user_id):
            return
        self._moved.pop(user_id, None)
        if row is None or not self._places.is_heard(row.name):
            return
        duty = self.of(user_id)
        seen = d.as_pbx(duty, self._places.pauses(user_id), now)
        if seen is not duty:
            await self._become(user_id, seen, None)

    async def _watch(self, user_id: int, duty: Duty, now: float) -> None:
        row = self._directory.chosen_of(user_id)
        if row is None:
            return
        status, since = self._device_status(row.name)
        grace, lag = self._settings.unreachable_s, self._settings.lagged_s
        if duty.state == "ready" and grace and status in GONE and now - max(since, duty.since) >= grace:
            await self._pause(user_id, d.DEVICE)
        elif duty.state == "not-ready" and duty.reason == d.DEVICE and status not in (*GONE, "unknown"):
            await self._become(user_id, Duty(state="ready", since=now, by="server"), None)
            await self._places.apply(user_id, self.of)
        elif duty.state == "ready" and lag and now - self._left.get(user_id, now) >= lag:
            self._left.pop(user_id, None)
            await self._pause(user_id, d.LAGGED)

    # Inside -------------------------------------------------------------------------------------------------------
    async def _pause(self, user_id: int, reason: str) -> None:
        await self._become(user_id, Duty(state="not-ready", reason=reason, since=self._clock(), by="server"), None)
        await self._places.apply(user_id, self.of)

    async def _become(self, user_id: int, duty: Duty, by_user_id: int | None) -> None:
        """The new line, written in order with all others, and shown."""
        if duty is self.of(user_id):
            return
        self._duties[user_id] = duty
        desk = self._directory.desk_of(user_id)
        self._spool.put(lambda conn: stored.append(conn, user_id, duty, by_user_id, desk))
        await self._tell(user_id)

    async def _tell(self, user_id: int) -> None:
        if self.show is not None:
            await self.show(user_id)

    def _allowed(self, actor: Person, user_id: int) -> By:
        if actor.id == user_id:
            return "person"
        self._manages(actor, user_id)
        return "supervisor"

    def _manages(self, actor: Person, user_id: int) -> None:
        row = self._directory.chosen_of(user_id)
        if not may(actor, "agents.manage", owner_id=user_id, owner_team_id=row.team_id if row else None):
            raise NotAllowed("Your role may not set the states of others.")

    async def _check_reason(self, reason: str) -> None:
        async with self._db.read() as conn:
            offered = await stored.reasons(conn)
        if reason not in ({one.name for one in offered} or {""}) | {d.PHONE}:
            raise Refused("bad-reason", "Choose a reason from the list.")
