"""A number's way in one line, as an admin tells it: «Пн-Пт 9:00-18:00: меню 1 → Продажи, ждать 60 с → перезвон; …».

What a link is called stands in SAID; branches follow with `;`, and stand in brackets where something comes after them.
"""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.plan import (
    ByHours,
    CallBack,
    End,
    Menu,
    Node,
    Plan,
    Say,
    ToGroup,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)
from dialplan.words import Branch, Link, When, way
from web.i18n import N_, say
from web.working_hours import WEEKDAYS

NEXT = " → "
SAID: Mapping[str, str] = {  # kind of a step -> how a way names it; {name} is its title where it has one
    "ByHours": N_("hours {name}"),
    "Menu": N_("menu"),
    "Say": N_("announcement {name}"),
    "ToQueue": N_("{name}, wait {seconds} s"),
    "ToPeople": N_("{name}, {seconds} s"),
    "ToGroup": N_("group {name}, {seconds} s"),
    "ToManager": N_("the client's manager"),
    "ByClient": N_("by the client"),
    "ByList": N_("by the lists"),
    "ToOutside": N_("to {name}, {seconds} s"),
    "ToVoicemail": N_("voicemail {name}"),
    "CallBack": N_("call-back by key {key}"),
    "Score": N_("mark of the talk"),
    "hang-up": N_("the end"),
    "busy": N_("busy tone"),
    "unknown": N_("no such number"),
}
TURNS: Mapping[str, str] = {  # names of ways -> what stands before them
    "otherwise": N_("otherwise {way}"),
    "closed": N_("otherwise {way}"),
    "holiday": N_("on holidays {way}"),
    "black": N_("black list: {way}"),
    "white": N_("white list: {way}"),
    "after": N_("after the talk {way}"),
    "asked": "{way}",
    "then": "{way}",
}
NEVER = N_("never")
NOTHING = N_("the end")
AGAIN = N_("as before: {name}")


def way_in_words(plan: Plan, first: str, language: str) -> str:
    """The way from a step on, in a line."""
    return _Speaker(plan, language).way(way(plan, first), last=True)


class _Speaker:
    def __init__(self, plan: Plan, language: str) -> None:
        self._language = language
        self._queues = {one.name: one.title for one in plan.queues}
        self._people = {one.extension: one.name for one in plan.people}
        self._groups = {one.id: one for one in plan.groups}
        self._sounds = {one.name: one.title for one in plan.sounds}
        self._hours = {one.id: one.title for one in plan.hours}
        boxes = [(one.number, one.title) for one in plan.boxes] + [(one.extension, one.name) for one in plan.people]
        self._boxes = dict(boxes)

    def way(self, links: tuple[Link, ...], *, last: bool) -> str:
        if not links:
            return self._say(NOTHING)
        told = NEXT.join([*(self._name(one) for one in links[:-1]), self._link(links[-1])])
        return told if last or not links[-1].branches else f"({told})"

    def _link(self, link: Link) -> str:
        name = self._name(link)
        if not link.branches:
            return name
        if isinstance(link.node, ByHours):
            return "; ".join(self._timed(link))
        branches = [one for one in link.branches if one.way or one.name not in ("asked", "after")]
        told = [self._branch(link.node, one, last=one is branches[-1]) for one in branches]
        if isinstance(link.node, Menu):
            return f"{name} {'; '.join(told)}"
        return f"{name}{NEXT if link.branches[0].name in ('asked', 'then') and link.branches[0].way else '; '}" + (
            "; ".join(told)
        )

    def _timed(self, link: Link) -> list[str]:
        """Hours are said by their times; a branch each."""
        open_ = ", ".join(self._when(one) for one in link.hours) or self._say(NEVER)
        ordered = sorted(link.branches, key=lambda one: ("open", "holiday", "closed").index(one.name))
        return [
            f"{open_}: {self.way(one.way, last=False)}"
            if one.name == "open"
            else self._branch(link.node, one, last=one is ordered[-1])
            for one in ordered
        ]

    def _branch(self, node: Node, branch: Branch, *, last: bool) -> str:
        told = self.way(branch.way, last=last)
        if branch.name in TURNS:
            return self._say(TURNS[branch.name], way=told)
        return f"{branch.name.removeprefix('tag ')}{NEXT}{told}"

    def _name(self, link: Link) -> str:
        node = link.node
        kind = node.how if isinstance(node, End) else link.kind
        told = self._say(SAID[kind], **self._about(node)).strip().removesuffix(",")
        return self._say(AGAIN, name=told) if link.again and not isinstance(node, End) else told

    def _about(self, node: Node) -> dict[str, object]:
        """What the sentence of a step is filled with."""
        match node:
            case ToQueue():
                return {"name": node.title or self._queues.get(node.queue) or node.queue, "seconds": node.wait_s}
            case ToPeople():
                names = ", ".join(self._people.get(one) or one for one in node.people)
                return {"name": node.title or names, "seconds": node.ring_s}
            case ToGroup():
                group = self._groups.get(node.group)
                seconds = group.ring_s if group else 0
                return {"name": node.title or (group and group.title) or node.group, "seconds": seconds}
            case ToOutside():
                return {"name": node.title or node.number, "seconds": node.ring_s}
            case ToVoicemail():
                return {"name": node.title or self._boxes.get(node.box) or ""}
            case CallBack():
                return {"key": node.key}
            case Say():
                return {"name": node.title or self._sounds.get(node.sound) or node.sound}
            case ByHours():
                return {"name": node.title or self._hours.get(node.hours) or node.hours}
            case _:
                return {"name": node.title}

    def _when(self, when: When) -> str:
        return f"{self._days(when.days)} {when.begins.removeprefix('0')}-{when.ends.removeprefix('0')}"

    def _days(self, days: tuple[int, ...]) -> str:
        """`Mon-Fri, Sun`: days after one another are put together."""
        runs: list[list[int]] = []
        for day in days:
            if runs and runs[-1][-1] == day - 1:
                runs[-1].append(day)
            else:
                runs.append([day])
        names = [self._say(one).capitalize() for one in WEEKDAYS]
        return ", ".join(names[run[0]] if len(run) == 1 else f"{names[run[0]]}-{names[run[-1]]}" for run in runs)

    def _say(self, text: str, **values: object) -> str:
        return say(self._language, text, **values)
