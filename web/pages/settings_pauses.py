"""How long a day people may be paused, by reason: set by who may, with what held before."""

from __future__ import annotations

from aiohttp import web

from cti.errors import Refused
from cti.reports.pause_budgets import in_force
from cti.storage import duty, pause_budgets
from web.auth import person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/pauses"
MOST = 100


async def show(request: web.Request) -> web.Response:
    """Reasons with their budgets, and when they were others."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """Set them; an empty field is no budget."""
    form = await request.post()
    reasons = [str(one)[:80] for one in form.getall("reason", [])][:MOST]
    minutes = [str(one).strip()[:6] for one in form.getall("minutes", [])][:MOST]
    try:
        if any(one and not (one.isascii() and one.isdigit()) for one in minutes):
            raise Refused("bad-budget", "Give whole minutes.")
        wanted = {reason: int(one) if one else None for reason, one in zip(reasons, minutes, strict=False)}
        await services_of(request).duty_admin.set_budgets(person_of(request), wanted)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        reasons = await duty.reasons(conn)
        budgets = await pause_budgets.history(conn)
    now = services.clock()
    shown = page(
        request,
        "settings/pauses.html",
        status=status,
        title=N_("Budgets of pauses"),
        reasons=[(one.name, in_force(budgets, one.name, now)) for one in reasons],
        budgets=budgets,
        said=said(request),
        error=error,
    )
    return at(request, shown, HERE)


ROUTES = (
    Route("GET", HERE, show, "pauses.write", "nothing"),
    Route("POST", HERE, change, "pauses.write", "nothing"),
)
