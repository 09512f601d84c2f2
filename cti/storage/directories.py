"""Directories that an admin edits: relation types, regions, industries (a tree), sources, contract states, roles of
contact persons. Used items are never lost: they are merged into another or retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Column, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.client_tables import clients, directory_items
from cti.storage.contact_tables import contact_clients, contracts
from cti.storage.repointing import repoint

OfClient = Literal["relation", "region", "industry", "source"]
Directory = Literal[OfClient, "contract-state", "contact-role"]
DIRECTORIES: tuple[OfClient, ...] = get_args(OfClient)
EVERY: tuple[Directory, ...] = (*DIRECTORIES, "contract-state", "contact-role")
USED_BY: dict[Directory, Column[int | None]] = {
    "relation": clients.c.relation_id,
    "region": clients.c.region_id,
    "industry": clients.c.industry_id,
    "source": clients.c.source_id,
    "contract-state": contracts.c.state_id,
    "contact-role": contact_clients.c.role_id,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One entry. uses: how many clients, contracts or contact persons have it (filled by `every(counted=True)`).

    time_zone: of a region.
    """

    id: int
    directory: Directory
    name: str
    parent_id: int | None = None
    retired: bool = False
    uses: int = 0
    time_zone: str = ""


async def every(conn: AsyncConnection, *, retired: bool = False, counted: bool = False) -> list[Item]:
    """All entries, by directory and name; an industry's parts follow it."""
    statement = select(directory_items).order_by(directory_items.c.position, directory_items.c.name)
    if not retired:
        statement = statement.where(directory_items.c.retired_at.is_(None))
    rows = (await conn.execute(statement)).all()
    used = await _uses(conn) if counted else {}
    items = [
        Item(
            id=row.id,
            directory=row.directory,
            name=row.name,
            parent_id=row.parent_id,
            retired=row.retired_at is not None,
            uses=used.get(row.id, 0),
            time_zone=row.time_zone,
        )
        for row in rows
    ]
    return _as_tree(items)


async def add(
    conn: AsyncConnection, directory: Directory, name: str, parent_id: int | None = None, *, time_zone: str = ""
) -> int:
    """A new entry, after the others; returns its id."""
    mine = directory_items.c.directory == directory
    last = (await conn.execute(select(func.max(directory_items.c.position)).where(mine))).scalar() or 0
    values = {"directory": directory, "name": name, "parent_id": parent_id, "time_zone": time_zone}
    made = insert(directory_items).values(**values, position=last + 1).returning(directory_items.c.id)
    return int((await conn.execute(made)).scalar_one())


async def get(conn: AsyncConnection, item_id: int) -> Item | None:
    """One entry with its uses."""
    row = (await conn.execute(select(directory_items).where(directory_items.c.id == item_id))).one_or_none()
    if row is None:
        return None
    column = USED_BY[row.directory]
    used = select(func.count()).select_from(column.table).where(column == item_id)
    count = (await conn.execute(used)).scalar_one()
    return Item(id=row.id, directory=row.directory, name=row.name, parent_id=row.parent_id,
                retired=row.retired_at is not None, uses=count, time_zone=row.time_zone)  # fmt: skip


async def named(conn: AsyncConnection, directory: Directory, name: str) -> int | None:
    """The entry of that name, in any case."""
    for item in await every(conn, retired=True):
        if item.directory == directory and item.name.casefold() == name.strip().casefold():
            return item.id
    return None


async def change(conn: AsyncConnection, item: Item) -> None:
    """Another name, place in the tree or time zone; who has the entry keeps it."""
    values = {"name": item.name, "parent_id": item.parent_id, "time_zone": item.time_zone}
    await conn.execute(update(directory_items).where(directory_items.c.id == item.id).values(values))


async def order(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """The entries in this order."""
    for position, item_id in enumerate(ids, start=1):
        await conn.execute(update(directory_items).where(directory_items.c.id == item_id).values(position=position))


async def retire(conn: AsyncConnection, item_id: int, now: float | None) -> None:
    """No longer offered, or offered again (None)."""
    await conn.execute(update(directory_items).where(directory_items.c.id == item_id).values(retired_at=now))


async def merge(conn: AsyncConnection, item: Item, into: int) -> int:
    """All who have one entry get another, and it goes; returns how many they were. What asks for it, or tells of it,
    means the other."""
    column = USED_BY[item.directory]
    moved = await conn.execute(update(column.table).where(column == item.id).values({column.key: into}))
    children = directory_items.c.parent_id == item.id
    await conn.execute(update(directory_items).where(children).values(parent_id=into))
    await repoint(conn, item.directory, item.id, into)
    await remove(conn, item.id)
    return int(moved.rowcount)


async def remove(conn: AsyncConnection, item_id: int) -> None:
    """Delete an entry that nobody has."""
    await conn.execute(delete(directory_items).where(directory_items.c.id == item_id))


async def _uses(conn: AsyncConnection) -> dict[int, int]:
    found: dict[int, int] = {}
    for column in USED_BY.values():
        for item_id, count in await conn.execute(
            select(column, func.count()).where(column.is_not(None)).group_by(column)
        ):
            if item_id is not None:
                found[item_id] = int(count)
    return found


def _as_tree(items: list[Item]) -> list[Item]:
    """Each entry before its parts; whose parent is not here stands by itself."""
    known = {item.id for item in items}
    children: dict[int | None, list[Item]] = {}
    for item in items:
        children.setdefault(item.parent_id if item.parent_id in known else None, []).append(item)
    ordered: list[Item] = []

    def put(parent: int | None, depth: int) -> None:
        for item in children.get(parent, ()):
            ordered.append(item)
            if depth < 12:
                put(item.id, depth + 1)

    put(None, 0)
    return ordered
