"""Edits of a plan: each a small pure function, plan in, plan out. The page, the API and the command line share them.

What cannot be done is a NotSo: a code (said by web/dialplan_texts.py), and what stands in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from dialplan.plan import (
    ByClient,
    ByHours,
    CallBack,
    Day,
    Hours,
    Menu,
    Node,
    Number,
    Plan,
    Queue,
    ToQueue,
)

T = TypeVar("T")
LINKS = ("open", "closed", "holiday", "black", "white", "then", "otherwise", "after")  # these hold ids of steps
ROOT = "#"  # before the digits of a number where a step's id could stand


class NotSo(ValueError):
    """An edit that cannot be. code: why; what: names of what stands in the way."""

    def __init__(self, code: str, *what: str) -> None:
        super().__init__(f"{code}: {', '.join(what)}" if what else code)
        self.code, self.what = code, what


# Ways -----------------------------------------------------------------------------------------------------------------


def rows(node: Node) -> tuple[tuple[str, str], ...]:
    """Every way out of a step, those too that lead nowhere yet: its name (`then`, `key 1`, `tag vip`) and the step."""
    chosen: tuple[tuple[str, str], ...] = ()
    if isinstance(node, Menu):
        chosen = tuple((f"key {key}", to) for key, to in node.choices)
    elif isinstance(node, ByClient):
        chosen = tuple((f"tag {tag}", to) for tag, to in node.ways)
    return (*chosen, *((name, getattr(node, name)) for name in LINKS if hasattr(node, name)))


def led(node: Node, way: str, to: str) -> Node:
    """The step with one of its ways leading elsewhere; a key or tag that it has not is added."""
    kind, _, name = way.partition(" ")
    if kind == "key" and isinstance(node, Menu):
        return replace(node, choices=_pairs(node.choices, name, to))
    if kind == "tag" and isinstance(node, ByClient):
        return replace(node, ways=_pairs(node.ways, name, to))
    if way not in LINKS or not hasattr(node, way):
        raise NotSo("no-way", node.id, way)
    return replace(node, **{way: to})  # type: ignore[arg-type]


def without_way(node: Node, way: str) -> Node:
    """The step without one of its keys or tags; any other way leads nowhere."""
    kind, _, name = way.partition(" ")
    if kind == "key" and isinstance(node, Menu):
        return replace(node, choices=tuple(pair for pair in node.choices if pair[0] != name))
    if kind == "tag" and isinstance(node, ByClient):
        return replace(node, ways=tuple(pair for pair in node.ways if pair[0] != name))
    return led(node, way, "")


def goes_on(node: Node) -> str:
    """The way that is taken when nothing special happens, "" for a step that ends the call."""
    return next((name for name in ("open", "then", "otherwise") if hasattr(node, name)), "")


# Steps ----------------------------------------------------------------------------------------------------------------


def step(plan: Plan, id_: str) -> Node:
    """A step by its id; NotSo where it is not there."""
    found = next((node for node in plan.nodes if node.id == id_), None)
    if found is None:
        raise NotSo("gone", id_)
    return found


def free_id(plan: Plan, kind: str) -> str:
    """An id that no step has: `queue`, `queue2`...: extensions of Asterisk have no dashes."""
    taken = {node.id for node in plan.nodes}
    return free(kind.lower().removeprefix("to").removeprefix("by"), taken)


def put_step(plan: Plan, node: Node) -> Plan:
    """Set a step, or add it where none has its id."""
    return replace(plan, nodes=put(plan.nodes, node, _id, node.id))


def link(plan: Plan, source: str, way: str, to: str) -> Plan:
    """Lead a way elsewhere. source: a step's id, or `#` and a number's digits (then way is of no matter)."""
    if to:
        step(plan, to)
    if source.startswith(ROOT):
        number = the_number(plan, source.removeprefix(ROOT))
        return put_number(plan, replace(number, first=to), number.digits)
    return put_step(plan, led(step(plan, source), way, to))


def add_step(plan: Plan, node: Node, source: str, way: str) -> Plan:
    """A new step after another: what its way led to comes after the new one."""
    if any(other.id == node.id for other in plan.nodes):
        raise NotSo("step-twice", node.id)
    before = leads_to(plan, source, way)
    if (on := goes_on(node)) and not dict(rows(node))[on]:
        node = led(node, on, before)
    return link(put_step(plan, node), source, way, node.id)


def leads_to(plan: Plan, source: str, way: str) -> str:
    """Where a way leads, "" for nowhere."""
    if source.startswith(ROOT):
        return the_number(plan, source.removeprefix(ROOT)).first
    return dict(rows(step(plan, source))).get(way, "")


def leading(plan: Plan, id_: str) -> tuple[tuple[str, str], ...]:
    """What leads to a step: a step's id, or `#` and digits, with the way."""
    numbers = tuple((ROOT + number.digits, "") for number in plan.numbers if number.first == id_)
    return numbers + tuple((node.id, way) for node in plan.nodes for way, to in rows(node) if to == id_)


def remove_step(plan: Plan, id_: str, *, branch: bool = False) -> Plan:
    """Forget a step: what led to it leads to what came after it. branch: and all that only it led to."""
    node = step(plan, id_)
    after = dict(rows(node)).get(goes_on(node), "")
    after = "" if after == id_ or branch else after
    kept = _reached(plan) if branch else set()
    for source, way in leading(plan, id_):
        if source != id_:
            plan = link(plan, source, way, after)
    plan = replace(plan, nodes=tuple(one for one in plan.nodes if one.id != id_))
    if branch:
        gone = kept - _reached(plan)
        plan = replace(plan, nodes=tuple(one for one in plan.nodes if one.id not in gone))
    return plan


