"""Clients as rows: by number for the card, changes under an optimistic lock; search is storage/search.py.

`clients.search` holds everything a person may look for, folded (casefold, ё as е): names, e-mails and the digits of
every phone; it is written here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Integer, Row, String, column, delete, text
from sqlalchemy import insert as insert_into
from sqlalchemy import update as change
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard, ClientDraft, Phone, PhoneMatch
from cti.clients.properties import Value, date_of
from cti.desktop import ClientBrief
from cti.storage import properties
from cti.storage.cards import PLAIN, get
from cti.storage.client_tables import client_emails, client_phones, client_places, clients
from cti.storage.search import Page, clean, fold, search

__all__ = [
    "ClientCard", "ClientDraft", "Page", "Phone", "PhoneMatch", "by_number", "choices", "fold", "get",
    "insert", "remember_choice", "responsible_of", "search", "update",
]  # fmt: skip

Choice = tuple[int, int, float]  # user id, client id, UNIX seconds

# One statement: the way from a ring to a card pays for every trip. Rows of part 0 are the matches, 1 their phones, 2
# their e-mails, 3 the properties marked for the pop; columns() lets SQLAlchemy keep what it knows of the result instead
# of finding it out each time.
_BY_NUMBER = text(
    "WITH found AS (SELECT client_id, position, label, extension, shared FROM client_phones WHERE e164 = :e164"
    " ORDER BY client_id, position LIMIT :limit)"
    " SELECT 0 AS part, f.client_id, f.position, f.label, f.extension, f.shared, c.name, c.full_name, c.kind, c.note,"
    " COALESCE(u.name, '') AS responsible FROM found f JOIN clients c ON c.id = f.client_id"
    " LEFT JOIN users u ON u.id = c.responsible_id"
    " UNION ALL SELECT 1, client_id, position, label, extension, shared, e164, '', '', '', '' FROM client_phones"
    " WHERE e164 IS NOT NULL AND client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 2, client_id, position, '', '', :no, address, '', '', '', '' FROM client_emails"
    " WHERE client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 3, v.client_id, p.position, p.name, COALESCE(pv.color, ''), :no, COALESCE(pv.name, v.text, ''),"
    " CAST(v.number AS VARCHAR), p.kind, '', '' FROM client_values v JOIN properties p ON p.id = v.property_id"
    " LEFT JOIN property_values pv ON pv.id = v.value_id"
    " WHERE p.in_pop AND p.retired_at IS NULL AND v.client_id IN (SELECT client_id FROM found)"
    " ORDER BY part, client_id, position"
).columns(
    column("part", Integer),
    column("client_id", Integer),
    column("position", Integer),
    column("label", String),
    column("extension", String),
    column("shared", Boolean),
    column("name", String),
    column("full_name", String),
    column("kind", String),
    column("note", String),
    column("responsible", String),
)


async def by_number(conn: AsyncConnection, e164: str, *, limit: int = 10) -> list[PhoneMatch]:
    """The clients one of whose phones is exactly this number; [] for an empty one."""
    if not e164:
        return []
    matches: list[Row[Any]] = []
    phones: dict[int, list[tuple[str, str, str]]] = {}
    emails: dict[int, list[str]] = {}
    said: dict[int, list[tuple[str, str, str]]] = {}
    for row in await conn.execute(_BY_NUMBER, {"e164": e164, "limit": limit, "no": False}):
        if row.part == 0:
            matches.append(row)
        elif row.part == 1:
            phones.setdefault(row.client_id, []).append((row.name, row.extension, row.label))
        elif row.part == 2:
            emails.setdefault(row.client_id, []).append(row.name)
        else:
            text_ = row.name or _number_shown(row.kind, row.full_name)
            said.setdefault(row.client_id, []).append((row.label, text_, row.extension))
    return [
        PhoneMatch(
            client=ClientBrief(
                id=row.client_id,
                name=row.name,
                full_name=row.full_name,
                kind=row.kind,
                phones=tuple(phones.get(row.client_id, ())),
                emails=tuple(emails.get(row.client_id, ())),
                responsible=row.responsible,
                note=row.note,
                properties=tuple(said.get(row.client_id, ())),
            ),
            label=row.label,
            extension=row.extension,
            shared=row.shared,
        )
        for row in matches
    ]


def _number_shown(kind: str, number: str | None) -> str:
    """A property's number as a person reads it: `5`, `31.12.2026`, `+` for yes."""
    if not number:
        return ""
    value = float(number)
    if kind == "date":
        return ".".join(reversed(date_of(value).split("-")))
    return ("+" if value else "−") if kind == "yes-no" else f"{value:g}"


