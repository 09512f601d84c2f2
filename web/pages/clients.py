"""The client list and the client card."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from cti.access import may
from cti.clients.card import ClientCard, ClientDraft, Phone
from cti.clients.changes import PLAIN, as_fields, draft_of
from cti.clients.contracts import CURRENCIES, days_left
from cti.clients.filters import day_begins
from cti.clients.tasks import standing
from cti.errors import Conflicts, Refused
from cti.features.client_base import Saved
from cti.storage import (
    bounces,
    client_files,
    clients,
    contacts,
    contracts,
    mail_people,
    merges,
    restrictions,
    tasks,
)
from web.api.base import place, reply
from web.auth import person_of
from web.i18n import translate
from web.listed import listed
from web.pages.client_consents import agreed
from web.pages.client_form import LONGEST_PHONE, choices, clock_shown, faults_of, read_form, version_of
from web.pages.client_history import history_of
from web.pages.sms import answering
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
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
    saved: bool = False,
    refusal: Refused | None = None,
) -> web.Response:
    """The card's page. draft: what stands in the form, which after a refused save is not what is in the base."""
    person = person_of(request)
    services = services_of(request)
    async with services.db.read() as conn:
        people = await contacts.of_client(conn, client.id)
        signed = await contracts.of_client(conn, client.id)
        files = [one for one in await client_files.of_client(conn, client.id) if one.contract_id is None]
        still = await tasks.open_of_client(conn, client.id)
        restriction = await restrictions.of_client(conn, client.id)
        came_back = await bounces.of_client(conn, client.id)
        unanswered = await mail_people.unanswered_of(conn, client.id)
        answer = await answering(conn, person, client)
    draft = sight_of(request).see(draft)
    offered = await choices(request, draft)
    past = await history_of(request, client.id, people=people, signed=signed, offered=offered)
    now = services.clock()
    today = datetime.fromtimestamp(now, services.zone).date()
    showed(request, [client.id])
    return page(
        request,
        "client.html",
        status=status,
        title=client.name,
        client=client,
        restriction=restriction,
        **await listed(request, (phone.e164 for phone in client.phones), f"/clients/{client.id}"),
        came_back=came_back,
        unanswered=unanswered,
        draft=draft,
        theirs=client if isinstance(refusal, Conflicts) and refusal.fields is None else None,
        conflicts=refusal.conflicts if isinstance(refusal, Conflicts) else (),
        faults=faults_of(request, refusal, offered["all_properties"]) if refusal else {},
        tab=_tab(request),
        tabs=_tabs(request, people=len(people), contracts=len(signed), properties=bool(offered["properties"])),
        people_of=people,
        contracts=[(one, days_left(one, today)) for one in signed],
        tasks=[(one, standing(one, now, day_begins(today.isoformat(), services.zone, days=1))) for one in still],
        agreed=await agreed(request, client.id),
        files=files,
        currencies=CURRENCIES,
        clock=clock_shown(request, client, offered["items"]),
        error=told(request, refusal) if refusal else "",
        saved=saved,
        merged="merged" in request.query,
        may_write=may(person, "clients.write"),
        **answer,
        **offered,
        **past,
    )


async def addresses_good(request: web.Request) -> web.Response:
    """Letters to the client's addresses arrive again, as somebody says."""
    client_id = place(request)
    await services_of(request).outbox.addresses_good(person_of(request), client_id)
    raise web.HTTPSeeOther(f"/clients/{client_id}?saved")


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
    number, name = (request.query.get(key, "")[:most] for key, most in (("number", LONGEST_PHONE), ("name", 80)))
    draft = ClientDraft(name=name, phones=(Phone(typed=number),) if number else ())
    return await _new(request, draft)


async def _new(request: web.Request, draft: ClientDraft, *, refusal: Refused | None = None) -> web.Response:
    draft = sight_of(request).see(draft)
    offered = await choices(request, draft)
    return page(
        request,
        "client_new.html",
        status=409 if refusal else 200,
        title=N_("New client"),
        draft=draft,
        error=told(request, refusal) if refusal else "",
        faults=faults_of(request, refusal, offered["all_properties"]) if refusal else {},
        **offered,
    )


async def create(request: web.Request) -> web.StreamResponse:
    """Save a new client and open its card."""
    draft = await read_form(request)
    try:
        made = await services_of(request).client_base.create(person_of(request), draft, complete=True)
    except Refused as error:
        return await _new(request, draft, refusal=error)
    raise web.HTTPSeeOther(f"/clients/{made}?saved")


async def change(request: web.Request) -> web.StreamResponse:
    """Save the card; where others changed the same fields meanwhile, show both: theirs and what was written.

    A card that saves itself as its fields are left asks for JSON and gets its version, what takes it back, what others
    changed, and the card anew. `theirs` names the fields of which a person took the others' after such a meeting.
    """
    client_id, services = _id(request), services_of(request)
    async with services.db.read() as conn:
        before = await clients.get(conn, client_id)
    draft = await read_form(request, before)
    form = await request.post()
    if before is not None and (taken := {str(one) for one in form.getall("theirs", [])}):
        draft = _with_theirs(draft, before, taken)
    by_itself = request.headers.get("Accept") == "application/json"
    try:
        version = version_of(form)
        saved = await services.client_base.change(person_of(request), client_id, draft, version)
    except Refused as error:
        if by_itself:
            raise
        async with services.db.read() as conn:
            client = await clients.get(conn, client_id)
        if client is None:
            raise await _elsewhere(request) from None
        if isinstance(error, Conflicts) and error.fields is not None:
            draft = draft_of(error.fields)
        return await _card(request, client, draft, status=409, refusal=error)
    if by_itself:
        return await _saved_by_itself(request, client_id, saved)
    raise web.HTTPSeeOther(f"/clients/{client_id}?saved&tab={_tab(request)}")


async def _saved_by_itself(request: web.Request, client_id: int, saved: Saved) -> web.Response:
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, client_id)
    fresh = (await _card(request, client, client)).text if client else ""
    showed(request)  # it is what he looks at already
    return reply({"version": saved.version, "batch": saved.batch, "others": saved.others, "page": fresh})


def _with_theirs(draft: ClientDraft, card: ClientCard, taken: set[str]) -> ClientDraft:
    fields, now = as_fields(draft), as_fields(card)
    for name in taken & {*fields, *now}:
        fields[name] = now.get(name)
    return draft_of({name: value for name, value in fields.items() if value is not None or name in PLAIN})


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise web.HTTPNotFound(text="There is no such client.")
    return int(text)


ROUTES = (
    Route("GET", "/clients", show_list, "clients.read", "nothing"),
    Route("GET", "/clients/new", show_new, "clients.write", "nothing"),
    Route("POST", "/clients", create, "clients.write", "nothing"),
    Route("GET", "/clients/{id}", show, "clients.read", "client"),
    Route("POST", "/clients/{id}/addresses-good", addresses_good, "clients.write", "nothing"),
    Route("POST", "/clients/{id}", change, "clients.write", "client"),
)
