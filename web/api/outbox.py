"""/api/v1: letters that are written: drafts, their files, sending, taking back, and what waits for a person."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import scope
from cti.features.outbox import Draft, Writing
from cti.features.outbox_files import MOST_BYTES, PICTURES
from cti.messages.plain_part import plain_part
from cti.storage import mailboxes, outbox
from cti.storage.outbox import OutFile, OutLetter
from web.api import records as r
from web.api.base import Header, Operation, body_of, place, query_of, reply
from web.auth import person_of
from web.services import services_of
from web.shown import showed
from web.uploads import receive

Version = Annotated[int, Meta(ge=1, le=2**31 - 1, description="The version that was read")]
Address = Annotated[str, Meta(max_length=254)]
Html = Annotated[str, Meta(max_length=200_000)]
Kind = Literal["new", "reply", "all", "forward"]
Role = Literal["to", "cc", "bcc"]
States = Literal["", "draft", "waiting", "sending", "sent", "unknown", "failed", "held", "canceled"]
FILE_NAME = Header(name="X-File-Name", text="The file's name, as encodeURIComponent writes it")


class WritingIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """key: made by the client; the same one again is the same letter. mailbox_id: null: where the answered
    letter lies. answers_id: the letter it answers or passes on.

    client_id, contact_id: to whom, where it answers none. call_id: the missed call that it closes once it is sent.
    """

    key: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{8,64}$")]
    mailbox_id: r.Id | None = None
    kind: Kind = "new"
    answers_id: r.Id | None = None
    client_id: r.Id | None = None
    contact_id: r.Id | None = None
    call_id: Annotated[str, Meta(max_length=80)] = ""


class PersonOf(Struct, forbid_unknown_fields=True, kw_only=True):
    role: Role
    name: Annotated[str, Meta(max_length=200)] = ""
    address: Address


class DraftIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """html: as the editor has it; a picture of the text is `<img src="/api/v1/outbox/files/ID">`, its file inline."""

    mailbox_id: r.Id
    people: Annotated[list[PersonOf], Meta(max_length=100)] = []
    subject: Annotated[str, Meta(max_length=400)] = ""
    html: Html = ""
    client_id: r.Id | None = None
    contact_id: r.Id | None = None
    version: Version


class SendIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """at: not before then; null: ten seconds from now, until which it can be taken back."""

    version: Version
    at: r.Moment | None = None


class Decided(Struct, forbid_unknown_fields=True):
    """send: once more; false: never."""

    send: bool


class TemplateOf(Struct, forbid_unknown_fields=True, kw_only=True):
    template_id: r.Id
    version: Version


class FileOf(Struct, forbid_unknown_fields=True, kw_only=True):
    """file_id: of the client's files (`GET /clients/{id}/files`) or of the library (`GET /library`)."""

    source: Literal["client", "library"]
    file_id: r.Id


class FileQuery(Struct, forbid_unknown_fields=True):
    inline: Literal["", "1"] = ""


class OutboxQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    """state: one of them; left out: all that is not over."""

    state: States = ""
    client_id: r.Id | None = None
    limit: r.Limit = 100


class Saved(Struct):
    version: int


class Goes(Struct):
    """at: when it goes, UNIX seconds; taken back until then."""

    at: float


class UsedTemplate(Struct):
    """missing: fields without a value, which stand in the text as they are."""

    missing: list[str]


class OutFileOut(Struct, kw_only=True):
    """`GET /outbox/files/{id}` gives it. inline: a picture of the text."""

    id: int
    name: str
    media_type: str
    size: int
    inline: bool


class Warned(Struct, kw_only=True):
    """An address that a letter came back from. lasting: it will again; why: the mail server's words."""

    address: str
    lasting: bool
    why: str
    at: float


class OutLetterOut(Struct, kw_only=True):
    """quoted: what stands under the answer, in words. left: addresses it has still to reach. why: code of why it waits.

    said: the mail server's words. mine: one may change it while it is a draft. letter_id: what it became.
    """

    id: int
    mailbox_id: int | None
    state: str
    kind: str
    answers_id: int | None
    conversation_id: int | None
    client_id: int | None
    contact_id: int | None
    call_id: str
    mine: bool
    user: str
    rule_id: int | None
    people: list[PersonOf]
    subject: str
    html: str
    quoted: str
    send_at: float | None
    tries: int
    next_at: float | None
    left: list[str]
    why: str
    said: str
    letter_id: int | None
    version: int
    changed_at: float
    sent_at: float | None
    files: list[OutFileOut]
    warnings: list[Warned]
    missing: list[str]