def steps_of(plan: Plan, number: Number) -> set[str]:
    """Ids of the steps that a number's way has."""
    return _reached(plan, (number,))


def steps_of_all(plan: Plan, numbers: Iterable[Number]) -> dict[str, set[str]]:
    """The same of several numbers, by their digits."""
    leads = _leads(plan)
    return {number.digits: _from([number.first], leads) for number in numbers}


def unreached(plan: Plan) -> tuple[Node, ...]:
    """Steps that no number leads to."""
    reached = _reached(plan)
    return tuple(node for node in plan.nodes if node.id not in reached)


def sweep(plan: Plan) -> Plan:
    """Forget the steps that no number leads to."""
    gone = {node.id for node in unreached(plan)}
    return replace(plan, nodes=tuple(node for node in plan.nodes if node.id not in gone))


def _reached(plan: Plan, numbers: Iterable[Number] | None = None) -> set[str]:
    return _from([number.first for number in (plan.numbers if numbers is None else numbers)], _leads(plan))


def _leads(plan: Plan) -> dict[str, list[str]]:
    return {node.id: [to for _, to in rows(node)] for node in plan.nodes}


def _from(left: list[str], leads: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    while left:
        here = left.pop()
        if here in leads and here not in seen:
            seen.add(here)
            left.extend(leads[here])
    return seen


# Numbers --------------------------------------------------------------------------------------------------------------


def the_number(plan: Plan, digits: str) -> Number:
    """A number by its digits; NotSo where it is not there."""
    found = next((one for one in plan.numbers if one.digits == digits), None)
    if found is None:
        raise NotSo("gone", digits)
    return found


def put_number(plan: Plan, number: Number, was: str = "") -> Plan:
    """Set a number, or add it. was: its digits until now, "" for a new one."""
    if was != number.digits and any(one.digits == number.digits for one in plan.numbers):
        raise NotSo("number-twice", number.digits)
    return replace(plan, numbers=put(plan.numbers, number, lambda one: one.digits, was))


def remove_number(plan: Plan, digits: str) -> Plan:
    """Forget a number, and the steps that only it led to."""
    the_number(plan, digits)
    left = tuple(one for one in plan.numbers if one.digits != digits)
    gone = _reached(plan) - _reached(plan, left)
    return replace(plan, numbers=left, nodes=tuple(one for one in plan.nodes if one.id not in gone))


# Hours and queues -----------------------------------------------------------------------------------------------------


def put_hours(plan: Plan, hours: Hours) -> Plan:
    """Set hours, or add them."""
    return replace(plan, hours=put(plan.hours, hours, _id, hours.id))


def with_days(hours: Hours, days: Iterable[Day], instead_of: Iterable[str] = ()) -> Hours:
    """The hours with days that are not as others, in the place of those of the same date. instead_of: dates."""
    fresh = {day.date: day for day in days}
    gone = fresh.keys() | set(instead_of)
    kept = [day for day in hours.days if day.date not in gone]
    return replace(hours, days=tuple(sorted([*kept, *fresh.values()], key=lambda day: day.date)))


def free_hours_id(plan: Plan) -> str:
    """An id that no hours have."""
    return free("hours", {one.id for one in plan.hours})


def hours_users(plan: Plan, id_: str) -> tuple[str, ...]:
    """Ids of the steps that ask hours."""
    return tuple(node.id for node in plan.nodes if isinstance(node, ByHours) and node.hours == id_)


def remove_hours(plan: Plan, id_: str) -> Plan:
    """Forget hours that no step asks; NotSo names those that do."""
    unused(hours_users(plan, id_))
    return replace(plan, hours=tuple(one for one in plan.hours if one.id != id_))


def put_queue(plan: Plan, queue: Queue, was: str = "") -> Plan:
    """Set a queue, or add it. was: its name until now; the steps that named it name it anew."""
    if was != queue.name and any(one.name == queue.name for one in plan.queues):
        raise NotSo("queue-twice", queue.name)
    nodes = plan.nodes
    if was and was != queue.name:
        nodes = tuple(
            replace(node, queue=queue.name) if isinstance(node, (ToQueue, CallBack)) and node.queue == was else node
            for node in nodes
        )
    return replace(plan, queues=put(plan.queues, queue, lambda one: one.name, was), nodes=nodes)


def queue_users(plan: Plan, name: str) -> tuple[str, ...]:
    """Ids of the steps that lead to a queue."""
    return tuple(node.id for node in plan.nodes if isinstance(node, (ToQueue, CallBack)) and node.queue == name)


def remove_queue(plan: Plan, name: str) -> Plan:
    """Forget a queue that no step leads to; NotSo names those that do."""
    unused(queue_users(plan, name))
    return replace(plan, queues=tuple(one for one in plan.queues if one.name != name))


# ----------------------------------------------------------------------------------------------------------------------


def unused(by: tuple[str, ...]) -> None:
    """NotSo names those who use a thing that is to go."""
    if by:
        raise NotSo("in-use", *by)


def _id(one: Node | Hours) -> str:
    return one.id


def put(items: tuple[T, ...], one: T, key: Callable[[T], str], was: str) -> tuple[T, ...]:
    """One in the place of that whose key was so, else after all. key: what names one."""
    if not any(key(item) == was for item in items):
        return (*items, one)
    return tuple(one if key(item) == was else item for item in items)


def _pairs(pairs: tuple[tuple[str, str], ...], name: str, to: str) -> tuple[tuple[str, str], ...]:
    return put(pairs, (name, to), lambda pair: pair[0], name)


def free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    places = (name if place == 1 else f"{name}{place}" for place in range(1, len(taken) + 2))
    return next(one for one in places if one not in taken)
