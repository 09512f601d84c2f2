"""A call walked through a plan without a PBX: which steps it takes, and why each leads where it leads.

What only the world decides (whether somebody answers, which key the caller presses) is asked for; what is not said goes
the way of a caller who presses nothing and whom nobody answers, so every fallback is seen.
"""

from __future__ import annotations

from dataclasses import replace

from dialplan.files import FROM_OUTSIDE
from dialplan.flow import FLOW
from dialplan.hours import Found, found
from dialplan.plan import (
    ByClient,
    ByHours,
    ByList,
    CallBack,
    End,
    Menu,
    Node,
    Number,
    Plan,
    Say,
    Score,
    ToGroup,
    ToManager,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)
from dialplan.routes import route_of
from dialplan.taken import Asked as Asked
from dialplan.taken import Taken as Taken
from dialplan.theirs import NONE, Theirs
from dialplan.trace_inside import his, inside

MOST_STEPS = 100  # of one call: a menu that is asked again and again ends here


def trace(plan: Plan, asked: Asked, theirs: Theirs = NONE) -> tuple[Taken, ...]:
    """The steps in order. A number that is not ours: one step, `unknown-number`.

    theirs: what the admin wrote himself, which the PBX finds before ours; from there on only he knows.
    """
    colleague = next((one for one in plan.people if asked.caller and one.extension == asked.caller), None)
    if colleague is not None:
        return tuple(inside(plan, asked, colleague, theirs))
    if own := his(theirs, FROM_OUTSIDE, asked.number.removeprefix("+"), asked):
        return own
    number = next((one for one in plan.numbers if one.digits == asked.number.removeprefix("+")), None)
    if number is None:
        return (Taken(node="", kind="number", way="", why="unknown-number", about={"number": asked.number}),)
    nodes = {node.id: node for node in plan.nodes}
    walk = _Walk(plan, asked)
    taken = [Taken(node="", kind="number", way=number.first, why="number", about=_about(plan, number))]
    here = number.first
    while here and len(taken) < MOST_STEPS:
        if own := his(theirs, FLOW, here, asked):
            return (*taken, replace(own[0], node=here))
        node = nodes.get(here)
        if node is None:
            taken.append(Taken(node=here, kind="none", way="", why="no-step"))
            break
        step = walk.step(node)
        taken.append(step)
        here = step.way
    return tuple(taken)


def _about(plan: Plan, number: Number) -> dict[str, object]:
    return {"title": number.title, "language": number.language, "record": number.record, "sound": plan.announcement}


class _Walk:
    """Decides at each step. The keys are used up one by one."""

    def __init__(self, plan: Plan, asked: Asked) -> None:
        self._plan = plan
        self._asked = asked
        self._keys = list(asked.keys)

    def step(self, node: Node) -> Taken:
        """The step that is taken at a node."""
        way, why, about = self._decide(node)
        return Taken(node=node.id, kind=type(node).__name__, way=way, why=why, about=about)

    def _decide(self, node: Node) -> tuple[str, str, dict[str, object]]:
        match node:
            case ByHours():
                return self._by_hours(node)
            case Menu():
                return self._menu(node)
            case Say() | Score():
                return node.then, "played", {"sound": node.sound}
            case ToQueue():
                if node.id in self._asked.answers:
                    return node.after, "answered", {"queue": node.queue}
                return node.otherwise, "queue-nobody", {"queue": node.queue, "seconds": node.wait_s}
            case ToPeople():
                return self._rung(node, {"people": node.people, "seconds": node.ring_s})
            case ToGroup():
                group = next((one for one in self._plan.groups if one.id == node.group), None)
                if group is None:
                    return node.otherwise, "no-group", {"group": node.group}
                told = {"group": group.title or group.id, "people": group.people, "seconds": group.ring_s}
                return self._rung(node, told)
            case ToManager():
                return self._manager(node)
            case ByClient():
                for tag, to in node.ways:
                    if tag in self._asked.tags:
                        return to, "tag", {"tag": tag}
                return node.otherwise, "no-tag", {"tags": tuple(tag for tag, _ in node.ways)}
            case ByList():
                if self._asked.listed == "black":
                    return node.black, "black-list", {}
                if self._asked.listed == "white" and node.white:
                    return node.white, "white-list", {}
                return node.otherwise, "no-list", {}
            case ToOutside():
                route = route_of(self._plan.routes, node.number)
                if route is None or not route.allowed:
                    return node.otherwise, "no-route", {"number": node.number}
                return self._rung(node, {"number": node.number, "trunk": route.trunk, "seconds": node.ring_s})
            case ToVoicemail():
                return "", "voicemail", {"box": node.box}
            case CallBack():
                pressed = self._key()
                if pressed == node.key:
                    return node.then, "callback-asked", {"queue": node.queue}
                return node.otherwise, "callback-not", {"key": node.key}
            case End():
                return "", "end", {"how": node.how}

    def _by_hours(self, node: ByHours) -> tuple[str, str, dict[str, object]]:
        hours = next((one for one in self._plan.hours if one.id == node.hours), None)
        if hours is None:
            return node.closed, "no-hours", {"hours": node.hours}
        is_: Found = found(hours, self._asked.at)
        about: dict[str, object] = {"hours": hours.title, "at": self._asked.at, "zone": hours.zone}
        if is_.day is not None:
            about |= {"date": is_.day.date, "day": is_.day.title}
        if is_.span is not None:
            about |= {"begins": is_.span.begins, "ends": is_.span.ends}
        if is_.state == "holiday":
            return node.holiday or node.closed, "holiday", about
        return (node.open if is_.state == "open" else node.closed), is_.state, about

    def _menu(self, node: Menu) -> tuple[str, str, dict[str, object]]:
        choices = dict(node.choices)
        pressed = ""
        for _ in range(node.tries):
            pressed = self._key()
            if pressed in choices:
                return choices[pressed], "pressed", {"key": pressed}
        return node.otherwise, "not-pressed", {"tries": node.tries, "key": pressed}

    def _key(self) -> str:
        return self._keys.pop(0) if self._keys else ""

    def _manager(self, node: ToManager) -> tuple[str, str, dict[str, object]]:
        if not self._asked.manager:
            return node.otherwise, "no-manager", {}
        if not self._asked.manager_free:
            return node.otherwise, "manager-busy", {"manager": self._asked.manager}
        return self._rung(node, {"manager": self._asked.manager, "seconds": node.ring_s})

    def _rung(
        self, node: ToPeople | ToGroup | ToManager | ToOutside, about: dict[str, object]
    ) -> tuple[str, str, dict[str, object]]:
        if node.id in self._asked.answers:
            return "", "answered", about
        return node.otherwise, "nobody", about
