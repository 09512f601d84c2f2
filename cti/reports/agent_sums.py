"""A person's time by quarters of an hour: ready, paused, after calls, on the telephone. Whole milliseconds, exact sums.

A line of the journal of states lasts to the next one, the last one to now. While he has a call he is on the telephone,
whatever the line says. What is left of a line between calls is its state's, unless it is longer than IDLE_S: then he
has gone home and forgotten to say so, and it counts as nothing (`ignored_ms` says how much). Where in a call the hold
lay is not kept: talk and hold are spread over the call evenly, so that the quarters add up to the call. A leg that
lasts longer than LEG_S has an end that nobody saw: it is cut there, and so is a line that lasts longer than LINE_S.
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

    placed: he called. missed: it rang and he did not pick up.
    """

    rang: float | None
    answered: float | None
    ended: float
    talk_s: float | None = None
    hold_s: float | None = None
    placed: bool = False
    missed: bool = False


@dataclass(kw_only=True, slots=True)
class AgentSums:
    """A person's time, or several's. dial_ms: with the receiver in hand before anybody talks. pauses: by reason."""

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
    pauses: dict[str, int] = field(default_factory=dict)

    @property
    def signed_on_ms(self) -> int:
        """All of it."""
        return self.ready_ms + self.pause_ms + self.wrap_ms + self.talk_ms + self.hold_ms + self.dial_ms

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
    busy = _joined(_span(leg) for leg in legs if leg.answered is not None)
    for place, line in enumerate(lines):
        until = lines[place + 1].at if place + 1 < len(lines) else now
        name = STATES.get(line.state)
        if name is None:
            continue
        begins = milliseconds(line.at)
        for begun, ended in _without((begins, min(milliseconds(until), begins + LINE_S * 1000)), busy):
            idle = ended - begun > IDLE_S * 1000
            for at, length in _quarters(begun, ended):
                own = _of(found, at)
                _count(own, "ignored_ms" if idle else name, length)
                if name == "pause_ms" and not idle:
                    own.pauses[line.reason] = own.pauses.get(line.reason, 0) + length
    for leg in legs:
        _add_leg(found, leg)
    return found


def _add_leg(found: dict[int, AgentSums], leg: Leg) -> None:
    if leg.answered is None:
        if leg.missed and leg.rang is not None:
            _count(_of(found, _quarter(milliseconds(leg.rang))), "missed", 1)
        return
    begun, ended = _span(leg)
    _count(_of(found, _quarter(begun)), "placed" if leg.placed else "answered", 1)
    whole = ended - begun
    talk = whole if leg.talk_s is None else min(whole, milliseconds(leg.talk_s))
    hold = min(whole - talk, milliseconds(leg.hold_s or 0.0))
    for name, length in (("talk_ms", talk), ("hold_ms", hold), ("dial_ms", whole - talk - hold)):
        before = 0
        for at, _ in _quarters(begun, ended):
            upto = length * (min(at * 1000 + QUARTER_MS, ended) - begun) // whole
            _count(_of(found, at), name, upto - before)
            before = upto


def _span(leg: Leg) -> Part:
    begun = milliseconds(leg.answered or 0.0)
    return begun, min(max(milliseconds(leg.ended), begun), begun + LEG_S * 1000)


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


def _quarters(begun: int, ended: int) -> Iterator[tuple[int, int]]:
    """The quarters of a part, and how much of it lies in each."""
    while begun < ended:
        at = _quarter(begun)
        upto = min(ended, at * 1000 + QUARTER_MS)
        yield at, upto - begun
        begun = upto


def _quarter(at_ms: int) -> int:
    return at_ms // QUARTER_MS * QUARTER_S


def _of(found: dict[int, AgentSums], at: int) -> AgentSums:
    return found.setdefault(at, AgentSums())


def _count(own: AgentSums, name: str, length: int) -> None:
    setattr(own, name, getattr(own, name) + length)
