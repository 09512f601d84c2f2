"""What came of a conversation: said by whoever had it, from the list of its queue; required where a queue wants it so.

Work after a call whose queue wants a result does not end before it is said (agent_duty holds it until then).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from cti.access import Person, may
from cti.clients.properties import COLORS
from cti.errors import NotAllowed, Refused
from cti.storage import calls
from cti.storage import dispositions as stored
from cti.storage.database import Database
from cti.storage.dispositions import Disposition

MOST = 60
NEXT_STEPS = ("", "callback", "task")


class CallResults:
    """released: told whose call has its result; changed: told when lists or queues are set otherwise."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Callable[[], float],
        released: Callable[[int, str], Awaitable[None]],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = db
        self._clock = clock
        self._released = released
        self._changed = changed

    async def say(self, person: Person, call_id: str, disposition_id: int | None) -> None:
        """What came of the person's call; None takes it back. Raises Refused, NotAllowed."""
        async with self._db.write() as conn:
            if not await calls.takes_part(conn, call_id, person.id):
                raise NotAllowed("Only people who had this call may say what came of it.")
            known = {one.id: one for one in await stored.every(conn)}
            if disposition_id is not None and disposition_id not in known:
                raise Refused("bad-result", "This result is no longer offered.")
            await stored.say(conn, call_id, person.id, known.get(disposition_id or 0), self._clock())
        if disposition_id is not None:
            await self._released(person.id, call_id)

    async def keep(self, actor: Person, queue: str, wanted: Sequence[Disposition]) -> None:
        """The list of a queue, "" of all. Raises Refused, NotAllowed."""
        if not may(actor, "settings.manage"):
            raise NotAllowed("Your role may not change settings.")
        names = [one.name.casefold() for one in wanted]
        if not all(names) or len(set(names)) < len(names) or len(names) > MOST:
            raise Refused("bad-results", "Each result needs a name of its own, and there may be 60 of them.")
        if any(one.color not in ("", *COLORS) or one.next_step not in NEXT_STEPS for one in wanted):
            raise Refused("bad-results", "Each result needs a name of its own, and there may be 60 of them.")
        async with self._db.write() as conn:
            await stored.keep(conn, queue[:80], wanted, self._clock())
        await self._changed()
