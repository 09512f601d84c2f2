"""A person's day: what he was from when to when, by the journal of states and what was corrected in it.

A line of the journal lasts to the next one's moment; a correction says what the line really was, the last one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

HOUR_S = 3600.0


class Said(Protocol):
    """What a line or a correction says that somebody was."""

    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Line(Said, Protocol):
    """A line of the journal. corrections: oldest first."""

    @property
    def at(self) -> float: ...
    @property
    def corrections(self) -> Sequence[Said]: ...


Row = TypeVar("Row", bound=Line)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span(Generic[Row]):
    """A part of the day with its line; state and reason: what he really was. lasts: it is so still."""

    row: Row
    since: float
    until: float
    state: str
    reason: str
    lasts: bool = False

    @property
    def length_s(self) -> float:
        """How long it was."""
        return self.until - self.since


def spans(rows: Sequence[Row], since: float, until: float, now: float) -> list[Span[Row]]:
    """The day's parts, in order. rows: oldest first, the one under way at `since` among them."""
    return list(_spans(rows, since, min(until, now), until > now))


def _spans(rows: Sequence[Row], since: float, until: float, is_today: bool) -> Iterator[Span[Row]]:
    for place, row in enumerate(rows):
        last = place == len(rows) - 1
        begin, end = max(row.at, since), until if last else min(rows[place + 1].at, until)
        if end > begin:
            real = row.corrections[-1] if row.corrections else row
            still = last and is_today
            yield Span(row=row, since=begin, until=end, state=real.state, reason=real.reason, lasts=still)


def totals(parts: Sequence[Span[Row]]) -> list[tuple[str, str, float]]:
    """State, reason and seconds of all of a kind; the longest first, out of the queues last."""
    found: dict[tuple[str, str], float] = {}
    for one in parts:
        kind = one.state, one.reason if one.state == "not-ready" else ""
        found[kind] = found.get(kind, 0.0) + one.length_s
    kinds = sorted(found.items(), key=lambda item: (item[0][0] == "logged-off", -item[1]))
    return [(*kind, length_s) for kind, length_s in kinds]


def shown(parts: Sequence[Span[Row]], since: float) -> tuple[float, float]:
    """The part of the day that a picture needs: whole hours from his first minute in the queues to his last."""
    on = [one for one in parts if one.state != "logged-off"]
    if not on:
        return since, since
    first = since + (on[0].since - since) // HOUR_S * HOUR_S
    return first, since - (since - on[-1].until) // HOUR_S * HOUR_S
