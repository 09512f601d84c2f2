"""/mail/outbox: letters that are written, wait to go, or need a person to say what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.storage import mailboxes, outbox
from web.api.base import place
from web.auth import person_of
from web.i18n import translate
from web.render import page
from web.routes import Route
from web.sending_texts import FAILURES
from web.services import services_of
from web.shown import showed
from web.texts import N_, told

HERE = "/mail/outbox"
STATES: Mapping[str, tuple[str, str]] = {  # in words, and the tag's colour
    "draft": (N_("draft"), ""),
    "waiting": (N_("goes out"), "ring"),
    "sending": (N_("is going out"), "ring"),
    "unknown": (N_("not known whether it went"), "miss"),
    "failed": (N_("did not go"), "miss"),
    "held": (N_("held"), "hold"),
}


async def show(request: web.Request) -> web.Response:
    """The list."""
    return await _list(request)


async def _list(request: web.Request, *, error: str = "", status: int = 200) -> web.Response:
    services, person = services_of(request), person_of(request)
    await services.mail_drafts.of_person(person)
    async with services.db.read() as conn:
        his = await mailboxes.of_person(conn, person.id, every_shared=scope(person, "mail") == "all")
        found = await outbox.listed(conn, user_id=person.id, mailbox_ids=[one.id for one in his])
    showed(request, (one.client_id for one in found), count=len(found), thing="outbox")
    return page(
        request,
        "outbox.html",
        status=status,
        title=translate(request, N_("Outgoing letters")),
        rows=found,
        boxes={one.id: one.name for one in his},
        states=STATES,
        failures=FAILURES,
        me=person.id,
        error=error,
    )


async def decide(request: web.Request) -> web.Response:
    """Send once more, never, or take back."""
    form, mine, person, letter = await request.post(), services_of(request).outbox, person_of(request), place(request)
    acts = {"again": mine.again, "aside": mine.put_aside, "undo": mine.undo, "discard": mine.discard}
    act = acts.get(str(form.get("act", "")))
    if act is None:
        raise web.HTTPNotFound(text="There is no such thing here.")
    try:
        await act(person, letter)
    except Refused as refusal:
        if refusal.code == "no-letter":
            raise web.HTTPNotFound(text="There is no such letter.") from None
        return await _list(request, error=told(request, refusal), status=409)
    raise web.HTTPSeeOther(HERE)


ROUTES = (
    Route("GET", HERE, show, "mail", "clients"),
    Route("POST", HERE + "/{id}", decide, "mail", "clients"),
)
