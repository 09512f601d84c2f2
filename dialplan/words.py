"""A number's way as a summary that can be said in a line: structure here, the words in web/dialplan_texts.py.

«Пн-Пт 9-18: меню 1 -> Продажи, ждать 60 с -> перезвон; иначе голосовая почта»: a way is links one after another, a link
that parts is said with its branches. A step that was said before, or stands too deep, is only named.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialplan.plan import ByHours, Hours, Node, Plan, ways

DEEPEST = 12  # links of one way
CHOSEN = ("Menu", "ByClient", "ByList", "CallBack")


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """When a way is taken: days of the week (0 is Monday) and from when until when. Of one Hours, spans with the same
    times are put together.
    """

    days: tuple[int, ...]
    begins: str
    ends: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One way out of a link. name: as `ways` says it: open, closed, holiday, a key, `tag vip`, otherwise, after."""

    name: str
    way: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A step as it is said. kind: of the step. again: it was said before. hours: of ByHours, as spans; branches: its
    ways where it parts; a single way goes on in the way it stands in.
    """

    node: Node
    branches: tuple[Branch, ...] = ()
    hours: tuple[When, ...] = ()
    again: bool = False

    @property
    def kind(self) -> str:
        """The kind of the step, as `Menu`."""
        return type(self.node).__name__


def way(plan: Plan, first: str) -> tuple[Link, ...]:
    """The way from a step on."""
    return _Teller(plan).way(first, 0)


def spans(hours: Hours) -> tuple[When, ...]:
    """Spans, with days of the same times together, in the order of their first day."""
    days: dict[tuple[str, str], set[int]] = {}
    for span in hours.spans:
        days.setdefault((span.begins, span.ends), set()).update(span.days)
    told = [When(days=tuple(sorted(those)), begins=begins, ends=ends) for (begins, ends), those in days.items()]
    return tuple(sorted(told, key=lambda one: (one.days[:1], one.begins)))


class _Teller:
    def __init__(self, plan: Plan) -> None:
        self._nodes = {node.id: node for node in plan.nodes}
        self._hours = {one.id: one for one in plan.hours}
        self._said: set[str] = set()

    def way(self, first: str, depth: int) -> tuple[Link, ...]:
        links: list[Link] = []
        here = first
        while here and (node := self._nodes.get(here)) is not None:
            if ways(node) and (here in self._said or depth + len(links) >= DEEPEST):
                links.append(Link(node=node, again=True))
                break
            self._said.add(here)
            out = ways(node)
            hours = self._hours.get(node.hours) if isinstance(node, ByHours) else None
            parts = len(out) > 1 or type(node).__name__ in CHOSEN
            if not parts:
                links.append(Link(node=node))
                here = out[0][1] if out else ""
                continue
            deeper = depth + len(links) + 1
            branches = tuple(Branch(name=name, way=self.way(to, deeper)) for name, to, _chosen in out)
            links.append(Link(node=node, branches=branches, hours=spans(hours) if hours else ()))
            break
        return tuple(links)
