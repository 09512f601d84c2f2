"""What colleagues see of a person: his devices' own state, since when, and whether his panel is open.

This is the device axis; what a person chose and what his call is come beside it, never mixed into one word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cti.desktop import AgentDesktop, AgentView
from cti.directory import Directory
from cti.telephony.events import DeviceChanged, DeviceStatus, LinkChanged, MemberChanged


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A device in a queue, as the PBX has it."""

    device: str
    name: str
    paused: bool = False
    pause_reason: str = ""
    in_call: bool = False


class AgentStates:
    """Device states by name and the people's views made of them. online: whether a person's panel is open."""

    def __init__(
        self,
        *,
        desktop: AgentDesktop,
        directory: Directory,
        clock: Callable[[], float],
        online: Callable[[int], bool],
    ) -> None:
        self._desktop = desktop
        self._directory = directory
        self._clock = clock
        self._online = online
        self._devices: dict[str, tuple[DeviceStatus, float]] = {}
        self._members: dict[str, dict[str, Member]] = {}

    def device_status(self, device: str) -> DeviceStatus:
        """The device's state; unknown until the PBX told it, and while the link is down."""
        return self._devices.get(device, ("unknown", 0.0))[0]

    def views(self) -> tuple[AgentView, ...]:
        """Everybody who has a device, by name."""
        views = (self._view(user_id) for user_id, _ in self._directory.people())
        return tuple(sorted((v for v in views if v is not None), key=lambda v: v.name.casefold()))

    def queues(self) -> dict[str, tuple[Member, ...]]:
        """Members by queue."""
        return {queue: tuple(members.values()) for queue, members in sorted(self._members.items())}

    async def device_changed(self, event: DeviceChanged, received_at: float) -> None:
        """A device is idle, rings, talks or is out of reach."""
        if self.device_status(event.device) == event.status:
            return
        self._devices[event.device] = (event.status, event.at or received_at)
        row = self._directory.by_device(event.device)
        if row is not None:
            await self._show(row.user_id)

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
                await self._show(user_id)

    async def presence_changed(self, user_id: int) -> None:
        """A person's panel was opened or closed."""
        await self._show(user_id)

    async def _show(self, user_id: int) -> None:
        view = self._view(user_id)
        if view is not None:
            await self._desktop.agent(view)

    def _view(self, user_id: int) -> AgentView | None:
        chosen = self._directory.chosen_of(user_id)
        if chosen is None:
            return None
        view = AgentView(id=user_id, name=chosen.user_name, extension=chosen.extension, online=self._online(user_id))
        busiest = max(
            (self._devices.get(row.name, ("unknown", 0.0)) for row in self._directory.devices_of(user_id)),
            key=lambda state: _WEIGHT[state[0]],
        )
        own = self._devices.get(chosen.name, ("unknown", 0.0))
        shown = busiest if _WEIGHT[busiest[0]] > _WEIGHT["idle"] else own
        return replace(view, device=shown[0], since=shown[1])


_WEIGHT: dict[DeviceStatus, int] = {
    "unknown": 0,
    "unreachable": 1,
    "idle": 2,
    "ringing": 3,
    "busy": 4,
    "on-hold": 5,
    "in-call": 6,
}
