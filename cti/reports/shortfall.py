"""Why a service level is low: what lacks to the target, in parts that add up to it exactly. PURE.

Each half hour goes from its target to what truly was in steps. Each step changes one thing and asks the model
(erlang.py) what that does to the level; what the model does not explain is the last part. Levels are turned into
thousandths of calls, whole numbers, before they are subtracted: so the parts telescope to the shortfall.

The order is that of ORDER, and matters: what comes with longer calls in a half hour that is overloaded already counts
more than it would alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from cti.reports.erlang import Goal, Load, level, need
from cti.reports.forecast import Usual

Part = Literal["agents", "pauses", "arrivals", "handling", "rings", "rest"]
ORDER: tuple[Part, ...] = get_args(Part)
MILLI = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """Agents of a half hour, milliseconds of all together.

    there_ms: signed on, less their pauses and less calls that are not of this queue. over_ms: of pauses, beyond the
    budgets. rings_ms: their telephones rang and nobody picked up. people: how many were signed on at all.
    """

    there_ms: int = 0
    over_ms: int = 0
    rings_ms: int = 0
    people: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A half hour as it was. counted: calls that the level counts; calls: all that came. usual None: not known."""

    label: str
    since: int
    until: int
    calls: int
    counted: int
    in_time: int
    handling_s: float | None
    goal: Goal
    staff: Staff
    usual: Usual | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """A half hour explained. parts: thousandths of calls; short: their sum. need: agents, None: no number is enough.

    usual_s, was_s: seconds of a call, usually and then. planned: agents with pauses within budget; there: as it was.
    """

    slot: Slot
    parts: Mapping[Part, int]
    short: int
    need: int | None
    planned: float
    there: float
    usual_calls: float
    usual_s: float
    was_s: float
    model: float  # the level that the model gives to all as it was


def split(slot: Slot, target: float, patience_s: float | None) -> Split | None:
    """A half hour; None where nobody counts, or where it is not known what is usual."""
    usual = slot.usual
    if usual is None or not slot.counted:
        return None
    length_s = slot.until - slot.since
    was_s = slot.handling_s or usual.handling_s or 0.0
    usual_s = usual.handling_s or was_s
    planned, there, free = agents(slot)

    def asked(calls: float, handling_s: float, of: float) -> int:
        load = Load(calls=calls, length_s=length_s, handling_s=handling_s, patience_s=patience_s)
        return round(level(load, of, slot.goal) * slot.counted * MILLI)

    wanted = Load(calls=usual.calls, length_s=length_s, handling_s=usual_s, patience_s=patience_s)
    steps = (
        asked(usual.calls, usual_s, planned),
        asked(usual.calls, usual_s, there),
        asked(slot.calls, usual_s, there),
        asked(slot.calls, was_s, there),
        asked(slot.calls, was_s, free),
        slot.in_time * MILLI,
    )
    begins = round(target * slot.counted * MILLI)
    parts = {part: before - after for part, before, after in zip(ORDER, (begins, *steps), steps, strict=False)}
    return Split(
        slot=slot,
        parts=parts,
        short=begins - slot.in_time * MILLI,
        need=need(wanted, target, slot.goal),
        planned=planned,
        there=there,
        usual_calls=usual.calls,
        usual_s=usual_s,
        was_s=was_s,
        model=steps[4] / MILLI / slot.counted,
    )


def agents(slot: Slot) -> tuple[float, float, float]:
    """Agents with pauses within their budgets, as it was, and less those whose telephones rang in vain."""
    length_ms = (slot.until - slot.since) * 1000
    staff = slot.staff
    there = staff.there_ms / length_ms
    return there + staff.over_ms / length_ms, there, max(0.0, there - staff.rings_ms / length_ms)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortfall:
    """Of all half hours. counted, in_time: calls. parts: thousandths of calls; short: their sum.

    points: the parts in tenths of a percentage point, rounded so that they add up to short_points.
    """

    counted: int
    in_time: int
    parts: Mapping[Part, int]
    short: int
    points: Mapping[Part, int]
    short_points: int


def shortfall(splits: Sequence[Split]) -> Shortfall:
    """The parts of all half hours together."""
    counted, in_time = sum(one.slot.counted for one in splits), sum(one.slot.in_time for one in splits)
    parts = {part: sum(one.parts[part] for one in splits) for part in ORDER}
    short = sum(one.short for one in splits)
    return Shortfall(
        counted=counted,
        in_time=in_time,
        parts=parts,
        short=short,
        points=in_points(parts, counted),
        short_points=round(short / counted) if counted else 0,
    )


def in_points(parts: Mapping[Part, int], counted: int) -> dict[Part, int]:
    """Thousandths of calls as tenths of a point of all calls: whole numbers that add up to the rounded sum."""
    if not counted:
        return dict.fromkeys(parts, 0)
    down = {part: thousandths // counted for part, thousandths in parts.items()}  # 1000 tenths are the whole
    left = round(sum(parts.values()) / counted) - sum(down.values())
    first = sorted(parts, key=lambda part: (-(parts[part] % counted), ORDER.index(part)))
    return {part: down[part] + (part in first[:left]) for part in parts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What if: so many agents more, and calls and their length by so many percent more. Negative: fewer."""

    agents: int = 0
    calls_percent: int = 0
    handling_percent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """A half hour: model: the level that is expected of all as it was; then: of it changed. agents, then_agents.

    then_c: by Erlang C, in which nobody hangs up. need: agents that reach the target then.
    """

    slot: Slot
    agents: float
    then_agents: float
    model: float
    then: float
    then_c: float
    need: int | None


def what_if(slot: Slot, change: Change, target: float, patience_s: float | None) -> WhatIf | None:
    """None where nobody was answered or nobody came: there is nothing to reckon from."""
    handling_s = slot.handling_s or (slot.usual.handling_s if slot.usual else None)
    if not slot.counted or not handling_s:
        return None
    free = agents(slot)[2]
    then = max(0.0, free + change.agents)
    length_s = slot.until - slot.since
    now = Load(calls=slot.calls, length_s=length_s, handling_s=handling_s, patience_s=patience_s)
    load = Load(
        calls=slot.calls * (1 + change.calls_percent / 100),
        length_s=length_s,
        handling_s=handling_s * (1 + change.handling_percent / 100),
        patience_s=patience_s,
    )
    endless = Load(calls=load.calls, length_s=length_s, handling_s=load.handling_s)
    return WhatIf(
        slot=slot,
        agents=free,
        then_agents=then,
        model=level(now, free, slot.goal),
        then=level(load, then, slot.goal),
        then_c=level(endless, then, slot.goal),
        need=need(load, target, slot.goal),
    )
