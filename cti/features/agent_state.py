"""What colleagues see of a person: what he chose, what his devices are, what his call is; never mixed into one word.

The device axis is kept here; what he chose comes from agent_duty, his calls from live_calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cti.desktop import AgentDesktop, AgentView, CallView, PhoneView
from cti.directory import Directory
from cti.storage.directory import DeviceRow
from cti.telephony.duty import Duty
from cti.telephony.events import CallEvent, DeviceChanged, DeviceStatus, LinkChanged, MemberChanged

FRESH_S = 0.5
NEVER = float("-inf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A device in a queue, as the PBX has it."""

    device: str
    name: str
    paused: bool = False
    pause_reason: str = ""
    in_call: bool = False


class AgentStates:
    """Device states by name and the people's views made of them. online: whether a person's panel is open.

    duty_of: what a person chose; calls_of: his calls, the one that has the phone first.
    """

    def __init__(
        self,
        *,
        desktop: AgentDesktop,
        directory: Directory,
        clock: Callable[[], float],
        online: Callable[[int], bool],
        calls_of: Callable[[int], tuple[CallView, ...]] = lambda _user: (),
    ) -> None:
        self._desktop = desktop
        self._directory = directory
        self._clock = clock
        self._online = online
        self._calls_of = calls_of
        self.duty_of: Callable[[int], Duty] = lambda _user: Duty()
        self._devices: dict[str, tuple[DeviceStatus, float]] = {}
        self._members: dict[str, dict[str, Member]] = {}
        self._names: dict[int, str] = {}  # of all who had a phone: who got up from a shared one may have none any more
        self._all: tuple[AgentView, ...] = ()
        self._all_at = NEVER

    def device_status(self, device: str) -> DeviceStatus:
        """The device's state; unknown until the PBX told it, and while the link is down."""
        return self._devices.get(device, ("unknown", 0.0))[0]

    def since(self, device: str) -> tuple[DeviceStatus, float]:
        """The device's state and since when (UNIX s)."""
        return self._devices.get(device, ("unknown", 0.0))

    def standing(self, device: str) -> dict[str, tuple[bool, str]]:
        """The device's queues as the PBX has them: paused, and why."""
        return {
            queue: (members[device].paused, members[device].pause_reason)
            for queue, members in self._members.items()
            if device in members
        }

    def views(self) -> tuple[AgentView, ...]:
        """Everybody who has a device, by name; many who open their panels at once are told the same."""
        now = self._clock()
        if not 0 <= now - self._all_at < FRESH_S:
            views = (self._view(user_id) for user_id, _ in self._directory.people())
            self._all = tuple(sorted((v for v in views if v is not None), key=lambda v: v.name.casefold()))
            self._all_at = now
        return self._all

    def free_device(self, user_id: int) -> DeviceRow | None:
        """Where a person can be rung now: his chosen device while it is idle, and he is in no call and not paused.

        Who is in no queue is not paused: many a manager never is, and his phone rings all the same.
        """
        duty = self.duty_of(user_id)
        if duty.on and duty.state != "ready":
            return None
        rows = self._directory.devices_of(user_id)
        chosen = self._directory.chosen_of(user_id)
        if chosen is None or self.device_status(chosen.name) != "idle":
            return None
        if any(_WEIGHT[self.device_status(row.name)] > _WEIGHT["idle"] for row in rows):
            return None
        own = {row.name for row in rows}
        members = (one for queue in self._members.values() for one in queue.values() if one.device in own)
        return None if any(one.paused or one.in_call for one in members) else chosen

    def queues(self) -> dict[str, tuple[Member, ...]]:
        """Members by queue."""
        return {queue: tuple(members.values()) for queue, members in sorted(self._members.items())}

    def paused_in(self) -> dict[str, dict[str, bool]]:
        """By queue and device, whether it is paused there."""
        return {
            queue: {device: one.paused for device, one in members.items()} for queue, members in self._members.items()
        }

    def free_in(self, queue: str, prefix: str) -> int:
        """How many of a queue's members at one PBX could take a call now, those who are rung for one among them."""
        members = (one for one in self._members.get(queue, {}).values() if one.device.startswith(prefix))
        ready = (one for one in members if not one.paused and not one.in_call)
        return sum(self.device_status(one.device) in ("idle", "ringing") for one in ready)

    async def device_changed(self, event: DeviceChanged, received_at: float) -> None:
        """A device is idle, rings, talks or is out of reach."""
        if self.device_status(event.device) == event.status:
            return
        self._devices[event.device] = (event.status, event.at or received_at)
        row = self._directory.by_device(event.device)
        if row is not None:
            await self.show(row.user_id)

    async def member_changed(self, event: MemberChanged, _received_at: float) -> None:
        """A queue's member came, went, paused or talks."""
        members = self._members.setdefault(event.queue, {})
        if event.removed:
            members.pop(event.device, None)
            return
        row = self._directory.by_device(event.device)
        members[event.device] = Member(
            device=event.device,
            name=row.user_name if row else event.device,
            paused=event.paused,
            pause_reason=event.pause_reason or "",
            in_call=event.in_call,
        )

    async def link_changed(self, event: LinkChanged, _received_at: float) -> None:
        """With the link down nothing is known of any device: say so rather than show the last state as if live."""
        if event.state not in ("down", "refused"):
            return
        lost = {device for device in self._devices if device.startswith(event.prefix)}
        for members in self._members.values():
            for device in [one for one in members if one.startswith(event.prefix)]:
                del members[device]
        self._members = {queue: members for queue, members in self._members.items() if members}
        for device in lost:
            del self._devices[device]
        for user_id, rows in self._directory.people():
            if any(row.name in lost for row in rows):
                await self.show(user_id)

    async def presence_changed(self, user_id: int) -> None:
        """A person's panel was opened or closed."""
        await self.show(user_id)

    async def call_moved(self, event: CallEvent, _received_at: float) -> None:
        """Somebody's call began, was answered or ended."""
        row = self._directory.by_device(getattr(event, "device", None))
        if row is not None:
            await self.show(row.user_id)

    async def show(self, user_id: int) -> None:
        """Tell everybody what a person is now."""
        self._all_at = NEVER
        view = self._view(user_id)
        if view is not None:
            await self._desktop.agent(view)

    def _view(self, user_id: int) -> AgentView | None:
        chosen = self._directory.chosen_of(user_id)
        if chosen is None:
            name, duty = self._names.get(user_id), self.duty_of(user_id)
            return AgentView(id=user_id, name=name, online=self._online(user_id), chosen=duty.state) if name else None
        self._names[user_id] = chosen.user_name
        rows = sorted(self._directory.devices_of(user_id), key=lambda row: (row.kind, row.name))
        busiest = max(
            (self._devices.get(row.name, ("unknown", 0.0)) for row in rows),
            key=lambda state: _WEIGHT[state[0]],
        )
        own = self._devices.get(chosen.name, ("unknown", 0.0))
        device, since = busiest if _WEIGHT[busiest[0]] > _WEIGHT["idle"] else own
        duty = self.duty_of(user_id)
        calls = sorted(self._calls_of(user_id), key=lambda view: _CALLS.index(view.state))
        return AgentView(
            id=user_id,
            name=chosen.user_name,
            extension=chosen.extension,
            device=device,
            since=since,
            online=self._online(user_id),
            chosen=duty.state,
            reason=duty.reason,
            chosen_since=duty.since,
            by=duty.by,
            until=duty.until,
            held=duty.held,
            call=calls[0].state if calls else "",
            queue=calls[0].queue if calls else None,
            ghost=duty.state == "ready" and own[0] == "unreachable",
            phones=tuple(
                PhoneView(
                    name=row.name,
                    kind=row.kind,
                    status=self.device_status(row.name),
                    chosen=row.name == chosen.name,
                    desk=row.desk,
                )
                for row in rows
            ),
        )


_CALLS = ("talking", "held", "dialling", "ringing")
_WEIGHT: dict[DeviceStatus, int] = {
    "unknown": 0,
    "unreachable": 1,
    "idle": 2,
    "ringing": 3,
    "busy": 4,
    "on-hold": 5,
    "in-call": 6,
}
