"""Phones: each with its owner, whether it is on the line and since when, its address and what it is; shared ones."""

from __future__ import annotations

from collections.abc import Awaitable
from itertools import zip_longest
from typing import Any

from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.storage import users
from cti.storage.desks import DeskDraft
from web.auth import person_of
from web.newcomer_texts import PHONE_MODELS
from web.pages.settings import at, number, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/phones"
MOST_DESKS = 200


async def show(request: web.Request) -> web.Response:
    """Those of the people whose states one may set."""
    return await _page(request)


async def keep_desks(request: web.Request) -> web.StreamResponse:
    """Which phones are shared."""
    form = await request.post()
    columns = ([str(one).strip()[:120] for one in form.getall(name, [])] for name in ("device", "extension", "model"))
    drafts = [
        DeskDraft(name=name, extension=extension, model=model or "auto")
        for name, extension, model in zip_longest(*columns, fillvalue="")
        if name
    ]
    return await _do(request, services_of(request).hot_desks.keep(person_of(request), drafts[:MOST_DESKS]))


async def free_desk(request: web.Request) -> web.StreamResponse:
    """Nobody sits there any more."""
    return await _do(request, services_of(request).hot_desks.free(person_of(request), number(request)))


async def _do(request: web.Request, work: Awaitable[None]) -> web.StreamResponse:
    try:
        await work
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services, person = services_of(request), person_of(request)
    async with services.db.read() as conn:
        people = [
            one
            for one in await users.every(conn)
            if may(person, "agents.manage", owner_id=one.id, owner_team_id=one.team_id)
        ]
    rows = await services.phone_watch.seen(one.id for one in people)
    values: dict[str, Any] = {
        "rows": rows,
        "away": sum(row.status == "unreachable" for row in rows),
        "desks": await services.hot_desks.every(),
        "status_of": services.agent_states.device_status,
        "models": PHONE_MODELS,
        "pbxes": services.people.pbxes,
        "said": said(request) if not error else "",
        "error": error,
    }
    return at(request, page(request, "settings/phones.html", status=status, title=N_("Phones"), **values), HERE)


ROUTES = (
    Route("GET", HERE, show, "agents.manage", "staff"),
    Route("POST", HERE + "/desks", keep_desks, "users.manage", "staff"),
    Route("POST", HERE + "/desks/{id}/free", free_desk, "agents.manage", "staff"),
)