async def insert(conn: AsyncConnection, draft: ClientDraft, now: float) -> int:
    """Add a client; returns its id. Phones come read (`card.with_numbers`)."""
    result = await conn.execute(
        insert_into(clients)
        .values(**fields_of(draft), version=1, created_at=now, updated_at=now)
        .returning(clients.c.id)
    )
    client_id = int(result.scalar_one())
    await _insert_contacts(conn, client_id, draft)
    await _say(conn, client_id, {}, draft.values, now)
    return client_id


async def update(conn: AsyncConnection, client_id: int, draft: ClientDraft, version: int, now: float) -> bool:
    """Replace a client's fields; False when `version` is not the newest (or the client is gone): nothing changed."""
    result = await conn.execute(
        change(clients)
        .where(clients.c.id == client_id, clients.c.version == version)
        .values(**fields_of(draft), version=version + 1, updated_at=now)
    )
    if result.rowcount != 1:
        return False
    for table in (client_phones, client_emails, client_places):
        await conn.execute(delete(table).where(table.c.client_id == client_id))
    await _insert_contacts(conn, client_id, draft)
    said = await properties.of_clients(conn, [client_id])
    await _say(conn, client_id, said.get(client_id, {}), draft.values, now)
    return True


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
    """Delete a client with all that is his; calls with him stay, without a client."""
    await conn.execute(delete(clients).where(clients.c.id == client_id))


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


async def responsible_of(conn: AsyncConnection, e164: str) -> int | None:
    """Who looks after the caller: the responsible person of the number's clients, where they have but one."""
    rows = await conn.execute(
        text(
            "SELECT DISTINCT c.responsible_id FROM client_phones p JOIN clients c ON c.id = p.client_id"
            " WHERE p.e164 = :e164 AND c.responsible_id IS NOT NULL LIMIT 2"
        ),
        {"e164": e164},
    )
    people = rows.scalars().all()
    return people[0] if len(people) == 1 else None


def fields_of(draft: ClientDraft) -> dict[str, Any]:
    """The columns of a draft, with its search text: every way into the table goes through here."""
    name = clean(draft.name).strip()
    return {
        "kind": draft.kind,
        "name": name,
        "full_name": clean(draft.full_name).strip(),
        "note": clean(draft.note),
        "responsible_id": draft.responsible_id,
        "name_folded": fold(name),
        "search": _search_text(draft),
        **{column: getattr(draft, column) for column in PLAIN},
    }


def _search_text(draft: ClientDraft) -> str:
    """What the client is found by. A read phone stands as its E.164 digits, another as the digits typed."""
    phones = (
        re.sub(r"\D", "", phone.e164 or phone.typed) + (f" {phone.extension}" if phone.extension else "")
        for phone in draft.phones
    )
    said = (value for value in draft.values.values() if isinstance(value, str))
    places = (place.value for place in draft.places)
    words = (draft.name, draft.full_name, *draft.emails, *phones, draft.inn, draft.ogrn, *places, *said)
    return fold(clean(" ".join(part for part in words if part)))


def contact_rows(client_id: int, draft: ClientDraft) -> dict[str, list[dict[str, object]]]:
    """Rows of phones, emails and places."""
    return {
        "phones": [
            {
                "client_id": client_id,
                "position": position,
                "e164": phone.e164,
                "extension": phone.extension,
                "typed": clean(phone.typed),
                "label": clean(phone.label),
                "shared": phone.shared,
            }
            for position, phone in enumerate(draft.phones)
        ],
        "emails": [
            {"client_id": client_id, "position": position, "address": address, "folded": fold(address)}
            for position, address in enumerate(clean(email).strip() for email in draft.emails)
        ],
        "places": [
            {"client_id": client_id, "position": position, "kind": place.kind, "value": clean(place.value).strip()}
            for position, place in enumerate(draft.places)
        ],
    }


async def _insert_contacts(conn: AsyncConnection, client_id: int, draft: ClientDraft) -> None:
    tables = {"phones": client_phones, "emails": client_emails, "places": client_places}
    for name, rows in contact_rows(client_id, draft).items():
        if rows:
            await conn.execute(insert_into(tables[name]), rows)
