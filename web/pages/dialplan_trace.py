"""Where would a call go: asked without a PBX, of the draft or of what runs; the steps with why, and drawn in the flow.

What was asked is the address itself: a question can be sent to a colleague. One is kept as a test for every publish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web

from dialplan.plan import Plan
from dialplan.trace import Asked, Taken, trace
from web.dialplan_names import Names, phone
from web.dialplan_texts import KINDS
from web.flow_picture import picture
from web.i18n import N_, translate
from web.office_texts import INSIDE
from web.pages.dialplan import HERE, draft_of, link, names_of, shown
from web.routes import Route
from web.services import services_of
from web.step_forms import digits, extensions

LISTS = ("", "black", "white")
LENGTHS: Mapping[str, int] = {
    "number": 40, "caller": 40, "at": 16, "zone": 64, "keys": 40, "answers": 400, "tags": 200, "manager": 40,
    "busy": 3, "listed": 5,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the answer, in words."""

    place: int
    icon: str
    title: str
    why: str
    link: str


async def show(request: web.Request) -> web.Response:
    """The form, and the way of what it asks."""
    draft = await draft_of(request)
    typed = {name: request.query.get(name, "")[:most].strip() for name, most in LENGTHS.items()}
    plan, names = draft.plan, names_of(request, draft.plan)
    typed["zone"] = typed["zone"] or plan.zone
    error, asked = "", None
    if typed["number"]:
        asked = read(typed)
        error = "" if asked else translate(request, N_("Say when: a date with a time, and a zone that there is."))
    taken = trace(plan, asked) if asked else ()
    number = next((one for one in plan.numbers if asked and one.digits == asked.number), None)
    way = tuple((step.node, step.way) for step in taken if step.node)
    values: dict[str, Any] = {
        "typed": typed | {"at": typed["at"] or _now(request, typed["zone"])},
        "asked": asked,
        "steps": steps(request, plan, names, taken),
        "answering": _answering(plan, names, taken),
        "answers": asked.answers if asked else frozenset(),
        "number": number,
        "picture": picture(plan, number, draft.faults, names, way) if number and len(taken) > 1 else None,
        "kinds_icons": {kind: icon for kind, (_, icon) in KINDS.items()},
        "names": names,
        "lists": {"": N_("on no list"), "black": N_("is on the black list"), "white": N_("is on the white list")},
    }
    return shown(
        request, "trace.html", draft, title=N_("Try a call"), error=error, status=400 if error else 200, **values
    )


def read(typed: Mapping[str, str]) -> Asked | None:
    """What is asked; None where the time is none."""
    try:
        at = datetime.fromisoformat(typed["at"]).replace(tzinfo=ZoneInfo(typed["zone"]))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None
    listed = typed["listed"] if typed["listed"] in LISTS else ""
    return Asked(
        number=digits(typed["number"]),
        at=at,
        caller=digits(typed["caller"]),
        keys=tuple(key for key in typed["keys"] if key in "0123456789*#"),
        answers=frozenset(extensions(typed["answers"])),
        tags=frozenset(extensions(typed["tags"])),
        manager=typed["manager"],
        manager_free=typed["busy"] != "yes",
        listed=listed,  # type: ignore[arg-type]
    )


def steps(request: web.Request, plan: Plan, names: Names, taken: tuple[Taken, ...]) -> list[Step]:
    """The answer in words."""
    nodes = {node.id: node for node in plan.nodes}
    number = next((one for one in plan.numbers if taken and one.first == taken[0].way), None)
    found: list[Step] = []
    for place, step in enumerate(taken, 1):
        node = nodes.get(step.node)
        title = names.title(node) if node else phone(str(step.about.get("number", ""))) or names.kind(step.kind)
        if step.kind == "number" and number is not None:
            title = names.number(number)
        opened = link(request, f"/numbers/{number.digits}", step=step.node) if node and number else ""
        _, icon = KINDS.get(step.kind) or INSIDE.get(step.kind, ("", "flag"))
        found.append(Step(place=place, icon=icon, title=title, why=names.why(step), link=opened))
    return found


def _answering(plan: Plan, names: Names, taken: tuple[Taken, ...]) -> list[tuple[str, str]]:
    """Steps of the way at which somebody could answer."""
    rung = ("ToQueue", "ToPeople", "ToGroup", "ToManager", "ToOutside")
    return list(dict.fromkeys((step.node, names.step(step.node)) for step in taken if step.kind in rung))


def _now(request: web.Request, zone: str) -> str:
    services = services_of(request)
    try:
        where = ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        where = services.zone
    return datetime.fromtimestamp(services.clock(), where).strftime("%Y-%m-%dT%H:%M")


ROUTES = (Route("GET", HERE + "/trace", show, "dialplan.read", "staff"),)
