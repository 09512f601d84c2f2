"""/api/v1/conversations and /api/v1/messages: letters in lists and in order, and what people do with conversations."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.card import ClientDraft
from cti.features.conversations import AT_ONCE
from cti.features.letter_marks import Place
from cti.messages.assigning import Box
from cti.storage import conversation_lists, letter_reading, letter_search, mail_people
from cti.storage.conversation_lists import Listed
from cti.storage.desktop_events import Connection
from cti.storage.letter_reading import Read
from cti.storage.search import Page
from web.api.base import Operation, body_of, place, query_of, reply
from web.api.records import Made, Ok
from web.auth import person_of
from web.i18n import language_of
from web.mail_texts import CLIENT_WHYS, CONVERSATION_WHYS, OWNER_WHYS, tell
from web.services import services_of
from web.shown import showed

State = Literal["new", "work", "waiting", "done"]
Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Ids = Annotated[list[Id], Meta(min_length=1, max_length=AT_ONCE)]
PAGE = 50


class ConversationsQuery(Struct, forbid_unknown_fields=True):
    """Which conversations. mailbox: only of this one; state: `open` for all that are not done."""

    mailbox: Annotated[int, Meta(ge=0, le=2**31 - 1, description="0: of all one may see")] = 0
    folder: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    state: Literal["", "new", "work", "waiting", "done", "open"] = ""
    whose: Literal["all", "mine", "free"] = "all"
    q: Annotated[str, Meta(max_length=200, description="words of letters; then state and whose do not matter")] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = PAGE
    cursor: Annotated[str, Meta(max_length=400)] = ""


class ConversationOut(Struct, kw_only=True):
    """A conversation. answering: who writes an answer now. owner_why: in words. Times in UNIX seconds."""

    id: int
    subject: str
    snippet: str
    name: str
    address: str
    ours: bool
    letters: int
    unread: int
    files: int
    last_at: float
    state: str
    asked_at: float | None
    due_at: float | None
    owner_id: int | None
    owner: str
    owner_why: str
    client_id: int | None
    client: str
    contact: str
    mailbox_id: int | None
    mailbox: str
    answering: str
    flagged: bool


class ConversationsOut(Struct, kw_only=True):
    """A page of a list."""

    rows: list[ConversationOut]
    next_cursor: str | None


class SomebodyOut(Struct):
    """Somebody in a letter's head."""

    role: str
    name: str
    address: str


class LetterFileOut(Struct):
    """A file of a letter."""

    id: int
    name: str
    media_type: str
    size: int
    inline: bool


class LetterOut(Struct, kw_only=True):
    """A letter; its text is `/mail/letters/{id}/body`. why, client_why: decisions about it, in words."""

    id: int
    conversation_id: int | None
    direction: str
    subject: str
    name: str
    address: str
    people: list[SomebodyOut]
    sent_at: float
    received_at: float
    snippet: str
    automatic: str
    oddities: list[str]
    seen: bool
    flagged: bool
    by: str
    client_id: int | None
    why: str
    client_why: str
    folders: list[str]
    files: list[LetterFileOut]


class WholeOut(Struct, kw_only=True):
    """A conversation with its letters, the oldest first."""

    conversation: ConversationOut
    letters: list[LetterOut]


class StateIn(Struct, forbid_unknown_fields=True):
    """How conversations stand from now on."""

    ids: Ids
    state: State


class OwnerIn(Struct, forbid_unknown_fields=True):
    """Who has conversations from now on; null: nobody."""

    ids: Ids
    user_id: Id | None


class AnsweringIn(Struct, forbid_unknown_fields=True):
    """Whether the person writes an answer; said again within two minutes, he goes on."""

    writes: bool


class LettersIn(Struct, forbid_unknown_fields=True):
    """Letters of a conversation."""

    letters: Ids


class OthersIn(Struct, forbid_unknown_fields=True):
    """Other conversations."""

    conversations: Ids


class WhoseIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose a conversation is: a client by id, or a new one by name. address: put on his card."""

    client_id: Id | None = None
    name: Annotated[str, Meta(max_length=200)] = ""
    address: Annotated[str, Meta(max_length=254)] = ""


class MarksIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """How conversations are marked from now on; null: as they are."""

    ids: Ids
    seen: bool | None = None
    flagged: bool | None = None


class PlaceIn(Struct, forbid_unknown_fields=True):
    """Where letters that came lie from now on, in each of one's mailboxes."""

    ids: Ids
    to: Place


