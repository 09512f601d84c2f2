"""The tracker's own memory: legs, bridges and calls as they stand now. Mutable, and seen by nobody outside.

A leg is one Asterisk channel, known by its Uniqueid (names repeat after a restart and change on a masquerade).
A bridge is where legs hear each other. A call is everything between one caller's first leg and the last hang-up,
whatever bridges, transfers and consultations lie between; its id is the Linkedid of the first sight.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cti.telephony.devices import DevicePlan, Kind
from cti.telephony.events import (
    CallRecord,
    Conference,
    Direction,
    LegRecord,
    LegResult,
    Outcome,
    Party,
    Reason,
    Release,
    Transfer,
    Wait,
)
from cti.telephony.transitions import NEW

__all__ = ["Bridge", "Call", "Conferring", "DevicePlan", "Handover", "Leg", "TransferKind", "Waiting"]

TransferKind = Literal["blind", "attended", "blonde"]


@dataclass(slots=True, eq=False)
class Leg:
    """One channel. parent: id of the leg that dials it. source: the real leg that calls it, through Local halves."""

    id: str
    name: str
    order: int  # sequence of first sight
    call: Call
    linkedid: str
    endpoint: str
    kind: Kind
    state: str = ""
    phase: int = NEW
    told: int = NEW  # phase that listeners know of
    number: str = ""
    label: str = ""  # caller id name
    connected: str = ""
    connected_label: str = ""
    exten: str = ""
    account: str = ""
    base: str | None = None  # shared name of a Local pair
    half: Leg | None = None
    parent: str | None = None
    source: Leg | None = None
    dialled: bool = False
    originated: bool = False
    status: str = ""  # of its DialEnd
    queue: str | None = None
    bridge: Bridge | None = None
    up_order: int = 0  # sequence of the answer, 0 = not answered
    taken: Leg | None = None  # of those this leg calls, the one that answered last
    talked: bool = False
    held: bool = False  # it holds its peer
    holding: bool = False  # and it is in the bridge where it does
    talking: bool = False  # it hears another party now
    since: float | None = None  # when the clock of its talk or hold was last started
    talk: float = 0.0  # seconds of talk, of hold: what is over of them
    hold: float = 0.0
    untimed: bool = False  # some of it has no time
    hidden: bool = False  # its number is not to be shown
    hears: str = ""  # name of the channel that it listens to (ChanSpy)
    transferer: bool = False
    forwarded: bool = False  # it sent its caller elsewhere (302, a forwarding phone)
    shown_caller: Leg | None = None  # whom the last Delivered named
    started: float | None = None
    rang: float | None = None
    answered: float | None = None
    ended: float | None = None
    seen: float = 0.0  # time of receipt of its last event
    snapshot: tuple[str, ...] | None = None  # its headers when last seen, where the event had them all
    missed: float | None = None  # `seen` when a snapshot first did not list it
    certain: bool = False  # its birth was seen, or a snapshot listed it
    gone: bool = False
    cause: int = 0
    result: LegResult | None = None

    @property
    def real(self) -> bool:
        """A party's leg, not a Local half or a helper of the PBX."""
        return self.kind != "pseudo"

    def record(self, prefix: str) -> LegRecord:
        """Frozen account of the leg."""
        return LegRecord(
            leg=self.name,
            leg_id=self.id,
            device=self.device(prefix),
            rang=self.rang,
            answered=self.answered,
            ended=self.ended,
            result=self.result,
            cause=self.cause if self.gone else None,
            talk=None if self.untimed else round(self.talk, 3),
            hold=None if self.untimed else round(self.hold, 3),
            since=self.since,
            hears=self.hears,
        )

    def device(self, prefix: str) -> str | None:
        """Id of its device, None for a trunk's leg."""
        return prefix + self.endpoint if self.kind == "device" else None


@dataclass(slots=True, eq=False)
class Bridge:
    """Legs that hear each other, known to us or not. holding: a waiting room (parking), where nobody hears anybody."""

    id: str
    holding: bool = False
    count: int = 0  # how many legs the PBX says are in it
    members: dict[str, Leg] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)  # ids of who was here while the tracker looked
    beside: list[Leg] = field(default_factory=list)  # of these, who left a leg behind that was never seen to enter

    def strangers(self) -> bool:
        """Whether a leg is in it that was never seen."""
        return self.count > len(self.members) and not self.holding


@dataclass(slots=True, eq=False)
class Handover:
    """A transfer under way. handed: the legs that were passed on."""

    kind: TransferKind
    by: Leg
    handed: list[Leg] = field(default_factory=list)
    to: list[Leg] = field(default_factory=list)

    def record(self) -> Transfer:
        """Frozen account of the transfer."""
        return Transfer(kind=self.kind, by=self.by.name, to=tuple(leg.name for leg in self.to))


