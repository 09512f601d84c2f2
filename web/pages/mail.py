"""Letters: mailboxes with their folders and states, a list of conversations, and one conversation in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.messages.assigning import Box
from cti.storage import clients, conversation_lists, conversations, mail_people, restrictions
from cti.storage.belonging import names_of
from cti.storage.conversation_lists import Counts, Folder, Listed
from cti.storage.search import Page
from web.api.base import place
from web.api.conversations import PAGE, ConversationsQuery, boxes_of, page_of, whole_of
from web.auth import person_of
from web.i18n import language_of, say, say_many, translate
from web.mail_texts import AUTOMATIC, CLIENT_WHYS, CONVERSATION_WHYS, FOLDERS, OWNER_WHYS, STATES, tell
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.texts import N_
from web.work_texts import clock
from web.working_hours import hours_told

VIEWS: Mapping[str, str] = {
    "mine": N_("Mine to answer"),
    "free": N_("Nobody's yet"),
    "open": N_("Not done"),
    "waiting": N_("Waiting for clients"),
    "done": N_("Done"),
    "all": N_("All letters"),
}
ASKED: Mapping[str, dict[str, Any]] = {
    "mine": {"state": "open", "whose": "mine"},
    "free": {"state": "open", "whose": "free"},
    "open": {"state": "open"},
    "waiting": {"state": "waiting"},
    "done": {"state": "done"},
    "all": {},
}
SOON_S = 3600.0  # before it is due


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What an address of the page asks for."""

    view: str = "open"
    box: int = 0
    folder: int = 0
    q: str = ""
    at: int = 0  # the conversation that is open
    cursor: str = ""

    def link(self, **changed: Any) -> str:
        """The address with something else asked for."""
        asked = {"view": self.view, "box": self.box, "folder": self.folder, "q": self.q, "c": self.at} | changed
        return "/mail?" + urlencode({name: value for name, value in asked.items() if value})


def wanted(request: web.Request) -> Wanted:
    """What is asked for; anything strange is as if nothing was."""
    query = request.query

    def number(name: str) -> int:
        text = query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    view = query.get("view", "open")
    return Wanted(
        view=view if view in VIEWS else "open",
        box=number("box"),
        folder=number("folder"),
        q=query.get("q", "").strip()[:200],
        at=number("c"),
        cursor=query.get("cursor", "")[:400],
    )


async def show(request: web.Request) -> web.Response:
    """The page; with `c`, one conversation is open."""
    asked = wanted(request)
    services = services_of(request)
    async with services.db.read() as conn:
        boxes = await boxes_of(request, conn)
        counts = await conversation_lists.counts(conn, [box.id for box in boxes])
        chosen = next((box for box in boxes if box.id == asked.box), None)
        folders = await conversation_lists.folders_of(conn, chosen.id) if chosen else []
    found = await _found(request, asked)
    opened: dict[str, Any] = await _opened(request, asked.at) if asked.at else {"one": None}
    shown = (*(one.client_id for one in found.rows), *opened.get("shown", ()))
    showed(request, shown, asked=("q",) if asked.q else (), thing="letters")
    values = _side(request, asked, boxes, counts, folders, found)
    return page(request, "mail.html", title=N_("Letters"), **values, **opened)


async def show_more(request: web.Request) -> web.Response:
    """Older conversations, for the end of the list."""
    asked = wanted(request)
    found = await _found(request, asked)
    return page(request, "parts/mail_rows.html", **_list(request, asked, found))


async def show_one(request: web.Request) -> web.Response:
    """One conversation, for the right side."""
    opened = await _opened(request, place(request))
    if opened["one"] is None:
        raise web.HTTPNotFound(text="There is no such conversation.")
    return page(request, "parts/mail_read.html", **opened, **_words(request))


async def _found(request: web.Request, asked: Wanted) -> Page[Listed]:
    try:
        query = ConversationsQuery(
            mailbox=asked.box, folder=asked.folder, limit=PAGE, cursor=asked.cursor, q=asked.q, **ASKED[asked.view]
        )
        return await page_of(request, query)
    except Refused:
        return Page(rows=[], total=None, next_cursor=None)


