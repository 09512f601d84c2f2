"""What the tracker knows now: legs by Uniqueid, calls by Linkedid, bridges; and how a call begins, joins and ends.

Every AMI event that names a channel carries the channel's whole snapshot. So every handler first *sights* the leg:
updates it, or creates it from whatever event arrived. A lost or repeated event and a start in mid-call are ordinary.
Legs that hung up leave a grave for a while, so that a late event does not raise them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import NamedTuple

from cti.telephony.devices import DevicePlan, Kind, endpoint_of, is_pseudo, local_base, own_number, shown
from cti.telephony.events import (
    CallChanged,
    CallMerged,
    CallRecord,
    DeviceStatus,
    Direction,
    Originated,
    Party,
    TelephonyEvent,
)
from cti.telephony.model import Bridge, Call, Leg
from cti.telephony.transitions import PHASE_OF_STATE, UP

OURS = "trubka-"  # Uniqueid of the first leg of a MakeCall of ours: this and the request id
GRAVE_S = 120.0
GRAVES = 50_000
FEW_GRAVES = 200
NOT_DIALLED = frozenset({"", "s", "h", "i", "t", "o", "a", "T", "e", "fax", "failed", "onhangup"})
SHORT_LEN = 5

Headers = Mapping[str, str]


class Keys(NamedTuple):
    """Header names of one channel's snapshot."""

    uniqueid: str
    linkedid: str
    channel: str
    state: str
    number: str
    label: str
    connected: str
    connected_label: str
    exten: str
    account: str
    whole: Callable[[Headers], tuple[str, ...]]  # takes the whole snapshot out of the headers at once


def keys(prefix: str = "") -> Keys:
    """Header names of the snapshot under a prefix: "" own, "Dest", "Transferer", "LocalOne" and the like."""
    names = (
        "Uniqueid Linkedid Channel ChannelState CallerIDNum CallerIDName "
        "ConnectedLineNum ConnectedLineName Exten AccountCode"
    )
    found = [prefix + name for name in names.split()]
    return Keys(*found[:10], itemgetter(*found))  # type: ignore[call-arg, arg-type]  # ten names and what takes them


OWN = keys()
DEST = keys("Dest")


