"""Limits of what is sent: who sets them, and that those who see to it are told when the day's budget is used up.

The rule when it is: SMS of programs and campaigns wait for the next day of the house, or end where that is too late
(cti/storage/spending.py); a person's own SMS is sent all the same, and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec
import structlog

from cti.access import Person, may
from cti.desktop import AgentDesktop, Notice
from cti.errors import Conflicts, NotAllowed, Refused, StorageError
from cti.messages.limits import Limits
from cti.storage import desktop_events, limits, spending, users
from cti.storage.database import Database

LOOK_S = 15.0

log = structlog.get_logger()


class SendingLimits:
    """All of it. next_seq: of what nobody must miss; zone: of the house."""

    def __init__(
        self,
        *,
        db: Database,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        zone: ZoneInfo,
        wake: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._next_seq = next_seq
        self._zone = zone
        self._wake = wake
        self._clock = clock

    async def read(self) -> tuple[Limits, int, spending.Day]:
        """The limits, their version, and what today has cost."""
        async with self._db.read() as conn:
            given, version = await limits.read(conn)
            return given, version, await spending.day(conn, self._clock(), self._zone)

    async def save(self, person: Person, given: Limits, version: int) -> None:
        """Set them. Raises Refused in words, Conflicts, NotAllowed."""
        if not may(person, "settings.manage"):
            raise NotAllowed("Your role may not change settings.")
        words = list(dict.fromkeys(one for word in given.stop_words if (one := " ".join(word.split()).casefold())))
        if not words:
            raise Refused("no-stop-words", "Without a word to stop nobody could end it.")
        given = msgspec.structs.replace(given, stop_words=words)
        now = self._clock()
        async with self._db.write() as conn:
            if not await limits.save(conn, given, version=version, user_id=person.id, now=now):
                raise Conflicts()
            await spending.asked_anew(conn, now, self._zone)
        self._wake()

    async def run(self) -> None:
        """See to it that somebody knows when the budget holds SMS back, until cancelled."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                log.warning("the budget cannot be looked at now", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell once a day whoever sets the budget or makes mailings."""
        now = self._clock()
        async with self._db.read() as conn:
            today = await spending.day(conn, now, self._zone)
        if today.stopped_at is None or today.told_at is not None:
            return
        async with self._db.write() as conn:
            if not await spending.told(conn, now, self._zone):
                return
            everybody = [one.person for one in await users.every(conn) if one.blocked_at is None]
            whom = [one.id for one in everybody if may(one, "settings.manage") or may(one, "campaigns.write")]
            notices = [(one, self._notice(one, now)) for one in whom]
            await desktop_events.append(conn, [desktop_events.of_notice(one, notice) for one, notice in notices])
        for one, notice in notices:
            await self._desktop.message(one, notice)

    def _notice(self, user_id: int, now: float) -> Notice:
        return Notice(seq=self._next_seq(user_id), code="sms-budget", args={}, href="/settings/sending", at=now)
