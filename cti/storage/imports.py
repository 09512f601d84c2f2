"""How columns of a file were read last time, by its headings: the next one like it is read so again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.importing import folded
from cti.storage.client_work_tables import import_mappings


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a file with the same headings was read."""

    fields: tuple[str, ...]
    keys: tuple[str, ...]


async def remembered(conn: AsyncConnection, headers: Sequence[str]) -> Reading | None:
    """How a file with these headings was read last time."""
    asked = select(import_mappings.c["fields"], import_mappings.c["keys"]).where(
        import_mappings.c.headings == _mark(headers)
    )
    row = (await conn.execute(asked)).one_or_none()
    if row is None:
        return None
    return Reading(
        fields=tuple(msgspec.json.decode(row._mapping["fields"])), keys=tuple(row._mapping["keys"].split(","))
    )


async def remember(
    conn: AsyncConnection,
    headers: Sequence[str],
    fields: Sequence[str],
    keys: Sequence[str],
    *,
    user_id: int,
    now: float,
) -> None:
    """Keep how a file is read, for the next one with these headings."""
    mark = _mark(headers)
    row = {"headings": mark, "fields": msgspec.json.encode(list(fields)).decode(), "keys": ",".join(keys)}
    await conn.execute(delete(import_mappings).where(import_mappings.c.headings == mark))
    await conn.execute(insert(import_mappings), [{**row, "user_id": user_id, "used_at": now}])


def _mark(headers: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(map(folded, headers)).encode()).hexdigest()