@dataclass(slots=True, eq=False)
class Conferring:
    """A talk of three or more: whoever was in it."""

    began: float | None
    ended: float | None = None
    legs: list[str] = field(default_factory=list)

    def record(self) -> Conference:
        """Frozen account of it."""
        return Conference(began=self.began, ended=self.ended, legs=tuple(self.legs))


@dataclass(slots=True, eq=False)
class Waiting:
    """One stay in a queue."""

    queue: str
    joined: float | None
    position: int | None = None
    left: float | None = None
    how: str | None = None  # None: still there

    def record(self) -> Wait:
        """Frozen account of the stay."""
        return Wait(queue=self.queue, joined=self.joined, left=self.left, how=self.how, position=self.position)


@dataclass(slots=True, eq=False)
class Call:
    """One logical call. links: every Linkedid that leads here. legs: the living; past: real legs that ended."""

    id: str
    order: int
    links: set[str] = field(default_factory=set)
    legs: dict[str, Leg] = field(default_factory=dict)
    past: list[Leg] = field(default_factory=list)
    caller: Leg | None = None
    called: str | None = None
    queue: str | None = None
    waiting: str | None = None  # queue the caller waits in now
    abandoned: bool = False
    picked: bool = False  # somebody of ours takes the caller out of his queue
    given_up: bool = False  # by a queue whose members did not answer in time
    caller_left: bool = False
    voicemail: bool = False
    asked_back: bool = False  # the caller asked to be called back
    waits: list[Waiting] = field(default_factory=list)
    hung_up: Leg | None = None  # who hung up, since it last went on
    left: Leg | None = None  # who broke off the last conversation by leaving it
    unseen: tuple[float | None, float | None] | None = None  # between what times it ended
    certain: bool = False  # the birth of its first leg was seen, or a snapshot listed it
    started: float | None = None
    queued: float | None = None
    answered: float | None = None
    ended: float | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    placed_by: str | None = None
    announced: bool = False
    told: tuple[object, ...] = ()  # what listeners know of direction, caller and dialled number
    pairs: dict[tuple[str, str], tuple[int, Leg, Leg]] = field(default_factory=dict)
    handovers: list[Handover] = field(default_factory=list)
    bridges: dict[str, Bridge] = field(default_factory=dict)
    rung: set[str] = field(default_factory=set)
    together: tuple[Leg, ...] = ()  # three or more that hear each other now, as listeners were told
    conferences: list[Conferring] = field(default_factory=list)

    def doubtful(self) -> bool:
        """Whether legs of it may live that were never seen: it was met in the middle, or its bridges are not empty."""
        return not self.certain or any(bridge.strangers() for bridge in self.bridges.values())

    def parties(self) -> list[Leg]:
        """Real legs, living and past, in order of first sight."""
        return sorted([*self.past, *(leg for leg in self.legs.values() if leg.real)], key=lambda leg: leg.order)

    def talked(self) -> tuple[tuple[str, str], ...]:
        """Names of the pairs that spoke, in the order they first did."""
        return tuple((a.name, b.name) for _, a, b in sorted(self.pairs.values(), key=lambda pair: pair[0]))

    def record(self, prefix: str, direction: Direction | None, caller: Party) -> CallRecord:
        """Frozen account of the call as known now."""
        return CallRecord(
            call=self.id,
            direction=direction,
            caller=caller,
            called=self.called,
            queue=self.queue,
            started=self.started,
            queued=self.queued,
            answered=self.answered,
            ended=self.ended,
            outcome=self.outcome,
            reason=self.reason,
            talked=self.talked(),
            transfers=tuple(handover.record() for handover in self.handovers),
            legs=tuple(leg.record(prefix) for leg in self.parties()),
            placed_by=self.placed_by,
            waits=tuple(wait.record() for wait in self.waits),
            release=self.release(),
            unseen=self.unseen,
            conferences=tuple(one.record() for one in self.conferences),
        )

    def release(self) -> Release | None:
        """Who ended it; None while it goes on, and where its end was not seen from the beginning."""
        if self.outcome is None or self.reason is not None:
            return None
        leg = self.hung_up or self.left  # a leg that is cut off on demand only leaves
        if leg is None:
            cause = self.caller.cause if self.caller is not None else None
            return Release(side="pbx", cause=cause) if self.certain else None
        return Release(side="caller" if leg is self.caller else "called", leg=leg.name, cause=leg.cause)
