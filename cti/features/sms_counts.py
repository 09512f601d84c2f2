"""How many SMS wait for each person, told to his browsers whenever it changes, twice a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from cti.access import may
from cti.desktop import AgentDesktop, WorkView
from cti.errors import StorageError
from cti.storage import sms_reading, users
from cti.storage.database import Database
from cti.storage.sms_receipts import Change

TICK_S = 0.5
NAMED = 50  # clients that one word to browsers names

log = structlog.get_logger()


class SmsCounts:
    """online: ids of people who have a page open."""

    def __init__(self, *, db: Database, desktop: AgentDesktop, online: Callable[[], tuple[int, ...]]) -> None:
        self._db = db
        self._desktop = desktop
        self._online = online
        self._mark = 0
        self._whose: set[str] = set()
        self._said = "0:"
        self._stale = asyncio.Event()
        self._views: dict[int, WorkView] = {}

    def of(self, user_id: int) -> WorkView:
        """How much one person has to read."""
        return self._views.get(user_id, WorkView(mark=self._said))

    def changed(self, *clients: int | None) -> None:
        """Something came, was read, sent or decided; of these clients, None: of somebody without a card."""
        self._whose.update(str(one or "*") for one in clients or (None,))
        self._stale.set()

    def moved(self, changes: Sequence[Change]) -> None:
        """Messages are in another state; those of campaigns have pages of their own."""
        if some := [one.client_id for one in changes if one.campaign_id is None]:
            self.changed(*some)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._tell()
            except StorageError as error:
                self._stale.set()
                log.warning("SMS cannot be counted now", reason=str(error))
            await asyncio.sleep(TICK_S)

    async def _tell(self) -> None:
        people = self._online()
        if not people or not (self._stale.is_set() or any(one not in self._views for one in people)):
            return
        self._stale.clear()
        if self._whose:
            self._mark += 1
            self._said, self._whose = f"{self._mark}:{','.join(sorted(self._whose)[:NAMED])}", set()
        mark = self._said
        async with self._db.read() as conn:
            waits = await sms_reading.unread(conn)
            persons = {one.id: one.person for one in await users.every(conn)}
        here = [one for one in people if one in persons and may(persons[one], "sms")]
        before = self._views
        self._views = {one: WorkView(count=waits.get(one, 0) + waits.get(None, 0), mark=mark) for one in here}
        self._views |= {one: WorkView() for one in people if one not in self._views}
        for user_id in here:
            if before.get(user_id) != self._views[user_id]:
                await self._desktop.sms(user_id, self._views[user_id])
