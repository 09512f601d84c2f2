"""/alerts: the warnings that went to a person, each of which he may see to; whoever sees the board sees all of them."""

from __future__ import annotations

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.storage import alerts
from web import alert_texts
from web.api.base import place
from web.auth import person_of
from web.pages.settings import said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/alerts"
ALL = "/settings/alerts"


async def show(request: web.Request) -> web.Response:
    """The person's own."""
    return await _page(request)


async def acknowledge(request: web.Request) -> web.StreamResponse:
    """Somebody sees to it."""
    person, form = person_of(request), await request.post()
    try:
        await services_of(request).alerts.acknowledge(person, place(request))
    except Refused as refused:
        return await _page(request, status=409, error=told(request, refused))
    back = ALL if "all" in form and scope(person, "board.read") != "none" else HERE
    raise web.HTTPSeeOther(f"{back}?said=saved#alert-{place(request)}")


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        journal = await alerts.journal(conn, person_of(request).id)
    return page(
        request, "alerts.html", status=status, title=N_("Warnings that went to me"), error=error, said=said(request),
        journal=journal, words=alert_texts,
    )  # fmt: skip


ROUTES = (
    Route("GET", HERE, show, "signed-in", "staff"),
    Route("POST", HERE + "/{id}", acknowledge, "signed-in", "staff"),
)
