"""/sms: messages that came, that went, that a person decides on; and the box to answer a client by any channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from cti.access import Person, may
from cti.clients.card import ClientCard
from cti.errors import Refused
from cti.storage import clients, contacts, restrictions, sms_reading, templates
from cti.storage.desktop_events import Connection
from cti.storage.sms_reading import View
from cti.telephony.numbering import SEAL, takes_texts
from web.api.base import place
from web.auth import person_of
from web.i18n import N_, translate
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed
from web.sms_texts import STATES, WHYS
from web.texts import told

VIEWS: Mapping[View, str] = {
    "unread": N_("Unread"),
    "mine": N_("Mine to answer"),
    "in": N_("All that came"),
    "out": N_("Sent"),
    "decide": N_("To decide"),
}


async def show(request: web.Request) -> web.Response:
    """The list."""
    return await _list(request)


async def _list(request: web.Request, *, error: str = "", status: int = 200) -> web.Response:
    person, asked = person_of(request), request.query.get("view", "in")
    view: View = next((one for one in VIEWS if one == asked), "in")
    before = request.query.get("before", "0")
    async with services_of(request).db.read() as conn:
        rows = await sms_reading.listed(conn, view, person.id, before=int(before) if before.isdecimal() else 0)
        counts = await sms_reading.counts(conn, person.id)
    showed(request, (one.client_id for one in rows), count=len(rows), thing="sms")
    return page(
        request, "sms.html", status=status, title=translate(request, N_("SMS")), rows=rows, view=view, views=VIEWS,
        counts=counts, states=STATES, whys=WHYS, me=person.id, error=error, most=100,
    )  # fmt: skip


async def decide(request: web.Request) -> web.Response:
    """Send once more, leave it, take it back, or say that it was read."""
    form, mine, person = await request.post(), services_of(request).texting, person_of(request)
    acts = {"again": mine.again, "aside": mine.put_aside, "undo": mine.undo, "read": mine.read}
    act = acts.get(str(form.get("act", "")))
    if act is None:
        raise web.HTTPNotFound(text="There is no such thing here.")
    try:
        await act(person, place(request))
    except Refused as refusal:
        if refusal.code == "no-sms":
            raise web.HTTPNotFound(text="There is no such message.") from None
        return await _list(request, error=told(request, refusal), status=409)
    back = str(form.get("back", ""))
    raise web.HTTPSeeOther(
        f"/clients/{back}?tab=history#answer-box" if back.isdecimal() else f"/sms?view={_view(form)}"
    )


def _view(form: Mapping[str, Any]) -> str:
    asked = str(form.get("view", ""))
    return asked if asked in VIEWS else "in"


async def box(request: web.Request) -> web.Response:
    """The box to answer a client, for the desk."""
    async with services_of(request).db.read() as conn:
        client = await clients.get(conn, place(request))
        if client is None:
            raise web.HTTPNotFound(text="There is no such client.")
        offered = await answering(conn, person_of(request), client)
    showed(request, [client.id])
    return page(request, "parts/answer.html", client=client, **offered)


async def answering(conn: Connection, person: Person, client: ClientCard) -> dict[str, Any]:
    """By what a client can be answered: numbers, addresses, templates; what came from him is read now."""
    people = await contacts.of_client(conn, client.id)
    owners = [("", client.phones, client.emails), *((one.name, one.phones, one.emails) for one in people)]
    numbers = [
        (phone, name, SEAL in phone.e164 or takes_texts(phone.e164))
        for name, phones, _ in owners
        for phone in phones
        if phone.e164
    ]
    addresses = [(address, name) for name, _, emails in owners for address in emails]
    writes = may(person, "sms")
    return {
        "answer_numbers": numbers,
        "answer_addresses": addresses if may(person, "mail", owner_id=person.id) else [],
        "answer_templates": await templates.every(conn, channel="sms") if writes else [],
        "answer_stopped": await restrictions.of_client(conn, client.id),
        "answer_writes": writes,
    }


ROUTES = (
    Route("GET", "/sms", show, "sms", "clients"),
    Route("POST", "/sms/{id}", decide, "sms", "clients"),
    Route("GET", "/clients/{id}/answer", box, "clients.read", "client"),
)
