"""Personal data: what is held on one person, the archive of it, his erasure; and the acts of erasures."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from cti.clients.dossier_words import TITLES, Language
from cti.clients.dossier_words import say as say_of
from cti.errors import Refused
from cti.sheets.write import write_csv
from cti.storage import cards, contacts, erasures, who
from web.auth import person_of
from web.erasure_papers import Papers
from web.i18n import language_of
from web.pages.settings import at, number, said
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, told

PIECE = 256 * 1024


async def show_client(request: web.Request) -> web.Response:
    """What is held on a client."""
    return await _show(request, "client")


async def show_contact(request: web.Request) -> web.Response:
    """What is held on a contact person."""
    return await _show(request, "contact")


async def _show(
    request: web.Request, kind: str, *, status: int = 200, error: str = "", reason: str = ""
) -> web.Response:
    id_ = number(request)
    held = await services_of(request).erasures.beforehand(person_of(request), kind, id_)
    if held is None:
        raise web.HTTPNotFound(text="There is no such client.")
    await _showed(request, kind, id_)
    words = [
        (say_of(TITLES, table, _language(request)), held.counts[table]) for table in TITLES if table in held.counts
    ]
    held = replace(held, name=sight_of(request).words(held.name))
    values: dict[str, Any] = {"held": held, "words": words, "kind": kind, "id": id_, "error": error, "reason": reason}
    base = f"/{kind}s/{id_}"
    shown = page(request, "person_data.html", status=status, title=N_("Personal data"), base=base, **values)
    return at(request, shown, f"{base}/data")


async def _showed(request: web.Request, kind: str, id_: int) -> None:
    """Whom the answer shows: a client, or whose contact person it is."""
    if kind == "client":
        return showed(request, [id_])
    async with services_of(request).db.read() as conn:
        contact = await contacts.get(conn, id_)
    belongs = contact.belongs if contact is not None else ()
    showed(request, [one.client_id for one in belongs], count=1, thing=f"contact:{id_}")


async def give_client(request: web.Request) -> web.StreamResponse:
    """The archive of a client."""
    return await _give(request, "client")


async def give_contact(request: web.Request) -> web.StreamResponse:
    """The archive of a contact person."""
    return await _give(request, "contact")


async def _give(request: web.Request, kind: str) -> web.StreamResponse:
    id_ = number(request)
    if sight_of(request).hides:
        raise Refused("hidden-file", "This file has whole numbers in it, which are hidden from you.")
    await _showed(request, kind, id_)
    path = await services_of(request).dossiers.make(person_of(request), kind, id_, language_of(request))
    file = await asyncio.to_thread(path.open, "rb")
    await asyncio.to_thread(path.unlink)  # whatever happens to the browser, nothing of it stays here
    response = web.StreamResponse(headers=_attached("application/zip", f"trubka-{kind}-{id_}.zip"))
    with file:
        await response.prepare(request)
        while piece := await asyncio.to_thread(file.read, PIECE):
            await response.write(piece)
    return response


async def erase_client(request: web.Request) -> web.StreamResponse:
    """Erase a client and go to his act."""
    return await _erase(request, "client")


async def erase_contact(request: web.Request) -> web.StreamResponse:
    """Erase a contact person and go to his act."""
    return await _erase(request, "contact")


async def _erase(request: web.Request, kind: str) -> web.StreamResponse:
    form = await request.post()
    reason, name = (str(form.get(key, ""))[:400] for key in ("reason", "name"))
    held = await services_of(request).erasures.beforehand(person_of(request), kind, number(request))
    if held is not None and name == sight_of(request).words(held.name):
        name = held.name
    try:
        await services_of(request).erasures.erase(person_of(request), kind, number(request), reason=reason, name=name)
    except Refused as error:
        return await _show(request, kind, status=409, error=told(request, error), reason=reason)
    raise web.HTTPSeeOther("/settings/erasures?said=erased")


async def show_acts(request: web.Request) -> web.Response:
    """Erasures and their acts, and whose data a phone or an e-mail is."""
    services = services_of(request)
    before = request.query.get("before", "")
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    q = request.query.get("q", "").strip()[:100]
    async with services.db.read() as conn:
        rows = await erasures.listed(conn, before_id=before_id)
        ids, person_ids = await who.meant(conn, q, services.plan) if q else ([], [])
        found = list((await cards.of(conn, ids)).values())
        people = [one for id_ in person_ids if (one := await contacts.get(conn, id_)) is not None]
    theirs = [own.client_id for one in people for own in one.belongs]
    showed(request, [*ids, *theirs], count=len(ids) + len(people), asked=["contact"] if q else ())
    more = rows[-1].id if len(rows) == erasures.PAGE else None
    values: dict[str, Any] = {
        "rows": rows,
        "more": more,
        "q": q,
        "found": found,
        "people": people,
        "said": said(request),
    }
    return page(request, "settings/erasures.html", title=N_("Erasures"), **values)


async def give_act(request: web.Request) -> web.Response:
    """An act, to be printed and signed."""
    papers, id_ = await _papers(request)
    return web.Response(
        body="".join(papers.act()).encode(), headers=_attached("text/html; charset=utf-8", f"trubka-act-{id_}.html")
    )


async def give_log(request: web.Request) -> web.Response:
    """The event log of an erasure."""
    papers, id_ = await _papers(request)
    heads, rows = papers.log()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        await asyncio.to_thread(write_csv, path, heads, rows)
        data = await asyncio.to_thread(path.read_bytes)
    return web.Response(body=data, headers=_attached("text/csv; charset=utf-8", f"trubka-act-{id_}.csv"))


async def _papers(request: web.Request) -> tuple[Papers, int]:
    services = services_of(request)
    async with services.db.read() as conn:
        erasure = await erasures.get(conn, number(request))
    if erasure is None:
        raise web.HTTPNotFound(text="There is no such act.")
    operator = services.settings.privacy.operator
    return Papers(erasure, operator=operator, zone=services.zone, language=_language(request)), erasure.id


def _attached(media: str, name: str) -> dict[str, str]:
    return {
        "Content-Type": media,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-store",
    }


def _language(request: web.Request) -> Language:
    return "ru" if language_of(request) == "ru" else "en"


ROUTES = (
    Route("GET", "/clients/{id}/data", show_client, "privacy.export", "client"),
    Route("GET", "/clients/{id}/data/archive.zip", give_client, "privacy.export", "export"),
    Route("POST", "/clients/{id}/erase", erase_client, "clients.erase", "client"),
    Route("GET", "/contacts/{id}/data", show_contact, "privacy.export", "client"),
    Route("GET", "/contacts/{id}/data/archive.zip", give_contact, "privacy.export", "export"),
    Route("POST", "/contacts/{id}/erase", erase_contact, "clients.erase", "client"),
    Route("GET", "/settings/erasures", show_acts, "clients.erase", "clients"),
    Route("GET", "/settings/erasures/{id}/act.html", give_act, "clients.erase", "nothing"),
    Route("GET", "/settings/erasures/{id}/log.csv", give_log, "clients.erase", "nothing"),
)
