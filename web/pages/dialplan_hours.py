"""Hours of a plan: which there are, the week of one as a grid, and its year with the days that are not as others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.holidays_ru import with_year
from dialplan import edits
from dialplan.edits import NotSo
from dialplan.plan import Day, Hours, Plan, Span
from web.hours_picture import dates, week, year
from web.i18n import language_of, translate
from web.pages.dialplan import HERE, change, draft_of, link, names_of, shown, typed_of, whole, why_not
from web.routes import Route
from web.services import services_of
from web.step_forms import Form, text, weekdays
from web.texts import N_

MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August"),
    N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
YEARS = range(2020, 2100)
MOST_SPANS = 40


async def show_all(request: web.Request) -> web.Response:
    """All hours."""
    return await _all(request)


async def _all(request: web.Request, *, error: Refused | NotSo | None = None) -> web.Response:
    draft = await draft_of(request)
    plan, this = draft.plan, _year(request)
    values: dict[str, Any] = {
        "rows": plan.hours,
        "used": {one.id: edits.hours_users(plan, one.id) for one in plan.hours},
        "year": this,
        "special": {one.id: sum(day.date.startswith(str(this)) for day in one.days) for one in plan.hours},
        "wrong": {fault.at for fault in draft.faults},
    }  # fmt: skip
    status, why = (409, why_not(request, draft, error)) if error else (200, "")
    return shown(request, "hours_all.html", draft, title=N_("Hours"), status=status, error=why, **values)


async def add(request: web.Request) -> web.StreamResponse:
    """New hours: Monday to Friday, until they are changed."""
    form, made = await request.post(), ""

    def edit(plan: Plan) -> Plan:
        nonlocal made
        made = edits.free_hours_id(plan)
        usual = Span(days=(0, 1, 2, 3, 4), begins="09:00", ends="18:00")
        return edits.put_hours(plan, Hours(id=made, title=text(form, "title"), zone=plan.zone, spans=(usual,)))

    try:
        await change(request, form, edit)
    except (Refused, NotSo) as error:
        return await _all(request, error=error)
    raise web.HTTPSeeOther(link(request, f"/hours/{made}", said="added"))


async def show(request: web.Request) -> web.Response:
    """One, its week and its year."""
    return await _one(request)


async def _one(request: web.Request, *, form: Form | None = None, error: Refused | NotSo | None = None) -> web.Response:
    draft, id_ = await draft_of(request), request.match_info["id"]
    one = next((hours for hours in draft.plan.hours if hours.id == id_), None)
    if one is None:
        raise web.HTTPNotFound(text="There is no such page.")
    this, chosen = _year(request), request.query.get("day", "")[:10]
    names = names_of(request, draft.plan)
    day = next((day for day in one.days if day.date == chosen), None)
    values: dict[str, Any] = {
        "one": one,
        "week": week(one),
        "months": list(zip(MONTHS, year(one, this), strict=True)),
        "year": this,
        "years": YEARS,
        "day": chosen if dates(chosen, "") else "",
        "known": day,
        "kind": "" if day is None else "open" if day.open else "holiday" if day.holiday else "closed",
        "spans": _typed_spans(form) if form is not None and "begins" in form else [*one.spans, _NO_SPAN],
        "typed": typed_of(one, form if form is not None and "begins" in form else None),
        "faults": [fault for fault in draft.faults if fault.at == id_],
        "users": [names.step(user) for user in edits.hours_users(draft.plan, id_)],
        "names": names,
    }
    status, why = (409, why_not(request, draft, error)) if error else (200, "")
    return shown(request, "hours.html", draft, title=one.title or one.id, status=status, error=why, **values)


_NO_SPAN = Span(days=(), begins="", ends="")


def _typed_spans(form: Form) -> list[Span]:
    """Rows of the week as they were typed."""
    begins, ends = ([str(one)[:5] for one in form.getall(name, [])][:MOST_SPANS] for name in ("begins", "ends"))
    return [
        Span(
            days=weekdays(form, f"days-{place}"),
            begins=begin,
            ends=end,
        )
        for place, (begin, end) in enumerate(zip(begins, ends, strict=False))
    ]  # fmt: skip


async def save(request: web.Request) -> web.StreamResponse:
    """The week, the title and the zone."""
    form = await request.post()
    spans = tuple(span for span in _typed_spans(form) if span.days or span.begins)

    def edit(one: Hours) -> Hours:
        return replace(one, title=text(form, "title"), zone=text(form, "zone", 64), spans=spans)

    return await _change(request, form, edit)


async def set_days(request: web.Request) -> web.StreamResponse:
    """A day, or several in a row, that are not as others; or as others again."""
    form = await request.post()
    some, kind = dates(text(form, "day", 10), text(form, "until", 10)), text(form, "kind", 10)
    opens = tuple(
        f"{begins}-{ends}"
        for begins, ends in ((text(form, f"begins{n}", 5), text(form, f"ends{n}", 5)) for n in (1, 2))
        if begins and ends
    )

    def edit(one: Hours) -> Hours:
        if not some:
            raise NotSo("bad-form", translate(request, N_("Date")))
        if kind == "open" and not opens:
            raise NotSo("bad-form", translate(request, N_("From (time)")))
        if kind == "usual":
            return edits.with_days(one, (), some)
        day = Day(date="", open=opens if kind == "open" else (), holiday=kind == "holiday")
        return edits.with_days(one, [replace(day, date=date, title=text(form, "day_title")) for date in some])

    return await _change(request, form, edit, year=some[0][:4] if some else "")


async def take_calendar(request: web.Request) -> web.StreamResponse:
    """The holidays, moved and shorter days of a year, as the government published them; own days stay."""
    form, draft, id_ = await request.post(), await draft_of(request), request.match_info["id"]
    one = next((hours for hours in draft.plan.hours if hours.id == id_), None)
    if one is None:
        raise web.HTTPNotFound(text="There is no such page.")
    which = whole(text(form, "year", 4))
    try:
        filled = await with_year(one, which, language=language_of(request), shorter=text(form, "shorter") == "yes")
    except Refused as error:
        return await _one(request, error=error)
    except ValueError:  # a time of the week that is none
        return await _one(request, error=NotSo("bad-form", translate(request, N_("When it is open"))))
    return await _change(request, form, lambda _: filled, year=str(which))


async def _change(request: web.Request, form: Form, edit: Any, **query: str) -> web.StreamResponse:
    id_ = request.match_info["id"]

    def whole_plan(plan: Plan) -> Plan:
        one = next((hours for hours in plan.hours if hours.id == id_), None)
        if one is None:
            raise NotSo("gone", id_)
        return edits.put_hours(plan, edit(one))

    try:
        await change(request, form, whole_plan)
    except (Refused, NotSo) as error:
        return await _one(request, form=form, error=error)
    asked = {"year": request.query.get("year", "")} | query
    raise web.HTTPSeeOther(link(request, f"/hours/{id_}", said="saved", **asked))


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete hours that no step asks."""
    form, id_ = await request.post(), request.match_info["id"]
    try:
        await change(request, form, lambda plan: edits.remove_hours(plan, id_))
    except (Refused, NotSo) as error:
        return await _one(request, error=error)
    raise web.HTTPSeeOther(link(request, "/hours", said="removed"))


def _year(request: web.Request) -> int:
    services = services_of(request)
    asked = whole(request.query.get("year", "") or request.query.get("day", "")[:4])
    return asked if asked in YEARS else datetime.fromtimestamp(services.clock(), services.zone).year


ONE = HERE + "/hours/{id}"
ROUTES = (
    Route("GET", HERE + "/hours", show_all, "dialplan.read", "staff"),
    Route("POST", HERE + "/hours", add, "dialplan.write", "staff"),
    Route("GET", ONE, show, "dialplan.read", "staff"),
    Route("POST", ONE, save, "dialplan.write", "staff"),
    Route("POST", ONE + "/days", set_days, "dialplan.write", "staff"),
    Route("POST", ONE + "/calendar", take_calendar, "dialplan.write", "staff"),
    Route("POST", ONE + "/delete", remove, "dialplan.write", "staff"),
)
