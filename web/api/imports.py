"""/api/v1/imports: a file is sent, tried out, brought in and taken back."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import Right
from cti.clients.exporting import refusal_of
from cti.clients.importing import SYNONYMS, Fault
from cti.errors import Refused
from cti.features.import_runs import MOST_BYTES, Upload, Work, refused_rows, runs_now
from cti.sheets.write import write_csv, write_xlsx
from cti.storage import properties, runs
from cti.storage.runs import Run
from web.api.base import Header, Operation, body_of, query_of, reply
from web.api.exports import Field, attached
from web.api.records import Ok
from web.auth import person_of
from web.i18n import language_of, say
from web.import_texts import ERASED, RESTRICTED, column_name, row_fault, sentence
from web.readers import reader_of
from web.routes import Shows
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, REFUSALS
from web.uploads import receive
from web.wire import Reader

ID = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?")
IMPORT: Right = "clients.import"
FILE_NAME = Header(name="X-File-Name", text="The file's name, as encodeURIComponent writes it")
Key = Literal["id", "inn", "phone", "email"]


class FieldOut(Struct):
    """Something that a column may be."""

    field: str
    name: str


class UploadOut(Struct):
    """A file that waits for its import. fields: of its columns; remembered: as they were read last time."""

    id: str
    name: str
    headings: list[str]
    rows: list[list[str]]
    fields: list[str]
    keys: list[str]
    remembered: bool
    may_be: list[FieldOut]


class Chosen(Struct, forbid_unknown_fields=True):
    """file: an upload's id. fields: of each column, "" for one left out. keys: by what a client is known again."""

    file: Annotated[str, Meta(max_length=64)]
    fields: Annotated[list[Field], Meta(max_length=300)]
    keys: Annotated[list[Key], Meta(min_length=1, max_length=4)]


class RowOut(Struct):
    """What would come of a row. outcome: created, updated, unchanged, refused; why: what it changes, or the reason."""

    row: int
    outcome: str
    name: str
    client_id: int | None
    why: str


class WorkOut(Struct):
    """How far it is. state: running, done, cancelled, failed, undone. shown: of a preview, the first of every kind.

    erased: new clients who were erased before.
    """

    id: str
    what: str
    name: str
    state: str
    rows: int
    total: int | None
    rows_per_s: float
    created: int
    updated: int
    unchanged: int
    refused: int
    erased: int
    shown: list[RowOut]
    message: str


class RunOut(Struct):
    """An import. state: running, undoing, done, cancelled, failed, undone."""

    id: str
    by: str
    file_name: str
    state: str
    rows: int
    created: int
    updated: int
    unchanged: int
    refused: int
    message: str
    started_at: float
    ended_at: float | None
    may_undo: bool
    faults: list[RowOut]


class RefusedQuery(Struct, forbid_unknown_fields=True):
    format: Literal["csv", "xlsx"] = "xlsx"


async def bring(request: web.Request) -> web.Response:
    """Send a file; answers with its headings, first rows and what the columns may be."""
    work = services_of(request).import_runs
    path = await work.place()
    got = await receive(request, path, most=MOST_BYTES)
    upload = await work.look(person_of(request), path, got.name)
    return reply(await _upload_out(request, upload), 201)


async def _upload_out(request: web.Request, upload: Upload) -> UploadOut:
    language, sight = language_of(request), sight_of(request)
    async with services_of(request).db.read() as conn:
        own = [FieldOut(f"property:{prop.id}", prop.name) for prop in await properties.every(conn)]
    return UploadOut(
        id=upload.id,
        name=upload.name,
        headings=list(upload.headers),
        rows=[[sight.words(cell[:200]) for cell in row] for row in upload.rows],
        fields=list(upload.fields),
        keys=[key for key in upload.keys if key != "phone" or not sight.hides],
        remembered=upload.remembered,
        may_be=[*(FieldOut(name, column_name(language, name)) for name in SYNONYMS), *own],
    )


