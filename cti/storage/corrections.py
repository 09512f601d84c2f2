"""What was said of a call and is no longer so: every correction is a record of its own, and none is ever taken back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """field: outcome or client. was, became: as text, None for nothing. user_name: "" where the server knew better."""

    at: float
    user_id: int | None
    user_name: str
    field: str
    was: str | None
    became: str | None


async def correct(
    conn: AsyncConnection, call_id: str, field: str, was: str | None, became: str | None, at: float, user_id: int | None
) -> None:
    """Note that something said of the call has changed; nothing where it has not."""
    if was == became:
        return
    await conn.execute(
        text(
            "INSERT INTO call_corrections (call_id, at, user_id, field, was, became)"
            " VALUES (:call, :at, :user, :field, :was, :became)"
        ),
        {"call": call_id, "at": at, "user": user_id, "field": field, "was": was, "became": became},
    )


async def corrections(conn: AsyncConnection, call_id: str) -> list[Correction]:
    """All of a call, oldest first; clients by their names."""
    rows = await conn.execute(
        text(
            "SELECT c.at, c.user_id, COALESCE(u.name, '') AS user_name, c.field,"
            " CASE WHEN c.field = 'client' THEN COALESCE(a.name, c.was) ELSE c.was END AS was,"
            " CASE WHEN c.field = 'client' THEN COALESCE(b.name, c.became) ELSE c.became END AS became"
            " FROM call_corrections c LEFT JOIN users u ON u.id = c.user_id"
            " LEFT JOIN clients a ON c.field = 'client' AND CAST(a.id AS VARCHAR) = c.was"
            " LEFT JOIN clients b ON c.field = 'client' AND CAST(b.id AS VARCHAR) = c.became"
            " WHERE c.call_id = :call ORDER BY c.at, c.id"
        ),
        {"call": call_id},
    )
    return [Correction(**row._mapping) for row in rows]
