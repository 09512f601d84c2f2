"""Settings of recordings: how long they are kept by queue, what that would delete, and where old ones go."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.storage import queue_figures, recording_rules
from web.auth import person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/recordings"


async def show(request: web.Request) -> web.Response:
    """Rules, and how far conversion and the archive are."""
    return await _page(request)


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        rules = await recording_rules.every(conn)
        known = await queue_figures.known_queues(conn)
    names: dict[str, Any] = {
        "rules": rules,
        "queues": sorted({*known, *services.agent_states.queues(), *rules} - {""}),
        "now": services.clock(),
        "error": error,
        "said": said(request),
        **await _progress(request),
    }
    shown = page(request, "settings/recordings.html", status=status, title=N_("Recordings"), **names)
    return at(request, shown, HERE)


async def progress(request: web.Request) -> web.Response:
    """How far conversion and the archive are, for the page that is open."""
    return page(request, "settings/recordings_moves.html", **await _progress(request))


async def due(request: web.Request) -> web.Response:
    """What a rule would delete: nothing is deleted."""
    queue, days, _ = _given(request.query)
    found = await services_of(request).recording_keeping.due(queue, days)
    return page(request, "settings/recordings_due.html", due=found, days=days, queue=queue)


async def keep(request: web.Request) -> web.StreamResponse:
    """Save a queue's rule."""
    form = await request.post()
    try:
        queue, days, as_all = _given(form)
        await services_of(request).recording_keeping.keep_rule(
            person_of(request), queue, days=days, demanded="demanded" in form, as_all=as_all
        )
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def _progress(request: web.Request) -> dict[str, Any]:
    services = services_of(request)
    return {"moves": await services.recording_moves.progress(), "grown": services.settings.recordings}


def _given(form: Any) -> tuple[str, int | None, bool]:
    """Queue, days (None: for good), and whether it is as all. Raises Refused."""
    queue, how = str(form.get("queue", ""))[:80], str(form.get("how", ""))
    days = str(form.get("days", "")).strip()
    if how != "days":
        return queue, None, how == "all" and bool(queue)
    if not (days.isascii() and days.isdigit() and len(days) < 7):
        raise Refused("bad-keep-days", "Give whole days from 1 to 36 500, or nothing to keep them for good.")
    return queue, int(days), False


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "nothing"),
    Route("GET", f"{HERE}/due", due, "settings.manage", "nothing"),
    Route("GET", f"{HERE}/progress", progress, "settings.manage", "nothing"),
    Route("POST", f"{HERE}/rule", keep, "settings.manage", "nothing"),
)
