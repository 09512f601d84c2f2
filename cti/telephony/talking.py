"""Who talks with whom (Established), who holds whom (Held, Retrieved).

Two real legs talk when they share a bridge, directly or through Local channels whose halves join two bridges. Only
this is an answer: not a picked-up phone (a mobile's owner may have to press 1), not a queue's or a menu's pick-up.

A lost BridgeEnter is healed by the BridgeLeave: who leaves a bridge was in it, together with those who were there
while we looked.
"""

from __future__ import annotations

from collections.abc import Iterable

from cti.telephony import ringing
from cti.telephony.book import Book, Headers
from cti.telephony.ending import settle
from cti.telephony.events import Established, Held, Retrieved
from cti.telephony.hearing import parties, recount, same_person, stop, turn
from cti.telephony.model import Bridge, Call, Handover, Leg
from cti.telephony.ringing import seen, tell
from cti.telephony.transitions import UP


def bridge_enter(book: Book, headers: Headers) -> None:
    """A leg comes into a bridge, perhaps in another's place."""
    leg = seen(book, headers)
    bridge = _bridge(book, headers, leg)
    if bridge is None:
        return
    if leg is not None:
        swapped = book.legs.get(headers.get("SwapUniqueid", ""))
        if swapped is not None and swapped is not leg:
            _out(book, swapped, bridge)
        enter(book, leg, bridge)
    settle(book)


def bridge_leave(book: Book, headers: Headers) -> None:
    """A leg goes out of a bridge."""
    leg = seen(book, headers)
    bridge = _bridge(book, headers, leg)
    if bridge is None:
        return
    if leg is not None:
        if leg.id not in bridge.members and leg.id not in bridge.left:
            book.count("unseen bridge entries")
            enter(book, leg, bridge)
            far = leg.half.bridge if leg.half is not None else None
            for near in list(bridge.beside):
                _meet(book, near, [leg] if far is None else parties(far))
        _out(book, leg, bridge)
    settle(book)


def bridge_destroy(book: Book, headers: Headers) -> None:
    """A bridge is over."""
    bridge = book.bridges.pop(headers.get("BridgeUniqueid", ""), None)
    if bridge is not None:
        _stranger(book, bridge)
        bridge.count = 0
        for leg in list(bridge.members.values()):
            _out(book, leg, bridge)
        settle(book)


def enter(book: Book, leg: Leg, bridge: Bridge) -> None:
    """Put a leg into a bridge and see who talks now."""
    if leg.bridge is not None and leg.bridge is not bridge:
        _out(book, leg, leg.bridge)
    leg.bridge = bridge
    bridge.members[leg.id] = leg
    leg.call.bridges[bridge.id] = bridge
    if bridge.holding:
        return
    for other in list(bridge.members.values()):
        if other.call is not leg.call:
            book.merge(leg.call, other.call)
    found = parties(bridge)
    if leg.real:
        _meet(book, leg, found)
    else:
        for party in found:
            _meet(book, party, found)
    recount([bridge], book.at)
    book.stirred.add(leg.call)
    _goes_on(leg.call, found)
    ringing.found(book, leg.call)


def _goes_on(call: Call, found: list[Leg]) -> None:
    """Two or more hear each other: whoever hung up before has not ended the call."""
    if len(found) >= 2 and call.hung_up is not None and call.hung_up not in found:
        call.hung_up = None


def local_bridge(book: Book, headers: Headers) -> None:
    """Two halves of a Local channel join."""
    one, two = book.legs.get(headers.get("LocalOneUniqueid", "")), book.legs.get(headers.get("LocalTwoUniqueid", ""))
    if one is not None and two is not None:
        one.half, two.half = two, one
        if one.call is not two.call:
            book.merge(one.call, two.call)


def hold(book: Book, headers: Headers) -> None:
    """A leg puts its peer on hold."""
    leg = seen(book, headers)
    if leg is not None and leg.real and not leg.held:
        turn(leg, book.at, held=True)
        book.out.append(Held(at=book.at, call=leg.call.id, leg=leg.name, device=book.device(leg)))


def unhold(book: Book, headers: Headers) -> None:
    """A leg takes its peer back."""
    leg = seen(book, headers)
    if leg is not None and leg.held:
        turn(leg, book.at, held=False)
        book.out.append(Retrieved(at=book.at, call=leg.call.id, leg=leg.name, device=book.device(leg)))


def open_bridge(book: Book, uniqueid: str, technology: str = "") -> Bridge:
    """The bridge of that id, made where it was not known."""
    bridge = book.bridges.get(uniqueid)
    if bridge is None:
        bridge = book.bridges[uniqueid] = Bridge(id=uniqueid)
    if technology:
        bridge.holding = technology == "holding_bridge"
    return bridge


