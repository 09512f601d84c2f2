"""Contexts as they are written: includes that come back to where they began, jumps to what is not there.

What makes them (flow.py, recipes) is tried by its tests; this is looked at before each publish all the same, for a jump
into nothing ends a caller's call. Where a jump is code (`${EXTEN}`), what it leads to only the call knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from dialplan.fault import Fault
from dialplan.model import Assign, Context, Extension, Step

JUMPS = ("Goto", "Gosub", "GotoIf")
_COMMA = re.compile(r",(?![^(]*\))")


def linkage(contexts: Iterable[Context], *, elsewhere: Iterable[str] = ()) -> tuple[Fault, ...]:
    """What is wrong between contexts. elsewhere: contexts that somebody else makes (parked calls)."""
    known = {one.name: one for one in contexts}
    others = frozenset(elsewhere)
    return (*_includes(known, others), *_circles(known), *_all_jumps(known))


def _includes(known: Mapping[str, Context], others: frozenset[str]) -> Iterator[Fault]:
    for one in known.values():
        for name in one.includes:
            if name not in known and name not in others and not name.endswith("-custom"):
                yield Fault(code="no-context", at=one.name, what=name)


def _circles(known: Mapping[str, Context]) -> Iterator[Fault]:
    """Includes that come back: each circle once, where it closes."""
    done: set[str] = set()
    for name in known:
        yield from _circle(known, name, (), done)


def _circle(known: Mapping[str, Context], name: str, above: tuple[str, ...], done: set[str]) -> Iterator[Fault]:
    if name in above:
        yield Fault(code="include-circle", at=above[-1], what=name)
    elif name in known and name not in done:
        for include in known[name].includes:
            yield from _circle(known, include, (*above, name), done)
        done.add(name)


def _all_jumps(known: Mapping[str, Context]) -> Iterator[Fault]:
    for context in known.values():
        for extension in context.extensions:
            for step in extension.steps:
                if isinstance(step, Step) and step.app in JUMPS:
                    for jump in _targets(step):
                        if not _is_there(known, context, extension, jump):
                            yield Fault(code="no-target", at=f"{context.name},{extension.number}", what=jump)


def _targets(step: Step) -> list[str]:
    """Where a jump may lead, as context,extension,priority or less. What follows a condition: both ways."""
    text = ",".join(step.args)
    if step.app == "GotoIf":
        return [one for one in text.rpartition("?")[2].split(":") if one]
    return [text]


def _is_there(known: Mapping[str, Context], here: Context, own: Extension, jump: str) -> bool:
    parts = [re.sub(r"\(.*\)$", "", one.strip()) for one in _COMMA.split(jump)]
    if "$" in "".join(parts[-3:-1]) or (len(parts) == 1 and "$" in jump):
        return True
    place = parts[-1]
    if len(parts) == 1:
        return _has(own, place)
    context = known.get(parts[-3]) if len(parts) > 2 else here
    if context is None:
        return False
    found = next((one for one in context.extensions if one.number == parts[-2]), None)
    return _has(found, place) if found else any(one.number.startswith("_") for one in context.extensions)


def _has(extension: Extension, place: str) -> bool:
    """Whether a priority is there, by its number or label."""
    if place.isdecimal():
        return int(place) <= len(extension.steps)
    return any(isinstance(step, (Step, Assign)) and step.label == place for step in extension.steps)
