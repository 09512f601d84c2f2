"""Many clients at once, for imports: who has which key, and new ones in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientDraft
from cti.clients.properties import Property
from cti.storage import changes, properties
from cti.storage.client_tables import (
    client_emails,
    client_phones,
    client_places,
    client_values,
    clients,
)  # fmt: skip
from cti.storage.clients import contact_rows, fields_of, fresh_ids
from cti.storage.search import fold

AT_ONCE = 900  # values of one IN


async def owners(
    conn: AsyncConnection, *, inns: Iterable[str] = (), phones: Iterable[str] = (), emails: Iterable[str] = ()
) -> Mapping[str, Mapping[str, int]]:
    """Who has which INN, own phone or e-mail, where it is one client's alone."""
    found: dict[str, dict[str, set[int]]] = {"inn": {}, "phone": {}, "email": {}}
    own = client_phones.c.shared.is_(False)
    asked = (
        ("inn", select(clients.c.inn, clients.c.id), clients.c.inn, set(inns)),
        (
            "phone",
            select(client_phones.c.e164, client_phones.c.client_id).where(own),
            client_phones.c.e164,
            set(phones),
        ),
        (
            "email",
            select(client_emails.c.folded, client_emails.c.client_id),
            client_emails.c.folded,
            {fold(one) for one in emails},
        ),
    )
    for kind, statement, column, values in asked:
        listed = sorted(values)
        for start in range(0, len(listed), AT_ONCE):
            some = statement.where(column.in_(listed[start : start + AT_ONCE]))
            for value, client_id in await conn.execute(some):
                found[kind].setdefault(str(value), set()).add(int(client_id))
    return {
        kind: {value: next(iter(ids)) for value, ids in by_value.items() if len(ids) == 1}
        for kind, by_value in found.items()
    }


async def insert_many(
    conn: AsyncConnection,
    drafts: Sequence[ClientDraft],
    known: Mapping[int, Property],
    *,
    now: float,
    user_id: int | None,
    batch: str,
    source: str,
) -> list[int]:
    """New clients, in order; returns their ids. source: where they come from, for their history."""
    ids = await fresh_ids(conn, len(drafts))
    fixed = {"version": 1, "created_at": now, "updated_at": now}
    rows = [{"id": id_, **fields_of(draft), **fixed} for id_, draft in zip(ids, drafts, strict=True)]
    await conn.execute(insert(clients), rows)
    contacts: dict[str, list[dict[str, object]]] = {"phones": [], "emails": [], "places": []}
    values: list[dict[str, object]] = []
    for client_id, draft in zip(ids, drafts, strict=True):
        for name, some in contact_rows(client_id, draft).items():
            contacts[name] += some
        for property_id, value in draft.values.items():
            whose = {"property_id": property_id, "client_id": client_id, "since": now}
            said = properties.rows_of(known[property_id], value)
            values += [{**whose, **row, "place": place} for place, row in enumerate(said)]
    tables = {"phones": client_phones, "emails": client_emails, "places": client_places}
    for name, some in contacts.items():
        if some:
            await conn.execute(insert(tables[name]), some)
    if values:
        await conn.execute(insert(client_values), values)
    await changes.write_created(conn, ids, source, at=now, user_id=user_id, batch=batch)
    return ids
