"""What the tracker tells the rest of the server, in CSTA words (ECMA-269); `docs/glossary.md` maps them to Asterisk.

All records are frozen. `call` is the stable id of the logical call (it never changes during the call, whatever
Asterisk's Linkedid does). `at` is the PBX's own UNIX time where the event carried one, else the time of receipt.
`leg` is the Asterisk channel name (`PJSIP/101-0000001a`), `leg_id` its Uniqueid; `device` is its endpoint
(`PJSIP/101`), None for a trunk's leg. They are msgspec structs: made in a third of a dataclass's time (decision 0008).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cti.telephony.records import CallRecord as CallRecord
from cti.telephony.records import Conference as Conference
from cti.telephony.records import Direction as Direction
from cti.telephony.records import LegRecord as LegRecord
from cti.telephony.records import LegResult as LegResult
from cti.telephony.records import Outcome as Outcome
from cti.telephony.records import Party as Party
from cti.telephony.records import Reason as Reason
from cti.telephony.records import Release as Release
from cti.telephony.records import Transfer as Transfer
from cti.telephony.records import Wait as Wait

DeviceStatus = Literal["unknown", "idle", "ringing", "in-call", "on-hold", "busy", "unreachable"]


class TelephonyEvent(Struct, frozen=True, kw_only=True):
    """Base of everything the tracker emits."""

    at: float | None = None


class CallEvent(TelephonyEvent, frozen=True, kw_only=True):
    """Base of the events of one call."""

    call: str


class Originated(CallEvent, frozen=True, kw_only=True):
    """A call exists: its first leg was seen (also after attaching mid-call: attached=True)."""

    leg: str
    leg_id: str
    device: str | None
    direction: Direction | None
    caller: Party
    called: str | None
    placed_by: str | None = None
    attached: bool = False


class CallChanged(CallEvent, frozen=True, kw_only=True):
    """Late knowledge about a call: direction, caller or dialled number became known or better."""

    record: CallRecord


class CallMerged(CallEvent, frozen=True, kw_only=True):
    """`call` turned out to be part of another (a consultation, a pick-up): from now on it is `into`.

    No CallCleared follows for `call`; its legs, conversations and transfers are in the record of `into`.
    """

    into: str


class Queued(CallEvent, frozen=True, kw_only=True):
    """The caller waits in a queue."""

    leg: str
    queue: str
    position: int | None = None


class Dequeued(CallEvent, frozen=True, kw_only=True):
    """The caller left the queue.

    how: answered, abandoned, diverted, timeout, leaveempty, joinempty, full, closed or other.
    """

    leg: str
    queue: str
    how: str


class Delivered(CallEvent, frozen=True, kw_only=True):
    """A device rings. One event per ringing device; `targets` holds all devices known to ring for this call now.

    calling: the party shown to the ringing device (after a transfer: the transferred party, not the transferer).
    called: number the caller dialled. queue: the queue the ring comes from. first: the device rings for this call
    for the first time (False: queue retry). placed_by: request id of our MakeCall, whose own device rings first.
    """

    leg: str
    leg_id: str
    device: str | None
    calling: Party
    called: str | None
    queue: str | None = None
    targets: tuple[str, ...] = ()
    first: bool = True
    placed_by: str | None = None


class Established(CallEvent, frozen=True, kw_only=True):
    """Two real parties share a bridge: `leg` (answering side) talks with `peer`."""

    leg: str
    device: str | None
    peer: str
    peer_device: str | None


class Conferenced(CallEvent, frozen=True, kw_only=True):
    """Three parties or more hear each other: who, each time that it changes; nobody once it is a talk of two again."""

    legs: tuple[str, ...]
    parties: tuple[Party, ...]


class Held(CallEvent, frozen=True, kw_only=True):
    """`leg` put the other party on hold."""

    leg: str
    device: str | None


class Retrieved(CallEvent, frozen=True, kw_only=True):
    """`leg` took the other party back from hold."""

    leg: str
    device: str | None


class Muted(CallEvent, frozen=True, kw_only=True):
    """`leg` is not heard in its conference (on), or is heard again (off)."""

    leg: str
    device: str | None
    on: bool


class Transferred(CallEvent, frozen=True, kw_only=True):
    """The call moved to another party; card and notes stay with the call."""

    transfer: Transfer
    by_device: str | None
    to_devices: tuple[str, ...] = ()


class ConnectionCleared(CallEvent, frozen=True, kw_only=True):
    """A leg is over (each ring of a queue's retry is a leg of its own).

    taken_by: the device that answered, where result is answered-elsewhere.
    """

    leg: str
    leg_id: str
    device: str | None
    result: LegResult
    cause: int | None = None
    taken_by: str | None = None


class CallCleared(CallEvent, frozen=True, kw_only=True):
    """The call is over; `record` is its final account with outcome."""

    record: CallRecord


class DialFailed(CallEvent, frozen=True, kw_only=True):
    """A MakeCall of ours did not come about. placed_by: its request id. cause: Q.850 or None."""

    placed_by: str
    outcome: Outcome
    cause: int | None = None


class DeviceChanged(TelephonyEvent, frozen=True, kw_only=True):
    """A device's own state, from DeviceStateChange, ContactStatus, PeerStatus or the snapshot."""

    device: str
    status: DeviceStatus


class MemberChanged(TelephonyEvent, frozen=True, kw_only=True):
    """A queue member's state. removed: the member left the queue."""

    queue: str
    device: str
    paused: bool = False
    pause_reason: str | None = None
    in_call: bool = False
    removed: bool = False


class CallVariables(CallEvent, frozen=True, kw_only=True):
    """Card variables a dialplan sent by UserEvent(Trubka,...) for this call."""

    variables: dict[str, str] = {}


class StepTaken(CallEvent, frozen=True, kw_only=True):
    """A call came to a step of a generated dialplan (UserEvent TrubkaStep). All as the PBX says it.

    node, kind: the step. key: pressed last; hours: what the opening hours asked last said.
    """

    node: str
    kind: str = ""
    key: str = ""
    hours: str = ""


class Spied(CallEvent, frozen=True, kw_only=True):
    """Somebody begins to hear another's conversation by a code at his phone (UserEvent TrubkaSpy).

    by, of: their extensions as the dialplan says them; near: a device of the same PBX, None where none is known.
    """

    by: str
    of: str
    near: str | None = None


class Overhears(CallEvent, frozen=True, kw_only=True):
    """`leg` listens to the talk of the channel `of` from now on ("?": the PBX did not say whose), or to none ("").

    placed_by: as in Delivered.
    """

    leg: str
    device: str | None
    of: str
    placed_by: str | None = None


class Scored(CallEvent, frozen=True, kw_only=True):
    """The client gave the call a mark, 1 to 5 (UserEvent TrubkaScore)."""

    score: int


class RecordingBegan(CallEvent, frozen=True, kw_only=True):
    """The dialplan began to record the call (UserEvent TrubkaRecording).

    leg: the recorded one. file: a plain path below the folder of recordings. announced: before; demanded: by a key.
    """

    leg: str = ""
    file: str
    announced: bool = False
    demanded: bool = False


class RecordingEnded(CallEvent, frozen=True, kw_only=True):
    """A recording ended before its call did (UserEvent TrubkaRecorded). refused: the client said no, none is kept."""

    file: str
    refused: bool = False


class CallBackAsked(CallEvent, frozen=True, kw_only=True):
    """The client asks to be called back (UserEvent TrubkaCallback). queue: whose place is kept, "" for none.

    joined: when he came into that queue, UNIX seconds; None where he was not in it. number: as the dialplan kept it of
    a call that is over, None while it goes on.
    """

    queue: str
    joined: float | None = None
    number: str | None = None


class SnapshotTaken(TelephonyEvent, frozen=True, kw_only=True):
    """After connect or reconnect, the tracker agrees with the PBX. open_calls: ids of the calls now running.

    prefix: with what this PBX's ids begin; of other PBXes' calls nothing is said. "" where there is only one.
    """

    open_calls: frozenset[str]
    prefix: str = ""


class LinkChanged(TelephonyEvent, frozen=True, kw_only=True):
    """The AMI link came up, went down or was refused. detail: a sentence for the operator (no secrets).

    prefix: with what the ids of this PBX begin.
    """

    state: Literal["connecting", "up", "down", "refused"]
    detail: str = ""
    prefix: str = ""


class PbxRestarted(TelephonyEvent, frozen=True, kw_only=True):
    """The PBX said Shutdown or came back with a new clock of Uniqueids: all its calls are over."""
