"""Opening hours: what they say of a moment, and as dialplan that says the same.

The dialplan asks the clock of the PBX, or TRUBKA_CLOCK (UNIX seconds) where a test call pretends another time. Dates
that are not as their day of the week are extensions of their own, so a year of holidays costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from dialplan.model import Context, Expr, Extension, Step, word
from dialplan.plan import Day, Hours, Span

State = Literal["open", "closed", "holiday"]
CONTEXT = "trubka-hours-"
NOW = '${IF($["${TRUBKA_CLOCK}"=""]?${EPOCH}:${TRUBKA_CLOCK})}'
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What hours say of a moment, and why: the day that is not as others, or the span; neither: outside of all."""

    state: State
    day: Day | None = None
    span: Span | None = None


def found(hours: Hours, at: datetime) -> Found:
    """What the hours say. at: any zone."""
    local = at.astimezone(ZoneInfo(hours.zone))
    clock, date = local.hour * 100 + local.minute, local.date().isoformat()
    for day in hours.days:
        if day.date == date:
            inside = any(begins <= clock < ends for begins, ends in map(edges, day.open))
            return Found(state="open" if inside else ("holiday" if day.holiday else "closed"), day=day)
    for span in hours.spans:
        begins, ends = edges(f"{span.begins}-{span.ends}")
        if local.weekday() in span.days and begins <= clock < ends:
            return Found(state="open", span=span)
    return Found(state="closed")


def edges(span: str) -> tuple[int, int]:
    """`09:00-18:00` as 900, 1800. Raises ValueError where it is none, or ends before it begins."""
    match = _SPAN.fullmatch(span)
    if match is None:
        raise ValueError(f"{span!r} is no span of hours, as 09:00-18:00 is")
    begins, ends = int(match[1] + match[2]), int(match[3] + match[4])
    if begins >= ends or ends > 2400:
        raise ValueError(f"{span!r} ends before it begins")
    return begins, ends


def zone(name: str) -> str:
    """The name itself where it can be that of a time zone; raises ValueError otherwise."""
    if not _ZONE.fullmatch(name):
        raise ValueError(f"{name!r} is no time zone")
    return name


def ask(hours: Hours) -> tuple[Step, ...]:
    """Steps after which GOSUB_RETVAL is open, closed or holiday."""
    at = zone(hours.zone)
    moment = f"${{STRFTIME({NOW},{at},%Y%m%d)}}"
    clock = f"${{STRFTIME({NOW},{at},%H%M)}}"
    weekday = f"${{STRFTIME({NOW},{at},%u)}}"
    return (Step(app="Gosub", args=(Expr(f"{context_of(hours)},{moment},1({clock},{weekday})"),)),)


def context_of(hours: Hours) -> str:
    """The name of its context."""
    return CONTEXT + word(hours.id, "hours")


def context(hours: Hours) -> Context:
    """Dates as extensions, all others by their day of the week. ARG1: the clock as HHMM; ARG2: 1 is Monday."""
    special = tuple(_day(day) for day in sorted(hours.days, key=lambda one: one.date))
    plain = Extension(number="_XXXXXXXX", title="all other days", steps=(*_spans(hours.spans), _return("closed")))
    return Context(name=context_of(hours), title=f"hours: {hours.title}", extensions=(*special, plain))


def _day(day: Day) -> Extension:
    steps = [_when(f"{_within(one)}") for one in day.open]
    last = _return("holiday" if day.holiday else "closed")
    number = day.date.replace("-", "")
    if not re.fullmatch(r"[0-9]{8}", number):
        raise ValueError(f"{day.date!r} is no date")
    return Extension(number=number, title=day.title, steps=(*steps, last))


def _spans(spans: tuple[Span, ...]) -> Iterator[Step]:
    for span in spans:
        days = "".join(str(day + 1) for day in sorted(set(span.days)))
        if not re.fullmatch(r"[1-7]{1,7}", days):
            raise ValueError(f"{span.days!r} are no days of the week")
        yield _when(f'"${{ARG2}}" : "[{days}]" & {_within(f"{span.begins}-{span.ends}")}')


def _within(span: str) -> str:
    begins, ends = edges(span)
    return f"${{ARG1}} >= {begins} & ${{ARG1}} < {ends}"


def _when(true: str) -> Step:
    return Step(app="ExecIf", args=(Expr(f"$[{true}]?Return(open)"),))


def _return(state: State) -> Step:
    return Step(app="Return", args=(state,))
