"""Agreement with the PBX after connecting: its own list of channels against what we hold.

What it lists and we do not know is attached as it stands; what we hold and it does not list ended unseen, at a time
nobody knows. Calls of the previous run are taken over first (`adopt`), so that they keep their ids.

After a gap in the link one snapshot decides. A routine one may have crossed a Hangup that is still on its way to us: so
a leg must be missing from two of them, with no event in between, before its hang-up is taken for lost.
A PBX that was started anew says so (`CoreStartup...` of CoreStatus) or numbers its channels from the beginning again.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from cti.telephony import agents, overhearing
from cti.telephony.book import Book, Headers
from cti.telephony.devices import endpoint_of, is_pseudo, local_base
from cti.telephony.ending import clear, end, finish, settle
from cti.telephony.events import CallRecord, LegRecord, PbxRestarted, SnapshotTaken
from cti.telephony.hearing import recount, stop
from cti.telephony.model import Call, Conferring, Leg, Waiting
from cti.telephony.ringing import seen
from cti.telephony.talking import enter, open_bridge, sequence
from cti.telephony.transitions import NEW, RINGING, UP


def resync(book: Book, items: Iterable[Headers], *, restarted: bool, gap: bool) -> None:
    """Take over the PBX's own account. items: answers of the snapshot's actions, told apart by `Event`."""
    by_event: dict[str, list[Headers]] = {}
    for item in items:
        by_event.setdefault(item.get("Event", ""), []).append(item)
    channels = by_event.get("CoreShowChannel", [])
    if _rebooted(book, by_event.get("CoreStatus", [])) or restarted or _numbered_anew(book, channels):
        restart(book)
    for item in by_event.get("BridgeListItem", []):
        if uniqueid := item.get("BridgeUniqueid"):
            open_bridge(book, uniqueid, item.get("BridgeTechnology", ""))
    _drop_vanished(book, {item.get("Uniqueid", "") for item in channels}, gap=gap)
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
        call.conferences = [
            Conferring(began=one.began, ended=one.ended, legs=list(one.legs)) for one in record.conferences
        ]
        call.waits = [Waiting(**structs.asdict(wait)) for wait in record.waits]
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
        gone=row.result is not None, certain=True, talk=row.talk or 0.0, hold=row.hold or 0.0, since=row.since,
        talking=row.since is not None, untimed=row.talk is None,
    )  # fmt: skip
    if leg.gone:
        call.past.append(leg)
    else:
        book.legs[leg.id] = call.legs[leg.id] = leg
    return leg


def _rebooted(book: Book, answers: list[Headers]) -> bool:
    """Whether the PBX names another time of its start than it did before."""
    for answer in answers:
        if day := answer.get("CoreStartupDate"):
            before, book.booted = book.booted, f"{day} {answer.get('CoreStartupTime', '')}"
            return before not in ("", book.booted)
    return False


def _numbered_anew(book: Book, channels: list[Headers]) -> bool:
    """Whether a younger channel has no higher number than one we hold: the PBX counts from the start again."""
    ours = [stamp for leg in book.legs if (stamp := sequence(leg)) is not None]
    theirs = [stamp for item in channels if (stamp := sequence(item.get("Uniqueid", ""))) is not None]
    if not ours or not theirs or not book.legs.keys().isdisjoint(item.get("Uniqueid", "") for item in channels):
        return False
    oldest = min(ours)
    return all(at > oldest[0] and number <= oldest[1] for at, number in theirs)


def _drop_vanished(book: Book, listed: set[str], *, gap: bool) -> None:
    """Legs that the PBX no longer has: their calls go on without them, or end unseen."""
    for call in book.calls():
        vanished = [leg for leg in call.legs.values() if leg.id not in listed and (gap or _missed_twice(leg))]
        if len(vanished) == len(call.legs):
            end(book, call, None, "gap" if gap else "lost", known=False)
            continue
        for leg in vanished:
            clear(book, leg, 0, None)
            if not gap:
                book.count("lost hang-ups")


def _missed_twice(leg: Leg) -> bool:
    again = leg.missed == leg.seen
    leg.missed = leg.seen
    return again


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
            overhearing.listed(book, leg, item)


def _place(book: Book, leg: Leg, bridge: str) -> None:
    """Put the leg into the bridge where the PBX says it is, or out of any."""
    if bridge and (leg.bridge is None or leg.bridge.id != bridge):
        enter(book, leg, open_bridge(book, bridge))
    elif not bridge and leg.bridge is not None:
        left = leg.bridge
        left.members.pop(leg.id, None)
        leg.bridge = None
        stop(leg, book.at)
        recount([left], book.at)
        book.stirred.add(leg.call)
