"""The frame of a letter: its own document under its own policy, and what it asks for.

`sandbox` takes its origin, scripts, forms and windows; nothing is loaded but our own pictures. This is the only
exception to the strict policy of pages (web/security.py), and the one place where a style stands in a document. A frame
without an origin sends no cookie, so its own addresses carry a ticket. A link leads to a page in the same frame that
says where it leads; that page may open a window, and nothing else more.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import aiohttp_jinja2
from aiohttp import web

from cti.errors import ChannelError, Refused
from cti.messages.tickets import Ticket
from web.auth import IDENTITY, person_of
from web.i18n import language_of, say
from web.routes import Handler, Route
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_

LETTER_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"
LINK_CSP = LETTER_CSP.replace("sandbox;", "sandbox allow-popups allow-popups-to-escape-sandbox;")
FOLD = N_("Earlier letters")


async def show(request: web.Request) -> web.Response:
    """What is in the frame of a letter. This is where a letter is read: the journal has a line of it."""
    services = services_of(request)
    letter_id = letter_of(request)
    letter, _files = await services.letters.letter(services.db, person_of(request), letter_id)
    showed(request, [letter.client_id], count=1, thing=f"letter:{letter.id}")
    session = request[IDENTITY].session or ""
    ticket = services.letters.ticket(person_of(request), letter_id, session, hides=sight_of(request).hides)
    return await _framed(request, ticket)


async def again(request: web.Request) -> web.Response:
    """The same letter in the same frame: with pictures from outside, or back from a link."""
    return await _framed(request, await _ticket(request))


async def _framed(request: web.Request, ticket: Ticket) -> web.Response:
    letters = services_of(request).letters
    pictures = request.query.get("pictures") == "1"
    framed = await letters.framed(ticket, pictures=pictures, fold=say(ticket.language, FOLD))
    return _document(request, "letter_frame.html", LETTER_CSP, ticket, framed=framed)


async def lead(request: web.Request) -> web.Response:
    """Where a link leads, and the link itself."""
    ticket = await _ticket(request)
    target = request.query.get("to", "")
    scheme, _, rest = target.partition(":")
    to = quote(unquote(rest.partition("?")[0]), safe="")
    opens = {"http": target, "https": target, "mailto": f"/?write={to}", "tel": f"/dial?to={to}"}
    if scheme.lower() not in opens or len(target) > 2000:
        raise web.HTTPNotFound(text="This link leads nowhere.")
    says = {"mailto": N_("Write a letter"), "tel": N_("Call")}.get(scheme.lower(), N_("Open in a new tab"))
    values = {"target": target, "opens": opens[scheme.lower()], "says": say(ticket.language, says), "framed": None}
    return _document(request, "letter_link.html", LINK_CSP, ticket, **values)


async def give_inline(request: web.Request) -> web.StreamResponse:
    """A picture that lies in the letter."""
    found, path = await services_of(request).letters.inline(await _ticket(request), request.query.get("cid", ""))
    if not path.is_file():
        raise web.HTTPNotFound(text="The file is not in the folder of files: put it back from a backup.")
    return web.FileResponse(path, headers={"Content-Type": found.media_type, **FOR_THE_FRAME})


async def give_outside(request: web.Request) -> web.Response:
    """A picture from outside that the letter names, fetched by the server."""
    ticket = await _ticket(request)
    try:
        found = await services_of(request).letters.outside(ticket, request.query.get("url", ""))
    except ChannelError:
        raise web.HTTPNotFound(text="There is no such picture.") from None
    return web.Response(body=found.body, headers={"Content-Type": found.media_type, **FOR_THE_FRAME})


FOR_THE_FRAME = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # the frame has no origin that could be the same as ours
    "Cache-Control": "private, max-age=3600",
}


def letter_of(request: web.Request) -> int:
    """The id of a letter in an address."""
    given = request.match_info["id"]
    if not (given.isascii() and given.isdigit() and len(given) < 11):
        raise web.HTTPNotFound(text="There is no such letter.")
    return int(given)


async def _ticket(request: web.Request) -> Ticket:
    """The ticket of an address, while the session that it was given to lasts."""
    services = services_of(request)
    ticket = services.letters.known(request.match_info["ticket"])
    if ticket.session and not await services.accounts.alive(ticket.session):
        raise Refused("no-letter", "The session is over.")
    return ticket


def _in_frame(handler: Handler) -> Handler:
    """A ticket that counts no more is told in the frame, where an error page would be none."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused:
            old = say(language_of(request), N_("This letter was opened long ago: open it again."))
            headers = {"Content-Security-Policy": LETTER_CSP, "X-Frame-Options": "SAMEORIGIN"}
            return web.Response(text=old, status=404, headers=headers)

    return answer


def _document(request: web.Request, template: str, policy: str, ticket: Ticket, **values: Any) -> web.Response:
    def tell(text: str, **fields: object) -> str:
        return say(ticket.language, text, **fields)

    address = services_of(request).letters.address(ticket)
    names = {"_": tell, "language": ticket.language, "theme": ticket.theme, "address": address}
    text = aiohttp_jinja2.render_string(template, request, names | values)
    headers = {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
    return web.Response(text=text, content_type="text/html", headers=headers)


ROUTES = (
    Route("GET", "/mail/letters/{id}/body", show, "mail", "client"),
    Route("GET", "/mail/frames/{ticket}/body", _in_frame(again), "public", "nothing"),
    Route("GET", "/mail/frames/{ticket}/link", _in_frame(lead), "public", "nothing"),
    Route("GET", "/mail/frames/{ticket}/inline", give_inline, "public", "nothing"),
    Route("GET", "/mail/frames/{ticket}/picture", give_outside, "public", "nothing"),
)
