"""The tracker: AMI events in, CSTA call events out. No clock, no log, no I/O, and no exception for what a PBX says.

How it works, in the order in which to read it:

- `model`        what is remembered: legs, bridges, calls
- `book`         how a leg is *sighted* in any event, and how calls begin and join
- `transitions`  how far a leg has come
- `ringing`      dials, and the Delivered that a card pops on
- `talking`      bridges, and the Established that makes a call answered
- `conference`   three or more in one talk
- `overhearing`  who listens to whom
- `agents`       queues, members, devices' own states
- `words`        what a dialplan says of a call
- `transfers`    blind, attended, blonde
- `causes`, `ending`  what became of a leg and of a call
- `snapshot`     agreement with the PBX after a gap
- `agreement`    the difference between what we hold and what the PBX has

`feed` looks the event's name up in one table. Unknown events cost one look-up. `FullyBooted` comes at every sign-in
and means nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from math import isfinite
from typing import Final

from cti.telephony import agents, overhearing, ringing, snapshot, talking, transfers, words
from cti.telephony.agreement import Differences, Holding, compare, told_by
from cti.telephony.book import OURS, OWN, Book, Headers
from cti.telephony.causes import OUTCOME_OF_REASON
from cti.telephony.conference import confer
from cti.telephony.devices import DevicePlan
from cti.telephony.ending import clear, end, finish, settle
from cti.telephony.events import CallRecord, DeviceStatus, DialFailed, Muted, TelephonyEvent
from cti.telephony.model import Call, Leg
from cti.telephony.transitions import UP

__all__ = ["DevicePlan", "Tracker"]

Handler = Callable[[Book, Headers], None]
LATEST = 1e11  # a time beyond this is not one
GHOST_S = 60.0  # a leg made from stray events alone lives so long without another
LEFTOVER_S = 5.0  # Local halves whose parties are gone


class Tracker:
    """Calls of one PBX. prefix: "NAME:" before call and device ids where the server has several PBXes."""

    def __init__(self, plan: DevicePlan | None = None, prefix: str = "") -> None:
        self._book = Book(plan or DevicePlan(), prefix)

    def feed(self, headers: Mapping[str, str | list[str]], now: float | None) -> list[TelephonyEvent]:
        """Events that follow from one AMI event. now: UNIX seconds of receipt, None when unknown (a recording)."""
        name = headers.get("Event")
        handler = HANDLERS.get(name) if type(name) is str else None
        if handler is None:
            return []
        book = self._book
        out: list[TelephonyEvent] = []
        book.out = out
        self._time(headers, now)
        handler(book, _plain(headers))
        if book.stirred:
            confer(book)
        return out

    def resync(
        self,
        items: Iterable[Mapping[str, str | list[str]]],
        now: float | None,
        restarted: bool = False,
        gap: bool = True,
    ) -> list[TelephonyEvent]:
        """Agree with a snapshot: answers of CoreShowChannels, QueueStatus, BridgeList, DeviceStateList, CoreStatus.

        gap: events may have been missed before it. Without one, a leg must be missing from two successive snapshots.
        """
        book = self._book
        out: list[TelephonyEvent] = []
        book.out = out
        book.heard = book.now
        self._time({}, now)
        snapshot.resync(book, [_plain(item) for item in items], restarted=restarted, gap=gap)
        confer(book)
        return out

    def pick(self, call: str, on: bool = True) -> None:
        """A waiting caller is about to be taken out of his queue by one of us: to leave it so is to be diverted."""
        found = self._book.links.get(call.removeprefix(self._book.prefix))
        if found is not None:
            found.picked = on

    def link_down(self) -> None:
        """Nobody knows any more how devices and members stand: the next snapshot tells all of them anew."""
        self._book.devices.clear()
        self._book.members.clear()

    def adopt(self, records: Iterable[CallRecord]) -> None:
        """Take over the open calls of the previous run, before the first `resync`."""
        snapshot.adopt(self._book, records)

    def tick(self, now: float) -> list[TelephonyEvent]:
        """Reap what would stay for ever: Local halves without parties, legs made from stray events."""
        book = self._book
        out: list[TelephonyEvent] = []
        book.out = out
        self._time({}, now)
        for call in book.calls():
            legs = list(call.legs.values())
            quiet_s = now - max((leg.seen for leg in legs or call.past), default=0.0)
            if quiet_s > LEFTOVER_S and not any(leg.real for leg in legs):
                _reap(book, call, now)
            elif quiet_s > GHOST_S and all(not leg.certain and leg.bridge is None for leg in legs) and not call.waiting:
                book.count("ghosts")
                end(book, call, None, "gap", known=False)
        settle(book)
        confer(book)
        book.purge()
        return out

    def finish(self) -> list[TelephonyEvent]:
        """The stream ended: close what is open, without inventing an end."""
        book = self._book
        out: list[TelephonyEvent] = []
        book.out = out
        book.heard = book.now
        finish(book, "gap")
        book.stirred.clear()
        return out

    def compare(self, items: Iterable[Mapping[str, str | list[str]]]) -> Differences:
        """How what we hold differs from a snapshot, before it is merged."""
        legs = {leg.id: leg.bridge.id if leg.bridge is not None else None for leg in self._book.legs.values()}
        return compare(Holding(legs=legs, devices=self._book.devices), told_by(items))

    @property
    def suspects(self) -> bool:
        """Whether the last snapshot missed a leg of ours: another one soon tells if its hang-up was lost."""
        return any(leg.missed is not None and leg.missed == leg.seen for leg in self._book.legs.values())

    def calls(self) -> list[CallRecord]:
        """Open calls, oldest first."""
        return [self._book.record(call) for call in self._book.calls() if call.announced]

    def record(self, call: str) -> CallRecord | None:
        """An open call by its id."""
        found = self._book.links.get(call.removeprefix(self._book.prefix))
        return self._book.record(found) if found is not None and found.announced else None

    def calls_at(self, devices: Collection[str]) -> list[CallRecord]:
        """Open calls in which one of these devices has a leg now, oldest first."""
        book = self._book
        legs = [leg for leg in book.legs.values() if leg.kind == "device" and book.device(leg) in devices]
        calls = sorted(
            {leg.call.id: leg.call for leg in legs if leg.call.announced}.values(), key=lambda one: one.order
        )
        return [book.record(call) for call in calls]

    def call_of(self, leg_or_uniqueid: str) -> str | None:
        """Id of the open call a leg is in, by channel name or Uniqueid."""
        leg = self._book.legs.get(leg_or_uniqueid) or next(
            (leg for leg in self._book.legs.values() if leg.name == leg_or_uniqueid), None
        )
        return leg.call.id if leg is not None else None

    @property
    def counters(self) -> dict[str, int]:
        """Oddities met so far, by kind."""
        return dict(self._book.counters)

    @property
    def devices(self) -> dict[str, DeviceStatus]:
        """Devices' own states by id."""
        return {self._book.prefix + device: status for device, status in self._book.devices.items()}

    @property
    def size(self) -> int:
        """Legs, calls and bridges held: 0 when nothing goes on."""
        book = self._book
        return len(book.legs) + len(book.links) + len(book.bridges) + len(book.orphans)

    @property
    def buried(self) -> int:
        """Dead legs still remembered, so that a late event does not raise them."""
        return len(self._book.graves)

    def _time(self, headers: Mapping[str, str | list[str]], now: float | None) -> None:
        """The event's own time where the PBX gives it (`timestampevents`), else that of receipt."""
        book = self._book
        book.at = now
        if now is not None:
            book.now = now
        stamp = headers.get("Timestamp")
        if type(stamp) is str:
            try:
                at = float(stamp)
            except ValueError:
                return
            if isfinite(at) and 0.0 < at < LATEST:
                book.at = at
                book.now = book.now if now is not None else at


