"""Edits of a plan's people: who comes, goes, is called otherwise. Plan in, plan out; NotSo where it cannot be."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from dialplan.edits import NotSo
from dialplan.model import word
from dialplan.plan import Person, Plan

LONGEST_NUMBER = 16
FIRST, LAST = 101, 99_999


def admitted(plan: Plan, person: Person) -> Plan:
    """With somebody more. His number is nobody's, his devices are no other's."""
    _check(person)
    taken = inside(plan)
    if person.extension in taken:
        raise NotSo("inside-twice", person.extension)
    _devices_free(plan, person)
    return replace(plan, people=tuple(sorted((*plan.people, person), key=_order)))


def changed(plan: Plan, extension: str, person: Person) -> Plan:
    """With somebody told otherwise; steps go on to know him when he gets another number."""
    of(plan, extension)
    _check(person)
    rest = replace(plan, people=tuple(one for one in plan.people if one.extension != extension))
    if person.extension in inside(rest):
        raise NotSo("inside-twice", person.extension)
    _devices_free(rest, person)
    named = _renamed(rest, extension, (person.extension,)) if person.extension != extension else rest
    return replace(named, people=tuple(sorted((*rest.people, person), key=_order)))


def dismissed(plan: Plan, extension: str) -> Plan:
    """Without somebody: neither he nor the steps that ring him name him any more."""
    of(plan, extension)
    left = _renamed(plan, extension, ())
    return replace(left, people=tuple(one for one in plan.people if one.extension != extension))


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A part of the plan that names somebody. kind: its type in small letters; alone: nobody else is named there."""

    kind: str
    id: str
    title: str
    alone: bool


def mentions(plan: Plan, extension: str) -> tuple[Mention, ...]:
    """What names somebody, beside his own entry; a box of his counts where messages are left in it."""
    found = []
    for part, name in _lists(plan):
        value = getattr(part, name)
        if extension in value:
            key = getattr(part, "id", "") or getattr(part, "name", "") or getattr(part, "prefix", "")
            alone = set(value) == {extension}
            kind = type(part).__name__.lower()
            found.append(Mention(kind=kind, id=key, title=getattr(part, "title", ""), alone=alone))
    boxes = (node for node in plan.nodes if getattr(node, "box", None) == extension)
    found += [Mention(kind="tovoicemail", id=node.id, title=node.title, alone=True) for node in boxes]
    return tuple(found)


def of(plan: Plan, extension: str) -> Person:
    """Whose number it is. Raises NotSo."""
    for one in plan.people:
        if one.extension == extension:
            return one
    raise NotSo("nobody-there", extension)


def inside(plan: Plan) -> set[str]:
    """Numbers inside that are somebody's or something's."""
    parts: list[Any] = [*plan.queues, *getattr(plan, "groups", ()), *getattr(plan, "boxes", ())]
    return {one.extension for one in plan.people} | {one.number for one in parts if one.number}


def next_free(plan: Plan, also: Collection[str] = ()) -> str:
    """The lowest free number after the people's first one, of as many digits."""
    numbers = [int(one.extension) for one in plan.people if one.extension.isdecimal() and one.extension.isascii()]
    taken = inside(plan) | set(also)
    first = min(numbers, default=FIRST)
    return next(str(one) for one in range(first, LAST) if str(one) not in taken)


def _check(person: Person) -> None:
    number = person.extension
    if not (number.isascii() and number.isdecimal() and 1 < len(number) <= LONGEST_NUMBER):
        raise NotSo("bad-inside", number)
    for device in (*person.devices, *person.browsers):
        try:
            word(device, "device")
        except ValueError:
            raise NotSo("bad-endpoint", device) from None


def _devices_free(plan: Plan, person: Person) -> None:
    own = (*person.devices, *person.browsers)
    taken = {device for one in plan.people for device in (*one.devices, *one.browsers)}
    for device in own:
        if device in taken or own.count(device) > 1:
            raise NotSo("device-twice", device)


def _lists(plan: Plan) -> Iterator[tuple[Any, str]]:
    """Parts of a plan with the names of their fields that list extensions."""
    parts: list[Any] = [*plan.nodes, *getattr(plan, "groups", ()), *plan.routes]
    for part in parts:
        for name in ("people", "who"):
            if isinstance(getattr(part, name, None), tuple):
                yield part, name


def _renamed(plan: Plan, extension: str, to: tuple[str, ...]) -> Plan:
    """The plan with a number in the lists of its parts replaced, or left out."""

    def told(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for name in names for one in (to if name == extension else (name,))))

    def part(one: Any) -> Any:
        lists = {name: told(getattr(one, name)) for name in ("people", "who") if extension in _list(one, name)}
        if not lists.get("who", (extension,)):
            del lists["who"]  # a way out that nobody is named for is open to all: it stays his, until it is changed
        return replace(one, **lists) if lists else one

    known = {field.name for field in fields(plan)}
    values: dict[str, Any] = {name: tuple(part(one) for one in getattr(plan, name)) for name in ("nodes", "routes")}
    values |= {name: tuple(part(one) for one in getattr(plan, name)) for name in ("groups",) if name in known}
    values |= {name: told(getattr(plan, name)) for name in ("spies",) if name in known}
    return replace(plan, **values)


def _list(part: Any, name: str) -> tuple[str, ...]:
    value = getattr(part, name, ())
    return value if isinstance(value, tuple) else ()


def _order(person: Person) -> tuple[int, str]:
    return len(person.extension), person.extension
