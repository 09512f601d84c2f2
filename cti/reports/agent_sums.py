"""A person's time by quarters of an hour: ready, paused, after calls, on the telephone. Whole milliseconds, exact sums.

A line of the journal of states lasts to the next one, the last one to now. While he has a call he is on the telephone,
whatever the line says. What is left of a line between calls is its state's, unless it is longer than IDLE_S: then he
has gone home and forgotten to say so, and it counts as nothing (`ignored_ms` says how much). Where in a call the hold
lay is not kept: talk and hold are spread over the call evenly, so that the quarters add up to the call. A leg that
lasts longer than LEG_S has an end that nobody saw: it is cut there, and so is a line that lasts longer than LINE_S.

A session is from one logging in to the next logging off. Sessions, calls outside of them and the time for which he had
two calls at once are what ready, paused, after calls, on the telephone and ignored add up to: `difference_ms` is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields

from cti.reports.queue_sums import QUARTER_S, milliseconds

QUARTER_MS = QUARTER_S * 1000
IDLE_S = 8 * 3600
LEG_S = 24 * 3600
LINE_S = 7 * 24 * 3600
STATES = {"ready": "ready_ms", "after-call": "wrap_ms", "not-ready": "pause_ms"}
Part = tuple[int, int]  # from, to: milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What he was from a moment on: as corrected, where it was."""

    at: float
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """His part in a call. ended: as far as it is known, now where it lasts. talk_s None: all the time of it.

    placed: he called. missed: it rang and he did not pick up. rung_s: how long it rang. transferred: he handed it on.
    """

    rang: float | None
    answered: float | None
    ended: float
    talk_s: float | None = None
    hold_s: float | None = None
    placed: bool = False
    missed: bool = False
    rung_s: float = 0.0
    transferred: bool = False
    call: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of his time: from, to, and how much of it counts (milliseconds), as which number of AgentSums.

    reason: of a pause. call: where it is a call's. line: which line of the journal it is of; -1: of a call.
    """

    name: str
    begun: int
    ended: int
    length: int
    reason: str = ""
    call: str = ""
    line: int = -1

    def upto(self, at: int) -> int:
        """How much of it has passed at a moment between its ends."""
        return self.length * (at - self.begun) // (self.ended - self.begun)


@dataclass(kw_only=True, slots=True)
class AgentSums:
    """A person's time, or several's. dial_ms: with the receiver in hand before anybody talks. pauses: by reason.

    ring_ms: how long what he picked up or missed had rung; he is ready meanwhile, or whatever he is. outside_ms: on
    the telephone without being logged in. twice_ms: for how long he had a second call.
    """

    ready_ms: int = 0
    pause_ms: int = 0
    wrap_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    dial_ms: int = 0
    ignored_ms: int = 0
    answered: int = 0
    placed: int = 0
    missed: int = 0
    session_ms: int = 0
    outside_ms: int = 0
    twice_ms: int = 0
    ring_ms: int = 0
    sessions: int = 0
    transferred: int = 0
    pauses: dict[str, int] = field(default_factory=dict)

    @property
    def signed_on_ms(self) -> int:
        """All of it."""
        return self.ready_ms + self.pause_ms + self.wrap_ms + self.talk_ms + self.hold_ms + self.dial_ms

    @property
    def difference_ms(self) -> int:
        """What sessions, calls outside of them and second calls have more than the states: 0 but for rounding."""
        return self.session_ms + self.outside_ms + self.twice_ms - self.signed_on_ms - self.ignored_ms

    def add(self, other: AgentSums) -> None:
        """Count another's too."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, length in other.pauses.items():
            self.pauses[reason] = self.pauses.get(reason, 0) + length


NUMBERS = tuple(one.name for one in fields(AgentSums) if one.name != "pauses")


def sums(lines: Sequence[Line], legs: Sequence[Leg], now: float) -> dict[int, AgentSums]:
    """A person's quarters. lines: oldest first; legs: all that lie in the time of the lines."""
    found: dict[int, AgentSums] = {}
    for piece in pieces(lines, legs, now):
        for at, length in _quarters(piece):
            own = _of(found, at)
            _count(own, piece.name, length)
            if piece.name == "pause_ms":
                own.pauses[piece.reason] = own.pauses.get(piece.reason, 0) + length
    for moment in begun(lines):
        _count(_of(found, _quarter(milliseconds(moment))), "sessions", 1)
    for leg in legs:
        for name, when, much in counted(leg):
            _count(_of(found, _quarter(milliseconds(when))), name, much)
    return found


