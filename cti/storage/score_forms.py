"""Score forms and their versions, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.quality import Criterion
from cti.storage.quality_tables import score_form_versions, score_forms
from cti.storage.search import clean


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A form as of one version. queue: None for calls of every queue. version_id: what scores keep."""

    id: int
    name: str
    queue: str | None
    retired: bool
    version: int
    version_id: int
    made_at: float
    criteria: tuple[Criterion, ...]


def _forms() -> Select[Any]:
    all_of_it = score_form_versions.alias()
    newest = select(func.max(all_of_it.c.version)).where(all_of_it.c.form_id == score_forms.c.id).scalar_subquery()
    return _versions().where(score_form_versions.c.version == newest)


def _versions() -> Select[Any]:
    return select(
        score_forms, score_form_versions.c.version, score_form_versions.c.id.label("version_id"),
        score_form_versions.c.criteria, score_form_versions.c.made_at,
    ).join(score_form_versions, score_form_versions.c.form_id == score_forms.c.id)  # fmt: skip


async def every(conn: AsyncConnection) -> list[Form]:
    """All, the newest version of each, by name; retired ones last."""
    rows = await conn.execute(_forms().order_by(score_forms.c.retired_at.is_not(None), score_forms.c.name))
    return [_form(row) for row in rows]


async def for_queue(conn: AsyncConnection, queue: str | None) -> list[Form]:
    """Those by which a call of the queue is scored now: of this queue first."""
    own = score_forms.c.queue
    mine = _forms().where(score_forms.c.retired_at.is_(None), or_(own.is_(None), own == (queue or "")))
    return [_form(row) for row in await conn.execute(mine.order_by(own.is_(None), score_forms.c.name))]


async def get(conn: AsyncConnection, form_id: int) -> Form | None:
    """One, its newest version."""
    row = (await conn.execute(_forms().where(score_forms.c.id == form_id))).one_or_none()
    return _form(row) if row is not None else None


async def by_versions(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Form]:
    """Forms as of versions; by the version's id."""
    rows = await conn.execute(_versions().where(score_form_versions.c.id.in_(ids))) if ids else ()
    return {row.version_id: _form(row) for row in rows}


async def add(conn: AsyncConnection, name: str, queue: str | None, criteria: Sequence[Criterion], *, now: float,
              by: int) -> int:  # fmt: skip
    """A new one; returns its id."""
    values = {"name": clean(name), "queue": queue and clean(queue)}
    form_id = int((await conn.execute(insert(score_forms).values(values).returning(score_forms.c.id))).scalar_one())
    await _put(conn, form_id, 1, criteria, now=now, by=by)
    return form_id


async def keep(conn: AsyncConnection, form_id: int, name: str, queue: str | None, criteria: Sequence[Criterion], *,
               now: float, by: int) -> int:  # fmt: skip
    """Its name and queue; other criteria than before make a new version. New criteria have ids of 0 and less.

    Returns the version that holds now, 0 where there is no such form.
    """
    before = await get(conn, form_id)
    if before is None:
        return 0
    values = {"name": clean(name), "queue": queue and clean(queue)}
    await conn.execute(update(score_forms).where(score_forms.c.id == form_id).values(values))
    if tuple(criteria) == before.criteria:
        return before.version
    await _put(conn, form_id, before.version + 1, criteria, now=now, by=by)
    return before.version + 1


async def retire(conn: AsyncConnection, form_id: int, at: float | None) -> None:
    """Score by it no more, or again (None)."""
    await conn.execute(update(score_forms).where(score_forms.c.id == form_id).values(retired_at=at))


async def _put(conn: AsyncConnection, form_id: int, version: int, criteria: Sequence[Criterion], *, now: float,
               by: int) -> None:  # fmt: skip
    free = (await conn.execute(select(score_forms.c.next_criterion).where(score_forms.c.id == form_id))).scalar_one()
    kept = []
    for one in criteria:
        given = asdict(one) | {"text": clean(one.text), "section": clean(one.section)}
        if one.id <= 0:
            given, free = given | {"id": free}, free + 1
        kept.append(given)
    await conn.execute(update(score_forms).where(score_forms.c.id == form_id).values(next_criterion=free))
    told = {"form_id": form_id, "version": version, "made_at": now, "made_by": by}
    await conn.execute(insert(score_form_versions).values(**told, criteria=msgspec.json.encode(kept).decode()))


def _form(row: Any) -> Form:
    return Form(
        id=row.id, name=row.name, queue=row.queue, retired=row.retired_at is not None, version=row.version,
        version_id=row.version_id, made_at=row.made_at,
        criteria=tuple(Criterion(**one) for one in msgspec.json.decode(row.criteria)),
    )  # fmt: skip
