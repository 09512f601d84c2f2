"""The dialplan of a PBX for its admin: what all parts of `/dialplan` share, the numbers, and the first of them.

`?pbx=` in the address says which PBX, where there are several. A form carries the revision of the draft that its
author saw; when the draft is another's by then, the page is shown again with what was typed and the new revision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.features.dialplan_drafts import Draft
from dialplan import edits
from dialplan.beginning import Beginning, begin
from dialplan.edits import NotSo
from dialplan.plan import Number, Plan, Span
from web.auth import person_of
from web.dialplan_names import Names
from web.dialplan_way import way_in_words
from web.i18n import language_of, translate
from web.plan_forms import picks
from web.render import page
from web.routes import Route
from web.services import services_of
from web.step_forms import Form, digits, extensions, number, text, weekdays
from web.texts import N_, told

HERE = "/dialplan"
A_PAGE = 50
SAID = {
    "saved": N_("Saved in the draft. It runs when it is published."),
    "added": N_("Added to the draft."),
    "removed": N_("Deleted from the draft; it can be taken back."),
    "undone": N_("The last change of the draft is taken back."),
    "begun": N_("The number has its way. Look at each step, then publish."),
    "kept": N_("Kept: each publishing tries it first."),
    "accepted": N_("The way it takes now is the right one."),
    "forgotten": N_("Forgotten."),
    "chosen": N_("Saved."),
}
ELSE = ("voicemail", "callback", "outside", "end")


# What all parts share -------------------------------------------------------------------------------------------------
def pbx_of(request: web.Request) -> str:
    """The PBX of the address; 404 for one that is not in the settings."""
    known = services_of(request).dialplan_drafts.pbxes
    asked = request.query.get("pbx", "") or (known[0] if known else "")
    if asked not in known:
        raise web.HTTPNotFound(text="There is no such page.")
    return asked


async def draft_of(request: web.Request) -> Draft:
    """The draft of the PBX of the address."""
    return await services_of(request).dialplan_drafts.get(pbx_of(request))


def link(request: web.Request, path: str, **query: object) -> str:
    """An address of this part of the panel, of the same PBX."""
    pbx = request.query.get("pbx", "")
    asked = {name: value for name, value in ({"pbx": pbx} | query).items() if value not in ("", None)}
    return HERE + path + (f"?{urlencode(asked)}" if asked else "")


def part_is_there(request: web.Request, part: str) -> bool:
    """Whether a part has its page."""
    return any(one.canonical == HERE + part for one in request.app.router.resources())


def names_of(request: web.Request, plan: Plan) -> Names:
    """Names of the plan's things, as the reader reads them."""
    return Names(plan, language_of(request))


def shown(
    request: web.Request,
    template: str,
    draft: Draft,
    *,
    title: str,
    status: int = 200,
    error: str = "",
    **values: Any,
) -> web.Response:
    """A part of the dialplan's pages."""
    services, person = services_of(request), person_of(request)
    errors = sum(fault.weight == "error" for fault in draft.faults)
    common: dict[str, Any] = {
        "pbx": draft.pbx,
        "pbxes": services.dialplan_drafts.pbxes,
        "draft": draft,
        "errors": errors,
        "warnings": len(draft.faults) - errors,
        "names": values.pop("names", None) or names_of(request, draft.plan),
        "link": lambda path, **query: link(request, path, **query),
        "parts": lambda part: part_is_there(request, part),
        "picks": picks(draft.plan, language_of(request)),
        "quoted": lambda one: quote(str(one), safe=""),
        "writes": may(person, "dialplan.write"),
        "publishes": may(person, "dialplan.publish"),
        "error": error,
        "here_now": request.path_qs if request.method == "GET" else request.path,
        "said": "" if error else translate(request, SAID.get(request.query.get("said", ""), "")),
    }
    return page(request, "dialplan/" + template, status=status, title=title, **common, **values)


async def change(request: web.Request, form: Form, edit: Callable[[Plan], Plan]) -> Draft:
    """Change the draft that the form's author saw. Raises Refused and NotSo."""
    return await services_of(request).dialplan_drafts.change(
        person_of(request), pbx_of(request), revision_of(form), edit
    )


def revision_of(form: Form) -> int:
    """The revision that the author of a form saw; -1 for none."""
    typed = str(form.get("revision", ""))
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else -1


def why_not(request: web.Request, draft: Draft, error: Refused | NotSo) -> str:
    """Why an edit was refused, as a sentence."""
    return told(request, error) if isinstance(error, Refused) else names_of(request, draft.plan).refusal(error)