async def preview(request: web.Request) -> web.Response:
    """Try an import out: nothing is written."""
    body = await body_of(request, Chosen)
    work = await services_of(request).import_runs.preview(person_of(request), body.file, body.fields, body.keys)
    return reply(await _work_out(request, work), 202)


async def begin(request: web.Request) -> web.Response:
    """Begin an import."""
    body = await body_of(request, Chosen)
    work = await services_of(request).import_runs.begin(person_of(request), body.file, body.fields, body.keys)
    return reply(await _work_out(request, work), 202)


async def show_work(request: web.Request) -> web.Response:
    """How far a preview, an import or an undo is."""
    work = services_of(request).import_runs.work(_id(request))
    if work is None:
        raise web.HTTPNotFound(text="There is no such import.")
    return reply(await _work_out(request, work))


async def show_runs(request: web.Request) -> web.Response:
    """The newest imports."""
    services = services_of(request)
    async with services.db.read() as conn:
        past = await runs.every(conn, "import")
    return reply([_run_out(request, run) for run in runs_now(past, services.import_runs.running)])


async def show_run(request: web.Request) -> web.Response:
    """One import with its first refused rows."""
    async with services_of(request).db.read() as conn:
        run = await runs.get(conn, _id(request))
    if run is None or run.kind != "import":
        raise web.HTTPNotFound(text="There is no such import.")
    showed(request, count=len(run.faults), thing=f"import:{run.batch}")
    return reply(_run_out(request, run, faults=True))


async def cancel(request: web.Request) -> web.Response:
    """Stop after the present part; what was done stays and may be taken back."""
    await services_of(request).import_runs.cancel(person_of(request), _id(request))
    return reply(Ok())


async def undo(request: web.Request) -> web.Response:
    """Begin to take an import back; what was changed since stays."""
    work = await services_of(request).import_runs.undo(person_of(request), _id(request))
    return reply(await _work_out(request, work), 202)


async def give_refused(request: web.Request) -> web.StreamResponse:
    """The refused rows as a file, each with its number and what is wrong with it: whole, to be put right."""
    if sight_of(request).hides:
        raise Refused("hidden-file", "This file has whole numbers in it, which are hidden from you.")
    format_ = query_of(request, RefusedQuery).format
    kept = await services_of(request).import_runs.refused(_id(request))
    if kept is None:
        raise web.HTTPNotFound(text="The refused rows of this import are not kept any more.")
    async with _temporary() as path:
        count = await asyncio.to_thread(_write_refused, kept, path, format_, language_of(request))
        body = await asyncio.to_thread(path.read_bytes)
    showed(request, count=count, thing=f"import:{_id(request)}")
    return web.Response(body=body, headers=attached(f"refused.{format_}", format_))


def _write_refused(kept: Path, path: Path, format_: str, language: str) -> int:
    headers, refused = refused_rows(kept)
    count = 0

    def rows() -> Iterator[list[str]]:
        nonlocal count
        for fault, cells in refused:
            count += 1
            yield refusal_of(fault, row_fault(language, fault), cells)

    write = write_xlsx if format_ == "xlsx" else write_csv
    write(path, [*headers, say(language, N_("Row")), say(language, N_("What is wrong"))], rows())
    return count


@contextlib.asynccontextmanager
async def _temporary() -> AsyncIterator[Path]:
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory)
    try:
        yield Path(folder.name) / "file"
    finally:
        await asyncio.to_thread(folder.cleanup)


