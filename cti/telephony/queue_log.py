"""Asterisk's own queue log, read back into calls: what happened before Trubka looked, or while it was away.

The log tells of queues alone: who entered, who rang in vain, who answered, how it ended. So what it does not say stays
unsaid: a call that leaves the queue for elsewhere has no end, a conversation no hold. Times are UNIX seconds; of the
durations, those of ringing are milliseconds and all others seconds. Source: app_queue.c of Asterisk 22 and
https://docs.asterisk.org, "Queue Logs".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from cti.telephony.devices import SHORT, endpoint_of, is_pseudo, shown
from cti.telephony.events import CallRecord, LegRecord, LegResult, Outcome, Party, Reason, Release, Wait

QUIET_S: Final = 900.0  # a call of which nothing is told for so long has left the queues for good
LONGEST_S: Final = 6 * 3600.0  # nobody waits or talks longer: its end is missing in the log
LINE_MOST: Final = 2000
FIELD_MOST: Final = 80
WORDS_LEAST: Final = 5

Duties = Literal["in", "out", "pause", "back"]


class Line(NamedTuple):
    """One line. queue, agent: "" where the log says NONE."""

    at: float
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


class Said(NamedTuple):
    """What a line says of an agent's duty. queue: "" for all of them."""

    at: float
    agent: str
    what: Duties
    queue: str
    reason: str


class Told(NamedTuple):
    """A call as the log tells it. agents: who sat at each of its legs, by leg id, as the log names them."""

    record: CallRecord
    agents: dict[str, str]


def read(text: str) -> Line | None:
    """A line of the file; None for a torn one."""
    words = text.rstrip("\r\n").split("|")
    if len(words) < WORDS_LEAST or len(text) > LINE_MOST or "\0" in text:
        return None
    try:
        at = float(words[0])
    except ValueError:
        return None
    event = words[4]
    if not 0.0 < at < 1e11 or not event.isascii() or not event.isalnum():
        return None
    queue, agent = words[2][:FIELD_MOST], words[3][:FIELD_MOST]
    return Line(
        at, words[1][:FIELD_MOST], "" if queue == "NONE" else queue, "" if agent == "NONE" else agent, event,
        _filled(words[5:]),
    )  # fmt: skip


def _filled(words: list[str]) -> tuple[str, ...]:
    """Without the empty fields at the end: exports of a database have as many as there are columns."""
    while words and not words[-1]:
        words.pop()
    return tuple(words)


def said(line: Line) -> Said | None:
    """What the line says of an agent's duty; None where it is about calls."""
    what: Duties
    if line.event in ("ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN"):
        what = "in"
    elif line.event in ("REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF"):
        what = "out"
    elif line.event in ("PAUSE", "PAUSEALL"):
        what = "pause"
    elif line.event in ("UNPAUSE", "UNPAUSEALL"):
        what = "back"
    else:
        return None
    everywhere = not line.queue or line.event.endswith("ALL")
    reason = line.data[0][:FIELD_MOST] if what == "pause" and line.data else ""
    return Said(line.at, line.agent, what, "" if everywhere else line.queue, reason) if line.agent else None


@dataclass(slots=True, eq=False)
class _Stay:
    queue: str
    joined: float | None
    position: int | None
    left: float | None = None
    how: str | None = None


@dataclass(slots=True, eq=False)
class _Past:
    """A call while its lines come."""

    id: str
    number: str | None = None
    called: str | None = None
    began: float | None = None
    seen: float = 0.0
    stays: list[_Stay] = field(default_factory=list)
    legs: list[LegRecord] = field(default_factory=list)
    agents: dict[str, str] = field(default_factory=dict)
    talking: LegRecord | None = None
    answered: float | None = None
    ended: float | None = None
    side: Literal["caller", "called"] | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    talked: list[tuple[str, str]] = field(default_factory=list)


