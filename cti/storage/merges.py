"""One client of two, as rows: all that refers to the client that goes is the kept one's, and a record takes it back.

Every column that refers to a client stands in `HANDLED` or `LEFT`; a test holds this against the schema. What is moved
is named by its keys in the record: taken back, it returns if it is still the kept client's; what came since stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage import contacts, duplicates, last_letters
from cti.storage.bulk import AT_ONCE
from cti.storage.campaign_tables import campaign_people, consents
from cti.storage.client_tables import (
    client_changes,
    client_emails,
    client_phones,
    client_places,
    client_values,
    clients,
    properties,
    value_history,
)  # fmt: skip
from cti.storage.client_work_tables import client_merges, duplicate_pairs, segment_clients, segments
from cti.storage.contact_tables import client_files, client_notes, client_tasks, contact_clients, contracts
from cti.storage.contact_tables import contacts as contact_table
from cti.storage.mail_tables import conversations, letters
from cti.storage.sending_tables import outbox
from cti.storage.sight import seen
from cti.storage.sms_tables import sms
from cti.storage.tables import calls, dial_requests, number_choices, users
from cti.storage.work_tables import callback_orders

OWN = (client_phones, client_emails, client_places, client_values)  # part of the card: in the record, row by row
MOVED = (  # rows that change their client
    calls, contracts, client_files, client_notes, client_tasks, value_history, dial_requests, number_choices,
    callback_orders, letters, conversations, outbox, sms, consents, campaign_people,
)  # fmt: skip
LINKS = (contact_clients, segment_clients)  # the client is in the key: both may have one
HANDLED = frozenset(
    {f"{table.name}.client_id" for table in (*OWN, *MOVED, *LINKS, client_changes)}
    | {"duplicate_pairs.one_id", "duplicate_pairs.two_id"}
)
LEFT: Mapping[str, str] = {
    "client_merges.kept_id": "leads on to where the kept client is",
    "client_merges.gone_id": "leads to the kept client",
    "access_log.clients": "a record of what was shown then",
    "rule_runs.client_id": "a record of what was sent then",
    "erasures.client_id": "an act of what was erased then",
    "reach_times.client_id": "worked out anew as calls and phones are moved",
    "reach_marks.client_id": "tells what to work out anew",
}
MOST_LEADS = 50  # merges one after another that an address is led along

Row = dict[str, Any]


class Record(msgspec.Struct, kw_only=True):
    """What takes a merge back. before, after: the kept card's fields at the merge; client, own: the other's rows."""

    gone_name: str
    before: dict[str, Any]
    after: dict[str, Any]
    restricted: bool  # the kept client became so by the merge
    client: Row
    own: dict[str, list[Row]]
    moved: dict[str, list[Any]]  # table -> keys
    said: list[int]  # what stood on the other card, written to the kept one's value_history
    changes: list[Row]
    links: dict[str, list[Row]]  # the other's links
    linked: dict[str, list[int]]  # table -> what the kept client was linked with before
    pairs: list[Row]
    dismissed: list[int]  # of whom it was said that the other one is not he


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """A merge that can be taken back. names: as they are now, and as it was."""

    id: int
    at: float
    user_name: str
    kept_id: int
    kept_name: Words
    gone_id: int
    gone_name: Words


async def now_of(conn: AsyncConnection, client_id: int) -> int | None:
    """The client that one was merged into, as of now; None for one that was not."""
    at = client_id if 0 < client_id < 2**31 else 0
    for _ in range(MOST_LEADS):
        leads = select(client_merges.c.kept_id).where(
            client_merges.c.gone_id == at, client_merges.c.undone_at.is_(None)
        )
        on = (await conn.execute(leads.order_by(client_merges.c.id.desc()).limit(1))).scalar()
        if on is None:
            break
        at = int(on)
    return at if at not in (0, client_id) else None


async def all_of(conn: AsyncConnection, client_id: int) -> list[int]:
    """A client's number and those of clients who were merged into him."""
    found = [client_id]
    for one in found:
        gone = select(client_merges.c.gone_id).where(
            client_merges.c.kept_id == one, client_merges.c.undone_at.is_(None)
        )
        found += [id_ for id_ in (await conn.execute(gone)).scalars() if id_ not in found]
        if len(found) > MOST_LEADS:
            break
    return found


