"""What makes the PBX call somebody: a phone of ours, a client, a phone that takes a talk over or speaks a sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from cti.telephony.command_values import (
    CONTEXT,
    HEADER,
    ID,
    LEG,
    NAME,
    NUMBER,
    PHONE,
    TAKE,
    TEXT,
    VALUE,
    Command,
    must,
    must_be_within,
)

SpyHow = Literal["listen", "whisper", "barge"]
MOVES = "move."  # what stands before the request id of a TakeOver's leg; no request id of a click has a dot


@dataclass(frozen=True, kw_only=True, slots=True)
class MakeCall(Command):
    """Ring `device`, then dial `number` in `context`. headers: SIP headers for the device (auto-answer).

    The first leg's Uniqueid is `trubka-<request_id>`: so the tracker knows whose call it is.
    """

    effect: ClassVar[bool] = True
    device: str
    number: str
    context: str
    request_id: str
    caller_id_number: str = ""
    caller_id_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    timeout_s: int = 30

    def __post_init__(self) -> None:
        must(PHONE, self.device, "a phone")
        must(NUMBER, self.number, "a number to dial")
        must(CONTEXT, self.context, "a context")
        must_be_within(1, self.timeout_s, 300, "seconds to ring")
        must(ID, self.request_id, "a request id")
        if self.caller_id_number:
            must(NUMBER, self.caller_id_number, "a number to show")
        must(TEXT, self.caller_id_name, "a name to show")
        for name, value in self.headers:
            must(HEADER, name, "a SIP header")
            must(VALUE, value, "a SIP header's value")


@dataclass(frozen=True, kw_only=True, slots=True)
class TellCallBacks(Command):
    """The dialplan tells once more who asked to be called back, as far as it holds them (recipes/call_back.py)."""

    effect: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True, slots=True)
class CallBack(Command):
    """Dial `number` in `context`, by the PBX's own routes; who picks up is the first in `queue`.

    What he comes into is dialplan/recipes/call_back.py. The first leg's Uniqueid is `trubka-<request_id>`.
    """

    effect: ClassVar[bool] = True
    number: str
    context: str
    queue: str
    request_id: str
    caller_id_number: str = ""
    timeout_s: int = 30

    def __post_init__(self) -> None:
        must(NUMBER, self.number, "a number to dial")
        must(CONTEXT, self.context, "a context")
        must(NAME, self.queue, "a queue")
        must(ID, self.request_id, "a request id")
        must_be_within(1, self.timeout_s, 300, "seconds to ring")
        if self.caller_id_number:
            must(NUMBER, self.caller_id_number, "a number to show")


@dataclass(frozen=True, kw_only=True, slots=True)
class TakeOver(Command):
    """Ring `device`; when it answers it takes the place of whoever talks with `leg`, who hears nothing of it before.

    The new leg's Uniqueid is `trubka-move.<request_id>`: a way to somewhere else and no call of its own.
    """

    effect: ClassVar[bool] = True
    device: str
    leg: str
    request_id: str
    caller_id_number: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    timeout_s: int = 30

    def __post_init__(self) -> None:
        must(PHONE, self.device, "a phone")
        must(LEG, self.leg, "a channel")
        must_be_within(1, self.timeout_s, 300, "seconds to ring")
        must(ID, self.request_id, "a request id")
        if self.caller_id_number:
            must(NUMBER, self.caller_id_number, "a number to show")
        for name, value in self.headers:
            must(HEADER, name, "a SIP header")
            must(VALUE, value, "a SIP header's value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spy(Command):
    """Ring `device`; who answers hears `leg` and whom it talks to, until the leg ends.

    how: listen; whisper (`leg` hears him, the other does not); barge (both hear him). As with a TakeOver the new leg is
    no call of anybody's: its Uniqueid is `trubka-move.<request_id>`.
    """

    effect: ClassVar[bool] = True
    device: str
    leg: str
    how: SpyHow
    request_id: str
    caller_id_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    timeout_s: int = 20

    def __post_init__(self) -> None:
        must(PHONE, self.device, "a phone")
        must(LEG, self.leg, "a channel")
        if self.how not in get_args(SpyHow):
            raise ValueError(f"{self.how[:40]!r} is no way to listen.")
        must(ID, self.request_id, "a request id")
        must(TEXT, self.caller_id_name, "a name to show")
        must_be_within(1, self.timeout_s, 300, "seconds to ring")
        for name, value in self.headers:
            must(HEADER, name, "a SIP header")
            must(VALUE, value, "a SIP header's value")


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchSpy(Command):
    """The leg of a Spy goes on in another way, at once and without a new call.

    It is told by a key as if its phone had sent it, which a PBX older than 16.8 does not know how to do.
    """

    effect: ClassVar[bool] = True
    leg: str
    how: SpyHow

    def __post_init__(self) -> None:
        must(LEG, self.leg, "a channel")
        if self.how not in get_args(SpyHow):
            raise ValueError(f"{self.how[:40]!r} is no way to listen.")


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordTake(Command):
    """Ring `device`; who answers speaks a sound, which the PBX keeps under `take` (dialplan/recipes/takes.py).

    As with a TakeOver the leg is no call of anybody's: its Uniqueid is `trubka-move.<request_id>`.
    """

    effect: ClassVar[bool] = True
    device: str
    take: str
    request_id: str
    caller_id_name: str = ""
    timeout_s: int = 30

    def __post_init__(self) -> None:
        must(PHONE, self.device, "a phone")
        must(TAKE, self.take, "the number of a take")
        must(ID, self.request_id, "a request id")
        must(TEXT, self.caller_id_name, "a name to show")
        must_be_within(1, self.timeout_s, 300, "seconds to ring")
