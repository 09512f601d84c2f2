"""The past of the PBX: its logs are chosen, looked at, taken into the journal, and taken back out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from datetime import date, datetime, time

from aiohttp import web

from cti.errors import Refused, StorageError
from cti.features.past_databases import KINDS as DATABASES
from cti.features.past_runs import MOST_BYTES, PastWork
from cti.storage import past, past_databases, past_names, queue_figures, users
from cti.storage.past_databases import PastDatabase
from cti.storage.past_names import NameKind, PastName
from web.auth import person_of
from web.pages.settings import at, number, said
from web.past_texts import KINDS, STATES
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, REFUSALS, told
from web.uploads import receive

HERE = "/settings/past"
NAMES_MOST = 500
NAMES_SHOWN = 20  # of those that are not known, at once
ITSELF, QUEUE = "-", "="  # what stands for a name: nobody's or itself; before the name of a queue


async def show(request: web.Request) -> web.Response:
    """What runs, where the past may come from, and the imports before."""
    return await _page(request)


async def progress(request: web.Request) -> web.Response:
    """How far it is, for the page that is open; the page itself once it is over."""
    return page(request, "settings/past_work.html", work=services_of(request).past_runs.work)


async def bring(request: web.Request) -> web.Response:
    """A file as the body: it waits for its import. Answers JSON."""
    runs = services_of(request).past_runs
    path = await asyncio.to_thread(runs.place, request.content_length or 0)
    got = await receive(request, path, most=MOST_BYTES)
    made = await runs.bring(person_of(request), _pbx(request), path, got.name)
    return web.json_response({"id": made.id}, status=201)


async def put_away(request: web.Request) -> web.StreamResponse:
    """Delete a file that waits."""
    file_id = request.match_info["file"][:64]
    return await _do(request, services_of(request).past_runs.put_away(person_of(request), file_id))


async def look(request: web.Request) -> web.StreamResponse:
    """See what would come of the chosen files."""
    files = [str(one)[:4096] for one in (await request.post()).getall("file", [])][:1000]
    return await _do(request, services_of(request).past_runs.look(person_of(request), _pbx(request), files))


async def look_at_table(request: web.Request) -> web.StreamResponse:
    """See what would come of a table."""
    form = await request.post()
    kind = "cdr" if form.get("kind") == "cdr" else "queue-log"
    try:
        since = _since(request, str(form.get("since", ""))[:20].strip())
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    return await _do(
        request, services_of(request).past_runs.look_at_table(person_of(request), _pbx(request), kind, since)
    )


async def take(request: web.Request) -> web.StreamResponse:
    """Take in what was looked at."""
    return await _do(request, services_of(request).past_runs.take(person_of(request)))


async def forget(request: web.Request) -> web.StreamResponse:
    """The result of the look, or of what is over, is not wanted any more."""
    return await _do(request, services_of(request).past_runs.forget_look(person_of(request)))


async def stop(request: web.Request) -> web.StreamResponse:
    """Stop what runs."""
    return await _do(request, services_of(request).past_runs.stop(person_of(request)))


async def go_on(request: web.Request) -> web.StreamResponse:
    """Go on with an import that was stopped or failed."""
    return await _do(request, services_of(request).past_runs.go_on(person_of(request), number(request)))


async def undo(request: web.Request) -> web.StreamResponse:
    """Take an import back."""
    return await _do(request, services_of(request).past_runs.undo(person_of(request), number(request)))


async def keep_names(request: web.Request) -> web.StreamResponse:
    """Say who agents of the logs are and which queues; after a look it is looked again."""
    form = await request.post()
    given = [[str(one)[:200].strip() for one in form.getall(name, [])][:NAMES_MOST] for name in ("kind", "name", "is")]
    said: list[PastName] = []
    gone: list[tuple[NameKind, str]] = []
    for kind, name, is_ in zip(*given, strict=False):
        own: NameKind = "queue" if kind == "queue" else "agent"
        if name and not is_:
            gone.append((own, name))
        elif name and own == "queue":
            said.append(PastName(kind=own, name=name, queue="" if is_ == ITSELF else is_.removeprefix(QUEUE)))
        elif name:
            said.append(PastName(kind=own, name=name, user_id=int(is_) if is_.isascii() and is_.isdigit() else None))
    services, person = services_of(request), person_of(request)

    async def work() -> None:
        await services.past_names.keep(person, _pbx(request), said, gone)
        await services.past_runs.look_again(person)

    return await _do(request, work(), "saved")


async def keep_database(request: web.Request) -> web.StreamResponse:
    """Name the PBX's database."""
    form = {name: str(value)[:255].strip() for name, value in (await request.post()).items()}
    port = form.get("port") or str(DATABASES.get(form.get("kind", ""), 0))
    given = PastDatabase(
        pbx=_pbx(request), kind=form.get("kind", ""), host=form.get("host", ""), name=form.get("name", ""),
        port=int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0, login=form.get("login", ""),
        cdr_table=form.get("cdr_table", ""), queue_log_table=form.get("queue_log_table", ""),
        at=services_of(request).clock(),
    )  # fmt: skip
    work = services_of(request).past_databases.keep(person_of(request), given, form.get("password", ""))
    return await _do(request, work, "saved", given=given)