async def kept_id(conn: AsyncConnection, client_id: int) -> int:
    """The id under which a client is kept now: a screen may still show one that was merged."""
    return await now_of(conn, client_id) or client_id


async def hold(conn: AsyncConnection, one: int, two: int) -> None:
    """Nobody else changes these clients until this is done."""
    both = select(clients.c.id).where(clients.c.id.in_((one, two))).order_by(clients.c.id)
    await conn.execute(both.with_for_update())


async def move(
    conn: AsyncConnection, kept: int, gone: int, *, before: Mapping[str, Any], after: Mapping[str, Any], now: float
) -> Record:
    """Everything of `gone` becomes `kept`'s, and its row goes; the card itself is the caller's to save first.

    Returns the record, which `remember` keeps.
    """
    client = await _row(conn, gone)
    own = {table.name: await _rows(conn, table, gone) for table in OWN}
    record = Record(
        gone_name=client["name"],
        before=dict(before),
        after=dict(after),
        restricted=await _restrict(conn, kept, client),
        client=client,
        own=own,
        moved={table.name: await _hand_over(conn, table, kept, gone) for table in MOVED},
        said=await _keep_said(conn, kept, own[client_values.name], now),
        changes=await _move_changes(conn, kept, gone),
        links={},
        linked={},
        pairs=await _pairs_of(conn, gone),
        dismissed=await _dismiss_too(conn, kept, gone, now),
    )
    for table in LINKS:
        other = _other(table)
        record.links[table.name] = await _rows(conn, table, gone)
        mine = select(table.c[other]).where(table.c.client_id == kept)
        record.linked[table.name] = list((await conn.execute(mine)).scalars())
        new = [row for row in record.links[table.name] if row[other] not in record.linked[table.name]]
        if new:
            await conn.execute(insert(table), [{**row, "client_id": kept} for row in new])
    await _touch_people(conn, record)
    await conn.execute(delete(clients).where(clients.c.id == gone))
    await contacts.relink(conn, [kept])
    await last_letters.reckon(conn, [kept])
    return record


async def remember(conn: AsyncConnection, kept: int, gone: int, record: Record, *, at: float, user_id: int) -> int:
    """Write a merge down; returns its id."""
    values = {"kept_id": kept, "gone_id": gone, "at": at, "user_id": user_id}
    row = insert(client_merges).values(**values, record=msgspec.json.encode(record).decode())
    return int((await conn.execute(row.returning(client_merges.c.id))).scalar_one())


async def recorded(conn: AsyncConnection, merge_id: int, *, since: float) -> tuple[Merge, Record] | None:
    """A merge made since then that is not taken back, with its record."""
    if not 0 < merge_id < 2**31:
        return None
    found = _merges(since).where(client_merges.c.id == merge_id).with_for_update(of=client_merges)
    row = (await conn.execute(found)).one_or_none()
    return None if row is None else (_merge(row), msgspec.json.decode(row.record, type=Record))


async def recent(conn: AsyncConnection, *, since: float, limit: int = 50) -> list[Merge]:
    """Merges made since then that can be taken back, newest first."""
    rows = await conn.execute(_merges(since).order_by(client_merges.c.id.desc()).limit(limit))
    return seen(conn, [_merge(row) for row in rows])


