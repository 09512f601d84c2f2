"""Dialling and ringing: who is called by whom, and the moment a device rings (Delivered).

A dial may pass through any number of Local channels: `PJSIP/a -> Local;1`, its other half `Local;2 -> PJSIP/b`. The
caller a phone is shown is the real leg at the near end of that chain. After a blind or blonde transfer the PBX dials
for the transferred party, so the chain leads to him and not to who transferred.
"""

from __future__ import annotations

from cti.telephony.book import DEST, OWN, Book, Headers, Keys, called_first, keys
from cti.telephony.devices import number_dialled, shown
from cti.telephony.events import Delivered, Party
from cti.telephony.model import Call, Leg
from cti.telephony.transitions import NEW, PHASE_OF_DIAL, RINGING, UP

TARGET = keys("Target")
DEPTH = 12  # Local channels in one chain; a longer one is a loop in somebody's dialplan


def seen(book: Book, headers: Headers, names: Keys = OWN, *, born: bool = False) -> Leg | None:
    """Sight a leg, and tell if it rings."""
    leg = book.sight(headers, names, born=born)
    if leg is not None and leg.phase > leg.told:
        tell(book, leg)
    return leg


def tell(book: Book, leg: Leg) -> None:
    """Listeners learn of the leg's phase: a leg that is rung is Delivered, also when it answered at once."""
    before, leg.told = leg.told, leg.phase
    if not leg.real:
        return
    if leg.phase == RINGING:
        leg.dialled = True
    if leg.dialled and before == NEW:
        leg.source = leg.source or source_of(book, leg)
        if leg.phase == UP and leg.source is not None:
            leg.source.taken = leg
        deliver(book, leg)


def deliver(book: Book, leg: Leg) -> None:
    """Say that the leg's device rings, and for whom."""
    call = leg.call
    device = book.device(leg)
    first = device is None or device not in call.rung
    if device is not None:
        call.rung.add(device)
    leg.rang = leg.rang if leg.rang is not None else book.at
    leg.shown_caller = leg.source or _presumed(call, leg)
    if call.hung_up is not None and call.hung_up is not call.caller:
        call.hung_up = None  # it goes on: a refusal, or the end of an earlier conversation, was not its end
    own = leg is call.caller and call.placed_by is not None
    book.out.append(
        Delivered(
            at=book.at,
            call=call.id,
            leg=leg.name,
            leg_id=leg.id,
            device=device,
            calling=_calling(book, call, leg),
            called=call.called,
            queue=leg.queue or (call.waiting if leg.source in (None, call.caller) else None),
            targets=_targets(book, call),
            first=first,
            placed_by=call.placed_by if own else None,
        )
    )


def dial_begin(book: Book, headers: Headers) -> None:
    """A leg (or, at an Originate, nobody) dials another."""
    by = seen(book, headers)
    leg = book.sight(headers, DEST)
    if leg is None:
        return
    leg.dialled = True
    if by is None:
        leg.originated = leg.originated or leg.parent is None
        if leg.originated and leg is leg.call.caller and leg.kind != "device":
            leg.call.called = leg.call.called or number_dialled(headers.get("DialString", ""))
    elif by.id != leg.id:
        if by.call is not leg.call:
            book.merge(by.call, leg.call)
        if by is by.call.caller and by.call.waiting is None:
            by.call.abandoned = False  # who was taken out of a queue and goes on had not given up
        if leg is leg.call.caller and called_first(leg.call):
            leg.call.called = leg.call.called or number_dialled(leg.number)  # what was dialled within
        leg.parent = by.id
        leg.queue = leg.queue or (by.call.waiting if by is by.call.caller else None)
        _reroute(book, leg)
    if leg.phase > leg.told:
        tell(book, leg)
    book.changed(leg.call)


def dial_state(book: Book, headers: Headers) -> None:
    """News of a dial: the far end rings or makes itself heard."""
    seen(book, headers)
    leg = seen(book, headers, DEST)
    if leg is not None:
        leg.dialled = True
        _come(book, leg, headers.get("DialStatus", ""))


