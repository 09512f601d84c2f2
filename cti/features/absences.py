"""The server's own absences: noticed, looked up in the PBX's logs, else stated.

While the link to a PBX is up that is written down now and then; a longer silence between two such notes is a time that
nobody watched, be it that the server was down or the link. When it is over for SETTLE_S, so that the PBX has written
its logs, they are read for that time alone. Logs that are away are tried again for LATELY_S, less and less often.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from cti.errors import CtiError
from cti.storage import absences
from cti.storage.database import Database

EVERY_S = 5.0
GAP_S = 45.0  # less is a link that came back at once: its snapshot tells what happened
SETTLE_S = 60.0
AGAIN_S, AGAIN_MOST_S = 60.0, 3600.0  # after the first try in vain, and the longest between two
LATELY_S = 7 * 86_400.0  # so long after their end they are looked up

log = structlog.get_logger()


class Absences:
    """up: names of the PBXes that are watched now. settle_s: by PBX.

    fill: reads a PBX's logs of a time; calls found, None: none is named, CtiError: they are away.
    """

    def __init__(
        self, *, db: Database, up: Callable[[], Sequence[str]], clock: Callable[[], float],
        fill: Callable[[str, float, float], Awaitable[int | None]], settle_s: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self._db = db
        self._up = up
        self._fill = fill
        self._clock = clock
        self._settle_s = settle_s or {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except CtiError as error:
                log.warning("absences are looked up later", reason=str(error))
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Note who is watched now, and read the logs of what was not."""
        now = self._clock()
        names = self._up()
        if names:
            async with self._db.write() as conn:
                for name in names:
                    await absences.watched(conn, name, now, GAP_S)
        async with self._db.read() as conn:
            todo = await absences.opened(conn, now)
        for one in todo:
            if one.until < now - self._settle_s.get(one.pbx, SETTLE_S):
                await self._look_up(one, now)

    async def reopen(self, pbxes: Sequence[str]) -> None:
        """Logs of these are named: what was missing of late is looked up."""
        async with self._db.write() as conn:
            for pbx in pbxes:
                await absences.reopen(conn, pbx, self._clock() - LATELY_S)

    async def _look_up(self, one: absences.Absence, now: float) -> None:
        try:
            found = await self._fill(one.pbx, one.since, one.until)
        except CtiError as error:
            log.warning("the PBX's logs of an absence cannot be read", pbx=one.pbx, reason=str(error), tries=one.tries)
            if now - one.until < LATELY_S:
                async with self._db.write() as conn:
                    again_s = min(AGAIN_S * 2 ** min(one.tries, 10), AGAIN_MOST_S)
                    await absences.later(conn, one.id, one.tries + 1, now + again_s)
                return
            found = None
        async with self._db.write() as conn:
            await absences.become(conn, one.id, "missing" if found is None else "filled", found or 0)
