"""Who sits behind a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceRow:
    """A device with its owner. kind: desk or browser. chosen: where the owner is rung and dials from.

    model: how it picks up by itself (telephony/auto_answer.py). desk: the number of a shared desk phone at
    which he sits; its extension is then his own, where he has one.
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
    desk: str = ""


async def devices(conn: AsyncConnection) -> list[DeviceRow]:
    """All devices; a person's chosen one before his others, desk phones before browsers.

    With the shared desk phones at which people sit: who sits at one is rung there, unless he chose another phone since.
    """
    rows = await conn.execute(
        text(
            "SELECT d.name, d.extension, d.kind, d.chosen, d.model,"
            " u.id AS user_id, u.name AS user_name, t.id AS team_id,"
            " t.name AS team, u.language FROM devices d JOIN users u ON u.id = d.user_id"
            " LEFT JOIN teams t ON t.id = u.team_id ORDER BY u.id, d.chosen DESC, d.kind DESC, d.id"
        )
    )
    own = [DeviceRow(**{**row._mapping, "chosen": bool(row.chosen)}) for row in rows]
    seated = await _seated(conn, {row.user_id: row.extension for row in reversed(own)})
    rung = {row.user_id for row in seated if row.chosen}
    return [
        *(row for row in seated if row.chosen),
        *(replace(row, chosen=row.chosen and row.user_id not in rung) for row in own),
        *(row for row in seated if not row.chosen),
    ]


async def _seated(conn: AsyncConnection, extensions: Mapping[int, str]) -> list[DeviceRow]:
    """Shared desk phones at which somebody sits. extensions: the people's own numbers."""
    rows = await conn.execute(
        text(
            "SELECT d.name, d.extension AS desk, d.chosen, d.model, u.id AS user_id, u.name AS user_name,"
            " t.id AS team_id, t.name AS team, u.language FROM shared_desks d JOIN users u ON u.id = d.user_id"
            " LEFT JOIN teams t ON t.id = u.team_id ORDER BY u.id"
        )
    )
    return [
        DeviceRow(
            **{**row._mapping, "chosen": bool(row.chosen)},
            extension=extensions.get(row.user_id, row.desk),
            kind="desk",
        )
        for row in rows
    ]
