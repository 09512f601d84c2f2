"""Queues, their members and devices' own states.

Waiting in a queue is a state of the caller (Queued, Dequeued); ringing and talking come from the dials and bridges
that the queue makes, so a lost queue event costs a word and never a call. app_queue says QueueCallerAbandon just
before QueueCallerLeave; a Leave without it after an agent's pick-up is the answer, else a time-out or an exit.
Source: app_queue's AMI events; device state names of Asterisk's devicestate.
"""

from __future__ import annotations

from typing import Final

from cti.telephony.book import DEST, Book, Headers
from cti.telephony.devices import PSEUDO, technology
from cti.telephony.events import Dequeued, DeviceChanged, DeviceStatus, MemberChanged, Queued
from cti.telephony.model import Call, Leg, Waiting
from cti.telephony.ringing import seen
from cti.telephony.transitions import UP

STATUS_OF_STATE: Final[dict[str, DeviceStatus]] = {
    "UNKNOWN": "unknown",
    "NOT_INUSE": "idle",
    "INUSE": "in-call",
    "BUSY": "busy",
    "INVALID": "unreachable",
    "UNAVAILABLE": "unreachable",
    "RINGING": "ringing",
    "RINGINUSE": "ringing",
    "ONHOLD": "on-hold",
}
STATUS_OF_PEER: Final[dict[str, DeviceStatus]] = {
    "Registered": "idle",
    "Reachable": "idle",
    "Unregistered": "unreachable",
    "Unreachable": "unreachable",
}
HOW_OF_STATUS: Final = {
    "TIMEOUT": "timeout",
    "FULL": "full",
    "JOINEMPTY": "joinempty",
    "JOINUNAVAIL": "joinempty",
    "LEAVEEMPTY": "leaveempty",
    "LEAVEUNAVAIL": "leaveempty",
    "WITHDRAW": "diverted",
    "CONTINUE": "other",
}
NOT_DEVICES: Final = PSEUDO | {"Custom", "Queue", "Meetme", "Confbridge", "Calendar", "Park", "Presence", "Stasis"}


def join(book: Book, headers: Headers) -> None:
    """A caller comes into a queue."""
    leg, queue = seen(book, headers), headers.get("Queue")
    if leg is None or not queue or leg.call.waiting == queue:
        return
    wait(book, leg, queue, headers.get("Position", ""))


def wait(book: Book, leg: Leg, queue: str, position: str) -> None:
    """Note that the leg waits in the queue, and say so."""
    call = leg.call
    call.queue = call.waiting = queue
    call.hung_up = None
    call.abandoned = call.given_up = call.picked = False
    call.queued = call.queued if call.queued is not None else book.at
    place = int(position) if position.isdecimal() and len(position) < 7 else None
    call.waits.append(Waiting(queue=queue, joined=book.at, position=place))
    book.out.append(Queued(at=book.at, call=call.id, leg=leg.name, queue=queue, position=place))


def leave(book: Book, headers: Headers) -> None:
    """A caller leaves a queue."""
    leg, queue = seen(book, headers), headers.get("Queue")
    if leg is None or not queue:
        return
    call = leg.call
    call.queue = call.queue or queue
    if call.waiting != queue:
        return
    answered = (leg.taken is not None and not leg.taken.gone) or (not leg.real and _taken_from(call, queue))
    unanswered = "diverted" if call.picked else "timeout" if call.given_up else "other"
    how = "abandoned" if call.abandoned else "answered" if answered else unanswered
    call.waiting = None
    if call.waits and call.waits[-1].how is None:
        call.waits[-1].left, call.waits[-1].how = book.at, how
    book.out.append(Dequeued(at=book.at, call=call.id, leg=leg.name, queue=queue, how=how))


def _taken_from(call: Call, queue: str) -> bool:
    """Whether a member's phone has picked up, where a Local channel waited for the caller."""
    return any(leg.real and leg.queue == queue and leg.phase == UP for leg in call.legs.values())


def abandon(book: Book, headers: Headers) -> None:
    """A caller hung up while waiting. Asterisk says so too of one whom the queue gave up: he has not hung up."""
    leg, queue = seen(book, headers), headers.get("Queue")
    if leg is not None:
        call = leg.call
        call.abandoned = call.caller_left or bool(call.pairs)
        call.given_up = any(one.queue and one.status == "NOANSWER" for one in (*call.legs.values(), *call.past))
        call.queue = call.queue or queue


