"""Desk phones that are nobody's own: which there are, and who sits at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.tables import devices, shared_desks, users


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """user_id, user_name: who sits there, None and "" for nobody; seated_at: UNIX s."""

    id: int
    name: str
    extension: str
    model: str
    user_id: int | None
    user_name: str
    seated_at: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskDraft:
    """A desk as an admin sets it."""

    name: str
    extension: str
    model: str = "auto"


_COLUMNS = (
    shared_desks.c.id,
    shared_desks.c.name,
    shared_desks.c.extension,
    shared_desks.c.model,
    shared_desks.c.user_id,
    func.coalesce(users.c.name, "").label("user_name"),
    shared_desks.c.seated_at,
)


async def every(conn: AsyncConnection) -> list[Desk]:
    """All of them, by extension."""
    asked = select(*_COLUMNS).select_from(shared_desks.outerjoin(users, users.c.id == shared_desks.c.user_id))
    rows = await conn.execute(asked.order_by(func.length(shared_desks.c.extension), shared_desks.c.extension))
    return [Desk(**row._mapping) for row in rows]


async def may_be(conn: AsyncConnection, drafts: Sequence[DeskDraft]) -> bool:
    """Whether none is somebody's own phone or stands here twice."""
    names = [draft.name for draft in drafts]
    own = select(devices.c.id).where(devices.c.name.in_(names)).limit(1)
    return len(set(names)) == len(names) and (await conn.execute(own)).first() is None


async def keep(conn: AsyncConnection, drafts: Sequence[DeskDraft]) -> bool:
    """These and no others; who sits at one that stays goes on sitting. False where they may not be."""
    names = [draft.name for draft in drafts]
    if not await may_be(conn, drafts):
        return False
    await conn.execute(delete(shared_desks).where(shared_desks.c.name.not_in(names)))
    there = set((await conn.execute(select(shared_desks.c.name))).scalars())
    for draft in drafts:
        values = {"extension": draft.extension, "model": draft.model}
        if draft.name in there:
            await conn.execute(update(shared_desks).where(shared_desks.c.name == draft.name).values(**values))
        else:
            await conn.execute(insert(shared_desks).values(name=draft.name, **values))
    return True


async def seat(conn: AsyncConnection, desk_id: int, user_id: int | None, now: float) -> None:
    """The person sits at this desk and at no other; None: nobody does."""
    if user_id is not None:
        await conn.execute(_everybody_of(user_id).values(user_id=None, seated_at=None))
    values = {"user_id": user_id, "seated_at": None if user_id is None else now, "chosen": True}
    await conn.execute(update(shared_desks).where(shared_desks.c.id == desk_id).values(**values))


async def be_rung(conn: AsyncConnection, user_id: int, name: str) -> bool:
    """Whether the person is rung at the desk where he sits: only where it has this name; True then."""
    await conn.execute(_everybody_of(user_id).values(chosen=False))
    done = await conn.execute(_everybody_of(user_id).where(shared_desks.c.name == name).values(chosen=True))
    return bool(done.rowcount)


def _everybody_of(user_id: int):  # type: ignore[no-untyped-def]
    return update(shared_desks).where(shared_desks.c.user_id == user_id)


async def pin(conn: AsyncConnection, user_id: int) -> str | None:
    """The hash of the person's PIN, None without any."""
    return (await conn.execute(select(users.c.desk_pin).where(users.c.id == user_id))).scalar_one_or_none()
