"""How legs and calls end: what became of each, said once, and then forgotten.

A call ends with its last leg. What became of it: answered if two real parties ever talked; else abandoned if the
caller waited in a queue; else what the rung phones say; else what the lone caller's cause says. An end that nobody saw
has no time: the call is `unfinished`, with the reason for the gap.
"""

from __future__ import annotations

from cti.telephony import conference
from cti.telephony.book import Book
from cti.telephony.causes import REFUSALS, alone, caller_result, rung_result, unanswered
from cti.telephony.events import CallCleared, ConnectionCleared, LegResult, Outcome, Reason
from cti.telephony.hearing import recount, stop
from cti.telephony.model import Call, Leg
from cti.telephony.transitions import UP


def clear(book: Book, leg: Leg, cause: int, at: float | None) -> None:
    """The leg is over; with the last leg its call is."""
    call = leg.call
    leg.gone, leg.ended, leg.cause = True, at, cause
    book.legs.pop(leg.id, None)
    call.legs.pop(leg.id, None)
    book.bury(leg.id)
    stop(leg, at)
    if leg.bridge is not None:
        leg.bridge.members.pop(leg.id, None)
        leg.bridge.left.add(leg.id)
        recount([leg.bridge, leg.half.bridge if leg.half is not None else None], at)
        book.stirred.add(call)
        if leg.bridge.strangers():
            leg.bridge.beside.append(leg)
    if leg.half is not None:
        leg.half.status = leg.half.status or leg.status
        leg.half.half = None
    if leg is call.caller and not call.pairs:
        call.abandoned = call.abandoned or (call.waiting is not None and call.caller_left)
        call.caller_left = True
    if leg.real:
        leg.result, taker = _result(book, leg)
        call.past.append(leg)
        book.out.append(
            ConnectionCleared(
                at=at,
                call=call.id,
                leg=leg.name,
                leg_id=leg.id,
                device=book.device(leg),
                result=leg.result,
                cause=cause,
                taken_by=book.device(taker) if taker is not None else None,
            )
        )
    if not call.legs:
        call.ended = at
        if call.doubtful():
            book.orphans.append(call)
        else:
            end(book, call, at)


def end(book: Book, call: Call, at: float | None, reason: Reason | None = None, *, known: bool = True) -> None:
    """The call is over. known: its outcome was seen, even where a hang-up was not."""
    for leg in list(call.legs.values()):
        if leg.real:
            leg.cause = call.caller.cause if call.caller is not None else 0  # the caller is told the callee's cause
            leg.result, _ = _result(book, leg)
        call.legs.pop(leg.id)
        book.legs.pop(leg.id, None)
        book.bury(leg.id)
        leg.gone = True
        stop(leg, at)
        if leg.bridge is not None:
            leg.bridge.members.pop(leg.id, None)
        if leg.real:
            call.past.append(leg)
    book.forget(call)
    if not call.announced:
        return
    call.ended, call.reason = at, reason
    conference.close(call, at)
    if reason is not None:
        call.unseen = _unseen(book, call, reason)
    call.outcome = outcome(call) if known else "unfinished"
    for wait in call.waits:
        if wait.how is None:
            wait.how, wait.left = "abandoned" if call.abandoned else "other", at
    book.out.append(CallCleared(at=at, call=call.id, record=book.record(call)))


def _unseen(book: Book, call: Call, reason: Reason) -> tuple[float | None, float | None]:
    """Between what times it ended: when it was last known to run, and when it was seen to be over."""
    known = [call.started, call.answered, *(leg.seen for leg in (*call.legs.values(), *call.past))]
    since = max([at for at in known if at is not None] + [book.heard if reason != "lost" else 0.0])
    return since or None, book.now if book.now > since else None


def settle(book: Book, *, waited: bool = False) -> None:
    """End the calls of which neither a leg nor anybody in a bridge is left. waited: long enough for others to show."""
    orphans, book.orphans = book.orphans, []
    for call in orphans:
        if call.legs or book.links.get(next(iter(call.links))) is not call:
            continue  # it lives on, or has become part of another
        if waited or not call.doubtful():
            end(book, call, call.ended)
        elif call not in book.orphans:
            book.orphans.append(call)


def finish(book: Book, reason: Reason) -> None:
    """End all calls whose end will not be seen (the stream or the PBX ended), without inventing a time."""
    settle(book, waited=True)
    for call in book.calls():
        living = sum(leg.real for leg in call.legs.values())
        end(book, call, None, reason, known=reason == "gap" and living <= 1 and bool(call.past))


def outcome(call: Call) -> Outcome:
    """What the call came to, as far as it is known now."""
    if call.pairs:
        return "answered"
    if call.voicemail:
        return "voicemail"
    if call.asked_back:
        return "callback-requested"
    if call.abandoned:
        return "abandoned"
    if any(leg.result == "cancelled" and leg.queue for leg in call.past):
        return "abandoned"
    rung = [leg.result for leg in call.past if leg.result is not None and leg.dialled and not _calling(leg)]
    told = unanswered(rung)
    if told is not None:
        return told
    caller = call.caller
    if caller is None:
        return "failed"
    if call.queue is not None:
        return "no-answer"
    return alone(caller.cause, was_up=caller.phase == UP)


def _calling(leg: Leg) -> bool:
    """An agent's own leg of a MakeCall, once picked up, is the caller's."""
    return leg is leg.call.caller and (not leg.dialled or leg.phase == UP)


def _result(book: Book, leg: Leg) -> tuple[LegResult, Leg | None]:
    """What became of a leg that just ended, and who took the call where somebody else did."""
    call = leg.call
    if leg.transferer or leg.forwarded:
        return "transferred", None
    if leg.talked:
        return "talked", None
    if not leg.dialled or _calling(leg):
        ringing = any(other.real and other.dialled and other.phase < UP for other in call.legs.values())
        left = (ringing or call.waiting) and not call.given_up
        return "cancelled" if left else caller_result(outcome(call)), None
    taker = leg.source.taken if leg.source is not None else None
    if taker is not None and taker is not leg and taker.up_order > leg.order and leg.cause not in REFUSALS:
        return "answered-elsewhere", taker
    if leg.status == "CANCEL" and _still_waits(leg):
        return "no-answer", None
    return rung_result(leg.status or _status_of_chain(book, leg), leg.cause, caller_left=call.caller_left), None


def _still_waits(leg: Leg) -> bool:
    """It rang for somebody who was passed on and is still there: the PBX gave the ring up, not he."""
    source = leg.source
    if source is None or source.gone or source is leg.call.hung_up:
        return False
    return any(source in done.handed for done in leg.call.handovers)


def _status_of_chain(book: Book, leg: Leg) -> str:
    """How the dial ended that led here through a Local channel."""
    parent = book.legs.get(leg.parent or "")
    if parent is None or parent.real:
        return ""
    return parent.status or (parent.half.status if parent.half is not None else "")
