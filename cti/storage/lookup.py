"""Who has a number: clients by their own phones and by those of their contact persons, with all that a pop shows.

One statement for the exact number: the way from a ring to a card pays for every trip. Only where it finds nobody, the
number is asked for as it is dialled here: phones that no plan could read are kept as typed, and a short number of a
branch is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnClause,
    Float,
    Integer,
    Row,
    String,
    and_,
    bindparam,
    column,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.card import PhoneMatch
from cti.clients.properties import date_of, plain
from cti.desktop import ClientBrief, ContactBrief, ContractBrief, LastCall, TaskBrief, ZoneBrief
from cti.storage.client_tables import client_phones, clients
from cti.storage.contact_tables import contact_clients, contact_phones
from cti.storage.search import found_by
from cti.storage.sight import seen
from cti.storage.tables import users
from cti.telephony.numbering import Number, NumberPlan, local_forms

EXPIRES_DAYS = 30
TASKS = 5  # of one client that a pop names
PEOPLE = 20  # contact persons of one client that a pop names
LOCAL = 50  # clients looked at whose phones could not be read

# Parts by their number: 0 matches, 1 phones, 2 e-mails, 3 properties marked for the pop, 4 contact persons with their
# phones, 5 contracts that end soon, 6 the last call, 7 open tasks, 8 the time zone and why he is restricted. The
# columns a to h are what each part says they are; columns() lets SQLAlchemy keep what it knows of the result instead of
# finding it out each time.
_PARTS = (
    " SELECT 0 AS part, f.client_id, f.position, f.contact_id AS other_id, f.label AS a, f.extension AS b, c.name AS c,"
    " c.full_name AS d, c.kind AS e, c.note AS f, COALESCE(u.name, '') AS g, COALESCE(r.name, '') AS h,"
    " f.shared AS flag, c.restricted_at AS at"
    " FROM found f JOIN clients c ON c.id = f.client_id LEFT JOIN users u ON u.id = c.responsible_id"
    " LEFT JOIN directory_items r ON r.id = c.relation_id"
    " UNION ALL SELECT 1, client_id, position, id, e164, extension, label, '', '', '', '', '', shared, 0"
    " FROM client_phones WHERE e164 IS NOT NULL AND client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 2, client_id, position, id, address, '', '', '', '', '', '', '', :no, 0"
    " FROM client_emails WHERE client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 3, v.client_id, p.position, p.id, p.name, COALESCE(pv.color, ''), COALESCE(pv.name, v.text, ''),"
    " p.kind, '', '', '', '', :no, v.number FROM client_values v JOIN properties p ON p.id = v.property_id"
    " LEFT JOIN property_values pv ON pv.id = v.value_id"
    " WHERE p.in_pop AND p.retired_at IS NULL AND v.client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 4, b.client_id, b.position, o.id, o.name, COALESCE(i.name, ''), COALESCE(p.e164, ''),"
    " COALESCE(p.extension, ''), COALESCE(p.label, ''), '', '', '', :no, 0"
    " FROM contact_clients b JOIN contacts o ON o.id = b.contact_id LEFT JOIN directory_items i ON i.id = b.role_id"
    " LEFT JOIN contact_phones p ON p.contact_id = o.id AND p.e164 IS NOT NULL"
    " WHERE b.client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 5, client_id, 0, id, number, ends_on, '', '', '', '', '', '', :no, 0"
    " FROM contracts WHERE ends_on BETWEEN :today AND :soon AND client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 6, s.client_id, 0, 0, COALESCE(s.direction, ''), COALESCE(s.outcome, ''),"
    " COALESCE(u.name, ''), '', '', '', '', '', :no, s.started_at FROM calls s LEFT JOIN users u ON u.id = s.user_id"
    " WHERE s.id IN (SELECT (SELECT id FROM calls WHERE client_id = w.client_id AND ended_at IS NOT NULL"
    " ORDER BY started_at DESC LIMIT 1) FROM found w)"
    " UNION ALL SELECT 7, t.client_id, 0, t.id, t.what, COALESCE(u.name, ''), '', '', '', '', '', '', :no, t.due_at"
    " FROM client_tasks t LEFT JOIN users u ON u.id = t.owner_id"
    " WHERE t.done_at IS NULL AND t.client_id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 8, c.id, 0, 0, c.time_zone, COALESCE(i.time_zone, ''), COALESCE(i.name, ''), c.restricted_why,"
    " '', '', '', '', :no, 0 FROM clients c LEFT JOIN directory_items i ON i.id = c.region_id"
    " WHERE (c.time_zone <> '' OR i.time_zone <> '' OR c.restricted_why <> '')"
    " AND c.id IN (SELECT client_id FROM found)"
    " UNION ALL SELECT 9, w.client_id, 0, count(*), '', '', '', '', '', '', '', '', :no, 0 FROM conversations w"
    " JOIN mailboxes b ON b.id = w.mailbox_id AND b.kind = 'shared' WHERE w.state IN ('new', 'work')"
    " AND w.asked_at IS NOT NULL AND w.client_id IN (SELECT client_id FROM found) GROUP BY w.client_id"
    " ORDER BY part, client_id, position, other_id"
)
_NUMBER = (
    "WITH found AS (SELECT client_id, 0 AS contact_id, position, label, extension, shared"
    " FROM client_phones WHERE e164 = :e164 UNION ALL"
    " SELECT b.client_id, p.contact_id, p.position, p.label, p.extension, p.shared FROM contact_phones p"
    " JOIN contact_clients b ON b.contact_id = p.contact_id WHERE p.e164 = :e164"
    " ORDER BY 1, 3 LIMIT :limit)"
)
_PHONES = (
    "WITH found AS (SELECT client_id, 0 AS contact_id, position, label, extension, shared"
    " FROM client_phones WHERE id IN :ids)"
)
_CLIENT = (
    "WITH found AS (SELECT id AS client_id, 0 AS contact_id, 0 AS position, '' AS label, '' AS extension,"
    " (1 = 0) AS shared FROM clients WHERE id = :id)"
)
_OWNERS = union(
    select(client_phones.c.client_id).where(client_phones.c.e164 == bindparam("e164")),
    select(contact_clients.c.client_id)
    .join_from(contact_clients, contact_phones, contact_phones.c.contact_id == contact_clients.c.contact_id)
    .where(contact_phones.c.e164 == bindparam("e164")),
)
_CALLERS = (
    select(clients.c.id, clients.c.name, clients.c.restricted_at)
    .add_columns(users.c.id.label("responsible_id"), users.c.name.label("responsible"))
    .join_from(
        clients,
        users,
        and_(users.c.id == clients.c.responsible_id, users.c.blocked_at.is_(None)),  # who was let go rings nowhere
        isouter=True,
    )
    .where(clients.c.id.in_(_OWNERS))
)
_COLUMNS: tuple[ColumnClause[Any], ...] = (
    *(column(name, Integer) for name in ("part", "client_id", "position", "other_id")),
    *(column(name, String) for name in "abcdefgh"),
    column("flag", Boolean),
    column("at", Float),
)
_BY_NUMBER = text(_NUMBER + _PARTS).columns(*_COLUMNS)
_BY_ID = text(_CLIENT + _PARTS).columns(*_COLUMNS)
_BY_PHONES = text(_PHONES + _PARTS).bindparams(bindparam("ids", expanding=True)).columns(*_COLUMNS)


async def look_up(
    conn: AsyncConnection, number: Number, plan: NumberPlan, *, now: float, limit: int = 10
) -> list[PhoneMatch]:
    """Clients who have a number, or else have it as it is dialled under this plan; [] for a hidden one."""
    if number.e164 and (exact := await by_number(conn, number.e164, now=now, limit=limit)):
        return exact
    return await _as_dialled_here(conn, number, plan, now, limit)


async def by_number(conn: AsyncConnection, e164: str, *, now: float, limit: int = 10) -> list[PhoneMatch]:
    """The clients one of whose phones, or of whose people's phones, is exactly this number; [] for an empty one."""
    if not e164:
        return []
    return seen(conn, _matches(list(await conn.execute(_BY_NUMBER, {"e164": e164, "limit": limit} | _days(now)))))


