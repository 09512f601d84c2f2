"""Agreement with the PBX after connecting: its own list of channels against what we hold.

What it lists and we do not know is attached as it stands; what we hold and it does not list ended unseen, at a time
nobody knows. Calls of the previous run are taken over first (`adopt`), so that they keep their ids.
"""

from __future__ import annotations

from collections.abc import Iterable

from cti.telephony import agents
from cti.telephony.book import Book, Headers
from cti.telephony.devices import endpoint_of, is_pseudo, local_base
from cti.telephony.ending import clear, end, finish, settle
from cti.telephony.events import CallRecord, LegRecord, PbxRestarted, SnapshotTaken
from cti.telephony.model import Call, Leg
from cti.telephony.ringing import seen
from cti.telephony.talking import enter, open_bridge
from cti.telephony.transitions import NEW, RINGING, UP


def resync(book: Book, items: Iterable[Headers], *, restarted: bool) -> None:
    """Take over the PBX's own account. items: answers of the snapshot's actions, told apart by `Event`."""
    by_event: dict[str, list[Headers]] = {}
    for item in items:
        by_event.setdefault(item.get("Event", ""), []).append(item)
    if restarted:
        restart(book)
    for item in by_event.get("BridgeListItem", []):
        if uniqueid := item.get("BridgeUniqueid"):
            open_bridge(book, uniqueid, item.get("BridgeTechnology", ""))
    channels = by_event.get("CoreShowChannel", [])
    _drop_vanished(book, {item.get("Uniqueid", "") for item in channels})
    for item in by_event.get("QueueMember", []):
        agents.member(book, item)
    _attach(book, channels, by_event.get("QueueEntry", []))
    for item in by_event.get("DeviceStateChange", []):
        agents.device_state(book, item)
    settle(book)
    for uniqueid in [bridge.id for bridge in book.bridges.values() if not bridge.members]:
        del book.bridges[uniqueid]
    still_open = frozenset(call.id for call in book.calls() if call.announced)
    book.out.append(SnapshotTaken(at=book.at, open_calls=still_open, prefix=book.prefix))


def restart(book: Book) -> None:
    """The PBX started anew: all its calls are over and its numbering of channels begins again."""
    finish(book, "pbx-restart")
    book.bridges.clear()
    book.graves.clear()
    book.out.append(PbxRestarted(at=book.at))


def adopt(book: Book, records: Iterable[CallRecord]) -> None:
    """Hold the open calls of the previous run until a snapshot says which are still there."""
    for record in records:
        link = record.call.removeprefix(book.prefix)
        if record.ended is not None or link in book.links:
            continue
        call = Call(
            id=record.call, order=book.next(), links={link}, called=record.called, queue=record.queue,
            started=record.started, queued=record.queued, answered=record.answered, placed_by=record.placed_by,
            announced=True, certain=True,
        )  # fmt: skip
        book.links[link] = call
        legs = {row.leg: _leg(book, call, link, row) for row in record.legs}
        for one, two in record.talked:
            if one in legs and two in legs:
                call.pairs[legs[one].id, legs[two].id] = (book.next(), legs[one], legs[two])
        call.caller = next(iter(legs.values()), None)
        if call.caller is not None:
            call.caller.number, call.caller.label = record.caller.number or "", record.caller.name or ""
        call.told = book.telling(call)


def _leg(book: Book, call: Call, link: str, row: LegRecord) -> Leg:
    phase = UP if row.answered is not None else RINGING if row.rang is not None else NEW
    leg = Leg(
        id=row.leg_id, name=row.leg, order=book.next(), call=call, linkedid=link, endpoint=endpoint_of(row.leg),
        kind="pseudo" if is_pseudo(row.leg) else "device" if row.device else "trunk", base=local_base(row.leg),
        phase=phase, told=phase, dialled=row.rang is not None, talked=row.answered is not None,
        rang=row.rang, answered=row.answered, ended=row.ended, result=row.result, cause=row.cause or 0,
        gone=row.result is not None, certain=True,
    )  # fmt: skip
    if leg.gone:
        call.past.append(leg)
    else:
        book.legs[leg.id] = call.legs[leg.id] = leg
    return leg


def _drop_vanished(book: Book, listed: set[str]) -> None:
    """Legs that the PBX no longer has: their calls go on without them, or end with a gap."""
    for call in book.calls():
        vanished = [leg for leg in call.legs.values() if leg.id not in listed]
        if len(vanished) == len(call.legs):
            end(book, call, None, "gap", known=False)
            continue
        for leg in vanished:
            clear(book, leg, 0, None)


def _attach(book: Book, channels: list[Headers], waiting: list[Headers]) -> None:
    """Sight every channel, the calling ones first and who of them waits, then see who rings and who talks."""
    calling = [item for item in channels if item.get("Uniqueid") == item.get("Linkedid")]
    for item in calling:
        seen(book, item)
    for item in waiting:
        leg, queue = book.legs.get(item.get("Uniqueid", "")), item.get("Queue")
        if leg is not None and queue and leg.call.waiting != queue:
            agents.wait(book, leg, queue, item.get("Position", ""))
    for item in channels:
        seen(book, item)
    for item in channels:
        leg = book.legs.get(item.get("Uniqueid", ""))
        if leg is not None:
            leg.certain = leg.call.certain = True
            _place(book, leg, item.get("BridgeId", ""))


def _place(book: Book, leg: Leg, bridge: str) -> None:
    """Put the leg into the bridge where the PBX says it is, or out of any."""
    if bridge and (leg.bridge is None or leg.bridge.id != bridge):
        enter(book, leg, open_bridge(book, bridge))
    elif not bridge and leg.bridge is not None:
        leg.bridge.members.pop(leg.id, None)
        leg.bridge = None
