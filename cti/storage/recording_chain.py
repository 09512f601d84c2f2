"""The chain of recordings' hashes, read from its beginning: what was changed, taken out or put in shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.recording_tables import recording_chain, recordings
from cti.storage.recordings import chained

AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One recording's hash. holds: it follows from the one before. pbx, file, state: None where its row is gone."""

    id: int
    day: str
    recording_id: str
    size: int
    sha256: str
    chain: str
    holds: bool
    pbx: str | None
    file: str | None
    state: str | None


async def links(conn: AsyncConnection) -> AsyncIterator[Link]:
    """All, from the first."""
    link, row = recording_chain.c, recordings.c
    asked = select(recording_chain, row.pbx, row.file, row.state).outerjoin_from(
        recording_chain, recordings, row.id == link.recording_id
    )
    last, before = 0, ""
    while rows := (await conn.execute(asked.where(link.id > last).order_by(link.id).limit(AT_ONCE))).all():
        for one in rows:
            told = {"day": one.day, "recording_id": one.recording_id, "size": one.size, "sha256": one.sha256}
            holds = one.chain == chained(before, told)
            yield Link(**told, id=one.id, chain=one.chain, holds=holds, pbx=one.pbx, file=one.file, state=one.state)
            last, before = one.id, one.chain


async def outside(conn: AsyncConnection) -> list[tuple[str, str]]:
    """Recordings that are there and in no link, or with another hash than theirs: PBX and file."""
    same = select(recording_chain.c.id).where(
        recording_chain.c.recording_id == recordings.c.id, recording_chain.c.sha256 == recordings.c.sha256
    )
    asked = select(recordings.c.pbx, recordings.c.file).where(recordings.c.state == "there", ~same.exists())
    return [(row.pbx, row.file) for row in await conn.execute(asked.order_by(recordings.c.started_at))]
