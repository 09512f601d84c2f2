"""Call lists on agents' desks: who takes the next person, what he says of him, and what came of the calls.

Rules kept here: a person is on one desk at a time, and for so long as is set; he is called in his own hours alone; who
was not reached is called again after the time that is set for what came of it, and not oftener than is set. Whether he
may be dialled at all is asked where dialling is decided (features/call_control.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person
from cti.clients.zones import clock_of
from cti.errors import Refused, StorageError
from cti.messages.campaigns import Campaign, is_open
from cti.storage import call_lists, campaign_people, campaigns
from cti.storage.database import Database

LOOK_S = 2.0
ON_DESK_MOST = 5
LATER_MIN = range(1, 7 * 24 * 60 + 1)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class ListView:
    """A call list as its agent sees it. waiting: people who are to be called."""

    id: int
    name: str
    label: str
    waiting: int


class CallLists:
    """changed: work lists are otherwise now."""

    def __init__(
        self,
        *,
        db: Database,
        zone: ZoneInfo,
        changed: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._zone = zone
        self._changed = changed
        self._clock = clock

    async def of(self, person: Person) -> list[ListView]:
        """The lists that a person works through now."""
        now = self._clock()
        async with self._db.read() as conn:
            mine = [one for one in await campaigns.every(conn, states=("running",)) if _is_his(one, person, now)]
            waiting = await call_lists.waiting(conn, [one.id for one in mine], now) if mine else {}
        return [
            ListView(id=one.id, name=one.name, label=one.given.calls.label, waiting=waiting.get(one.id, 0))
            for one in mine
        ]

    async def next(self, person: Person, campaign_id: int) -> str:
        """Put the next person on one's desk; returns what the work list calls him. Raises Refused."""
        now = self._clock()
        async with self._db.write() as conn:
            one = await campaigns.get(conn, campaign_id)
            if one is None or one.state != "running" or not _is_his(one, person, now):
                raise Refused("no-campaign", "There is no such campaign any more.")
            mine = [row for row in await call_lists.desks(conn, None) if row.taken_by_id == person.id]
            if len(mine) >= ON_DESK_MOST:
                raise Refused("desk-full", "Call those first whom you have on your desk.")
            there = [zone for zone in await campaign_people.zones(conn, one.id) if self._is_open(one, zone, now)]
            until = now + 60.0 * one.given.calls.hold_min
            number = await call_lists.take(conn, one.id, there, person.id, now, until)
        if number is None:
            raise Refused("nobody-to-take", "Nobody is to be called now: all are called, or it is not their hour.")
        self._changed()
        return f"{campaign_id}-{number}"

    async def act(self, person: Person, id_: str, act: str, *, minutes: int = 0, why: str = "") -> None:
        """What a person says of somebody on his desk: keeps him (take), gives him back, later, or that is all."""
        now, (campaign_id, number) = self._clock(), _place(id_)
        async with self._db.write() as conn:
            row = await call_lists.one(conn, person.id, campaign_id, number)
            if row is None:
                raise Refused("no-call-list", "This person is not on your desk any more: take the next one.")
            if act == "later":
                if minutes not in LATER_MIN:
                    raise Refused("bad-delay", "Put it off for a minute to a week.")
                await call_lists.let_go(conn, campaign_id, number, due_at=now + minutes * 60.0, at=now)
            elif act == "close":
                if not why.strip():
                    raise Refused("why-close", "Say why nobody need call back.")
                await call_lists.let_go(conn, campaign_id, number, state="skipped", why="closed", at=now)
            elif act == "free":
                await call_lists.let_go(conn, campaign_id, number, at=now)
        self._changed()

    async def run(self) -> None:
        """See to calls that are over and to desks that nobody is at, until cancelled."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                log.warning("call lists cannot be seen to now", reason=str(error))
            except Exception:
                log.exception("call lists failed")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """See to them once."""
        now = self._clock()
        async with self._db.read() as conn:
            running = [one for one in await campaigns.every(conn, states=("running",)) if not one.writes]
        if not running:
            return
        async with self._db.write() as conn:
            moved = await call_lists.settle(conn, now) + await call_lists.expired(conn, now)
        if moved:
            self._changed()
        for one in running:
            async with self._db.write() as conn:
                if not await campaign_people.open_left(conn, one.id, now):
                    await campaigns.move(conn, one.id, "end", ended_at=now)

    def _is_open(self, one: Campaign, zone: str, now: float) -> bool:
        return is_open(one.given.hours, ZoneInfo(clock_of(zone, "", self._zone.key).zone), now)


def _is_his(one: Campaign, person: Person, now: float) -> bool:
    """Whether a person works through a list: it is everybody's, his team's, or his."""
    calls = one.given.calls
    everybody = not calls.teams and not calls.people
    his = everybody or person.id in calls.people or person.team_id in calls.teams
    return not one.writes and his and (one.begins_at is None or one.begins_at <= now)


def _place(id_: str) -> tuple[int, int]:
    campaign, _, number = id_.partition("-")
    if not (campaign.isascii() and campaign.isdigit() and number.isascii() and number.isdigit() and len(id_) < 24):
        raise Refused("no-call-list", "This person is not on your desk any more: take the next one.")
    return int(campaign), int(number)
