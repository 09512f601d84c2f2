"""Clicks on numbers: the browser's request id is the key, so that a repeated click is one call."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, kw_only=True, slots=True)
class DialRequest:
    """One click. state: sent, ok, refused, unknown (the PBX's answer was lost) or failed."""

    request_id: str
    user_id: int
    number: str
    extension: str
    client_id: int | None
    device: str
    call_id: str | None
    state: str
    created_at: float


async def claim(conn: AsyncConnection, request: DialRequest) -> bool:
    """Make the click's row; False when it is there already: whoever made it dials, nobody else."""
    result = await conn.execute(
        text(
            "INSERT INTO dial_requests"
            " (request_id, user_id, number, extension, client_id, device, call_id, state, created_at) VALUES"
            " (:request_id, :user_id, :number, :extension, :client_id, :device, :call_id, :state, :created_at)"
            " ON CONFLICT (request_id) DO NOTHING"
        ),
        asdict(request),
    )
    return result.rowcount == 1


async def get(conn: AsyncConnection, request_id: str) -> DialRequest | None:
    """A click by its id."""
    rows = await conn.execute(
        text(
            "SELECT request_id, user_id, number, extension, client_id, device, call_id, state, created_at"
            " FROM dial_requests WHERE request_id = :id"
        ),
        {"id": request_id},
    )
    row = rows.one_or_none()
    return DialRequest(**row._mapping) if row else None


async def set_state(conn: AsyncConnection, request_id: str, state: str, *, call_id: str | None = None) -> None:
    """What became of the click; call_id once it is known (it is never taken back)."""
    await conn.execute(
        text("UPDATE dial_requests SET state = :state, call_id = COALESCE(:call, call_id) WHERE request_id = :id"),
        {"state": state, "call": call_id, "id": request_id},
    )


async def recent(conn: AsyncConnection, user_id: int, since: float) -> int:
    """How many calls the person placed since then."""
    count = await conn.execute(
        text("SELECT count(*) FROM dial_requests WHERE user_id = :user AND created_at >= :since"),
        {"user": user_id, "since": since},
    )
    return int(count.scalar_one())
