"""A number's flow, drawn from left to right or as a list, and edited in place: one step at a time is open beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from aiohttp import web

from cti.errors import Refused
from dialplan import edits
from dialplan.edits import ROOT, NotSo
from dialplan.plan import Node, Number, Plan
from web import step_forms
from web.dialplan_names import Names
from web.dialplan_texts import ABOUT, KINDS
from web.flow_picture import Picture, picture
from web.i18n import translate
from web.pages.dialplan import HERE, change, draft_of, link, names_of, shown, typed_of, why_not
from web.routes import Route
from web.step_forms import NEW, Form, text
from web.texts import N_

MOST_LOOSE = 50
ITSELF = "number"  # in the address, where the number itself is open and not a step of it


async def show(request: web.Request) -> web.Response:
    """The flow, with a step open where the address names one."""
    return await _flow(request)


async def _flow(
    request: web.Request, *, form: Form | None = None, error: Refused | NotSo | None = None
) -> web.Response:
    draft = await draft_of(request)
    number = _known(draft.plan, request.match_info["digits"])
    names, chosen = names_of(request, draft.plan), request.query.get("step", "")[:80]
    drawn = picture(draft.plan, number, draft.faults, names)
    node = next((one for one in draft.plan.nodes if one.id == chosen), None)
    others = sum(number.first == other.first for other in draft.plan.numbers) - 1
    values: dict[str, Any] = {
        "number": number,
        "picture": drawn,
        "names": names,
        "view": "list" if request.query.get("view") == "list" else "flow",
        "chosen": chosen if node or chosen == ITSELF else "",
        "node": node,
        "itself": ITSELF,
        "fields": step_forms.FIELDS.get(type(node).__name__, ()) if node else (),
        "rows": [] if node is None else edits.rows(node),
        "leading": [] if node is None else _leading(draft.plan, node, names),
        "targets": _targets(draft.plan, drawn, names),
        "kinds_icons": {kind: icon for kind, (_, icon) in KINDS.items()},
        "kinds": [(kind, *KINDS[kind], ABOUT[kind]) for kind in step_forms.KINDS],
        "new": NEW,
        "keys": step_forms.KEYS,
        "others": others,
        "typed": typed_of(node or number, form),
        "pairs": _typed_pairs(node, form),
    }
    status, why = (409, why_not(request, draft, error)) if error else (200, "")
    return shown(request, "flow.html", draft, title=names.number(number), status=status, error=why, **values)


def _known(plan: Plan, digits: str) -> Number:
    found = next((one for one in plan.numbers if one.digits == digits), None)
    if found is None:
        raise web.HTTPNotFound(text="There is no such page.")
    return found


def _leading(plan: Plan, node: Node, names: Names) -> list[str]:
    """What leads to a step, by name."""
    numbers = {ROOT + one.digits: names.number(one) for one in plan.numbers}
    return list(dict.fromkeys(numbers.get(source) or names.step(source) for source, _ in edits.leading(plan, node.id)))


def _targets(plan: Plan, drawn: Picture, names: Names) -> list[tuple[str, str]]:
    """Where a way of this flow can lead: to its steps, and to those that nothing leads to."""
    own = [(step.id, step.title) for step in drawn.steps if step.kind != "number"]
    loose = [(node.id, names.title(node)) for node in edits.unreached(plan)[:MOST_LOOSE]]
    titles = Counter(title for _, title in own + loose)
    return [(id_, f"{title} ({id_})" if titles[title] > 1 else title) for id_, title in own + loose]


def _typed_pairs(node: Node | None, form: Form | None) -> list[tuple[str, str]]:
    """Keys or tags with their steps, and an empty one for the next."""
    kind = {"Menu": "key", "ByClient": "tag"}.get(type(node).__name__)
    if node is None or kind is None:
        return []
    if form is not None and kind in form:
        return list(zip(map(str, form.getall(kind)), map(str, form.getall(f"{kind}_to", [])), strict=False))
    pairs = [(way.partition(" ")[2], to) for way, to in edits.rows(node) if way.startswith(kind + " ")]
    return [*pairs, ("", "")]


async def set_step(request: web.Request) -> web.StreamResponse:
    """Save the step that is open."""
    form, step, opened = await request.post(), request.match_info["step"], ""

    def edit(plan: Plan) -> Plan:
        nonlocal opened
        plan, opened = step_forms.read(plan, edits.step(plan, step), form)
        return plan

    try:
        await change(request, form, edit)
    except (Refused, NotSo) as error:
        return await _flow(request, form=form, error=error)
    raise _to(request, opened)


async def add_step(request: web.Request) -> web.StreamResponse:
    """A new step after the one that is open."""
    form, opened = await request.post(), ""
    source, kind = request.match_info["step"], text(form, "kind", 40)
    source = ROOT + request.match_info["digits"] if source == ITSELF else source

    def edit(plan: Plan) -> Plan:
        nonlocal opened
        made = step_forms.new(plan, kind)
        opened = made.id
        return edits.add_step(plan, made, source, text(form, "way", 80))

    try:
        await change(request, form, edit)
    except (Refused, NotSo) as error:
        return await _flow(request, error=error)
    raise _to(request, opened)


async def remove_step(request: web.Request) -> web.StreamResponse:
    """Delete the step that is open, with all that only it leads to where that was ticked."""
    form, step = await request.post(), request.match_info["step"]
    try:
        await change(request, form, lambda plan: edits.remove_step(plan, step, branch=text(form, "branch") == "yes"))
    except (Refused, NotSo) as error:
        return await _flow(request, error=error)
    raise _to(request, "", said="removed")


async def set_number(request: web.Request) -> web.StreamResponse:
    """Save the number itself."""
    form, was = await request.post(), request.match_info["digits"]
    digits = step_forms.digits(text(form, "digits", 40))

    def edit(plan: Plan) -> Plan:
        old = edits.the_number(plan, was)
        first, language = text(form, "to.first"), "en" if text(form, "language") == "en" else "ru"
        if not digits.isdecimal():
            raise NotSo("bad-form", translate(request, N_("Number")))
        new = replace(old, digits=digits, title=text(form, "title"), record=text(form, "record") == "yes")
        new = replace(new, language=language)  # type: ignore[arg-type]
        if not first.startswith(NEW):
            return edits.put_number(plan, replace(new, first=first), was)
        made = step_forms.new(plan, first.removeprefix(NEW))
        return edits.add_step(edits.put_number(plan, new, was), made, ROOT + digits, "")

    try:
        await change(request, form, edit)
    except (Refused, NotSo) as error:
        return await _flow(request, form=form, error=error)
    raise web.HTTPSeeOther(link(request, f"/numbers/{quote(digits, safe='')}", said="saved"))


async def lead_to_number(request: web.Request) -> web.StreamResponse:
    """Lead a way of the open step to where another number begins."""
    form, step = await request.post(), request.match_info["step"]
    digits, way = step_forms.digits(text(form, "other", 40)), text(form, "way", 80)
    try:
        await change(
            request, form, lambda plan: edits.link(plan, step, way, edits.the_number(plan, digits).first)
        )  # fmt: skip
    except (Refused, NotSo) as error:
        return await _flow(request, error=error)
    raise _to(request, step)


async def remove_number(request: web.Request) -> web.StreamResponse:
    """Delete the number and the steps that only it leads to."""
    form, was = await request.post(), request.match_info["digits"]
    try:
        await change(request, form, lambda plan: edits.remove_number(plan, was))
    except (Refused, NotSo) as error:
        return await _flow(request, error=error)
    raise web.HTTPSeeOther(link(request, "", said="removed"))


def _to(request: web.Request, step: str, said: str = "saved") -> web.HTTPSeeOther:
    view = "list" if request.query.get("view") == "list" else ""
    digits = quote(request.match_info["digits"], safe="")
    return web.HTTPSeeOther(link(request, f"/numbers/{digits}", step=step, view=view, said=said))


NUMBER = HERE + "/numbers/{digits}"
ROUTES = (
    Route("GET", NUMBER, show, "dialplan.read", "staff"),
    Route("POST", NUMBER, set_number, "dialplan.write", "staff"),
    Route("POST", NUMBER + "/delete", remove_number, "dialplan.write", "staff"),
    Route("POST", NUMBER + "/steps/{step}", set_step, "dialplan.write", "staff"),
    Route("POST", NUMBER + "/steps/{step}/add", add_step, "dialplan.write", "staff"),
    Route("POST", NUMBER + "/steps/{step}/lead", lead_to_number, "dialplan.write", "staff"),
    Route("POST", NUMBER + "/steps/{step}/delete", remove_step, "dialplan.write", "staff"),
)
