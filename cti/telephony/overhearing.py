"""Who listens to whose talk: ChanSpy says when it begins and ends, and a snapshot that it goes on.

The leg that listens is up and hears somebody, and yet talks with nobody: it is in no bridge.
"""

from __future__ import annotations

from typing import Final

from cti.telephony.book import Book, Headers
from cti.telephony.events import Overhears
from cti.telephony.model import Leg
from cti.telephony.ringing import seen

SPYER: Final = "Spyer"
SOMEBODY: Final = "?"  # it listens, and to whom is not said


def begins(book: Book, headers: Headers) -> None:
    """A leg hears another from now on."""
    leg = _spyer(book, headers)
    if leg is not None:
        _hears(book, leg, headers.get("SpyeeChannel") or SOMEBODY)


def ends(book: Book, headers: Headers) -> None:
    """It hears nobody any more."""
    leg = _spyer(book, headers)
    if leg is not None:
        _hears(book, leg, "")


def listed(book: Book, leg: Leg, headers: Headers) -> None:
    """What a snapshot's line says of it: `Application: ChanSpy`, its data begins with the channel's name, or none."""
    if headers.get("Application", "").lower() == "chanspy":
        named = headers.get("ApplicationData", "").partition(",")[0]
        _hears(book, leg, leg.hears or named or SOMEBODY)
    else:
        _hears(book, leg, "")


def _spyer(book: Book, headers: Headers) -> Leg | None:
    """The leg that listens, whose snapshot stands in the event as that of any leg does in its own."""
    own = {name[len(SPYER) :]: value for name, value in headers.items() if name.startswith(SPYER)}
    return seen(book, own)


def _hears(book: Book, leg: Leg, whom: str) -> None:
    if leg.hears != whom:
        leg.hears = whom
        call = leg.call
        book.out.append(
            Overhears(
                at=book.at, call=call.id, leg=leg.name, device=book.device(leg), of=whom, placed_by=call.placed_by
            )
        )
