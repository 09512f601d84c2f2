"""What is to be scored: this week's calls as they were drawn, the rules of drawing, calibrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.features.quality_work import monday
from cti.reports.quality import NOT_HERE, spread
from cti.storage import review_plans, score_forms, users
from cti.storage.review_plans import ReviewPlan
from web import texts
from web.auth import person_of
from web.pages.settings import number
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE, THERE = "/quality/work", "/quality/calibrations"


async def show(request: web.Request) -> web.Response:
    """The week's calls by agent."""
    return await _work(request)


async def _work(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services, person = services_of(request), person_of(request)
    this = services.quality_work.this_week()
    week = _week(request.query.get("week", ""), this)
    found = await services.quality_work.drawn(person, week)
    async with services.db.read() as conn:
        plans = await review_plans.plans(conn)
        teams = await users.team_names(conn)
        queues = sorted({*await users.queue_names(conn), *services.agent_states.queues()} - {""})
    values: dict[str, Any] = {"week": week, "last": week + timedelta(days=6), "this": this, "found": found}
    values |= {"earlier": week - timedelta(days=7), "later": week + timedelta(days=7), "plans": plans, "error": error}
    values |= {"teams": teams, "queues": queues, "outcomes": sorted(texts.OUTCOMES)}
    return page(request, "quality/work.html", status=status, title=N_("To be scored"), **values)


async def draw(request: web.Request) -> web.StreamResponse:
    """Draw what is not drawn yet."""
    work = services_of(request).quality_work
    week = _week(str((await request.post()).get("week", "")), work.this_week())
    await work.draw(person_of(request), week)
    raise web.HTTPSeeOther(f"{HERE}?week={week.isoformat()}")


async def add_plan(request: web.Request) -> web.StreamResponse:
    """A rule of drawing."""
    form = {name: str(value)[:120] for name, value in (await request.post()).items()}
    plan = ReviewPlan(
        id=0,
        name=form.get("name", "").strip(),
        each=_whole(form.get("each", "")),
        team_id=_whole(form.get("team", "")) or None,
        queue=form.get("queue", "")[:80] or None,
        outcome=form["outcome"] if form.get("outcome") in texts.OUTCOMES else None,
        least_s=_whole(form.get("least", "")) * 60,
    )
    try:
        await services_of(request).quality_work.add_plan(person_of(request), plan)
    except Refused as error:
        return await _work(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(HERE)


async def drop_plan(request: web.Request) -> web.StreamResponse:
    """Draw by a rule no more."""
    await services_of(request).quality_work.remove_plan(person_of(request), number(request))
    raise web.HTTPSeeOther(HERE)


async def show_calibrations(request: web.Request) -> web.Response:
    """Those of the person."""
    return await _calibrations(request)


async def _calibrations(
    request: web.Request, *, status: int = 200, error: str = "", call: str = "", by: int = 0, people: Sequence[int] = ()
) -> web.Response:
    """call, by, people: as they were written, where that was refused."""
    services, person = services_of(request), person_of(request)
    found = await services.quality_work.calibrations(person)
    async with services.db.read() as conn:
        forms = await score_forms.every(conn)
        by_version = await score_forms.by_versions(conn, [one.version_id for one in found])
        everybody = await users.every(conn)
    scorers = [one for one in everybody if one.blocked_at is None and scope(one.person, "quality.score") != "none"]
    values: dict[str, Any] = {"found": found, "forms": [one for one in forms if not one.retired], "scorers": scorers}
    values |= {"by_version": by_version, "error": error, "call": call or request.query.get("call", "")[:80]}
    values |= {"by": by, "people": people}
    return page(request, "quality/calibrations.html", status=status, title=N_("Calibration"), **values)


async def begin(request: web.Request) -> web.StreamResponse:
    """Several people score one call."""
    form = await request.post()
    people, by = [_whole(str(one)) for one in form.getall("people", [])][:50], _whole(str(form.get("by", "")))
    call = str(form.get("call", "")).strip().rpartition("/calls/")[2][:80].replace("\x00", "")
    try:
        made = await services_of(request).quality_work.begin(person_of(request), call, by, people)
    except Refused as error:
        return await _calibrations(request, status=409, error=told(request, error), call=call, by=by, people=people)
    raise web.HTTPSeeOther(f"{THERE}/{made}")


async def show_calibration(request: web.Request) -> web.Response:
    """One: blind while it goes on, then everybody's answers and how far they lie apart."""
    services, person = services_of(request), person_of(request)
    try:
        found, given = await services.quality_work.calibration(person, number(request))
    except Refused as error:
        raise web.HTTPNotFound(text=str(error)) from None
    async with services.db.read() as conn:
        form = (await score_forms.by_versions(conn, [found.version_id]))[found.version_id]
    rows = spread(form.criteria, [one.answers for one in given])
    values: dict[str, Any] = {"found": found, "given": given, "form": form, "rows": rows, "NOT_HERE": NOT_HERE}
    return page(request, "quality/calibration.html", title=N_("Calibration"), **values)


async def close(request: web.Request) -> web.StreamResponse:
    """Show all to all."""
    await services_of(request).quality_work.close(person_of(request), number(request))
    raise web.HTTPSeeOther(f"{THERE}/{number(request)}")


def _week(text: str, this: date) -> date:
    try:
        return min(monday(date.fromisoformat(text[:10])), this)
    except (ValueError, OverflowError):
        return this


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


ROUTES = (
    Route("GET", HERE, show, "quality.score", "staff"),
    Route("POST", HERE, draw, "quality.score", "nothing"),
    Route("POST", HERE + "/rules", add_plan, "quality.manage", "nothing"),
    Route("POST", HERE + "/rules/{id}/delete", drop_plan, "quality.manage", "nothing"),
    Route("GET", THERE, show_calibrations, "quality.score", "staff"),
    Route("POST", THERE, begin, "quality.manage", "nothing"),
    Route("GET", THERE + "/{id}", show_calibration, "quality.score", "staff"),
    Route("POST", THERE + "/{id}/close", close, "quality.manage", "nothing"),
)
