"""Contact persons as rows, and the part of a client's search text that comes from his people and contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import Phone
from cti.clients.contacts import Belonging, Contact, ContactDraft
from cti.storage import cards, clients
from cti.storage.client_tables import clients as client_table
from cti.storage.client_tables import directory_items
from cti.storage.contact_tables import contact_clients, contact_emails, contact_phones, contacts, contracts
from cti.storage.search import clean, fold, words_of
from cti.storage.sight import seen, sight_of

AT_ONCE = 500


async def get(conn: AsyncConnection, contact_id: int) -> Contact | None:
    """One contact person. An id from an address may be any number."""
    if not 0 < contact_id < 2**31:
        return None
    return next(iter(await _of(conn, [contact_id])), None)


async def of_client(conn: AsyncConnection, client_id: int) -> list[Contact]:
    """A client's people in their order; at most a few hundred."""
    mine = select(contact_clients.c.contact_id).where(contact_clients.c.client_id == client_id)
    ordered = mine.order_by(contact_clients.c.position, contact_clients.c.contact_id).limit(AT_ONCE)
    return await _of(conn, list((await conn.execute(ordered)).scalars()))


async def find(conn: AsyncConnection, q: str, *, limit: int = 20) -> list[Contact]:
    """People by any part of their name, or by a phone in any spelling: a whole one where numbers are hidden."""
    name = fold(clean(q[:100]))
    hides = sight_of(conn).hides
    if not name:
        return []
    statement = select(contacts.c.id).where(contacts.c.name_folded.contains(name, autoescape=True))
    digits = [word for group in words_of(q) for word in group if word.isdigit() and len(word) >= 3]
    if digits:
        longest = max(digits, key=len)
        number = contact_phones.c.e164.contains(longest, autoescape=True)
        if hides:
            number = contact_phones.c.e164.in_([f"+{word}" for word in digits] + [f"+7{word}" for word in digits])
        by_phone = select(contact_phones.c.contact_id).where(number)
        statement = select(contacts.c.id).where(contacts.c.id.in_(by_phone))
    elif hides and any(sign.isdigit() for sign in name):
        return []
    found = await conn.execute(statement.order_by(contacts.c.name_folded).limit(limit))
    return await _of(conn, list(found.scalars()))


async def add(conn: AsyncConnection, draft: ContactDraft, now: float) -> int:
    """A new contact person of the clients in its roles; returns his id."""
    values = _plain(draft) | {"version": 1, "created_at": now, "updated_at": now}
    contact_id = int((await conn.execute(insert(contacts).values(values).returning(contacts.c.id))).scalar_one())
    await _fill(conn, contact_id, draft)
    return contact_id


async def change(conn: AsyncConnection, contact_id: int, draft: ContactDraft, version: int, now: float) -> bool:
    """Replace what is said of him; False when `version` is not the newest: nothing changed."""
    mine = (contacts.c.id == contact_id) & (contacts.c.version == version)
    values = _plain(draft) | {"version": version + 1, "updated_at": now}
    if (await conn.execute(update(contacts).where(mine).values(values))).rowcount != 1:
        return False
    for table in (contact_phones, contact_emails, contact_clients):
        await conn.execute(delete(table).where(table.c.contact_id == contact_id))
    await _fill(conn, contact_id, draft)
    return True


async def remove(conn: AsyncConnection, contact_id: int) -> None:
    """Delete a contact person with his phones and mails."""
    await conn.execute(delete(contacts).where(contacts.c.id == contact_id))


