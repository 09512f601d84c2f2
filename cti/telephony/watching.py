"""Calls seen by a watch line: an extension that rings along tells who calls, and little of how it ends.

For a PBX without a manager interface. Rules kept here: what SIP does not tell is not invented: an end without a reason
is `unfinished` with reason `sip`, a call that somebody answered has no end, and by whom it was answered nobody knows.
Ids are `sip-REGISTRAR.x`, so that such calls are known wherever they are met.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct, structs

from cti.telephony.events import (
    CallCleared,
    CallRecord,
    ConnectionCleared,
    Delivered,
    LegRecord,
    LegResult,
    Originated,
    Party,
    TelephonyEvent,
)

How = Literal["elsewhere", "unanswered", "unsaid", "lost"]
_ID = re.compile(r"sip-([a-z][a-z0-9-]{0,30})\.[0-9a-f]{16}")
RESULTS: Final[dict[How, LegResult | None]] = {
    "elsewhere": "answered-elsewhere",
    "unanswered": "no-answer",
    "unsaid": None,
    "lost": None,
}


class Rang(Struct, frozen=True, kw_only=True):
    """A call rings at a watch line. number, name: as the PBX shows them, "" when hidden."""

    call: str
    number: str
    name: str
    at: float


class Over(Struct, frozen=True, kw_only=True):
    """It rings no more. how: elsewhere (somebody answered), unanswered, unsaid (the PBX gave no reason), lost."""

    call: str
    how: How
    at: float


def registrar_of(call: str) -> str:
    """At which registrar a call was seen by SIP; "" for a call that was not."""
    found = _ID.fullmatch(call)
    return found[1] if found else ""


class WatchedCalls:
    """The calls that ring at watch lines now, as events of the telephony model."""

    def __init__(self) -> None:
        self._calls: dict[str, CallRecord] = {}

    @property
    def open_calls(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(self._calls)

    def record(self, call: str) -> CallRecord | None:
        """One of them, None when it is over."""
        return self._calls.get(call)

    def rang(self, registrar: str, called: str, devices: Sequence[str], rang: Rang) -> list[TelephonyEvent]:
        """It rings: at the phones of the people who are named for the line. called: the number that clients dial."""
        call = f"sip-{registrar}.{rang.call}"
        if call in self._calls:
            return []
        caller = Party(number=rang.number or None, name=rang.name or None)
        legs = tuple(
            LegRecord(leg=f"{device}-sip", leg_id=f"{call}-{place}", device=device, rang=rang.at)
            for place, device in enumerate(devices)
        )
        record = CallRecord(
            call=call, direction="inbound", caller=caller, called=called or None, started=rang.at, legs=legs
        )
        self._calls[call] = record
        first = Originated(
            at=rang.at,
            call=call,
            leg=f"SIP/{registrar}",
            leg_id=call,
            device=None,
            direction="inbound",
            caller=caller,
            called=record.called,
        )
        rings = [
            Delivered(
                at=rang.at,
                call=call,
                leg=leg.leg,
                leg_id=leg.leg_id,
                device=leg.device,
                calling=caller,
                called=record.called,
                targets=tuple(devices),
            )
            for leg in legs
        ]
        return [first, *rings]

    def over(self, registrar: str, over: Over) -> list[TelephonyEvent]:
        """It rings no more."""
        record = self._calls.pop(f"sip-{registrar}.{over.call}", None)
        if record is None:
            return []
        result = RESULTS[over.how]
        record = structs.replace(
            record, legs=tuple(structs.replace(leg, ended=over.at, result=result) for leg in record.legs)
        )
        match over.how:
            case "elsewhere":
                record = structs.replace(record, answered=over.at, outcome="answered", unseen=(over.at, None))
            case "unanswered":
                record = structs.replace(record, ended=over.at, outcome="no-answer")
            case "unsaid":
                record = structs.replace(record, outcome="unfinished", reason="sip", unseen=(over.at, None))
            case _:
                record = structs.replace(record, outcome="unfinished", reason="lost", unseen=(record.started, over.at))
        cleared = [
            ConnectionCleared(
                at=over.at, call=record.call, leg=leg.leg, leg_id=leg.leg_id, device=leg.device, result=result
            )
            for leg in record.legs
            if result is not None
        ]
        return [*cleared, CallCleared(at=over.at, call=record.call, record=record)]
