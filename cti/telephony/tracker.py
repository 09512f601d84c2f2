"""Asterisk manager events in, CSTA call events out.

Every event that carries a Uniqueid carries the whole state of its channel, so each handler first updates or creates
the leg: attaching in the middle of a call, a lost or a repeated event are ordinary. *Established* is told when two
real legs share a bridge (through Local legs where there are any), never when a queue or an IVR picks up. Linkedids
that meet in one call are aliases of its id, which never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cti.telephony import events as ev
from cti.telephony.agents import device_state, member
from cti.telephony.causes import by_status, call_outcome, leg_result
from cti.telephony.events import CallRecord, TelephonyEvent
from cti.telephony.legs import Headers, Legs, text_of
from cti.telephony.model import OWN, Call, DevicePlan, Leg


class Tracker(Legs):
    """One PBX's calls. plan: which endpoints are agents' devices. prefix: put before ids with several PBXes."""

    def __init__(self, plan: DevicePlan | None = None, prefix: str = "") -> None:
        super().__init__(plan or DevicePlan(), prefix)
        self._table: dict[str, Callable[[Headers, float], None]] = {
            "Newchannel": self._seen,
            "Newstate": self._seen,
            "NewCallerid": self._seen,
            "NewConnectedLine": self._seen,
            "DialBegin": self._dial_begin,
            "DialState": self._dial_begin,
            "DialEnd": self._dial_end,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "LocalBridge": self._local_bridge,
            "QueueCallerJoin": self._queue_join,
            "QueueCallerLeave": self._queue_leave,
            "QueueCallerAbandon": self._queue_abandon,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "Rename": self._rename,
            "Hangup": self._hangup,
            "BlindTransfer": self._blind,
            "AttendedTransfer": self._attended,
            "DeviceStateChange": self._device_state,
            "QueueMemberStatus": self._member,
            "QueueMemberAdded": self._member,
            "QueueMemberPause": self._member,
            "QueueMember": self._member,
            "QueueMemberRemoved": self._member,
            "OriginateResponse": self._originate_response,
            "Shutdown": self._shutdown,
        }

    # In and out --------------------------------------------------------------------------------------------------
    def feed(self, headers: Headers, now: float) -> list[TelephonyEvent]:
        """What one manager event means. now: UNIX seconds of receipt."""
        name = headers.get("Event")
        handler = self._table.get(name) if isinstance(name, str) else None
        if handler is None:
            return []
        handler(headers, now)
        out, self._out = self._out, []
        return out

    def adopt(self, records: Iterable[CallRecord]) -> None:
        """Calls that were open when the server stopped: they go on under their ids."""
        for record in records:
            self._adopted[record.call] = record
            for leg in record.legs:
                self._alias[leg.leg_id] = record.call

    def resync(self, items: Iterable[Headers], now: float) -> list[TelephonyEvent]:
        """The PBX's own account: attach what is new, close what is gone (unfinished, gap)."""
        present: set[str] = set()
        bridged: list[Headers] = []
        for item in items:
            name = item.get("Event")
            if name == "CoreShowChannel":
                leg = self._leg(item, now)
                if leg:
                    present.add(leg.id)
                    if item.get("BridgeId"):
                        bridged.append({"Uniqueid": leg.id, "BridgeUniqueid": str(item["BridgeId"])})
            elif name in ("QueueMember", "DeviceStateChange"):
                self.feed_into(item, now)
            elif name == "QueueEntry":
                self._queue_join(item, now)
        for link in bridged:
            self._enter(self._legs[str(link["Uniqueid"])], str(link["BridgeUniqueid"]), now)
        for leg in [leg for leg in self._legs.values() if leg.id not in present]:
            self._forget(leg)
        for call in [call for call in self._calls.values() if not call.legs]:
            self._unfinished(call, "gap")
        for record in [r for key, r in self._adopted.items() if key not in self._calls]:
            self._out.append(ev.CallCleared(call=record.call, record=_closed(record)))
        self._adopted.clear()
        self._out.append(ev.SnapshotTaken(open_calls=frozenset(self._calls)))
        out, self._out = self._out, []
        return out

    def feed_into(self, headers: Headers, now: float) -> None:
        """A snapshot item that is worded like an event."""
        handler = self._table.get(str(headers.get("Event")))
        if handler:
            handler(headers, now)

    def tick(self, now: float) -> list[TelephonyEvent]:
        """Nothing to reap between snapshots yet: legs end by Hangup or by the next snapshot."""
        return []

    def end(self) -> list[TelephonyEvent]:
        """The stream is over: what is still open is unfinished, for the rest was not seen."""
        for call in list(self._calls.values()):
            for leg in list(call.legs.values()):
                self._forget(leg)
            self._unfinished(call, "gap")
        out, self._out = self._out, []
        return out

    def record(self, call: str) -> CallRecord | None:
        """An open call's account."""
        found = self._calls.get(call)
        return found.record() if found else None

    def calls(self) -> list[CallRecord]:
        """All open calls."""
        return [call.record() for call in self._calls.values()]

    # Events ----------------------------------------------------------------------------------------------------------
    def _seen(self, headers: Headers, now: float) -> None:
        self._leg(headers, now)

    def _dial_begin(self, headers: Headers, now: float) -> None:
        self._leg(headers, now)
        self._leg(headers, now, "Dest")

    def _dial_end(self, headers: Headers, now: float) -> None:
        leg = self._legs.get(text_of(headers, "DestUniqueid"))
        if leg:
            leg.hint = by_status(text_of(headers, "DialStatus")) or leg.hint

    def _local_bridge(self, headers: Headers, now: float) -> None:
        one, two = self._leg(headers, now, "LocalOne"), self._leg(headers, now, "LocalTwo")
        if one and two:
            one.other_half, two.other_half = two.id, one.id
            self._merge(one.call, two.call)

    def _bridge_enter(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg:
            self._enter(leg, text_of(headers, "BridgeUniqueid"), now)

    def _bridge_leave(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg and leg.bridge == text_of(headers, "BridgeUniqueid"):
            leg.bridge = ""

    def _queue_join(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg is None or leg.call.in_queue or leg.call.answered:
            return
        call, position = leg.call, text_of(headers, "Position")
        call.queue, call.in_queue, call.exit = text_of(headers, "Queue"), True, ""
        call.queued = call.queued or now
        self._out.append(
            ev.Queued(
                call=call.id,
                at=now,
                leg=leg.name,
                queue=call.queue,
                position=int(position) if position.isdigit() and len(position) < 6 else None,
            )
        )

    def _queue_leave(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg and leg.call.in_queue:
            leg.call.in_queue = False
            how = leg.call.exit or ("answered" if leg.call.answered else "other")
            queue = leg.call.queue or ""
            self._out.append(ev.Dequeued(call=leg.call.id, at=now, leg=leg.name, queue=queue, how=how))

    def _queue_abandon(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg and not leg.call.answered:
            leg.call.exit = "abandoned"

    def _hold(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg and not leg.held:
            leg.held = True
            self._out.append(ev.Held(call=leg.call.id, at=now, leg=leg.name, device=leg.device))

    def _unhold(self, headers: Headers, now: float) -> None:
        leg = self._leg(headers, now)
        if leg and leg.held:
            leg.held = False
            self._out.append(ev.Retrieved(call=leg.call.id, at=now, leg=leg.name, device=leg.device))

    def _rename(self, headers: Headers, now: float) -> None:
        leg = self._legs.get(text_of(headers, "Uniqueid"))
        if leg:
            leg.name = text_of(headers, "Newname") or leg.name

    def _hangup(self, headers: Headers, now: float) -> None:
        leg = self._legs.get(text_of(headers, "Uniqueid"))
        if leg is None:
            self.counters["hangup-of-unknown"] += 1
            return
        call = leg.call
        text = text_of(headers, "Cause")
        cause = int(text) if text.isdigit() and len(text) < 4 else 0
        self._legs.pop(leg.id)
        self._gone.append(leg.id)
        self._alias.pop(leg.id, None)
        call.legs.pop(leg.id, None)
        if leg.real:
            self._leg_over(leg, cause, now)
        if not call.legs:
            self._over(call, now)

    def _leg_over(self, leg: Leg, cause: int, now: float) -> None:
        call = leg.call
        caller = leg.id == call.caller_leg
        gone = caller or call.caller_leg not in call.legs
        taken = call.answered is not None
        result = leg_result(cause, talked=leg.talked, taken=taken, caller_left=gone, hint=leg.hint)
        call.past.append(leg.record(now, result, cause))
        self._out.append(
            ev.ConnectionCleared(
                call=call.id,
                at=now,
                leg=leg.name,
                leg_id=leg.id,
                device=leg.device,
                result=result,
                cause=cause,
                taken_by=call.taken_by if result == "answered-elsewhere" else None,
            )
        )

    def _over(self, call: Call, now: float) -> None:
        self._calls.pop(call.id, None)
        self._alias = {key: value for key, value in self._alias.items() if value != call.id}
        called = [p for p in call.past if p.leg_id != call.caller_leg]
        first = next((p for p in call.past if p.leg_id == call.caller_leg), None)
        left = bool(first and called and first.ended is not None and first.ended < (called[-1].ended or now))
        outcome = call_outcome(
            [p.result for p in called if p.result],
            answered=call.answered is not None,
            queue_exit=call.exit,
            caller_left=left,
        )
        self._out.append(ev.CallCleared(call=call.id, at=now, record=call.record(ended=now, outcome=outcome)))

    def _blind(self, headers: Headers, now: float) -> None:
        leg = self._legs.get(text_of(headers, "TransfererUniqueid"))
        if leg and text_of(headers, "Result") in ("Success", ""):
            self._transferred(leg, "blind", now)

    def _attended(self, headers: Headers, now: float) -> None:
        leg = self._legs.get(text_of(headers, "OrigTransfererUniqueid"))
        if leg and text_of(headers, "Result") in ("Success", ""):
            self._transferred(leg, "attended", now)

    def _transferred(self, leg: Leg, kind: str, now: float) -> None:
        transfer = ev.Transfer(kind="blind" if kind == "blind" else "attended", by=leg.name)
        leg.call.transfers.append(transfer)
        self._out.append(ev.Transferred(call=leg.call.id, at=now, transfer=transfer, by_device=leg.device))

    def _device_state(self, headers: Headers, now: float) -> None:
        changed = device_state(headers, now)
        if changed:
            self._out.append(changed)

    def _member(self, headers: Headers, now: float) -> None:
        self._out.append(member(headers, now))

    def _originate_response(self, headers: Headers, now: float) -> None:
        action = text_of(headers, "ActionID")
        if not action.startswith(OWN) or text_of(headers, "Response") == "Success" or action in self._legs:
            return
        reason = text_of(headers, "Reason")
        outcome: ev.Outcome = "busy" if reason == "5" else "no-answer" if reason in ("1", "3") else "failed"
        self._out.append(ev.DialFailed(call=action, at=now, placed_by=action.removeprefix(OWN), outcome=outcome))

    def _shutdown(self, _headers: Headers, now: float) -> None:
        self._out.append(ev.PbxRestarted(at=now))
        for call in list(self._calls.values()):
            for leg in list(call.legs.values()):
                self._forget(leg)
            self._unfinished(call, "pbx-restart")

    def _unfinished(self, call: Call, reason: ev.Reason) -> None:
        self._calls.pop(call.id, None)
        self._alias = {key: value for key, value in self._alias.items() if value != call.id}
        record = call.record(outcome="unfinished", reason=reason)
        self._out.append(ev.CallCleared(call=call.id, record=record))


def _closed(record: CallRecord) -> CallRecord:
    return replace(record, outcome="unfinished", reason="gap")
