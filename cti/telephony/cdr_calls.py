"""The records of one call made into the call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cti.telephony.cdr import FIELD_MOST, Row
from cti.telephony.devices import SHORT, DevicePlan, endpoint_of, is_pseudo, shown
from cti.telephony.events import CallRecord, Direction, LegRecord, LegResult, Outcome, Party
from cti.telephony.queue_log import Told

_RESULTS: Final[dict[str, LegResult]] = {
    "ANSWERED": "talked",
    "NO ANSWER": "no-answer",
    "BUSY": "busy",
    "CONGESTION": "unreachable",
    "FAILED": "failed",
}
_OUTCOMES: Final[dict[str, Outcome]] = {"BUSY": "busy", "CONGESTION": "failed", "FAILED": "failed"}


def call_of(rows: Sequence[Row], plan: DevicePlan, prefix: str = "") -> Told:
    """The call of these records, which all are of one and in order; who sat at its legs is told by their devices."""
    first = next((row for row in rows if not is_pseudo(row.channel)), rows[0])
    caller = _device(first.channel, first.src, first.account, plan)
    peers = [row for row in rows if row.peer and not is_pseudo(row.peer)]
    talked = [row for row in peers if row.disposition == "ANSWERED"]
    begins = [at for row in talked if (at := _talk_began(row, placed=caller is not None)) is not None]
    legs: dict[str, LegRecord] = {}
    if not is_pseudo(first.channel):
        own = first.own or first.channel
        spoken = [row.talk_s for row in talked if row.channel == first.channel]
        exact = bool(begins) and len(begins) == len(talked)
        legs[own] = LegRecord(
            leg=first.channel,
            leg_id=own,
            device=caller,
            answered=min(begins) if exact else None,
            ended=max(row.ended for row in rows if row.channel == first.channel),
            result="talked" if talked and caller else None,
            talk=sum(spoken) if exact and spoken else None,
        )
    for row in peers:
        leg = _leg(row, plan, placed=caller is not None)
        before = legs.get(leg.leg_id)
        if before is None or (before.result != "talked" and leg.result == "talked"):
            legs[leg.leg_id] = leg
    number = shown(first.src)
    queue = next((_queue(row) for row in rows if row.app == "Queue"), None)
    key = first.call or f"cdr:{int(first.began)}:{first.channel}"[:FIELD_MOST]
    return Told(
        CallRecord(
            call=prefix + key,
            direction=_direction(first, caller, peers, plan),
            caller=Party(number=number, name=first.name or None, device=caller),
            called=first.dst or None,
            queue=queue,
            started=first.began,
            answered=min(begins) if begins else None,
            ended=max(row.ended for row in rows),
            outcome=_outcome(rows, talked),
            talked=tuple((row.channel, row.peer) for row in talked),
            legs=tuple(legs.values()),
        ),
        {leg.leg_id: leg.device for leg in legs.values() if leg.device},
    )


def _device(channel: str, number: str, account: str, plan: DevicePlan) -> str | None:
    if is_pseudo(channel):
        return None
    endpoint = endpoint_of(channel)
    return endpoint if plan.is_device(endpoint, number, account) else None


def _talk_began(row: Row, *, placed: bool) -> float | None:
    """When the two began to talk. None: the caller was answered before, by a menu or a queue: that is all it says."""
    if row.answered is None or not (row.answered - row.began >= 1.0 or (placed and row.app == "Dial")):
        return None
    return row.answered


def _leg(row: Row, plan: DevicePlan, *, placed: bool) -> LegRecord:
    result = _RESULTS.get(row.disposition, "failed")
    began = _talk_began(row, placed=placed) if result == "talked" else None
    return LegRecord(
        leg=row.peer,
        leg_id=row.peer,
        device=_device(row.peer, row.dst, "", plan),
        rang=None if result == "talked" else row.began,
        answered=began,
        ended=row.ended,
        result=result,
        talk=row.talk_s if began is not None else None,
    )


def _direction(first: Row, caller: str | None, peers: Sequence[Row], plan: DevicePlan) -> Direction | None:
    if is_pseudo(first.channel):
        return None
    if caller is None:
        return "inbound"
    if peers:
        outside = any(_device(row.peer, row.dst, "", plan) is None for row in peers)
    else:
        outside = not SHORT.fullmatch(first.dst)
    return "outbound" if outside else "internal"


def _queue(row: Row) -> str | None:
    return row.data.replace("|", ",").partition(",")[0] or None


def _outcome(rows: Sequence[Row], talked: Sequence[Row]) -> Outcome:
    if talked:
        return "answered"
    last = rows[-1]
    if last.app in ("VoiceMail", "TrubkaVoicemail"):
        return "voicemail"
    if any(row.app == "Queue" for row in rows):
        return "abandoned"
    if all(row.disposition == "ANSWERED" and not row.peer for row in rows):
        return "self-service"
    return _OUTCOMES.get(last.disposition, "no-answer")
