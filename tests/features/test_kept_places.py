"""Places kept in queues: whose turn it is, who is not called now or at all, how often; with a PBX that only notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from cti.channels.base import Answer, Health, Switchboard
from cti.features.kept_places import AGAIN_S, KeptPlaces
from cti.lines import Line
from cti.settings import DialSettings, PbxSettings
from cti.storage.spool import Spool
from cti.telephony.commands import CallBack, Command
from cti.telephony.events import CallBackAsked, CallRecord, Party, Queued, Wait
from cti.telephony.numbering import NumberPlan
from tests.made import new_database

NOON, NIGHT = 1_795_770_000.0, 1_795_806_000.0  # 12:00 and 22:00 in Moscow
ONE, TWO = "79355550101", "79355550102"


@dataclass
class Pbx:
    """Takes every call-back it is asked for."""

    has_context: bool = True
    state: Any = "up"
    asked: list[CallBack] = field(default_factory=list)

    def health(self) -> Health:
        return Health(state=self.state, since=0.0)

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> Answer:
        if isinstance(command, CallBack):
            self.asked.append(command)
        rows: tuple[dict[str, Any], ...] = ({"Application": "Queue"},) if self.has_context else ()
        return cast(Answer, SimpleNamespace(ok=True, message="", headers={}, items=rows))


class House:
    def __init__(self, db: Any) -> None:
        self.db, self.now, self.pbx, self.agents = db, NOON, Pbx(), 1
        self.calls: dict[str, CallRecord] = {}
        self.spool = Spool(db)
        line = Line(pbx=cast(Switchboard, self.pbx), settings=PbxSettings(), plan=NumberPlan(), device="")
        self.kept = KeptPlaces(
            db=db,
            spool=self.spool,
            line_of=lambda _call: line,
            prefix_of=lambda _call: "",
            calls=lambda: list(self.calls.values()),
            free=lambda _queue, _prefix: self.agents,
            plan_of=lambda _call: NumberPlan(),
            dial=DialSettings(),
            zone=ZoneInfo("Europe/Moscow"),
            changed=lambda: None,
            clock=lambda: self.now,
        )

    def call(self, id_: str, number: str | None, joined: float | None = None) -> None:
        """A call that goes on; it waits in the queue where it has joined."""
        waits = (Wait(queue="sales", joined=joined),) if joined is not None else ()
        self.calls[id_] = CallRecord(
            call=id_, direction="inbound", caller=Party(number=number), called=None, waits=waits
        )

    async def ask(self, call: str, number: str | None, joined: float | None = None) -> None:
        """He asks in a call that ends then."""
        self.call(call, number)
        await self.kept.asked(CallBackAsked(call=call, queue="sales", joined=joined), self.now)
        await self.spool.flush(5.0)
        del self.calls[call]

    async def called(self) -> list[str]:
        """Who was called since the last look."""
        before = len(self.pbx.asked)
        await self.kept.look()
        return [one.number for one in self.pbx.asked[before:]]

    async def rows(self, what: str) -> list[Any]:
        async with self.db.read() as conn:
            return [tuple(row) for row in await conn.execute(text(what))]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    db = await new_database(tmp_path)
    one = House(db)
    writer = asyncio.create_task(one.spool.run())
    yield one
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()


async def test_each_is_called_in_his_turn_and_only_for_an_agent_who_is_free(house: House) -> None:
    await house.ask("c1", ONE, joined=NOON - 100)
    await house.ask("c2", TWO, joined=NOON - 200)
    house.call("early", "79355550103", joined=NOON - 150)
    house.agents = 0
    assert await house.called() == []
    house.agents = 2
    assert await house.called() == [TWO], "somebody came before the other and waits still"
    assert (house.kept.place_of("2"), house.kept.place_of("1")) == (1, 3)
    house.call("late", "79355550104", joined=NOON - 50)
    del house.calls["early"]
    assert await house.called() == [ONE]
    command = house.pbx.asked[-1]
    assert (command.queue, command.context) == ("sales", "from-internal")
    assert await house.called() == []


async def test_two_requests_of_one_are_one_and_hidden_ones_none(house: House) -> None:
    for call in ("c1", "c1", "c2"):
        await house.ask(call, ONE, joined=NOON - 10)
    await house.ask("c3", None)
    assert await house.rows("SELECT call_id, joined_at FROM kept_places") == [("c1", NOON - 10)]
    assert await house.called() == [ONE]


async def test_who_does_not_pick_up_is_called_twice_more_and_stays_on_the_list(house: House) -> None:
    await house.ask("c1", ONE)
    for pause in AGAIN_S:
        assert await house.called() == [ONE]
        house.now += 10.0
        assert await house.called() == [], "the try is over"
        house.now += pause - 1
        assert await house.called() == []
        house.now += 2
    assert await house.called() == [ONE]
    house.now += 10.0
    await house.kept.look()
    house.now += 5000.0
    assert await house.called() == []
    assert await house.rows("SELECT tries, given_up_at IS NOT NULL FROM kept_places") == [(3, 1)]
    assert await house.rows("SELECT closed_at FROM callback_orders") == [(None,)], "agents call by hand"


async def test_nobody_is_called_at_night_in_a_call_past_the_guard_or_without_the_context(house: House) -> None:
    house.now = NIGHT
    await house.ask("c1", ONE)
    assert await house.called() == []
    house.now = NIGHT + 11.5 * 3600
    house.call("now", ONE)
    assert await house.called() == [], "he is in a call"
    del house.calls["now"]
    house.pbx.state = "down"
    assert await house.called() == []
    house.pbx.state, house.pbx.has_context = "up", False
    assert await house.called() == []
    house.now += 61
    house.pbx.has_context = True
    assert await house.called() == [ONE]
    house.agents = 2
    await house.ask("c2", "78090550102")
    assert await house.called() == [], "the toll guard"
    assert await house.rows("SELECT given_up_at IS NOT NULL FROM kept_places WHERE call_id = 'c2'") == [(1,)]


async def test_his_own_coming_back_ends_it_and_so_does_a_talk(house: House) -> None:
    house.agents = 0
    await house.ask("c1", ONE)
    await house.called()
    house.call("again", ONE, joined=house.now)
    await house.kept.queued(Queued(call="again", leg="x", queue="sales"), house.now)
    await house.spool.flush(5.0)
    house.calls.clear()
    house.agents = 1
    assert await house.called() == []
    assert await house.rows("SELECT why FROM callback_orders") == [("queue",)]
    await house.ask("c2", ONE)
    assert await house.called() == [ONE], "a new wish is a new place"
