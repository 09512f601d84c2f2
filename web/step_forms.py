"""Forms of steps: which fields a step's card has when it is edited, how they are read, and a new step of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from multidict import MultiMapping

from dialplan import edits, plan
from dialplan.edits import NotSo
from dialplan.office import Penalty
from dialplan.plan import ByClient, Menu, Node, Plan
from web.i18n import N_

Widget = Literal["text", "number", "yes", "people", "box", "digits", "pick", "penalties"]
NEW = "new:"  # before a kind, where the id of a step could stand
KEYS = "1234567890*"
LONGEST, MOST_PAIRS = 200, 40
PENALTY = ("after", "least", "most")
Form = MultiMapping[Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. name: as the thing has it. of: which of `picks` it chooses from; blank: what choosing none means."""

    name: str
    label: str
    widget: Widget = "text"
    hint: str = ""
    of: str = ""
    blank: str = N_("choose")


_RING = Field("ring_s", N_("Rings, seconds"), "number")
_SOUND = Field("sound", N_("Sound"), "pick", of="sounds")
PEOPLE_HINT = N_("Extensions with commas between them, in the order of ringing.")
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "ByHours": (Field("hours", N_("Hours"), "pick", of="hours"),),
    "Menu": (
        _SOUND,
        Field("wait_s", N_("Waits for a key, seconds"), "number"),
        Field("tries", N_("How often it is played"), "number"),
    ),
    "Say": (_SOUND,),
    "ToQueue": (
        Field("queue", N_("Queue"), "pick", of="queues"),
        Field("wait_s", N_("Waits at most, seconds"), "number"),
        Field("priority", N_("Priority added to the client's own"), "number"),
    ),
    "ToGroup": (Field("group", N_("Group"), "pick", of="groups"),),
    "ToPeople": (
        Field("people", N_("Who is rung"), "people", PEOPLE_HINT),
        _RING,
        Field("in_turn", N_("one after another, not all at once"), "yes"),
    ),
    "ToManager": (_RING,),
    "ByClient": (),
    "ByList": (),
    "ToOutside": (Field("number", N_("Number"), "digits"), _RING),
    "ToVoicemail": (
        Field("box", N_("Whose mailbox"), "box", N_("The extension of a person, or a mailbox of several.")),
        Field("greeting", N_("Greeting"), "pick", of="sounds", blank=N_("the mailbox's own")),
    ),
    "CallBack": (
        _SOUND,
        Field("key", N_("Key that asks for it"), "pick", of="keys"),
        Field("wait_s", N_("Waits for the key, seconds"), "number"),
        Field("queue", N_("Keeps the place in"), "pick", of="queues", blank=N_("no place is kept")),
    ),
    "Score": (_SOUND,),
    "End": (Field("how", N_("How"), "pick", of="ends"),),
}
KINDS = tuple(kind for kind in FIELDS if hasattr(plan, kind))


def new(whole: Plan, kind: str) -> Node:
    """A step of a kind, with what there is in the plan already for its fields."""
    if kind not in KINDS:
        raise NotSo("bad-form", kind)
    boxes = [one.number for one in whole.boxes] + [one.extension for one in whole.people if one.voicemail]
    firsts: dict[str, object] = {
        "hours": whole.hours[0].id if whole.hours else "",
        "group": whole.groups[0].id if whole.groups else "",
        "queue": whole.queues[0].name if whole.queues and kind == "ToQueue" else "",
        "sound": whole.sounds[0].name if whole.sounds else "",
        "box": boxes[0] if boxes else "",
        "people": (whole.people[0].extension,) if whole.people else (),
        "number": "",
        "choices": (),
        "ways": (),
    }
    made: type[Any] = getattr(plan, kind)
    given: dict[str, object] = {"id": edits.free_id(whole, kind)}
    for name in made.__dataclass_fields__:
        if name in firsts:
            given[name] = firsts[name]
        elif name in edits.LINKS:
            given[name] = ""
    step: Node = made(**given)
    return step


