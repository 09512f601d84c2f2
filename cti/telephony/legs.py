"""The registry of legs and calls: made or brought up to date from whatever event speaks of them.

Every event that carries a Uniqueid carries the whole state of its channel, so attaching in the middle of a call, a
lost or a repeated event are ordinary. Linkedids that meet in one call are aliases of its id, which never changes.
Two real legs that share a bridge, directly or through Local legs, talk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from cti.telephony import events as ev
from cti.telephony.events import CallRecord, Party, TelephonyEvent
from cti.telephony.model import OWN, RINGING, UP, Call, DevicePlan, Leg

Headers = Mapping[str, str | list[str]]
_HIDDEN = {"", "<unknown>", "unknown", "anonymous", "<no name>"}
GONE = 500  # legs remembered after their end: a late event must not bring one back
_NO_NUMBER = {"", "s", "h", "i", "t"}


class Legs:
    """One PBX's legs, calls and bridges."""

    def __init__(self, plan: DevicePlan, prefix: str) -> None:
        self._plan = plan
        self._prefix = prefix
        self._legs: dict[str, Leg] = {}
        self._calls: dict[str, Call] = {}
        self._alias: dict[str, str] = {}
        self._adopted: dict[str, CallRecord] = {}
        self._gone: deque[str] = deque(maxlen=GONE)
        self._out: list[TelephonyEvent] = []
        self.counters: Counter[str] = Counter()

    def _leg(self, headers: Headers, now: float, prefix: str = "") -> Leg | None:
        """The leg an event speaks of, made or brought up to date from the event itself."""
        uniqueid, name = text_of(headers, prefix + "Uniqueid"), text_of(headers, prefix + "Channel")
        if not uniqueid:
            return None
        leg = self._legs.get(uniqueid)
        if leg is None:
            if not name or uniqueid in self._gone:
                return None
            leg = self._new_leg(headers, prefix, uniqueid, name, now)
        elif name and name != leg.name:
            leg.name = name
        self._refresh(leg, headers, prefix, now)
        return leg

    def _new_leg(self, headers: Headers, prefix: str, uniqueid: str, name: str, now: float) -> Leg:
        call = self._call(text_of(headers, prefix + "Linkedid") or uniqueid, uniqueid, now)
        device = self._plan.device(name, text_of(headers, prefix + "AccountCode"))
        leg = Leg(id=uniqueid, name=name, call=call, device=device, created=now)
        self._legs[uniqueid] = leg
        call.legs[uniqueid] = leg
        self._read(leg, headers, prefix)
        if leg.real and not call.caller_leg:
            self._begin(call, leg, now)
        return leg

    def _call(self, linkedid: str, uniqueid: str, now: float) -> Call:
        key = self._alias.get(linkedid) or self._alias.get(uniqueid) or self._prefix + linkedid
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = Call(id=key, started=now)
            known = self._adopted.pop(key, None)
            if known:
                _go_on(call, known)
        self._alias[linkedid] = self._alias[uniqueid] = key
        return call

    def _begin(self, call: Call, leg: Leg, now: float) -> None:
        attached = call.caller_leg == "" and leg.state in (RINGING, UP) and not leg.id.startswith(OWN)
        call.caller_leg = leg.id
        if not call.caller.number and not call.caller.device:
            call.caller = Party(number=leg.number, name=leg.shown, device=leg.device)
        call.called = call.called or (None if leg.exten in _NO_NUMBER else leg.exten)
        if leg.id.startswith(OWN):
            call.placed_by = leg.id.removeprefix(OWN)
        call.direction = call.direction or _direction(call, leg)
        self._out.append(
            ev.Originated(
                call=call.id,
                at=now,
                leg=leg.name,
                leg_id=leg.id,
                device=leg.device,
                direction=call.direction,
                caller=call.caller,
                called=call.called,
                placed_by=call.placed_by,
                attached=attached,
            )
        )

    def _read(self, leg: Leg, headers: Headers, prefix: str) -> None:
        state = text_of(headers, prefix + "ChannelState")
        if state.isdigit() and len(state) < 3:
            leg.state = int(state)
        leg.number = party_of(headers, prefix + "CallerIDNum") or leg.number
        leg.shown = party_of(headers, prefix + "CallerIDName") or leg.shown
        leg.peer_number = party_of(headers, prefix + "ConnectedLineNum") or leg.peer_number
        leg.peer_name = party_of(headers, prefix + "ConnectedLineName") or leg.peer_name
        leg.exten = text_of(headers, prefix + "Exten") or leg.exten

    def _refresh(self, leg: Leg, headers: Headers, prefix: str, now: float) -> None:
        self._read(leg, headers, prefix)
        call = leg.call
        if leg.id == call.caller_leg and not call.called and leg.exten not in _NO_NUMBER:
            call.called = leg.exten
            call.direction = call.direction or _direction(call, leg)
            self._out.append(ev.CallChanged(call=call.id, at=now, record=call.record()))
        if leg.state == RINGING and leg.rang is None and leg.real:
            self._ring(leg, now)
        if leg.state == UP and leg.answered is None:
            leg.answered = now

    def _ring(self, leg: Leg, now: float) -> None:
        leg.rang = now
        call = leg.call
        own = leg.id == OWN + (call.placed_by or " ")
        calling = Party(number=leg.peer_number or call.caller.number, name=leg.peer_name or call.caller.name)
        ringing = [one.device for one in call.legs.values() if one.state == RINGING and one.device]
        self._out.append(
            ev.Delivered(
                call=call.id,
                at=now,
                leg=leg.name,
                leg_id=leg.id,
                device=leg.device,
                calling=calling,
                called=call.called,
                queue=call.queue if call.in_queue else None,
                targets=tuple(dict.fromkeys(ringing)),
                first=not any(past.device == leg.device for past in call.past),
                placed_by=call.placed_by if own else None,
            )
        )

    def _forget(self, leg: Leg) -> None:
        self._legs.pop(leg.id, None)
        self._alias.pop(leg.id, None)
        leg.call.legs.pop(leg.id, None)
        if leg.real:
            leg.call.past.append(leg.record(result="talked" if leg.talked else None))

    def _enter(self, leg: Leg, bridge: str, now: float) -> None:
        leg.bridge = bridge
        reached = [one for one in self._reach(bridge, set()) if one.real]
        for one in reached:
            if one.call is not reached[0].call:
                self._merge(reached[0].call, one.call)
        for one in reached:
            for other in reached:
                if one.created < other.created or (one.created == other.created and one.id < other.id):
                    self._talk(one, other, now)

    def _reach(self, bridge: str, seen: set[str]) -> list[Leg]:
        """Every leg in a bridge and, through Local legs, in the bridges tied to it."""
        if not bridge or bridge in seen:
            return []
        seen.add(bridge)
        found = [leg for leg in self._legs.values() if leg.bridge == bridge]
        for leg in list(found):
            half = self._legs.get(leg.other_half)
            if half:
                found += self._reach(half.bridge, seen)
        return found

    def _talk(self, peer: Leg, leg: Leg, now: float) -> None:
        call = leg.call
        pair = (peer.name, leg.name)
        if pair in call.talked or pair[::-1] in call.talked:
            return
        call.talked.append(pair)
        peer.talked = leg.talked = True
        call.answered = call.answered or now
        call.in_queue = False
        call.taken_by = leg.device or peer.device or call.taken_by
        self._out.append(
            ev.Established(
                call=call.id, at=now, leg=leg.name, device=leg.device, peer=peer.name, peer_device=peer.device
            )
        )

    def _merge(self, keep: Call, gone: Call) -> None:
        """Two groups of legs are one call; the older one gives the id."""
        if keep is gone:
            return
        if (gone.started, gone.id) < (keep.started, keep.id):
            keep, gone = gone, keep
        for leg in gone.legs.values():
            leg.call = keep
            keep.legs[leg.id] = leg
        keep.past += gone.past
        keep.talked += [pair for pair in gone.talked if pair not in keep.talked]
        keep.answered = keep.answered or gone.answered
        self._calls.pop(gone.id, None)
        self._alias = {key: keep.id if value == gone.id else value for key, value in self._alias.items()}
        self._alias[gone.id] = keep.id


def text_of(headers: Headers, key: str) -> str:
    value = headers.get(key, "")
    return value if isinstance(value, str) else (value[-1] if value else "")


def party_of(headers: Headers, key: str) -> str | None:
    value = text_of(headers, key)
    return None if value.casefold() in _HIDDEN else value


def _direction(call: Call, leg: Leg) -> ev.Direction | None:
    if leg.device is None:
        return "inbound" if leg.real else None
    if call.called is None:
        return "outbound" if call.placed_by else None
    digits = call.called.lstrip("+*#")
    return "internal" if digits.isdigit() and len(digits) <= 5 else "outbound"


def _go_on(call: Call, known: CallRecord) -> None:
    call.caller, call.called, call.direction = known.caller, known.called, known.direction
    call.queue, call.queued, call.answered = known.queue, known.queued, known.answered
    call.started = known.started or call.started
    call.talked, call.transfers = list(known.talked), list(known.transfers)
    call.placed_by = known.placed_by
