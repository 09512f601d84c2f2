"""The people of campaigns are chosen: in SQL, a part at a time, one campaign after the other.

A part takes a fifth of a second of the writer's time, so that calls and letters have their turns between. Whoever
changes the campaign meanwhile ends it; a server that dies in the middle begins anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import msgspec
import structlog

from cti.clients.filters import Condition
from cti.errors import Refused, StorageError
from cti.looking import look_again
from cti.messages.campaigns import Campaign
from cti.storage import audience, campaign_people, campaigns, limits, mailboxes, properties, segments
from cti.storage.audience import Audience
from cti.storage.conditions import Conditions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

LOOK_S = 30.0
PART_S = 0.2
FIRST, LEAST, MOST = 5_000, 500, 50_000  # clients in a part
CLEARED = 20_000
DAY_S = 86400.0

log = structlog.get_logger()


class CampaignBuilds:
    """tell: of notices."""

    def __init__(
        self, *, db: Database, zone: ZoneInfo, tell: Callable[..., Awaitable[None]], clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._zone = zone
        self._tell = tell
        self._clock = clock
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something to choose."""
        self._news.set()

    async def run(self) -> None:
        """Choose what is to be chosen, until cancelled."""
        await look_again(self.look, self._news, LOOK_S, "people of campaigns cannot be chosen now")

    async def look(self) -> None:
        """Choose the people of every campaign that waits for it."""
        async with self._db.read() as conn:
            waiting = await campaigns.every(conn, states=("building",))
        for one in reversed(waiting):
            try:
                await self._build(one)
            except Refused as error:
                await self._give_up(one, error.code)
            except StorageError:
                raise
            except Exception:
                log.exception("choosing people failed", campaign=one.id)
                await self._give_up(one, "failed")

    async def _give_up(self, one: Campaign, why: str) -> None:
        async with self._db.write() as conn:
            await campaigns.move(conn, one.id, "change", why=why[:16])
        await self._tell(one, "campaign-stands", why=why)

    async def _build(self, one: Campaign) -> None:
        async with self._db.read() as conn:
            last, chosen = await audience.last_id(conn), await self._audience(conn, one)
        more = True
        while more:
            async with self._db.write() as conn:
                more = await audience.clear(conn, one.id, CLEARED)
        low, size, people = 1, FIRST, 0
        while low <= last:
            async with self._db.write() as conn:
                began = time.perf_counter()
                now = await campaigns.get(conn, one.id)
                if now is None or now.state != "building" or now.version != one.version:
                    return
                people = await audience.add(conn, chosen, low, low + size, people)
                low += size
                done = {"at": min(low, last), "of": last, "people": people}
                await campaigns.note(conn, one.id, built=msgspec.json.encode(done).decode())
                took = time.perf_counter() - began
            size = max(LEAST, min(MOST, int(size * min(PART_S / max(took, 0.001), 2.0))))
            await asyncio.sleep(0)
        await self._end(one, people)

    async def _end(self, one: Campaign, people: int) -> None:
        async with self._db.read(slow=True) as conn:
            left_out = await campaign_people.reasons(conn, one.id, ("excluded",))
        values = {"total": people - sum(left_out.values()), "built_at": self._clock()}
        async with self._db.write() as conn:
            await campaigns.move(conn, one.id, "built", built=msgspec.json.encode(left_out).decode(), why="", **values)
        log.info("people of a campaign chosen", campaign=one.id, people=people, left_out=sum(left_out.values()))

    async def _audience(self, conn: Connection, one: Campaign) -> Audience:
        """What its people are chosen by. Raises Refused where the segment is gone, or asks what there is not."""
        known, now = await segments.every(conn), self._clock()
        asked = Conditions(
            await properties.every(conn), zone=self._zone, sqlite=conn.dialect.name == "sqlite", segments=known, now=now
        )
        days = (await limits.read(conn))[0].ad_days if one.purpose != "service" else 0
        return Audience(
            campaign_id=one.id,
            channel=one.channel,
            purpose=one.purpose,
            segment=asked.condition(Condition(field="segment", op="any-of", value=[one.segment_id or 0])),
            share=one.given.share if one.given.other_id else 0,
            recent_since=now - days * DAY_S if days else None,
            own=await mailboxes.addresses(conn),
        )
