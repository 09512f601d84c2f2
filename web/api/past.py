"""/api/v1/past: logs of the PBX's time before are looked at, taken in, stopped and taken back; who their names are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct, field, structs

from cti.access import Right
from cti.errors import Refused
from cti.features.past_runs import MOST_BYTES, PastWork
from cti.storage import past, past_names
from cti.storage.past import PastImport
from cti.storage.past_names import PastName
from cti.telephony.past_logs import Counts, counts_of
from web.api.base import Header, Operation, body_of, place, query_of, reply
from web.api.records import Id, Ok
from web.auth import person_of
from web.i18n import language_of, say
from web.routes import Shows
from web.services import services_of
from web.texts import REFUSALS
from web.uploads import receive

PAST: Right = "past.write"
FILE_NAME = Header(name="X-File-Name", text="The file's name, as encodeURIComponent writes it")
PbxName = Annotated[str, Meta(max_length=32)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Kind = Literal["queue-log", "cdr"]


class PbxQuery(Struct, forbid_unknown_fields=True):
    """pbx: a PBX of the settings; "": the first."""

    pbx: PbxName = ""


class FileOut(Struct):
    """id: of a file that was sent, path: of one on the server; the other is null. kind: of one that was sent."""

    id: str | None
    path: str | None
    name: str
    kind: str | None
    size: int


class SourcesOut(Struct):
    """What may be looked at. tables: of the PBX's database, by kind."""

    files: list[FileOut]
    tables: dict[str, str]


class UploadOut(Struct):
    """A file that waits. begins: UNIX seconds of its first line."""

    id: str
    name: str
    kind: str
    begins: float
    size: int


class LookIn(Struct, forbid_unknown_fields=True):
    """Either files, by id or path and of one kind, or a table. since: of a table: what is not older."""

    pbx: PbxName = ""
    files: Annotated[list[Annotated[str, Meta(max_length=4096)]], Meta(max_length=60)] = []
    table: Kind | None = None
    since: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None


class CourseOut(Counts, kw_only=True):
    """How far it is. strangers and queues: names in the log that are nobody's here, and all its queues."""

    strangers: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)


class WorkOut(Struct):
    """The latest look, import or undo. state: running, done, stopped, failed. id: of its import, null: a look.

    read, size: in bytes or rows; gone: what an undo took away; waits: for an import elsewhere to end.
    """

    what: str
    state: str
    id: int | None
    pbx: str
    kind: str
    name: str
    course: CourseOut
    read: int
    size: int
    gone: int
    waits: bool
    message: str


class ImportOut(Struct):
    """An import. state: running, done, stopped, failed, undoing, undone. by: "" for the server and commands."""

    id: int
    pbx: str
    kind: str
    name: str
    by: str
    state: str
    started_at: float
    ended_at: float | None
    course: CourseOut
    message: str


class NameIO(Struct, forbid_unknown_fields=True):
    """A name as the log has it. Of an agent: user_id, null: nobody's. Of a queue: the one it is now, "": itself."""

    kind: Literal["agent", "queue"]
    name: Name
    user_id: Id | None = None
    queue: Annotated[str, Meta(max_length=80)] = ""


class NamesIn(Struct, forbid_unknown_fields=True):
    """said: held from now on; forget: of these names nothing is said any more."""

    pbx: PbxName = ""
    said: Annotated[list[NameIO], Meta(max_length=500)] = []
    forget: Annotated[list[NameIO], Meta(max_length=500)] = []


async def show_sources(request: web.Request) -> web.Response:
    """Files that wait, files of the server, and tables."""
    runs, pbx = services_of(request).past_runs, _pbx(request, query_of(request, PbxQuery).pbx)
    there = await asyncio.to_thread(lambda: [(one, one.stat().st_size) for one in runs.places.files(pbx)])
    files = [FileOut(one.id, None, one.name, one.kind, one.size) for one in runs.waiting_of(person_of(request).id)] + [
        FileOut(None, str(path), path.name, None, size) for path, size in there
    ]
    tables = {kind: await runs.places.table(pbx, kind) for kind in ("queue-log", "cdr")}
    return reply(SourcesOut(files=files, tables={kind: name for kind, name in tables.items() if name}))


async def bring(request: web.Request) -> web.Response:
    """Send a log: it waits until it is looked at and taken in."""
    runs, pbx = services_of(request).past_runs, _pbx(request, query_of(request, PbxQuery).pbx)
    path = await asyncio.to_thread(runs.place, request.content_length or 0)
    got = await receive(request, path, most=MOST_BYTES)
    made = await runs.bring(person_of(request), pbx, path, got.name)
    return reply(UploadOut(made.id, made.name, made.kind, made.begins, made.size), 201)


async def put_away(request: web.Request) -> web.Response:
    """Delete a file that waits."""
    await services_of(request).past_runs.put_away(person_of(request), request.match_info["id"][:64])
    return reply(Ok())


async def look(request: web.Request) -> web.Response:
    """Begin to see what would come of it; nothing is written."""
    body, services, person = await body_of(request, LookIn), services_of(request), person_of(request)
    pbx = _pbx(request, body.pbx)
    if body.table is not None:
        await services.past_runs.look_at_table(person, pbx, body.table, _since(request, body.since))
    else:
        await services.past_runs.look(person, pbx, body.files)
    return _work(request, 202)


async def show_work(request: web.Request) -> web.Response:
    """How far it is."""
    return _work(request, 200)


async def take(request: web.Request) -> web.Response:
    """Begin to take in what was looked at last."""
    await services_of(request).past_runs.take(person_of(request))
    return _work(request, 202)


async def stop(request: web.Request) -> web.Response:
    """Stop a look or an import; what was written stays until it is taken back."""
    await services_of(request).past_runs.stop(person_of(request))
    return _work(request, 200)


