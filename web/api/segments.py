"""/api/v1/segments: expressions over clients, counted live, saved, frozen."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.segments import HIGHEST_PRIORITY, Group
from cti.storage import segments
from cti.storage.segments import SegmentRow
from web.api import records as r
from web.api.base import Operation, body_of, place, reply
from web.auth import person_of
from web.services import services_of


class SegmentIn(Struct, forbid_unknown_fields=True):
    """expression: {match: all | any | none, conditions: [{field, op, value}], groups: [...]}.

    tag, priority: what a dialplan that asks is told of these clients; without a tag nothing.
    """

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    expression: Group
    tag: Annotated[str, Meta(max_length=32)] = ""
    priority: Annotated[int, Meta(ge=0, le=HIGHEST_PRIORITY)] = 0


class Counting(Struct, forbid_unknown_fields=True):
    expression: Group


class Counted(Struct):
    count: int


class SegmentOut(Struct, kw_only=True):
    """frozen_at: its clients are those of then; null: found anew each time."""

    id: int
    name: str
    expression: Group
    frozen_at: float | None
    made_by: str
    updated_at: float
    tag: str
    priority: int


def _out(row: SegmentRow) -> SegmentOut:
    return SegmentOut(
        id=row.segment.id,
        name=row.segment.name,
        expression=row.segment.expression,
        frozen_at=row.segment.frozen_at,
        made_by=row.user_name,
        updated_at=row.updated_at,
        tag=row.segment.tag,
        priority=row.segment.priority,
    )


async def show_all(request: web.Request) -> web.Response:
    """All segments, by name."""
    async with services_of(request).db.read() as conn:
        return reply([_out(row) for row in await segments.listed(conn)])


async def add(request: web.Request) -> web.Response:
    """A new segment."""
    body = await body_of(request, SegmentIn)
    made = await _save(request, body)
    return reply(r.Made(id=made), 201)


async def change(request: web.Request) -> web.Response:
    """Another name or expression."""
    body = await body_of(request, SegmentIn)
    await _save(request, body, place(request))
    return reply(r.Ok())


async def _save(request: web.Request, body: SegmentIn, segment_id: int | None = None) -> int:
    return await services_of(request).segments.save(
        person_of(request), body.name, body.expression, segment_id, tag=body.tag, priority=body.priority
    )


async def drop(request: web.Request) -> web.Response:
    """Delete a segment."""
    await services_of(request).segments.remove(person_of(request), place(request))
    return reply(r.Ok())


async def count(request: web.Request) -> web.Response:
    """How many clients an expression has that is not saved."""
    body = await body_of(request, Counting)
    return reply(Counted(count=await services_of(request).segments.count(person_of(request), body.expression)))


async def freeze(request: web.Request) -> web.Response:
    """Keep its clients as they are now."""
    return reply(Counted(count=await services_of(request).segments.freeze(person_of(request), place(request))))


async def thaw(request: web.Request) -> web.Response:
    """Find its clients anew each time again."""
    await services_of(request).segments.thaw(person_of(request), place(request))
    return reply(r.Ok())


def _operation(method: str, path: str, handler: Any, who: Any, text: str, gives: Any, **more: Any) -> Operation:
    """None shows a person: a segment is a question about clients, its answer a number."""
    more.setdefault("refusals", (404, 409, 422))
    return Operation(
        method=method, path=path, handler=handler, who=who, shows="nothing", text=text, gives=gives, **more
    )


READ, WRITE = "clients.read", "segments.write"
OPERATIONS = (
    _operation("GET", "/segments", show_all, READ, "Segments of clients", list[SegmentOut], refusals=()),
    _operation("POST", "/segments", add, WRITE, "A new segment", r.Made, body=SegmentIn, status=201),
    _operation("POST", "/segments/count", count, READ, "How many clients an expression has", Counted, body=Counting),
    _operation("PUT", "/segments/{id}", change, WRITE, "Change a segment", r.Ok, body=SegmentIn),
    _operation("DELETE", "/segments/{id}", drop, WRITE, "Delete a segment", r.Ok),
    _operation("POST", "/segments/{id}/freeze", freeze, WRITE, "Keep a segment's clients as they are now", Counted),
    _operation("POST", "/segments/{id}/thaw", thaw, WRITE, "Find a segment's clients anew each time", r.Ok),
)
