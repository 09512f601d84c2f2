"""Many clients at once, for imports and for taking them back: who has which key; new, changed and removed ones.

A part of a few hundred clients costs a few statements, however many it has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Float, Text, bindparam, delete, false, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import ClientCard, ClientDraft
from cti.clients.changes import PROPERTY, Change
from cti.clients.properties import Property
from cti.storage import cards, changes, properties
from cti.storage.client_tables import (
    client_emails,
    client_phones,
    client_places,
    client_values,
    clients,
    value_history,
)  # fmt: skip
from cti.storage.clients import columns_of, contact_rows, fields_of, fresh_ids, search_text
from cti.storage.contact_tables import client_notes, client_tasks, contact_clients, contacts
from cti.storage.search import fold

AT_ONCE = 900  # values of one IN
UNSEARCHED = frozenset(
    (
        "note",
        "kind",
        "kpp",
        "time_zone",
        "responsible_id",
        "relation_id",
        "region_id",
        "industry_id",
        "source_id",
        "email_labels",
    )
)  # fields that are no part of what a client is found by
CONTACTS = {"phones": client_phones, "emails": client_emails, "places": client_places}
CHANGED_BY = {"email_labels": "emails"}  # another field that stands in the same table


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A card that becomes what `draft` says, its numbers read. version: the one it has."""

    client_id: int
    version: int
    draft: ClientDraft
    changes: Sequence[Change]


async def owners(
    conn: AsyncConnection, *, inns: Iterable[str] = (), phones: Iterable[str] = (), emails: Iterable[str] = ()
) -> Mapping[str, Mapping[str, int | None]]:
    """Who has which INN, phone or e-mail. None: several have it, or it is marked as shared: it tells nobody apart."""
    found: dict[str, dict[str, set[int | None]]] = {"inn": {}, "phone": {}, "email": {}}
    phone, email, own = client_phones.c, client_emails.c, false()
    asked = (
        ("inn", select(clients.c.inn, clients.c.id, own), clients.c.inn, set(inns)),
        ("phone", select(phone.e164, phone.client_id, phone.shared), phone.e164, set(phones)),
        ("email", select(email.folded, email.client_id, own), email.folded, {fold(one) for one in emails}),
    )
    for kind, statement, column, values in asked:
        listed = sorted(values)
        for start in range(0, len(listed), AT_ONCE):
            some = statement.where(column.in_(listed[start : start + AT_ONCE]))
            for value, client_id, shared in (await conn.execute(some)).all():
                found[kind].setdefault(str(value), set()).add(None if shared else int(client_id))
    return {
        kind: {value: next(iter(ids)) if len(ids) == 1 else None for value, ids in by_value.items()}
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
    linked: Sequence[str] = (),
) -> list[int]:
    """New clients, in order; returns their ids. source: where they come from, for their history.

    linked: of each, what he is found by through people of his who are about to be added, folded.
    """
    ids = await fresh_ids(conn, len(drafts))
    fixed = {"version": 1, "created_at": now, "updated_at": now}
    rows = [
        {"id": id_, **(own := fields_of(draft)), "linked": more, "search": f"{own['search']} {more}".strip(), **fixed}
        for id_, draft, more in zip(ids, drafts, linked or [""] * len(ids), strict=True)
    ]
    await conn.execute(insert(clients), rows)
    said: dict[str, list[dict[str, object]]] = {name: [] for name in CONTACTS}
    values: list[dict[str, object]] = []
    for client_id, draft in zip(ids, drafts, strict=True):
        for name, some in contact_rows(client_id, draft).items():
            said[name] += some
        for property_id, value in draft.values.items():
            whose = {"property_id": property_id, "client_id": client_id, "since": now}
            rows_of = properties.rows_of(known[property_id], value)
            values += [{**whose, **row, "place": place} for place, row in enumerate(rows_of)]
    for name, some in said.items():
        if some:
            await conn.execute(insert(CONTACTS[name]), some)
    if values:
        await conn.execute(insert(client_values), values)
    await changes.write_created(conn, ids, source, at=now, user_id=user_id, batch=batch)
    return ids


async def locked(conn: AsyncConnection, ids: Iterable[int]) -> dict[int, ClientCard]:
    """Cards that nobody else changes before this transaction ends; at most a few hundred."""
    wanted = sorted(set(ids))
    if wanted:
        await conn.execute(
            select(clients.c.id).where(clients.c.id.in_(wanted)).order_by(clients.c.id).with_for_update()
        )
    return await cards.of(conn, wanted)


