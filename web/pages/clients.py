"""The client list and the client card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from cti.access import may, scope
from cti.clients.card import ClientCard, ClientDraft, Phone
from cti.clients.changes import Conflict, draft_of
from cti.clients.contacts import Contact
from cti.clients.contracts import CURRENCIES, Contract, days_left
from cti.errors import Refused
from cti.features.client_base import Conflicts
from cti.storage import client_files, clients, contacts, contracts, history, merges
from web.api.base import reply
from web.auth import person_of
from web.i18n import translate
from web.pages.client_form import as_text, choices, field_name, read_form
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.texts import N_, told

TABS = {
    "general": N_("General"),
    "contacts": N_("Contacts"),
    "details": N_("Details"),
    "contracts": N_("Contracts"),
    "properties": N_("Properties"),
    "history": N_("History"),
}


async def show_list(request: web.Request) -> web.Response:
    """The grid's frame; its rows come from /api/v1/clients/grid."""
    return page(request, "clients.html", title=N_("Clients"), q=request.query.get("q", "")[:200])


async def show(request: web.Request) -> web.Response:
    """One card."""
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, _id(request))
    if client is None:
        raise await _elsewhere(request)
    return await _card(request, client, client, saved="saved" in request.query)


async def _elsewhere(request: web.Request) -> web.HTTPException:
    """The way to the client that this one was merged into, or that there is none."""
    async with services_of(request).db.read() as conn:
        kept = await merges.now_of(conn, _id(request))
    if kept is None:
        return web.HTTPNotFound(text="There is no such client.")
    return web.HTTPSeeOther(f"/clients/{kept}?merged")


async def _card(
    request: web.Request,
    client: ClientCard,
    draft: ClientCard | ClientDraft,
    *,
    status: int = 200,
    error: str = "",
    saved: bool = False,
    conflicts: Sequence[Conflict] = (),
) -> web.Response:
    """The card's page. draft: what stands in the form, which after a refused save is not what is in the base."""
    person = person_of(request)
    services = services_of(request)
    async with services.db.read() as conn:
        people = await contacts.of_client(conn, client.id)
        signed = await contracts.of_client(conn, client.id)
        files = [one for one in await client_files.of_client(conn, client.id) if one.contract_id is None]
    offered = await choices(request, draft)
    past = await _history(request, client.id, people=people, signed=signed, offered=offered)
    today = datetime.fromtimestamp(services.clock(), services.zone).date()
    showed(request, [client.id])
    return page(
        request,
        "client.html",
        status=status,
        title=client.name,
        client=client,
        draft=draft,
        theirs=client if draft is not client and not conflicts else None,
        conflicts=conflicts,
        tab=_tab(request),
        tabs=_tabs(request, people=len(people), contracts=len(signed), properties=bool(offered["properties"])),
        people_of=people,
        contracts=[(one, days_left(one, today)) for one in signed],
        files=files,
        currencies=CURRENCIES,
        error=error,
        saved=saved,
        merged="merged" in request.query,
        may_write=may(person, "clients.write"),
        **offered,
        **past,
    )


async def show_history(request: web.Request) -> web.Response:
    """Earlier entries of a client's history, for the end of the list."""
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, _id(request))
        if client is None:
            raise web.HTTPNotFound(text="There is no such client.")
        people = await contacts.of_client(conn, client.id)
        signed = await contracts.of_client(conn, client.id)
    offered = await choices(request, client)
    past = await _history(request, client.id, people=people, signed=signed, offered=offered)
    showed(request, [client.id])
    return page(request, "parts/history_rows.html", client=client, **past)