async def brief_of(conn: AsyncConnection, client_id: int, *, now: float) -> ClientBrief | None:
    """What a pop shows of a client whom somebody calls, or chose. An id from an address may be any number."""
    if not 0 < client_id < 2**31:
        return None
    found = _matches(list(await conn.execute(_BY_ID, {"id": client_id} | _days(now))))
    return seen(conn, found[0].client) if found else None


async def clients_of(conn: AsyncConnection, e164: str, *, limit: int) -> list[int]:
    """The ids of clients with exactly this number, theirs or their people's; at most so many."""
    return list((await conn.execute(_OWNERS.limit(limit), {"e164": e164})).scalars())


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A client who may be calling. restricted: nothing may be done with his data. responsible: his manager's name."""

    id: int
    name: str
    responsible_id: int | None
    responsible: str
    restricted: bool


async def callers(conn: AsyncConnection, e164: str, *, limit: int = 10) -> list[Caller]:
    """The clients with exactly this number, theirs or their people's, as little of each as routing needs."""
    return [
        Caller(
            id=row.id,
            name=row.name,
            responsible_id=row.responsible_id,
            responsible=row.responsible or "",
            restricted=row.restricted_at is not None,
        )
        for row in await conn.execute(_CALLERS.limit(limit), {"e164": e164})
    ]


