"""Answer times of letters and SMS: from what a client asked to what a person answered.

A question is the first message of theirs since our last one: what follows it before the answer is the same question.
Messages that programs write are neither. Times are UNIX seconds; what is due is said by whoever asks.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from typing import Literal

import msgspec

Channel = Literal["email", "sms"]
PIECE = 20_000  # times sorted at once


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a conversation. user: who wrote it here, "" where nobody of ours is known."""

    id: int
    at: float
    ours: bool
    user: str = ""
    client_id: int | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question. first: it began the conversation. after_s: None while it waits. late: None where nothing is due.

    adds: no question of its own, but what was added to one before its answer.
    """

    id: int
    channel: Channel
    box: str
    at: float
    first: bool
    client_id: int | None = None
    user: str = ""
    after_s: float | None = None
    late: bool | None = None
    adds: bool = False

    @property
    def end(self) -> str:
        """adds, answered or open."""
        if self.adds:
            return "adds"
        return "open" if self.after_s is None else "answered"


def questions(
    messages: Sequence[Message], channel: Channel, box: str, due: Callable[[float], float | None], now: float
) -> list[Question]:
    """The questions of one conversation, whose messages come oldest first."""
    return [one for one in messages_asked(messages, channel, box, due, now) if not one.adds]


def messages_asked(
    messages: Sequence[Message], channel: Channel, box: str, due: Callable[[float], float | None], now: float
) -> list[Question]:
    """All that the client wrote: his questions, and what he added to them."""
    found: list[Question] = []
    asked: Message | None = None
    added: list[Message] = []
    begun = False

    def add(asked: Message, answer: Message | None) -> None:
        nonlocal begun
        ends, latest = answer.at if answer else now, due(asked.at)
        found.append(
            Question(
                id=asked.id,
                channel=channel,
                box=box,
                at=asked.at,
                first=not begun,
                client_id=asked.client_id,
                user=answer.user if answer else "",
                after_s=answer.at - asked.at if answer else None,
                late=None if latest is None else ends > latest,
            )
        )
        begun = True
        for one in added:
            found.append(Question(id=one.id, channel=channel, box=box, at=one.at, first=False, adds=True,
                                  client_id=one.client_id, user=answer.user if answer else ""))  # fmt: skip
        added.clear()

    for one in messages:
        if not one.ours:
            if asked is not None:
                added.append(one)
            asked = asked or one
        elif asked is not None:
            add(asked, one)
            asked = None
    if asked is not None:
        add(asked, None)
    return found


def newer(one: Question) -> tuple[float, str, int]:
    """The greater, the newer."""
    return one.at, one.channel, one.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """Of several. late: answered after it was due, or still waiting then. added: what is no question of its own.

    share, first_share: in time, of those that have a target; first_share: of those that began a conversation.
    """

    asked: int
    answered: int
    open: int
    added: int
    measured: int
    late: int
    share: float | None
    first_share: float | None
    first_median_s: float | None
    median_s: float | None
    mean_s: float | None


class Tally:
    """Sums in the making."""

    __slots__ = ("added", "after", "first_after", "first_in_time", "first_late", "in_time", "late", "open")

    def __init__(self) -> None:
        self.open = self.added = self.late = self.in_time = self.first_late = self.first_in_time = 0
        self.after, self.first_after = array("d"), array("d")

    @classmethod
    def of(cls, several: Iterable[Tally]) -> Tally:
        """All of them together."""
        whole = cls()
        for one in several:
            for name in ("open", "added", "late", "in_time", "first_late", "first_in_time"):
                setattr(whole, name, getattr(whole, name) + getattr(one, name))
            whole.after.extend(one.after)
            whole.first_after.extend(one.first_after)
        return whole

    def add(self, first: bool, after_s: float | None, late: bool | None) -> None:
        """A question."""
        if after_s is None:
            self.open += 1
        else:
            self.after.append(after_s)
            if first:
                self.first_after.append(after_s)
        if late:
            self.late += 1
            self.first_late += first
        elif late is not None:
            self.in_time += 1
            self.first_in_time += first

    def sums(self) -> Sums:
        """What they add up to."""
        measured, first_measured = self.late + self.in_time, self.first_late + self.first_in_time
        return Sums(
            asked=len(self.after) + self.open,
            answered=len(self.after),
            open=self.open,
            added=self.added,
            measured=measured,
            late=self.late,
            share=self.in_time / measured if measured else None,
            first_share=self.first_in_time / first_measured if first_measured else None,
            first_median_s=middle(self.first_after),
            median_s=middle(self.after),
            mean_s=fmean(self.after) if self.after else None,
        )


def sums(some: Iterable[Question]) -> Sums:
    """What several add up to."""
    tally = Tally()
    for one in some:
        if one.adds:
            tally.added += 1
        else:
            tally.add(one.first, one.after_s, one.late)
    return tally.sums()


def middle(values: Sequence[float]) -> float | None:
    """The median; sorted by pieces, as one long sort would let no other thread have its turn."""
    many = len(values)
    if not many:
        return None
    pieces = [sorted(values[at : at + PIECE]) for at in range(0, many, PIECE)]
    return fmean(islice(heapq.merge(*pieces), (many - 1) // 2, many // 2 + 1))