def begun(lines: Sequence[Line]) -> Iterator[float]:
    """When sessions begin: at a line before which he was logged off, or about which nothing is known for LINE_S."""
    before: Line | None = None
    for line in lines:
        lasting = before is not None and before.state in STATES and line.at < before.at + LINE_S
        if line.state in STATES and not lasting:
            yield line.at
        before = line


def counted(leg: Leg) -> Iterator[tuple[str, float, int]]:
    """What a leg is counted as: number, moment, how much. It rang at the moment at which it was answered."""
    if leg.answered is not None:
        yield ("placed" if leg.placed else "answered"), leg.answered, 1
        if leg.transferred:
            yield "transferred", leg.answered, 1
    elif leg.missed and leg.rang is not None:
        yield "missed", leg.rang, 1
    moment = leg.answered if leg.answered is not None else leg.rang
    if moment is not None and leg.rung_s > 0:
        yield "ring_ms", moment, milliseconds(min(leg.rung_s, LEG_S))


def pieces(lines: Sequence[Line], legs: Sequence[Leg], now: float) -> Iterator[Piece]:
    """His time cut into what counts as one thing; a moment may count twice, as talk and as a part of a session."""
    talks = sorted((leg for leg in legs if leg.answered is not None), key=_span)
    busy = _joined(_span(leg) for leg in talks)
    sessions: list[Part] = []
    for place, line in enumerate(lines):
        until = lines[place + 1].at if place + 1 < len(lines) else now
        name = STATES.get(line.state)
        if name is None:
            continue
        begins = milliseconds(line.at)
        whole = begins, min(milliseconds(until), begins + LINE_S * 1000)
        if whole[1] <= begins:
            continue
        sessions.append(whole)
        yield Piece(name="session_ms", begun=whole[0], ended=whole[1], length=whole[1] - whole[0], line=place)
        for from_, to in _without(whole, busy):
            kind = "ignored_ms" if to - from_ > IDLE_S * 1000 else name
            yield Piece(name=kind, begun=from_, ended=to, length=to - from_, reason=line.reason, line=place)
    signed_on = _joined(sessions)
    for part in busy:
        for from_, to in _without(part, signed_on):
            yield Piece(name="outside_ms", begun=from_, ended=to, length=to - from_)
    yield from _of_calls(talks)


def _of_calls(talks: Iterable[Leg]) -> Iterator[Piece]:
    before = 0
    for leg in talks:
        from_, to = _span(leg)
        whole = to - from_
        talk = whole if leg.talk_s is None else max(0, min(whole, milliseconds(leg.talk_s)))
        hold = max(0, min(whole - talk, milliseconds(leg.hold_s or 0.0)))
        for name, length in (("talk_ms", talk), ("hold_ms", hold), ("dial_ms", whole - talk - hold)):
            if length:
                yield Piece(name=name, begun=from_, ended=to, length=length, call=leg.call)
        if from_ < min(to, before):
            upto = min(to, before)
            yield Piece(name="twice_ms", begun=from_, ended=upto, length=upto - from_, call=leg.call)
        before = max(before, to)


def _span(leg: Leg) -> Part:
    begins = milliseconds(leg.answered or 0.0)
    return begins, min(max(milliseconds(leg.ended), begins), begins + LEG_S * 1000)


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Parts that overlap made one, in order."""
    found: list[Part] = []
    for begun, ended in sorted(parts):
        if found and begun <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ended)
        elif ended > begun:
            found.append((begun, ended))
    return found


def _without(part: Part, taken: Sequence[Part]) -> Iterator[Part]:
    """What is left of a part."""
    begun, end = part
    for from_, to in taken:
        if to <= begun:
            continue
        if from_ >= end:
            break
        if from_ > begun:
            yield begun, from_
        begun = to
    if begun < end:
        yield begun, end


def _quarters(piece: Piece) -> Iterator[tuple[int, int]]:
    """The quarters of a piece, and how much of it lies in each."""
    at, before = _quarter(piece.begun), 0
    while at * 1000 < piece.ended:
        upto = piece.upto(min(at * 1000 + QUARTER_MS, piece.ended))
        yield at, upto - before
        at, before = at + QUARTER_S, upto


def _quarter(at_ms: int) -> int:
    return at_ms // QUARTER_MS * QUARTER_S


def _of(found: dict[int, AgentSums], at: int) -> AgentSums:
    return found.setdefault(at, AgentSums())


def _count(own: AgentSums, name: str, length: int) -> None:
    setattr(own, name, getattr(own, name) + length)
