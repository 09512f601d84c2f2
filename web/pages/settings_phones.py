"""Phones: each with its owner, whether it is on the line and since when, its address and what it is."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cti.access import may
from cti.storage import users
from web.auth import person_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, PHONE_MODELS

HERE = "/settings/phones"


async def show(request: web.Request) -> web.Response:
    """Those of the people whose states one may set."""
    services, person = services_of(request), person_of(request)
    async with services.db.read() as conn:
        people = [
            one
            for one in await users.every(conn)
            if may(person, "agents.manage", owner_id=one.id, owner_team_id=one.team_id)
        ]
    rows = await services.phone_watch.seen(one.id for one in people)
    away = sum(row.status == "unreachable" for row in rows)
    values: dict[str, Any] = {"rows": rows, "away": away, "models": PHONE_MODELS}
    return page(request, "settings/phones.html", title=N_("Phones"), **values)


ROUTES = (Route("GET", HERE, show, "agents.manage", "staff"),)
