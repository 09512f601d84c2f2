"""Devices' and queue members' own states, out of the events and the snapshot that speak of them."""

from __future__ import annotations

from cti.telephony import events as ev
from cti.telephony.legs import Headers, text_of

_DEVICE_STATES: dict[str, ev.DeviceStatus] = {
    "NOT_INUSE": "idle",
    "INUSE": "in-call",
    "BUSY": "busy",
    "RINGING": "ringing",
    "RINGINUSE": "ringing",
    "ONHOLD": "on-hold",
    "UNAVAILABLE": "unreachable",
    "INVALID": "unreachable",
}


def device_state(headers: Headers, now: float) -> ev.DeviceChanged | None:
    """DeviceStateChange of a real device (not of a queue, a Local channel or a custom state)."""
    device = text_of(headers, "Device")
    if "/" not in device or device.startswith(("Local/", "Queue:", "Custom:")):
        return None
    return ev.DeviceChanged(at=now, device=device, status=_DEVICE_STATES.get(text_of(headers, "State"), "unknown"))


def member(headers: Headers, now: float) -> ev.MemberChanged:
    """QueueMember, QueueMemberStatus, QueueMemberAdded, QueueMemberPause, QueueMemberRemoved."""
    device = text_of(headers, "StateInterface") or text_of(headers, "Interface") or text_of(headers, "Location")
    return ev.MemberChanged(
        at=now,
        queue=text_of(headers, "Queue"),
        device=device,
        paused=text_of(headers, "Paused") == "1",
        pause_reason=text_of(headers, "PausedReason") or None,
        in_call=text_of(headers, "InCall") == "1",
        removed=text_of(headers, "Event") == "QueueMemberRemoved",
    )
