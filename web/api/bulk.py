"""/api/v1/clients/bulk: fields of many clients set at once, how far that is, and taken back."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from cti.clients.filters import MOST_CONDITIONS, Condition
from cti.features.bulk_changes import sees
from cti.storage import cards, runs
from cti.storage.runs import Run
from web.api.base import Invalid, Operation, body_of, reply
from web.api.client_records import Kind, Said
from web.api.records import Id, Ok, Text
from web.auth import person_of
from web.i18n import language_of, say
from web.import_texts import sentence
from web.routes import Shows
from web.services import services_of
from web.shown import showed
from web.texts import REFUSALS

MOST_IDS = 5_000  # chosen one by one; of what is found there may be any number
NAMED = 200  # of the refused ones
ID = re.compile(r"[0-9a-f]{16}")
MaybeId = Id | UnsetType | None


class Found(Struct, forbid_unknown_fields=True):
    """All that a search and filters find when the change begins."""

    q: Annotated[str, Meta(max_length=200)] = ""
    filters: Annotated[list[Condition], Meta(max_length=MOST_CONDITIONS)] = []


class Settable(Struct, forbid_unknown_fields=True, kw_only=True):
    """What may be set of many. properties: as a card has them; null takes a value away."""

    kind: Kind | UnsetType = UNSET
    responsible_id: MaybeId = UNSET
    relation_id: MaybeId = UNSET
    region_id: MaybeId = UNSET
    industry_id: MaybeId = UNSET
    source_id: MaybeId = UNSET
    time_zone: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    note: Text | UnsetType = UNSET
    properties: Said = {}

    def fields(self) -> dict[str, Any]:
        """By the names of clients/changes.py."""
        own = {name: getattr(self, name) for name in self.__struct_fields__ if name != "properties"}
        said = {f"property:{id_}": value for id_, value in self.properties.items()}
        return {name: value for name, value in {**own, **said}.items() if value is not UNSET}


class Bulk(Struct, forbid_unknown_fields=True, kw_only=True):
    """ids, or found: all that a search and filters give."""

    set: Settable
    ids: Annotated[list[Id], Meta(max_length=MOST_IDS)] = []
    found: Found | None = None


class RefusedOut(Struct):
    """A client who cannot have it, and why."""

    client_id: int
    name: str
    why: str


class BulkOut(Struct):
    """A change of many. state: waiting, running, done, cancelled, failed, undoing, undone. rows of total: how far it
    is, or its taking back. set: what was set, null for a text too long to repeat. faults: the first refused ones."""

    id: str
    by: str
    mine: bool
    state: str
    set: dict[str, Any]
    rows: int
    total: int | None
    changed: int
    unchanged: int
    refused: int
    message: str
    started_at: float
    ended_at: float | None
    may_undo: bool
    faults: list[RefusedOut] = []


async def begin(request: web.Request) -> web.Response:
    """Begin to set fields of many clients."""
    body, services, person = await body_of(request, Bulk), services_of(request), person_of(request)
    if not body.set.fields():
        raise Invalid("body.set", "Say what is set.")
    if body.found is None and not body.ids:
        raise Invalid("body.ids", "Say whose it is: ids, or found.")
    fields = await services.client_base.settable(person, body.set.fields())
    found = msgspec.to_builtins(body.found) if body.found is not None else None
    batch = await services.bulk_changes.begin(person, fields, ids=body.ids, found=found)
    return reply(await _out(request, await _run(request, batch)), 202)


async def show(request: web.Request) -> web.Response:
    """One change, with the first clients who were refused."""
    run = await _run(request, request.match_info["id"])
    out = await _out(request, run, faults=True)
    showed(request, (one.client_id for one in out.faults), thing=f"change:{run.batch}")
    return reply(out)


async def show_all(request: web.Request) -> web.Response:
    """The newest changes: one's own; whoever may import sees everybody's."""
    person = person_of(request)
    async with services_of(request).db.read() as conn:
        past = await runs.every(conn, "change")
    return reply([await _out(request, run) for run in past if sees(person, run)])


async def cancel(request: web.Request) -> web.Response:
    """Stop after the present part; what was done stays and may be taken back."""
    run = await _run(request, request.match_info["id"])
    await services_of(request).bulk_changes.cancel(person_of(request), run.batch)
    return reply(Ok())


async def undo(request: web.Request) -> web.Response:
    """Begin to take a change back; what was changed since stays."""
    run = await _run(request, request.match_info["id"])
    await services_of(request).bulk_changes.undo(person_of(request), run.batch)
    return reply(await _out(request, await _run(request, run.batch)), 202)


async def _run(request: web.Request, batch: str) -> Run:
    """A change that is the person's to see; 404 for any other."""
    run = None
    if ID.fullmatch(batch):
        async with services_of(request).db.read() as conn:
            run = await runs.get(conn, batch)
    if run is None or run.kind != "change" or not sees(person_of(request), run):
        raise web.HTTPNotFound(text="There is no such change.")
    return run


async def _out(request: web.Request, run: Run, *, faults: bool = False) -> BulkOut:
    undone, of = services_of(request).bulk_changes.undone(run.batch)
    undoing = run.state == "undoing"
    return BulkOut(
        id=run.batch,
        by=run.user_name,
        mine=run.user_id == person_of(request).id,
        state=run.state,
        set=msgspec.json.decode(run.title),
        rows=undone if undoing else run.rows,
        total=(of or None) if undoing else run.total,
        changed=run.updated,
        unchanged=run.unchanged,
        refused=run.refused,
        message=sentence(language_of(request), REFUSALS.get(run.message, run.message)),
        started_at=run.started_at,
        ended_at=run.ended_at,
        may_undo=run.may_undo,
        faults=await _refused(request, run) if faults else [],
    )


async def _refused(request: web.Request, run: Run) -> list[RefusedOut]:
    some = run.faults[:NAMED]
    async with services_of(request).db.read() as conn:
        known = await cards.of(conn, [one.row for one in some])
    language = language_of(request)
    whys = {one.row: say(language, REFUSALS.get(one.code, one.code)) for one in some}
    return [RefusedOut(id_, known[id_].name, why) for id_, why in whys.items() if id_ in known]


def _operation(method: str, path: str, handler: Any, shows: Shows, text: str, gives: Any, **more: Any) -> Operation:
    return Operation(
        method=method, path=f"/clients/bulk{path}", handler=handler, who="clients.write", shows=shows, text=text,
        gives=gives, **more,
    )  # fmt: skip


OPERATIONS = (
    _operation("GET", "", show_all, "nothing", "The newest changes of many", list[BulkOut]),
    _operation(
        "POST", "", begin, "nothing", "Set fields of many clients", BulkOut, body=Bulk, status=202, refusals=(409,)
    ),
    _operation(
        "GET", "/{id}", show, "clients", "A change of many, with the first refused clients", BulkOut, refusals=(404,)
    ),
    _operation("POST", "/cancel/{id}", cancel, "nothing", "Stop a change of many", Ok, refusals=(404, 409)),
    _operation(
        "POST", "/undo/{id}", undo, "nothing", "Take a change of many back", BulkOut, status=202, refusals=(404, 409)
    ),
)
