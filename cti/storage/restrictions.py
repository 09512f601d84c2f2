"""Clients with whose data nothing may be done: who is restricted and why, and whether a number or an address is his.

Every channel that reaches out asks `restriction` before it does: whoever owns the number or the address, himself or
through his contact persons, is not called and not written to while he is restricted. A phone that no plan could read
counts as what would be dialled if somebody typed it here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, and_, func, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.changes import Change
from cti.clients.masking import Words
from cti.storage import changes
from cti.storage.client_tables import client_changes, client_emails, client_phones, clients
from cti.storage.contact_tables import contact_clients, contact_emails, contact_phones
from cti.storage.search import fold
from cti.storage.sight import seen
from cti.storage.tables import users
from cti.telephony.numbering import Number, NumberPlan, read_all

_CLIENTS = select(clients.c.id, clients.c.name, clients.c.restricted_at, clients.c.restricted_why)


@dataclass(frozen=True, kw_only=True, slots=True)
class Restriction:
    """Who is restricted since when and why. by: who did it, "" where that is not asked for or not known."""

    client_id: int
    name: Words
    why: Words
    at: float
    by: str = ""


async def restriction(
    conn: AsyncConnection, to: Number | str, plan: NumberPlan, *, client_id: int | None = None
) -> Restriction | None:
    """Why nothing may go out to a number or an e-mail address; None: it may.

    client_id: whom it is meant for. One who is restricted is reached nowhere; one who is not is reached at what is
    his, whoever else has it too.
    """
    rows = {row.id: row for row in await conn.execute(_CLIENTS.where(clients.c.id.in_(_owners_of(to))))}
    meant = rows.get(client_id) if client_id else None
    if meant is not None and meant.restricted_at is None:
        return None
    if isinstance(to, Number):
        rows |= {row.id: row for row in await _unread(conn, to, plan)}
    if client_id and client_id not in rows:
        rows |= {row.id: row for row in await conn.execute(_CLIENTS.where(clients.c.id == client_id))}
    stopped = [row for row in rows.values() if row.restricted_at is not None]
    return min(map(_restriction, stopped), key=lambda one: (one.client_id != client_id, one.client_id), default=None)


async def of_client(conn: AsyncConnection, client_id: int) -> Restriction | None:
    """A client's restriction, with who made it; None for a client who is not restricted."""
    row = (await conn.execute(_CLIENTS.where(clients.c.id == client_id))).one_or_none()
    if row is None or row.restricted_at is None:
        return None
    made = and_(client_changes.c.client_id == client_id, client_changes.c.field == changes.RESTRICTED)
    last = select(users.c.name).join_from(client_changes, users, users.c.id == client_changes.c.user_id).where(made)
    by = (await conn.execute(last.order_by(client_changes.c.id.desc()).limit(1))).scalar()
    return seen(conn, _restriction(row, by or ""))


async def restricted(conn: AsyncConnection, ids: Iterable[int | None]) -> frozenset[int]:
    """Which of these clients are restricted; at most a few hundred."""
    asked = {one for one in ids if one}
    some = select(clients.c.id).where(clients.c.id.in_(asked), clients.c.restricted_at.is_not(None))
    return frozenset((await conn.execute(some)).scalars()) if asked else frozenset()


async def numbers(conn: AsyncConnection, e164s: Iterable[str]) -> frozenset[str]:
    """Which of these numbers a restricted client has; at most a few hundred."""
    asked = set(e164s)
    found: set[str] = set()
    if not asked:
        return frozenset()
    for owners, phones in ((_of_clients(client_phones), client_phones), (_of_people(contact_phones), contact_phones)):
        stopped = owners.join(clients, clients.c.id == owners.selected_columns.client_id)
        which = stopped.where(clients.c.restricted_at.is_not(None), phones.c.e164.in_(asked))
        found |= set((await conn.execute(which.with_only_columns(phones.c.e164))).scalars())
    return frozenset(found)


async def put(conn: AsyncConnection, client_id: int, why: str, *, now: float, user_id: int) -> bool:
    """Restrict a client from now on, or with an empty reason release him; False when there is no such client.

    Of one already restricted only the reason changes. The card has no new version: whoever has it open saves it.
    """
    if not 0 < client_id < 2**31:
        return False
    before = select(clients.c.version, clients.c.restricted_at, clients.c.restricted_why)
    row = (await conn.execute(before.where(clients.c.id == client_id).with_for_update())).one_or_none()
    if row is None:
        return False
    at = (now if row.restricted_at is None else row.restricted_at) if why else None
    if (at, why) == (row.restricted_at, row.restricted_why):
        return True
    values = {"restricted_at": at, "restricted_why": why}
    await conn.execute(update(clients).where(clients.c.id == client_id).values(values))
    change = Change(field=changes.RESTRICTED, was=row.restricted_why or None, became=why or None)
    await changes.write(conn, client_id, [change], at=now, user_id=user_id, version=row.version)
    return True


def _restriction(row: Any, by: str = "") -> Restriction:
    return Restriction(client_id=row.id, name=row.name, why=row.restricted_why, at=row.restricted_at, by=by)


def _of_clients(table: Table) -> Select[Any]:
    return select(table.c.client_id)


def _of_people(table: Table) -> Select[Any]:
    return select(contact_clients.c.client_id).join_from(
        contact_clients, table, table.c.contact_id == contact_clients.c.contact_id
    )


def _owners_of(to: Number | str) -> Any:
    """The ids of clients with exactly this number or address, theirs or their people's."""
    if isinstance(to, Number):
        own, people, column, value = client_phones, contact_phones, "e164", to.e164 or ""
    else:
        own, people, column, value = client_emails, contact_emails, "folded", fold(to.strip())
    return union(_of_clients(own).where(own.c[column] == value), _of_people(people).where(people.c[column] == value))


async def _unread(conn: AsyncConnection, number: Number, plan: NumberPlan) -> list[Any]:
    """Restricted clients who have the number in a phone that was kept as typed."""
    dialled, his = number.e164 or number.internal, set()
    stopped = select(clients.c.id).where(clients.c.restricted_at.is_not(None))
    for owners, phones in ((_of_clients(client_phones), client_phones), (_of_people(contact_phones), contact_phones)):
        unread = func.coalesce(phones.c.e164, "") == ""  # by no index: the restricted clients lead, who are few
        theirs = owners.add_columns(phones.c.typed).where(unread, owners.selected_columns.client_id.in_(stopped))
        for client_id, typed in await conn.execute(theirs):
            if dialled and dialled in {one.e164 or one.internal for one in read_all(typed, plan)}:
                his.add(client_id)
    return list(await conn.execute(_CLIENTS.where(clients.c.id.in_(his)))) if his else []
