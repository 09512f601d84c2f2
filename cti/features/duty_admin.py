"""What supervisors and admins do about states: correct the journal, offer reasons, set queues' wrap-up times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cti.access import Person, may
from cti.directory import DeviceFinder
from cti.errors import NotAllowed, Refused
from cti.storage import duty as stored
from cti.storage.database import Database
from cti.storage.duty import Reason
from cti.telephony.duty import OWN_REASONS, State

MOST_REASONS = 50
LONGEST_WRAP_UP_S = 3600


class DutyAdmin:
    """changed: told when queues are set otherwise."""

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        clock: Callable[[], float],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = db
        self._directory = directory
        self._clock = clock
        self._changed = changed

    async def correct(self, actor: Person, state_id: int, state: State, reason: str, why: str) -> None:
        """Say what a line of the journal really was; the line itself stays. Raises Refused, NotAllowed."""
        if not why.strip():
            raise Refused("why-needed", "Say why you correct this.")
        async with self._db.write() as conn:
            owner = await stored.owner_of(conn, state_id)
            if owner is None:
                raise Refused("unknown", "There is no such line.")
            row = self._directory.chosen_of(owner)
            if not may(actor, "agents.manage", owner_id=None, owner_team_id=row.team_id if row else None):
                raise NotAllowed("Your role may not correct the journal of states.")
            await stored.correct(
                conn, state_id, state=state, reason=reason, why=why.strip(), at=self._clock(), user_id=actor.id
            )

    async def keep_reasons(self, actor: Person, wanted: list[Reason]) -> None:
        """The reasons people may give, in this order. Raises Refused, NotAllowed."""
        _may_set(actor)
        names = [one.name.casefold() for one in wanted]
        if not all(names) or len(set(names)) < len(names):
            raise Refused("bad-reasons", "Each reason needs a name of its own.")
        if {name.upper() for name in names} & set(OWN_REASONS):
            raise Refused("own-reason", "DEVICE, MISSED, LAGGED, WRAPUP and PHONE are the server's own reasons.")
        if len(wanted) > MOST_REASONS:
            raise Refused("bad-reasons", "These are too many reasons to choose from.")
        async with self._db.write() as conn:
            await stored.keep_reasons(conn, wanted, self._clock())

    async def set_queue(self, actor: Person, queue: str, seconds: int | None, *, required: bool) -> None:
        """A queue's own time after calls (None: the installation's), and whether its calls need a result."""
        _may_set(actor)
        if seconds is not None and not 0 <= seconds <= LONGEST_WRAP_UP_S:
            raise Refused("bad-wrap-up", "Give seconds from 0 to 3600.")
        async with self._db.write() as conn:
            await stored.set_queue(conn, queue[:80], seconds, required=required)
        await self._changed()


def _may_set(actor: Person) -> None:
    if not may(actor, "settings.manage"):
        raise NotAllowed("Your role may not change settings.")
