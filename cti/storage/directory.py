"""Who sits behind a device."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceRow:
    """A device with its owner. kind: desk or browser. chosen: where the owner is rung and dials from.

    model: how it picks up by itself (telephony/auto_answer.py).
    """

    name: str
    extension: str
    kind: str
    chosen: bool
    user_id: int
    user_name: str
    team_id: int | None
    team: str | None
    language: str
    model: str = "auto"


async def devices(conn: AsyncConnection) -> list[DeviceRow]:
    """All devices; a person's chosen one before his others, desk phones before browsers."""
    rows = await conn.execute(
        text(
            "SELECT d.name, d.extension, d.kind, d.chosen, d.model,"
            " u.id AS user_id, u.name AS user_name, t.id AS team_id,"
            " t.name AS team, u.language FROM devices d JOIN users u ON u.id = d.user_id"
            " LEFT JOIN teams t ON t.id = u.team_id ORDER BY u.id, d.chosen DESC, d.kind DESC, d.id"
        )
    )
    return [DeviceRow(**{**row._mapping, "chosen": bool(row.chosen)}) for row in rows]
