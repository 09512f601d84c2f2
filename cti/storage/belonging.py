"""Who has an address, or writes from a domain: clients and contact persons, for `cti/messages/belonging.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import literal, literal_column, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.messages.belonging import Owner
from cti.storage.client_tables import client_emails, clients
from cti.storage.contact_tables import contact_clients, contact_emails, contacts
from cti.storage.search import FTS, quoted

OWNERS_MOST = 200  # of all addresses of some letters
COMPANIES_MOST = 6
LOOKED_AT = 50  # cards with a domain somewhere in what they are found by


async def owners_of(conn: AsyncConnection, addresses: Iterable[str]) -> dict[str, list[Owner]]:
    """Who has each of these folded addresses: clients, and contact persons once for each of their companies."""
    asked = [one for one in dict.fromkeys(addresses) if one]
    if not asked:
        return {}
    own = (
        select(client_emails.c.folded, clients.c.id, clients.c.name)
        .add_columns(null().label("contact_id"), literal("").label("contact"))
        .join_from(client_emails, clients, clients.c.id == client_emails.c.client_id)
        .where(client_emails.c.folded.in_(asked))
    )
    theirs = (
        select(contact_emails.c.folded, clients.c.id, clients.c.name, contacts.c.id, contacts.c.name)
        .join_from(contact_emails, contacts, contacts.c.id == contact_emails.c.contact_id)
        .join(contact_clients, contact_clients.c.contact_id == contacts.c.id)
        .join(clients, clients.c.id == contact_clients.c.client_id)
        .where(contact_emails.c.folded.in_(asked))
    )
    found: dict[str, list[Owner]] = {}
    for row in await conn.execute(union_all(own, theirs).limit(OWNERS_MOST)):
        folded, client_id, name, contact_id, contact = row
        owner = Owner(client_id=client_id, name=name, contact_id=contact_id, contact=contact)
        found.setdefault(folded, []).append(owner)
    return found


async def companies_at(conn: AsyncConnection, domain: str) -> list[Owner]:
    """Companies one of whose addresses is at this domain; never asked for a public host's."""
    at = f"@{domain}"
    mail = client_emails.c
    if conn.dialect.name == "sqlite":
        match = literal_column("clients_fts").op("MATCH")(quoted(at))
        likely = select(FTS.c.rowid).where(match).limit(LOOKED_AT)
    else:
        likely = select(clients.c.id).where(clients.c.search.contains(at, autoescape=True)).limit(LOOKED_AT)
    ids = list((await conn.execute(likely)).scalars())
    named = (
        select(clients.c.id, clients.c.name)
        .join_from(clients, client_emails, mail.client_id == clients.c.id)
        .where(clients.c.id.in_(ids), clients.c.kind != "person", mail.folded.endswith(at, autoescape=True))
        .distinct()
        .order_by(clients.c.id)
        .limit(COMPANIES_MOST)
    )
    return [Owner(client_id=row.id, name=row.name) for row in await conn.execute(named)] if ids else []


async def client_of(conn: AsyncConnection, client_id: int | None) -> Owner | None:
    """A client as the owner of a conversation."""
    if client_id is None:
        return None
    row = (await conn.execute(select(clients.c.id, clients.c.name).where(clients.c.id == client_id))).one_or_none()
    return Owner(client_id=row.id, name=row.name) if row else None


async def names_of(conn: AsyncConnection, ids: Collection[int]) -> dict[int, str]:
    """The names of some clients."""
    named = select(clients.c.id, clients.c.name).where(clients.c.id.in_(ids))
    return {row.id: row.name for row in await conn.execute(named)} if ids else {}
