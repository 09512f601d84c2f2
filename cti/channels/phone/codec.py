"""The manager interface's words on the wire: bytes -> header dicts, commands -> actions. Nobody else formats AMI.

Rules kept here: a frame is cut by its blank line whatever way TCP tore it; what nobody wants is dropped before it is
parsed; a value is UTF-8, else cp1251, else marked; a repeated header is a list; nothing with a control character ever
goes out. Frames are parsed as panoramisk's Message does, without its losses (a torn letter, a value without ": ").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from cti.telephony import commands as c

Headers = dict[str, str | list[str]]

FRAME_LIMIT = 256 * 1024
LINE_LIMIT = 1024  # the PBX's own limit for a line of an action
HEADERS_LIMIT = 128
UNWANTED = (b"VarSet", b"RTCP", b"TestEvent", b"Cdr", b"CEL", b"Newexten", b"DTMF", b"ChannelTalking")
_EVENT = re.compile(rb"^Event: ([A-Za-z0-9]+)\r?$", re.MULTILINE)
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}


class FrameTooLong(ValueError):
    """A frame without an end: the link is not what it was taken for."""


class Decoder:
    """Bytes in any pieces -> header dicts in order. unwanted: names of events dropped unparsed (prefixes)."""

    def __init__(self, unwanted: tuple[bytes, ...] = UNWANTED) -> None:
        self._rest = b""
        self._unwanted = tuple(b"Event: " + name for name in unwanted)
        self.banner = ""
        self.dropped = 0
        self.malformed = 0

    def feed(self, data: bytes) -> list[Headers]:
        """The complete frames in what came. Raises FrameTooLong past FRAME_LIMIT without an end."""
        data = self._rest + data if self._rest else data
        if not self.banner and data.startswith(b"Asterisk Call Manager"):
            line, end, data = data.partition(b"\r\n")
            if not end:
                self._rest = line
                return []
            self.banner = line.decode("latin-1")
        if b"\r\n\r\n" not in data:
            self._rest = data
            if len(data) > FRAME_LIMIT:
                raise FrameTooLong(f"a frame of more than {FRAME_LIMIT // 1024} KiB has no end")
            return []
        *frames, self._rest = data.split(b"\r\n\r\n")
        if len(self._rest) > FRAME_LIMIT:
            raise FrameTooLong(f"a frame of more than {FRAME_LIMIT // 1024} KiB has no end")
        found = []
        for frame in frames:
            frame = frame.lstrip(b"\r\n")
            if not frame or frame.startswith(self._unwanted):
                self.dropped += 1
                continue
            found.append(self._parse(frame))
        return found

    def _parse(self, frame: bytes) -> Headers:
        text = _decoded(frame)
        headers: Headers = {}
        for line in text.split("\r\n"):
            name, colon, value = line.partition(":")
            if not colon:
                self.malformed += 1
                continue
            value = value[1:] if value.startswith(" ") else value
            if name in headers:
                before = headers[name]
                headers[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                headers[name] = value
        return headers


def _decoded(frame: bytes) -> str:
    try:
        return frame.decode("utf-8")
    except UnicodeDecodeError:
        return "\r\n".join(_line(line) for line in frame.split(b"\r\n"))


def _line(line: bytes) -> str:
    """UTF-8, else cp1251 (old Russian PBXs), else with marks in place of what cannot be read."""
    for encoding in ("utf-8", "cp1251"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", "replace")


def to_wire(action: Mapping[str, str | list[str]], action_id: str) -> bytes:
    """An action as bytes. Raises ValueError for a control character, a line or a count over the PBX's limits."""
    lines = [f"Action: {action['Action']}", f"ActionID: {action_id}"]
    for key, value in action.items():
        if key != "Action":
            lines += [f"{key}: {one}" for one in (value if isinstance(value, list) else [value])]
    if len(lines) > HEADERS_LIMIT:
        raise ValueError(f"An action has at most {HEADERS_LIMIT} headers.")
    for line in lines:
        if any(unicodedata.category(letter) in _FORBIDDEN for letter in line):
            raise ValueError(f"A control character in {line.split(':')[0][:40]!r} of an action.")
        if len(line.encode("utf-8", "replace")) > LINE_LIMIT - 2:
            raise ValueError(f"{line.split(':')[0][:40]!r} of an action is longer than the PBX takes.")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def to_action(command: c.Command) -> Headers:
    """A command as the PBX's action, without its ActionID."""
    return _FORMS[type(command)](command)


def _make_call(x: c.MakeCall) -> Headers:
    action: Headers = {
        "Action": "Originate",
        "Channel": x.device,
        "Context": x.context,
        "Exten": x.number,
        "Priority": "1",
        "Async": "true",
        "Timeout": str(x.timeout_s * 1000),
        "ChannelId": f"trubka-{x.request_id}",
    }
    if x.caller_id_number:
        action["CallerID"] = f'"{x.caller_id_name}" <{x.caller_id_number}>' if x.caller_id_name else x.caller_id_number
    if x.headers:
        action["Variable"] = [f"PJSIP_HEADER(add,{name})={value}" for name, value in x.headers]
    return action


def _add(x: c.AddMember) -> Headers:
    action: Headers = {"Action": "QueueAdd", "Queue": x.queue, "Interface": x.device, "Penalty": str(x.penalty)}
    return action | ({"MemberName": x.name} if x.name else {})


def _pause(x: c.PauseMember) -> Headers:
    action: Headers = {"Action": "QueuePause", "Interface": x.device, "Paused": "true" if x.paused else "false"}
    return action | ({"Queue": x.queue} if x.queue else {}) | ({"Reason": x.reason} if x.reason else {})


_FORMS: Mapping[type[c.Command], Callable[[Any], Headers]] = {
    c.MakeCall: _make_call,
    c.ClearConnection: lambda x: {"Action": "Hangup", "Channel": x.leg},
    c.SendDigit: lambda x: {"Action": "PlayDTMF", "Channel": x.leg, "Digit": x.digit},
    c.AddMember: _add,
    c.RemoveMember: lambda x: {"Action": "QueueRemove", "Queue": x.queue, "Interface": x.device},
    c.PauseMember: _pause,
    c.GetVariable: lambda x: {"Action": "GetVar", "Variable": x.name},
    c.SendUserEvent: lambda x: {"Action": "UserEvent", "UserEvent": x.name},
    c.ShowChannels: lambda _: {"Action": "CoreShowChannels"},
    c.ShowQueues: lambda _: {"Action": "QueueStatus"},
    c.ListBridges: lambda _: {"Action": "BridgeList"},
    c.BridgeDetails: lambda x: {"Action": "BridgeInfo", "BridgeUniqueid": x.bridge},
    c.ListDeviceStates: lambda _: {"Action": "DeviceStateList"},
    c.ListParked: lambda _: {"Action": "ParkedCalls"},
    c.ListCommands: lambda _: {"Action": "ListCommands"},
    c.CoreSettings: lambda _: {"Action": "CoreSettings"},
    c.Ping: lambda _: {"Action": "Ping"},
}
