"""The chain of recordings' hashes, read from its beginning: what was changed, taken out or put in shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.recording_tables import recording_chain, recordings
from cti.storage.recordings import chained

AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One recording's hash. holds: it follows from the one before. pbx, name, state: None where its row is gone.

    is_last: of its recording; where it was converted since, the file of this hash is no more.
    """

    id: int
    day: str
    recording_id: str
    size: int
    sha256: str
    chain: str
    holds: bool
    is_last: bool
    pbx: str | None
    name: str | None
    is_archived: bool
    state: str | None


async def links(conn: AsyncConnection) -> AsyncIterator[Link]:
    """All, from the first."""
    link, row, later = recording_chain.c, recordings.c, recording_chain.alias()
    asked = select(
        link.id, link.day, link.recording_id, link.size, link.sha256, link.chain, link.made_from, row.pbx, row.state,
        func.coalesce(func.nullif(row.kept_as, ""), row.file).label("name"),
        row.archived_at.is_not(None).label("is_archived"),
        (~exists().where(later.c.recording_id == link.recording_id, later.c.id > link.id)).label("is_last"),
    ).outerjoin_from(recording_chain, recordings, row.id == link.recording_id)  # fmt: skip
    last, before = 0, ""
    while rows := (await conn.execute(asked.where(link.id > last).order_by(link.id).limit(AT_ONCE))).all():
        for one in rows:
            told = dict(one._mapping)
            holds = one.chain == chained(before, told)
            told["is_archived"], told["is_last"] = bool(one.is_archived), bool(one.is_last)
            del told["made_from"]
            yield Link(**told, holds=holds)
            last, before = one.id, one.chain


async def outside(conn: AsyncConnection) -> list[tuple[str, str]]:
    """Recordings that are there and in no link, or with another hash than theirs: PBX and file."""
    same = select(recording_chain.c.id).where(
        recording_chain.c.recording_id == recordings.c.id, recording_chain.c.sha256 == recordings.c.sha256
    )
    asked = select(recordings.c.pbx, recordings.c.file).where(recordings.c.state == "there", ~same.exists())
    return [(row.pbx, row.file) for row in await conn.execute(asked.order_by(recordings.c.started_at))]