def _side(
    request: web.Request,
    asked: Wanted,
    boxes: list[Box],
    counts: Mapping[int, Counts],
    folders: list[Folder],
    found: Page[Listed],
) -> dict[str, Any]:
    waits = services_of(request).inbox.of(person_of(request).id).count
    return {
        "boxes": [(box, counts.get(box.id, Counts())) for box in boxes],
        "folders": folders,
        "views": VIEWS,
        "waits": waits,
        **_list(request, asked, found),
    }


def _list(request: web.Request, asked: Wanted, found: Page[Listed]) -> dict[str, Any]:
    return {"asked": asked, "rows": found.rows, "next_cursor": found.next_cursor, **_words(request)}


def _words(request: web.Request) -> dict[str, Any]:
    """What templates tell letters with."""
    services, language = services_of(request), language_of(request)
    now = services.clock()
    return {
        "states": STATES,
        "folder_names": FOLDERS,
        "automatic": AUTOMATIC,
        "when": clock(services.zone, now),
        "due": lambda one: _due(language, one, now),
    }


def _due(language: str, one: Listed, now: float) -> tuple[str, str] | None:
    """When an answer is due, in words, and how urgent it is; None where nobody waits."""
    if one.due_at is None or one.asked_at is None:
        return None
    left = one.due_at - now
    minutes = max(int(abs(left) // 60), 1)
    hours, days = minutes // 60, minutes // 1440
    _n = partial(say_many, language)
    if days:
        length = _n("{n} day", "{n} days", days)
    elif hours:
        length = _n("{n} hour", "{n} hours", hours)
    else:
        length = _n("{n} minute", "{n} minutes", minutes)
    if left < 0:
        return say(language, N_("late by {time}"), time=length), "miss"
    return say(language, N_("answer in {time}"), time=length), "ring" if left < SOON_S else ""


def _hours(request: web.Request, box: Box) -> str:
    """In which hours the time until an answer is counted, and who said so."""
    told = hours_told(request, services_of(request).inbox.hours_of(box))
    if box.hours:
        return translate(request, N_("working hours of the mailbox: {hours}")).replace("{hours}", told)
    return translate(request, N_("working hours of the house: {hours}")).replace("{hours}", told)


async def _opened(request: web.Request, conversation_id: int) -> dict[str, Any]:
    """What the right side shows; none for a conversation that there is not, or that the person may not see."""
    services, person, language = services_of(request), person_of(request), language_of(request)
    try:
        one, letters = await whole_of(request, conversation_id)
    except web.HTTPNotFound:
        return {"one": None, "missing": True}
    async with services.db.read() as conn:
        client = await clients.get(conn, one.client_id) if one.client_id and may(person, "clients.read") else None
        restriction = await restrictions.of_client(conn, client.id) if client else None
        last = next((each for each in reversed(letters) if each.direction == "in"), letters[-1])
        choices = await names_of(conn, last.client_why.choices if one.client_id is None else ())
        boxes = await mail_people.boxes(conn)
        people = await mail_people.who_may(conn, boxes.get(one.mailbox_id or 0))
        lists = [boxes[id_] for id_ in await conversations.mailboxes_of(conn, one.id) if id_ in boxes]
    handles = any(box.id == one.mailbox_id for box in mail_people.seen_by(person, boxes.values()))
    box = boxes.get(one.mailbox_id or 0)
    return {
        "one": one,
        "hours": _hours(request, box) if box and one.due_at is not None else "",
        "letters": letters,
        "last": last,
        "client": client,
        "restriction": restriction,
        "people": people,
        "choices": sorted(choices.items()),
        "handles": handles,
        "reads": any(person.id in box.people or box.owner_id == person.id for box in lists),
        "held": bool(one.answering) and one.answering_id != person.id,
        "owner_why": tell(language, OWNER_WHYS, one.owner_why),
        "why": lambda each: tell(language, CONVERSATION_WHYS, each.why),
        "client_why": lambda each: tell(language, CLIENT_WHYS, each.client_why),
        "shown": (one.client_id,),
        "missing": False,
    }


ROUTES = (
    Route("GET", "/mail", show, "mail", "clients"),
    Route("GET", "/mail/more", show_more, "mail", "clients"),
    Route("GET", "/mail/conversations/{id}", show_one, "mail", "client"),
)
