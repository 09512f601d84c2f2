"""/api/v1: templates of letters and SMS, and the library of files that they take."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.features.outbox_files import MOST_BYTES
from cti.features.templates import TemplateDraft
from cti.storage import clients, templates
from cti.storage.templates import LibraryFile, Template
from web.api import records as r
from web.api.base import Operation, body_of, place, query_of, reply
from web.api.outbox import FILE_NAME, file_headers
from web.auth import person_of
from web.services import services_of
from web.shown import showed
from web.uploads import receive

Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
Body = Annotated[str, Meta(max_length=100_000)]


class TemplateIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """body: HTML of a letter, plain text of an SMS; `{{field}}` of `GET /templates/fields`. files: of the library."""

    name: Name
    channel: Literal["email", "sms"] = "email"
    language: Literal["ru", "en"] = "ru"
    subject: Annotated[str, Meta(max_length=400)] = ""
    body: Body
    files: Annotated[list[r.Id], Meta(max_length=20)] = []
    version: Annotated[int, Meta(ge=0, le=2**31 - 1, description="The version that was read; 0 for a new one")] = 0

    def draft(self) -> TemplateDraft:
        return TemplateDraft(
            name=self.name,
            channel=self.channel,
            language=self.language,
            subject=self.subject,
            body=self.body,
            files=tuple(self.files),
        )


class PreviewIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A template as it is being written, and the client whose data it is shown with."""

    client_id: r.Id
    contact_id: r.Id | None = None
    mailbox_id: r.Id | None = None
    channel: Literal["email", "sms"] = "email"
    language: Literal["ru", "en"] = "ru"
    subject: Annotated[str, Meta(max_length=400)] = ""
    body: Body = ""


class PreviewOut(Struct):
    """missing: fields without a value with this client; they stand in the text as they are."""

    subject: str
    body: str
    missing: list[str]


class FieldOut(Struct):
    """code: stands in the braces. name: of the property where it is one, else "": the screen names it."""

    code: str
    name: str


class LibraryFileOut(Struct, kw_only=True):
    id: int
    title: str
    name: str
    media_type: str
    size: int
    created_at: float
    retired: bool
    user: str


class TemplateOut(Struct, kw_only=True):
    id: int
    name: str
    channel: str
    language: str
    subject: str
    body: str
    version: int
    changed_at: float
    retired: bool
    files: list[LibraryFileOut]


class Titled(Struct, forbid_unknown_fields=True):
    title: Name


class Retired(Struct, forbid_unknown_fields=True):
    """retired: offered no more; what was made of it stays."""

    retired: bool


class ListQuery(Struct, forbid_unknown_fields=True):
    channel: Literal["", "email", "sms"] = ""
    retired: Literal["", "1"] = ""


class LibraryQuery(Struct, forbid_unknown_fields=True):
    retired: Literal["", "1"] = ""


class BringQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """title: as people call it. instead_of: the file there of which this is the newer one."""

    title: Annotated[str, Meta(max_length=120)] = ""
    instead_of: r.Id | None = None


def _file(one: LibraryFile) -> LibraryFileOut:
    plain = ("id", "title", "name", "media_type", "size", "created_at", "user")
    return LibraryFileOut(**{name: getattr(one, name) for name in plain}, retired=one.retired_at is not None)


def _template(one: Template) -> TemplateOut:
    plain = ("id", "name", "channel", "language", "subject", "body", "version", "changed_at")
    return TemplateOut(
        **{name: getattr(one, name) for name in plain},
        retired=one.retired_at is not None,
        files=[_file(file) for file in one.files],
    )


async def list_templates(request: web.Request) -> web.Response:
    """Templates by name."""
    query = query_of(request, ListQuery)
    async with services_of(request).db.read() as conn:
        found = await templates.every(conn, channel=query.channel, retired=query.retired == "1")
    return reply([_template(one) for one in found])