async def _work_out(request: web.Request, work: Work) -> WorkOut:
    services, language = services_of(request), language_of(request)
    names: dict[str, str] = {}
    if work.shown:
        async with services.db.read() as conn:
            names = {f"property:{prop.id}": prop.name for prop in await properties.every(conn)}
    showed(request, (one["client_id"] for one in work.shown), thing=f"import:{work.id}")
    took = (work.ended_at or services.clock()) - work.started_at
    return WorkOut(
        id=work.id,
        what=work.what,
        name=sight_of(request).words(work.name),
        state=work.state,
        rows=work.rows,
        total=work.total,
        rows_per_s=round(work.rows / took, 1) if took > 0 else 0.0,
        created=work.created,
        updated=work.updated,
        unchanged=work.unchanged,
        refused=work.refused,
        erased=work.erased,
        shown=[_row_out(reader_of(request), one, names) for one in work.shown],
        message=sight_of(request).words(_told(language, work.message)),
    )


def _row_out(reader: Reader, done: dict[str, Any], names: dict[str, str]) -> RowOut:
    fields = done["fields"]
    why = ", ".join(names.get(one) or column_name(reader.language, one.removesuffix("_id")) for one in fields)
    if done["fault"]:
        (fault,) = runs.faults_seen(reader.sight, [Fault(*done["fault"])])
        why = row_fault(reader.language, fault)
    elif done["erased"]:
        why = say(reader.language, ERASED)
    if done["restricted"]:
        why = "; ".join(part for part in (why, say(reader.language, RESTRICTED)) if part)
    name = reader.sight.words(done["name"])
    return RowOut(row=done["row"], outcome=done["outcome"], name=name, client_id=done["client_id"], why=why)


def _run_out(request: web.Request, run: Run, *, faults: bool = False) -> RunOut:
    language = language_of(request)
    told = [RowOut(one.row, "refused", "", None, row_fault(language, one)) for one in run.faults] if faults else []
    return RunOut(
        id=run.batch,
        by=run.user_name,
        file_name=run.title,
        state=run.state,
        message=_told(language, run.message),
        started_at=run.started_at,
        ended_at=run.ended_at,
        may_undo=run.may_undo,
        faults=told,
        **{name: getattr(run, name) for name in runs.COUNTS},
    )


def _id(request: web.Request) -> str:
    """An id of ours from the path; 404 for anything else."""
    id_ = request.match_info["id"]
    if not ID.fullmatch(id_):
        raise web.HTTPNotFound(text="There is no such import.")
    return id_


def _told(language: str, message: str) -> str:
    return sentence(language, REFUSALS.get(message, message))


def _operation(method: str, path: str, handler: Any, shows: Shows, text: str, gives: Any, **more: Any) -> Operation:
    more.setdefault("who", IMPORT)
    return Operation(method=method, path=path, handler=handler, shows=shows, text=text, gives=gives, **more)


OPERATIONS = (
    _operation("GET", "/imports", show_runs, "staff", "The newest imports", list[RunOut]),
    _operation(
        "POST", "/imports/files", bring, "nothing", "Send a file to import", UploadOut,
        takes_file=True, headers=(FILE_NAME,), status=201, refusals=(409,),
    ),
    _operation(
        "POST", "/imports/previews", preview, "nothing", "Try an import out", WorkOut,
        body=Chosen, status=202, refusals=(409,),
    ),
    _operation(
        "POST", "/imports", begin, "import", "Begin an import", WorkOut, body=Chosen, status=202, refusals=(409,)
    ),
    _operation("GET", "/imports/work/{id}", show_work, "clients", "How far it is", WorkOut, refusals=(404,)),
    _operation("POST", "/imports/cancel/{id}", cancel, "nothing", "Stop an import", Ok, refusals=(404, 409)),
    _operation(
        "POST", "/imports/undo/{id}", undo, "import", "Take an import back", WorkOut, status=202, refusals=(404, 409)
    ),
    _operation(
        "GET", "/imports/refused/{id}", give_refused, "clients", "The refused rows as a file", bytes,
        query=RefusedQuery, gives_file=True, refusals=(404,),
    ),
    _operation("GET", "/imports/{id}", show_run, "clients", "An import with its refused rows", RunOut, refusals=(404,)),
)  # fmt: skip