class Book:
    """State of one PBX and the events it has given rise to (`out`)."""

    def __init__(self, plan: DevicePlan, prefix: str) -> None:
        self.plan = plan
        self.prefix = prefix
        self.legs: dict[str, Leg] = {}
        self.links: dict[str, Call] = {}
        self.bridges: dict[str, Bridge] = {}
        self.orphans: list[Call] = []  # calls without a known leg that may not be over
        self.stirred: set[Call] = set()  # calls in whose bridges somebody came or went
        self.graves: dict[str, float] = {}
        self.learned: set[str] = set()  # endpoints proved to be devices
        self.devices: dict[str, DeviceStatus] = {}
        self.members: dict[tuple[str, str], tuple[bool, str | None, bool]] = {}  # (queue, device) -> standing
        self.booted = ""  # when the PBX says that it was started
        self.out: list[TelephonyEvent] = []
        self.counters: dict[str, int] = {}
        self.now = 0.0
        self.heard = 0.0  # when the PBX was last heard before the snapshot or the end of the stream
        self.at: float | None = None
        self._order = 0

    # --- small things -------------------------------------------------------------------------------------------

    def next(self) -> int:
        """The next number of one rising sequence of sights."""
        self._order += 1
        return self._order

    def count(self, what: str) -> None:
        """Note an oddity."""
        self.counters[what] = self.counters.get(what, 0) + 1

    def calls(self) -> list[Call]:
        """Open calls, oldest first."""
        return sorted(dict.fromkeys(self.links.values()), key=lambda call: call.order)

    def device(self, leg: Leg) -> str | None:
        """Id of the leg's device, None for a trunk's."""
        return leg.device(self.prefix)

    # --- sighting -----------------------------------------------------------------------------------------------

    def sight(self, headers: Headers, names: Keys = OWN, *, born: bool = False) -> Leg | None:
        """The leg an event speaks of, brought up to date; None where the event names none or a dead one."""
        get = headers.get
        uniqueid = get(names.uniqueid)
        if not uniqueid:
            return None
        leg = self.legs.get(uniqueid)
        try:
            snapshot = names.whole(headers)
        except KeyError:
            snapshot = None
        if leg is not None and snapshot is not None and leg.snapshot == snapshot and not born and leg.call.announced:
            leg.seen = self.now
            return leg  # nothing new of it, as in most events
        if leg is None:
            channel = get(names.channel)
            if uniqueid in self.graves or not channel:
                self.count("events of dead legs")
                return None
            leg = self._born(uniqueid, channel, get(names.linkedid) or uniqueid, headers, names)
        leg.seen = self.now
        if born:
            leg.certain = True
            if uniqueid == leg.linkedid:
                leg.call.certain = True
        self._update(leg, headers, names)
        leg.snapshot = snapshot
        return leg

    def _born(self, uniqueid: str, channel: str, linkedid: str, headers: Headers, names: Keys) -> Leg:
        call = self.links.get(linkedid) or self._open(linkedid)
        endpoint = endpoint_of(channel)
        leg = Leg(
            id=uniqueid,
            name=channel,
            order=self.next(),
            call=call,
            linkedid=linkedid,
            endpoint=endpoint,
            kind="pseudo" if is_pseudo(channel) else "trunk",
            started=self.at,
            base=local_base(channel),
        )
        self.legs[uniqueid] = call.legs[uniqueid] = leg
        if leg.base is not None:
            self._pair(leg)
        leg.number = headers.get(names.number, "")
        leg.account = headers.get(names.account, "")
        if leg.real:
            leg.kind = self._kind(leg)
        return leg

    def _open(self, linkedid: str) -> Call:
        call = Call(id=self.prefix + linkedid, order=self.next(), started=self.at)
        call.links.add(linkedid)
        self.links[linkedid] = call
        if linkedid.startswith(OURS):
            call.placed_by = linkedid.removeprefix(OURS)
        return call

    def _pair(self, leg: Leg) -> None:
        """Find the other half of a Local channel by name; names are unique within one call."""
        for other in leg.call.legs.values():
            if other.base == leg.base and other is not leg:
                leg.half, other.half = other, leg

    def _kind(self, leg: Leg) -> Kind:
        if leg.endpoint in self.learned:
            return "device"
        if self.plan.is_device(leg.endpoint, leg.number, leg.account):
            self.learned.add(leg.endpoint)
            return "device"
        return "trunk"

    def _update(self, leg: Leg, headers: Headers, names: Keys) -> None:
        get = headers.get
        channel = get(names.channel)
        if channel and channel != leg.name and "<" not in channel:
            self._rename(leg, channel)
        state = get(names.state)
        if state and state != leg.state:
            leg.state = state
            phase = PHASE_OF_STATE.get(state, 0)
            if phase > leg.phase:
                self.advance(leg, phase)
        linkedid = get(names.linkedid)
        if linkedid and linkedid != leg.linkedid:
            self._relink(leg, linkedid)
        number, label, exten = get(names.number, leg.number), get(names.label, leg.label), get(names.exten, leg.exten)
        leg.connected = get(names.connected, leg.connected)
        leg.connected_label = get(names.connected_label, leg.connected_label)
        if number != leg.number or label != leg.label or exten != leg.exten or not leg.call.announced:
            leg.number, leg.exten = number, exten
            if leg.kind != "device" or shown(label):  # what a device calls itself is wiped when it calls outside
                leg.label = label
            if leg.real:
                self._known_better(leg)

    def _rename(self, leg: Leg, channel: str) -> None:
        """A masquerade gave the channel another name, perhaps another party's."""
        leg.name, leg.endpoint, leg.base = channel, endpoint_of(channel), local_base(channel)
        leg.kind = "pseudo" if is_pseudo(channel) else self._kind(leg)

    def advance(self, leg: Leg, phase: int) -> None:
        """The leg has come further. Listeners are told by `ringing.tell`."""
        leg.phase = phase
        if phase == UP:
            leg.up_order = self.next()
            if leg.source is not None:
                leg.source.taken = leg

    def _relink(self, leg: Leg, linkedid: str) -> None:
        """Asterisk joined two groups of channels: ours join too, unless a waiting room is the reason."""
        leg.linkedid = linkedid
        other = self.links.get(linkedid)
        if other is None:
            leg.call.links.add(linkedid)
            self.links[linkedid] = leg.call
        elif other is not leg.call and not (leg.bridge is not None and leg.bridge.holding):
            self.merge(leg.call, other)

    def _known_better(self, leg: Leg) -> None:
        """The leg's number, name or extension changed: so may its kind, and the call's direction and parties."""
        if leg.kind == "trunk":
            leg.kind = self._kind(leg)
        call = leg.call
        if call.caller is None or (leg.id in call.links and not leg.dialled and call.caller.dialled):
            call.caller = leg
        elif call.caller is not leg and not leg.dialled and self.prefix + leg.id == call.id:
            call.caller = leg  # the call bears its id: whom it dials was only seen first
        if leg is call.caller and call.called is None and leg.exten not in NOT_DIALLED and leg.exten != leg.number:
            call.called = leg.exten
        if not call.announced:
            self._announce(call, leg)
        elif leg is call.caller:
            self.changed(call)

    def _announce(self, call: Call, leg: Leg) -> None:
        call.announced = True
        direction, caller, called = call.told = self.telling(call)
        self.out.append(
            Originated(
                at=self.at,
                call=call.id,
                leg=leg.name,
                leg_id=leg.id,
                device=self.device(leg),
                direction=direction,
                caller=caller,
                called=called,
                placed_by=call.placed_by,
                attached=not leg.certain,
            )
        )

    # --- what is known of a call --------------------------------------------------------------------------------

    def party(self, leg: Leg) -> Party:
        """Who is at a leg, as the PBX presents it."""
        number = None if leg.hidden else shown(leg.number)
        if leg.kind == "device":
            number = own_number(leg.endpoint) or number  # its caller id may be the one meant for a client
        return Party(number=number, name=None if leg.hidden else shown(leg.label), device=self.device(leg))

    def caller(self, call: Call) -> Party:
        """The call's caller, empty while unknown, and where the server called the client first."""
        if call.caller is None or (called_first(call) and not call.caller.originated):
            return Party()  # a leg that our dialplan dialled bears the client's number
        return self.party(call.caller)

    def direction(self, call: Call) -> Direction | None:
        """Inbound from a trunk, outbound to one, internal between devices; None when undecidable."""
        caller = call.caller
        if caller is None:
            return None
        if called_first(call):
            return "outbound"
        others = [leg for leg in (*call.legs.values(), *call.past) if leg.real and leg is not caller]
        if caller.kind == "device":
            if any(leg.kind == "trunk" and leg.dialled for leg in others):
                return "outbound"
            if any(leg.dialled for leg in others):
                return "internal"
            if call.called is None:
                return "outbound" if call.placed_by else None
            return "outbound" if len(call.called) > SHORT_LEN else "internal"
        if any(leg.kind == "device" for leg in others):
            return "inbound"
        short = len(caller.number) <= SHORT_LEN and caller.number.isdigit()
        return None if caller.dialled or short else "inbound"

    def record(self, call: Call) -> CallRecord:
        """Frozen account of a call."""
        return call.record(self.prefix, self.direction(call), self.caller(call))

    def telling(self, call: Call) -> tuple[Direction | None, Party, str | None]:
        """What listeners are told of a call, to see whether it changed."""
        return (self.direction(call), self.caller(call), call.called)

    def changed(self, call: Call) -> None:
        """Tell listeners if direction, caller or dialled number became better known."""
        telling = self.telling(call)
        if call.announced and telling != call.told:
            call.told = telling
            self.out.append(CallChanged(at=self.at, call=call.id, record=self.record(call)))

    # --- joining ------------------------------------------------------------------------------------------------

    def merge(self, one: Call, two: Call) -> Call:
        """Two calls are one. The older keeps its id, caller and dialled number."""
        if one is two:
            return one
        keep, gone = (one, two) if _age(one) <= _age(two) else (two, one)
        for link in gone.links:
            self.links[link] = keep
        keep.links |= gone.links
        for leg in [*gone.legs.values(), *gone.past]:
            leg.call = keep
        keep.legs.update(gone.legs)
        keep.past.extend(gone.past)
        keep.pairs.update(gone.pairs)
        keep.handovers.extend(gone.handovers)
        keep.bridges.update(gone.bridges)
        keep.rung |= gone.rung
        keep.conferences = sorted([*keep.conferences, *gone.conferences], key=lambda one: one.began or 0.0)
        keep.together, gone.together = keep.together or gone.together, ()
        keep.certain = keep.certain or gone.certain
        keep.queue = keep.queue or gone.queue
        keep.waiting = keep.waiting or gone.waiting
        keep.waits = sorted([*keep.waits, *gone.waits], key=lambda wait: wait.joined or 0.0)
        keep.hung_up = keep.hung_up or gone.hung_up
        keep.caller = keep.caller or gone.caller
        keep.answered = min((at for at in (keep.answered, gone.answered) if at is not None), default=None)
        gone.legs, gone.past = {}, []
        if gone.announced:
            self.out.append(CallMerged(at=self.at, call=gone.id, into=keep.id))
        return keep

    def bury(self, uniqueid: str) -> None:
        """Remember a dead leg for a while, so that a late event does not raise it."""
        self.graves[uniqueid] = self.now
        self.purge()

    def purge(self) -> None:
        """Forget the long dead; some are kept always, since mixed recordings jump in time."""
        graves = self.graves
        while len(graves) > FEW_GRAVES:
            first = next(iter(graves))
            if len(graves) <= GRAVES and self.now - graves[first] < GRAVE_S:
                break
            del graves[first]

    def forget(self, call: Call) -> None:
        """The call is over: nothing of it stays."""
        for link in call.links:
            self.links.pop(link, None)
        for bridge in call.bridges.values():
            if not bridge.members:
                self.bridges.pop(bridge.id, None)


def called_first(call: Call) -> bool:
    """Whether the server called the client, and only then somebody of the house."""
    caller = call.caller
    return caller is not None and caller.kind != "device" and (caller.originated or call.placed_by is not None)


def _age(call: Call) -> tuple[float, int]:
    """Sort key: by the PBX's own sequence where the ids tell (after attaching in mid-call), else by first sight."""
    stamp, _, number = call.id.rpartition("-")[2].partition(".")
    if stamp.isdigit() and number.isdigit():
        return float(stamp), int(number)
    return float("inf"), call.order
