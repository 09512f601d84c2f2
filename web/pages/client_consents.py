"""A client's consents: what stands for each of his addresses, what was said when, and writing down what he says now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from cti.clients.masking import Words
from cti.errors import NotAllowed, Refused
from cti.features.consents import Word
from cti.messages.consent import ASKED, PURPOSES
from cti.storage import cards, consents
from cti.storage.consents import Wish
from web.api.base import place
from web.auth import person_of
from web.render import page
from web.routes import Route
from web.sending_texts import CONSENT_SOURCES
from web.sending_texts import PURPOSES as NAMES
from web.services import services_of, sight_of
from web.shown import showed
from web.texts import N_, told


@dataclass(frozen=True, kw_only=True, slots=True)
class _Address:
    address: Words


ASKED_FOR = tuple(one for one in PURPOSES if one in ASKED)


async def show(request: web.Request) -> web.Response:
    """All of them."""
    return await _page(request)


async def say(request: web.Request) -> web.StreamResponse:
    """He consents, or withdraws. The address is told by its place: a number may be hidden from who writes it down."""
    client_id, form = place(request), await request.post()
    services, picked = services_of(request), str(form.get("address", ""))[:20]
    kind, _, index = picked.partition(":")
    known = [address for one, address in await services.consents.addresses(client_id) if one == kind]
    address = known[int(index)] if index.isascii() and index.isdigit() and int(index) < len(known) else ""
    purpose = str(form.get("purpose", ""))[:16]
    word = Word(
        kind="email" if kind == "email" else "phone",
        address=address,
        purpose=next((one for one in ASKED_FOR if one == purpose), ""),
        given=form.get("act") == "give",
        proof=str(form.get("proof", "")),
        in_call=form.get("in_call") == "yes",
    )
    try:
        await services.consents.say(person_of(request), client_id, word)
    except NotAllowed:
        raise
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/clients/{client_id}/consents?said=saved")


async def agreed(request: web.Request, client_id: int) -> dict[str, Any]:
    """What stands for each of a client's addresses, as the card shows it."""
    services = services_of(request)
    addresses = await services.consents.addresses(client_id)
    wishes = [Wish(kind, address, purpose, client_id) for kind, address in addresses for purpose in ASKED_FOR]
    async with services.db.read() as conn:
        stands = await consents.standing(conn, wishes)
    shown = sight_of(request).see([_Address(address=address) for _, address in addresses])
    rows = [
        (kind, one.address, stands[at * len(ASKED_FOR) : (at + 1) * len(ASKED_FOR)])
        for at, ((kind, _), one) in enumerate(zip(addresses, shown, strict=True))
    ]
    return {"rows": rows, "purposes": [(one, NAMES[one]) for one in ASKED_FOR], "sources": CONSENT_SOURCES}


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    client_id = place(request)
    async with services_of(request).db.read() as conn:
        client = await cards.get(conn, client_id)
        if client is None:
            raise web.HTTPNotFound(text="There is no such client.")
        said = await consents.of_client(conn, client_id)
    showed(request, [client_id])
    values: dict[str, Any] = {
        "client": client,
        "history": said,
        "purpose_names": NAMES,
        "error": error,
        "saved": request.query.get("said") == "saved" and not error,
    }
    values |= await agreed(request, client_id)
    return page(request, "client_consents.html", status=status, title=N_("Consents"), **values)


ROUTES = (
    Route("GET", "/clients/{id}/consents", show, "clients.read", "client"),
    Route("POST", "/clients/{id}/consents", say, "consents.write", "nothing"),
)