def read(whole: Plan, node: Node, form: Form) -> tuple[Plan, str]:
    """The plan with the step as the form says, and the step to show then: a new one that a way was led to, or this.

    Raises NotSo where a field cannot be read.
    """
    said: dict[str, object] = {"title": text(form, "title")}
    for field in FIELDS[type(node).__name__]:
        said[field.name] = value(form, field)
    made: list[tuple[str, str]] = []
    node = replace(node, **said)  # type: ignore[arg-type]
    for way in (name for name in edits.LINKS if hasattr(node, name) and f"to.{name}" in form):
        node = _lead(node, way, text(form, f"to.{way}"), made)
    node = _pairs(node, form, made)
    whole = edits.put_step(whole, node)
    shown = node.id
    for way, kind in made:
        one = new(whole, kind)
        whole, shown = edits.add_step(whole, one, node.id, way), one.id
    return whole, shown


def _lead(node: Node, way: str, to: str, made: list[tuple[str, str]]) -> Node:
    if to.startswith(NEW):
        made.append((way, to.removeprefix(NEW)))
        return node
    return edits.led(node, way, to)


def _pairs(node: Node, form: Form, made: list[tuple[str, str]]) -> Node:
    """Keys of a menu, tags of a client, as they stand one under another; an empty one is no more."""
    if not isinstance(node, (Menu, ByClient)):
        return node
    kind = "key" if isinstance(node, Menu) else "tag"
    names = [str(one)[:LONGEST].strip() for one in form.getall(kind, [])][:MOST_PAIRS]
    targets = [str(one)[:LONGEST].strip() for one in form.getall(f"{kind}_to", [])][:MOST_PAIRS]
    before = dict(node.choices if isinstance(node, Menu) else node.ways)
    pairs: list[tuple[str, str]] = []
    for name, to in zip(names, targets, strict=False):
        if not name:
            continue
        if to.startswith(NEW):
            made.append((f"{kind} {name}", to.removeprefix(NEW)))
            to = before.get(name, "")
        pairs.append((name, to))
    return replace(node, choices=tuple(pairs)) if isinstance(node, Menu) else replace(node, ways=tuple(pairs))


def value(form: Form, field: Field) -> object:
    """A field as it was typed. Raises NotSo."""
    match field.widget:
        case "number":
            return number(form, field.name, field.label)
        case "yes":
            return text(form, field.name) == "yes"
        case "people":
            return extensions(text(form, field.name, 4000))
        case "digits":
            return digits(text(form, field.name))
        case "penalties":
            return tuple(_penalty(row, field.label) for row in penalty_rows(form) if any(row))
        case _:
            return text(form, field.name)


def penalty_rows(form: Form) -> list[tuple[str, ...]]:
    """Rules of penalties as they stand one under another: after how many seconds, from, to."""
    columns = [[str(one)[:12].strip() for one in form.getall(f"penalty_{name}", [])] for name in PENALTY]
    return list(zip(*columns, strict=False))[:MOST_PAIRS]


def _penalty(row: tuple[str, ...], label: str) -> Penalty:
    after, least, most = (whole(typed or "0", label) for typed in row)
    return Penalty(after_s=after, least=least, most=most)


def text(form: Form, name: str, most: int = LONGEST) -> str:
    """What was typed, cut."""
    return str(form.get(name, ""))[:most].strip()


def digits(typed: str) -> str:
    """`+7 (935) 555-01-01` as `79355550101`; what is none stays as it is, for the fault to name it."""
    bare = typed.translate({ord(sign): None for sign in " ()-+\u00a0"})
    return bare if bare.isascii() and bare.isdecimal() else typed


def weekdays(form: Form, name: str) -> tuple[int, ...]:
    """Days of the week that were ticked; 0 is Monday."""
    return tuple(sorted({int(one) for one in form.getall(name, []) if one in tuple("0123456")}))


def extensions(typed: str) -> tuple[str, ...]:
    """`101, 102` as they are, each once."""
    return tuple(dict.fromkeys(typed.replace(",", " ").split()))


def number(form: Form, name: str, label: str, most: int = 100_000) -> int:
    """A whole number; NotSo names the field of any other."""
    return whole(text(form, name, 12), label, most)


def whole(typed: str, label: str, most: int = 100_000) -> int:
    """What was typed as a whole number; NotSo names the field of any other."""
    if not (typed.isascii() and typed.isdecimal()) or int(typed) > most:
        raise NotSo("bad-form", label)
    return int(typed)
