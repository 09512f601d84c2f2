"""What supervisors and admins do about states: correct the journal, offer reasons, set queues' wrap-up times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from cti.access import Person, may
from cti.directory import DeviceFinder
from cti.errors import NotAllowed, Refused
from cti.reports.pause_budgets import MOST_MINUTES, in_force
from cti.reports.queue_sums import Thresholds
from cti.storage import duty as stored
from cti.storage import pause_budgets, sessions, thresholds
from cti.storage.database import Database
from cti.storage.duty import Reason
from cti.telephony.duty import OWN_REASONS, State

MOST_REASONS = 50
LONGEST_WRAP_UP_S = 3600
LONGEST_ANSWER_S, LONGEST_SHORT_S = 3600, 600


class DutyAdmin:
    """changed: told when queues are set otherwise. zone: where the house's days begin."""

    def __init__(
        self,
        *,
        db: Database,
        directory: DeviceFinder,
        zone: ZoneInfo,
        clock: Callable[[], float],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._db = db
        self._directory = directory
        self._zone = zone
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

    async def set_thresholds(self, actor: Person, queue: str, said: Thresholds | None) -> float:
        """Within how many seconds a queue is to be answered, from the next quarter of an hour on; when that begins.

        queue "": all that have none of their own; said None: as all queues. Raises Refused, NotAllowed.
        """
        _may_set(actor)
        if said is not None and not (
            1 <= said.answer_within_s <= LONGEST_ANSWER_S and 0 <= said.short_s <= LONGEST_SHORT_S
        ):
            raise Refused("bad-thresholds", "Give whole seconds: 1 to 3600 to answer, 0 to 600 for hung up at once.")
        async with self._db.write() as conn:
            return await thresholds.keep(conn, queue[:80], said, self._clock(), actor.id)

    async def set_budgets(self, actor: Person, wanted: Mapping[str, int | None]) -> None:
        """Minutes of a day that a person may be paused, by reason, from today on; None: no budget.

        Days before keep what held then. Raises Refused, NotAllowed.
        """
        if not may(actor, "pauses.write"):
            raise NotAllowed("Your role may not set budgets of pauses.")
        if not all(minutes is None or 0 <= minutes <= MOST_MINUTES for minutes in wanted.values()):
            raise Refused("bad-budget", "Give whole minutes of a day: 0 to 1440, or nothing for no budget.")
        now = self._clock()
        day = datetime.fromtimestamp(now, self._zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        async with self._db.write() as conn:
            known = {one.name for one in await stored.reasons(conn)}
            if not wanted.keys() <= known:
                raise Refused("no-reason", "There is no such reason any more.")
            budgets = await pause_budgets.history(conn)
            for reason, minutes in wanted.items():
                was = in_force(budgets, reason, day)
                if minutes != was:
                    await pause_budgets.keep(conn, reason, minutes, since=day, now=now, user_id=actor.id)
                    await sessions.note(conn, now, actor.id, "pause-budget", f"reason:{reason}", f"{was} -> {minutes}")


def _may_set(actor: Person) -> None:
    if not may(actor, "settings.manage"):
        raise NotAllowed("Your role may not change settings.")
