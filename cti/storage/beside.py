"""What belongs to clients and stands in a list beside their cards: names of contact persons, numbers of contracts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.contact_tables import contact_clients, contacts, contracts
from cti.storage.sight import sight_of

BESIDE = ("contacts", "contracts")  # fields of the list


async def of(conn: AsyncConnection, ids: Sequence[int], fields: Collection[str]) -> dict[int, dict[str, str]]:
    """Those of `fields` that are of BESIDE, by client: names or numbers, comma between. At most a few thousand ids."""
    found: dict[int, dict[str, str]] = {}
    people = (
        select(contact_clients.c.client_id, contacts.c.name)
        .join(contacts, contacts.c.id == contact_clients.c.contact_id)
        .where(contact_clients.c.client_id.in_(ids))
        .order_by(contact_clients.c.position, contacts.c.id)
    )
    signed = select(contracts.c.client_id, contracts.c.number).where(contracts.c.client_id.in_(ids))
    statements = {"contacts": people, "contracts": signed.order_by(contracts.c.signed_on, contracts.c.id)}
    for field, statement in statements.items():
        if field not in fields or not ids:
            continue
        named: dict[int, list[str]] = {}
        for client_id, text in await conn.execute(statement):
            named.setdefault(client_id, []).append(sight_of(conn).words(text) if field == "contacts" else text)
        for client_id, some in named.items():
            found.setdefault(client_id, {})[field] = ", ".join(some)
    return found
