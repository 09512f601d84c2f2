"""Whose card comes to whom on recorded calls: rings, transfers, pick-ups, conversations that were found going on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti.features.screen_pop import ScreenPops
from cti.storage.database import open_database
from cti.storage.spool import Spool
from cti.telephony.events import CallCleared, CallMerged, Delivered, Established
from cti.telephony.numbering import NumberPlan
from cti.telephony.tracker import Tracker
from tests.features.cast import ANNA, BORIS, CLARA, Cast, Screens
from tests.telephony.streams import Stream, load, own

CLIENT = "+79355550101"
FROM_CLIENT, FROM_CLARA = ("unknown", CLIENT), ("colleague", "103")


class Office:
    """The real tracker and the real feature over a database with nobody in it."""

    def __init__(self, pops: ScreenPops, tracker: Tracker, screens: Screens) -> None:
        self._pops, self._tracker, self._screens = pops, tracker, screens

    async def hears(self, stream: Stream) -> None:
        for headers in stream:
            for event in self._tracker.feed(headers, None):
                if isinstance(event, Delivered):
                    await self._pops.delivered(event, 1.0)
                elif isinstance(event, Established):
                    await self._pops.established(event, 1.0)
                elif isinstance(event, CallMerged):
                    await self._pops.call_merged(event, 1.0)
                elif isinstance(event, CallCleared):
                    await self._pops.call_cleared(event, 1.0)

    def cards(self) -> list[tuple[int, tuple[str, str | None]]]:
        return [(agent, (pop.kind, pop.call.number)) for agent, pop in self._screens.pops]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    db = await open_database(f"sqlite+aiosqlite:///{tmp_path / 'trubka.db'}")
    spool, screens, tracker = Spool(db), Screens(), Tracker()
    writer = asyncio.create_task(spool.run())
    pops = ScreenPops(
        db=db,
        spool=spool,
        desktop=screens,
        directory=Cast(),
        plan_of=lambda _call: NumberPlan(),
        record_of=tracker.record,
        clock=lambda: 1.0,
    )
    yield Office(pops, tracker, screens)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()


@pytest.mark.parametrize(
    ("name", "cards"),
    [
        ("simple", [(CLARA, FROM_CLIENT)]),
        ("queue", [(ANNA, FROM_CLIENT), (BORIS, FROM_CLIENT)]),
        ("internal", [(BORIS, ("colleague", "101"))]),
        ("outbound", []),
        ("click", []),
        ("blind", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("attended", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLARA), (ANNA, FROM_CLIENT)]),
        ("blonde", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLARA), (ANNA, FROM_CLIENT)]),
        ("pickup", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("park", [(CLARA, FROM_CLIENT), (ANNA, FROM_CLIENT)]),
        ("redirect", [(ANNA, FROM_CLIENT), (BORIS, FROM_CLIENT), (CLARA, FROM_CLIENT)]),
    ],
)
async def test_each_agent_gets_the_card_of_whom_he_is_with(
    office: Office, name: str, cards: list[tuple[int, tuple[str, str]]]
) -> None:
    await office.hears(load(own()[name]))
    assert office.cards() == cards


async def test_a_ring_that_nobody_saw_brings_the_card_when_they_talk(office: Office) -> None:
    stream = load(own()["simple"])
    ring = next(i for i, headers in enumerate(stream) if headers["Event"] == "DialBegin")
    await office.hears([headers for i, headers in enumerate(stream) if i != ring and headers["Event"] != "DialState"])
    assert office.cards()[-1:] == [(CLARA, FROM_CLIENT)]
