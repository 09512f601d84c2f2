"""How many agents answer how fast: Erlang C, and Erlang A where callers hang up. PURE.

Calls come at random (Poisson), talks are exponential in length, all agents are alike and one queue has them all.
Erlang C: nobody hangs up, so with no more agents than load the queue only grows and nobody is answered in time.
Erlang A (Palm; Garnett, Mandelbaum, Reiman 2002): patience is exponential too; whoever hangs up makes room.
The level is that of kpi.service_level: answered within T, of all but those who hung up within S.

A caller who finds j others waiting is served when j + 1 have left before him: the sum of Exp(s*mu + k*theta), k = 0..j.
That is -ln(Beta(c, j + 1)) / theta with c = s*mu / theta, whose distribution is that of a negative binomial count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_AGENTS = 20_000
SMALL = 1e-13  # of the whole: what is left out of the queue's tail
HUGE = 1e200
PATIENCE_MOST_S = 7200.0  # beyond it nobody hangs up: a queue as long as patience allows is walked place by place


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """calls in length_s seconds, handling_s each. patience_s: mean wait before somebody hangs up, None: nobody does."""

    calls: float
    length_s: float
    handling_s: float
    patience_s: float | None = None

    @property
    def erlangs(self) -> float:
        """Calls in hand at once, were all taken at once."""
        return self.calls * self.handling_s / self.length_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """within_s: T; short_s: S, who hangs up sooner does not count."""

    within_s: float
    short_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """level: 0 to 1. waits: the part that waits at all; wait_s: mean wait of all, None: it only grows.

    abandons: the part that hangs up; occupancy: the part of agents' time that is work.
    """

    level: float
    waits: float
    wait_s: float | None
    abandons: float
    occupancy: float


def erlang_b(erlangs: float, agents: int) -> float:
    """The part of calls that finds all agents busy, were those lost."""
    blocked = 1.0
    for count in range(1, agents + 1):
        blocked = erlangs * blocked / (count + erlangs * blocked)
        if not blocked:
            break
    return blocked


def erlang_c(erlangs: float, agents: int) -> float:
    """The part of calls that waits; 1 where there are no more agents than load."""
    if erlangs >= agents:
        return 1.0
    blocked = erlang_b(erlangs, agents)
    return blocked / (1 - erlangs / agents * (1 - blocked))


def expected(load: Load, agents: int, goal: Goal) -> Expected:
    """What so many agents make of a load."""
    if load.calls <= 0 or load.handling_s <= 0:
        return Expected(level=1.0, waits=0.0, wait_s=0.0, abandons=0.0, occupancy=0.0)
    patience = load.patience_s
    if patience is None or patience > PATIENCE_MOST_S:
        return _without_abandoning(load, agents, goal)
    if agents <= 0:
        return Expected(level=0.0, waits=1.0, wait_s=patience, abandons=1.0, occupancy=0.0)
    return _with_abandoning(load, agents, goal, max(patience, 0.1))


def level(load: Load, agents: float, goal: Goal) -> float:
    """The service level; between whole agents in proportion."""
    agents = min(max(agents, 0.0), float(MOST_AGENTS))
    below = math.floor(agents)
    low = expected(load, below, goal).level
    part = agents - below
    return low if not part else low + part * (expected(load, below + 1, goal).level - low)


def need(load: Load, target: float, goal: Goal) -> int | None:
    """The fewest agents that reach a level; None: MOST_AGENTS do not."""
    if load.calls <= 0:
        return 0
    above = max(1, math.ceil(load.erlangs))
    while expected(load, above, goal).level < target:
        if above >= MOST_AGENTS:
            return None
        above = min(above * 2, MOST_AGENTS)
    below = 0
    while above - below > 1:
        middle = (above + below) // 2
        if expected(load, middle, goal).level < target:
            below = middle
        else:
            above = middle
    return above


def _without_abandoning(load: Load, agents: int, goal: Goal) -> Expected:
    erlangs = load.erlangs
    if erlangs >= agents:
        return Expected(level=0.0, waits=1.0, wait_s=None, abandons=0.0, occupancy=1.0 if agents else 0.0)
    waits, spare = erlang_c(erlangs, agents), agents - erlangs
    late = waits * math.exp(-spare * goal.within_s / load.handling_s)
    return Expected(
        level=1 - late, waits=waits, wait_s=waits * load.handling_s / spare, abandons=0.0, occupancy=erlangs / agents
    )


def _with_abandoning(load: Load, agents: int, goal: Goal, patience_s: float) -> Expected:
    """Weights of how many wait, that of nobody waiting with all agents busy being 1, summed until they are small."""
    comes, leaves = load.calls / load.length_s, 1 / patience_s
    serves = agents / load.handling_s
    blocked = erlang_b(load.erlangs, agents)
    if not blocked:
        return Expected(level=1.0, waits=0.0, wait_s=0.0, abandons=0.0, occupancy=load.erlangs / agents)
    c = serves / leaves
    in_time, soon = _Within(c + 1, leaves * goal.within_s), _Within(c + 1, leaves * goal.short_s)
    still = _Within(c, leaves * goal.short_s)
    weight, free, busy, served, short, queue = 1.0, 1 / blocked - 1, 0.0, 0.0, 0.0, 0.0
    j = 0
    while True:
        share = c / (c + j + 1)
        busy += weight
        served += weight * share * (1 - in_time.upto(j))
        within_s = share * (1 - soon.upto(j))
        short += weight * max(0.0, 1 - within_s - math.exp(-leaves * goal.short_s) * still.upto(j))
        queue += weight * j
        j += 1
        ratio = comes / (serves + j * leaves)
        weight *= ratio
        if ratio < 1 and weight * (j + 1) < SMALL * (1 - ratio) * (free + busy):
            break
        if weight > HUGE:
            weight, free, busy, served, short, queue = (
                one / HUGE for one in (weight, free, busy, served, short, queue)
            )
    whole = free + busy
    abandons = min(1.0, queue / whole * leaves / comes)
    return Expected(
        level=min(1.0, (free + served) / max(whole - short, SMALL * whole)),
        waits=busy / whole,
        wait_s=queue / whole / comes,
        abandons=abandons,
        occupancy=min(1.0, load.erlangs * (1 - abandons) / agents),
    )


class _Within:
    """I_x(r, j + 1) for x = exp(-t), j = 0, 1, 2, ...: that not more than j have left within the time."""

    def __init__(self, r: float, t: float) -> None:
        self._r = r
        self._t = t
        self._sum = 0.0
        self._log_left = math.log(-math.expm1(-t)) if t > 0 else 0.0
        self._constant = -math.lgamma(r) - r * t

    def upto(self, j: int) -> float:
        """Asked for each j in turn."""
        if self._t <= 0:
            return 1.0
        log = math.lgamma(self._r + j) - math.lgamma(j + 1) + self._constant + j * self._log_left
        self._sum += math.exp(log) if log > -745 else 0.0
        return min(1.0, self._sum)