async def take_back(conn: AsyncConnection, merge: Merge, record: Record, now: float) -> None:
    """The other client is there again with all that was his; the kept card itself is the caller's to save first."""
    gone, kept = merge.gone_id, merge.kept_id
    row = {**record.client, "version": record.client["version"] + 1, "updated_at": now}
    if row["responsible_id"] is not None:
        there = select(users.c.id).where(users.c.id == row["responsible_id"])
        row["responsible_id"] = (await conn.execute(there)).scalar()
    await conn.execute(insert(clients).values(row))
    known = set((await conn.execute(select(properties.c.id))).scalars())
    for table in OWN:
        rows = [one for one in record.own[table.name] if one.get("property_id", 0) in (0, *known)]
        if "id" in table.c:  # somebody else's row may have the number now
            rows = [{name: value for name, value in row.items() if name != "id"} for row in rows]
        if rows:
            await conn.execute(insert(table), rows)
    if record.restricted:
        by_merge = and_(clients.c.id == kept, clients.c.restricted_at == record.client["restricted_at"])
        await conn.execute(update(clients).where(by_merge).values(restricted_at=None, restricted_why=""))
    for table in MOVED:
        await _give_back(conn, table, record.moved.get(table.name, []), merge)
    for part in _parts(record.said):
        said = and_(value_history.c.id.in_(part), value_history.c.client_id == kept)
        await conn.execute(delete(value_history).where(said))
    for change in record.changes:
        mine = and_(client_changes.c.id == change["id"], client_changes.c.client_id == kept)
        back = {"client_id": gone, "version": change["version"], "batch": change["batch"]}
        await conn.execute(update(client_changes).where(mine).values(back))
    await _give_links(conn, record, kept, gone)
    await _give_pairs(conn, record, kept)
    await contacts.relink(conn, [kept, gone])
    await last_letters.reckon(conn, [kept, gone])
    done = {"undone_at": now, "record": ""}
    await conn.execute(update(client_merges).where(client_merges.c.id == merge.id).values(done))


async def forget(conn: AsyncConnection, before: float) -> int:
    """Clear the records of older merges: people's data that nobody can ask for any more. Addresses lead on."""
    old = and_(client_merges.c.at < before, client_merges.c.record != "")
    return (await conn.execute(update(client_merges).where(old).values(record=""))).rowcount


async def belongs(conn: AsyncConnection, client_id: int) -> dict[str, int]:
    """How much belongs to a client: calls, people, contracts, files."""
    tables = {"calls": calls, "people": contact_clients, "contracts": contracts, "files": client_files}
    counted = {
        name: select(func.count()).select_from(table).where(table.c.client_id == client_id)
        for name, table in tables.items()
    }
    return {name: int((await conn.execute(one)).scalar_one()) for name, one in counted.items()}


def _merges(since: float) -> Any:
    return (
        select(client_merges, clients.c.name.label("kept_name"), users.c.name.label("user_name"))
        .join_from(client_merges, clients, clients.c.id == client_merges.c.kept_id, isouter=True)
        .outerjoin(users, users.c.id == client_merges.c.user_id)
        .where(client_merges.c.undone_at.is_(None), client_merges.c.record != "", client_merges.c.at >= since)
    )


class _Named(msgspec.Struct):
    gone_name: str


def _merge(row: Any) -> Merge:
    return Merge(
        id=row.id,
        at=row.at,
        user_name=row.user_name or "",
        kept_id=row.kept_id,
        kept_name=row.kept_name or "",
        gone_id=row.gone_id,
        gone_name=msgspec.json.decode(row.record, type=_Named).gone_name,
    )


async def _row(conn: AsyncConnection, client_id: int) -> Row:
    return dict((await conn.execute(select(clients).where(clients.c.id == client_id))).one()._mapping)


async def _rows(conn: AsyncConnection, table: Table, client_id: int) -> list[Row]:
    found = await conn.execute(select(table).where(table.c.client_id == client_id))
    return [dict(row._mapping) for row in found]


async def _restrict(conn: AsyncConnection, kept: int, gone: Row) -> bool:
    """Who may not be called is not to be called under the kept card either."""
    if gone["restricted_at"] is None:
        return False
    free = and_(clients.c.id == kept, clients.c.restricted_at.is_(None))
    values = {name: gone[name] for name in ("restricted_at", "restricted_why")}
    return (await conn.execute(update(clients).where(free).values(values))).rowcount == 1


async def _hand_over(conn: AsyncConnection, table: Table, kept: int, gone: int) -> list[Any]:
    """The rows' keys, now the kept client's."""
    keys = list(table.primary_key.columns)
    rows = (await conn.execute(select(*keys).where(table.c.client_id == gone))).all()
    await conn.execute(update(table).where(table.c.client_id == gone).values(client_id=kept))
    return [row[0] if len(keys) == 1 else list(row) for row in rows]