class QueueLog:
    """Lines in, calls out. Feed the lines in the file's order; `rest` gives what the file's end leaves open.

    odd: lines of calls whose beginning is not in the file.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._open: dict[str, _Past] = {}
        self._swept = 0.0
        self.odd = 0

    def feed(self, line: Line) -> Iterator[Told]:
        """Calls that are over for good by this line's time."""
        if line.event == "QUEUESTART":
            yield from self._all("pbx-restart")
        elif line.queue and line.call not in ("", "NONE", "MANAGER", "REALTIME"):
            self._take(line)
        if line.at - self._swept >= QUIET_S / 4 or line.at < self._swept - QUIET_S:
            self._swept = line.at
            yield from self._quiet(line.at)

    def rest(self, now: float) -> Iterator[Told]:
        """What is left at the end of the file. Calls that may still go on at `now` are kept back: they come with the
        next file, whole.
        """
        for past in list(self._open.values()):
            if past.outcome is not None or now - past.seen >= LONGEST_S:
                yield self._told(past)

    def _all(self, reason: Reason) -> Iterator[Told]:
        for past in list(self._open.values()):
            if past.outcome is None:
                past.outcome, past.reason = "unfinished", reason
            yield self._told(past)

    def _quiet(self, now: float) -> Iterator[Told]:
        for past in list(self._open.values()):
            if now - past.seen >= (QUIET_S if past.outcome is not None else LONGEST_S):
                yield self._told(past)

    def _take(self, line: Line) -> None:
        past = self._open.get(line.call)
        if past is None:
            if line.event not in _BEGINS:
                self.odd += 1
                return
            past = self._open[line.call] = _Past(line.call)
        past.seen = max(past.seen, line.at)
        handler = _HANDLERS.get(line.event)
        if handler is not None:
            handler(past, line)

    def _told(self, past: _Past) -> Told:
        del self._open[past.id]
        outcome: Outcome = past.outcome or "unfinished"
        reason = past.reason if past.outcome is not None else "gap"
        if past.talking is not None:  # its end is not in the log
            past.legs.append(past.talking)
        known = past.ended is not None
        release = Release(side=past.side) if past.side is not None else None
        prefix = self._prefix
        return Told(
            CallRecord(
                call=prefix + past.id,
                direction="internal" if past.number is not None and SHORT.fullmatch(past.number) else "inbound",
                caller=Party(number=past.number),
                called=past.called,
                queue=past.stays[-1].queue if past.stays else None,
                started=past.began,
                queued=past.stays[0].joined if past.stays else None,
                answered=past.answered,
                ended=past.ended,
                outcome=outcome,
                reason=reason,
                talked=tuple(past.talked),
                legs=tuple(past.legs),
                waits=tuple(
                    Wait(queue=one.queue, joined=one.joined, left=one.left, how=one.how, position=one.position)
                    for one in past.stays
                ),
                release=release,
                unseen=None if known else (past.seen, None),
            ),
            past.agents,
        )


@lru_cache(maxsize=4096)
def device_of(agent: str) -> str | None:
    """The device that a member's name is, None for another name: PJSIP/101, not Local/101@agents or Anna."""
    kind, mark, name = agent.partition("/")
    return agent if mark and name and kind.isalnum() and not is_pseudo(agent) and endpoint_of(f"{agent}-1") else None


