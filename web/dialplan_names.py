"""Things of a plan as people named them, in the reader's language; a thing without a title has its kind for one."""

from __future__ import annotations

from collections.abc import Iterable

from cti.telephony.numbering import show
from dialplan.edits import NotSo
from dialplan.faults import Fault
from dialplan.plan import (
    ByClient,
    ByHours,
    CallBack,
    End,
    Hours,
    Menu,
    Node,
    Number,
    Plan,
    Say,
    Span,
    ToGroup,
    ToManager,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)
from dialplan.trace import Taken
from web.dialplan_texts import ENDS, FAULTS, KINDS, REFUSALS, WAYS, WHYS
from web.i18n import N_, say
from web.office_texts import INSIDE

DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
SHOWN_PEOPLE = 3


class Names:
    """Names of the things of one plan."""

    def __init__(self, plan: Plan, language: str) -> None:
        self._language = language
        self._nodes = {one.id: one for one in plan.nodes}
        self._queues = {one.name: one.title or one.name for one in plan.queues}
        self._hours = {one.id: one.title or one.id for one in plan.hours}
        self._people = {one.extension: one.name or one.extension for one in plan.people}
        self._groups = {one.id: one.title or one.id for one in plan.groups}
        self._boxes = {one.number: one.title for one in plan.boxes}
        self._sounds = {one.name: one.title or one.name for one in plan.sounds}
        self.first = self._say(N_("begins with"))
        self.nowhere = self._say(N_("the call ends"))
        self.as_closed = self._say(N_("as when it is closed"))

    def _say(self, text: str, **values: object) -> str:
        return say(self._language, text, **values)

    def kind(self, code: str) -> str:
        """`Menu` in words."""
        known = KINDS.get(code) or INSIDE.get(code)
        return self._say(known[0]) if known else code

    def number(self, number: Number) -> str:
        """`+7 495 000-00-10`."""
        return phone(number.digits)

    def title(self, node: Node) -> str:
        """A step's title, else what it leads to, else its kind."""
        if node.title:
            return node.title
        match node:
            case ToQueue():
                named = self.queue(node.queue)
            case ByHours():
                named = self._hours.get(node.hours, node.hours)
            case ToGroup():
                named = self._groups.get(node.group, node.group)
            case ToPeople() if len(node.people) == 1:
                named = self.person(node.people[0])
            case Say() | Menu():
                named = self.sound(node.sound)
            case _:
                named = ""
        return named or self.kind(type(node).__name__)

    def step(self, id_: str) -> str:
        """The title of a step by its id; the id of one that is not there."""
        return self.title(self._nodes[id_]) if id_ in self._nodes else id_

    def queue(self, name: str) -> str:
        return self._queues.get(name, name)

    def person(self, extension: str) -> str:
        return self._people.get(extension, extension)

    def sound(self, name: str) -> str:
        return self._sounds.get(name, name)

    def about(self, node: Node) -> str:
        """What a step is and does, in the few words that a card has room for."""
        kind = self.kind(type(node).__name__)
        return ": ".join(filter(None, (kind if kind != self.title(node) else "", self._does(node))))

    def _does(self, node: Node) -> str:
        match node:
            case ToQueue():
                return self._say(N_("waits {n} s"), n=node.wait_s)
            case ToPeople():
                names = ", ".join(self.person(one) for one in node.people[:SHOWN_PEOPLE])
                more = "…" if len(node.people) > SHOWN_PEOPLE else ""
                return self._say(N_("{people}, {n} s"), people=names + more, n=node.ring_s)
            case ToManager():
                return self._say(N_("rings {n} s"), n=node.ring_s)
            case ToOutside():
                return self._say(N_("{number}, {n} s"), number=phone(node.number), n=node.ring_s)
            case ToVoicemail():
                return f"{node.box} {self._people.get(node.box, self._boxes.get(node.box, ''))}".strip()
            case Menu():
                return self._say(N_("waits {n} s for a key"), n=node.wait_s)
            case CallBack():
                return self._say(N_("key {key}"), key=node.key)
            case ByClient():
                return ", ".join(tag for tag, _ in node.ways)
            case End():
                return self.ending(node.how)
        return ""

    def flag(self, value: bool) -> str:
        """Yes or no."""
        return self._say(N_("yes") if value else N_("no"))

    def ending(self, how: str) -> str:
        """How a call ends."""
        return self._say(ENDS.get(how, how))

    def way(self, kind: str, way: str) -> str:
        """A way out of a step."""
        what, _, name = way.partition(" ")
        if what == "key":
            return name
        if what == "tag":
            return self._say(N_("tag {tag}"), tag=name)
        return self._say(WAYS.get(f"{kind} {way}", WAYS.get(way, way)))

    def fault(self, fault: Fault) -> str:
        """A fault as a sentence."""
        text = FAULTS.get(fault.code)
        if text is None:
            return f"{fault.code}: {fault.at} {fault.what}"
        what = self.queue(fault.what) if fault.code == "no-queue" else self.step(fault.what)
        return self._say(text, at=self._at(fault), what=what)

    def _at(self, fault: Fault) -> str:
        return self._hours.get(fault.at, "") or self.step(fault.at)

    def refusal(self, error: NotSo) -> str:
        """Why an edit cannot be."""
        named = ", ".join(self.step(one) for one in error.what)
        return self._say(REFUSALS.get(error.code, str(error)), what=named)

    def why(self, taken: Taken) -> str:
        """Why the tracer went on as it did."""
        about = {name: self._about(name, value) for name, value in taken.about.items()}
        words = WHYS.get(taken.why, taken.why)
        text = self._say(words, **{name: value for name, value in about.items() if f"{{{name}}}" in words})
        if about.get("begins"):
            return f"{text}: {about['begins']}-{about['ends']}"
        return f"{text}: {about['day'] or about['date']}" if "date" in about else text

    def _about(self, name: str, value: object) -> str:
        if isinstance(value, (tuple, list)):
            return ", ".join(map(str, value))
        return self.sound(str(value)) if name == "sound" else str(value)

    def spans(self, hours: Hours) -> str:
        """`Mon-Fri 9:00-18:00, Sat 10:00-15:00`."""
        return ", ".join(f"{self.days(span.days)} {clock(span)}" for span in hours.spans)

    def days(self, days: Iterable[int]) -> str:
        """`Mon-Fri, Sun` of days of the week."""
        runs: list[list[int]] = []
        for day in sorted(set(days)):
            if runs and runs[-1][-1] == day - 1:
                runs[-1].append(day)
            else:
                runs.append([day])
        return ", ".join(
            self._day(run[0]) + (f"-{self._day(run[-1])}" if len(run) > 1 else "") for run in runs
        )  # fmt: skip

    def _day(self, day: int) -> str:
        return self._say(DAYS[day]) if 0 <= day < len(DAYS) else str(day)


def clock(span: Span) -> str:
    """`9-18`, `9:30-18`."""
    return "-".join(one.lstrip("0").removesuffix(":00") or "0" for one in (span.begins, span.ends)).replace(":0:", ":")


def phone(digits: str) -> str:
    """Digits as people write them; those of no country (8 800...) as they are."""
    whole = digits.isascii() and digits.isdecimal() and len(digits) > 10 and not digits.startswith("8")
    return show("+" + digits) if whole else digits