async def _give_back(conn: AsyncConnection, table: Table, keys: Sequence[Any], merge: Merge) -> None:
    columns = list(table.primary_key.columns)
    still = table.c.client_id == merge.kept_id
    if "created_at" in table.c:  # one made since may have the number of one that was deleted
        still = and_(still, table.c.created_at <= merge.at)
    for part in _parts(keys) if len(columns) == 1 else [[key] for key in keys]:
        which: list[ColumnElement[bool]] = (
            [columns[0].in_(part)]
            if len(columns) == 1
            else [column == value for column, value in zip(columns, part[0], strict=True)]
        )
        await conn.execute(update(table).where(still, *which).values(client_id=merge.gone_id))


async def _keep_said(conn: AsyncConnection, kept: int, values: Sequence[Row], now: float) -> list[int]:
    """What was said of the other client until now is the kept one's past; returns the ids of the new rows."""
    names = ("property_id", "value_id", "number", "text", "since")
    made = []
    for value in values:
        row = {name: value[name] for name in names} | {"client_id": kept, "until": now}
        made.append((await conn.execute(insert(value_history).values(row).returning(value_history.c.id))).scalar_one())
    return made


async def _move_changes(conn: AsyncConnection, kept: int, gone: int) -> list[Row]:
    """The history of the other card; its versions and batches are no versions and batches of the kept one."""
    which = client_changes.c.client_id == gone
    columns = (client_changes.c.id, client_changes.c.version, client_changes.c.batch)
    rows = [dict(row._mapping) for row in await conn.execute(select(*columns).where(which))]
    await conn.execute(update(client_changes).where(which).values(client_id=kept, version=0, batch=None))
    return rows


async def _pairs_of(conn: AsyncConnection, client_id: int) -> list[Row]:
    mine = (duplicate_pairs.c.one_id == client_id) | (duplicate_pairs.c.two_id == client_id)
    return [dict(row._mapping) for row in await conn.execute(select(duplicate_pairs).where(mine))]


async def _dismiss_too(conn: AsyncConnection, kept: int, gone: int, now: float) -> list[int]:
    """Who is not the other client is not the kept one; returns those of whom it was not said before."""
    known = await duplicates.dismissed_with(conn, kept)
    new = [one for one in await duplicates.dismissed_with(conn, gone) if one not in (kept, *known)]
    for one in new:
        await duplicates.dismiss(conn, kept, one, now=now, user_id=None)
    return new


async def _touch_people(conn: AsyncConnection, record: Record) -> None:
    """Who has a person's form open saves on the clients he belongs to now."""
    people = [row["contact_id"] for row in record.links[contact_clients.name]]
    for part in _parts(people):
        newer = update(contact_table).where(contact_table.c.id.in_(part))
        await conn.execute(newer.values(version=contact_table.c.version + 1))


async def _give_links(conn: AsyncConnection, record: Record, kept: int, gone: int) -> None:
    await _touch_people(conn, record)
    for table, others in ((contact_clients, contact_table), (segment_clients, segments)):
        other, before = _other(table), record.linked[table.name]
        ids = [row[other] for row in record.links[table.name]]
        there: set[int] = set()
        for part in _parts(ids):
            there |= set((await conn.execute(select(others.c.id).where(others.c.id.in_(part)))).scalars())
        rows = [{**row, "client_id": gone} for row in record.links[table.name] if row[other] in there]
        if rows:
            await conn.execute(insert(table), rows)
        for part in _parts([id_ for id_ in ids if id_ not in before]):
            await conn.execute(delete(table).where(table.c.client_id == kept, table.c[other].in_(part)))


async def _give_pairs(conn: AsyncConnection, record: Record, kept: int) -> None:
    for one in record.dismissed:
        pair = sorted((kept, one))
        mine = and_(duplicate_pairs.c.one_id == pair[0], duplicate_pairs.c.two_id == pair[1])
        await conn.execute(delete(duplicate_pairs).where(mine))
    for row in record.pairs:
        there = select(func.count()).where(clients.c.id.in_((row["one_id"], row["two_id"])))
        if (await conn.execute(there)).scalar_one() == 2:
            await conn.execute(insert(duplicate_pairs).values(row))


def _other(table: Table) -> str:
    return next(column.name for column in table.primary_key.columns if column.name != "client_id")


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]
