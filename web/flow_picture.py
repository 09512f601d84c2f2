"""A number's flow as its page shows it: cards with words, rows and faults, and the list that is their equal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dialplan import layout
from dialplan.edits import ROOT, rows
from dialplan.faults import Fault
from dialplan.layout import Drawing, Line, drawing
from dialplan.plan import Node, Number, Plan
from web.dialplan_names import Names

OF_QUEUES = ("queue-", "no-music", "bad-figure", "bad-penalty", "penalty-")
DEEPEST = 60  # steps of the list within one another; what stands deeper is found in the drawing


@dataclass(frozen=True, kw_only=True)
class Row:
    """A way out. to: title of where it leads, "" where the call ends; lost: it leads where nothing is."""

    way: str
    label: str
    to_id: str
    to: str
    lost: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """A card in words. ends: nothing is after it. taken: its places in a traced call."""

    id: str
    kind: str
    title: str
    about: str
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()
    x: int = 0
    y: int = 0
    height: int = 0
    taken: tuple[int, ...] = ()

    @property
    def weight(self) -> str:
        return self.faults[0].weight if self.faults else ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All of a flow. lines: each with whether a traced call took it."""

    width: int
    height: int
    card_width: int
    head: int
    row: int
    steps: tuple[Step, ...]
    lines: tuple[tuple[Line, bool], ...]
    tree: tuple[Branch, ...]


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A step in the list: by which way it is come to, and what it leads to. again: it stands above already."""

    step: Step
    label: str
    again: bool = False
    branches: tuple[Branch, ...] = field(default=())


def picture(
    plan: Plan, number: Number, faults: tuple[Fault, ...], names: Names, taken: tuple[tuple[str, str], ...] = ()
) -> Picture:
    """What is drawn of a number. taken: steps of a traced call, each with the way it took."""
    nodes = {node.id: node for node in plan.nodes}
    root = ROOT + number.digits
    leads = {root: [number.first]} | {node.id: [to for _, to in _shown(node)] for node in plan.nodes}
    drawn = drawing(root, leads)
    steps = {step.id: step for step in _steps(plan, number, drawn, faults, names, taken)}
    passed = set(zip([root, *(id_ for id_, _ in taken)], [id_ for id_, _ in taken], strict=False)) if taken else set()
    return Picture(
        width=drawn.width,
        height=drawn.height,
        card_width=layout.WIDTH,
        head=layout.HEAD,
        row=layout.ROW,
        steps=tuple(steps.values()),
        lines=tuple((line, (line.source, line.to) in passed) for line in drawn.lines),
        tree=_tree(number.first, steps, nodes),
    )


def _shown(node: Node) -> tuple[tuple[str, str], ...]:
    """The rows of a card: ways that lead nowhere are shown where a call can take them."""
    return tuple((way, to) for way, to in rows(node) if to or way not in ("holiday", "after", "white"))


def _steps(
    plan: Plan,
    number: Number,
    drawn: Drawing,
    faults: tuple[Fault, ...],
    names: Names,
    taken: tuple[tuple[str, str], ...],
) -> Iterator[Step]:
    nodes = {node.id: node for node in plan.nodes}
    wrong: dict[str, tuple[Fault, ...]] = {}
    for fault in faults:
        if fault.code.startswith(OF_QUEUES):  # a step may be called as a queue is
            continue
        wrong[fault.at] = (*wrong.get(fault.at, ()), fault)
    places: Mapping[str, tuple[int, ...]] = {
        id_: tuple(place for place, (other, _) in enumerate(taken, 1) if other == id_) for id_, _ in taken
    }
    for card in drawn.cards:
        node = nodes.get(card.id)
        if node is None:
            said = [("", number.first)]
            kind, title, about, own = "number", names.number(number), number.title, wrong.get(number.digits, ())
        else:
            said = list(_shown(node))
            kind, title, about = type(node).__name__, names.title(node), names.about(node)
            own = (*wrong.get(card.id, ()), *wrong.get(getattr(node, "hours", ""), ()))
        yield Step(
            id=card.id,
            kind=kind,
            title=title,
            about=about,
            rows=tuple(
                Row(
                    way=way,
                    label=names.way(kind, way) if way else names.first,
                    to_id=to if to in nodes else "",
                    to=names.title(nodes[to]) if to in nodes else (to or names.nowhere),
                    lost=bool(to) and to not in nodes,
                )
                for way, to in said
            ),
            faults=own,
            x=card.x,
            y=card.y,
            height=card.height,
            taken=places.get(card.id, ()),
        )  # fmt: skip


def _tree(first: str, steps: Mapping[str, Step], nodes: Mapping[str, Node]) -> tuple[Branch, ...]:
    """The same as a list: each step once in full, where it is met first."""
    seen: set[str] = set()

    def branch(id_: str, label: str, depth: int) -> Branch:
        if id_ in seen or depth > DEEPEST:
            return Branch(step=steps[id_], label=label, again=True)
        seen.add(id_)
        below = [branch(row.to_id, row.label, depth + 1) for row in steps[id_].rows if row.to_id]
        return Branch(step=steps[id_], label=label, branches=tuple(below))

    return (branch(first, "", 0),) if first in nodes else ()
