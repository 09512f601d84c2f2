"""Black and white lists of numbers: who is on them, why, until when and by whom; one click from a card or a call."""

from __future__ import annotations

import re

from aiohttp import web

from cti.clients.number_lists import Draft, List, end_of
from cti.errors import Refused
from cti.storage import number_lists
from web import list_texts
from web.api.base import place
from web.auth import person_of
from web.pages.settings import at, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed_callers
from web.texts import N_, told

HERE = "/settings/lists"
DAY_S = 86_400.0
MOST_BYTES = 400_000
_BACK = re.compile(r"/(?:clients|calls)/[A-Za-z0-9._:%-]{1,100}")  # the card or call that somebody comes from


async def show(request: web.Request) -> web.Response:
    """All lines."""
    return await _page(request)


async def put(request: web.Request) -> web.StreamResponse:
    """A number is on a list from now on."""
    form = {name: str(value)[:2000] for name, value in (await request.post()).items() if isinstance(value, str)}
    kind: List = "white" if form.get("list") == "white" else "black"
    try:
        draft = Draft(
            number=form.get("number", ""), list=kind, reason=form.get("reason", ""), until=_until(request, form)
        )
        made = await services_of(request).number_lists.put(person_of(request), draft)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error), given=form)
    back = form.get("back", "")
    raise web.HTTPSeeOther(back if _BACK.fullmatch(back) else f"{HERE}?said=listed&line={made}")


async def take_off(request: web.Request) -> web.StreamResponse:
    """The number is on no list any more; the page offers the way back."""
    back = str((await request.post()).get("back", ""))
    await services_of(request).number_lists.take_off(person_of(request), place(request))
    raise web.HTTPSeeOther(back if _BACK.fullmatch(back) else f"{HERE}?off={place(request)}")


async def put_back(request: web.Request) -> web.StreamResponse:
    """What was taken off holds again."""
    await services_of(request).number_lists.put_back(person_of(request), place(request))
    raise web.HTTPSeeOther(f"{HERE}?said=list-back")


async def take_in(request: web.Request) -> web.StreamResponse:
    """All lines of what was pasted, or none."""
    text = str((await request.post()).get("lines", ""))[:MOST_BYTES]
    try:
        await services_of(request).number_lists.take_in(person_of(request), text)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error), given={"lines": text})
    raise web.HTTPSeeOther(f"{HERE}?said=listed-all")


async def file(request: web.Request) -> web.Response:
    """All lines as a file that is read back."""
    services = services_of(request)
    text = await services.number_lists.file(person_of(request))
    async with services.db.read() as conn:
        showed_callers(request, await number_lists.every(conn), thing="number-lists")
    headers = {"Content-Disposition": 'attachment; filename="lists.csv"', "Content-Type": "text/csv; charset=utf-8"}
    return web.Response(body=("\ufeff" + text).encode(), headers=headers)


def _until(request: web.Request, form: dict[str, str]) -> float | None:
    """The end of the day that was chosen, or so many days from now."""
    services, day, days = services_of(request), form.get("until", ""), form.get("days", "")
    if days in list_texts.TERMS and days:
        return services.clock() + int(days) * DAY_S
    try:
        return end_of(day, services.zone) if day else None
    except (ValueError, OverflowError):
        raise Refused("bad-day", "A day is written 2026-11-23.") from None


async def _page(
    request: web.Request, *, status: int = 200, error: str = "", given: dict[str, str] | None = None
) -> web.Response:
    services, off = services_of(request), request.query.get("off", "")
    async with services.db.read() as conn:
        rows = await number_lists.every(conn)
    showed_callers(request, rows, thing="number-lists")
    shown = page(
        request,
        "settings/lists.html",
        status=status,
        title=N_("Black and white lists"),
        rows=rows,
        now=services.clock(),
        lists=list_texts.LISTS,
        given=given or {},
        off=off if off.isascii() and off.isdigit() and len(off) < 12 else "",
        error=error,
        said=said(request) if not error else "",
    )
    return at(request, shown, HERE)


ROUTES = (
    Route("GET", HERE, show, "lists.write", "calls"),
    Route("POST", HERE, put, "lists.write", "calls"),
    Route("GET", HERE + "/file", file, "lists.write", "export"),
    Route("POST", HERE + "/file", take_in, "lists.write", "calls"),
    Route("POST", HERE + "/{id}/off", take_off, "lists.write", "nothing"),
    Route("POST", HERE + "/{id}/back", put_back, "lists.write", "nothing"),
)
