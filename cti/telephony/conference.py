"""Who talks in a talk of three or more (Conferenced): a conference's room, or a bridge that somebody was added to.

Looked at once all that one message of the PBX says is done, so a leg that takes another one's place ends nothing.
CSTA: Conferenced (ECMA-269). A person at two legs of one phone counts once; who only listens in is nobody here.
"""

from __future__ import annotations

from cti.telephony.book import Book
from cti.telephony.events import Conferenced, Party
from cti.telephony.hearing import parties
from cti.telephony.model import Call, Conferring, Leg

FEW = 2  # so many make a plain conversation


def confer(book: Book) -> None:
    """Tell of the calls in whose bridges somebody came or went, where who talks together is not as it was."""
    stirred, book.stirred = book.stirred, set()
    for call in sorted(stirred, key=lambda one: one.order):
        now = _together(call)
        if now == call.together or not call.announced:
            continue
        call.together = now
        if now:
            _goes_on(call, now, book.at)
        else:
            close(call, book.at)
        told = tuple(_party(book, leg) for leg in now)
        book.out.append(Conferenced(at=book.at, call=call.id, legs=tuple(leg.name for leg in now), parties=told))


def close(call: Call, at: float | None) -> None:
    """Nobody talks in three any more."""
    call.together = ()
    if call.conferences and call.conferences[-1].ended is None:
        call.conferences[-1].ended = at


def _goes_on(call: Call, now: tuple[Leg, ...], at: float | None) -> None:
    if not call.conferences or call.conferences[-1].ended is not None:
        call.conferences.append(Conferring(began=at))
    legs = call.conferences[-1].legs
    legs += [leg.name for leg in now if leg.name not in legs]


def _together(call: Call) -> tuple[Leg, ...]:
    found: tuple[Leg, ...] = ()
    for bridge in call.bridges.values():
        heard = [] if bridge.holding else [leg for leg in parties(bridge) if leg.call is call]
        people = {leg.endpoint if leg.kind == "device" else leg.id: leg for leg in heard}
        if len(people) > max(FEW, len(found)):
            found = tuple(sorted(people.values(), key=lambda leg: leg.order))
    return found


def _party(book: Book, leg: Leg) -> Party:
    if leg.originated and leg.kind != "device":
        return Party(number=leg.call.called)  # the client whom the server called first; his leg shows our number
    return book.party(leg)
