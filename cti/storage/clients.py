"""Clients as rows: changes under an optimistic lock. Who has a number is storage/lookup.py, search storage/search.py.

`clients.search` holds everything a person may look for, folded (casefold, ё as е): names, e-mails and the digits of
every phone; it is written here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, delete, func, literal, select, text
from sqlalchemy import insert as insert_into
from sqlalchemy import update as change
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard, ClientDraft, Phone, PhoneMatch
from cti.clients.properties import Value
from cti.errors import Refused
from cti.storage import cards, properties
from cti.storage.cards import PLAIN, get
from cti.storage.client_tables import client_emails, client_phones, client_places, clients
from cti.storage.client_work_tables import client_merges
from cti.storage.contact_tables import contact_clients, contacts
from cti.storage.finding import find
from cti.storage.orders import ByColumn, read_key, write_key
from cti.storage.parts import on_column
from cti.storage.privacy_tables import erasures
from cti.storage.search import PAGE_LIMIT, Page, clean, fold, found_by
from cti.storage.sight import sight_of

__all__ = [
    "ClientCard", "ClientDraft", "Page", "Phone", "PhoneMatch", "choices", "fold", "fresh_ids", "get",
    "insert", "remember_choice", "search", "update",
]  # fmt: skip

SORTS: dict[str, Column[Any]] = {
    "name": clients.c.name_folded,
    "created": clients.c.created_at,
    "updated": clients.c.updated_at,
}
Choice = tuple[int, int, float]  # user id, client id, UNIX seconds


async def insert(conn: AsyncConnection, draft: ClientDraft, now: float) -> int:
    """Add a client; returns its id. Phones come read (`card.with_numbers`)."""
    own = {} if conn.dialect.name != "sqlite" else {"id": (await fresh_ids(conn, 1))[0]}
    result = await conn.execute(
        insert_into(clients)
        .values(**own, **fields_of(draft), version=1, created_at=now, updated_at=now)
        .returning(clients.c.id)
    )
    client_id = int(result.scalar_one())
    await _insert_contacts(conn, client_id, draft)
    await _say(conn, client_id, {}, draft.values, now)
    return client_id


async def update(conn: AsyncConnection, client_id: int, draft: ClientDraft, version: int, now: float) -> bool:
    """Replace a client's fields; False when `version` is not the newest (or the client is gone): nothing changed."""
    fields = fields_of(draft)
    fields["search"] = func.trim(literal(f"{fields['search']} ").concat(clients.c.linked))
    result = await conn.execute(
        change(clients)
        .where(clients.c.id == client_id, clients.c.version == version)
        .values(**fields, version=version + 1, updated_at=now)
    )
    if result.rowcount != 1:
        return False
    for table in (client_phones, client_emails, client_places):
        await conn.execute(delete(table).where(table.c.client_id == client_id))
    await _insert_contacts(conn, client_id, draft)
    said = await properties.of_clients(conn, [client_id])
    await _say(conn, client_id, said.get(client_id, {}), draft.values, now)
    return True


async def fresh_ids(conn: AsyncConnection, count: int) -> list[int]:
    """Ids for new clients. One that was merged or erased never comes back to anybody: addresses lead from it, and the
    list of the erased names it."""
    if conn.dialect.name == "sqlite":
        used = [func.max(clients.c.id), func.max(client_merges.c.gone_id), func.max(erasures.c.client_id)]
        last = max([(await conn.execute(select(one))).scalar() or 0 for one in used])
        return list(range(last + 1, last + count + 1))
    ask = text("SELECT nextval(pg_get_serial_sequence('clients', 'id')) FROM generate_series(1, :count)")
    return [int(one) for one in (await conn.execute(ask, {"count": count})).scalars()]


async def _say(
    conn: AsyncConnection, client_id: int, before: Mapping[int, Value], after: Mapping[int, Value], now: float
) -> None:
    """Set the properties that differ."""
    ids = {one for one in {*before, *after} if before.get(one) != after.get(one)}
    if ids:
        known = {prop.id: prop for prop in await properties.every(conn, retired=True)}
        changed = {one: (known[one], after.get(one)) for one in ids if one in known}
        await properties.say(conn, client_id, changed, now)


async def remove(conn: AsyncConnection, client_id: int) -> None:
    """Delete a client with all that is his, people of nobody else among it; calls stay, without a client."""
    his, others = contact_clients.alias(), contact_clients.alias()
    shared = select(others.c.contact_id).where(others.c.client_id != client_id)
    alone = select(his.c.contact_id).where(his.c.client_id == client_id, his.c.contact_id.not_in(shared))
    await conn.execute(delete(contacts).where(contacts.c.id.in_(alone)))
    await conn.execute(delete(clients).where(clients.c.id == client_id))