async def undo(request: web.Request) -> web.StreamResponse:
    """Take the last change back, and stay where it was pressed, or go to the list of what is gone with it."""
    form = await request.post()
    try:
        draft = await services_of(request).dialplan_drafts.undo(person_of(request), pbx_of(request), revision_of(form))
    except Refused as error:
        return await _numbers(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(_back(request, draft.plan, text(form, "here", 1000)))


def _back(request: web.Request, plan: Plan, here: str) -> str:
    """The page `here` of this part of the panel with what was done; the list around a thing that is no more."""
    asked = urlsplit(here)
    part, _, one = asked.path.removeprefix(HERE + "/").partition("/")
    if asked.scheme or asked.netloc or not f"{asked.path}/".startswith(HERE + "/"):
        return link(request, "", said="undone")
    there = {
        "numbers": {number.digits for number in plan.numbers},
        "hours": {hours.id for hours in plan.hours},
        "people": {person.extension for person in plan.people},
    }
    if one and unquote(one.partition("/")[0]) not in there.get(part, {unquote(one.partition("/")[0])}):
        return link(request, "" if part == "numbers" else f"/{part}", said="undone")
    query = [(name, value) for name, value in parse_qsl(asked.query) if name != "said"]
    return f"{asked.path}?{urlencode([*query, ('said', 'undone')])}"


def typed_of(node: object, form: Form | None) -> Any:
    """A field as it was typed, else as it is."""

    def typed(name: str) -> str:
        if form is not None and (name in form or "revision" in form):
            return str(form.get(name, ""))
        value = getattr(node, name.removeprefix("to."), "")
        if isinstance(value, tuple):
            return ", ".join(map(str, value))
        return ("yes" if value else "") if isinstance(value, bool) else str(value)

    return typed


# Numbers --------------------------------------------------------------------------------------------------------------
async def show(request: web.Request) -> web.Response:
    """All numbers, each with its way in words."""
    if not services_of(request).dialplan_drafts.pbxes:
        return page(request, "dialplan/no_pbx.html", title=N_("PBX"))
    return await _numbers(request)


async def _numbers(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    draft = await draft_of(request)
    plan, names, asked = draft.plan, names_of(request, draft.plan), request.query.get("q", "")[:80].strip()
    found = [one for one in plan.numbers if _matches(one, asked)]
    start = min(whole(request.query.get("from", "")), max(len(found) - 1, 0)) // A_PAGE * A_PAGE
    wrong = {fault.at for fault in draft.faults}
    shown_now = found[start : start + A_PAGE]
    flows = edits.steps_of_all(plan, shown_now if wrong else ())
    rows = [
        {
            "number": one,
            "words": way_in_words(plan, one.first, language_of(request)),
            "faults": len(wrong & ({one.digits} | flows.get(one.digits, set()))),
        }
        for one in shown_now
    ]
    values: dict[str, Any] = {
        "rows": rows,
        "q": asked,
        "start": start,
        "count": len(found),
        "a_page": A_PAGE,
        "loose": edits.unreached(plan),
        "mode": await services_of(request).dialplan_drafts.mode(draft.pbx),
        "names": names,
    }
    return shown(request, "numbers.html", draft, title=N_("PBX"), status=status, error=error, **values)


async def sweep(request: web.Request) -> web.StreamResponse:
    """Delete the steps that no number leads to."""
    form = await request.post()
    try:
        await change(request, form, edits.sweep)
    except Refused as error:
        return await _numbers(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "", said="removed"))


def _matches(one: Number, asked: str) -> bool:
    bare = digits(asked)
    return not asked or asked.casefold() in one.title.casefold() or (bare.isdecimal() and bare in one.digits)


async def show_begin(request: web.Request) -> web.Response:
    """One form for a number and its whole way."""
    return await _beginning(request, {})


async def add(request: web.Request) -> web.StreamResponse:
    """The number with its way."""
    form = await request.post()
    try:
        said = _said(form, request)
        await change(request, form, lambda plan: begin(plan, said))
    except (Refused, NotSo) as error:
        return await _beginning(request, form, error=error)
    raise web.HTTPSeeOther(link(request, f"/numbers/{quote(said.digits, safe='')}", said="begun"))


async def _beginning(
    request: web.Request, form: Form | dict[str, str], *, error: Refused | NotSo | None = None
) -> web.Response:
    draft = await draft_of(request)
    why = why_not(request, draft, error) if error else ""
    plan = draft.plan
    usual = {
        "queue": plan.queues[0].name if plan.queues else "sales", "who": "queue", "wait_s": "60",
        "hours": plan.hours[0].id if plan.hours else "new", "begins": "09:00", "ends": "18:00",
        "about": "voicemail" if plan.people else "end",
    }  # fmt: skip
    typed = {**usual, **{name: str(form[name])[:200] for name in form}}
    days = [str(one) for one in form.getall("days", [])] if hasattr(form, "getall") else list("01234")
    values: dict[str, Any] = {"typed": typed, "days": days}
    return shown(
        request, "begin.html", draft, title=N_("New number"), status=409 if error else 200, error=why, **values
    )


def _said(form: Form, request: web.Request) -> Beginning:
    said = digits(text(form, "digits", 40))
    if not said.isdecimal():
        raise NotSo("bad-form", translate(request, N_("Number")))
    days = weekdays(form, "days")
    hours, about = text(form, "hours"), text(form, "about")
    if about not in ELSE:
        raise NotSo("bad-form", translate(request, N_("What if nobody answers")))
    span = Span(days=days, begins=text(form, "begins", 5), ends=text(form, "ends", 5)) if hours == "new" else None
    return Beginning(
        digits=said,
        title=text(form, "title"),
        hours="" if hours in ("new", "always") else hours,
        span=span,
        hours_title=translate(request, N_("Working hours")),
        queue=text(form, "queue", 40),
        queue_title=text(form, "queue_title"),
        people=extensions(text(form, "people", 4000)) if text(form, "who") == "people" else (),
        wait_s=number(form, "wait_s", translate(request, N_("Waits at most, seconds"))),
        about=about,  # type: ignore[arg-type]
        box=text(form, "box"),
        mobile=digits(text(form, "mobile")),
        sound=text(form, "sound"),
    )


def whole(typed: str) -> int:
    """A whole number of an address; 0 for any other."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 7 else 0


ROUTES = (
    Route("GET", HERE, show, "dialplan.read", "staff"),
    Route("POST", HERE + "/undo", undo, "dialplan.write", "staff"),
    Route("POST", HERE + "/sweep", sweep, "dialplan.write", "staff"),
    Route("GET", HERE + "/begin", show_begin, "dialplan.write", "staff"),
    Route("POST", HERE + "/begin", add, "dialplan.write", "staff"),
)
