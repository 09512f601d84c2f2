"""What the figures are to be: said by who may, from the next quarter of an hour on, and never of what was before.

Every change is one line of the audit journal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.reports import kpi
from cti.reports.kpi import Definition
from cti.reports.targets import NEITHER
from cti.storage import sessions, targets
from cti.storage.database import Database

LONGEST_S = 86_400
ALL: tuple[Definition[Any], ...] = (*kpi.QUEUES, *kpi.AGENTS, kpi.FIRST_CALL)
UNITS = {one.key: one.unit for one in ALL if one.key not in NEITHER}


class FigureTargets:
    """clock: UNIX seconds."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def say(self, actor: Person, figure: str, whose: str, value: float | None) -> float:
        """A share of one or seconds, None for no target of its own; from when it holds. Raises Refused, NotAllowed."""
        if not may(actor, "figures.targets"):
            raise NotAllowed("Your role may not set targets.")
        most = {"share": 1.0, "seconds": float(LONGEST_S)}.get(UNITS.get(figure, ""), -1.0)
        if value is not None and not 0 <= value <= most:
            raise Refused("bad-target", "Give a share from 0 to 100 %, or whole seconds to 86400.")
        if most < 0:
            raise Refused("bad-target", "This figure has no target.")
        async with self._db.write() as conn:
            await sessions.note(conn, self._clock(), actor.id, "figure-target", f"{figure} {whose[:80]}", str(value))
            return await targets.keep(conn, figure, whose[:80], value, self._clock(), actor.id)
