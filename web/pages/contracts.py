"""Contracts: each has a page of its own, with its files; and the files of clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web
from multidict import MultiDictProxy

from cti.clients.card import ClientCard
from cti.clients.changes import Conflict
from cti.clients.contracts import CURRENCIES, PLAIN, Contract, ContractDraft, days_left, read_amount
from cti.errors import Conflicts, Refused
from cti.features.client_files import MOST_BYTES, Brought
from cti.storage import cards, changes, client_files, contracts, directories, users
from cti.storage.client_files import FileRow
from web.api.base import place, reply
from web.auth import person_of
from web.pages.client_form import many_of, offered_people, version_of
from web.pages.client_history import told_with
from web.render import page
from web.routes import Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, told
from web.uploads import receive

PAST = 20  # changes of a contract that its page shows


async def show_new(request: web.Request) -> web.Response:
    """The form of a new contract with a client."""
    return await _form(request, ContractDraft(number=""), await _client(request))


async def add(request: web.Request) -> web.StreamResponse:
    """Save a new contract and open its page."""
    client, form = await _client(request), await request.post()
    draft = _read(form)
    try:
        draft = _with_amount(draft, form)
        made = await services_of(request).contracts.add(person_of(request), client.id, draft)
    except Refused as error:
        return await _form(request, draft, client, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/contracts/{made}?saved")


async def show(request: web.Request) -> web.Response:
    """One contract."""
    contract = await _contract(request)
    return await _form(request, contract, contract=contract, saved="saved" in request.query)


async def change(request: web.Request) -> web.StreamResponse:
    """Save a contract; where others changed the same fields meanwhile, show both."""
    before = await _contract(request)
    form = await request.post()
    by_itself = request.headers.get("Accept") == "application/json"
    draft = _read(form)
    try:
        draft = _with_amount(draft, form)
        taken = {name: getattr(before, name) for name in PLAIN if name in form.getall("theirs", [])}
        draft = replace(draft, **taken)
        saved = await services_of(request).contracts.change(person_of(request), before.id, draft, version_of(form))
    except Refused as error:
        if by_itself:
            raise
        met = error.conflicts if isinstance(error, Conflicts) else ()
        if isinstance(error, Conflicts) and error.fields is not None:
            draft = ContractDraft(**error.fields)
        now = await _contract(request)
        return await _form(request, draft, contract=now, status=409, error=told(request, error), conflicts=met)
    if by_itself:
        now = await _contract(request)
        fresh = await _form(request, now, contract=now)
        showed(request)  # it is what he looks at already
        return reply({"version": saved.version, "batch": None, "others": saved.others, "page": fresh.text})
    raise web.HTTPSeeOther(f"/contracts/{before.id}?saved")


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete a contract with its files."""
    contract, services, person = await _contract(request), services_of(request), person_of(request)
    async with services.db.read() as conn:
        mine = await client_files.of_contract(conn, contract.id)
    for one in mine:
        await services.files.remove(person, one.id)
    client_id = await services.contracts.remove(person, contract.id)
    raise web.HTTPSeeOther(f"/clients/{client_id}?saved&tab=contracts")


async def bring_to_client(request: web.Request) -> web.Response:
    """A file of a client: the body is the file, its name comes in X-File-Name."""
    return await _bring(request, (await _client(request)).id, None)


async def bring_to_contract(request: web.Request) -> web.Response:
    """A file of a contract."""
    contract = await _contract(request)
    return await _bring(request, contract.client_id, contract.id)


async def _bring(request: web.Request, client_id: int, contract_id: int | None) -> web.Response:
    files = services_of(request).files
    path = await files.place()
    got = await receive(request, path, most=MOST_BYTES)
    brought = Brought(path=path, name=got.name, size=got.size, sha256=got.sha256)
    return reply({"id": await files.keep(person_of(request), client_id, brought, contract_id)}, 201)


