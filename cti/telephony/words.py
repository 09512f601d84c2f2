"""What a dialplan says of a call by UserEvent: variables for its card, the steps of its way, a mark, a wish.

A dialplan may be anybody's and its texts too: they are handed on as they came, cut by whoever keeps them. What is no
mark, no queue and no time is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from cti.telephony.agents import status
from cti.telephony.book import OWN, Book, Headers
from cti.telephony.events import (
    CallBackAsked,
    CallVariables,
    RecordingBegan,
    RecordingEnded,
    Scored,
    Spied,
    StepTaken,
)
from cti.telephony.model import Leg
from cti.telephony.ringing import seen

CHANNEL_HEADERS: Final = frozenset(OWN[:-1]) | {
    "Event", "Privilege", "UserEvent", "Timestamp", "ChannelStateDesc", "Language", "Context", "Priority", "ActionID",
    "SystemName", "SequenceNumber", "content",
}  # fmt: skip
LONGEST_ID = 60
LONGEST_WAIT_S = 6 * 3600.0  # who says that he waits for longer is not believed
# of a recording: folders and a name of plain letters, which lead nowhere but down
FILE: Final = re.compile(
    r"(?=.{1,200}\Z)[0-9A-Za-z_][0-9A-Za-z_.,@-]*(?:/[0-9A-Za-z_][0-9A-Za-z_.,@-]*){0,8}", re.ASCII
)
SCORES: Final = {str(score): score for score in range(1, 6)}


def user_event(book: Book, headers: Headers) -> None:
    """TrubkaCard (or Trubka), name: value,...: variables for the call's card. TrubkaQueue: how Queue() ended.

    TrubkaVoicemail: the caller may leave a message. TrubkaStep: where the call is. TrubkaScore: the client's mark.
    TrubkaCallback: he asks to be called back. TrubkaSpy: somebody listens to a colleague.
    TrubkaRecording, TrubkaRecorded: a recording began, or ended early.
    """
    said = SAYINGS.get(headers.get("UserEvent", "").lower())
    leg = seen(book, headers) if said is not None else None
    if said is not None and leg is not None:
        said(book, leg, headers)


def _card(book: Book, leg: Leg, headers: Headers) -> None:
    variables = {name: value for name, value in headers.items() if name not in CHANNEL_HEADERS}
    book.out.append(CallVariables(at=book.at, call=leg.call.id, variables=variables))


def _queue(book: Book, leg: Leg, headers: Headers) -> None:
    status(book, leg, headers.get("Queue", ""), headers.get("Status", ""))


def _voicemail(_book: Book, leg: Leg, _headers: Headers) -> None:
    leg.call.voicemail = True


def _step(book: Book, leg: Leg, headers: Headers) -> None:
    told = {name: headers.get(name.title(), "") for name in ("node", "kind", "key", "hours")}
    if told["node"]:
        book.out.append(StepTaken(at=book.at, call=leg.call.id, **told))


def _score(book: Book, leg: Leg, headers: Headers) -> None:
    score = SCORES.get(headers.get("Score", ""))
    if score is not None:
        book.out.append(Scored(at=book.at, call=leg.call.id, score=score))


def _spy(book: Book, leg: Leg, headers: Headers) -> None:
    by, of = headers.get("By", ""), headers.get("Of", "")
    if by and of:
        book.out.append(Spied(at=book.at, call=leg.call.id, by=by, of=of, near=book.device(leg)))


def _callback(book: Book, leg: Leg, headers: Headers) -> None:
    queue, call = headers.get("Queue", ""), leg.call
    if "Call" in headers:  # told once more, by a leg that only tells
        joined, number = _time(headers.get("Joined", ""), book.at), headers.get("Number", "")
        id_ = f"{book.prefix}{headers['Call'][:LONGEST_ID]}"
        book.out.append(CallBackAsked(at=book.at, call=id_, queue=queue, joined=joined, number=number))
        return
    call.asked_back = True
    joined = next((stay.joined for stay in call.waits if stay.queue == queue), None)
    if joined is None:
        joined = _time(headers.get("Joined", ""), book.at)
    book.out.append(CallBackAsked(at=book.at, call=call.id, queue=queue, joined=joined))


def _recording(book: Book, leg: Leg, headers: Headers) -> None:
    file, announced, demanded = (headers.get(name, "") for name in ("File", "Announced", "Demanded"))
    if FILE.fullmatch(file):
        how = {"announced": announced == "yes", "demanded": demanded == "yes"}
        begun = RecordingBegan(at=book.at, call=leg.call.id, leg=leg.name, file=file, **how)
        book.out.append(begun)


def _recorded(book: Book, leg: Leg, headers: Headers) -> None:
    file = headers.get("File", "")
    if FILE.fullmatch(file):
        refused = headers.get("Refused", "") == "yes"
        book.out.append(RecordingEnded(at=book.at, call=leg.call.id, file=file, refused=refused))


def _time(text: str, now: float | None) -> float | None:
    """The time that a dialplan tells, where it can be true."""
    said = float(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None
    return said if said is not None and now is not None and now - LONGEST_WAIT_S <= said <= now + 1 else None


SAYINGS: Final[Mapping[str, Callable[[Book, Leg, Headers], None]]] = {
    "trubka": _card,
    "trubkacard": _card,
    "trubkaqueue": _queue,
    "trubkavoicemail": _voicemail,
    "trubkastep": _step,
    "trubkascore": _score,
    "trubkacallback": _callback,
    "trubkaspy": _spy,
    "trubkarecording": _recording,
    "trubkarecorded": _recorded,
}
