"""How the server is: links to the PBXes, its own lines, what is written, the last test calls; and one more of them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from aiohttp import web

from cti.errors import Refused
from cti.storage import test_calls
from web import texts
from web.auth import person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/health"


async def show(request: web.Request) -> web.Response:
    """Everything that can be well or not."""
    return await _page(request)


async def call(request: web.Request) -> web.StreamResponse:
    """Place a test call and wait for what comes of it."""
    try:
        done = await services_of(request).test_calls.ask(person_of(request), request.match_info["name"])
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said={'test-came' if done.ok else 'test-done'}")


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    services = services_of(request)
    async with services.db.read() as conn:
        tests = await test_calls.newest(conn)
    values: dict[str, Any] = {
        "link": services.link(),
        "lines": services.lines(),
        "line_words": texts.LINES,
        "agi": services.agi() if services.agi else None,
        "spool": services.spool,
        "db": services.database,
        "version_": version("trubka"),
        "registrars": services.test_calls.registrars,
        "tests": tests,
        "test_words": texts.TEST_CALLS,
        "said": said(request),
        "error": error,
    }
    return at(request, page(request, "settings/health.html", status=status, title=N_("Health"), **values), HERE)


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "staff"),
    Route("POST", HERE + "/call/{name}", call, "settings.manage", "staff"),
)