async def give(request: web.Request) -> web.StreamResponse:
    """A file, to be saved; never shown by the browser as a page of ours."""
    row = await _file(request)
    path = services_of(request).files.path_of(row)
    if not path.is_file():
        raise web.HTTPNotFound(text="The file is not in the folder of files: put it back from a backup.")
    showed(request, [row.client_id], thing=f"file:{row.id}")
    headers = {
        "Content-Type": row.media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(path, headers=headers)


async def remove_file(request: web.Request) -> web.StreamResponse:
    """Delete a file."""
    row = await services_of(request).files.remove(person_of(request), (await _file(request)).id)
    raise web.HTTPSeeOther(
        f"/contracts/{row.contract_id}?saved" if row.contract_id else f"/clients/{row.client_id}?saved&tab=contracts"
    )


async def _form(
    request: web.Request,
    draft: ContractDraft,
    client: ClientCard | None = None,
    *,
    contract: Contract | None = None,
    status: int = 200,
    error: str = "",
    saved: bool = False,
    conflicts: Sequence[Conflict] = (),
) -> web.Response:
    draft = sight_of(request).see(draft)
    services = services_of(request)
    async with services.db.read() as conn:
        items = await directories.every(conn, retired=True)
        everybody = await users.every(conn)
        past = []
        if contract:
            past = await changes.of_belonging(conn, contract.client_id, f"contract:{contract.id}", limit=PAST)
        files = await client_files.of_contract(conn, contract.id) if contract else []
    today = datetime.fromtimestamp(services.clock(), services.zone).date()
    whose = contract.client_id if contract else client.id if client else 0
    showed(request, [whose], thing=f"contract:{contract.id}" if contract else "")
    states = [x for x in items if x.directory == "contract-state" and (not x.retired or x.id == draft.state_id)]
    values: dict[str, Any] = {
        "draft": draft,
        "contract": contract,
        "client_id": whose,
        "client_name": contract.client_name if contract else client.name if client else "",
        "states": states,
        "people": offered_people(everybody, draft.manager_id),
        "files": files,
        "currencies": CURRENCIES,
        "left": days_left(contract, today) if contract else None,
        "error": error,
        "typed_amount": str((await request.post()).get("amount", ""))[:40] if error else "",
        "saved": saved,
        "conflicts": conflicts,
        "past": past,
    }
    offered = {
        "all_properties": (),
        "item_names": {item.id: item.name for item in items},
        "everybody": {user.id: user.name for user in everybody},
    }
    values |= told_with(request, offered, {})
    title = contract.number if contract else N_("New contract")
    return page(request, "contract.html", status=status, title=title, **values)


def _read(form: MultiDictProxy[Any]) -> ContractDraft:
    """The contract that the form describes, but for its sum."""

    def text(name: str, limit: int) -> str:
        return next(iter(many_of(form, name, limit)), "")

    def chosen(name: str) -> int | None:
        given = text(name, 12)
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None

    return ContractDraft(
        number=text("number", 80),
        signed_on=text("signed_on", 10) or None,
        begins_on=text("begins_on", 10) or None,
        ends_on=text("ends_on", 10) or None,
        state_id=chosen("state_id"),
        currency=text("currency", 3) or "RUB",
        manager_id=chosen("manager_id"),
        note=text("note", 20_000),
    )


def _with_amount(draft: ContractDraft, form: MultiDictProxy[Any]) -> ContractDraft:
    """With the sum. Raises Refused for one that cannot be read."""
    try:
        return replace(draft, amount=read_amount(str(form.get("amount", ""))[:40]))
    except ValueError:
        raise Refused("bad-amount", "The sum is a number like 1 250 000,50.") from None


async def _client(request: web.Request) -> ClientCard:
    async with services_of(request).db.read() as conn:
        client = await cards.get(conn, place(request))
    if client is None:
        raise web.HTTPNotFound(text="There is no such client.")
    return client


async def _contract(request: web.Request) -> Contract:
    async with services_of(request).db.read() as conn:
        contract = await contracts.get(conn, place(request))
    if contract is None:
        raise web.HTTPNotFound(text="There is no such contract.")
    return contract


async def _file(request: web.Request) -> FileRow:
    async with services_of(request).db.read() as conn:
        row = await client_files.get(conn, place(request))
    if row is None:
        raise web.HTTPNotFound(text="There is no such file.")
    return row


ROUTES = (
    Route("GET", "/clients/{id}/contracts/new", show_new, "clients.write", "client"),
    Route("POST", "/clients/{id}/contracts", add, "clients.write", "client"),
    Route("POST", "/clients/{id}/files", bring_to_client, "clients.write", "nothing"),
    Route("GET", "/contracts/{id}", show, "clients.read", "client"),
    Route("POST", "/contracts/{id}", change, "clients.write", "client"),
    Route("POST", "/contracts/{id}/delete", remove, "clients.write", "nothing"),
    Route("POST", "/contracts/{id}/files", bring_to_contract, "clients.write", "nothing"),
    Route("GET", "/files/{id}", give, "clients.read", "client"),
    Route("POST", "/files/{id}/delete", remove_file, "clients.write", "nothing"),
)