async def search(
    conn: AsyncConnection,
    q: str,
    *,
    sort: str = "name",
    descending: bool = False,
    limit: int = 50,
    cursor: str | None = None,
    responsible_id: int | None = None,
) -> Page[ClientCard]:
    """Clients who match every word of `q` (all, when empty). Raises Refused for an unknown sort or cursor."""
    if sort not in SORTS:
        raise Refused("bad-sort", f"Clients are sorted by {', '.join(SORTS)}.")
    sight = sight_of(conn)
    found = found_by(q, is_sqlite=conn.dialect.name == "sqlite", whole=sight.hides)
    parts = [found] if found is not None else []
    if responsible_id is not None:
        parts.append(on_column(clients.c.responsible_id, lambda column: column == responsible_id, indexed=True))
    order = ByColumn(of=SORTS[sort], down=descending)
    after = read_key(sight.place(cursor), order) if cursor is not None else None
    page = await find(conn, parts, order, limit=max(1, min(limit, PAGE_LIMIT)), after=after)
    rows = list((await cards.of(conn, page.ids)).values())
    return Page(rows=rows, total=page.total, next_cursor=sight.bookmark(write_key(page.last)) if page.last else None)


async def remember_choice(conn: AsyncConnection, number: str, user_id: int, client_id: int, now: float) -> None:
    """The person says that this number is this client; his newest word counts."""
    await conn.execute(
        text(
            "INSERT INTO number_choices (number, user_id, client_id, chosen_at) VALUES (:number, :user, :client, :now)"
            " ON CONFLICT (number, user_id) DO UPDATE"
            " SET client_id = excluded.client_id, chosen_at = excluded.chosen_at"
        ),
        {"number": number, "user": user_id, "client": client_id, "now": now},
    )


async def choices(conn: AsyncConnection, number: str) -> list[Choice]:
    """Who chose which client for a number, newest first."""
    rows = await conn.execute(
        text(
            "SELECT user_id, client_id, chosen_at FROM number_choices WHERE number = :number"
            " ORDER BY chosen_at DESC, user_id"
        ),
        {"number": number},
    )
    return [(row.user_id, row.client_id, row.chosen_at) for row in rows]


def fields_of(draft: ClientDraft) -> dict[str, Any]:
    """The columns of a draft, with its search text: every way into the table goes through here."""
    return {**columns_of(draft), "search": search_text(draft)}


def columns_of(draft: ClientDraft) -> dict[str, Any]:
    """The same without the search text, which costs as much as all of them."""
    name = clean(draft.name).strip()
    return {
        "kind": draft.kind,
        "name": name,
        "full_name": clean(draft.full_name).strip(),
        "note": clean(draft.note),
        "responsible_id": draft.responsible_id,
        "name_folded": fold(name),
        **{column: getattr(draft, column) for column in PLAIN},
    }


def search_text(draft: ClientCard | ClientDraft) -> str:
    """What the client is found by of his own; what his people and contracts add is storage/contacts.py."""
    phones = (spoken(phone) for phone in draft.phones)
    said = (value for value in draft.values.values() if isinstance(value, str))
    places = (place.value for place in draft.places)
    words = (draft.name, draft.full_name, *draft.emails, *phones, draft.inn, draft.ogrn, *places, *said)
    return fold(clean(" ".join(part for part in words if part)))


def spoken(phone: Phone) -> str:
    """A phone in a search text: a read one as its E.164 digits, another as the digits typed."""
    return re.sub(r"\D", "", phone.e164 or phone.typed) + (f" {phone.extension}" if phone.extension else "")


def contact_rows(client_id: int, draft: ClientDraft) -> dict[str, list[dict[str, object]]]:
    """Rows of phones, emails and places."""
    return {
        "phones": [{"client_id": client_id} | row for row in phone_rows(draft.phones)],
        "emails": [{"client_id": client_id} | row for row in email_rows(draft.emails, draft.email_labels)],
        "places": [
            {"client_id": client_id, "position": position, "kind": place.kind, "value": clean(place.value).strip()}
            for position, place in enumerate(draft.places)
        ],
    }


def phone_rows(phones: Iterable[Phone]) -> list[dict[str, object]]:
    """Phones as columns, but for whose they are."""
    return [
        {
            "position": position,
            "e164": phone.e164,
            "extension": phone.extension,
            "typed": clean(phone.typed),
            "label": clean(phone.label),
            "shared": phone.shared,
        }
        for position, phone in enumerate(phones)
    ]


def email_rows(emails: Iterable[str], labels: Mapping[str, str]) -> list[dict[str, object]]:
    """Addresses as columns, but for whose they are. labels: what each is."""
    return [
        {
            "position": position,
            "address": (address := clean(email).strip()),
            "folded": fold(address),
            "label": clean(labels.get(email, "")),
        }
        for position, email in enumerate(emails)
    ]


async def _insert_contacts(conn: AsyncConnection, client_id: int, draft: ClientDraft) -> None:
    tables = {"phones": client_phones, "emails": client_emails, "places": client_places}
    for name, rows in contact_rows(client_id, draft).items():
        if rows:
            await conn.execute(insert_into(tables[name]), rows)
