"""/api/v1: contact persons, contracts, files and the history of clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import scope
from cti.clients.card import Phone
from cti.clients.contacts import Contact, ContactDraft
from cti.clients.contracts import Contract, ContractDraft
from cti.storage import client_files, clients, contacts, contracts, history
from web.api import records as r
from web.api.base import Operation, body_of, place, query_of, reply
from web.api.client_records import Emails, Labels, Name, PhoneIn, Phones
from web.api.conversations import LetterOut, letter_out
from web.api.sms import SmsOut, sms_out
from web.api.tasks import TaskOut, task_out
from web.auth import person_of
from web.services import services_of
from web.shown import showed

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
Roles = Annotated[
    dict[Annotated[str, Meta(pattern="^[1-9][0-9]{0,8}$")], r.Id | None],
    Meta(max_length=50, description="Client's id -> his role there, an entry of the directory, or null"),
]


class ContactIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """roles: clients whose contact person he is; left out: as before, of a new one the client in the path."""

    name: Name
    note: r.Text = ""
    phones: Phones = []
    emails: Emails = []
    email_labels: Labels = {}
    roles: Roles | None = None
    version: Annotated[int, Meta(ge=0, le=2**31 - 1, description="The version that was read; 0 for a new one")] = 0

    def draft(self, roles: Mapping[int, int | None]) -> ContactDraft:
        """roles: what stands where the body says nothing of them."""
        said = {int(client): role for client, role in self.roles.items()} if self.roles is not None else roles
        phones = tuple(
            Phone(typed=one.typed, extension=one.extension, label=one.label, shared=one.shared) for one in self.phones
        )
        return ContactDraft(
            name=self.name,
            note=self.note,
            phones=phones,
            emails=tuple(self.emails),
            email_labels=self.email_labels,
            roles=said,
        )


class ContactOut(Struct, kw_only=True):
    id: int
    name: str
    note: str
    phones: list[PhoneIn]
    emails: list[str]
    email_labels: dict[str, str]
    roles: dict[str, int | None]
    version: int


class ContractIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """amount: hundredths of the currency."""

    number: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
    signed_on: Day | None = None
    begins_on: Day | None = None
    ends_on: Day | None = None
    state_id: r.Id | None = None
    amount: Annotated[int, Meta(ge=0, le=10**16)] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "RUB"
    manager_id: r.Id | None = None
    note: r.Text = ""
    version: Annotated[int, Meta(ge=0, le=2**31 - 1, description="The version that was read; 0 for a new one")] = 0

    def draft(self) -> ContractDraft:
        return ContractDraft(**{name: getattr(self, name) for name in self.__struct_fields__ if name != "version"})


class ContractOut(Struct, kw_only=True):
    id: int
    client_id: int
    number: str
    signed_on: str | None
    begins_on: str | None
    ends_on: str | None
    state_id: int | None
    amount: int | None
    currency: str
    manager_id: int | None
    note: str
    version: int


class FileOut(Struct, kw_only=True):
    """A file: `GET /files/{id}` gives it. contract_id: null for a file of the client."""

    id: int
    contract_id: int | None
    name: str
    size: int
    sha256: str
    created_at: float


class HistoryQuery(Struct, forbid_unknown_fields=True):
    kind: Literal["", "call", "sms", "letter", "note", "task", "change"] = ""
    limit: r.Limit = 50
    cursor: r.Cursor = ""


class ChangeOut(Struct):
    field: str
    was: Any
    became: Any
    by: str | None


class NoteOut(Struct):
    id: int
    text: str
    by: str
    changed_at: float | None


class EntryOut(Struct):
    """call: id of a call; changed: what somebody changed at once."""

    at: float
    call: str | None
    letter: LetterOut | None
    sms: SmsOut | None
    note: NoteOut | None
    task: TaskOut | None
    changed: list[ChangeOut]


class HistoryOut(Struct):
    rows: list[EntryOut]
    next_cursor: str | None


def _contact(one: Contact) -> ContactOut:
    return ContactOut(
        id=one.id,
        name=one.name,
        note=one.note,
        phones=[PhoneIn(typed=p.typed, extension=p.extension, label=p.label, shared=p.shared) for p in one.phones],
        emails=list(one.emails),
        email_labels=dict(one.email_labels),
        roles={str(own.client_id): own.role_id for own in one.belongs},
        version=one.version,
    )


def _contract(one: Contract) -> ContractOut:
    return ContractOut(**{name: getattr(one, name) for name in ContractOut.__struct_fields__})


async def _client(request: web.Request) -> int:
    """The client of the path, of whom the answer tells."""
    client_id = place(request)
    async with services_of(request).db.read() as conn:
        if await clients.get(conn, client_id) is None:
            raise web.HTTPNotFound(text="There is no such client.")
    showed(request, [client_id])
    return client_id


async def list_contacts(request: web.Request) -> web.Response:
    """Contact persons of a client."""
    client_id = await _client(request)
    async with services_of(request).db.read() as conn:
        return reply([_contact(one) for one in await contacts.of_client(conn, client_id)])


async def add_contact(request: web.Request) -> web.Response:
    """A new contact person of a client."""
    client_id, body = await _client(request), await body_of(request, ContactIn)
    made = await services_of(request).contacts.add(person_of(request), body.draft({client_id: None}))
    return reply(r.Made(id=made), 201)


async def change_contact(request: web.Request) -> web.Response:
    """Save a contact person, on the version that was read."""
    body, services = await body_of(request, ContactIn), services_of(request)
    async with services.db.read() as conn:
        before = await contacts.get(conn, place(request))
    if before is None:
        raise web.HTTPNotFound(text="There is no such contact person.")
    had = {one.client_id: one.role_id for one in before.belongs}
    await services.contacts.change(person_of(request), before.id, body.draft(had), body.version)
    return reply(r.Ok())


async def drop_contact(request: web.Request) -> web.Response:
    """Delete a contact person."""
    await services_of(request).contacts.remove(person_of(request), place(request))
    return reply(r.Ok())


async def show_contact(request: web.Request) -> web.Response:
    """One contact person."""
    async with services_of(request).db.read() as conn:
        found = await contacts.get(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such contact person.")
    showed(request, [one.client_id for one in found.belongs], thing=f"contact:{found.id}")
    return reply(_contact(found))


async def show_contract(request: web.Request) -> web.Response:
    """One contract."""
    async with services_of(request).db.read() as conn:
        found = await contracts.get(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such contract.")
    showed(request, [found.client_id], thing=f"contract:{found.id}")
    return reply(_contract(found))


async def drop_contract(request: web.Request) -> web.Response:
    """Delete a contract with its files."""
    services, person, contract_id = services_of(request), person_of(request), place(request)
    async with services.db.read() as conn:
        mine = await client_files.of_contract(conn, contract_id)
    for one in mine:
        await services.files.remove(person, one.id)
    await services.contracts.remove(person, contract_id)
    return reply(r.Ok())


async def list_contracts(request: web.Request) -> web.Response:
    """Contracts with a client."""
    client_id = await _client(request)
    async with services_of(request).db.read() as conn:
        return reply([_contract(one) for one in await contracts.of_client(conn, client_id)])


async def add_contract(request: web.Request) -> web.Response:
    """A new contract with a client."""
    client_id, body = await _client(request), await body_of(request, ContractIn)
    made = await services_of(request).contracts.add(person_of(request), client_id, body.draft())
    return reply(r.Made(id=made), 201)


async def change_contract(request: web.Request) -> web.Response:
    """Save a contract, on the version that was read."""
    body = await body_of(request, ContractIn)
    await services_of(request).contracts.change(person_of(request), place(request), body.draft(), body.version)
    return reply(r.Ok())


async def list_files(request: web.Request) -> web.Response:
    """Files of a client and of his contracts."""
    client_id = await _client(request)
    async with services_of(request).db.read() as conn:
        rows = await client_files.of_client(conn, client_id)
    names = FileOut.__struct_fields__
    return reply([FileOut(**{name: getattr(one, name) for name in names}) for one in rows])


async def show_history(request: web.Request) -> web.Response:
    """A page of what happened with a client, newest first."""
    client_id, query, person = await _client(request), query_of(request, HistoryQuery), person_of(request)
    async with services_of(request).db.read() as conn:
        page = await history.of_client(
            conn,
            client_id,
            kinds=[query.kind] if query.kind else history.KINDS,
            user_id=person.id if scope(person, "calls.read") == "own" else None,
            reader=person,
            limit=query.limit,
            cursor=query.cursor or None,
        )
    rows = [
        EntryOut(
            at=one.at,
            call=one.call.id if one.call else None,
            letter=letter_out(request, one.letter) if one.letter else None,
            sms=sms_out(one.sms) if one.sms else None,
            note=NoteOut(n.id, n.text, n.user_name, n.changed_at) if (n := one.note) else None,
            task=task_out(one.task) if one.task else None,
            changed=[ChangeOut(c.field, c.was, c.became, c.user_name or None) for c in one.changed],
        )
        for one in page.rows
    ]
    return reply(HistoryOut(rows=rows, next_cursor=page.next_cursor))


def _operation(method: str, path: str, handler: Any, text: str, gives: Any, **more: Any) -> Operation:
    """What is read shows the client; what is written answers with an id."""
    who: Any = "clients.read" if method == "GET" else "clients.write"
    status, refusals = (201 if gives is r.Made else 200), (404,) if method == "GET" else (404, 409)
    return Operation(
        method=method,
        path=path,
        handler=handler,
        who=who,
        shows="client" if method == "GET" else "nothing",
        text=text,
        gives=gives,
        status=status,
        refusals=refusals,
        **more,
    )


OPERATIONS = (
    _operation("GET", "/clients/{id}/contacts", list_contacts, "Contact persons of a client", list[ContactOut]),
    _operation("POST", "/clients/{id}/contacts", add_contact, "A new contact person", r.Made, body=ContactIn),
    _operation("GET", "/contacts/{id}", show_contact, "One contact person", ContactOut),
    _operation("PUT", "/contacts/{id}", change_contact, "Save a contact person", r.Ok, body=ContactIn),
    _operation("DELETE", "/contacts/{id}", drop_contact, "Delete a contact person", r.Ok),
    _operation("GET", "/clients/{id}/contracts", list_contracts, "Contracts with a client", list[ContractOut]),
    _operation("POST", "/clients/{id}/contracts", add_contract, "A new contract", r.Made, body=ContractIn),
    _operation("GET", "/contracts/{id}", show_contract, "One contract", ContractOut),
    _operation("DELETE", "/contracts/{id}", drop_contract, "Delete a contract with its files", r.Ok),
    _operation("PUT", "/contracts/{id}", change_contract, "Save a contract", r.Ok, body=ContractIn),
    _operation("GET", "/clients/{id}/files", list_files, "Files of a client and his contracts", list[FileOut]),
    _operation(
        "GET",
        "/clients/{id}/history",
        show_history,
        "Calls, notes, tasks and changes of a client",
        HistoryOut,
        query=HistoryQuery,
    ),
)
