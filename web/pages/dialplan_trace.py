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

from cti.errors import Refused
from dialplan.plan import Plan
from dialplan.trace import Asked, Taken
from web.auth import person_of
from web.dialplan_names import Names, phone
from web.dialplan_texts import KINDS
from web.flow_picture import picture
from web.i18n import N_, translate
from web.office_texts import INSIDE
from web.pages.dialplan import HERE, draft_of, link, names_of, pbx_of, shown, whole
from web.routes import Route
from web.services import services_of
from web.step_forms import digits, extensions, text
from web.texts import told

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
    return await _tried(request)


async def _tried(request: web.Request, *, refused: str = "") -> web.Response:
    draft = await draft_of(request)
    typed = {name: request.query.get(name, "")[:most].strip() for name, most in LENGTHS.items()}
    now = await services_of(request).dialplan_publish.running(draft.pbx)
    runs = now is not None and request.query.get("on", "") == "running"
    plan = now[1] if now and runs else draft.plan
    names = names_of(request, plan)
    typed["zone"] = typed["zone"] or plan.zone
    typed["at"] = typed["at"] or _now(request, typed["zone"])
    error, asked = refused, None
    if typed["number"]:
        asked = read(typed)
        error = refused if asked else translate(request, N_("Say when: a date with a time, and a zone that there is."))
    taken = await services_of(request).dialplan_traces.walk(draft.pbx, plan, asked) if asked else ()
    number = next((one for one in plan.numbers if asked and one.digits == asked.number), None)
    way = tuple((step.node, step.way) for step in taken if step.node)
    drawn = picture(plan, number, () if runs else draft.faults, names, way) if number and len(taken) > 1 else None
    zone = _zone(request, plan.zone)
    values: dict[str, Any] = {
        "typed": typed,
        "asked": asked,
        "steps": steps(request, plan, names, taken),
        "answering": _answering(plan, names, taken),
        "answers": asked.answers if asked else frozenset(),
        "number": number,
        "runs": runs,
        "can_run": now is not None,
        "saved": await services_of(request).dialplan_traces.look(draft.pbx, draft.plan),
        "picture": drawn,
        "on_clock": lambda at: at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
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
    now = services_of(request).clock()
    return datetime.fromtimestamp(now, _zone(request, zone)).strftime("%Y-%m-%dT%H:%M")


def _zone(request: web.Request, name: str) -> ZoneInfo:
    """A zone; that of the house for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return services_of(request).zone


async def keep(request: web.Request) -> web.StreamResponse:
    """Keep what the address asks as a test: it goes this way in every plan that is published."""
    form, draft = await request.post(), await draft_of(request)
    typed = {name: request.query.get(name, "")[:most].strip() for name, most in LENGTHS.items()}
    asked = read(typed)
    if asked is None:
        raise web.HTTPSeeOther(link(request, "/trace"))
    traces = services_of(request).dialplan_traces
    try:
        await traces.save(person_of(request), draft.pbx, draft.plan, asked, text(form, "title"))
    except Refused as error:
        return await _tried(request, refused=told(request, error))
    raise web.HTTPSeeOther(link(request, "/trace", said="kept") + "#saved")


async def accept(request: web.Request) -> web.StreamResponse:
    """The way that a kept call takes in the draft is right from now on."""
    draft, traces = await draft_of(request), services_of(request).dialplan_traces
    try:
        await traces.accept(person_of(request), draft.pbx, draft.plan, whole(request.match_info["id"]))
    except Refused as error:
        return await _tried(request, refused=told(request, error))
    raise web.HTTPSeeOther(link(request, "/trace", said="accepted") + "#saved")


async def forget(request: web.Request) -> web.StreamResponse:
    """Forget a kept call."""
    try:
        traces = services_of(request).dialplan_traces
        await traces.remove(person_of(request), pbx_of(request), whole(request.match_info["id"]))
    except Refused as error:
        return await _tried(request, refused=told(request, error))
    raise web.HTTPSeeOther(link(request, "/trace", said="forgotten") + "#saved")


ROUTES = (
    Route("GET", HERE + "/trace", show, "dialplan.read", "staff"),
    Route("POST", HERE + "/trace", keep, "dialplan.write", "staff"),
    Route("POST", HERE + "/trace/{id}/accept", accept, "dialplan.write", "staff"),
    Route("POST", HERE + "/trace/{id}/delete", forget, "dialplan.write", "staff"),
)