async def show(request: web.Request) -> web.Response:
    """One template."""
    async with services_of(request).db.read() as conn:
        found = await templates.get(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such template.")
    return reply(_template(found))


async def list_fields(request: web.Request) -> web.Response:
    """The closed list of fields."""
    return reply([FieldOut(code, name) for code, name in await services_of(request).templates.fields()])


async def add(request: web.Request) -> web.Response:
    """A new template."""
    body = await body_of(request, TemplateIn)
    return reply(r.Made(id=await services_of(request).templates.save(person_of(request), body.draft())), 201)


async def change(request: web.Request) -> web.Response:
    """All that is said of a template, on the version that was read."""
    body = await body_of(request, TemplateIn)
    await services_of(request).templates.save(person_of(request), body.draft(), place(request), body.version)
    return reply(r.Ok())


async def retire(request: web.Request) -> web.Response:
    """Offer a template no more, or again."""
    body = await body_of(request, Retired)
    await services_of(request).templates.retire(person_of(request), place(request), back=not body.retired)
    return reply(r.Ok())


async def preview(request: web.Request) -> web.Response:
    """How a template looks with a client."""
    body = await body_of(request, PreviewIn)
    async with services_of(request).db.read() as conn:
        if await clients.get(conn, body.client_id) is None:
            raise web.HTTPNotFound(text="There is no such client.")
    draft = TemplateDraft(name="", channel=body.channel, language=body.language, subject=body.subject, body=body.body)
    made = await services_of(request).templates.preview(
        person_of(request), draft, client_id=body.client_id, contact_id=body.contact_id, mailbox_id=body.mailbox_id
    )
    showed(request, [body.client_id])
    return reply(PreviewOut(made.subject, made.body, list(made.missing)))


async def list_files(request: web.Request) -> web.Response:
    """The library."""
    query = query_of(request, LibraryQuery)
    async with services_of(request).db.read() as conn:
        found = await templates.every_file(conn, retired=query.retired == "1")
    return reply([_file(one) for one in found])


async def bring(request: web.Request) -> web.Response:
    """A file for the library."""
    services, query = services_of(request), query_of(request, BringQuery)
    path = await services.letter_store.place()
    got = await receive(request, path, most=MOST_BYTES)
    made = await services.templates.bring(
        person_of(request), path, got.name, got.size, got.sha256, title=query.title, instead_of=query.instead_of
    )
    return reply(r.Made(id=made), 201)


async def entitle(request: web.Request) -> web.Response:
    """Another title of a file of the library."""
    body = await body_of(request, Titled)
    await services_of(request).templates.entitle(person_of(request), place(request), body.title)
    return reply(r.Ok())


async def retire_file(request: web.Request) -> web.Response:
    """Offer a file no more, or again."""
    body = await body_of(request, Retired)
    await services_of(request).templates.retire_file(person_of(request), place(request), back=not body.retired)
    return reply(r.Ok())


async def give_file(request: web.Request) -> web.StreamResponse:
    """A file of the library, to be saved."""
    services = services_of(request)
    async with services.db.read() as conn:
        found = await templates.file(conn, place(request))
    if found is None or not (path := services.letter_store.path(found.sha256)).is_file():
        raise web.HTTPNotFound(text="There is no such file.")
    return web.FileResponse(path, headers=file_headers(found.name, found.media_type))


def _operation(method: str, path: str, handler: Any, text: str, gives: Any, **more: Any) -> Operation:
    more.setdefault("shows", "nothing")
    more.setdefault("status", 201 if gives is r.Made else 200)
    more.setdefault("who", "mail" if method == "GET" else "templates.write")
    more.setdefault("refusals", (404, 409) if "{id}" in path else (409,))
    return Operation(method=method, path=path, handler=handler, text=text, gives=gives, **more)


OPERATIONS = (
    _operation("GET", "/templates", list_templates, "Templates by name", list[TemplateOut], query=ListQuery),
    _operation("POST", "/templates", add, "A new template", r.Made, body=TemplateIn),
    _operation("GET", "/templates/fields", list_fields, "Fields that a template may ask for", list[FieldOut]),
    _operation("POST", "/templates/preview", preview, "How a template looks with a client", PreviewOut,
               who="clients.read", shows="client", body=PreviewIn, refusals=(404, 409)),
    _operation("GET", "/templates/{id}", show, "One template", TemplateOut),
    _operation("PUT", "/templates/{id}", change, "Save a template", r.Ok, body=TemplateIn),
    _operation("PUT", "/templates/{id}/retired", retire, "Offer a template no more, or again", r.Ok, body=Retired),
    _operation("GET", "/library", list_files, "Files for letters: price lists, catalogues", list[LibraryFileOut],
               query=LibraryQuery),
    _operation("POST", "/library", bring, "A file for the library, or the newer one of a file there", r.Made,
               query=BringQuery, takes_file=True, headers=(FILE_NAME,)),
    _operation("GET", "/library/{id}/file", give_file, "A file of the library", bytes, gives_file=True),
    _operation("PUT", "/library/{id}", entitle, "Another title of a file", r.Ok, body=Titled),
    _operation("PUT", "/library/{id}/retired", retire_file, "Offer a file no more, or again", r.Ok, body=Retired),
)  # fmt: skip