async def go_on(request: web.Request) -> web.Response:
    """Go on with an import that was stopped or failed."""
    await services_of(request).past_runs.go_on(person_of(request), place(request))
    return _work(request, 202)


async def undo(request: web.Request) -> web.Response:
    """Begin to take an import back."""
    await services_of(request).past_runs.undo(person_of(request), place(request))
    return _work(request, 202)


async def show_imports(request: web.Request) -> web.Response:
    """The newest imports."""
    async with services_of(request).db.read() as conn:
        return reply([_import_out(request, one) for one in await past.every(conn)])


async def show_import(request: web.Request) -> web.Response:
    """One import."""
    async with services_of(request).db.read() as conn:
        found = await past.every(conn, place(request))
    if not found:
        raise web.HTTPNotFound(text="There is no such import.")
    return reply(_import_out(request, found[0]))


async def show_names(request: web.Request) -> web.Response:
    """What was said of names in the logs of a PBX."""
    async with services_of(request).db.read() as conn:
        found = await past_names.every(conn, _pbx(request, query_of(request, PbxQuery).pbx))
    return reply([NameIO(one.kind, one.name, one.user_id, one.queue) for one in found])


async def keep_names(request: web.Request) -> web.Response:
    """Say who agents of the logs are and which queues, for every import from now on."""
    body = await body_of(request, NamesIn)
    said = [PastName(**structs.asdict(one)) for one in body.said]
    gone = [(one.kind, one.name) for one in body.forget]
    await services_of(request).past_names.keep(person_of(request), _pbx(request, body.pbx), said, gone)
    return reply(Ok())


def _work(request: web.Request, status: int) -> web.Response:
    work = services_of(request).past_runs.work
    if work is None:
        raise web.HTTPNotFound(text="Nothing was begun since the server started.")
    return reply(_work_out(request, work), status)


def _work_out(request: web.Request, work: PastWork) -> WorkOut:
    source = work.source
    return WorkOut(
        what=work.what, state=work.state, id=work.past_id, pbx=source.pbx, kind=source.kind, name=source.name,
        course=CourseOut(**work.course), read=work.read, size=work.size, gone=work.gone, waits=work.waits,
        message=_sentence(request, work.code),
    )  # fmt: skip


def _import_out(request: web.Request, one: PastImport) -> ImportOut:
    counts = counts_of(one) | {"known": max(one.known, 0)}
    course = CourseOut(**counts, strangers=list(one.strangers))
    return ImportOut(
        id=one.id, pbx=one.pbx, kind=one.kind, name=one.name, by=one.user_name, state=one.state,
        started_at=one.started_at, ended_at=one.ended_at, course=course, message=_sentence(request, one.message),
    )  # fmt: skip


def _sentence(request: web.Request, code: str) -> str:
    return say(language_of(request), REFUSALS.get(code, REFUSALS["past-lost"])) if code else ""


def _pbx(request: web.Request, name: str) -> str:
    names = list(services_of(request).settings.pbx)
    if name and name not in names:
        raise Refused("past-pbx", "The settings name no such PBX.")
    return name or (names[0] if names else "")


def _since(request: web.Request, day: str | None) -> float | None:
    try:
        zone = services_of(request).zone
        return datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC).timestamp() if day else None
    except (ValueError, OverflowError):
        raise Refused("bad-since", "A day is written 2026-11-23.") from None


def _operation(method: str, path: str, handler: Any, shows: Shows, text: str, gives: Any, **more: Any) -> Operation:
    return Operation(method=method, path=path, handler=handler, who=PAST, shows=shows, text=text, gives=gives, **more)


OPERATIONS = (
    _operation(
        "GET", "/past/sources", show_sources, "staff", "Logs that may be taken in", SourcesOut,
        query=PbxQuery, refusals=(409,),
    ),
    _operation(
        "POST", "/past/files", bring, "nothing", "Send a log of the PBX", UploadOut,
        query=PbxQuery, takes_file=True, headers=(FILE_NAME,), status=201, refusals=(409,),
    ),
    _operation("DELETE", "/past/files/{id}", put_away, "nothing", "Delete a log that waits", Ok),
    _operation(
        "POST", "/past/looks", look, "staff", "See what would come of logs", WorkOut,
        body=LookIn, status=202, refusals=(409,),
    ),
    _operation("GET", "/past/work", show_work, "staff", "How far a look or an import is", WorkOut, refusals=(404,)),
    _operation("POST", "/past/stop", stop, "staff", "Stop a look or an import", WorkOut, refusals=(409,)),
    _operation("GET", "/past/imports", show_imports, "staff", "The newest imports of the past", list[ImportOut]),
    _operation(
        "POST", "/past/imports", take, "staff", "Take in what was looked at", WorkOut, status=202, refusals=(409,)
    ),
    _operation("GET", "/past/imports/{id}", show_import, "staff", "An import of the past", ImportOut, refusals=(404,)),
    _operation(
        "POST", "/past/imports/{id}/go-on", go_on, "staff", "Go on with an import that was stopped", WorkOut,
        status=202, refusals=(404, 409),
    ),
    _operation(
        "POST", "/past/imports/{id}/undo", undo, "staff", "Take an import of the past back", WorkOut,
        status=202, refusals=(404, 409),
    ),
    _operation(
        "GET", "/past/names", show_names, "staff", "Who names in the PBX's logs are", list[NameIO],
        query=PbxQuery, refusals=(409,),
    ),
    _operation(
        "PUT", "/past/names", keep_names, "nothing", "Say who names in the PBX's logs are", Ok,
        body=NamesIn, refusals=(409,),
    ),
)  # fmt: skip
