"""Everything the server may ask of a PBX: a closed list of records, nothing passes that is not here.

Pure. Each record checks its own values when it is made (ValueError with a sentence), so what reaches the codec is
already harmless: numbers are digits, names are names, contexts come from settings. `effect` tells whether the PBX
changes something: such an action is never sent twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cti.telephony.command_values import (
    CONTEXT,
    DIGIT,
    DRIVER,
    GSM_NUMBER,
    ID,
    LEG,
    MODEM,
    NAME,
    NUMBER,
    PHONE,
    SECTION,
    SETTINGS,
    SHORT,
    SMS,
    TEXT,
    VARIABLE,
    must,
    must_be_within,
)
from cti.telephony.command_values import Command as Command
from cti.telephony.placing import MOVES as MOVES
from cti.telephony.placing import CallBack as CallBack
from cti.telephony.placing import MakeCall as MakeCall
from cti.telephony.placing import RecordTake as RecordTake
from cti.telephony.placing import Spy as Spy
from cti.telephony.placing import SpyHow as SpyHow
from cti.telephony.placing import SwitchSpy as SwitchSpy
from cti.telephony.placing import TakeOver as TakeOver
from cti.telephony.placing import TellCallBacks as TellCallBacks


@dataclass(frozen=True, kw_only=True, slots=True)
class ClearConnection(Command):
    """Hang up one leg."""

    effect: ClassVar[bool] = True
    leg: str

    def __post_init__(self) -> None:
        must(LEG, self.leg, "a channel")


@dataclass(frozen=True, kw_only=True, slots=True)
class SendDigit(Command):
    """Play one tone to a leg."""

    effect: ClassVar[bool] = True
    leg: str
    digit: str

    def __post_init__(self) -> None:
        must(LEG, self.leg, "a channel")
        must(DIGIT, self.digit, "a tone (0-9 * # A-D)")


@dataclass(frozen=True, kw_only=True, slots=True)
class MuteRecording(Command):
    """What a leg's recording hears is silence from now on, or (not on) the talk again."""

    effect: ClassVar[bool] = True
    leg: str
    on: bool

    def __post_init__(self) -> None:
        must(LEG, self.leg, "a channel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Move(Command):
    """Base of what sends somebody to a number of a context."""

    effect: ClassVar[bool] = True
    leg: str
    context: str
    number: str

    def __post_init__(self) -> None:
        must(LEG, self.leg, "a channel")
        must(CONTEXT, self.context, "a context")
        must(NUMBER, self.number, "a number to dial")


@dataclass(frozen=True, kw_only=True, slots=True)
class Redirect(Move):
    """`leg` itself goes to the number; whom it talked to is left alone, or is `extra` and goes there with it."""

    extra: str = ""

    def __post_init__(self) -> None:
        Move.__post_init__(self)
        if self.extra:
            must(LEG, self.extra, "a channel")


@dataclass(frozen=True, kw_only=True, slots=True)
class BlindTransfer(Move):
    """Whom `leg` talks to goes to the number, nobody asks there first; `leg` is free."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttendedTransfer(Move):
    """`leg` asks at the number first; whom it talked to hears music meanwhile."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelTransfer(Command):
    """`leg` asks no longer: whoever it rang or asked is let go, and it is back with whom it talked to."""

    effect: ClassVar[bool] = True
    leg: str

    def __post_init__(self) -> None:
        must(LEG, self.leg, "a channel")


@dataclass(frozen=True, kw_only=True, slots=True)
class AddMember(Command):
    """Put a device into a queue, paused from its first moment where asked."""

    effect: ClassVar[bool] = True
    queue: str
    device: str
    name: str = ""
    penalty: int = 0
    paused: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        must(NAME, self.queue, "a queue")
        must(NAME, self.device, "a device")
        must(TEXT, self.name, "a name")
        must(TEXT, self.reason, "a reason")
        must_be_within(0, self.penalty, 1000, "a penalty")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveMember(Command):
    """Take a device out of a queue."""

    effect: ClassVar[bool] = True
    queue: str
    device: str

    def __post_init__(self) -> None:
        must(NAME, self.queue, "a queue")
        must(NAME, self.device, "a device")


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPenalty(Command):
    """How late a queue rings a device: those of lower penalties first."""

    effect: ClassVar[bool] = True
    queue: str
    device: str
    penalty: int

    def __post_init__(self) -> None:
        must(NAME, self.queue, "a queue")
        must(NAME, self.device, "a device")
        must_be_within(0, self.penalty, 1000, "a penalty")


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseMember(Command):
    """Pause a device in one queue, or in all of them (queue empty)."""

    effect: ClassVar[bool] = True
    device: str
    paused: bool
    queue: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        must(NAME, self.device, "a device")
        if self.queue:
            must(NAME, self.queue, "a queue")
        must(TEXT, self.reason, "a reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class GetVariable(Command):
    """One of the few variables worth asking for: a phone's contact, its model, address and codecs, a leg's Call-ID.

    leg "": of the PBX.
    """

    name: str
    leg: str = ""

    def __post_init__(self) -> None:
        if self.leg:
            must(LEG, self.leg, "a channel")
        must(VARIABLE, self.name, "a variable we may ask for")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSetting(Command):
    """How the PBX is set: one value of a file of its own (function AST_CONFIG), of those that tell no secret.

    at: which of several, the first is 0. The PBX reads the file anew, with its templates and includes.
    """

    file: str
    section: str
    key: str
    at: int = 0

    def __post_init__(self) -> None:
        if self.key not in SETTINGS.get(self.file, ()):
            raise ValueError(f"{self.key[:40]!r} of {self.file[:40]!r} is not a setting we may read.")
        must(SECTION, self.section, "a section of a file")
        must_be_within(0, self.at, 100, "a place among values")


@dataclass(frozen=True, kw_only=True, slots=True)
class RingAt(Command):
    """Calls to an extension ring this phone of its person's (global variable of dialplan/recipes/internal.py)."""

    effect: ClassVar[bool] = True
    extension: str
    device: str

    def __post_init__(self) -> None:
        must(SHORT, self.extension, "an extension")
        must(PHONE, self.device, "a phone")


@dataclass(frozen=True, kw_only=True, slots=True)
class SendUserEvent(Command):
    """An event of our own, which comes back to every listener: proves that events arrive."""

    effect: ClassVar[bool] = True
    name: str

    def __post_init__(self) -> None:
        must(ID, self.name, "an event's name")


@dataclass(frozen=True, kw_only=True, slots=True)
class SendText(Command):
    """An SMS by a modem of the PBX. valid_min: minutes after which it is not to be delivered; mark: comes with reports.

    Action `DongleSendSMS` or `QuectelSendSMS`: Device, Number, Message, Validity, Report, Payload. An action's line is
    of 1,024 bytes and has no line breaks, so neither has the text.
    """

    effect: ClassVar[bool] = True
    driver: str
    device: str
    number: str
    text: str
    mark: str
    valid_min: int = 1440

    def __post_init__(self) -> None:
        must(DRIVER, self.driver, "a driver of modems")
        must(MODEM, self.device, "a modem")
        must(GSM_NUMBER, self.number, "a number to write to")
        must(SMS, self.text, "a text of one line")
        must(ID, self.mark, "a mark")
        must_be_within(1, len(self.text.encode()), 1000, "bytes of an SMS by a modem")
        must_be_within(5, self.valid_min, 90720, "minutes that an SMS is good for")


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowChannels(Command):
    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowQueues(Command):
    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ListBridges(Command):
    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgeDetails(Command):
    lists: ClassVar[bool] = True
    bridge: str

    def __post_init__(self) -> None:
        must(NAME, self.bridge, "a bridge")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListDeviceStates(Command):
    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ListParked(Command):
    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ListLots(Command):
    """Parking lots with their slots."""

    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ListMailboxes(Command):
    """Mailboxes of voicemail with their people. A PBX that has none at all ends no list."""

    lists: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowQueueRules(Command):
    """Whom the wait brings in; in the headers of the one answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListCommands(Command):
    """Every action this account may use: its rights, one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreSettings(Command):
    """Version and limits of the PBX."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreStatus(Command):
    """When the PBX started and was last reloaded, and how many calls it has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowDialplan(Command):
    """One context of the running dialplan; "": all of it."""

    lists: ClassVar[bool] = True
    context: str = ""

    def __post_init__(self) -> None:
        if self.context:
            must(CONTEXT, self.context, "a context")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping(Command):
    """Is it there; the answer carries its clock."""