def _plain(headers: Mapping[str, str | list[str]]) -> Headers:
    """Headers with one text each: of a repeated one the first counts."""
    try:
        "".join(headers.values())  # type: ignore[arg-type]  # the quickest way to see that all are texts
    except TypeError:
        return {name: value if isinstance(value, str) else _first(value) for name, value in headers.items()}
    return headers  # type: ignore[return-value]  # all values were just seen to be texts


def _first(value: object) -> str:
    return _first(value[0]) if isinstance(value, list) and value else str(value)


def _newchannel(book: Book, headers: Headers) -> None:
    ringing.seen(book, headers, born=True)


def _seen(book: Book, headers: Headers) -> None:
    ringing.seen(book, headers)


def _reap(book: Book, call: Call, now: float) -> None:
    """End a call without a party: one that was met in the middle, or of which Local halves stayed behind."""
    if call.past or not call.legs:
        end(book, call, call.ended if not call.legs else now)
    elif now - max(leg.seen for leg in call.legs.values()) > GHOST_S:
        end(book, call, None, "gap", known=False)  # an Originate's Local channel that never dialled anybody


def _hangup_request(book: Book, headers: Headers) -> None:
    """The far end of this leg hung up: of the caller's, before an answer, it means that he gave up."""
    leg = ringing.seen(book, headers)
    if leg is not None and leg is leg.call.caller and not leg.call.pairs:
        leg.call.caller_left = True
    _hung_up(leg)