async def responsible_of(conn: AsyncConnection, e164: str) -> int | None:
    """Who looks after the caller: the responsible person of the number's clients, where they have but one."""
    responsible = select(clients.c.responsible_id).where(clients.c.responsible_id.is_not(None))
    some = responsible.where(clients.c.id.in_(_OWNERS)).distinct().limit(2)
    people = list((await conn.execute(some, {"e164": e164})).scalars())
    return people[0] if len(people) == 1 else None


async def _as_dialled_here(
    conn: AsyncConnection, number: Number, plan: NumberPlan, now: float, limit: int
) -> list[PhoneMatch]:
    forms = local_forms(number, plan)
    sqlite = conn.dialect.name == "sqlite"
    asked = [found for form in forms if (found := found_by(form, is_sqlite=sqlite)) is not None]
    if not asked:
        return []
    unread = (
        select(client_phones.c.id, client_phones.c.typed)
        .join_from(client_phones, clients, clients.c.id == client_phones.c.client_id)
        .where(client_phones.c.e164.is_(None), or_(*(one.leads for one in asked)))
        .limit(LOCAL)
    )
    ids = [row.id for row in await conn.execute(unread) if re.sub(r"\D", "", row.typed) in forms][:limit]
    if not ids:
        return []
    rows = list(await conn.execute(_BY_PHONES, {"ids": ids} | _days(now)))
    return seen(conn, [replace(one, local=True) for one in _matches(rows)])


def _days(now: float) -> dict[str, Any]:
    today = datetime.fromtimestamp(now, UTC).date()
    return {"no": False, "today": today.isoformat(), "soon": (today + timedelta(days=EXPIRES_DAYS)).isoformat()}


def _matches(rows: Sequence[Row[Any]]) -> list[PhoneMatch]:
    parts: dict[tuple[int, int], list[Row[Any]]] = {}
    for row in rows:
        parts.setdefault((row.part, row.client_id), []).append(row)

    def of(part: int, client_id: int) -> list[Row[Any]]:
        return parts.get((part, client_id), [])

    briefs: dict[int, ClientBrief] = {}
    found: list[PhoneMatch] = []
    for row in (row for row in rows if row.part == 0):
        client = row.client_id
        if client not in briefs:
            briefs[client] = ClientBrief(
                id=client,
                name=row.c,
                full_name=row.d,
                kind=row.e,
                note=row.f,
                responsible=row.g,
                relation=row.h,
                restricted=row.at is not None,
                restricted_why=next((one.d for one in of(8, client)), ""),
                phones=tuple((one.a, one.b, one.c) for one in of(1, client)),
                emails=tuple(one.a for one in of(2, client)),
                properties=tuple((one.a, one.c or _number_shown(one.d, one.at), one.b) for one in of(3, client)),
                people=_people(of(4, client)),
                contracts=tuple(ContractBrief(id=c.other_id, number=c.a, ends_on=c.b) for c in of(5, client)),
                tasks=_tasks(of(7, client)),
                letters=next((one.other_id for one in of(9, client)), 0),
                zone=next((_zone(z) for z in of(8, client) if z.a or z.b), None),
                last=next((LastCall(at=s.at, direction=s.a, outcome=s.b, by=s.c) for s in of(6, client)), None),
            )
        brief = briefs[client]
        contact = next((one for one in brief.people if one.id == row.other_id), None)
        found.append(PhoneMatch(client=brief, label=row.a, extension=row.b, shared=row.flag, contact=contact))
    return found


def _zone(row: Row[Any]) -> ZoneBrief:
    return ZoneBrief(name=row.a or row.b, region="" if row.a else row.c)


def _tasks(rows: Sequence[Row[Any]]) -> tuple[TaskBrief, ...]:
    """The most urgent ones; those for some day come last."""
    urgent = sorted(rows, key=lambda row: (row.at is None, row.at or 0.0, row.other_id))
    return tuple(TaskBrief(id=row.other_id, what=row.a, due_at=row.at, owner=row.b) for row in urgent[:TASKS])


def _people(rows: Sequence[Row[Any]]) -> tuple[ContactBrief, ...]:
    people: dict[int, ContactBrief] = {}
    for row in rows:
        known = people.get(row.other_id) or ContactBrief(id=row.other_id, name=row.a, role=row.b)
        phones = (*known.phones, (row.c, row.d, row.e)) if row.c else known.phones
        people[row.other_id] = replace(known, phones=phones)
    return tuple(people.values())[:PEOPLE]


def _number_shown(kind: str, number: float | None) -> str:
    """A property's number as a person reads it: `5`, `31.12.2026`, `+` for yes."""
    if number is None:
        return ""
    if kind == "date":
        return ".".join(reversed(date_of(number).split("-")))
    return ("+" if number else "−") if kind == "yes-no" else plain(number)
