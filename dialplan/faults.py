"""What is wrong with a plan, found before anything is written: each fault says what, and where.

An error keeps a plan from being published; a warning is told. What these find, Asterisk would find at night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dialplan import office_faults
from dialplan.fault import Fault as Fault
from dialplan.fault import is_step, is_word, twice
from dialplan.hours import edges
from dialplan.model import CUSTOM, OWN
from dialplan.plan import (
    ByClient,
    ByHours,
    CallBack,
    Hours,
    Menu,
    Node,
    Plan,
    ToOutside,
    ToPeople,
    ToQueue,
    reached,
    ways,
)
from dialplan.recording import KEYS
from dialplan.routes import pattern, route_of
from dialplan.sounds import is_name, is_own

LONGEST_NAME = 40  # a context is made of it, and that has 79 signs
MOST_TRIES, MOST_WAIT_S, MOST_RING_S = 10, 7200, 600


def faults(plan: Plan) -> tuple[Fault, ...]:
    """All that is wrong, errors first, in the order of the plan."""
    found = [fault for look in (*LOOKS, *office_faults.LOOKS) for fault in look(plan)]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.weight != "error"))


def _names(plan: Plan) -> Iterator[Fault]:
    """Names that could not stand in a file, and those that stand twice."""
    for kind, names in _named(plan).items():
        for name in names:
            taken = kind == "hours" and name.endswith((CUSTOM, OWN))  # of a context's own parts
            if taken or (kind != "sound" and (not is_word(name) or len(name) > LONGEST_NAME)):
                yield Fault(code="bad-name", at=name, what=kind)
            elif kind == "step" and not is_step(name):
                yield Fault(code="bad-step", at=name)
        for name in twice(names):
            yield Fault(code=f"{kind}-twice", at=name)


def _named(plan: Plan) -> Mapping[str, list[str]]:
    return {
        "number": [one.digits for one in plan.numbers],
        "step": [one.id for one in plan.nodes],
        "hours": [one.id for one in plan.hours],
        "queue": [one.name for one in plan.queues],
        "person": [one.extension for one in plan.people],
        "sound": [one.name for one in plan.sounds],
        "device": [device for one in plan.people for device in (*one.devices, *one.browsers)],
    }


def _inside_numbers(plan: Plan) -> Iterator[Fault]:
    """One number inside for two things."""
    numbered = [*(one.number for one in plan.queues), *(one.number for one in plan.groups)]
    inside = [*(one.extension for one in plan.people), *filter(None, numbered)]
    for number in twice(inside):
        yield Fault(code="inside-twice", at=number)
    for number in inside:
        if not (number.isascii() and number.isdecimal()):
            yield Fault(code="bad-inside", at=number)


def _links(plan: Plan) -> Iterator[Fault]:
    """Steps that lead where nothing is, and steps that nothing leads to."""
    known = {node.id for node in plan.nodes}
    for number in plan.numbers:
        if number.first not in known:
            yield Fault(code="no-step", at=number.digits, what=number.first)
        if not (number.digits.isascii() and number.digits.isdecimal()):
            yield Fault(code="bad-number", at=number.digits)
    for node in plan.nodes:
        for _way, to, _chosen in ways(node):
            if to and to not in known:
                yield Fault(code="no-step", at=node.id, what=to)
    begun = reached(plan, [number.first for number in plan.numbers])
    for node in plan.nodes:
        if node.id not in begun:
            yield Fault(code="unreachable", at=node.id, weight="warning")


def _circles(plan: Plan) -> Iterator[Fault]:
    """Ways that come back to where they were with no doing of the caller's: a call that never ends."""
    leads = {node.id: [to for _, to, chosen in ways(node) if to and not chosen] for node in plan.nodes}
    state: dict[str, int] = {}
    for start in leads:
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in state:
            state[start] = 1
            stack.append((start, iter(leads[start])))
        while stack:
            here, rest = stack[-1]
            to = next(rest, None)
            if to is None:
                state[here] = 2
                stack.pop()
            elif state.get(to) == 1:
                yield Fault(code="circle", at=here, what=to)
            elif to in leads and to not in state:
                state[to] = 1
                stack.append((to, iter(leads[to])))


