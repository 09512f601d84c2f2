"""Contact persons of many clients at once, for imports and for taking them back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.changes import Change, differences
from cti.clients.contacts import NOBODY, ContactDraft, fields_of
from cti.storage import changes, clients
from cti.storage.client_tables import clients as client_table
from cti.storage.contact_tables import contact_clients, contact_emails, contact_phones, contacts
from cti.storage.contacts import relink
from cti.storage.search import clean, fold


async def names(conn: AsyncConnection, ids: Iterable[int]) -> dict[int, set[str]]:
    """Folded names of the people of clients; at most a few hundred clients."""
    theirs = (
        select(contact_clients.c.client_id, contacts.c.name_folded)
        .join(contacts, contacts.c.id == contact_clients.c.contact_id)
        .where(contact_clients.c.client_id.in_(list(ids)))
    )
    found: dict[int, set[str]] = {}
    for client_id, name in await conn.execute(theirs):
        found.setdefault(client_id, set()).add(name)
    return found


def words_of(person: ContactDraft | None) -> str:
    """What clients are found by through a person of theirs, folded."""
    if person is None:
        return ""
    return fold(clean(" ".join((person.name.strip(), *person.emails, *map(clients.spoken, person.phones)))))


async def insert_many(
    conn: AsyncConnection,
    people: Sequence[ContactDraft],
    *,
    now: float,
    user_id: int | None,
    batch: str,
    new: Collection[int] = (),
) -> None:
    """New people, each of the clients in its roles, who are found by them from now on.

    new: clients who were added with their people's `words`.
    """
    if not people:
        return
    ids = await _fresh_ids(conn, len(people))
    rows: dict[str, list[dict[str, object]]] = {"contacts": [], "phones": [], "emails": [], "clients": []}
    told: list[tuple[int, int, list[Change]]] = []
    words: dict[int, list[str]] = {}
    for contact_id, draft in zip(ids, people, strict=True):
        name, mine = clean(draft.name).strip(), {"contact_id": contact_id}
        rows["contacts"].append(
            {"id": contact_id, "name": name, "name_folded": fold(name), "note": clean(draft.note), "version": 1}
            | {"created_at": now, "updated_at": now}
        )
        rows["phones"] += [mine | row for row in clients.phone_rows(draft.phones)]
        rows["emails"] += [mine | row for row in clients.email_rows(draft.emails, draft.email_labels)]
        records = [_of(contact_id, one) for one in differences(NOBODY, fields_of(draft))]
        for position, (client_id, role) in enumerate(draft.roles.items()):
            rows["clients"].append(mine | {"client_id": client_id, "role_id": role, "position": position})
            told.append((client_id, 0, records))
            if client_id not in new:
                words.setdefault(client_id, []).append(words_of(draft))
    tables = {"contacts": contacts, "phones": contact_phones, "emails": contact_emails, "clients": contact_clients}
    for part, table in tables.items():
        if rows[part]:
            await conn.execute(insert(table), rows[part])
    if words:
        await _found_by(conn, words)
    await changes.write_many(conn, told, at=now, user_id=user_id, batch=batch)


async def remove_many(
    conn: AsyncConnection,
    gone: Mapping[int, tuple[int, Sequence[Change]]],
    *,
    now: float,
    user_id: int | None,
    batch: str,
) -> None:
    """Delete people whom no other client has got since. gone: by id, whose they were and the changes that made them."""
    if not gone:
        return
    whose = contact_clients.c.contact_id
    alone = select(whose).where(whose.in_(list(gone))).group_by(whose).having(func.count() == 1)
    ids = list((await conn.execute(alone)).scalars())
    await conn.execute(delete(contacts).where(contacts.c.id.in_(ids)))
    back = [
        (client_id, 0, [replace(one, was=one.became, became=one.was) for one in made])
        for client_id, made in (gone[one] for one in ids)
    ]
    await changes.write_many(conn, back, at=now, user_id=user_id, batch=batch)
    await relink(conn, {client_id for client_id, _, _ in back})


async def _found_by(conn: AsyncConnection, words: Mapping[int, Sequence[str]]) -> None:
    """The words stand at the end of what the clients are found by: their own come first."""
    rows = [{"of_id": id_, "more": " ".join(some)} for id_, some in words.items()]
    more = {
        name: func.trim(client_table.c[name].concat(" ").concat(bindparam("more"))) for name in ("linked", "search")
    }
    await conn.execute(update(client_table).where(client_table.c.id == bindparam("of_id")).values(more), rows)


def _of(contact_id: int, one: Change) -> Change:
    return replace(one, field=f"contact:{contact_id}:{one.field}")


async def _fresh_ids(conn: AsyncConnection, count: int) -> list[int]:
    if conn.dialect.name == "sqlite":
        last = (await conn.execute(select(func.max(contacts.c.id)))).scalar() or 0
        return list(range(last + 1, last + count + 1))
    ask = text("SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, :count)")
    return [int(one) for one in (await conn.execute(ask, {"count": count})).scalars()]
