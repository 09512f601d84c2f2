"""Whole cards: the one reader of clients with their phones, e-mails, places and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard, Phone, Place
from cti.storage import properties
from cti.storage.client_tables import client_emails, client_phones, client_places, clients
from cti.storage.sight import seen, sight_of
from cti.storage.tables import users

PLAIN = ("inn", "kpp", "ogrn", "relation_id", "region_id", "industry_id", "source_id", "time_zone")


async def get(conn: AsyncConnection, client_id: int) -> ClientCard | None:
    """One card. An id from an address may be any number."""
    if not 0 < client_id < 2**31:
        return None
    return (await of(conn, [client_id])).get(client_id)


async def names(conn: AsyncConnection, ids: Iterable[int]) -> dict[int, str]:
    """Names by id; who is not there is left out. At most a few thousand at once."""
    rows = await conn.execute(select(clients.c.id, clients.c.name).where(clients.c.id.in_(list(ids))))
    sight = sight_of(conn)
    return {row.id: sight.words(row.name) for row in rows}


async def every_id(conn: AsyncConnection) -> list[int]:
    """Whom the base holds."""
    return list((await conn.execute(select(clients.c.id).order_by(clients.c.id))).scalars())


async def of(conn: AsyncConnection, ids: Iterable[int]) -> dict[int, ClientCard]:
    """Cards by id, in the order of the ids; who is not there is left out. At most a few thousand at once."""
    wanted = list(ids)
    if not wanted:
        return {}
    phones: dict[int, list[Phone]] = {}
    numbers = select(client_phones).where(client_phones.c.client_id.in_(wanted)).order_by(client_phones.c.position)
    for p in (await conn.execute(numbers)).all():
        one = Phone(typed=p.typed, e164=p.e164, extension=p.extension, label=p.label, shared=bool(p.shared))
        phones.setdefault(p.client_id, []).append(one)
    emails: dict[int, list[str]] = {}
    labels: dict[int, dict[str, str]] = {}
    mails = select(client_emails).where(client_emails.c.client_id.in_(wanted)).order_by(client_emails.c.position)
    for e in (await conn.execute(mails)).all():
        emails.setdefault(e.client_id, []).append(e.address)
        if e.label:
            labels.setdefault(e.client_id, {})[e.address] = e.label
    places: dict[int, list[Place]] = {}
    others = select(client_places).where(client_places.c.client_id.in_(wanted)).order_by(client_places.c.position)
    for x in (await conn.execute(others)).all():
        places.setdefault(x.client_id, []).append(Place(kind=x.kind, value=x.value))
    said = await properties.of_clients(conn, wanted)
    rows = await conn.execute(
        select(clients, users.c.name.label("responsible"))
        .join_from(clients, users, users.c.id == clients.c.responsible_id, isouter=True)
        .where(clients.c.id.in_(wanted))
    )
    found = {
        row.id: ClientCard(
            id=row.id,
            name=row.name,
            kind=row.kind,
            full_name=row.full_name,
            note=row.note,
            responsible_id=row.responsible_id,
            responsible=row.responsible or "",
            phones=tuple(phones.get(row.id, ())),
            emails=tuple(emails.get(row.id, ())),
            email_labels=labels.get(row.id, {}),
            places=tuple(places.get(row.id, ())),
            values=said.get(row.id, {}),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            restricted_at=row.restricted_at,
            restricted_why=row.restricted_why,
            last_letter_at=row.last_letter_at,
            **{name: getattr(row, name) for name in PLAIN},
        )
        for row in rows.all()
    }
    return seen(conn, {id_: found[id_] for id_ in dict.fromkeys(wanted) if id_ in found})
