"""Dialplans as rows: drafts and their steps back, modes, secrets. Plans are texts here; cti/plan_json.py reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.dialplan_tables import dialplan_drafts as drafts
from cti.storage.dialplan_tables import dialplan_modes as modes
from cti.storage.dialplan_tables import dialplan_secrets as secrets
from cti.storage.dialplan_tables import dialplan_steps as steps
from cti.storage.dialplan_tables import dialplan_versions as versions
from cti.storage.tables import devices, users
from cti.storage.users import DeviceDraft

STEPS_BACK = 50
STEPS_BYTES = 16 << 20  # of one PBX: a large plan has fewer steps back


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftRow:
    """A draft as stored. base: the version it was made of; changed_by: who changed it last, by name."""

    pbx: str
    body: str
    revision: int
    base: int
    changed_at: float
    changed_by: str
    steps_back: int


async def get(conn: AsyncConnection, pbx: str) -> DraftRow | None:
    """The draft of a PBX."""
    back = select(func.count()).select_from(steps).where(steps.c.pbx == drafts.c.pbx).scalar_subquery()
    who = func.coalesce(users.c.name, "").label("changed_by")
    asked = (
        select(drafts.c.pbx, drafts.c.body, drafts.c.revision, drafts.c.base, drafts.c.changed_at, who)
        .add_columns(back.label("steps_back"))
        .select_from(drafts.outerjoin(users, users.c.id == drafts.c.user_id))
        .where(drafts.c.pbx == pbx)
    )
    row = (await conn.execute(asked)).one_or_none()
    return DraftRow(**row._mapping) if row else None


async def bodies(conn: AsyncConnection) -> list[str]:
    """Every plan that is kept: drafts, what they were before, versions."""
    every = union_all(*(select(table.c.body) for table in (drafts, steps, versions)))
    return list((await conn.execute(every)).scalars())


async def keep(
    conn: AsyncConnection, pbx: str, body: str, revision: int, *, base: int, user_id: int | None, now: float
) -> bool:
    """The draft as revision + 1; False when it is another revision by now. revision 0: there is none yet."""
    values = {"body": body, "revision": revision + 1, "base": base, "user_id": user_id, "changed_at": now}
    if revision == 0:
        known = (await conn.execute(select(drafts.c.pbx).where(drafts.c.pbx == pbx))).first()
        if known is None:
            await conn.execute(insert(drafts).values(pbx=pbx, **values))
        return known is None
    mine = (drafts.c.pbx == pbx) & (drafts.c.revision == revision)
    return (await conn.execute(update(drafts).where(mine).values(**values))).rowcount == 1


async def remember(conn: AsyncConnection, pbx: str, body: str, *, base: int, user_id: int | None, now: float) -> None:
    """What a draft was before a change; the oldest are forgotten."""
    await conn.execute(insert(steps).values(pbx=pbx, body=body, base=base, user_id=user_id, at=now))
    kept = max(5, min(STEPS_BACK, STEPS_BYTES // max(len(body), 1)))
    newest = select(steps.c.id).where(steps.c.pbx == pbx).order_by(steps.c.id.desc())
    oldest = (await conn.execute(newest.offset(kept - 1).limit(1))).scalar()
    if oldest is not None:
        await conn.execute(delete(steps).where(steps.c.pbx == pbx, steps.c.id < oldest))


async def take_back(conn: AsyncConnection, pbx: str) -> tuple[str, int] | None:
    """The body and the base before the last change, which is forgotten; None: nothing can be taken back."""
    newest = select(steps.c.id, steps.c.body, steps.c.base).where(steps.c.pbx == pbx)
    row = (await conn.execute(newest.order_by(steps.c.id.desc()).limit(1))).one_or_none()
    if row is None:
        return None
    await conn.execute(delete(steps).where(steps.c.id == row.id))
    return str(row.body), int(row.base)


async def mode(conn: AsyncConnection, pbx: str) -> str:
    """guest or owner."""
    return (await conn.execute(select(modes.c.mode).where(modes.c.pbx == pbx))).scalar() or "guest"


async def set_mode(conn: AsyncConnection, pbx: str, mode: str, *, user_id: int | None, now: float) -> None:
    """How we live with a PBX from now on."""
    await conn.execute(delete(modes).where(modes.c.pbx == pbx))
    await conn.execute(insert(modes).values(pbx=pbx, mode=mode, user_id=user_id, at=now))


async def sealed(conn: AsyncConnection, pbx: str) -> dict[str, str]:
    """Secrets of a PBX's phones and mailboxes by name, sealed."""
    rows = await conn.execute(select(secrets.c.name, secrets.c.sealed).where(secrets.c.pbx == pbx))
    return {row.name: row.sealed for row in rows}


async def seal(conn: AsyncConnection, pbx: str, fresh: Mapping[str, str]) -> None:
    """Secrets by name, sealed, in the place of those that were; the others stay."""
    for name, one in fresh.items():
        await conn.execute(delete(secrets).where(secrets.c.pbx == pbx, secrets.c.name == name))
        await conn.execute(insert(secrets).values(pbx=pbx, name=name, sealed=one))


async def people(conn: AsyncConnection) -> list[tuple[str, list[DeviceDraft]]]:
    """Who is not blocked, by name, with his devices: what a first draft is made of."""
    columns = (users.c.id, users.c.name.label("person"), devices.c.name, devices.c.extension, devices.c.kind)
    asked = select(*columns).join_from(users, devices, devices.c.user_id == users.c.id)
    rows = await conn.execute(asked.where(users.c.blocked_at.is_(None)).order_by(users.c.name, devices.c.id))
    found: dict[int, tuple[str, list[DeviceDraft]]] = {}
    for row in rows:
        one = DeviceDraft(name=row.name, extension=row.extension, kind=row.kind)
        found.setdefault(row.id, (row.person, []))[1].append(one)
    return list(found.values())
