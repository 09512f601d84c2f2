"""The server's own absences: noticed, looked up in the PBX's logs, else stated.

While the link to a PBX is up that is written down now and then; a longer silence between two such notes is a time that
nobody watched, be it that the server was down or the link. When it is over for SETTLE_S, so that the PBX has written
its logs, the sources of the settings are read for that time alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from cti.errors import CtiError
from cti.storage import absences
from cti.storage.database import Database

EVERY_S = 10.0
GAP_S = 45.0  # less is a link that came back at once: its snapshot tells what happened
SETTLE_S = 60.0

log = structlog.get_logger()


class Absences:
    """up: names of the PBXes that are watched now. fill: reads a PBX's logs of a time; calls found, None: has none."""

    def __init__(
        self, *, db: Database, up: Callable[[], Sequence[str]], clock: Callable[[], float],
        fill: Callable[[str, float, float], Awaitable[int | None]], settle_s: float = SETTLE_S,
    ) -> None:  # fmt: skip
        self._db = db
        self._up = up
        self._fill = fill
        self._clock = clock
        self._settle_s = settle_s

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
            todo = await absences.opened(conn, now - self._settle_s)
        for one in todo:
            found = await self._found(one)
            async with self._db.write() as conn:
                await absences.become(conn, one.id, "missing" if found is None else "filled", found or 0)

    async def _found(self, one: absences.Absence) -> int | None:
        try:
            return await self._fill(one.pbx, one.since, one.until)
        except CtiError as error:
            log.warning("the PBX's logs of an absence cannot be read", pbx=one.pbx, reason=str(error))
            return None