def peers(leg: Leg) -> list[Leg]:
    """Who has talked with the leg, in order."""
    pairs = sorted(leg.call.pairs.values(), key=lambda pair: pair[0])
    return [b if a is leg else a for _, a, b in pairs if leg is a or leg is b]


def _bridge(book: Book, headers: Headers, leg: Leg | None) -> Bridge | None:
    """The bridge an event speaks of; a dead leg's event makes none."""
    uniqueid = headers.get("BridgeUniqueid", "")
    if not uniqueid or (leg is None and uniqueid not in book.bridges):
        return None
    bridge = open_bridge(book, uniqueid, headers.get("BridgeTechnology", ""))
    count = headers.get("BridgeNumChannels", "")
    if count.isdecimal() and len(count) < 6:
        bridge.count = int(count)
    if leg is not None:
        leg.call.bridges[bridge.id] = bridge
    return bridge


def _out(book: Book, leg: Leg, bridge: Bridge) -> None:
    bridge.members.pop(leg.id, None)
    bridge.left.add(leg.id)
    broken = leg.talking and leg.real
    stop(leg, book.at)
    recount([bridge, leg.half.bridge if leg.half is not None else None], book.at)
    book.stirred.add(leg.call)
    if broken:
        others = parties(bridge)
        _goes_on(leg.call, others)
        if len(others) == 1:
            leg.call.left = leg
    if bridge.strangers() and leg.real:
        bridge.beside.append(leg)
    if leg.bridge is bridge:
        leg.bridge = None


def _stranger(book: Book, bridge: Bridge) -> None:
    """Nobody was seen to leave, and one entry was lost: it was that of the party who dialled the one inside."""
    inside = [leg for leg in bridge.members.values() if leg.real]
    if len(inside) == len(bridge.members) == 1 and bridge.count == 2:
        one = inside[0]
        up = [leg for leg in one.call.legs.values() if leg.real and leg.phase == UP and leg.bridge is None]
        _meet(book, one, [leg for leg in up if leg.taken is one or one.taken is leg])


def _meet(book: Book, leg: Leg, others: Iterable[Leg]) -> None:
    """The leg and each of the others hear each other; said once per pair, with the calling side as peer."""
    for other in others:
        if other is leg or not leg.real or not other.real or same_person(leg, other):
            continue
        if other.call is not leg.call:
            if other.gone:
                continue
            book.merge(leg.call, other.call)
        older, younger = _in_order(leg, other)
        call = leg.call
        if (older.id, younger.id) in call.pairs:
            continue
        call.pairs[older.id, younger.id] = (book.next(), older, younger)
        call.answered = call.answered if call.answered is not None else book.at
        for one in (older, younger):
            _talks(book, one)
        _reached(call.handovers, older, younger)
        book.out.append(
            Established(
                at=book.at,
                call=call.id,
                leg=younger.name,
                device=book.device(younger),
                peer=older.name,
                peer_device=book.device(older),
            )
        )


def _talks(book: Book, leg: Leg) -> None:
    if leg.phase < UP and not leg.gone:
        book.advance(leg, UP)
        tell(book, leg)
    leg.talked = True
    leg.answered = leg.answered if leg.answered is not None else book.at
    if leg.dialled and leg.source is not None:
        leg.source.taken = leg


def _reached(handovers: Iterable[Handover], older: Leg, younger: Leg) -> None:
    """Whom a transferred party now talks with is whom the transfer reached."""
    for handover in handovers:
        for handed, other in ((older, younger), (younger, older)):
            if not handover.to and handed in handover.handed and other is not handover.by and other not in handover.to:
                handover.to.append(other)


def _in_order(one: Leg, two: Leg) -> tuple[Leg, Leg]:
    """The calling side first: the older channel, by the PBX's own sequence where the ids tell it."""
    if (one.id == one.linkedid) != (two.id == two.linkedid) and one.linkedid == two.linkedid:
        return (one, two) if one.id == one.linkedid else (two, one)
    first, second = sequence(one.id), sequence(two.id)
    if first is None or second is None:
        first, second = (0, one.order), (0, two.order)
    return (one, two) if first <= second else (two, one)


def sequence(uniqueid: str) -> tuple[int, int] | None:
    """The PBX's own order of channels, where the id tells it: second of birth and running number."""
    stamp, _, number = uniqueid.rpartition("-")[2].partition(".")
    return (int(stamp), int(number)) if stamp.isdecimal() and number.isdecimal() else None
