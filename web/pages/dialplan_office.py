"""Codes that are dialled inside, parking, who may listen, and what is said before a call is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiohttp import web

from cti.errors import Refused
from dialplan.edits import NotSo
from dialplan.plan import Plan
from web.i18n import N_
from web.pages.dialplan import HERE, change, draft_of, link, shown, typed_of, why_not
from web.routes import Route
from web.step_forms import Field, Form, value

CODES = (
    (
        N_("At the phone"),
        (
            Field("pickup", N_("takes a call that rings anywhere")),
            Field("pick", N_("before an extension: takes its call")),
            Field("sit", N_("sits down at a shared phone")),
            Field("leave", N_("leaves it")),
            Field("log_in", N_("logs in to the queues")),
            Field("log_out", N_("logs out of the queues")),
            Field("pause", N_("not ready; then the digit of a reason")),
            Field("ready", N_("ready again")),
            Field("mailbox", N_("own mailbox")),
            Field("echo", N_("echo, to hear oneself")),
        ),
    ),
    (
        N_("In a call"),
        (
            Field("record", N_("records the call")),
            Field("park", N_("parks it")),
            Field("blind", N_("transfers it at once")),
            Field("attended", N_("transfers it after asking")),
        ),
    ),
    (
        N_("Before an extension, for those who may listen"),
        (
            Field("listen", N_("listens")),
            Field("whisper", N_("speaks to the agent alone")),
            Field("barge", N_("speaks to both")),
        ),
    ),
)
PARKING = (
    Field("number", N_("Number that parks"), "digits"),
    Field("first", N_("First place"), "number"),
    Field("last", N_("Last place"), "number"),
    Field("wait_s", N_("Comes back after, seconds"), "number"),
)
HOUSE = (
    Field("announcement", N_("Said before a call is recorded"), "pick", of="sounds", blank=N_("nothing is said")),
    Field(
        "refusal",
        N_("Key by which the client is not recorded"),
        "pick",
        N_("The sound says so: “The call is recorded. If you do not want this, press 0.” Three seconds are waited."),
        "refusals",
        N_("there is none"),
    ),
    Field("spies", N_("Who may listen: extensions"), "people", N_("With commas between them; empty: nobody.")),
)


async def show(request: web.Request) -> web.Response:
    """The codes and the rest."""
    return await _office(request)


async def _office(
    request: web.Request, *, form: Form | None = None, error: Refused | NotSo | None = None
) -> web.Response:
    draft = await draft_of(request)
    plan = draft.plan
    values: dict[str, Any] = {
        "codes": CODES,
        "parking": PARKING,
        "house": HOUSE,
        "code": typed_of(plan.codes, form),
        "place": typed_of(plan.parking, None),
        "own": typed_of(plan, form),
    }
    status, why = (409, why_not(request, draft, error)) if error else (200, "")
    return shown(
        request, "office.html", draft, title=N_("Codes and recording"), status=status, error=why, **values
    )  # fmt: skip


async def save(request: web.Request) -> web.StreamResponse:
    """All of it."""
    form = await request.post()

    def edit(plan: Plan) -> Plan:
        codes = replace(plan.codes, **{f.name: value(form, f) for _, fields in CODES for f in fields})  # type: ignore[arg-type]
        given = {f.name: value(form, replace(f, name=f"parking.{f.name}")) for f in PARKING}
        own = {f.name: value(form, f) for f in HOUSE}
        return replace(plan, codes=codes, parking=replace(plan.parking, **given), **own)  # type: ignore[arg-type]

    try:
        await change(request, form, edit)
    except (Refused, NotSo) as error:
        return await _office(request, form=form, error=error)
    raise web.HTTPSeeOther(link(request, "/office", said="saved"))


ROUTES = (
    Route("GET", HERE + "/office", show, "dialplan.read", "staff"),
    Route("POST", HERE + "/office", save, "dialplan.write", "staff"),
)
