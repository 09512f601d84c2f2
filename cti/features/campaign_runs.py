"""Campaigns on their way: whose turn it is goes into the queues of SMS and letters, and what became of it is noted.

A person and his message are one transaction with a key of their own: a kill at any point doubles nothing and loses
nobody. The queues hold about a second of a campaign: who pauses or stops it, stops it. Where something is gone that it
needs (its template, mailbox, segment), it pauses and says so. What became of messages is read from their own rows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from cti.clients.zones import clock_of
from cti.errors import StorageError
from cti.looking import look_again
from cti.messages.campaigns import Campaign, allowed, is_open
from cti.messages.doors import Doors
from cti.storage import campaign_letters, campaign_people, campaign_texts, campaigns, limits, occasions, sms
from cti.storage.campaign_people import One
from cti.storage.campaign_texts import Means, Text
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.one_hop import in_one_trip

TICK_S = 0.1
IDLE_S = 5.0
FOLLOW_S = 1.0
REST = 9  # times as long as it took, nothing is followed
KNOWN_S = 30.0  # zones of those who wait
FOLLOWED_S = 7 * 86400.0  # after its end
ANSWERS_S = 3 * 86400.0  # looked back for after a start
DAY_S = 86400.0

log = structlog.get_logger()


@dataclass(kw_only=True, slots=True)
class _Pace:
    """How a campaign goes since it goes. tokens: messages that may be given now."""

    at: float
    tokens: float = 0.0
    zones: list[str] = field(default_factory=list)
    zones_at: float = 0.0


class CampaignRuns:
    """wake_sms, wake_post: the queues have something to send; tell: of notices."""

    def __init__(
        self,
        *,
        db: Database,
        zone: ZoneInfo,
        wake_sms: Callable[[], None],
        wake_post: Callable[[], None],
        tell: Callable[..., Awaitable[None]],
        doors: Doors,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._zone = zone
        self._wake_sms = wake_sms
        self._wake_post = wake_post
        self._tell = tell
        self._doors = doors
        self._clock = clock
        self._news = asyncio.Event()
        self._paces: dict[int, _Pace] = {}
        self._answers_at = 0.0

    def wake(self) -> None:
        """One was started."""
        self._news.set()

    async def run(self) -> None:
        """Give people their turns, until cancelled."""
        await look_again(self._turn, self._news, IDLE_S, "campaigns cannot go on now")

    async def _turn(self) -> float | None:
        began = time.monotonic()
        going = await self.look()
        return max(TICK_S - (time.monotonic() - began), 0.02) if going else None

    async def follow(self) -> None:
        """Note what became of messages and who answered, until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.noted()
            except StorageError as error:
                log.warning("campaigns cannot be followed now", reason=str(error))
            except Exception:
                log.exception("following campaigns failed")
            await asyncio.sleep(max(FOLLOW_S, REST * (time.monotonic() - began)))

    async def look(self) -> int:
        """Give turns in all that run; how many run."""
        now = self._clock()
        async with self._db.read() as conn:
            running = [one for one in await campaigns.every(conn, states=("running",)) if one.writes]
        for gone in self._paces.keys() - {one.id for one in running}:
            del self._paces[gone]
        going = 0
        for one in running:
            if one.begins_at is None or one.begins_at <= now:
                going += await self._step(one, now)
        return going

    async def _step(self, one: Campaign, now: float) -> bool:
        """Some people of one get their turn; whether more may soon."""
        pace = self._paces.setdefault(one.id, _Pace(at=time.monotonic()))
        at = time.monotonic()
        pace.tokens = min(pace.tokens + one.given.rate * (at - pace.at), float(one.given.rate))
        pace.at = at
        async with self._db.read() as conn:
            by = await campaign_texts.means(conn, one, self._doors)
            if not by.missing and not one.given.frozen and one.segment_id is None:
                by = Means(texts={}, missing="no-segment")
            if by.missing:
                await self._stands(one, by.missing)
                return False
            if now - pace.zones_at > KNOWN_S:
                pace.zones, pace.zones_at = await campaign_people.zones(conn, one.id), now
            there = [zone for zone in pace.zones if self._is_open(one, zone, now)]
            most = allowed(one.given.rate, pace.tokens, await campaign_people.queued(conn, one.id, now))
            some = await campaign_people.turn(conn, one.id, there, now, most) if most else []
            texts = await self._written(conn, one, by, some, now) if some else []
            idle = not some and most > 0
            ended = idle and not await campaign_people.open_left(conn, one.id, now)
        if texts:
            pace.tokens -= sum(not text.why for text in texts)
            await self._give(one, by, texts, now)
        if ended:
            await self._end(one, now)
        return not idle or bool(there)

    def _is_open(self, one: Campaign, zone: str, now: float) -> bool:
        return is_open(one.given.hours, ZoneInfo(clock_of(zone, "", self._zone.key).zone), now)

    async def _written(self, conn: Connection, one: Campaign, by: Means, some: Sequence[One], now: float) -> list[Text]:
        """What they are written; with a reason who is not any more."""
        today = datetime.fromtimestamp(now, self._zone).date()
        texts = await campaign_texts.written(conn, one, by, some, today, self._doors.of_campaign(one.id, now))
        days = (await limits.read(conn))[0].ad_days if one.purpose != "service" else 0
        lately: set[str] = set()
        if days:
            addresses = [text.one.address for text in texts]
            lately = await campaign_people.written_lately(conn, one.id, addresses, now - days * DAY_S)
        inside: frozenset[int] | None = None
        if not one.given.frozen and one.segment_id is not None:
            ids = {text.one.client_id for text in texts if text.one.client_id}
            inside = await occasions.inside(conn, one.segment_id, ids, self._zone, now)
        return [self._judged(text, lately, inside) for text in texts]

    def _judged(self, text: Text, lately: set[str], inside: frozenset[int] | None) -> Text:
        left = inside is not None and text.one.client_id not in inside
        why = text.why or ("left" if left else "recent" if text.one.address in lately else "")
        return text if why == text.why else text.refused(why)

    async def _give(self, one: Campaign, by: Means, texts: Sequence[Text], now: float) -> None:
        """Into the queues, in one transaction with what is noted of each person."""
        async with self._db.write() as conn:
            await in_one_trip(conn, lambda: _given(conn, one, by, texts, now))
        channels = {text.channel for text in texts if not text.why}
        if "sms" in channels:
            self._wake_sms()
        if "email" in channels:
            self._wake_post()

    async def _stands(self, one: Campaign, why: str) -> None:
        """It pauses by itself, and whoever has to know is told."""
        now = self._clock()
        async with self._db.write() as conn:
            if not await campaigns.move(conn, one.id, "pause", why=why, told_at=now):
                return
        log.warning("a campaign stands still", campaign=one.id, why=why)
        await self._tell(one, "campaign-stands", why=why)

    async def _end(self, one: Campaign, now: float) -> None:
        async with self._db.write() as conn:
            await campaigns.move(conn, one.id, "end", ended_at=now)

    async def noted(self) -> None:
        """Look once at what became of messages, and who answered."""
        now = self._clock()
        async with self._db.read() as conn:
            known = await campaigns.every(conn, states=("running", "paused", "stopped", "done"))
        for one in known:
            if not one.writes or (one.ended_at or now) < now - FOLLOWED_S:
                continue
            async with self._db.read() as conn:
                if not await campaign_people.is_behind(conn, one.id):
                    continue
            async with self._db.write() as conn:
                more = await in_one_trip(conn, lambda id_=one.id, by=one.channel: _followed(conn, id_, by, now))  # type: ignore[misc]
            if more and one.state == "running":
                self._news.set()
        since = self._answers_at - 60.0 if self._answers_at else now - ANSWERS_S
        async with self._db.read() as conn:
            heard = await campaign_people.heard(conn, since)
        if heard:
            async with self._db.write() as conn:
                await in_one_trip(conn, lambda: campaign_people.answered(conn, heard))
        self._answers_at = now


