"""Gaps of recordings as rows: from when to when nothing was kept, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.recording_tables import recording_gaps, recordings
from cti.storage.tables import calls, users

Why = Literal["agent", "field"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """ended_at None: it goes on. why: the agent wanted it, or wrote into a field with what nobody may keep."""

    id: int
    recording_id: str
    began_at: float
    ended_at: float | None
    why: str
    user_name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A recording that goes on. leg: the channel that is recorded. gap_id, gap_at, gap_by: where it is paused now."""

    recording_id: str
    call_id: str
    leg: str
    gap_id: int | None
    gap_at: float | None
    gap_by: int | None


async def of_recordings(conn: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Gap]]:
    """Those of recordings, in order."""
    gap = recording_gaps.c
    columns = (gap.id, gap.recording_id, gap.began_at, gap.ended_at, gap.why)
    asked = select(*columns, func.coalesce(users.c.name, "").label("user_name"))
    asked = asked.outerjoin_from(recording_gaps, users, users.c.id == gap.user_id)
    found: dict[str, list[Gap]] = {}
    for row in await conn.execute(asked.where(gap.recording_id.in_(ids)).order_by(gap.began_at)) if ids else ():
        found.setdefault(row.recording_id, []).append(Gap(**row._mapping))
    return found


async def running(conn: AsyncConnection, call_id: str | None = None) -> list[Running]:
    """Recordings under way of a call; of all calls, those that are paused."""
    row, gap = recordings.c, recording_gaps.c
    asked = (
        select(
            row.id.label("recording_id"), row.call_id, row.leg, gap.id.label("gap_id"), gap.began_at.label("gap_at"),
            gap.user_id.label("gap_by"),
        )
        .outerjoin_from(recordings, recording_gaps, (gap.recording_id == row.id) & gap.ended_at.is_(None))
        .where(row.state == "preparing", row.ended_at.is_(None))
    )  # fmt: skip
    asked = asked.where(row.call_id == call_id) if call_id is not None else asked.where(gap.id.is_not(None))
    return [Running(**one._mapping) for one in await conn.execute(asked.order_by(row.started_at))]


async def begin(conn: AsyncConnection, recording_id: str, at: float, why: Why, user_id: int) -> None:
    """Nothing is kept from now on."""
    row = {"recording_id": recording_id, "began_at": at, "why": why, "user_id": user_id}
    await conn.execute(insert(recording_gaps).values(row))


async def end(conn: AsyncConnection, gap_id: int, at: float) -> None:
    """It goes on, or its call is over."""
    this = (recording_gaps.c.id == gap_id, recording_gaps.c.ended_at.is_(None))
    await conn.execute(update(recording_gaps).where(*this).values(ended_at=at))


async def over(conn: AsyncConnection, call_id: str) -> bool:
    """Whether a call is over as far as is written."""
    ended = select(calls.c.id).where(calls.c.id == call_id, calls.c.outcome.is_not(None))
    return (await conn.execute(ended)).first() is not None
