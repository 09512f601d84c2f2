"""Contact persons: made at a client, found and shared between clients, changed, deleted."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from cti.clients.card import ClientCard
from cti.clients.changes import Conflict
from cti.clients.contacts import Belonging, Contact, ContactDraft, draft_of, fields_of
from cti.errors import Conflicts, Refused
from cti.storage import cards, changes, contacts, directories, restrictions
from web.api.base import place, reply
from web.auth import person_of
from web.pages.client_form import many_of, read_emails, read_phones, version_of
from web.pages.client_history import told_with
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, told

PAST = 20  # changes of him that his page shows


async def show_new(request: web.Request) -> web.Response:
    """The form of a new contact person of a client; with `q`, those who are here already and may be his too."""
    client = await _client(request)
    q = request.query.get("q", "")[:100]
    async with services_of(request).db.read() as conn:
        found = await contacts.find(conn, q) if q else []
    others = [one for one in found if all(own.client_id != client.id for own in one.belongs)]
    draft = ContactDraft(name="", roles={client.id: None})
    return await _form(request, draft, client=client, q=q, found=others)


async def add(request: web.Request) -> web.StreamResponse:
    """Save a new contact person of a client."""
    client = await _client(request)
    draft = await _read(request, {client.id})
    try:
        await services_of(request).contacts.add(person_of(request), draft)
    except Refused as error:
        return await _form(request, draft, client=client, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/clients/{client.id}?saved&tab=contacts")


async def attach(request: web.Request) -> web.StreamResponse:
    """Somebody who is here already becomes a client's contact person too."""
    client = await _client(request)
    contact = await _contact(request, str((await request.post()).get("contact", "")))
    roles = {one.client_id: one.role_id for one in contact.belongs} | {client.id: None}
    draft = draft_of(fields_of(contact), roles)
    await services_of(request).contacts.change(person_of(request), contact.id, draft, contact.version)
    raise web.HTTPSeeOther(f"/clients/{client.id}?saved&tab=contacts")


async def show(request: web.Request) -> web.Response:
    """One contact person."""
    contact = await _contact(request, request.match_info["id"])
    return await _form(request, contact, contact=contact)


async def change(request: web.Request) -> web.StreamResponse:
    """Save a contact person; where others changed the same fields meanwhile, show both."""
    before = await _contact(request, request.match_info["id"])
    form = await request.post()
    draft = await _read(request, {one.client_id for one in before.belongs}, before)
    if taken := {str(one) for one in form.getall("theirs", [])}:
        now = fields_of(before)
        draft = draft_of({**fields_of(draft), **{name: now[name] for name in taken & {*now}}}, draft.roles)
    by_itself = request.headers.get("Accept") == "application/json"
    try:
        saved = await services_of(request).contacts.change(person_of(request), before.id, draft, version_of(form))
    except Refused as error:
        if by_itself:
            raise
        now_there = await _contact(request, request.match_info["id"])
        met = error.conflicts if isinstance(error, Conflicts) else ()
        if isinstance(error, Conflicts) and error.fields is not None:
            draft = draft_of(error.fields, draft.roles)
        return await _form(request, draft, contact=now_there, status=409, error=told(request, error), conflicts=met)
    if by_itself:
        now_there = await _contact(request, request.match_info["id"])
        fresh = await _form(request, now_there, contact=now_there)
        showed(request)  # it is what he looks at already
        return reply({"version": saved.version, "batch": None, "others": saved.others, "page": fresh.text})
    raise web.HTTPSeeOther(f"/clients/{next(iter(draft.roles))}?saved&tab=contacts")


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete a contact person."""
    before = await _contact(request, request.match_info["id"])
    await services_of(request).contacts.remove(person_of(request), before.id)
    home = f"/clients/{before.belongs[0].client_id}?saved&tab=contacts" if before.belongs else "/clients"
    raise web.HTTPSeeOther(home)


async def _form(
    request: web.Request,
    draft: Contact | ContactDraft,
    *,
    contact: Contact | None = None,
    client: ClientCard | None = None,
    status: int = 200,
    error: str = "",
    q: str = "",
    found: Sequence[Contact] = (),
    conflicts: Sequence[Conflict] = (),
) -> web.Response:
    draft = sight_of(request).see(draft)
    async with services_of(request).db.read() as conn:
        items = await directories.every(conn, retired=True)
        home = contact.belongs[0].client_id if contact and contact.belongs else 0
        past = await changes.of_belonging(conn, home, f"contact:{contact.id}", limit=PAST) if contact and home else []
        if isinstance(draft, Contact):
            belongs = list(draft.belongs)
        else:
            names = await cards.of(conn, draft.roles)
            belongs = [
                Belonging(client_id=one, client_name=names[one].name, role_id=role)
                for one, role in draft.roles.items()
                if one in names
            ]
        restriction = await restrictions.restricted(conn, (one.client_id for one in belongs))
    mine = {one.role_id for one in belongs}
    others = [own.client_id for one in found for own in one.belongs]
    named = [one.client_id for one in belongs] + others
    thing = f"contact:{contact.id}" if contact else ""
    showed(request, named, count=max(1, len(named)), asked=["contact"] if q else (), thing=thing)
    return page(
        request,
        "contact.html",
        status=status,
        title=contact.name if contact else N_("New contact person"),
        draft=draft,
        contact=contact,
        client=client,
        belongs=belongs,
        restriction=restriction,
        roles=[one for one in items if one.directory == "contact-role" and (not one.retired or one.id in mine)],
        error=error,
        q=q,
        found=found,
        conflicts=conflicts,
        past=past,
        **told_with(request, {"all_properties": (), "item_names": {item.id: item.name for item in items}}, {}),
    )


async def _read(request: web.Request, known: set[int], before: Contact | None = None) -> ContactDraft:
    """The person that the form describes. known: clients whose roles it has; one that is left out is his no more."""
    form = await request.post()
    roles: dict[int, int | None] = {}
    for client_id in sorted(known):
        if f"gone-{client_id}" not in form:
            given = str(form.get(f"role-{client_id}", ""))
            roles[client_id] = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None
    return ContactDraft(
        name=next(iter(many_of(form, "name", 200)), ""),
        note=next(iter(many_of(form, "note", 20_000)), ""),
        phones=read_phones(form, before.phones if before else ()),
        **read_emails(form),
        roles=roles,
    )


async def _client(request: web.Request) -> ClientCard:
    async with services_of(request).db.read() as conn:
        client = await cards.get(conn, place(request))
    if client is None:
        raise web.HTTPNotFound(text="There is no such client.")
    return client


async def _contact(request: web.Request, given: str) -> Contact:
    async with services_of(request).db.read() as conn:
        known = given.isascii() and given.isdigit() and len(given) < 10
        contact = await contacts.get(conn, int(given)) if known else None
    if contact is None:
        raise web.HTTPNotFound(text="There is no such contact person.")
    return contact


ROUTES = (
    Route("GET", "/clients/{id}/contacts/new", show_new, "clients.write", "client"),
    Route("POST", "/clients/{id}/contacts", add, "clients.write", "client"),
    Route("POST", "/clients/{id}/contacts/attach", attach, "clients.write", "nothing"),
    Route("GET", "/contacts/{id}", show, "clients.read", "client"),
    Route("POST", "/contacts/{id}", change, "clients.write", "client"),
    Route("POST", "/contacts/{id}/delete", remove, "clients.write", "nothing"),
)
