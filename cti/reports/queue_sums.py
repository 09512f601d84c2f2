"""Stays in queues counted: what a quarter of an hour of a queue adds up to. Only whole numbers, so that sums are exact.

A stay belongs to the quarter in which the caller came into the queue. The talks of a call belong to the stay that was
answered last before the talk began; work after the call likewise, first of all to a stay in the queue it was done for.
Times are UNIX seconds; lengths here are milliseconds. A stay whose length nobody knows, or whose clock ran backwards,
is counted and has no length: it stands in no figure that needs one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

QUARTER_S = 900
IN_TIME_S = 20.0  # T: who is answered within it was answered in time
SOON_S = 5.0  # S: who hangs up within it was not lost
STEPS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)  # seconds: where each step of the histogram begins
EXITS = ("diverted", "timeout", "leaveempty", "joinempty", "full", "other")
ENDS = ("answered", "abandoned", *EXITS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """T and S of the service level, in seconds."""

    answer_within_s: int = int(IN_TIME_S)
    short_s: int = int(SOON_S)


# From when on which thresholds hold, by queue, oldest first; "" are those of all queues, None: as all queues again.
History = Mapping[str, Sequence[tuple[float, Thresholds | None]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A stay as the journal has it. how: None while he waits, or where nobody saw the end."""

    queue: str
    joined: float
    left: float | None
    how: str | None

    @property
    def wait_s(self) -> float | None:
        """How long he waited; None: not known."""
        if self.left is None or self.left < self.joined:
            return None
        return self.left - self.joined


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    """What one of those who were called talked with the caller, and how long he let him hold."""

    began: float
    talk_ms: int
    hold_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WrapUp:
    """Work after the call that is over. queue: the one it was done for, "" where it was not said."""

    queue: str
    began: float
    length_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call with its stays, in their order. over: it has an outcome. called: the number, "" where it is not known."""

    over: bool
    inbound: bool = False
    called: str = ""
    stays: Sequence[Stay]
    talks: Sequence[Talk] = ()
    wrap_ups: Sequence[WrapUp] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSums:
    """Counts of stays and sums of lengths. unseen: the call is over and nobody saw how the stay ended.

    in_t, abandoned_in_t, short: answered within T, abandoned within T, abandoned within S. *_untimed: without a length.
    waits, abandoned_waits: by step of the histogram.
    """

    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    diverted: int = 0
    timeout: int = 0
    leaveempty: int = 0
    joinempty: int = 0
    full: int = 0
    other: int = 0
    unseen: int = 0
    waiting: int = 0
    in_t: int = 0
    abandoned_in_t: int = 0
    short: int = 0
    answered_untimed: int = 0
    abandoned_untimed: int = 0
    wait_ms: int = 0
    abandoned_ms: int = 0
    longest_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_ms: int = 0
    waits: tuple[int, ...] = (0,) * len(STEPS)
    abandoned_waits: tuple[int, ...] = (0,) * len(STEPS)

    @classmethod
    def of(cls, row: Sequence[int]) -> Self:
        """From plain numbers: those of PLAIN, then the steps of both histograms."""
        first, second = len(PLAIN), len(PLAIN) + len(STEPS)
        plain = dict(zip(PLAIN, row, strict=False))
        return cls(**plain, waits=tuple(row[first:second]), abandoned_waits=tuple(row[second:]))

    @property
    def exits(self) -> int:
        """Those who left the queue otherwise than answered or by hanging up."""
        return sum(getattr(self, name) for name in EXITS)

    @property
    def difference(self) -> int:
        """Entered without what is known of their ends: 0, or those whose end nobody saw."""
        return self.entered - self.answered - self.abandoned - self.exits - self.waiting


PLAIN = tuple(one.name for one in fields(QueueSums) if one.name not in ("waits", "abandoned_waits"))
_LONGEST = PLAIN.index("longest_ms")


def added(rows: Iterable[Sequence[int]]) -> QueueSums:
    """Rows of plain numbers, as `of` takes them, as one."""
    return QueueSums.of(summed(rows))


def summed(rows: Iterable[Sequence[int]]) -> list[int]:
    """The same as plain numbers."""
    total = [0] * (len(PLAIN) + 2 * len(STEPS))
    for row in rows:
        longest = max(total[_LONGEST], row[_LONGEST])
        total = [a + b for a, b in zip(total, row, strict=True)]
        total[_LONGEST] = longest
    return total


def quarter(at: float) -> int:
    """When the quarter of an hour began in which a moment lies."""
    return int(at // QUARTER_S) * QUARTER_S


def milliseconds(seconds: float) -> int:
    """To the nearest whole one."""
    return int(seconds * 1000 + 0.5)


def step_of(wait_s: float) -> int:
    """The step of the histogram in which a wait lies."""
    return bisect_right(STEPS, wait_s) - 1


def sums(calls: Iterable[Call], history: History) -> dict[tuple[str, int], QueueSums]:
    """What every queue's quarters add up to."""
    found: dict[tuple[str, int], _Tally] = {}
    for call in calls:
        talked = _talks(call)
        for place, stay in enumerate(call.stays):
            key = stay.queue, quarter(stay.joined)
            tally = found.get(key)
            if tally is None:
                tally = found[key] = _Tally(in_force(history, *key))
            tally.add(stay, call.over, talked.get(place, (0, 0, 0)))
    return {key: tally.sums() for key, tally in found.items()}


