"""Answer times of letters and SMS: from what a client asked to what a person answered.

A question is the first message of theirs since our last one: what follows it before the answer is the same question.
Messages that programs write are neither. Times are UNIX seconds; what is due is said by whoever asks.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

import msgspec

Channel = Literal["email", "sms"]
PIECE = 5000  # questions sorted at once


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


def newest(some: Sequence[Question]) -> list[Question]:
    """The same, the newest first: sorted by pieces, as one long sort would let no other thread have its turn."""

    def order(one: Question) -> tuple[float, str, int]:
        return one.at, one.channel, one.id

    pieces = [sorted(some[at : at + PIECE], key=order, reverse=True) for at in range(0, len(some), PIECE)]
    return list(heapq.merge(*pieces, key=order, reverse=True))


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


def sums(some: Sequence[Question]) -> Sums:
    """What several add up to."""
    after = [one.after_s for one in some if one.after_s is not None]
    first = [one.after_s for one in some if one.after_s is not None and one.first]
    ends = Counter(one.end for one in some)
    measured = [one for one in some if one.late is not None]
    return Sums(
        asked=sum(not one.adds for one in some),
        answered=ends["answered"],
        open=ends["open"],
        added=ends["adds"],
        measured=len(measured),
        late=sum(one.late is True for one in measured),
        share=_in_time(measured),
        first_share=_in_time([one for one in measured if one.first]),
        first_median_s=median(first) if first else None,
        median_s=median(after) if after else None,
        mean_s=fmean(after) if after else None,
    )


def _in_time(measured: Sequence[Question]) -> float | None:
    return sum(one.late is False for one in measured) / len(measured) if measured else None