class BeforeOut(Struct):
    """How each conversation stood before, by id."""

    before: dict[str, str]


async def boxes_of(request: web.Request, conn: Connection) -> list[Box]:
    """The mailboxes whose lists the person sees."""
    return mail_people.seen_by(person_of(request), (await mail_people.boxes(conn)).values())


async def page_of(request: web.Request, asked: ConversationsQuery) -> Page[Listed]:
    """A page of a list; told to the access journal. Raises Refused for a strange cursor."""
    services, person = services_of(request), person_of(request)
    now, cursor = services.clock(), asked.cursor or None
    async with services.db.read() as conn:
        mine = [box.id for box in await boxes_of(request, conn) if asked.mailbox in (0, box.id)]
        if asked.q:
            only = mine if asked.mailbox else ()
            hits = await letter_search.find(conn, person, asked.q, mailbox_ids=only, limit=asked.limit, cursor=cursor)
            rows = await conversation_lists.by_ids(conn, hits.conversations, mine, now=now)
            found = Page(rows=rows, total=None, next_cursor=hits.next_cursor)
        elif asked.folder:
            folder = await conversation_lists.folder(conn, asked.folder)
            if folder is None or folder not in mine:
                raise web.HTTPNotFound(text="There is no such folder.")
            found = await conversation_lists.in_folder(
                conn, asked.folder, folder, now=now, limit=asked.limit, cursor=cursor
            )
        else:
            states = ("new", "work", "waiting") if asked.state == "open" else (asked.state,) if asked.state else ()
            found = await conversation_lists.listed(
                conn,
                mine,
                states=states,
                owner_id=person.id if asked.whose != "all" else None,
                free=asked.whose == "free",
                now=now,
                limit=asked.limit,
                cursor=cursor,
            )
    showed(request, (one.client_id for one in found.rows), asked=("q",) if asked.q else (), thing="letters")
    return found


async def whole_of(request: web.Request, conversation_id: int) -> tuple[Listed, list[Read]]:
    """A conversation with the letters the person may see; told to the access journal. Raises 404."""
    services, person = services_of(request), person_of(request)
    async with services.db.read() as conn:
        at = await conversation_lists.led_to(conn, conversation_id)
        letters = await letter_reading.of_conversation(conn, person, at)
        mine = [box.id for box in await boxes_of(request, conn)]
        found = await conversation_lists.by_ids(conn, [at], mine, now=services.clock()) if letters else []
    if not found:
        raise web.HTTPNotFound(text="There is no such conversation.")
    showed(request, [found[0].client_id], count=1, thing="letters")
    return found[0], letters


def out(request: web.Request, one: Listed) -> ConversationOut:
    """A conversation as JSON."""
    own = {"owner_why"}
    values = {name: getattr(one, name) for name in ConversationOut.__struct_fields__ if name not in own}
    return ConversationOut(owner_why=tell(language_of(request), OWNER_WHYS, one.owner_why), **values)


def letter_out(request: web.Request, one: Read) -> LetterOut:
    """A letter as JSON."""
    language = language_of(request)
    own = {"people", "files", "oddities", "folders", "why", "client_why"}
    values = {name: getattr(one, name) for name in LetterOut.__struct_fields__ if name not in own}
    return LetterOut(
        people=[SomebodyOut(each.role, each.name, each.address) for each in one.people],
        files=[LetterFileOut(each.id, each.name, each.media_type, each.size, each.inline) for each in one.files],
        oddities=list(one.oddities),
        folders=list(one.folders),
        why=tell(language, CONVERSATION_WHYS, one.why),
        client_why=tell(language, CLIENT_WHYS, one.client_why),
        **values,
    )


async def listed(request: web.Request) -> web.Response:
    """A page of conversations."""
    found = await page_of(request, query_of(request, ConversationsQuery))
    return reply(ConversationsOut(rows=[out(request, one) for one in found.rows], next_cursor=found.next_cursor))


async def read(request: web.Request) -> web.Response:
    """One conversation."""
    one, letters = await whole_of(request, place(request))
    return reply(WholeOut(conversation=out(request, one), letters=[letter_out(request, each) for each in letters]))


