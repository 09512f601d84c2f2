"""A call that a colleague makes, walked through: people, queues, groups, feature codes, the way out and its guard.

Asterisk looks through the contexts in this order (files.py), and what it finds first, it does. Whoever answers is named
in Asked.answers by the number that was dialled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from dialplan.fault import digits
from dialplan.files import DESKS, FROM_INSIDE
from dialplan.hours import found
from dialplan.inside import CODES, COLLEAGUES, FOLLOWED, GROUPS, QUEUES, SPYING, devices, read
from dialplan.model import CUSTOM
from dialplan.plan import Person, Plan, Route
from dialplan.recipes.desks import LENGTHS
from dialplan.recipes.internal import RING_S
from dialplan.recipes.queue import WAIT_S
from dialplan.routes import CONTEXT as OUTSIDE
from dialplan.routes import route_of, sent
from dialplan.taken import Asked, Taken
from dialplan.theirs import NONE, Theirs, takes


def inside(plan: Plan, asked: Asked, caller: Person, theirs: Theirs = NONE) -> Iterator[Taken]:
    """The steps of a call that a person of the house makes."""
    at_desk = read(plan.codes, asked.number)[0] in ("sit", "leave")  # these have a context of their own
    looks: tuple[tuple[str, Callable[[], Iterable[Taken]]], ...] = (
        (FROM_INSIDE, list),
        (COLLEAGUES, lambda: _person(plan, asked)),
        (QUEUES, lambda: _queue(plan, asked)),
        (GROUPS, lambda: _group(plan, asked)),
        (CODES, lambda: () if at_desk else _code(plan, asked, caller) or _parked(plan, asked)),
        (DESKS, lambda: _code(plan, asked, caller) if at_desk else ()),
        (OUTSIDE, lambda: his(theirs, OUTSIDE, asked.number.removeprefix("+"), asked) or _outside(plan, asked, caller)),
    )
    found = (his(theirs, context, asked.number, asked) or tuple(look()) for context, look in looks)
    yield from next((steps for steps in found if steps), ())


def his(theirs: Theirs, context: str, number: str, asked: Asked) -> tuple[Taken, ...]:
    """The step at which the admin's own extension takes a call; none where he has none for it."""
    extension = takes(theirs, context, number, asked.caller)
    if not extension:
        return ()
    about = {"number": number, "extension": extension, "context": f"{context}{CUSTOM}"}
    return (Taken(node="", kind="custom", way="", why="custom", about=about),)


def _step(kind: str, why: str, **about: object) -> Taken:
    return Taken(node="", kind=kind, way="", why=why, about=about)


def _person(plan: Plan, asked: Asked) -> list[Taken]:
    person = next((one for one in plan.people if one.extension == asked.number), None)
    if person is None or not (devices(person) or person.voicemail):
        return []
    if devices(person) and asked.number in asked.answers:
        return [_step("person", "answered", people=(person.extension,), seconds=RING_S)]
    rung = [_step("person", "nobody", people=(person.extension,), seconds=RING_S)] if devices(person) else []
    return [*rung, *([_step("voicemail", "voicemail", box=person.extension)] if person.voicemail else [])]


def _queue(plan: Plan, asked: Asked) -> list[Taken]:
    queue = next((one for one in plan.queues if one.number == asked.number), None)
    if queue is None:
        return []
    why = "answered" if asked.number in asked.answers else "queue-nobody"
    return [_step("queue", why, queue=queue.name, seconds=WAIT_S, record=queue.record)]


def _group(plan: Plan, asked: Asked) -> list[Taken]:
    group = next((one for one in plan.groups if one.number == asked.number), None)
    if group is None:
        return []
    why = "answered" if asked.number in asked.answers else "nobody"
    return [_step("group", why, group=group.title or group.id, people=group.people, seconds=group.ring_s)]


def _parked(plan: Plan, asked: Asked) -> list[Taken]:
    lot, number = plan.parking, asked.number
    if not lot.number or not digits(number):
        return []
    if number == lot.number:
        return [_step("code", "park", code=number)]
    return [_step("code", "parked", slot=number)] if lot.first <= int(number) <= lot.last else []


def _code(plan: Plan, asked: Asked, caller: Person) -> list[Taken]:
    name, rest = read(plan.codes, asked.number)
    fits = not rest or (name in FOLLOWED and digits(rest) and _long_enough(name, rest))
    if not name or not fits:
        return []
    about = {"code": getattr(plan.codes, name), "number": rest}
    if name in SPYING and caller.extension not in plan.spies:
        return [_step("code", "code-refused", what=name, **about)] if plan.spies else []
    if name == "mailbox" and not caller.voicemail:
        return [_step("code", "no-mailbox", **about)]
    return [_step("code", f"code-{name.replace('_', '-')}", **about)]


def _long_enough(name: str, rest: str) -> bool:
    """A reason is a digit; a shared phone is told an extension of these lengths; `X.` takes two digits at least."""
    if name == "pause":
        return len(rest) == 1
    return len(rest) in LENGTHS if name == "sit" else len(rest) > 1


def _outside(plan: Plan, asked: Asked, caller: Person) -> list[Taken]:
    number = asked.number.removeprefix("+")
    route = route_of(plan.routes, number) if digits(number) else None
    if route is None:
        return [_step("number", "unknown-number", number=asked.number)]
    about: dict[str, object] = {"number": number, "prefix": route.prefix, "title": route.title}
    why = _guarded(plan, route, caller, asked.at)
    if why:
        return [_step("route", why, **about)]
    told = {
        "trunk": route.trunk,
        "sent": sent(route, number),
        "shown": route.caller_id or caller.caller_id,
        "minutes": route.longest_min,
        "limit": route.limit,
        "record": route.record,
    }
    return [_step("route", "route", **about, **told)]


def _guarded(plan: Plan, route: Route, caller: Person, at: datetime) -> str:
    """Why the toll guard refuses; "" where it does not."""
    if not route.allowed:
        return "blocked-route"
    if route.who and caller.extension not in route.who:
        return "blocked-who"
    hours = next((one for one in plan.hours if one.id == route.hours), None)
    if hours is not None and found(hours, at).state != "open":
        return "blocked-hours"
    return ""