_SAME = (
    "id", "mailbox_id", "state", "kind", "answers_id", "conversation_id", "client_id", "contact_id", "call_id", "user",
    "rule_id", "subject", "html", "send_at", "tries", "next_at", "why", "said", "letter_id", "version", "changed_at",
    "sent_at",
)  # fmt: skip


def _out(request: web.Request, one: OutLetter, warnings: list[Warned], missing: tuple[str, ...]) -> OutLetterOut:
    return OutLetterOut(
        **{name: getattr(one, name) for name in _SAME},
        mine=one.user_id == person_of(request).id,
        people=[PersonOf(role=role, name=name, address=address) for role, name, address in one.people],  # type: ignore[arg-type]
        quoted=plain_part(one.quoted) if one.quoted else "",
        left=list(one.left),
        files=[_file(file) for file in one.files],
        warnings=warnings,
        missing=list(missing),
    )


def _file(one: OutFile) -> OutFileOut:
    return OutFileOut(id=one.id, name=one.name, media_type=one.media_type, size=one.size, inline=bool(one.content_id))


async def _mailbox_ids(request: web.Request) -> list[int]:
    """Mailboxes from which whoever asks writes."""
    person = person_of(request)
    async with services_of(request).db.read() as conn:
        his = await mailboxes.of_person(conn, person.id, every_shared=scope(person, "mail") == "all")
    return [one.id for one in his]


async def _seen(request: web.Request, letter_id: int) -> OutLetter:
    """A letter of one's own, or of a mailbox of one's own; of a colleague's draft nobody else knows."""
    async with services_of(request).db.read() as conn:
        found = await outbox.get(conn, letter_id)
    own = found is not None and found.user_id == person_of(request).id
    if found is None or not (own or (found.is_of_all and found.mailbox_id in await _mailbox_ids(request))):
        raise web.HTTPNotFound(text="There is no such letter.")
    return found


async def list_letters(request: web.Request) -> web.Response:
    """What one writes, and what waits for a person in one's mailboxes."""
    query = query_of(request, OutboxQuery)
    async with services_of(request).db.read() as conn:
        found = await outbox.listed(
            conn,
            user_id=person_of(request).id,
            mailbox_ids=await _mailbox_ids(request),
            states=[query.state] if query.state else outbox.OPEN,
            client_id=query.client_id,
            limit=query.limit,
        )
    showed(request, (one.client_id for one in found), count=len(found), thing="outbox")
    return reply([_out(request, one, [], ()) for one in found])


async def begin(request: web.Request) -> web.Response:
    """Begin a letter."""
    body = await body_of(request, WritingIn)
    writing = Writing(**{name: getattr(body, name) for name in WritingIn.__struct_fields__})
    return reply(r.Made(id=await services_of(request).outbox.write(person_of(request), writing)), 201)


async def show(request: web.Request) -> web.Response:
    """One letter, with what is to be known before it is sent."""
    await services_of(request).mail_drafts.opened(person_of(request), place(request))
    found = await _seen(request, place(request))
    known, missing = await services_of(request).outbox.warnings(found)
    warned = [Warned(address=one.folded, lasting=one.lasting, why=one.why, at=one.at) for one in known]
    showed(request, [found.client_id], count=len(found.people), thing="" if found.client_id else "outbox")
    return reply(_out(request, found, warned, missing))


async def save(request: web.Request) -> web.Response:
    """Keep a draft as it is typed."""
    body = await body_of(request, DraftIn)
    draft = Draft(
        mailbox_id=body.mailbox_id,
        people=tuple((one.role, one.name, one.address) for one in body.people),
        subject=body.subject,
        html=body.html,
        client_id=body.client_id,
        contact_id=body.contact_id,
    )
    made = await services_of(request).outbox.save(person_of(request), place(request), draft, body.version)
    return reply(Saved(version=made))


async def discard(request: web.Request) -> web.Response:
    """Throw a draft away."""
    await services_of(request).outbox.discard(person_of(request), place(request))
    return reply(r.Ok())


async def send(request: web.Request) -> web.Response:
    """Give a draft to the queue."""
    body = await body_of(request, SendIn)
    return reply(
        Goes(at=await services_of(request).outbox.send(person_of(request), place(request), body.version, body.at))
    )


async def undo(request: web.Request) -> web.Response:
    """Take a letter back that has not left."""
    return reply(Saved(version=await services_of(request).outbox.undo(person_of(request), place(request))))


async def decide(request: web.Request) -> web.Response:
    """A person says what becomes of a letter that failed, is held, or is not known to have gone."""
    body, mine, person = await body_of(request, Decided), services_of(request).outbox, person_of(request)
    await (mine.again if body.send else mine.put_aside)(person, place(request))
    return reply(r.Ok())


