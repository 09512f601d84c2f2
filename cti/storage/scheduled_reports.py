"""Scheduled reports as rows. A run moves `next_at` in the transaction that queues its letter: none is sent twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.reports.schedule import Every, Span
from cti.storage.report_tables import scheduled_reports
from cti.storage.sending_tables import outbox
from cti.storage.tables import users

MOST = 200
S = scheduled_reports.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheduled:
    """A schedule. people: addresses. owner: whose rights count. state: of its latest letter, "" for none."""

    id: int = 0
    name: str
    report: str
    query: str
    span: Span
    format: str
    every: Every
    day: int
    minute: int
    mailbox_id: int | None
    people: tuple[str, ...]
    user_id: int = 0
    owner: str = ""
    paused_at: float | None = None
    next_at: float = 0.0
    last_at: float | None = None
    last_result: str = ""
    state: str = ""
    version: int = 1


def _asked() -> Any:
    return (
        select(scheduled_reports, users.c.name.label("owner"), outbox.c.state)
        .join_from(scheduled_reports, users, users.c.id == S.user_id)
        .join(outbox, outbox.c.id == S.outbox_id, isouter=True)
    )


def _row(row: Any) -> Scheduled:
    plain = {name: row._mapping[name] for name in Scheduled.__dataclass_fields__}
    return Scheduled(**plain | {"people": tuple(json.loads(row.people)), "state": row.state or ""})


async def every(conn: AsyncConnection, user_id: int | None = None) -> list[Scheduled]:
    """All of them, or a person's, by name."""
    mine = [S.user_id == user_id] if user_id is not None else []
    return [_row(row) for row in await conn.execute(_asked().where(*mine).order_by(S.name, S.id).limit(MOST))]


async def get(conn: AsyncConnection, id_: int) -> Scheduled | None:
    """One of them. An id from an address may be any number."""
    row = (await conn.execute(_asked().where(S.id == id_))).one_or_none() if 0 < id_ < 2**31 else None
    return _row(row) if row else None


async def due(conn: AsyncConnection, now: float) -> list[Scheduled]:
    """Whose time has come, the oldest first."""
    found = _asked().where(S.next_at <= now, S.paused_at.is_(None)).order_by(S.next_at).limit(MOST)
    return [_row(row) for row in await conn.execute(found)]


async def add(conn: AsyncConnection, one: Scheduled, now: float) -> int:
    """A new one; its id."""
    values = _said(one) | {"user_id": one.user_id, "created_at": now}
    return int((await conn.execute(insert(scheduled_reports).values(values).returning(S.id))).scalar_one())


async def change(conn: AsyncConnection, one: Scheduled) -> bool:
    """Everything that is said of it; False where somebody changed it meanwhile."""
    mine = update(scheduled_reports).where(S.id == one.id, S.version == one.version)
    return (await conn.execute(mine.values(_said(one) | {"version": one.version + 1}))).rowcount == 1


def _said(one: Scheduled) -> dict[str, Any]:
    names = ("name", "report", "query", "span", "format", "every", "day", "minute", "mailbox_id", "next_at")
    return {name: getattr(one, name) for name in names} | {"people": json.dumps(one.people, ensure_ascii=False)}


async def note(conn: AsyncConnection, id_: int, **values: Any) -> None:
    """What has become of it."""
    await conn.execute(update(scheduled_reports).where(S.id == id_).values(**values))


async def moved(conn: AsyncConnection, one: Scheduled, next_at: float, **values: Any) -> bool:
    """Take this run; False where another did, or it was paused or removed meanwhile."""
    mine = update(scheduled_reports).where(S.id == one.id, S.next_at == one.next_at, S.paused_at.is_(None))
    return (await conn.execute(mine.values(next_at=next_at, **values))).rowcount == 1


async def remove(conn: AsyncConnection, id_: int) -> None:
    """Forget it."""
    await conn.execute(delete(scheduled_reports).where(S.id == id_))