async def relink(conn: AsyncConnection, client_ids: Iterable[int]) -> None:
    """Write anew what clients, at most a few hundred, are found by through people and contracts; no version changes."""
    ids = list(client_ids)
    linked: dict[int, list[str]] = {one: [] for one in ids}
    links = select(contact_clients.c.client_id, contact_clients.c.contact_id).where(
        contact_clients.c.client_id.in_(ids)
    )
    pairs = (await conn.execute(links.order_by(contact_clients.c.position, contact_clients.c.contact_id))).all()
    people = {one.id: one for one in await _of(conn, list({contact_id for _, contact_id in pairs}))}
    for client_id, contact_id in pairs:
        one = people[contact_id]
        linked[client_id] += [one.name, *one.emails, *map(clients.spoken, one.phones)]
    numbers = select(contracts.c.client_id, contracts.c.number).where(contracts.c.client_id.in_(ids))
    for row in await conn.execute(numbers):
        linked[row.client_id].append(row.number)
    rows: list[dict[str, Any]] = []
    for client_id, card in (await cards.of(conn, ids)).items():
        words = fold(clean(" ".join(linked[client_id])))
        rows.append({"of_id": client_id, "to": words, "all": f"{clients.search_text(card)} {words}".strip()})
    if rows:
        found_by: dict[str, Any] = {"linked": bindparam("to"), "search": bindparam("all")}
        await conn.execute(update(client_table).where(client_table.c.id == bindparam("of_id")).values(found_by), rows)


def _plain(draft: ContactDraft) -> dict[str, Any]:
    name = clean(draft.name).strip()
    return {"name": name, "name_folded": fold(name), "note": clean(draft.note)}


async def _fill(conn: AsyncConnection, contact_id: int, draft: ContactDraft) -> None:
    mine: dict[str, Any] = {"contact_id": contact_id}
    emails = clients.email_rows(draft.emails, draft.email_labels)
    rows = {contact_phones: clients.phone_rows(draft.phones), contact_emails: emails}
    for table, some in rows.items():
        if some:
            await conn.execute(insert(table), [mine | row for row in some])
    belongs = [
        mine | {"client_id": client_id, "role_id": role, "position": position}
        for position, (client_id, role) in enumerate(draft.roles.items())
    ]
    if belongs:
        await conn.execute(insert(contact_clients), belongs)


async def _of(conn: AsyncConnection, ids: list[int]) -> list[Contact]:
    """People by id, in the order of the ids."""
    if not ids:
        return []
    phones: dict[int, list[Phone]] = {}
    numbers = select(contact_phones).where(contact_phones.c.contact_id.in_(ids)).order_by(contact_phones.c.position)
    for p in await conn.execute(numbers):
        one = Phone(typed=p.typed, e164=p.e164, extension=p.extension, label=p.label, shared=bool(p.shared))
        phones.setdefault(p.contact_id, []).append(one)
    emails: dict[int, list[str]] = {}
    labels: dict[int, dict[str, str]] = {}
    mails = select(contact_emails).where(contact_emails.c.contact_id.in_(ids)).order_by(contact_emails.c.position)
    for e in await conn.execute(mails):
        emails.setdefault(e.contact_id, []).append(e.address)
        if e.label:
            labels.setdefault(e.contact_id, {})[e.address] = e.label
    belongs = await _belongings(conn, ids)
    found: Mapping[int, Contact] = {
        row.id: Contact(
            id=row.id,
            name=row.name,
            note=row.note,
            phones=tuple(phones.get(row.id, ())),
            emails=tuple(emails.get(row.id, ())),
            email_labels=labels.get(row.id, {}),
            belongs=tuple(belongs.get(row.id, ())),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in await conn.execute(select(contacts).where(contacts.c.id.in_(ids)))
    }
    return seen(conn, [found[one] for one in ids if one in found])


async def _belongings(conn: AsyncConnection, ids: list[int]) -> dict[int, list[Belonging]]:
    rows = await conn.execute(
        select(contact_clients, client_table.c.name, directory_items.c.name.label("role"))
        .join_from(contact_clients, client_table, client_table.c.id == contact_clients.c.client_id)
        .outerjoin(directory_items, directory_items.c.id == contact_clients.c.role_id)
        .where(contact_clients.c.contact_id.in_(ids))
        .order_by(contact_clients.c.position, contact_clients.c.client_id)
    )
    found: dict[int, list[Belonging]] = {}
    for row in rows:
        one = Belonging(client_id=row.client_id, client_name=row.name, role_id=row.role_id, role=row.role or "")
        found.setdefault(row.contact_id, []).append(one)
    return found
