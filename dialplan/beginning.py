"""The first way of a number, from one form: number -> hours -> people of a queue -> what else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dialplan.edits import NotSo, free_hours_id, free_id, put_hours, put_number, put_queue, put_step
from dialplan.plan import (
    ByHours,
    CallBack,
    End,
    Hours,
    Node,
    Number,
    Plan,
    Queue,
    Span,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)

Else = Literal["voicemail", "callback", "outside", "end"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """What the form says. span: when somebody is there, None: always; hours: those that are there already, "" for new.

    people: extensions that are rung at once; none: it waits in the queue. about: what comes then; box, mobile, sound:
    what that needs.
    """

    digits: str
    title: str = ""
    hours: str = ""
    span: Span | None = None
    hours_title: str = ""
    queue: str = "queue"
    queue_title: str = ""
    people: tuple[str, ...] = ()
    wait_s: int = 60
    about: Else = "end"
    box: str = ""
    mobile: str = ""
    sound: str = ""


def begin(plan: Plan, said: Beginning) -> Plan:
    """The plan with the number and its way."""
    plan, last = _last(plan, said)
    if said.about == "callback":
        plan, last_but_one = _call_back(plan, said, last)
    else:
        last_but_one = last
    plan, rings = _rings(plan, said, last_but_one)
    plan, hours = _hours(plan, said)
    first = rings
    if hours:
        asks = ByHours(id=free_id(plan, "ByHours"), hours=hours, open=rings, closed=last)
        plan, first = put_step(plan, asks), asks.id
    return put_number(plan, Number(digits=said.digits, first=first, title=said.title))


def _rings(plan: Plan, said: Beginning, otherwise: str) -> tuple[Plan, str]:
    """With the step at which somebody answers."""
    made: Node
    if said.people:
        made = ToPeople(id=free_id(plan, "ToPeople"), people=said.people, otherwise=otherwise, ring_s=said.wait_s)
        return put_step(plan, made), made.id
    old = next((one for one in plan.queues if one.name == said.queue), None)
    if old is None or (said.queue_title and not old.title):
        queue = replace(old or Queue(name=said.queue), title=said.queue_title)
        plan = put_queue(plan, queue, said.queue if old else "")
    made = ToQueue(id=free_id(plan, "ToQueue"), queue=said.queue, wait_s=said.wait_s, otherwise=otherwise)
    return put_step(plan, made), made.id


def _last(plan: Plan, said: Beginning) -> tuple[Plan, str]:
    """With the step that the way ends with."""
    made: Node
    if said.about == "voicemail":
        if not said.box:
            raise NotSo("no-box")
        people = tuple(replace(one, voicemail=True) if one.extension == said.box else one for one in plan.people)
        plan = replace(plan, people=people)
        made = ToVoicemail(id=free_id(plan, "ToVoicemail"), box=said.box)
    elif said.about == "outside":
        made = ToOutside(id=free_id(plan, "ToOutside"), number=said.mobile, otherwise="")
    else:
        made = End(id=free_id(plan, "End"))
    same = next((one for one in plan.nodes if replace(one, id=made.id, title="") == made), None)
    return (plan, same.id) if same else (put_step(plan, made), made.id)


def _call_back(plan: Plan, said: Beginning, last: str) -> tuple[Plan, str]:
    queue = "" if said.people else said.queue
    made = CallBack(id=free_id(plan, "CallBack"), sound=said.sound, queue=queue, then=last, otherwise=last)
    return put_step(plan, made), made.id


def _hours(plan: Plan, said: Beginning) -> tuple[Plan, str]:
    if said.hours or said.span is None:
        return plan, said.hours
    made = Hours(id=free_hours_id(plan), title=said.hours_title, zone=plan.zone, spans=(said.span,))
    return put_hours(plan, made), made.id