async def drop_database(request: web.Request) -> web.StreamResponse:
    """Forget the PBX's database."""
    work = services_of(request).past_databases.drop(person_of(request), _pbx(request))
    return await _do(request, work, "deleted")


async def _do(
    request: web.Request, work: Awaitable[None], word: str = "", given: PastDatabase | None = None
) -> web.StreamResponse:
    try:
        await work
    except Refused as error:
        return await _page(request, status=409, error=told(request, error), given=given)
    pbx = request.query.get("pbx", "")
    asked = "&".join(
        f"{name}={value}" for name, value in (("pbx", _pbx(request) if pbx else ""), ("said", word)) if value
    )
    raise web.HTTPSeeOther(f"{HERE}?{asked}" if asked else HERE)


async def _page(
    request: web.Request, *, status: int = 200, error: str = "", given: PastDatabase | None = None
) -> web.Response:
    services, pbx = services_of(request), _pbx(request)
    runs = services.past_runs
    files = await asyncio.to_thread(lambda: [(one, one.stat()) for one in runs.places.files(pbx)])
    async with services.db.read() as conn:
        rows = await past.every(conn)
        databases = await past_databases.every(conn)
        names, people = await past_names.every(conn, pbx), await users.every(conn)
        queues = {*await queue_figures.known_queues(conn), *services.agent_states.queues()}
    strange = _strange(runs.work, queues, names) if runs.work is not None and runs.work.source.pbx == pbx else []
    tables, trouble = await _tables(request, pbx)
    shown = page(
        request,
        "settings/past.html",
        status=status,
        title=N_("Import of the past"),
        pbx=pbx,
        pbxes=list(services.settings.pbx),
        work=runs.work,
        waiting=runs.waiting_of(person_of(request).id),
        files=files,
        folders=services.settings.pbx[pbx].past.folders if pbx in services.settings.pbx else (),
        tables=tables,
        named=databases.get(pbx),
        given=given or databases.get(pbx),
        in_file=bool(pbx in services.settings.pbx and services.settings.pbx[pbx].past.address()),
        databases=DATABASES,
        rows=rows,
        me=person_of(request).id,
        become=sorted({*queues, *(one.name for one in strange if one.kind == "queue")}),
        names=names,
        strange=strange,
        people=people,
        names_shown=NAMES_SHOWN,
        kinds=KINDS,
        states=STATES,
        refusals=REFUSALS,
        most=MOST_BYTES >> 20,
        error=error or trouble,
        said=said(request) if not error else "",
    )
    return at(request, shown, HERE)


async def _tables(request: web.Request, pbx: str) -> tuple[dict[str, str], str]:
    """The PBX's tables by kind, and what is wrong with its database."""
    places = services_of(request).past_runs.places
    try:
        found = {kind: await places.table(pbx, kind) for kind in KINDS}
    except Refused as error:
        return {}, told(request, error)
    except StorageError as error:
        return {}, str(error)
    return {kind: name for kind, name in found.items() if name}, ""


def _strange(work: PastWork, queues: Collection[str], names: Sequence[PastName]) -> list[PastName]:
    """Names of the log that was read of which nobody said who they are, agents first."""
    said = {(one.kind, one.name) for one in names} | {("queue", one) for one in queues}
    said |= {("queue", one.queue) for one in names}
    course = work.course
    found = [PastName(kind="agent", name=one) for one in course.get("strangers", ())]
    found += [PastName(kind="queue", name=one) for one in course.get("queues", ())]
    return [one for one in found if (one.kind, one.name) not in said]


def _pbx(request: web.Request) -> str:
    """The PBX that is spoken of: the one asked for, else the first."""
    names = list(services_of(request).settings.pbx)
    asked = request.query.get("pbx", "")
    return asked if asked in names else (names[0] if names else "")


def _since(request: web.Request, text: str) -> float | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), services_of(request).zone).timestamp()
    except (ValueError, OverflowError):
        raise Refused("bad-since", "A day is written 2026-11-23.") from None


ROUTES = (
    Route("GET", HERE, show, "past.write", "staff"),
    Route("GET", HERE + "/progress", progress, "past.write", "staff"),
    Route("POST", HERE + "/files", bring, "past.write", "nothing"),
    Route("POST", HERE + "/files/{file}/delete", put_away, "past.write", "staff"),
    Route("POST", HERE + "/look", look, "past.write", "staff"),
    Route("POST", HERE + "/table", look_at_table, "past.write", "staff"),
    Route("POST", HERE + "/take", take, "past.write", "staff"),
    Route("POST", HERE + "/forget", forget, "past.write", "staff"),
    Route("POST", HERE + "/stop", stop, "past.write", "staff"),
    Route("POST", HERE + "/database", keep_database, "settings.manage", "staff"),
    Route("POST", HERE + "/database/delete", drop_database, "settings.manage", "staff"),
    Route("POST", HERE + "/names", keep_names, "past.write", "staff"),
    Route("POST", HERE + "/{id}/go-on", go_on, "past.write", "staff"),
    Route("POST", HERE + "/{id}/undo", undo, "past.write", "staff"),
)
