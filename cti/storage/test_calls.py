"""Calls that the server placed to see whether a card comes: what came of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.tables import test_calls, users

KEPT = 200  # of each registrar


@dataclass(frozen=True, kw_only=True, slots=True)
class TestCall:
    """One of them. at: UNIX s of its first packet. said: a code of web/texts.py; detail: the PBX's own words.

    card_ms: from the first packet to the card; shown_ms: to its painting, None where no panel was open.
    """

    __test__ = False  # its name is no test's
    registrar: str
    at: float
    ok: bool
    said: str
    detail: str = ""
    card_ms: float | None = None
    shown_ms: float | None = None
    user_id: int | None = None


async def add(conn: AsyncConnection, call: TestCall) -> None:
    """Keep one; the oldest go."""
    await conn.execute(insert(test_calls).values(**{name: getattr(call, name) for name in TestCall.__slots__}))
    mine = test_calls.c.registrar == call.registrar
    newest = select(test_calls.c.id).where(mine).order_by(test_calls.c.at.desc()).limit(KEPT)
    await conn.execute(delete(test_calls).where(mine, test_calls.c.id.not_in(newest)))


async def newest(conn: AsyncConnection, limit: int = 20) -> list[tuple[TestCall, str]]:
    """The newest of all, each with the name of who asked for it, "" for the schedule."""
    rows = await conn.execute(
        select(test_calls, users.c.name)
        .join_from(test_calls, users, users.c.id == test_calls.c.user_id, isouter=True)
        .order_by(test_calls.c.at.desc())
        .limit(limit)
    )
    return [(_read(row), row.name or "") for row in rows]


async def last(conn: AsyncConnection) -> dict[str, TestCall]:
    """The newest of each registrar."""
    found: dict[str, TestCall] = {}
    for row in await conn.execute(select(test_calls).order_by(test_calls.c.at)):
        found[row.registrar] = _read(row)
    return found


def _read(row: Any) -> TestCall:
    return TestCall(**{name: getattr(row, name) for name in TestCall.__slots__} | {"ok": bool(row.ok)})