async def use_template(request: web.Request) -> web.Response:
    """Put a template with its files into a draft."""
    body = await body_of(request, TemplateOf)
    missing = await services_of(request).outbox.use_template(
        person_of(request), place(request), body.template_id, body.version
    )
    return reply(UsedTemplate(missing=list(missing)))


async def bring(request: web.Request) -> web.Response:
    """A file from the writer's machine."""
    services, inline = services_of(request), query_of(request, FileQuery).inline == "1"
    path = await services.letter_store.place()
    got = await receive(request, path, most=MOST_BYTES)
    made = await services.outbox_files.bring(
        person_of(request), place(request), path, got.name, got.size, got.sha256, inline=inline
    )
    return reply(r.Made(id=made), 201)


async def attach(request: web.Request) -> web.Response:
    """A file of the client, or of the library."""
    body, files, person = await body_of(request, FileOf), services_of(request).outbox_files, person_of(request)
    take = files.from_client if body.source == "client" else files.from_library
    return reply(r.Made(id=await take(person, place(request), body.file_id)), 201)


async def drop_file(request: web.Request) -> web.Response:
    """Take a file off a draft."""
    await services_of(request).outbox_files.drop(person_of(request), place(request), place(request, "file"))
    return reply(r.Ok())


async def give_file(request: web.Request) -> web.StreamResponse:
    """A file of a letter that is written: saved by the browser, a picture of the text shown by it."""
    services = services_of(request)
    async with services.db.read() as conn:
        found = await outbox.file(conn, place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such file.")
    letter, (_, file) = await _seen(request, found[0]), found
    path = services.letter_store.path(file.sha256)
    if not path.is_file():
        raise web.HTTPNotFound(text="The file is not in the folder of files: put it back from a backup.")
    showed(request, [letter.client_id], count=1, thing="" if letter.client_id else "outbox")
    way = "inline" if file.content_id and file.media_type in PICTURES.values() else "attachment"
    return web.FileResponse(path, headers=file_headers(file.name, file.media_type, way))


def file_headers(name: str, media_type: str, way: str = "attachment") -> dict[str, str]:
    """Of a file that came from somewhere: never a page of ours."""
    return {
        "Content-Type": media_type if way == "inline" else "application/octet-stream",
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def _operation(method: str, path: str, handler: Any, text: str, gives: Any, **more: Any) -> Operation:
    more.setdefault("shows", "nothing")
    more.setdefault("status", 201 if gives is r.Made else 200)
    more.setdefault("refusals", (404, 409) if "{id}" in path else (409,))
    return Operation(method=method, path=path, handler=handler, who="mail", text=text, gives=gives, **more)


OPERATIONS = (
    _operation(
        "GET", "/outbox", list_letters, "Letters one writes, and what waits for a person in one's mailboxes; no texts",
        list[OutLetterOut], shows="clients", query=OutboxQuery,
    ),
    _operation("POST", "/outbox", begin, "Begin a letter: new, an answer, passed on", r.Made, body=WritingIn),
    _operation("GET", "/outbox/{id}", show, "One letter, with what is to be known before it goes", OutLetterOut,
               shows="client"),
    _operation("PUT", "/outbox/{id}", save, "Keep a draft as it is typed", Saved, body=DraftIn),
    _operation("DELETE", "/outbox/{id}", discard, "Throw a draft away", r.Ok),
    _operation("POST", "/outbox/{id}/send", send, "Send it: in ten seconds, or later", Goes, body=SendIn),
    _operation("POST", "/outbox/{id}/undo", undo, "Take a letter back that has not left", Saved),
    _operation("POST", "/outbox/{id}/decision", decide, "What becomes of one that failed, is held, may not have gone",
               r.Ok, body=Decided),
    _operation("POST", "/outbox/{id}/template", use_template, "Put a template with its files into a draft",
               UsedTemplate, body=TemplateOf),
    _operation("POST", "/outbox/{id}/files", bring, "A file from the writer's machine", r.Made, query=FileQuery,
               takes_file=True, headers=(FILE_NAME,)),
    _operation("POST", "/outbox/{id}/attach", attach, "A file of the client or of the library", r.Made, body=FileOf),
    _operation("DELETE", "/outbox/{id}/files/{file}", drop_file, "Take a file off a draft", r.Ok),
    _operation("GET", "/outbox/files/{id}", give_file, "A file of a letter that is written", bytes, shows="client",
               gives_file=True),
)  # fmt: skip
