"""Transfers: blind (to a number), attended (after a consultation), blonde (the consulted party had not answered yet).

A consultation is a call of its own until the transfer makes both one: the older call keeps its id, so the client's
card and notes stay. `by` is the transferer's leg: in a blind transfer the one in the conversation, else the one of the
consultation. A transfer that the PBX says failed is no transfer.
Source: AMI BlindTransfer and AttendedTransfer; Transferee* and TransferTarget* come only where a bridge had two legs.
"""

from __future__ import annotations

from cti.telephony.book import Book, Headers, keys
from cti.telephony.events import Transferred
from cti.telephony.model import Handover, Leg, TransferKind
from cti.telephony.ringing import deliver
from cti.telephony.talking import peers
from cti.telephony.transitions import UP

TRANSFERER = keys("Transferer")
TRANSFEREE = keys("Transferee")
ORIGINAL = keys("OrigTransferer")
SECOND = keys("SecondTransferer")
TARGET = keys("TransferTarget")


def blind(book: Book, headers: Headers) -> None:
    """A party is sent on to a number."""
    by = book.sight(headers, TRANSFERER)
    handed = book.sight(headers, TRANSFEREE)
    if by is None or headers.get("Result", "Success") != "Success":
        return
    others = [handed] if handed is not None and handed.real else _with(by)
    _hand_over(book, by, "blind", others, [])


def attended(book: Book, headers: Headers) -> None:
    """The transferer joins his first conversation with his second one and leaves."""
    first = book.sight(headers, ORIGINAL)
    second = book.sight(headers, SECOND) or first
    transferee, target = book.sight(headers, TRANSFEREE), book.sight(headers, TARGET)
    if headers.get("Result", "Success") != "Success" or headers.get("DestType") == "Fail":
        return
    if first is None or second is None:
        return
    if first.call is not second.call:
        book.merge(first.call, second.call)
    handed = [transferee] if transferee is not None and transferee.real else _handed(first, second)
    spoken = [leg for leg in peers(second) if leg not in handed and leg is not first]
    to = [target] if target is not None and target.real and target is not transferee else spoken
    kind: TransferKind = "attended" if to and set(to) <= set(spoken) else "blonde"
    first.transferer = True
    _hand_over(book, second, kind, handed, to if kind == "attended" else [])


def _hand_over(book: Book, by: Leg, kind: TransferKind, handed: list[Leg], to: list[Leg]) -> None:
    call = by.call
    if any(done.by is by and set(done.handed) == set(handed) for done in call.handovers):
        return  # the same event again
    by.transferer = True
    handover = Handover(kind=kind, by=by, handed=handed, to=list(to))
    call.handovers.append(handover)
    reached = to or _ringing(by)
    book.out.append(
        Transferred(
            at=book.at,
            call=call.id,
            transfer=handover.record(),
            by_device=book.device(by),
            to_devices=tuple(device for leg in reached if (device := book.device(leg)) is not None),
        )
    )
    if kind == "blonde" and handed:
        for leg in reached:  # still ringing, and from now on for the party that was passed on
            leg.source = handed[0]
            deliver(book, leg)


def _with(leg: Leg) -> list[Leg]:
    """Living real legs that the leg has talked with."""
    return [other for other in peers(leg) if not other.gone]


def _handed(first: Leg, second: Leg) -> list[Leg]:
    """Who is passed on, where the event does not say: whom the transferer talked with first."""
    spoken = _with(first)
    return spoken if first is not second else spoken[:1]


def _ringing(by: Leg) -> list[Leg]:
    """Legs that ring on the transferer's behalf."""
    legs = by.call.legs.values()
    return [leg for leg in legs if leg.real and leg.dialled and leg.phase < UP and leg.source is by]
