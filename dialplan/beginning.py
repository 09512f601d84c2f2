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
    ToQueue,
    ToVoicemail,
)

Else = Literal["voicemail", "callback", "outside", "end"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """What the form says. span: when somebody is there, None: always; hours: those that are there already, "" for new.

    queue: its name; about: what the way ends with; box, mobile, sound: what that needs.
    """

    digits: str
    title: str = ""
    hours: str = ""
    span: Span | None = None
    hours_title: str = ""
    queue: str = "queue"
    queue_title: str = ""
    wait_s: int = 60
    about: Else = "end"
    box: str = ""
    mobile: str = ""
    sound: str = ""


def begin(plan: Plan, said: Beginning) -> Plan:
    """The plan with the number and its way."""
    plan, last = _last(plan, said)
    if not any(one.name == said.queue for one in plan.queues):
        plan = put_queue(plan, Queue(name=said.queue, title=said.queue_title))
    rings = ToQueue(id=free_id(plan, "ToQueue"), queue=said.queue, wait_s=said.wait_s, otherwise=last)
    plan = put_step(plan, rings)
    if said.about == "callback":
        plan, rings_else = _call_back(plan, said, last)
        plan = put_step(plan, replace(rings, otherwise=rings_else))
    plan, hours = _hours(plan, said)
    first = rings.id
    if hours:
        asks = ByHours(id=free_id(plan, "ByHours"), hours=hours, open=rings.id, closed=last)
        plan, first = put_step(plan, asks), asks.id
    return put_number(plan, Number(digits=said.digits, first=first, title=said.title))


def _last(plan: Plan, said: Beginning) -> tuple[Plan, str]:
    """With the step that the way ends with."""
    made: Node
    if said.about == "voicemail":
        if not said.box:
            raise NotSo("no-box")
        made = ToVoicemail(id=free_id(plan, "ToVoicemail"), box=said.box)
    elif said.about == "outside":
        made = ToOutside(id=free_id(plan, "ToOutside"), number=said.mobile, otherwise="")
    else:
        made = End(id=free_id(plan, "End"))
    same = next((one for one in plan.nodes if replace(one, id=made.id, title="") == made), None)
    return (plan, same.id) if same else (put_step(plan, made), made.id)


def _call_back(plan: Plan, said: Beginning, last: str) -> tuple[Plan, str]:
    made = CallBack(
        id=free_id(plan, "CallBack"), sound=said.sound, queue=said.queue, then=last, otherwise=last
    )  # fmt: skip
    return put_step(plan, made), made.id


def _hours(plan: Plan, said: Beginning) -> tuple[Plan, str]:
    if said.hours or said.span is None:
        return plan, said.hours
    made = Hours(id=free_hours_id(plan), title=said.hours_title, zone=plan.zone, spans=(said.span,))
    return put_hours(plan, made), made.id
