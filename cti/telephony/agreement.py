"""Whether what we hold is what the PBX has: the difference of two sets, looked at before each snapshot is merged.

Both sides are plain values, so the same function judges the tests after every fault and the running server, where its
count is a figure of `/metrics`. A difference that the next snapshot no longer finds was an event on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cti.telephony.agents import NOT_DEVICES, STATUS_OF_STATE
from cti.telephony.devices import technology
from cti.telephony.events import DeviceStatus

Items = Iterable[Mapping[str, str | list[str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """One side. legs: Uniqueid -> bridge, None where that is not known; devices: own state by id."""

    legs: Mapping[str, str | None]
    devices: Mapping[str, DeviceStatus]


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """ghosts: legs that only we have. unknown: legs that only the PBX has. misplaced: in another bridge here."""

    ghosts: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    misplaced: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many in all; 0 when both agree."""
        return len(self.ghosts) + len(self.unknown) + len(self.misplaced) + len(self.devices)


def compare(ours: Holding, theirs: Holding) -> Differences:
    """What one side has and the other has not. Devices count only where both sides speak of them."""
    both = ours.legs.keys() & theirs.legs.keys()
    return Differences(
        ghosts=frozenset(ours.legs.keys() - theirs.legs.keys()),
        unknown=frozenset(theirs.legs.keys() - ours.legs.keys()),
        misplaced=frozenset(leg for leg in both if _elsewhere(ours.legs[leg], theirs.legs[leg])),
        devices=frozenset(
            device
            for device in ours.devices.keys() & theirs.devices.keys()
            if ours.devices[device] != theirs.devices[device]
        ),
    )


def told_by(items: Items) -> Holding:
    """The PBX's side, from the answers of CoreShowChannels and DeviceStateList."""
    legs: dict[str, str | None] = {}
    devices: dict[str, DeviceStatus] = {}
    for item in items:
        event = item.get("Event")
        if event == "CoreShowChannel" and (leg := _text(item, "Uniqueid")):
            legs[leg] = _text(item, "BridgeId") if "BridgeId" in item else None
        elif event == "DeviceStateChange" and (device := _text(item, "Device")):
            status = STATUS_OF_STATE.get(_text(item, "State"))
            if status is not None and "/" in device and technology(device) not in NOT_DEVICES:
                devices[device] = status
    return Holding(legs=legs, devices=devices)


def _elsewhere(ours: str | None, theirs: str | None) -> bool:
    return theirs is not None and (ours or "") != theirs


def _text(item: Mapping[str, str | list[str]], name: str) -> str:
    value = item.get(name, "")
    return value if isinstance(value, str) else ""