async def read_message(request: web.Request) -> web.Response:
    """One letter."""
    async with services_of(request).db.read() as conn:
        found = await letter_reading.one(conn, person_of(request), place(request))
    if found is None:
        raise web.HTTPNotFound(text="There is no such letter.")
    showed(request, [found.client_id], count=1, thing="letters")
    return reply(letter_out(request, found))


async def set_state(request: web.Request) -> web.Response:
    """Done, open again, in work."""
    body = await body_of(request, StateIn)
    before = await services_of(request).conversations.set_state(person_of(request), body.ids, body.state)
    return reply(BeforeOut({str(one): state for one, state in before.items()}))


async def assign(request: web.Request) -> web.Response:
    """Somebody has them."""
    body = await body_of(request, OwnerIn)
    await services_of(request).conversations.assign(person_of(request), body.ids, body.user_id)
    return reply(Ok())


async def mark(request: web.Request) -> web.Response:
    """Read or not, flagged or not: so in every mail program."""
    body = await body_of(request, MarksIn)
    marks = services_of(request).letter_marks
    await marks.mark(person_of(request), body.ids, seen=body.seen, flagged=body.flagged)
    return reply(Ok())


async def put(request: web.Request) -> web.Response:
    """Away into another folder, or back."""
    body = await body_of(request, PlaceIn)
    await services_of(request).letter_marks.move(person_of(request), body.ids, body.to)
    return reply(Ok())


async def answering(request: web.Request) -> web.Response:
    """The person writes an answer, or does no more."""
    body = await body_of(request, AnsweringIn)
    await services_of(request).conversations.answering(person_of(request), place(request), ends=not body.writes)
    return reply(Ok())


async def split(request: web.Request) -> web.Response:
    """Some letters go into a conversation of their own."""
    body = await body_of(request, LettersIn)
    made = await services_of(request).conversations.split(person_of(request), place(request), body.letters)
    return reply(Made(made), 201)


async def merge(request: web.Request) -> web.Response:
    """Others become part of this one."""
    body = await body_of(request, OthersIn)
    await services_of(request).conversations.merge(person_of(request), place(request), body.conversations)
    return reply(Ok())


async def give_client(request: web.Request) -> web.Response:
    """Whose it is."""
    body, services, person = await body_of(request, WhoseIn), services_of(request), person_of(request)
    client_id = body.client_id
    if client_id is None:
        draft = ClientDraft(name=body.name, emails=(body.address,) if body.address else ())
        client_id = await services.client_base.create(person, draft)
    await services.conversations.give_client(person, place(request), client_id, body.address.casefold())
    return reply(Made(client_id))


def _op(method: str, path: str, handler: object, text: str, **more: object) -> Operation:
    values = {"shows": "nothing", "gives": Ok, "refusals": (404, 409)} | more
    return Operation(method=method, path=path, handler=handler, who="mail", text=text, **values)  # type: ignore[arg-type]


OPERATIONS = (
    _op("GET", "/conversations", listed, "Conversations of one's mailboxes, the newest first", shows="clients",
        query=ConversationsQuery, gives=ConversationsOut, refusals=(404, 422)),
    _op("GET", "/conversations/{id}", read, "A conversation with its letters in order", shows="client",
        gives=WholeOut, refusals=(404,)),
    _op("GET", "/messages/{id}", read_message, "A letter, without its text", shows="client", gives=LetterOut,
        refusals=(404,)),
    _op("POST", "/conversations/state", set_state, "Let conversations be new, in work, waiting or done", body=StateIn,
        gives=BeforeOut),
    _op("POST", "/conversations/owner", assign, "Give conversations to somebody, or to nobody", body=OwnerIn),
    _op("POST", "/conversations/marks", mark, "Let conversations be read or not, flagged or not, in every mail program",
        body=MarksIn),
    _op("POST", "/conversations/place", put, "Put letters that came into the archive, the trash, junk, or back",
        body=PlaceIn),
    _op("PUT", "/conversations/{id}/answering", answering,
        "Say that one writes an answer, or does no more; it ends by itself after two minutes", body=AnsweringIn),
    _op("POST", "/conversations/{id}/split", split, "Make a conversation of its own of some letters", body=LettersIn,
        gives=Made, status=201),
    _op("POST", "/conversations/{id}/merge", merge, "Make other conversations part of this one", body=OthersIn),
    _op("PUT", "/conversations/{id}/client", give_client, "Say whose it is: a client, or a new one", body=WhoseIn,
        gives=Made),
)  # fmt: skip