def _targets(plan: Plan) -> Iterator[Fault]:
    """Queues, people, hours, numbers and sounds that steps name."""
    queues = {one.name for one in plan.queues}
    people = {one.extension: one for one in plan.people}
    hours = {one.id for one in plan.hours}
    for node in plan.nodes:
        match node:
            case ByHours() if node.hours not in hours:
                yield Fault(code="no-hours", at=node.id, what=node.hours)
            case ToQueue() if node.queue not in queues:
                yield Fault(code="no-queue", at=node.id, what=node.queue)
            case CallBack() if node.queue and node.queue not in queues:
                yield Fault(code="no-queue", at=node.id, what=node.queue)
            case ToPeople():
                if not node.people:
                    yield Fault(code="nobody", at=node.id)
                for extension in node.people:
                    if extension not in people:
                        yield Fault(code="no-person", at=node.id, what=extension)
                    elif not (people[extension].devices or people[extension].browsers):
                        yield Fault(code="no-phone", at=node.id, what=extension)
            case ToOutside():
                route = route_of(plan.routes, node.number)
                if not (node.number.isascii() and node.number.isdecimal()):
                    yield Fault(code="bad-number", at=node.id, what=node.number)
                elif route is None or not route.allowed:
                    yield Fault(code="no-route", at=node.id, what=node.number)
            case _:
                pass
        yield from _sound(node, {one.name for one in plan.sounds})


def _sound(node: Node, sounds: set[str]) -> Iterator[Fault]:
    sound = getattr(node, "sound", None)
    if sound is not None and sound not in sounds:
        yield Fault(code="no-sound", at=node.id, what=sound)


def _sounds(plan: Plan) -> Iterator[Fault]:
    """Sounds whose names could lead elsewhere, and those that nobody has brought or spoken yet."""
    for sound in plan.sounds:
        if not is_name(sound.name) or (sound.takes and not is_own(sound)):
            yield Fault(code="bad-name", at=sound.name, what="sound")
        elif is_own(sound) and not sound.takes:
            yield Fault(code="no-take", at=sound.name)
        for language in twice(one.language for one in sound.takes):
            yield Fault(code="take-twice", at=sound.name, what=language)


def _keys(plan: Plan) -> Iterator[Fault]:
    """Menus whose keys are none, or stand twice; the key of a call-back; tags that stand twice."""
    for node in plan.nodes:
        if isinstance(node, CallBack) and (len(node.key) != 1 or node.key not in KEYS):
            yield Fault(code="bad-key", at=node.id, what=node.key)
        if isinstance(node, Menu):
            keys = [key for key, _ in node.choices]
            if not keys:
                yield Fault(code="no-keys", at=node.id)
            for key in keys:
                if len(key) != 1 or key not in KEYS:
                    yield Fault(code="bad-key", at=node.id, what=key)
            for key in twice(keys):
                yield Fault(code="key-twice", at=node.id, what=key)
            if not 1 <= node.tries <= MOST_TRIES:
                yield Fault(code="bad-tries", at=node.id)
        if isinstance(node, ByClient):
            for tag in twice([tag for tag, _ in node.ways]):
                yield Fault(code="tag-twice", at=node.id, what=tag)
            for tag, _ in node.ways:
                if not is_word(tag):
                    yield Fault(code="bad-name", at=node.id, what=tag)
        for name, most in (("wait_s", MOST_WAIT_S), ("ring_s", MOST_RING_S)):
            if not 1 <= getattr(node, name, 1) <= most:
                yield Fault(code="bad-time", at=node.id, what=str(getattr(node, name)))


def _all_hours(plan: Plan) -> Iterator[Fault]:
    for hours in plan.hours:
        yield from _spans(hours)
        for date in twice([day.date for day in hours.days]):
            yield Fault(code="day-twice", at=hours.id, what=date)


def _spans(hours: Hours) -> Iterator[Fault]:
    """Spans that are none, and those of one day that overlap: which of them holds, nobody could say."""
    by_day: dict[str, list[tuple[int, int, str]]] = {}
    said = [(str(day), f"{one.begins}-{one.ends}") for one in hours.spans for day in one.days]
    said += [(day.date, span) for day in hours.days for span in day.open]
    for day, span in said:
        try:
            begins, ends = edges(span)
        except ValueError:
            yield Fault(code="bad-hours", at=hours.id, what=span)
            continue
        if any(begins < other_ends and other < ends for other, other_ends, _ in by_day.get(day, [])):
            yield Fault(code="overlap", at=hours.id, what=span)
        by_day.setdefault(day, []).append((begins, ends, span))


def _routes(plan: Plan) -> Iterator[Fault]:
    patterns: list[str] = []
    for route in plan.routes:
        try:
            patterns.append(pattern(route))
        except ValueError:
            yield Fault(code="bad-prefix", at=route.prefix)
        if route.allowed and not is_word(route.trunk):
            yield Fault(code="no-trunk", at=route.prefix, what=route.trunk)
        if route.digits and route.digits < len(route.prefix):
            yield Fault(code="bad-prefix", at=route.prefix)
    for one in twice(patterns):
        yield Fault(code="route-twice", at=one)


LOOKS: tuple[Callable[[Plan], Iterator[Fault]], ...] = (
    _names, _inside_numbers, _links, _targets, _sounds, _keys, _circles, _all_hours, _routes,
)  # fmt: skip
