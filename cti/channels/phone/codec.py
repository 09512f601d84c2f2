"""The manager interface's words on the wire: bytes -> header dicts, commands -> actions. Nobody else formats AMI.

Rules kept here: a frame is cut by its blank line whatever way TCP tore it, and has a size that it may not pass; what
nobody wants is dropped before it is parsed; a value is UTF-8, else cp1251, else marked, never shortened; a repeated
header is a list; nothing with a control character ever goes out. Answers are parsed and actions written by panoramisk
(1.4); events, a thousand for each answer, are split here: twice as fast and without its losses (a letter torn by TCP,
a value after a colon without a space). What it needs guarded is told at each place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from panoramisk.actions import Action
from panoramisk.message import Message
from panoramisk.utils import IdGenerator

from cti.telephony import commands as c

Headers = dict[str, str | list[str]]

FRAME_LIMIT = 256 * 1024
FRAME_HEADERS = 2000  # the longest honest frame (an account's list of commands) has about 160
LINE_LIMIT = 1024  # the PBX's own limits for an action: bytes of a line, count of its headers
HEADERS_LIMIT = 128
UNWANTED = (b"VarSet", b"RTCP", b"TestEvent", b"Cdr", b"CEL", b"Newexten", b"DTMF", b"ChannelTalking")
_WITH_BODY = ("Response: Follows", "Response: Fail")  # the library takes the last header of these for a body
TAKES = "trubka-takes"  # the context of dialplan/recipes/takes.py
SPY_OPTIONS: Mapping[c.SpyHow, str] = {"listen": "", "whisper": "w", "barge": "B"}
SPY_KEYS: Mapping[c.SpyHow, str] = {"listen": "4", "whisper": "5", "barge": "6"}
_END = b"\r\n\r\n"
_UNQUOTED = str.maketrans({'"': "'", "\\": "/", "<": "(", ">": ")"})  # a name may not end its own quotes
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}

_ids = IdGenerator("trubka")  # unlike those of any other client of the PBX, whose answers' events reach us too


class FrameTooLong(ValueError):
    """A frame without an end: the link is not what it was taken for."""


class Decoder:
    """Bytes in any pieces -> header dicts in order. unwanted: names of events dropped unparsed (prefixes).

    filtered: frames dropped as unwanted; malformed: lines and frames that are no AMI. Both only grow.
    """

    def __init__(self, unwanted: tuple[bytes, ...] = UNWANTED) -> None:
        self._rest = b""
        self._unwanted = tuple(b"Event: " + name for name in unwanted)
        self.banner = ""
        self.filtered = 0
        self.malformed = 0

    def start(self) -> None:
        """Forget the torn frame of the connection before."""
        self._rest, self.banner = b"", ""

    def feed(self, data: bytes) -> list[Headers]:
        """The complete frames in what came. Raises FrameTooLong at a frame of more than FRAME_LIMIT bytes."""
        data = self._rest + data if self._rest else data
        if not self.banner and data.startswith(b"Asterisk Call Manager"):
            line, end, data = data.partition(b"\r\n")
            if not end:
                self._rest = self._within(line)
                return []
            self.banner = line.decode("latin-1")
        *frames, rest = data.split(_END)
        self._rest = self._within(rest)
        found = []
        for frame in frames:
            if frame.startswith(self._unwanted):
                self.filtered += 1
                continue
            headers = self._parse(self._within(frame).lstrip(b"\r\n"))
            if headers:
                found.append(headers)
        return found

    def _within(self, frame: bytes) -> bytes:
        if len(frame) > FRAME_LIMIT:
            self._rest = b""
            self.malformed += 1
            raise FrameTooLong(f"the PBX sent a message of more than {FRAME_LIMIT // 1024} KiB")
        return frame

    def _parse(self, frame: bytes) -> Headers | None:
        """None, counted, for what is neither an event nor an answer; an empty frame is not worth a count."""
        if not frame:
            return None
        headers: Headers | None = None
        if frame.count(b"\n") <= FRAME_HEADERS:
            text = _decoded(frame)
            answer = text.startswith("Response: ") and not text.startswith(_WITH_BODY)
            headers = normalise(Message.from_line(text)) if answer else self._split(text)
        if not headers or ("Event" not in headers and "Response" not in headers):
            self.malformed += 1
            return None
        return headers

    def _split(self, text: str) -> Headers:
        headers: Headers = {}
        for line in text.split("\r\n"):
            name, colon, value = line.partition(":")
            if not colon:
                self.malformed += 1
                continue
            value = value[1:] if value.startswith(" ") else value
            if name not in headers:
                headers[name] = value
            elif isinstance(before := headers[name], list):
                before.append(value)
            else:
                headers[name] = [before, value]
        return headers


def normalise(message: Message | None) -> Headers:
    """An answer as the library parsed it -> headers as the PBX names them, without the `content` that it adds."""
    if message is None:
        return {}
    return {str(name): value for name, value in message.items() if name != "content"}


def _decoded(frame: bytes) -> str:
    try:
        return frame.decode("utf-8")
    except UnicodeDecodeError:
        return "\r\n".join(_line(line) for line in frame.split(b"\r\n"))


def _line(line: bytes) -> str:
    """UTF-8, also where the PBX cut a name inside a letter (marked), else cp1251 (old Russian PBXs), else marked."""
    text = line.decode("utf-8", "replace")
    torn = text.count("\ufffd")
    if sum(letter > "\x7f" for letter in text) > 2 * torn:
        return text
    return line.decode("cp1251", "replace")


def next_id() -> str:
    """An ActionID never used before."""
    return str(_ids())


def to_wire(action: Mapping[str, str | list[str]], action_id: str) -> bytes:
    """An action as bytes; inside a running event loop only (the library makes a future for each).

    Raises ValueError for a control character, a line or a count over the PBX's limits: the library checks nothing, and
    a CR or LF in a value is another action to the PBX.
    """
    for name, value in {**action, "ActionID": action_id}.items():
        for text in (name, *(value if isinstance(value, list) else [value])):
            if any(unicodedata.category(letter) in _FORBIDDEN for letter in text):
                raise ValueError(f"A control character in {name[:40]!r} of an action.")
    text = str(Action({**action, "ActionID": action_id}))
    lines = text.removesuffix("\r\n\r\n").split("\r\n")
    if len(lines) > HEADERS_LIMIT:
        raise ValueError(f"An action has at most {HEADERS_LIMIT} headers.")
    for line in lines:
        if len(line.encode()) > LINE_LIMIT - 2:
            raise ValueError(f"{line.split(':')[0][:40]!r} of an action is longer than the PBX takes.")
    return text.encode()


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
        name = x.caller_id_name.translate(_UNQUOTED)
        action["CallerID"] = f'"{name}" <{x.caller_id_number}>' if name else x.caller_id_number
    return action | _with(x.headers)


def _call_back(x: c.CallBack) -> Headers:
    action: Headers = {
        "Action": "Originate",
        "Channel": f"Local/{x.number}@{x.context}/n",
        "Context": "trubka-callback",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(x.timeout_s * 1000),
        "ChannelId": f"trubka-{x.request_id}",
        "OtherChannelId": f"trubka-{x.request_id}.2",
        "Variable": [f"TRUBKA_BACK_TO={x.queue}", "_TRUBKA_OWNER=server"],  # the other half of Local dials
    }
    return action | ({"CallerID": x.caller_id_number} if x.caller_id_number else {})


def _take_over(x: c.TakeOver) -> Headers:
    action: Headers = {
        "Action": "Originate",
        "Channel": x.device,
        "Application": "Bridge",
        "Data": x.leg,
        "Async": "true",
        "Timeout": str(x.timeout_s * 1000),
        "ChannelId": f"trubka-{c.MOVES}{x.request_id}",
    }
    if x.caller_id_number:
        action["CallerID"] = x.caller_id_number
    return action | _with(x.headers)


def _spy(x: c.Spy) -> Headers:
    """q: no beep, E: over with the leg, S: and with nobody to hear; a channel is named whole, so no other begins so.

    Never o: by it one hears the agent alone, and not the client. d: a key changes how (SwitchSpy); the phone itself has
    none, so that nobody joins a talk by a slip, or without a line in the journal.
    """
    name = x.caller_id_name.translate(_UNQUOTED)
    shown: Headers = {"CallerID": f'"{name}" <>'} if name else {}
    action: Headers = {
        "Action": "Originate",
        "Channel": x.device,
        "Application": "ChanSpy",
        "Data": f"{x.leg},qdES{SPY_OPTIONS[x.how]}",
        "Async": "true",
        "Timeout": str(x.timeout_s * 1000),
        "ChannelId": f"trubka-{c.MOVES}{x.request_id}",
    }
    keyless = "PJSIP_DTMF_MODE()=none"
    return shown | action | {"Variable": [keyless, *_sip(x.headers)]}


def _record(x: c.RecordTake) -> Headers:
    name = x.caller_id_name.translate(_UNQUOTED)
    shown: Headers = {"CallerID": f'"{name}" <>'} if name else {}
    return shown | {
        "Action": "Originate",
        "Channel": x.device,
        "Context": TAKES,
        "Exten": x.take,
        "Priority": "1",
        "Async": "true",
        "Timeout": str(x.timeout_s * 1000),
        "ChannelId": f"trubka-{c.MOVES}{x.request_id}",
    }


def _with(headers: tuple[tuple[str, str], ...]) -> Headers:
    """SIP headers of the first leg."""
    return {"Variable": _sip(headers)} if headers else {}


def _sip(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"PJSIP_HEADER(add,{name})={value}" for name, value in headers]


def _add(x: c.AddMember) -> Headers:
    action: Headers = {"Action": "QueueAdd", "Queue": x.queue, "Interface": x.device, "Penalty": str(x.penalty)}
    if x.paused:
        action |= {"Paused": "true"} | ({"Reason": x.reason} if x.reason else {})
    return action | ({"MemberName": x.name} if x.name else {})


def _pause(x: c.PauseMember) -> Headers:
    action: Headers = {"Action": "QueuePause", "Interface": x.device, "Paused": "true" if x.paused else "false"}
    return action | ({"Queue": x.queue} if x.queue else {}) | ({"Reason": x.reason} if x.reason else {})


def _mute(x: c.MuteRecording) -> Headers:
    return {"Action": "MixMonitorMute", "Channel": x.leg, "Direction": "both", "State": "1" if x.on else "0"}


def _text(x: c.SendText) -> Headers:
    return {
        "Action": "DongleSendSMS" if x.driver == "dongle" else "QuectelSendSMS",
        "Device": x.device,
        "Number": x.number,
        "Message": x.text,
        "Validity": str(x.valid_min),
        "Report": "yes",
        "Payload": x.mark,
    }


def _redirect(x: c.Redirect) -> Headers:
    action: Headers = {"Action": "Redirect", "Channel": x.leg, "Priority": "1", **_there(x)}
    if x.extra:
        action |= {"ExtraChannel": x.extra, "ExtraContext": x.context, "ExtraExten": x.number, "ExtraPriority": "1"}
    return action


def _there(x: c.Move) -> Headers:
    return {"Context": x.context, "Exten": x.number}


_FORMS: Mapping[type[c.Command], Callable[[Any], Headers]] = {
    c.MakeCall: _make_call,
    c.CallBack: _call_back,
    c.TellCallBacks: lambda _: {
        "Action": "Originate",
        "Channel": "Local/again@trubka-callback/n",
        "Application": "NoOp",
        "Async": "true",
    },
    c.TakeOver: _take_over,
    c.RecordTake: _record,
    c.Spy: _spy,
    c.SwitchSpy: lambda x: {
        "Action": "PlayDTMF",
        "Channel": x.leg,
        "Digit": SPY_KEYS[x.how],
        "Receive": "true",
    },
    c.ClearConnection: lambda x: {"Action": "Hangup", "Channel": x.leg},
    c.SendDigit: lambda x: {"Action": "PlayDTMF", "Channel": x.leg, "Digit": x.digit},
    c.MuteRecording: _mute,
    c.AddMember: _add,
    c.RemoveMember: lambda x: {"Action": "QueueRemove", "Queue": x.queue, "Interface": x.device},
    c.SetPenalty: lambda x: {
        "Action": "QueuePenalty",
        "Queue": x.queue,
        "Interface": x.device,
        "Penalty": str(x.penalty),
    },
    c.PauseMember: _pause,
    c.Redirect: _redirect,
    c.BlindTransfer: lambda x: {"Action": "BlindTransfer", "Channel": x.leg} | _there(x),
    c.AttendedTransfer: lambda x: {"Action": "Atxfer", "Channel": x.leg} | _there(x),
    c.CancelTransfer: lambda x: {"Action": "CancelAtxfer", "Channel": x.leg},
    c.GetVariable: lambda x: {"Action": "GetVar", "Variable": x.name} | ({"Channel": x.leg} if x.leg else {}),
    c.RingAt: lambda x: {"Action": "Setvar", "Variable": f"TRUBKA_RING_{x.extension}", "Value": x.device},
    c.SendUserEvent: lambda x: {"Action": "UserEvent", "UserEvent": x.name},
    c.SendText: _text,
    c.ShowChannels: lambda _: {"Action": "CoreShowChannels"},
    c.ShowQueues: lambda _: {"Action": "QueueStatus"},
    c.ListBridges: lambda _: {"Action": "BridgeList"},
    c.BridgeDetails: lambda x: {"Action": "BridgeInfo", "BridgeUniqueid": x.bridge},
    c.ListDeviceStates: lambda _: {"Action": "DeviceStateList"},
    c.ListParked: lambda _: {"Action": "ParkedCalls"},
    c.ListLots: lambda _: {"Action": "Parkinglots"},
    c.ListMailboxes: lambda _: {"Action": "VoicemailUsersList"},
    c.ShowQueueRules: lambda _: {"Action": "QueueRule"},
    c.ListCommands: lambda _: {"Action": "ListCommands"},
    c.CoreSettings: lambda _: {"Action": "CoreSettings"},
    c.CoreStatus: lambda _: {"Action": "CoreStatus"},
    c.ReadSetting: lambda x: {"Action": "GetVar", "Variable": f"AST_CONFIG({x.file},{x.section},{x.key},{x.at})"},
    c.ShowDialplan: lambda x: {"Action": "ShowDialPlan"} | ({"Context": x.context} if x.context else {}),
    c.Ping: lambda _: {"Action": "Ping"},
}