def status(book: Book, leg: Leg, queue: str, word: str) -> None:
    """The dialplan says how Queue() ended: better known than from the events, which do not tell why."""
    how = HOW_OF_STATUS.get(word)
    if how is None:
        return
    call = leg.call
    stay = next((wait for wait in reversed(call.waits) if wait.queue == queue or not queue), None)
    if stay is None and not queue:
        return
    if stay is None:
        stay = Waiting(queue=queue, joined=book.at)
        call.waits.append(stay)
    elif stay.how in ("answered", "abandoned", how):
        return
    stay.left = stay.left if stay.left is not None else book.at
    stay.how, call.queue = how, call.queue or stay.queue
    call.waiting = None if call.waiting == stay.queue else call.waiting
    book.out.append(Dequeued(at=book.at, call=call.id, leg=leg.name, queue=stay.queue, how=how))


def variable(book: Book, headers: Headers) -> None:
    """A channel variable, where the PBX lets the account see them: QUEUESTATUS alone matters."""
    if headers.get("Variable") == "QUEUESTATUS":
        leg = seen(book, headers)
        if leg is not None:
            status(book, leg, "", headers.get("Value", ""))


def called(book: Book, headers: Headers) -> None:
    """A queue rings a member."""
    seen(book, headers)
    leg, queue = book.sight(headers, DEST), headers.get("Queue")
    if leg is not None and queue:
        leg.dialled = True
        leg.queue = queue
        leg.call.queue = leg.call.queue or queue
        if leg.phase > leg.told:
            seen(book, headers, DEST)


def ring_no_answer(book: Book, headers: Headers) -> None:
    """A member did not pick up in time."""
    seen(book, headers)
    leg = seen(book, headers, DEST)
    if leg is not None and not leg.status:
        leg.status = "NOANSWER"


def member(book: Book, headers: Headers) -> None:
    """A member was added, paused or changed, or is told in a snapshot. Its device is one for certain."""
    tell_member(book, headers, removed=False)


def member_removed(book: Book, headers: Headers) -> None:
    """A member left the queue."""
    tell_member(book, headers, removed=True)


def tell_member(book: Book, headers: Headers, *, removed: bool) -> None:
    """Say how a member stands, if that is news."""
    queue = headers.get("Queue")
    device = headers.get("StateInterface") or headers.get("Interface") or headers.get("Location") or ""
    if not queue or "/" not in device or technology(device) in NOT_DEVICES:
        return
    if not book.plan.devices and device not in book.plan.trunks:
        book.learned.add(device)
    event = MemberChanged(
        at=book.at,
        queue=queue,
        device=book.prefix + device,
        paused=headers.get("Paused") == "1",
        pause_reason=headers.get("PausedReason") or None,
        in_call=headers.get("InCall") == "1",
        removed=removed,
    )
    key = (queue, device)
    standing = (event.paused, event.pause_reason, event.in_call)
    if removed:
        book.members.pop(key, None)
    elif book.members.get(key) == standing:
        return
    else:
        book.members[key] = standing
    book.out.append(event)


def device_state(book: Book, headers: Headers) -> None:
    """A device's state as the PBX sums it up."""
    status = STATUS_OF_STATE.get(headers.get("State", ""))
    if status is not None:
        tell_device(book, headers.get("Device", ""), status)


def peer_status(book: Book, headers: Headers) -> None:
    """A phone registered or went away. A registered phone is idle only if it was gone: it may be in a call."""
    device, status = headers.get("Peer", ""), STATUS_OF_PEER.get(headers.get("PeerStatus", ""))
    if status is None:
        return
    if status == "unreachable" or book.devices.get(device) in (None, "unreachable", "unknown"):
        tell_device(book, device, status)


def tell_device(book: Book, device: str, status: DeviceStatus) -> None:
    """Say how a device stands, if that is news."""
    if "/" not in device or technology(device) in NOT_DEVICES or book.devices.get(device) == status:
        return
    book.devices[device] = status
    book.out.append(DeviceChanged(at=book.at, device=book.prefix + device, status=status))