def in_force(history: History, queue: str, at: float) -> Thresholds:
    """The thresholds of a queue at a time."""
    for whose in (queue, ""):
        said = [thresholds for since, thresholds in history.get(whose, ()) if since <= at]
        if said and said[-1] is not None:
            return said[-1]
    return Thresholds()


def _talks(call: Call) -> dict[int, tuple[int, int, int]]:
    """Talk, hold and work after the call by the place of the stay they belong to."""
    answered = [(place, stay) for place, stay in enumerate(call.stays) if stay.how == "answered"]
    if not answered:
        return {}
    found: dict[int, list[int]] = {}
    for talk in call.talks:
        place = _last_before(answered, talk.began)
        own = found.setdefault(place, [0, 0, 0])
        own[0] += talk.talk_ms
        own[1] += talk.hold_ms
    for one in call.wrap_ups:
        same = [(place, stay) for place, stay in answered if stay.queue == one.queue and stay.joined <= one.began]
        found.setdefault(_last_before(same or answered, one.began), [0, 0, 0])[2] += one.length_ms
    return {place: (talk, hold, wrap) for place, (talk, hold, wrap) in found.items()}


def _last_before(stays: Sequence[tuple[int, Stay]], at: float) -> int:
    before = [place for place, stay in stays if stay.joined <= at]
    return before[-1] if before else stays[0][0]


class _Tally:
    """Counts the stays of one queue's quarter."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._plain = dict.fromkeys(PLAIN, 0)
        self._waits = [0] * len(STEPS)
        self._abandoned_waits = [0] * len(STEPS)

    def add(self, stay: Stay, over: bool, talked: tuple[int, int, int]) -> None:
        plain, wait_s = self._plain, stay.wait_s
        plain["entered"] += 1
        end = stay.how or ("unseen" if over else "waiting")
        plain[end if end in (*ENDS, "unseen", "waiting") else "other"] += 1
        if wait_s is not None:
            plain["longest_ms"] = max(plain["longest_ms"], milliseconds(wait_s))
        if end == "answered":
            self._answered(wait_s, talked)
        elif end == "abandoned":
            self._abandoned(wait_s)

    def _answered(self, wait_s: float | None, talked: tuple[int, int, int]) -> None:
        plain = self._plain
        for name, value in zip(("talk_ms", "hold_ms", "wrap_ms"), talked, strict=True):
            plain[name] += value
        if wait_s is None:
            plain["answered_untimed"] += 1
            return
        plain["wait_ms"] += milliseconds(wait_s)
        plain["in_t"] += wait_s <= self._thresholds.answer_within_s
        self._waits[step_of(wait_s)] += 1

    def _abandoned(self, wait_s: float | None) -> None:
        plain = self._plain
        if wait_s is None:
            plain["abandoned_untimed"] += 1
            return
        plain["abandoned_ms"] += milliseconds(wait_s)
        plain["abandoned_in_t"] += wait_s <= self._thresholds.answer_within_s
        plain["short"] += wait_s <= self._thresholds.short_s
        self._abandoned_waits[step_of(wait_s)] += 1

    def sums(self) -> QueueSums:
        return QueueSums(**self._plain, waits=tuple(self._waits), abandoned_waits=tuple(self._abandoned_waits))