def _whole(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value < 1e8 else None


def _at(line: Line, place: int) -> float | None:
    return _whole(line.data[place]) if 0 <= place < len(line.data) else None


def _did(past: _Past, line: Line) -> None:
    past.called = (line.data[0][:FIELD_MOST] if line.data else "") or past.called


def _entered(past: _Past, line: Line) -> None:
    if len(line.data) > 1 and past.number is None:
        past.number = shown(line.data[1][:FIELD_MOST])
    past.began = line.at if past.began is None else past.began
    place = _at(line, 2)
    past.stays.append(_Stay(line.queue, line.at, int(place) if place is not None else None))
    past.outcome, past.ended, past.side = None, None, None


def _stay(past: _Past, line: Line) -> _Stay:
    """The stay that a line is about; one whose beginning is not in the file begins where its wait says."""
    if not past.stays or past.stays[-1].queue != line.queue:
        past.stays.append(_Stay(line.queue, None, None))
    return past.stays[-1]


def _leave(past: _Past, line: Line, how: str, waited: float | None = None) -> None:
    stay = _stay(past, line)
    if stay.joined is None and waited is not None:
        stay.joined = line.at - waited
        past.began = stay.joined if past.began is None else past.began
    stay.left, stay.how = line.at, how


def _leg(
    past: _Past, line: Line, rang: float | None, answered: float | None, result: LegResult, own_id: str = ""
) -> LegRecord:
    leg_id = own_id or f"{past.id}:{line.at:.3f}:{line.agent}"[:FIELD_MOST]
    past.agents[leg_id] = line.agent
    return LegRecord(
        leg=line.agent or leg_id,
        leg_id=leg_id,
        device=device_of(line.agent),
        rang=rang,
        answered=answered,
        ended=None if answered is not None else line.at,
        result=result,
    )


def _connected(past: _Past, line: Line) -> None:
    rang = _at(line, 2)
    own = line.data[1][:FIELD_MOST] if len(line.data) > 1 else ""
    _leave(past, line, "answered", _at(line, 0))
    past.talking = _leg(past, line, line.at - rang if rang is not None else None, line.at, "talked", own)
    past.answered = line.at if past.answered is None else past.answered
    past.talked.append((past.id, past.talking.leg))


def _talked(past: _Past, line: Line, seconds: float | None, result: LegResult = "talked") -> None:
    """The conversation with the agent is over."""
    leg = past.talking
    if leg is None:  # its beginning is not in the file
        begin = line.at - seconds if seconds is not None else None
        leg = _leg(past, line, None, begin, result)
        past.answered = begin if past.answered is None else past.answered
        past.talked.append((past.id, leg.leg))
    past.talking = None
    if seconds is None and leg.answered is not None:
        seconds = line.at - leg.answered
    past.legs.append(
        LegRecord(
            leg=leg.leg, leg_id=leg.leg_id, device=leg.device, rang=leg.rang, answered=leg.answered, ended=line.at,
            result=result, talk=seconds,
        )
    )  # fmt: skip
    past.outcome = "answered"


def _completed(past: _Past, line: Line) -> None:
    if past.talking is None:
        _leave(past, line, "answered", _at(line, 0))
        stay, talk = past.stays[-1], _at(line, 1)
        stay.left = line.at - talk if talk is not None else stay.left
        stay.joined = stay.left - (_at(line, 0) or 0.0) if stay.left is not None else stay.joined
        past.began = stay.joined
    _talked(past, line, _at(line, 1))
    past.ended, past.side = line.at, "called" if line.event == "COMPLETEAGENT" else "caller"


def _handed_on(past: _Past, line: Line) -> None:
    """The agent passed the caller on: how it ended there the log does not say."""
    old = line.event == "TRANSFER" and len(line.data) == 4  # before 1.8 the position was not told
    _talked(past, line, _at(line, 3 if old else len(line.data) - 2), "transferred")


def _rang(past: _Past, line: Line) -> None:
    milliseconds = _at(line, 0)
    rang = line.at - milliseconds / 1000.0 if milliseconds is not None else None
    result: LegResult = "cancelled" if line.event == "RINGCANCELED" else "no-answer"
    past.legs.append(_leg(past, line, rang, None, result))


def _abandoned(past: _Past, line: Line) -> None:
    _leave(past, line, "abandoned", _at(line, 2))
    past.outcome, past.ended, past.side = "abandoned", line.at, "caller"


def _withdrawn(past: _Past, line: Line) -> None:
    _leave(past, line, "diverted", _at(line, 2))
    past.outcome = past.outcome if past.talked else "diverted"


def _gave_up(past: _Past, line: Line) -> None:
    waited = 3 if line.event == "EXITWITHKEY" else 2
    _leave(past, line, _EXITS[line.event], _at(line, waited))
    past.outcome = "answered" if past.talked else "no-answer"


_EXITS: Final = {"EXITWITHTIMEOUT": "timeout", "EXITEMPTY": "leaveempty", "EXITWITHKEY": "other"}
_HANDLERS: Final = {
    "DID": _did,
    "ENTERQUEUE": _entered,
    "CONNECT": _connected,
    "COMPLETEAGENT": _completed,
    "COMPLETECALLER": _completed,
    "TRANSFER": _handed_on,
    "BLINDTRANSFER": _handed_on,
    "ATTENDEDTRANSFER": _handed_on,
    "RINGNOANSWER": _rang,
    "RINGCANCELED": _rang,
    "ABANDON": _abandoned,
    "WITHDRAW": _withdrawn,
    "EXITWITHTIMEOUT": _gave_up,
    "EXITEMPTY": _gave_up,
    "EXITWITHKEY": _gave_up,
}
# a line with which a call may begin: the rest of a log whose first part is gone still tells who was answered or left
_BEGINS: Final = frozenset(("DID", "ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "COMPLETECALLER", "ABANDON"))
