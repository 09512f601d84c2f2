"""The client list and the client card."""

from __future__ import annotations

from aiohttp import web

from cti.access import may, scope
from cti.clients.card import KINDS, ClientCard, ClientDraft, Phone
from cti.errors import Refused
from cti.storage import calls, clients, users
from cti.storage.search import search
from web.auth import person_of
from web.i18n import translate
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, REFUSALS

SORTS = ("name", "updated", "created")
ROWS = 50
MOST_PHONES = 50


async def show_list(request: web.Request) -> web.Response:
    """Clients found by any part of a name, phone or e-mail."""
    query = request.query
    sort = query.get("sort", "name")
    sort = sort if sort.lstrip("-") in SORTS else "name"
    q = query.get("q", "")[:200]
    async with services_of(request).db.read() as conn:
        try:
            found = await search(
                conn,
                q,
                sort=sort.lstrip("-"),
                descending=sort.startswith("-"),
                limit=ROWS,
                cursor=query.get("cursor") or None,
            )
        except ValueError:
            raise web.HTTPBadRequest(text="There is no such page.") from None
    template = "parts/client_rows.html" if query.get("cursor") else "clients.html"
    return page(request, template, title=N_("Clients"), found=found, q=q, sort=sort)


async def show(request: web.Request) -> web.Response:
    """One card."""
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, _id(request))
    if client is None:
        raise web.HTTPNotFound(text="There is no such client.")
    return await _card(request, client, client, saved="saved" in request.query)


async def _card(
    request: web.Request,
    client: ClientCard,
    draft: ClientCard | ClientDraft,
    *,
    status: int = 200,
    error: str = "",
    saved: bool = False,
) -> web.Response:
    """The card's page. draft: what stands in the form, which after a refused save is not what is in the base."""
    person = person_of(request)
    own = person.id if scope(person, "calls.read") == "own" else None
    async with services_of(request).db.read() as conn:
        last = await calls.journal(conn, client_id=client.id, user_id=own, limit=20)
    return page(
        request,
        "client.html",
        status=status,
        title=client.name,
        client=client,
        draft=draft,
        theirs=client if draft is not client else None,
        last=last.rows,
        kinds=KINDS,
        people=await _people(request),
        error=error,
        saved=saved,
        may_write=may(person, "clients.write"),
    )


async def _people(request: web.Request) -> list[tuple[int, str]]:
    """Who may be a client's manager."""
    async with services_of(request).db.read() as conn:
        return [(user.id, user.name) for user in await users.every(conn) if user.blocked_at is None]


async def show_new(request: web.Request) -> web.Response:
    """The form of a new client, a number or a name filled in where one is given."""
    number, name = (request.query.get(key, "")[:80] for key in ("number", "name"))
    draft = ClientDraft(name=name, phones=(Phone(typed=number),) if number else ())
    return await _new(request, draft)


async def _new(request: web.Request, draft: ClientDraft, *, status: int = 200, error: str = "") -> web.Response:
    values = {"draft": draft, "kinds": KINDS, "people": await _people(request), "error": error}
    return page(request, "client_new.html", status=status, title=N_("New client"), **values)


async def create(request: web.Request) -> web.StreamResponse:
    """Save a new client and open its card."""
    draft = await _draft(request)
    try:
        made = await services_of(request).client_base.create(person_of(request), draft)
    except Refused as error:
        told = translate(request, REFUSALS.get(error.code, str(error)))
        return await _new(request, draft, status=409, error=told)
    raise web.HTTPSeeOther(f"/clients/{made}?saved")


async def change(request: web.Request) -> web.StreamResponse:
    """Save the card, if nobody changed it meanwhile; else show both: what is in the base and what was written."""
    client_id, draft = _id(request), await _draft(request)
    version = str((await request.post()).get("version", ""))[:12]
    services = services_of(request)
    try:
        number = int(version) if version.isascii() and version.isdigit() else 0
        await services.client_base.change(person_of(request), client_id, draft, number)
    except Refused as error:
        async with services.db.read() as conn:
            client = await clients.get(conn, client_id)
        if client is None:
            raise web.HTTPNotFound(text="There is no such client.") from None
        told = translate(request, REFUSALS.get(error.code, str(error)))
        return await _card(request, client, draft, status=409, error=told)
    raise web.HTTPSeeOther(f"/clients/{client_id}?saved")


async def _draft(request: web.Request) -> ClientDraft:
    form = await request.post()

    def text(name: str, limit: int) -> str:
        return str(form.get(name, "")).strip()[:limit]

    typed = [str(v).strip()[:80] for v in form.getall("phone", [])][:MOST_PHONES]
    labels = [str(v).strip()[:40] for v in form.getall("label", [])]
    shared = {str(v) for v in form.getall("shared", [])}
    phones = tuple(
        Phone(typed=number, label=labels[place] if place < len(labels) else "", shared=str(place) in shared)
        for place, number in enumerate(typed)
        if number
    )
    emails = tuple(mail for v in form.getall("email", []) if (mail := str(v).strip()[:254]))
    kind = text("kind", 16)
    responsible = text("responsible_id", 12)
    return ClientDraft(
        name=text("name", 200),
        full_name=text("full_name", 400),
        note=text("note", 20_000),
        kind=kind if kind in KINDS else "company",
        phones=phones,
        emails=emails[:50],
        responsible_id=int(responsible) if responsible.isascii() and responsible.isdigit() else None,
    )


def _id(request: web.Request) -> int:
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise web.HTTPNotFound(text="There is no such client.")
    return int(text)


ROUTES = (
    Route("GET", "/clients", show_list, "clients.read"),
    Route("GET", "/clients/new", show_new, "clients.write"),
    Route("POST", "/clients", create, "clients.write"),
    Route("GET", "/clients/{id}", show, "clients.read"),
    Route("POST", "/clients/{id}", change, "clients.write"),
)
