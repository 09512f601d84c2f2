"""What was said of a call and is no longer so: every correction is a record of its own, and none is ever taken back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Words
from cti.storage.client_tables import clients
from cti.storage.client_work_tables import client_merges


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """field: outcome or client. was, became: as text, None for nothing. user_name: "" where the server knew better."""

    at: float
    user_id: int | None
    user_name: str
    field: str
    was: Words | None
    became: Words | None


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
    """All of a call, oldest first; clients by their names, one that was merged by the kept one's."""
    asked = text(
        "SELECT c.at, c.user_id, COALESCE(u.name, '') AS user_name, c.field, c.was, c.became"
        " FROM call_corrections c LEFT JOIN users u ON u.id = c.user_id WHERE c.call_id = :call ORDER BY c.at, c.id"
    )
    found = [Correction(**row._mapping) for row in await conn.execute(asked, {"call": call_id})]
    told = [one for one in found if one.field == "client"]
    names = await _names(conn, {int(id_) for one in told for id_ in (one.was, one.became) if id_ and id_.isdigit()})
    return [
        replace(one, was=names.get(one.was, one.was), became=names.get(one.became, one.became)) if one in told else one
        for one in found
    ]


async def _names(conn: AsyncConnection, ids: Collection[int]) -> dict[str | None, str]:
    """Names of clients by their ids as text."""
    if not ids:
        return {}
    here = select(clients.c.id, clients.c.name).where(clients.c.id.in_(ids))
    led = (
        select(client_merges.c.gone_id, clients.c.name)
        .join_from(client_merges, clients, clients.c.id == client_merges.c.kept_id)
        .where(client_merges.c.gone_id.in_(ids), client_merges.c.undone_at.is_(None))
    )
    return {str(id_): name for statement in (led, here) for id_, name in await conn.execute(statement)}
