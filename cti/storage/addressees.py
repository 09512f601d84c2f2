"""Whom a letter can be written to: clients and their persons by any word that a client is found by, and colleagues."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.filters import fold
from cti.clients.masking import Words
from cti.storage import clients as stored
from cti.storage.client_tables import client_emails, clients
from cti.storage.contact_tables import contact_clients, contact_emails, contacts
from cti.storage.mail_tables import mailboxes
from cti.storage.search import begins
from cti.storage.sight import seen
from cti.storage.tables import users

CLIENTS_MOST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressee:
    """An address. name: whose; of: the client he belongs to, "" for the client himself and for a colleague.

    restricted: nothing is sent to him.
    """

    name: Words
    address: Words
    of: Words = ""
    client_id: int | None = None
    contact_id: int | None = None
    restricted: bool = False


async def found(conn: AsyncConnection, q: str, *, with_clients: bool, limit: int = 10) -> list[Addressee]:
    """Those that fit what is typed: colleagues' mailboxes first, then clients and their persons, each address once."""
    rows = await _colleagues(conn, q)
    if with_clients and len(q.strip()) >= 2:
        rows += await _of_clients(conn, q)
    once: dict[str, Addressee] = {}
    for one in rows:
        once.setdefault(fold(one.address), one)
    return seen(conn, list(once.values())[:limit])


async def _colleagues(conn: AsyncConnection, q: str) -> list[Addressee]:
    asked = select(mailboxes.c.name, mailboxes.c.address, users.c.name.label("owner")).select_from(
        mailboxes.outerjoin(users, users.c.id == mailboxes.c.owner_id)
    )
    words = fold(q).split()
    rows = [(row.owner or row.name, row.address) for row in await conn.execute(asked.order_by(mailboxes.c.name))]
    return [Addressee(name=name, address=at) for name, at in rows if all(w in fold(f"{name} {at}") for w in words)]


async def _of_clients(conn: AsyncConnection, q: str) -> list[Addressee]:
    page = await stored.search(conn, q, limit=CLIENTS_MOST)
    ids = [one.id for one in page.rows]
    sqlite, typed = conn.dialect.name == "sqlite", fold(q.strip())
    own = or_(client_emails.c.client_id.in_(ids), begins(client_emails.c.folded, typed, is_sqlite=sqlite))
    rows = await conn.execute(
        select(clients.c.id, clients.c.name, clients.c.restricted_at, client_emails.c.address)
        .select_from(client_emails.join(clients, clients.c.id == client_emails.c.client_id))
        .where(own)
        .order_by(clients.c.name_folded, client_emails.c.position)
        .limit(CLIENTS_MOST * 2)
    )
    told = [
        Addressee(name=name, address=address, client_id=id_, restricted=at is not None)
        for id_, name, at, address in rows
    ]
    theirs = or_(contact_clients.c.client_id.in_(ids), begins(contact_emails.c.folded, typed, is_sqlite=sqlite))
    joined = (
        contact_emails.join(contacts, contacts.c.id == contact_emails.c.contact_id)
        .join(contact_clients, contact_clients.c.contact_id == contacts.c.id)
        .join(clients, clients.c.id == contact_clients.c.client_id)
    )
    people = await conn.execute(
        select(
            clients.c.id,
            clients.c.name.label("client"),
            clients.c.restricted_at,
            contacts.c.id.label("contact_id"),
            contacts.c.name,
            contact_emails.c.address,
        )
        .select_from(joined)
        .where(theirs)
        .order_by(contacts.c.name, contact_emails.c.position)
        .limit(CLIENTS_MOST * 2)
    )
    told += [
        Addressee(
            name=row.name,
            address=row.address,
            of=row.client,
            client_id=row.id,
            contact_id=row.contact_id,
            restricted=row.restricted_at is not None,
        )
        for row in people
    ]
    words = typed.split()
    return sorted(told, key=lambda one: not all(w in fold(f"{one.name} {one.address}") for w in words))
