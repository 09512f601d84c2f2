"""How long recordings are kept: a rule for each queue, shown before it holds, and carried out by and by.

Rules kept here: a rule that was changed deletes nothing for an hour, so that a slip can be taken back; what somebody
holds stays whatever the rule; deleting is a mark first, the files go after it (recordings.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from cti.access import Person, may
from cti.errors import NotAllowed, Refused, StorageError
from cti.storage import recording_rules, sessions
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.recording_rules import Due, Rule

EVERY_S = 600.0
PAUSE_S = 0.05  # between parts: others write too
GRACE_S = 3600.0
MOST_DAYS = 36_500

log = structlog.get_logger()


class RecordingKeeping:
    """gone: told when something was marked as deleted; clock: UNIX seconds."""

    def __init__(self, *, db: Database, gone: Callable[[], None], clock: Callable[[], float]) -> None:
        self._db = db
        self._gone = gone
        self._clock = clock

    async def due(self, queue: str, days: int | None) -> Due:
        """What such a rule would delete now (nothing is). Raises Refused."""
        if days is None:
            return Due(count=0, size=0, oldest=None, held=0)
        _bounded(queue, days)
        async with self._db.read(slow=True) as conn:
            own = [one for one in await recording_rules.every(conn) if one and one != queue]
            return await recording_rules.due(conn, queue, days, own, self._clock())

    async def keep_rule(self, actor: Person, queue: str, *, days: int | None, demanded: bool, as_all: bool) -> None:
        """A queue's rule from now on. days None: for good. as_all: none of its own. Raises Refused, NotAllowed."""
        if not may(actor, "settings.manage"):
            raise NotAllowed("Your role may not do this; ask an admin.")
        _bounded(queue, days)
        now = self._clock()
        rule = None if as_all else Rule(keep_days=days, demanded=demanded, since=now + GRACE_S)
        async with self._db.write() as conn:
            before = (await recording_rules.every(conn)).get(queue)
            if rule and before and before.keep_days == days:
                rule = Rule(keep_days=days, demanded=demanded, since=before.since)
            await recording_rules.keep(conn, queue, rule, actor.id)
            if as_all and before is not None:
                await _wait_for_all(conn, now, actor.id)
            said = "as all" if rule is None else f"{days or 'for good'}{', demanded' if demanded else ''}"
            was = "as all" if before is None else f"{before.keep_days or 'for good'}"
            await sessions.note(conn, now, actor.id, "recording-rule", f"queue:{queue or 'all'}", f"{said}, was {was}")

    async def run(self) -> None:
        """Delete whose time is over, until cancelled."""
        while True:
            try:
                await self.expire()
            except StorageError as error:
                log.warning("old recordings are deleted later", reason=str(error))
            await asyncio.sleep(EVERY_S)

    async def expire(self) -> int:
        """Mark all whose time is over now; how many."""
        gone = 0
        async with self._db.read() as conn:
            rules = await recording_rules.every(conn)
        while any(one.keep_days is not None for one in rules.values()):
            async with self._db.write() as conn:
                rules = await recording_rules.every(conn)  # one may have been changed meanwhile
                some = await recording_rules.expire(conn, rules, self._clock())
            gone += some
            if not some:
                break
            self._gone()
            await asyncio.sleep(PAUSE_S)
        if gone:
            log.info("recordings deleted: their time was over", count=gone)
        return gone


async def _wait_for_all(conn: Connection, now: float, user_id: int) -> None:
    """A queue is kept as all are from now on: the rule of all waits too, so that this can be taken back."""
    rule = (await recording_rules.every(conn)).get("")
    if rule is not None:
        later = Rule(keep_days=rule.keep_days, demanded=rule.demanded, since=now + GRACE_S)
        await recording_rules.keep(conn, "", later, user_id)


def _bounded(queue: str, days: int | None) -> None:
    if len(queue) > 80 or (days is not None and not 1 <= days <= MOST_DAYS):
        raise Refused("bad-keep-days", "Give whole days from 1 to 36 500, or nothing to keep them for good.")
