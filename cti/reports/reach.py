"""Clients who called in vain, and when somebody first talked with them: reach time, as kpi.reached has it.

A client who calls in vain several times before the next talk counts once, by the first of these calls. Times are UNIX
seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from cti.reports.kpi import Contact, reached

STEPS = (0, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400)  # seconds: where each step of the histogram begins
WITHIN = (900, 1800, 3600, 7200, 14400, 86400)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """A call in vain. hidden: nobody can call back. after_s: until the first talk, None: not yet.

    again: he had called in vain before, and nobody has talked with him since: he is counted already.
    """

    call: str
    at: float
    queue: str
    owner: str
    hidden: bool = False
    after_s: float | None = None
    again: bool = False

    @property
    def end(self) -> str:
        """again, reached, hidden or open."""
        if self.again:
            return "again"
        return "reached" if self.after_s is not None else "hidden" if self.hidden else "open"

    @property
    def step(self) -> int | None:
        """The step of the histogram in which the reach time lies."""
        return None if self.after_s is None else bisect_right(STEPS, self.after_s) - 1


def tries(calls: Sequence[Lost], talks: Iterable[float]) -> list[Lost]:
    """One client's calls in vain, oldest first: those after which he was owed a call with their reach time, others
    as `again`."""
    contacts = [Contact(at=at, inbound=False, answered=True) for at in sorted(talks)]
    found: list[Lost] = []
    owed_until = float("-inf")
    for one in calls:
        if one.at < owed_until:
            found.append(replace(one, again=True))
            continue
        after = reached(contacts, one.at)
        owed_until = float("inf") if after is None else one.at + after
        found.append(replace(one, after_s=after))
    return found


def first_tries(calls: Sequence[Lost], talks: Iterable[float]) -> list[Lost]:
    """Of one client's calls in vain those after which he was owed a call, each with its reach time."""
    return [one for one in tries(calls, talks) if not one.again]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """Of several: steps is the histogram of the reached. again: calls in vain beside the first of each."""

    clients: int
    reached: int
    open: int
    hidden: int
    again: int
    in_time: int
    median_s: float | None
    steps: tuple[int, ...]

    @property
    def share(self) -> float | None:
        """Reached in time, of all who could be called back."""
        could = self.clients - self.hidden
        return self.in_time / could if could else None


def sums(some: Sequence[Lost], within_s: float) -> Sums:
    """What several add up to. within_s: who is reached so soon was reached in time."""
    after = [one.after_s for one in some if one.after_s is not None]
    places = Counter(one.step for one in some)
    ends = Counter(one.end for one in some)
    return Sums(
        clients=sum(not one.again for one in some),
        reached=ends["reached"],
        open=ends["open"],
        hidden=ends["hidden"],
        again=ends["again"],
        in_time=sum(one <= within_s for one in after),
        median_s=median(after) if after else None,
        steps=tuple(places[step] for step in range(len(STEPS))),
    )


def grouped(some: Iterable[Lost], by: str) -> Mapping[Hashable, list[Lost]]:
    """By queue or by owner, in the order of names; who has none comes last."""
    found: dict[Hashable, list[Lost]] = {}
    for one in sorted(some, key=lambda lost: (not getattr(lost, by), getattr(lost, by).casefold())):
        found.setdefault(getattr(one, by), []).append(one)
    return found