async def _history(
    request: web.Request,
    client_id: int,
    *,
    people: Sequence[Contact],
    signed: Sequence[Contract],
    offered: Mapping[str, Any],
) -> dict[str, Any]:
    """A page of the history and what its lines are told with."""
    person = person_of(request)
    own = person.id if scope(person, "calls.read") == "own" else None
    kind = next((one for one in history.KINDS if one == request.query.get("kind")), None)
    async with services_of(request).db.read() as conn:
        stream = await history.of_client(
            conn,
            client_id,
            kinds=[kind] if kind else history.KINDS,
            user_id=own,
            cursor=request.query.get("cursor", "")[:400] or None,
        )
    names: dict[str, str] = {f"property:{prop.id}": prop.name for prop in offered["all_properties"]}
    names |= {f"contact:{one.id}": one.name for one in people}
    names |= {f"contract:{one.id}": one.number for one in signed}
    return {
        "stream": stream.rows,
        "next_cursor": stream.next_cursor,
        "kind": kind or "",
        "field_name": lambda field: field_name(request, field, names),
        "field_names": names,
        "told": lambda field, value: as_text(field, value, offered),
    }


def _tab(request: web.Request) -> str:
    """The chosen part of the card."""
    chosen = request.query.get("tab", "")
    return chosen if chosen in TABS else next(iter(TABS))


def _tabs(request: web.Request, *, people: int, contracts: int, properties: bool) -> list[tuple[str, str, int]]:
    """The parts of the card: id, name, how many."""
    counts = {"contacts": people, "contracts": contracts}
    return [
        (one, translate(request, name), counts.get(one, 0))
        for one, name in TABS.items()
        if one != "properties" or properties
    ]


async def show_new(request: web.Request) -> web.Response:
    """The form of a new client, a number or a name filled in where one is given."""
    number, name = (request.query.get(key, "")[:80] for key in ("number", "name"))
    draft = ClientDraft(name=name, phones=(Phone(typed=number),) if number else ())
    return await _new(request, draft)


async def _new(request: web.Request, draft: ClientDraft, *, status: int = 200, error: str = "") -> web.Response:
    values = {"draft": draft, "error": error, **await choices(request, draft)}
    return page(request, "client_new.html", status=status, title=N_("New client"), **values)


async def create(request: web.Request) -> web.StreamResponse:
    """Save a new client and open its card."""
    draft = await read_form(request)
    try:
        made = await services_of(request).client_base.create(person_of(request), draft)
    except Refused as error:
        return await _new(request, draft, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/clients/{made}?saved")


async def change(request: web.Request) -> web.StreamResponse:
    """Save the card, if nobody changed it meanwhile; else show both: what is in the base and what was written.

    A card that saves itself as its fields are left asks for JSON and gets its version and what takes it back.
    """
    client_id = _id(request)
    async with services_of(request).db.read() as conn:
        before = await clients.get(conn, client_id)
    draft = await read_form(request, before.values if before else None)
    version = str((await request.post()).get("version", ""))[:12]
    services = services_of(request)
    by_itself = request.headers.get("Accept") == "application/json"
    try:
        number = int(version) if version.isascii() and version.isdigit() else 0
        saved = await services.client_base.change(person_of(request), client_id, draft, number)
    except Refused as error:
        if by_itself:
            raise
        async with services.db.read() as conn:
            client = await clients.get(conn, client_id)
        if client is None:
            raise await _elsewhere(request) from None
        met = error.conflicts if isinstance(error, Conflicts) else ()
        if isinstance(error, Conflicts) and error.fields is not None:
            draft = draft_of(error.fields)
        return await _card(request, client, draft, status=409, error=told(request, error), conflicts=met)
    if by_itself:
        showed(request)
        return reply(saved)
    raise web.HTTPSeeOther(f"/clients/{client_id}?saved&tab={_tab(request)}")


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise web.HTTPNotFound(text="There is no such client.")
    return int(text)


ROUTES = (
    Route("GET", "/clients", show_list, "clients.read", "nothing"),
    Route("GET", "/clients/new", show_new, "clients.write", "nothing"),
    Route("POST", "/clients", create, "clients.write", "nothing"),
    Route("GET", "/clients/{id}/history", show_history, "clients.read", "client"),
    Route("GET", "/clients/{id}", show, "clients.read", "client"),
    Route("POST", "/clients/{id}", change, "clients.write", "client"),
)