async def update_many(
    conn: AsyncConnection,
    changed: Sequence[Changed],
    known: Mapping[int, Property],
    *,
    now: float,
    user_id: int | None,
    batch: str,
) -> None:
    """Change cards that are `locked`. known: properties, the retired ones too."""
    if not changed:
        return
    await _set(conn, [one for one in changed if _is_found_anew(one)], now, search=True)
    await _set(conn, [one for one in changed if not _is_found_anew(one)], now, search=False)
    for name, table in CONTACTS.items():
        some = [one for one in changed if any(CHANGED_BY.get(x.field, x.field) == name for x in one.changes)]
        if some:
            await conn.execute(delete(table).where(table.c.client_id.in_([one.client_id for one in some])))
            new = [row for one in some for row in contact_rows(one.client_id, one.draft)[name]]
            if new:
                await conn.execute(insert(table), new)
    await _say(conn, changed, known, now)
    made = [(one.client_id, one.version + 1, one.changes) for one in changed]
    await changes.write_many(conn, made, at=now, user_id=user_id, batch=batch)


def _is_found_anew(one: Changed) -> bool:
    """Whether the text that the client is found by changes: texts of properties are part of it, their numbers not."""
    return any(
        isinstance(change.was, str) or isinstance(change.became, str)
        if change.field.startswith(PROPERTY)
        else change.field not in UNSEARCHED
        for change in one.changes
    )


async def _set(conn: AsyncConnection, changed: Sequence[Changed], now: float, *, search: bool) -> None:
    """Those of the clients' own columns that change. search: with the text they are found by."""
    if not changed:
        return
    fields = {change.field for one in changed for change in one.changes}
    rows = [_columns(one, now, fields, search=search) for one in changed]
    values: dict[str, Any] = {name.removeprefix("to_"): bindparam(name) for name in rows[0] if name != "of_id"}
    if search:
        values["search"] = func.trim(bindparam("to_search", type_=Text).concat(clients.c.linked))
    await conn.execute(update(clients).where(clients.c.id == bindparam("of_id")).values(values), rows)


def _columns(one: Changed, now: float, fields: Collection[str], *, search: bool) -> dict[str, object]:
    row: dict[str, object] = {"of_id": one.client_id, "to_version": one.version + 1, "to_updated_at": now}
    for name, value in columns_of(one.draft).items():
        if ("name" if name == "name_folded" else name) in fields:
            row[f"to_{name}"] = value
    if search:
        row["to_search"] = f"{search_text(one.draft)} "
    return row


async def _say(conn: AsyncConnection, changed: Sequence[Changed], known: Mapping[int, Property], now: float) -> None:
    """What is said of the clients by properties; what was said before goes to the history."""
    fresh: dict[int, list[int]] = {}
    new: list[dict[str, object]] = []
    for one in changed:
        for property_id in _said_anew(one):
            if property_id not in known:
                continue
            fresh.setdefault(property_id, []).append(one.client_id)
            whose = {"property_id": property_id, "client_id": one.client_id, "since": now}
            said = properties.rows_of(known[property_id], one.draft.values.get(property_id))
            new += [{**whose, **row, "place": place} for place, row in enumerate(said)]
    for property_id, ids in fresh.items():
        mine = (client_values.c.property_id == property_id) & client_values.c.client_id.in_(ids)
        kept = ("property_id", "client_id", "value_id", "number", "text", "since")
        before = select(*(client_values.c[name] for name in kept), literal(now, Float).label("until")).where(mine)
        await conn.execute(insert(value_history).from_select([*kept, "until"], before))
        await conn.execute(delete(client_values).where(mine))
    if new:
        await conn.execute(insert(client_values), new)


def _said_anew(one: Changed) -> list[int]:
    return [int(c.field.removeprefix(PROPERTY)) for c in one.changes if c.field.startswith(PROPERTY)]


async def written_about(conn: AsyncConnection, ids: Sequence[int]) -> set[int]:
    """Which of these clients somebody wrote a note or a task about."""
    found: set[int] = set()
    for table in (client_notes, client_tasks) if ids else ():
        found |= set((await conn.execute(select(table.c.client_id).where(table.c.client_id.in_(ids)))).scalars())
    return found


async def remove_many(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Delete clients with all that is theirs, people of nobody else among it; calls stay, without a client."""
    if not ids:
        return
    his, others = contact_clients.alias(), contact_clients.alias()
    shared = select(others.c.contact_id).where(others.c.client_id.not_in(ids))
    alone = select(his.c.contact_id).where(his.c.client_id.in_(ids), his.c.contact_id.not_in(shared))
    await conn.execute(delete(contacts).where(contacts.c.id.in_(alone)))
    await conn.execute(delete(clients).where(clients.c.id.in_(ids)))
