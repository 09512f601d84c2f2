"""Times in which nobody watched a PBX: the server was down, or its link was. What became of each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Float, Integer, String, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.schema import metadata

SHOWN = 20

pbx_watched = Table(
    "pbx_watched",
    metadata,
    Column("pbx", String(32), primary_key=True),
    Column("at", Float, nullable=False),  # when its link was last seen up
)
absences = Table(
    "absences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pbx", String(32), nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("state", String(12), nullable=False),  # open | filled | missing
    Column("found", Integer, nullable=False, server_default="0"),  # calls that its logs told of
    Column("tries", Integer, nullable=False, server_default="0"),  # how often they could not be read
    Column("again_at", Float, nullable=False, server_default="0"),  # when they are tried next
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """One time. state: open (its logs are not read yet), filled, missing (there is nothing to read). found: calls.

    tries: how often its logs could not be read; again_at: when they are tried next.
    """

    id: int
    pbx: str
    since: float
    until: float
    state: str
    found: int
    tries: int
    again_at: float


async def watched(conn: AsyncConnection, pbx: str, now: float, gap_s: float) -> None:
    """The PBX is watched now; that it was not for longer than gap_s is written down."""
    last = (await conn.execute(select(pbx_watched.c.at).where(pbx_watched.c.pbx == pbx))).scalar()
    if last is not None and now - last > gap_s:
        await conn.execute(insert(absences).values(pbx=pbx, since=last, until=now, state="open"))
    await conn.execute(delete(pbx_watched).where(pbx_watched.c.pbx == pbx))
    await conn.execute(insert(pbx_watched).values(pbx=pbx, at=now))


async def opened(conn: AsyncConnection, now: float) -> list[Absence]:
    """Those that are over and of which no log was read, oldest first; without those that are tried later."""
    own = absences.c
    mine = (own.state == "open") & (own.until < now) & (own.again_at <= now)
    return [Absence(**row._mapping) for row in await conn.execute(select(absences).where(mine).order_by(own.id))]


async def later(conn: AsyncConnection, absence_id: int, tries: int, again_at: float) -> None:
    """Its logs are away: they are tried again then."""
    values = {"tries": tries, "again_at": again_at}
    await conn.execute(update(absences).where(absences.c.id == absence_id).values(values))


async def reopen(conn: AsyncConnection, pbx: str, since: float) -> None:
    """The PBX's logs are named now: what was missing and ended after this time is looked up."""
    own = absences.c
    mine = (own.pbx == pbx) & (own.state == "missing") & (own.until >= since)
    await conn.execute(update(absences).where(mine).values(state="open", tries=0, again_at=0.0))


async def become(conn: AsyncConnection, absence_id: int, state: str, found: int) -> None:
    """What came of one."""
    await conn.execute(update(absences).where(absences.c.id == absence_id).values(state=state, found=found))


async def within(conn: AsyncConnection, since: float, until: float) -> list[Absence]:
    """Those that reach into a time, newest first."""
    own = absences.c
    asked = select(absences).where(own.until > since, own.since < until).order_by(own.since.desc()).limit(SHOWN)
    return [Absence(**row._mapping) for row in await conn.execute(asked)]
