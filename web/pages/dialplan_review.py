"""A draft before it runs, its publishing as it goes, what was published before, and the way back to it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.features.dialplan_drafts import Draft
from cti.features.dialplan_publish import OVER, Job
from cti.storage.dialplan_versions import Version
from dialplan.compare import changes
from dialplan.plan import Plan
from web.auth import person_of
from web.i18n import N_, language_of, say
from web.pages.dialplan import HERE, draft_of, link, names_of, pbx_of, revision_of, shown, whole
from web.pages.dialplan_faults import Places
from web.plan_changes import told as told_changes
from web.publish_texts import STAGES, WHYS
from web.render import page
from web.routes import Route
from web.services import services_of
from web.step_forms import text
from web.texts import told

MOST_LACKS = 20
ORDER = ("waiting", "writing", "reading", "looking")
TINTS = {"running": "talk", "undone": "miss", "publishing": "ring", "replaced": ""}


async def show(request: web.Request) -> web.Response:
    """What differs from what runs, in words and in files; faults and saved calls; the button."""
    return await _review(request)


async def _review(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services, pbx = services_of(request), pbx_of(request)
    draft = await draft_of(request)
    review = await services.dialplan_reviews.of(pbx)
    now = await services.dialplan_publish.running(pbx)
    before, names = names_of(request, now[1] if now else Plan()), names_of(request, draft.plan)
    job = services.dialplan_publish.job(pbx)
    last = next(iter(await services.dialplan_publish.history(pbx)), None)
    elsewhere = last if last and (job is None or job.version != last.number) else None  # the command line, or before
    places = Places(draft.plan) if review.lacks else None
    values: dict[str, Any] = {
        "review": review,
        "changes": await asyncio.to_thread(lambda: list(told_changes(review.changes, before, names))),
        "differences": [_counted(name, lines[2:]) for name, lines in review.files.items()],
        "lacks": [(one, places.of(request, one)) for one in review.lacks[:MOST_LACKS]] if places else [],
        "lacking": sum(one.weight == "error" for one in review.lacks),
        "more": max(len(review.lacks) - MOST_LACKS, 0),
        "bad": [one for one in review.saved if one.changed],
        **_progress(request, job if job and _is_news(job, draft) else None),
        "elsewhere": elsewhere,
        "why_elsewhere": _why(language_of(request), elsewhere) if elsewhere else "",
        "mode": await services.dialplan_drafts.mode(pbx),
        "names": names,
    }
    return await asyncio.to_thread(  # a first publish of a large house is thousands of lines
        lambda: shown(request, "review.html", draft, title=N_("Review"), status=status, error=error, **values)
    )


def _is_news(job: Job, draft: Draft) -> bool:
    """Whether how a publish ended is still to be told: that it runs, until the draft is changed again."""
    return job.stage != "running" or draft.changed_at is None or draft.changed_at <= job.began


def _counted(name: str, lines: tuple[str, ...]) -> tuple[str, tuple[str, ...], int, int]:
    """What differs in a file, below the two lines that name it; how many lines come and how many go."""
    return name, lines, sum(line[:1] == "+" for line in lines), sum(line[:1] == "-" for line in lines)


def _progress(request: web.Request, job: Job | None) -> dict[str, Any]:
    """How far a publish is. What ran is told until the draft is another."""
    return {
        "job": job,
        "goes": job is not None and job.stage not in OVER,
        "ended": False,
        "step": ORDER.index(job.stage) + 1 if job and job.stage in ORDER else len(ORDER),
        "steps": len(ORDER),
        "stages": STAGES,
        "why": _why(language_of(request), job) if job else "",
    }


async def progress(request: web.Request) -> web.Response:
    """How far it is, asked by the page while it goes; when it is over, the page asks for the whole review."""
    job = services_of(request).dialplan_publish.job(pbx_of(request))
    values = _progress(request, job)
    values |= {"ended": not values["goes"], "link": lambda path, **query: link(request, path, **query)}
    return page(request, "dialplan/publishing.html", **values)


async def publish(request: web.Request) -> web.StreamResponse:
    """Begin to publish the draft."""
    form = await request.post()
    publisher = services_of(request).dialplan_publish
    try:
        await publisher.publish(person_of(request), pbx_of(request), revision_of(form), text(form, "note", 500))
    except Refused as error:
        return await _review(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "/review"))


async def history(request: web.Request) -> web.Response:
    """What was published, by whom, and what became of it."""
    return await _history(request)


async def _history(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    draft, language = await draft_of(request), language_of(request)
    rows = await services_of(request).dialplan_publish.history(draft.pbx)
    values: dict[str, Any] = {
        "rows": rows,
        "stages": STAGES,
        "tints": TINTS,
        "why": partial(_why, language),
        "mode": await services_of(request).dialplan_drafts.mode(draft.pbx),
    }
    return shown(request, "history.html", draft, title=N_("History"), status=status, error=error, **values)


async def show_version(request: web.Request) -> web.Response:
    """What a version was, against what runs."""
    services, number, draft = services_of(request), _number(request), await draft_of(request)
    rows = await services.dialplan_publish.history(draft.pbx)
    one = next((row for row in rows if row.number == number), None)
    if one is None:
        raise web.HTTPNotFound(text="There is no such page.")
    plan = await services.dialplan_publish.plan_of(draft.pbx, number)
    now = await services.dialplan_publish.running(draft.pbx)
    was = now[1] if now else Plan()
    found = await asyncio.to_thread(changes, was, plan)
    differs = list(told_changes(found, names_of(request, was), names_of(request, plan)))
    values: dict[str, Any] = {
        "one": one,
        "changes": differs,
        "stages": STAGES,
        "tints": TINTS,
        "mode": await services.dialplan_drafts.mode(draft.pbx),
    }
    return shown(request, "version.html", draft, title=N_("Version"), **values)


async def back(request: web.Request) -> web.StreamResponse:
    """Publish again what a version was."""
    await request.post()
    try:
        await services_of(request).dialplan_publish.back(person_of(request), pbx_of(request), _number(request))
    except Refused as error:
        return await _history(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "/review"))


async def take(request: web.Request) -> web.StreamResponse:
    """Make a version the draft; it can be taken back."""
    form, services, number = await request.post(), services_of(request), _number(request)
    pbx = pbx_of(request)
    try:
        plan = await services.dialplan_publish.plan_of(pbx, number)
        await services.dialplan_drafts.change(
            person_of(request), pbx, revision_of(form), lambda _: plan, base=number
        )  # fmt: skip
    except Refused as error:
        return await _history(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(link(request, "/review", said="saved"))


def _why(language: str, one: Version | Job) -> str:
    return say(language, WHYS.get(one.why, one.why), said=one.said) if one.why else ""


def _number(request: web.Request) -> int:
    return whole(request.match_info["number"])


ROUTES = (
    Route("GET", HERE + "/review", show, "dialplan.read", "staff"),
    Route("GET", HERE + "/publish", progress, "dialplan.read", "staff"),
    Route("POST", HERE + "/publish", publish, "dialplan.publish", "staff"),
    Route("GET", HERE + "/history", history, "dialplan.read", "staff"),
    Route("GET", HERE + "/history/{number}", show_version, "dialplan.read", "staff"),
    Route("POST", HERE + "/history/{number}/back", back, "dialplan.publish", "staff"),
    Route("POST", HERE + "/history/{number}/draft", take, "dialplan.write", "staff"),
)
