"""Marks that clients gave to calls, as rows."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_PUT = text(
    "INSERT INTO call_scores (call_id, score, at) VALUES (:call, :score, :at)"
    " ON CONFLICT (call_id) DO UPDATE SET score = excluded.score, at = excluded.at WHERE excluded.at >= call_scores.at"
)


async def put(conn: AsyncConnection, call_id: str, score: int, at: float) -> None:
    """The mark of a call, 1 to 5; the latest one counts, in whatever order they come."""
    await conn.execute(_PUT, {"call": call_id, "score": score, "at": at})
