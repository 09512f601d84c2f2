"""Test calls: what is said of each outcome. The line is a fake that tells what a test tells it; all else is real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from cti.access import Person
from cti.channels.base import Placed
from cti.desktop import PopCall, ScreenPop
from cti.errors import ChannelError, NotAllowed, Refused
from cti.features.test_calls import Setup, TestCalls
from cti.storage import desktop_events, test_calls
from cti.storage.database import Database
from cti.storage.desktop_events import NewEvent
from cti.storage.tables import users
from cti.telephony.numbering import NumberPlan
from tests.made import new_database
from tests.storage.conftest import ANNA, BORIS, add_cast

PAVEL = Person(id=ANNA, login="pavel", name="Pavel", role="admin")


class Line:
    """Places calls as a test wants. happens: what the agent's side does once the first packet has left."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.refusal: ChannelError | None = None
        self.numbers: list[str] = []
        self.ended: list[Placed] = []
        self.happens: Callable[[Placed], object] = lambda placed: None

    async def place(self, number: str, *, ring_s: float, talk_s: float) -> Placed:
        if self.refusal:
            raise self.refusal
        self.numbers.append(number)
        placed = Placed(id=str(len(self.numbers)), sent_at=self.clock())
        outcome = self.happens(placed)
        if asyncio.iscoroutine(outcome):
            await outcome
        return placed

    def end(self, placed: Placed) -> None:
        self.ended.append(placed)
        placed.done_at = placed.done_at or self.clock()
        placed.changed.set()


class Office:
    def __init__(self, db: Database) -> None:
        self.db, self.seq = db, 0
        self.line = Line(self.now)
        setup = Setup(line=self.line, number="103", agent="anna", shows="199", wait_s=0.5)
        self.tests = TestCalls(db=db, setups={"main": setup}, plan=NumberPlan(), clock=self.now)

    def now(self) -> float:
        return asyncio.get_running_loop().time() + 1_795_000_000.0

    async def card(self, number: str = "199", agent: int = ANNA, *, shown: bool = False) -> None:
        """The agent is sent a card."""
        self.seq += 1
        call = PopCall(
            id=f"c{self.seq}", direction="internal", number=number, name="", device="PJSIP/101", queue=None,
            called=None, started=self.now(),
        )  # fmt: skip
        pop = ScreenPop(seq=self.seq, kind="colleague", call=call, received_at=self.now())
        row = NewEvent(
            agent_id=agent,
            seq=self.seq,
            kind="screen_pop",
            call_id=call.id,
            payload=msgspec.json.encode(pop).decode(),
            created_at=self.now(),
        )
        async with self.db.write() as conn:
            await desktop_events.append(conn, [row])
            if shown:
                await desktop_events.shown(conn, agent, self.seq, self.now() + 0.02, 20.0)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    db = await new_database(tmp_path)
    await add_cast(db)
    yield Office(db)
    await db.close()


async def test_a_painted_card_is_in_order_and_the_call_is_left(office: Office) -> None:
    office.line.happens = lambda placed: office.card(shown=True)
    done = await office.tests.ask(PAVEL, "main")
    assert (done.ok, done.said, done.user_id) == (True, "test-card-shown", PAVEL.id)
    assert done.card_ms is not None
    assert done.shown_ms is not None
    assert done.card_ms <= done.shown_ms
    assert len(office.line.ended) == 1
    assert office.tests.last("main") == done
    async with office.db.read() as conn:
        assert [(call, who) for call, who in await test_calls.newest(conn)] == [(done, "Anna")]
        assert await test_calls.last(conn) == {"main": done}


async def test_a_card_of_another_caller_or_agent_does_not_count(office: Office) -> None:
    async def others(placed: Placed) -> None:
        await office.card("200")
        await office.card("199", BORIS)

    office.line.happens = others
    done = await office.tests.place("main")
    assert (done.ok, done.said, done.card_ms) == (False, "test-no-card", None)
    assert len(office.line.ended) == 1


async def test_a_refusal_is_told_in_the_pbxs_words(office: Office) -> None:
    def refused(placed: Placed) -> None:
        placed.done_at, placed.code, placed.why = office.now(), 486, "the PBX answers 486 Busy Here"

    office.line.happens = refused
    done = await office.tests.place("main")
    assert (done.said, done.detail) == ("test-refused", "the PBX answers 486 Busy Here")


async def test_what_cannot_be_placed_is_told(office: Office) -> None:
    office.line.refusal = ChannelError("The line did not send the call in time.")
    done = await office.tests.place("main")
    assert (done.ok, done.said, done.detail) == (False, "test-not-placed", "The line did not send the call in time.")
    async with office.db.write() as conn:
        await conn.execute(update(users).where(users.c.id == ANNA).values(blocked_at=1.0))
    assert (await office.tests.place("main")).said == "test-no-agent"


async def test_one_at_a_time_by_whom_it_may(office: Office) -> None:
    first = asyncio.create_task(office.tests.place("main"))
    while not office.line.numbers:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    with pytest.raises(Refused, match="under way"):
        await office.tests.ask(PAVEL, "main")
    await first
    with pytest.raises(Refused):
        await office.tests.ask(PAVEL, "other")
    with pytest.raises(NotAllowed):
        await office.tests.ask(replace(PAVEL, role="agent"), "main")


async def test_only_the_newest_are_kept(office: Office) -> None:
    office.line.refusal = ChannelError("away")
    for _ in range(3):
        await office.tests.place("main")
    async with office.db.write() as conn:
        base = await test_calls.last(conn)
        for number in range(test_calls.KEPT + 5):
            await test_calls.add(conn, replace(base["main"], at=number))
        rows = await test_calls.newest(conn, 1000)
    assert len(rows) == test_calls.KEPT
