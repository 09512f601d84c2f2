"""/api/v1/clients/{id}/consents: what a client consents to, and what he withdraws."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.features.consents import Word
from cti.messages.consent import Kind, Purpose
from cti.storage import cards, consents
from web.api.base import Operation, body_of, place, reply
from web.api.records import Made
from web.auth import person_of
from web.services import services_of, sight_of
from web.shown import showed


class ConsentIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """kind: of the address; address: "" for all of the client's of this kind. purpose: "" ends all, never gives.

    proof: what proves it, in words, or an id of the program's own.
    """

    kind: Kind
    address: Annotated[str, Meta(max_length=254)] = ""
    purpose: Purpose | Literal[""]
    given: bool
    proof: Annotated[str, Meta(max_length=200)] = ""


class ConsentOut(Struct, kw_only=True):
    """source: card, import, api, page, letter, sms, call. text: the version of the text that was consented to.

    undone_at: when the import that brought it was taken back; it holds no more.
    """

    id: int
    kind: str
    address: str
    purpose: str
    given: bool
    source: str
    proof: str
    text: int | None
    by: str
    at: float
    undone_at: float | None


async def list_consents(request: web.Request) -> web.Response:
    """All that was said, the latest first; the latest word for an address and a purpose holds."""
    client_id = place(request)
    async with services_of(request).db.read() as conn:
        if await cards.get(conn, client_id) is None:
            raise web.HTTPNotFound(text="There is no such client.")
        found = await consents.of_client(conn, client_id)
    showed(request, [client_id])
    return reply([ConsentOut(**{name: getattr(one, name) for name in ConsentOut.__struct_fields__}) for one in found])


async def add(request: web.Request) -> web.Response:
    """A consent is given, or withdrawn: from now on, on all channels."""
    body = await body_of(request, ConsentIn)
    address = services_of(request).sights.opened(body.address) if sight_of(request).hides else body.address
    word = Word(kind=body.kind, address=address, purpose=body.purpose, given=body.given, proof=body.proof)
    made = await services_of(request).consents.say(person_of(request), place(request), word, source="api")
    return reply(Made(id=made), 201)


OPERATIONS = (
    Operation(
        method="GET",
        path="/clients/{id}/consents",
        handler=list_consents,
        who="clients.read",
        shows="client",
        text="What a client consented to and withdrew",
        gives=list[ConsentOut],
        refusals=(404,),
    ),
    Operation(
        method="POST",
        path="/clients/{id}/consents",
        handler=add,
        who="consents.write",
        shows="nothing",
        text="Write down that a client consents, or withdraws",
        body=ConsentIn,
        gives=Made,
        status=201,
        refusals=(404, 409),
    ),
)
