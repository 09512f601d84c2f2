"""The real tracker and the real features of the desk over a database with nobody in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cti.clients.pop_rules import PopRule
from cti.features.hand_over import HandOvers
from cti.features.live_calls import Dialled, LiveCalls
from cti.features.screen_pop import ScreenPops
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony import events as ev
from cti.telephony.numbering import NumberPlan
from cti.telephony.tracker import Tracker
from tests.features.cast import Cast, Screens
from tests.made import new_database
from tests.telephony.streams import Stream


class Office:
    """Hears a stream; remembers what the screens were told."""

    def __init__(self, db: Database, spool: Spool) -> None:
        self.db, self.screens, tracker = db, Screens(), Tracker()
        self.tracker = tracker

        def plan(_call: str) -> NumberPlan:
            return NumberPlan()

        async def dialled(_request: str) -> Dialled | None:
            return None

        cast = Cast()
        views_kept: list[Callable[[str, int], str]] = []
        self.handed = handed = HandOvers(
            db=db, directory=cast, record_of=tracker.record, calls_at=tracker.calls_at, plan_of=plan
        )
        self.views = views = LiveCalls(
            desktop=self.screens,
            directory=cast,
            plan_of=plan,
            dialled=dialled,
            record_of=tracker.record,
            handed=handed.of,
            taker=handed.taker,
            dropped=handed.dropped,
            asking=handed.asking,
            kept_back=lambda call, user: views_kept[0](call, user),
        )
        handed.told = views.handed_over
        self.rule = PopRule()
        self.pops = pops = ScreenPops(
            db=db,
            spool=spool,
            desktop=self.screens,
            directory=cast,
            plan_of=plan,
            record_of=tracker.record,
            clock=lambda: 1.0,
            handed=handed.of,
            rule=lambda _queue: self.rule,
        )
        views_kept.append(pops.kept_back)
        self._table: dict[type, tuple[Any, ...]] = {
            ev.Originated: (views.originated,),
            ev.Delivered: (handed.delivered, pops.delivered, views.delivered, handed.remembered),
            ev.Established: (pops.established, views.established),
            ev.Conferenced: (views.conferenced,),
            ev.Held: (handed.held, views.held),
            ev.Retrieved: (handed.retrieved, views.retrieved),
            ev.Transferred: (handed.transferred, handed.remembered),
            ev.ConnectionCleared: (handed.connection_cleared, views.connection_cleared),
            ev.CallMerged: (handed.call_merged, pops.call_merged, views.call_merged),
            ev.CallCleared: (handed.call_cleared, pops.call_cleared, views.call_cleared, handed.forget),
        }

    async def hears(self, stream: Stream | Iterable[Any]) -> None:
        for headers in stream:
            for event in self.tracker.feed(headers, None):
                for reaction in self._table.get(type(event), ()):
                    await reaction(event, 1.0)

    def cards(self) -> list[tuple[int, tuple[str, str | None]]]:
        """Whom the screens were shown, in order: the agent; the card's kind and number."""
        return [(agent, (pop.kind, pop.call.number)) for agent, pop in self.screens.pops]


@asynccontextmanager
async def office_in(folder: Path) -> AsyncIterator[Office]:
    """An office with a database of its own."""
    db = await new_database(folder)
    spool = Spool(db)
    writer = asyncio.create_task(spool.run())
    yield Office(db, spool)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()