def dial_end(book: Book, headers: Headers) -> None:
    """A dial is over for one leg, by an answer or otherwise."""
    by = seen(book, headers)
    leg = seen(book, headers, DEST)
    if leg is None:
        return
    leg.dialled = True
    status = headers.get("DialStatus", "")
    leg.status = leg.status if leg.status == "NOANSWER" and status == "CANCEL" else status  # a queue says both
    leg.forwarded = leg.forwarded or bool(headers.get("Forward"))
    if by is not None and leg.parent is None and by.id != leg.id:
        if by.call is not leg.call:
            book.merge(by.call, leg.call)
        leg.parent = by.id
        _reroute(book, leg)
    _come(book, leg, leg.status)


def pickup(book: Book, headers: Headers) -> None:
    """Another phone takes over a ring: who rings for the same caller has been relieved by it."""
    taker, target = seen(book, headers), book.sight(headers, TARGET)
    if taker is None or target is None or taker is target:
        return
    if taker.call is not target.call:
        book.merge(taker.call, target.call)
    taker.source = taker.source or target.source or source_of(book, target)
    if taker.source is not None and taker.phase == UP:
        taker.source.taken = taker


def _come(book: Book, leg: Leg, status: str) -> None:
    phase = PHASE_OF_DIAL.get(status, NEW)
    if phase > leg.phase:
        book.advance(leg, phase)
        tell(book, leg)


def _reroute(book: Book, dialled: Leg) -> None:
    """After a new dial, legs behind it may have another caller; a phone that rings is told so."""
    for leg in list(dialled.call.legs.values()) if not dialled.real else [dialled]:
        if not leg.real or not leg.dialled or (leg.phase == UP and leg.talked):
            continue
        source = source_of(book, leg)
        if source is None or source is leg.source:
            continue
        leg.source = source
        if leg.phase == UP:
            source.taken = leg
        elif leg.told == RINGING and leg.shown_caller is not source:
            deliver(book, leg)


def found(book: Book, call: Call) -> None:
    """A bridge filled: whoever rings for nobody known yet may ring for a party in it, and is told so."""
    for leg in [one for one in call.legs.values() if one.told == RINGING and one.source is None]:
        if leg.real and leg.dialled and not leg.originated:
            leg.source = source_of(book, leg)
            if leg.source is not None and leg.shown_caller is not leg.source:
                deliver(book, leg)


def source_of(book: Book, leg: Leg) -> Leg | None:
    """The real leg for whom this one is dialled, or None while unknown (an Originate's own leg has none)."""
    now = leg
    for _ in range(DEPTH):
        parent = book.legs.get(now.parent or "")
        if parent is None or parent is leg:
            return None
        if parent.real:
            return parent
        if parent.half is None:
            return None
        now = parent.half
        if now.parent is None:
            return _bridged(parent.half) or _bridged(parent)
    return None


def _bridged(leg: Leg) -> Leg | None:
    """A real leg in the same bridge: the party for whom a Local half speaks."""
    if leg.bridge is None:
        return None
    return next((other for other in leg.bridge.members.values() if other.real), None)


def _calling(book: Book, call: Call, leg: Leg) -> Party:
    """The party shown to a ringing device."""
    source = leg.source or _presumed(call, leg)
    if source is not None and source.originated and source.kind != "device":
        return Party(number=call.called)  # the client whom the server called first; his leg shows our number
    if source is not None:
        return book.party(source)
    if leg is call.caller and call.placed_by is not None:
        return Party()  # an agent's own phone rings for his click; its caller id is ours
    return Party(number=shown(leg.connected), name=shown(leg.connected_label))


def _presumed(call: Call, leg: Leg) -> Leg | None:
    """Who calls a leg that rings before it is told who dials it."""
    return call.caller if not leg.originated and call.caller is not leg else None


def _targets(book: Book, call: Call) -> tuple[str, ...]:
    """Devices that ring for this call now."""
    ringing = (leg for leg in call.legs.values() if leg.phase == RINGING and leg.kind == "device")
    return tuple(dict.fromkeys(book.prefix + leg.endpoint for leg in ringing))
