"""What the desk does with a call, as an admin sets it: when a card comes and what it does, by queue; what page of
another system comes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cti.access import Person, may
from cti.clients.outside_page import OutsidePage
from cti.clients.pop_rules import PopRule
from cti.errors import NotAllowed, Refused
from cti.storage import desk_settings as stored
from cti.storage import sessions
from cti.storage.database import Database

USUAL = PopRule()


class DeskSettings:
    """Read once, kept in memory: the way from a ring to a card pays for none of it."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock
        self._rules: Mapping[str, PopRule] = {}
        self.outside: OutsidePage | None = None

    async def start(self) -> None:
        """Read it."""
        async with self._db.read() as conn:
            self._rules = await stored.rules(conn)
            self.outside = await stored.outside(conn)

    def rule(self, queue: str | None) -> PopRule:
        """That of a queue; of calls without one for None."""
        return self._rules.get(queue or "", USUAL)

    async def keep_rule(self, actor: Person, queue: str, rule: PopRule) -> None:
        """What cards of a queue do from the next call on, "" of calls without one. Raises Refused, NotAllowed."""
        _may_set(actor)
        if not rule.sound:
            raise Refused("bad-rule", "Choose from the lists.")
        async with self._db.write() as conn:
            await stored.keep_rule(conn, queue[:80], None if rule == USUAL else rule)
        await self.start()

    async def keep_outside(self, actor: Person, page: OutsidePage | None) -> None:
        """The page that is opened with a card, None for none. Raises Refused, NotAllowed."""
        _may_set(actor)
        if page is not None and (fault := page.fault()):
            raise Refused(fault, "This address may not be opened.")
        async with self._db.write() as conn:
            await stored.keep_outside(conn, page)
            told = f"{page.opens} {page.template}" if page else ""
            await sessions.note(conn, self._clock(), actor.id, "outside-page", "settings", told)
        await self.start()


def _may_set(actor: Person) -> None:
    if not may(actor, "settings.manage"):
        raise NotAllowed("Your role may not change settings.")