async def _followed(conn: Connection, campaign_id: int, channel: str, now: float) -> bool:
    await campaign_people.follow(conn, campaign_id, now)
    return channel == "sms-bounced" and bool(await campaign_people.after_bounce(conn, campaign_id, now))


async def _given(conn: Connection, one: Campaign, by: Means, texts: Sequence[Text], now: float) -> None:
    if not await campaigns.is_running(conn, one.id):
        return
    rows = [{"number": text.one.number, "state": "skipped", "why": text.why, "at": now} for text in texts if text.why]
    short = [text for text in texts if text.channel == "sms" and not text.why]
    ids = await sms.add_many(conn, [_sms(one, text) for text in short], now)
    rows += [_queued(text, now, sms_id=ids.get(_key(one, text))) for text in short]
    for text in texts:
        if text.channel == "email" and not text.why and by.mailbox is not None:
            row_id = await campaign_letters.add(
                conn, text, by.mailbox, now, key=_key(one, text), to=text.one.address, campaign_id=one.id,
                client_id=text.one.client_id, contact_id=text.one.contact_id, user_id=one.user_id,
            )  # fmt: skip
            rows.append(_queued(text, now, outbox_id=row_id))
    await campaign_people.become(conn, one.id, rows)


def _key(one: Campaign, text: Text) -> str:
    return f"campaign:{one.id}:{text.one.number}:{text.one.tries}"


def _sms(one: Campaign, text: Text) -> dict[str, object]:
    return {
        "key": _key(one, text), "number": text.one.address, "text": text.body, "purpose": one.purpose,
        "client_id": text.one.client_id, "contact_id": text.one.contact_id, "user_id": one.user_id,
        "template_id": text.template_id, "campaign_id": one.id, "automatic": True,
    }  # fmt: skip


def _queued(text: Text, now: float, **ids: int | None) -> dict[str, object]:
    return {"number": text.one.number, "state": "queued", "at": now, "sent_at": now, **ids}
