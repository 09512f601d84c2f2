"""Every change of a client's field as a record: who, when, from, to; and what a card was at an older version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from sqlalchemy import insert, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.changes import Change, Conflict, Fields, differences, merged
from cti.clients.masking import BY_FIELD
from cti.storage.client_tables import client_changes
from cti.storage.sight import seen
from cti.storage.tables import users

_ROWS = select(client_changes, users.c.name.label("user_name")).outerjoin(users, users.c.id == client_changes.c.user_id)
BELONGINGS = ("contact", "contract", "file", "note", "task")  # of what belongs to a client: his card has no new version
RESTRICTED = "restricted"  # the field of a change that restricts a client (the reason) or releases him (nothing)
_BESIDE = or_(
    client_changes.c.field == RESTRICTED, *(client_changes.c.field.startswith(f"{one}:") for one in BELONGINGS)
)
CREATED = "created"  # the field of the change that says where a client came from


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRow:
    """One change as it was written down. was, became: as in clients/changes.py. user_name: "" where the server did."""

    id: int
    at: float
    user_id: int | None
    user_name: str
    version: int
    field: str
    was: Annotated[Any, BY_FIELD]
    became: Annotated[Any, BY_FIELD]

    @property
    def of_merged(self) -> bool:
        """Whether it was made on another card, which was merged into this one."""
        return self.version == 0 and self.field.partition(":")[0] not in BELONGINGS


async def write(
    conn: AsyncConnection,
    client_id: int,
    changes: Iterable[Change],
    *,
    at: float,
    user_id: int | None,
    version: int,
    batch: str | None = None,
) -> None:
    """Write changes down. batch: one bulk edit or import, which can be undone."""
    fixed = {"client_id": client_id, "at": at, "user_id": user_id, "version": version, "batch": batch}
    rows = [fixed | {"field": one.field, "was": _text(one.was), "became": _text(one.became)} for one in changes]
    if rows:
        await conn.execute(insert(client_changes), rows)


async def write_many(
    conn: AsyncConnection,
    made: Iterable[tuple[int, int, Iterable[Change]]],
    *,
    at: float,
    user_id: int | None,
    batch: str | None,
) -> None:
    """Write changes of many clients down at once: client, the version that was made, its changes."""
    fixed = {"at": at, "user_id": user_id, "batch": batch}
    rows = [
        {**fixed, "client_id": id_, "version": v, "field": c.field, "was": _text(c.was), "became": _text(c.became)}
        for id_, v, changes in made
        for c in changes
    ]
    if rows:
        await conn.execute(insert(client_changes), rows)


async def write_created(
    conn: AsyncConnection, ids: Iterable[int], source: str, *, at: float, user_id: int | None, batch: str
) -> None:
    """Note where new clients come from, all at once."""
    fixed = {"at": at, "user_id": user_id, "version": 1, "batch": batch, "field": CREATED, "was": ""}
    rows = [{**fixed, "client_id": one, "became": _text(source)} for one in ids]
    if rows:
        await conn.execute(insert(client_changes), rows)


async def of_client(conn: AsyncConnection, client_id: int, *, above: int = 0, limit: int = 200) -> list[ChangeRow]:
    """Changes of a card, newest first. above: only those that made a later version."""
    mine = (client_changes.c.client_id == client_id) & (client_changes.c.version > above)
    if above:
        mine &= not_(_BESIDE)
    statement = _ROWS.where(mine).order_by(client_changes.c.id.desc()).limit(limit)
    return seen(conn, [_row(row) for row in await conn.execute(statement)])


async def of_belonging(
    conn: AsyncConnection, client_id: int, thing: str, *, above: int = 0, limit: int = 200
) -> list[ChangeRow]:
    """Changes of `contract:5` or `contact:7`, newest first, their fields named without it."""
    field = client_changes.c.field
    mine = (client_changes.c.client_id == client_id) & field.startswith(f"{thing}:", autoescape=True)
    if above:
        mine &= client_changes.c.version > above
    rows = await conn.execute(_ROWS.where(mine).order_by(client_changes.c.id.desc()).limit(limit))
    return seen(conn, [replace(_row(row), field=row.field.removeprefix(f"{thing}:")) for row in rows])


async def by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, ChangeRow]:
    """Changes by id; at most a few hundred."""
    rows = await conn.execute(_ROWS.where(client_changes.c.id.in_(ids))) if ids else ()
    return seen(conn, {row.id: _row(row) for row in rows})


async def clients_of(conn: AsyncConnection, batch: str) -> list[int]:
    """Whom a bulk edit or an import touched."""
    mine = select(client_changes.c.client_id).where(client_changes.c.batch == batch).distinct()
    return sorted((await conn.execute(mine)).scalars())


async def of_clients(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[tuple[str | None, Change]]]:
    """All changes of some clients, each with its batch, newest first; at most a few hundred clients."""
    found: dict[int, list[tuple[str | None, Change]]] = {}
    theirs = select(client_changes).where(client_changes.c.client_id.in_(ids)).order_by(client_changes.c.id.desc())
    for row in await conn.execute(theirs):
        change = Change(field=row.field, was=_value(row.was), became=_value(row.became))
        found.setdefault(row.client_id, []).append((row.batch, change))
    return found


def before(now: Fields, later: Iterable[ChangeRow]) -> dict[str, Any]:
    """The fields as they were before the changes (newest first) were made."""
    fields = dict(now)
    for change in later:
        fields[change.field] = change.was
    return fields


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """Two people's changes of one thing. fields: both; others: what the other one changed, as names of fields."""

    fields: dict[str, Any]
    others: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def meet(theirs: Fields, mine: Fields, later: Sequence[ChangeRow]) -> Met:
    """My fields, made on an older version, over theirs. later: the changes since that version, newest first."""
    base = before(theirs, later)
    fields, conflicts = merged(base, mine, theirs)
    last = {row.field: row for row in reversed(later)}
    told = [replace(one, by=last[one.field].user_name, at=last[one.field].at) for one in conflicts]
    return Met(fields=fields, others=tuple(one.field for one in differences(base, theirs)), conflicts=tuple(told))


def _row(row: Any) -> ChangeRow:
    return ChangeRow(
        id=row.id,
        at=row.at,
        user_id=row.user_id,
        user_name=row.user_name or "",
        version=row.version,
        field=row.field,
        was=_value(row.was),
        became=_value(row.became),
    )


def _text(value: Any) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()


def _value(text: str) -> Any:
    return msgspec.json.decode(text) if text else None