def _soft_hangup_request(book: Book, headers: Headers) -> None:
    """The PBX cuts a leg off: on demand while it talks or rings, else because all is over."""
    leg = ringing.seen(book, headers)
    if leg is not None and (leg.bridge is not None or (leg.dialled and leg.phase < UP)):
        _hung_up(leg)


def _hung_up(leg: Leg | None) -> None:
    if leg is None or not leg.real:
        return
    before = leg.call.hung_up
    if before is None or (leg is leg.call.caller and not before.talked):
        leg.call.hung_up = leg  # one phone's refusal ended nothing where the caller waited on


def _mute(book: Book, headers: Headers) -> None:
    leg = ringing.seen(book, headers)
    if leg is not None and leg.real:
        on = headers.get("Event") == "ConfbridgeMute"
        book.out.append(Muted(at=book.at, call=leg.call.id, leg=leg.name, device=book.device(leg), on=on))


def _newcallerid(book: Book, headers: Headers) -> None:
    leg = ringing.seen(book, headers)
    if leg is not None and (hidden := "Prohibited" in headers.get("CID-CallingPres", "")) != leg.hidden:
        leg.hidden = hidden
        book.changed(leg.call)


def _newexten(book: Book, headers: Headers) -> None:
    leg = ringing.seen(book, headers)
    if leg is not None and headers.get("Application", "").lower() == "voicemail":
        leg.call.voicemail = True


def _hangup(book: Book, headers: Headers) -> None:
    leg = book.legs.get(headers.get(OWN.uniqueid, ""))
    if leg is None:
        book.count("hang-ups of unknown legs")
        book.bury(headers.get(OWN.uniqueid, ""))
        return
    cause = headers.get("Cause", "")
    clear(book, leg, int(cause) if cause.isdecimal() and len(cause) < 4 else 0, book.at)


def _shutdown(book: Book, headers: Headers) -> None:
    book.heard = book.now
    snapshot.restart(book)


def _originate_response(book: Book, headers: Headers) -> None:
    """A MakeCall of ours that failed before there was a leg; where there was one, its end tells."""
    action, leg = headers.get("ActionID", ""), headers.get("Uniqueid", "")
    if not action.startswith(OURS) or headers.get("Response") != "Failure":
        return
    if action in book.links or action in book.graves or leg in book.legs or leg in book.graves:
        return
    outcome, cause = OUTCOME_OF_REASON.get(headers.get("Reason", ""), ("failed", None))
    call, request = book.prefix + action, action.removeprefix(OURS)
    book.out.append(DialFailed(at=book.at, call=call, placed_by=request, outcome=outcome, cause=cause))


HANDLERS: Final[dict[str, Handler]] = {
    "Newchannel": _newchannel,
    "Newstate": _seen,
    "Newexten": _newexten,
    "NewCallerid": _newcallerid,
    "NewConnectedLine": _seen,
    "NewAccountCode": _seen,
    "Rename": _seen,
    "HangupRequest": _hangup_request,
    "SoftHangupRequest": _soft_hangup_request,
    "Hangup": _hangup,
    "DialBegin": ringing.dial_begin,
    "DialState": ringing.dial_state,
    "DialEnd": ringing.dial_end,
    "Pickup": ringing.pickup,
    "LocalBridge": talking.local_bridge,
    "BridgeEnter": talking.bridge_enter,
    "BridgeLeave": talking.bridge_leave,
    "BridgeDestroy": talking.bridge_destroy,
    "Hold": talking.hold,
    "Unhold": talking.unhold,
    "ChanSpyStart": overhearing.begins,
    "ChanSpyStop": overhearing.ends,
    "ConfbridgeMute": _mute,
    "ConfbridgeUnmute": _mute,
    "BlindTransfer": transfers.blind,
    "AttendedTransfer": transfers.attended,
    "QueueCallerJoin": agents.join,
    "QueueCallerLeave": agents.leave,
    "QueueCallerAbandon": agents.abandon,
    "AgentCalled": agents.called,
    "AgentRingNoAnswer": agents.ring_no_answer,
    "QueueMemberAdded": agents.member,
    "QueueMemberStatus": agents.member,
    "QueueMemberPause": agents.member,
    "QueueMemberPenalty": agents.member,
    "QueueMemberRinginuse": agents.member,
    "QueueMemberRemoved": agents.member_removed,
    "DeviceStateChange": agents.device_state,
    "PeerStatus": agents.peer_status,
    "UserEvent": words.user_event,
    "VarSet": agents.variable,
    "OriginateResponse": _originate_response,
    "Shutdown": _shutdown,
}
