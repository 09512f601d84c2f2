"""Answer times of letters and SMS: from what a client asked to what a person answered.

A question is the first message of theirs since our last one: what follows it before the answer is the same question.
Messages that programs write are neither. Times are UNIX seconds; what is due is said by whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Literal

Channel = Literal["email", "sms"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message of a conversation. user: who wrote it here, "" where nobody of ours is known."""

    id: int
    at: float
    ours: bool
    user: str = ""
    client_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question. first: it began the conversation. after_s: None while it waits. late: None where nothing is due."""

    id: int
    channel: Channel
    box: str
    at: float
    first: bool
    client_id: int | None = None
    user: str = ""
    after_s: float | None = None
    late: bool | None = None

    @property
    def end(self) -> str:
        """answered or open."""
        return "open" if self.after_s is None else "answered"


def questions(
    messages: Sequence[Message], channel: Channel, box: str, due: Callable[[float], float | None], now: float
) -> list[Question]:
    """The questions of one conversation, whose messages come oldest first."""
    found: list[Question] = []
    asked: Message | None = None

    def add(asked: Message, answer: Message | None) -> None:
        ends, latest = answer.at if answer else now, due(asked.at)
        found.append(
            Question(
                id=asked.id,
                channel=channel,
                box=box,
                at=asked.at,
                first=not found,
                client_id=asked.client_id,
                user=answer.user if answer else "",
                after_s=answer.at - asked.at if answer else None,
                late=None if latest is None else ends > latest,
            )
        )

    for one in messages:
        if not one.ours:
            asked = asked or one
        elif asked is not None:
            add(asked, one)
            asked = None
    if asked is not None:
        add(asked, None)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """Of several questions. late: answered after it was due, or still waiting then."""

    asked: int
    answered: int
    measured: int
    late: int
    first_median_s: float | None
    median_s: float | None
    mean_s: float | None

    @property
    def open(self) -> int:
        """They wait for an answer."""
        return self.asked - self.answered

    @property
    def share(self) -> float | None:
        """In time, of those that have a target."""
        return (self.measured - self.late) / self.measured if self.measured else None


def sums(some: Sequence[Question]) -> Sums:
    """What several add up to."""
    after = [one.after_s for one in some if one.after_s is not None]
    first = [one.after_s for one in some if one.after_s is not None and one.first]
    return Sums(
        asked=len(some),
        answered=len(after),
        measured=sum(one.late is not None for one in some),
        late=sum(one.late is True for one in some),
        first_median_s=median(first) if first else None,
        median_s=median(after) if after else None,
        mean_s=mean(after) if after else None,
    )
