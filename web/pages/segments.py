"""Segments: the list, and the builder of one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from cti.clients.filters import MOST_CONDITIONS, Condition
from cti.clients.segments import Group
from cti.storage import segments
from web.api.base import place
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_


async def show_all(request: web.Request) -> web.Response:
    """All segments."""
    async with services_of(request).db.read() as conn:
        rows = await segments.listed(conn)
    shown = [(row, asked(row.segment.id), msgspec.json.encode(row.segment.expression).decode()) for row in rows]
    return page(request, "segments.html", title=N_("Segments"), rows=shown)


async def show_new(request: web.Request) -> web.Response:
    """The builder of a new one; with the grid's conditions where they are given."""
    try:
        kind = Annotated[tuple[Condition, ...], Meta(max_length=MOST_CONDITIONS)]
        conditions = msgspec.json.decode(request.query.get("filters", "[]")[:20_000], type=kind)
    except msgspec.MsgspecError:
        conditions = ()
    expression = msgspec.json.encode(Group(conditions=conditions)).decode()
    return page(request, "segment.html", title=N_("New segment"), row=None, expression=expression, open_at="")


async def show(request: web.Request) -> web.Response:
    """One segment."""
    async with services_of(request).db.read() as conn:
        row = next((one for one in await segments.listed(conn) if one.segment.id == place(request)), None)
    if row is None:
        raise web.HTTPNotFound(text="There is no such segment.")
    expression = msgspec.json.encode(row.segment.expression).decode()
    return page(
        request,
        "segment.html",
        title=row.segment.name,
        row=row,
        expression=expression,
        open_at=asked(row.segment.id),
        saved="saved" in request.query,
    )


def asked(segment_id: int) -> str:
    """The grid's conditions that a segment's clients are shown by."""
    return msgspec.json.encode([Condition(field="segment", op="any-of", value=[segment_id])]).decode()


ROUTES = (
    Route("GET", "/segments", show_all, "clients.read", "nothing"),
    Route("GET", "/segments/new", show_new, "segments.write", "nothing"),
    Route("GET", "/segments/{id}", show, "clients.read", "nothing"),
)
