"""/api/v1: mailboxes that one writes from, and whom a letter can be written to."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.access import scope
from cti.storage import addressees, mailboxes
from web.api.base import Operation, query_of, reply
from web.auth import person_of
from web.i18n import language_of
from web.mailbox_texts import trouble
from web.services import services_of
from web.shown import showed


class MailboxOut(Struct, kw_only=True):
    """trouble: a sentence, "" for none. signature: HTML."""

    id: int
    name: str
    address: str
    sender_name: str
    kind: str
    signature: str
    paused: bool
    trouble: str


class AddresseeOut(Struct, kw_only=True):
    """of: the client that a person belongs to. restricted: nothing is sent to him."""

    name: str
    address: str
    of: str
    client_id: int | None
    contact_id: int | None
    restricted: bool


class AddresseeQuery(Struct, forbid_unknown_fields=True):
    q: Annotated[str, Meta(min_length=1, max_length=200)]


async def list_mailboxes(request: web.Request) -> web.Response:
    """One's own, and shared ones that one is among."""
    person, language = person_of(request), language_of(request)
    async with services_of(request).db.read() as conn:
        found = await mailboxes.of_person(conn, person.id, every_shared=scope(person, "mail") == "all")
    plain = ("id", "name", "address", "sender_name", "kind", "signature")
    return reply(
        [
            MailboxOut(
                **{name: getattr(one, name) for name in plain},
                paused=one.paused_at is not None,
                trouble=trouble(language, one.trouble),
            )
            for one in found
        ]
    )


async def list_addressees(request: web.Request) -> web.Response:
    """Whom what is typed may mean."""
    person, query = person_of(request), query_of(request, AddresseeQuery)
    async with services_of(request).db.read() as conn:
        found = await addressees.found(conn, query.q, with_clients=scope(person, "clients.read") != "none")
    showed(request, (one.client_id for one in found), asked=["q"], thing="addressees")
    names = AddresseeOut.__struct_fields__
    return reply([AddresseeOut(**{name: getattr(one, name) for name in names}) for one in found])


OPERATIONS = (
    Operation(
        method="GET",
        path="/mailboxes",
        handler=list_mailboxes,
        who="mail",
        shows="staff",
        text="Mailboxes that one reads and writes from",
        gives=list[MailboxOut],
    ),
    Operation(
        method="GET",
        path="/addressees",
        handler=list_addressees,
        who="mail",
        shows="clients",
        text="Whom a letter can be written to, by what is typed: colleagues, clients and their persons",
        gives=list[AddresseeOut],
        query=AddresseeQuery,
    ),
)
