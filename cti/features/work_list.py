"""The work list: one queue of what is to be done, told to its people as it changes, and what they say of its items.

Rules kept here: what is open is read from the journal, the orders and the tasks, never kept beside them; a talk with
the client, whoever has it, closes an item by itself. Who takes an item has it for half an hour: nobody else calls the
same client meanwhile, unless he takes it over knowingly. Where the list of a person changes he is told at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import structlog

from cti.access import Person, scope
from cti.clients.filters import day_begins
from cti.clients.work import TAKEN_S, Work, Worker, is_of, placed, waiting
from cti.desktop import AgentDesktop, WorkView
from cti.errors import Refused, StorageError
from cti.storage import callbacks, missed, work
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.storage.spool import Spool

TICK_S = 1.0
REST = 9  # times as long as they took, no lists are gathered: 300 panels take a tenth of a processor, not a quarter
QUIET_S = 15.0  # so often the lists are gathered where nothing was heard of a change
AT_ONCE = 20  # people whose lists are made before other work has its turn
WHY_CHARS = 200
LATER_MIN = range(1, 7 * 24 * 60 + 1)
Act = Literal["take", "take-over", "free", "later", "close"]

log = structlog.get_logger()


class WorkList:
    """online: ids of people who have a page open."""

    def __init__(
        self,
        *,
        db: Database,
        spool: Spool,
        desktop: AgentDesktop,
        online: Callable[[], tuple[int, ...]],
        zone: ZoneInfo,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._spool = spool
        self._desktop = desktop
        self._online = online
        self._zone = zone
        self._clock = clock
        self._changed = True
        self._moved = True  # a call came about or ended
        self._gathered_at = 0.0
        self._views: dict[int, WorkView] = {}

    def of(self, user_id: int) -> WorkView:
        """How much one person has to do."""
        return self._views.get(user_id, WorkView())

    def tomorrow(self) -> float:
        """When the day after today begins here."""
        today = datetime.fromtimestamp(self._clock(), self._zone).date().isoformat()
        return day_begins(today, self._zone, days=1)

    def changed(self) -> None:
        """Something of the lists is otherwise now."""
        self._changed = True

    async def call_moved(self, _event: object, _received_at: float) -> None:
        """A call was answered or is over."""
        self._moved = self._changed = True

    async def run(self) -> None:
        """Tell people of their lists until cancelled."""
        time = asyncio.get_running_loop().time
        while True:
            began = time()
            if self._moved:
                self._moved = False
                await self._spool.put(callbacks.close_called_back)
            now, people = self._clock(), self._online()
            stale = self._changed or now - self._gathered_at >= QUIET_S or any(one not in self._views for one in people)
            if stale and people:
                self._changed, self._gathered_at = False, now
                try:
                    await self._tell(people, now)
                except StorageError as error:
                    self._changed = True
                    log.warning("work lists cannot be read now", reason=str(error))
            await asyncio.sleep(min(max(TICK_S, REST * (time() - began)), QUIET_S))

    async def _tell(self, people: tuple[int, ...], now: float) -> None:
        async with self._db.read() as conn:
            works = await work.gathered(conn, now=now, until=self.tomorrow())
            workers = await work.workers(conn, list(people))
        views: dict[int, WorkView] = {}
        for place, one in enumerate(workers):
            views[one.id] = _view(works, one, now)
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        before, self._views = self._views, views
        for user_id, view in self._views.items():
            if before.get(user_id) != view:
                await self._desktop.work(user_id, view)

    async def act(self, person: Person, kind: str, id_: str, act: Act, *, minutes: int = 0, why: str = "") -> None:
        """What a person says of a missed client or an order. Raises Refused.

        take: he calls back; take-over: though a colleague has it; free: he does not after all; later: in so many
        minutes; close: nobody need, and why.
        """
        now, why = self._clock(), " ".join(why.split())[:WHY_CHARS]
        if act == "later" and minutes not in LATER_MIN:
            raise Refused("bad-delay", "Put it off for a minute to a week.")
        if act == "close" and not why:
            raise Refused("why-close", "Say why nobody need call back.")
        said = _said(person, act, now, minutes, why)
        async with self._db.write() as conn:
            who = await work.worker(conn, person.id) if scope(person, "calls.read") != "all" else None
            taken = await self._found(conn, kind, id_, who, now)
            if taken is not None and taken[0] != person.id and act != "take-over":
                raise Refused("work-taken", f"{taken[1]} has taken it already.")
            if kind == "order":
                await work.mark_order(conn, int(id_), **said)
            else:
                await missed.mark(conn, id_, now, **said)
        self.changed()

    async def _found(
        self, conn: Connection, kind: str, id_: str, who: Worker | None, now: float
    ) -> tuple[int, str] | None:
        """Who has the item, if somebody. Raises Refused where there is no such item (any more)."""
        if kind == "order":
            row: Any = await work.order(conn, int(id_), who) if id_.isascii() and id_.isdigit() else None
            if row is not None:
                return (row.taken_by, row.taker) if row.taken_by and (row.taken_until or 0.0) > now else None
        else:
            lost = await missed.concerns(conn, id_, who.id if who else None)
            if lost is not None and not await missed.is_done(conn, lost):
                return await missed.taker(conn, lost, now)
        raise Refused("no-work", "Somebody has done it already.")


def _said(person: Person, act: Act, now: float, minutes: int, why: str) -> dict[str, Any]:
    nothing = {"taken_by": None, "taken_until": None, "later_until": None}
    if act in ("take", "take-over"):
        return nothing | {"taken_by": person.id, "taken_until": now + TAKEN_S}
    if act == "later":
        until = now + minutes * 60
        return {"taken_by": person.id, "taken_until": until + TAKEN_S, "later_until": until}
    if act == "close":
        return nothing | {"closed_at": now, "closed_by": person.id, "why": why}
    return nothing


def _view(works: list[Work], who: Worker, now: float) -> WorkView:
    mine = placed((one for one in works if is_of(one, who)), who.id, now)
    mark = hash(tuple((one.work.kind, one.work.id, one.level, one.work.taken_by_id) for one in mine))
    return WorkView(count=waiting(mine), mark=f"{mark & 0xFFFFFFFF:08x}")
