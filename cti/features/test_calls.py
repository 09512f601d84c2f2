"""Test calls: the server calls a test agent through the PBX and sees whether his card comes, and how fast.

A real call, so it proves the whole way: PBX, its events (or a watch line), look-up, card, browser. Rules kept here: one
at a time at each registrar; the call is left as soon as the card was painted, and in any case within LONGEST_S; what
came of it is kept and told as figures. The card is known by the number that calls, its agent and its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec
import structlog

from cti.access import Person, may
from cti.channels.base import Dialler, Placed
from cti.desktop import ScreenPop
from cti.errors import ChannelError, NotAllowed, Refused, StorageError
from cti.storage import desktop_events, test_calls, users
from cti.storage.database import Database
from cti.storage.desktop_events import StoredEvent
from cti.storage.test_calls import TestCall
from cti.telephony.numbering import NumberPlan, read

LONGEST_S = 60.0
LOOK_S = 0.05
PAINT_S = 3.0  # after the card was sent its painting is waited for so long
LEAVE_S = 5.0
TALK_S = 5.0  # where somebody picks up
TICK_S = 30.0
EARLY_S = 0.5  # the PBX may be quicker than the packet's own time stamp is read

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """How a test call at one registrar goes. number: dialled; agent: whose card must come; shows: number on it."""

    line: Dialler
    number: str
    agent: str
    shows: str
    wait_s: float
    every_h: float = 0.0


class TestCalls:
    """Places them, by hand and by the clock. setups: by registrar; plan: how the number on the card is written."""

    __test__ = False  # its name is no test's

    def __init__(
        self, *, db: Database, setups: Mapping[str, Setup], plan: NumberPlan, clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._setups = setups
        self._plan = plan
        self._clock = clock
        self._under_way: set[str] = set()
        self._last: dict[str, TestCall] = {}
        self._calls: dict[str, str] = {}

    @property
    def registrars(self) -> tuple[str, ...]:
        """Where a test call can be placed."""
        return tuple(self._setups)

    def last(self, registrar: str) -> TestCall | None:
        """The newest one there."""
        return self._last.get(registrar)

    def call_of(self, registrar: str) -> str:
        """Which call of the journal the newest one was; "" where no card came, or the server was started since."""
        return self._calls.get(registrar, "")

    async def start(self) -> None:
        """What came of those before."""
        async with self._db.read() as conn:
            self._last = await test_calls.last(conn)

    async def ask(self, person: Person, registrar: str) -> TestCall:
        """A person wants one now. Raises NotAllowed or Refused."""
        if not may(person, "settings.manage"):
            raise NotAllowed("Your role may not place test calls; ask an admin.")
        return await self.place(registrar, person.id)

    async def place(self, registrar: str, user_id: int | None = None) -> TestCall:
        """Place one and wait for what comes of it. Raises Refused."""
        setup = self._setups.get(registrar)
        if setup is None:
            raise Refused("no-test-call", "No test call is set up there.")
        if registrar in self._under_way:
            raise Refused("test-call-under-way", "A test call is under way; wait for its end.")
        self._under_way.add(registrar)
        self._calls.pop(registrar, None)
        try:
            done = replace(await self._try(registrar, setup), user_id=user_id)
            async with self._db.write() as conn:
                await test_calls.add(conn, done)
        finally:
            self._under_way.discard(registrar)
        self._last[registrar] = done
        log.info("test call", registrar=registrar, ok=done.ok, said=done.said, card_ms=done.card_ms)
        return done

    async def run(self) -> None:
        """By the clock, until cancelled."""
        began = self._clock()
        while True:
            await asyncio.sleep(TICK_S)
            for registrar, setup in self._setups.items():
                last = self._last.get(registrar)
                since = max(last.at if last else began, 0.0)
                if setup.every_h and self._clock() - since >= setup.every_h * 3600:
                    try:
                        await self.place(registrar)
                    except (Refused, StorageError) as error:
                        log.warning("no test call", registrar=registrar, reason=str(error))

    async def _try(self, registrar: str, setup: Setup) -> TestCall:
        begun = TestCall(
            registrar=registrar, at=self._clock(), ok=False, said="test-no-agent", detail=setup.agent[:200]
        )
        async with self._db.read() as conn:
            agent = await users.by_login(conn, setup.agent)
        if agent is None or agent.blocked_at is not None:
            return begun
        try:
            placed = await setup.line.place(setup.number, ring_s=setup.wait_s, talk_s=TALK_S)
        except ChannelError as error:
            return replace(begun, said="test-not-placed", detail=str(error)[:200])
        try:
            async with asyncio.timeout(LONGEST_S):
                return await self._watch(replace(begun, at=placed.sent_at or begun.at), setup, agent.id, placed)
        except TimeoutError:
            return replace(begun, said="test-no-card", detail="")
        finally:
            await self._leave(setup, placed)

    async def _watch(self, begun: TestCall, setup: Setup, agent_id: int, placed: Placed) -> TestCall:
        """Wait for the card, then for its painting."""
        card, end = None, begun.at + setup.wait_s
        while card is None:
            if placed.done_at is not None:  # refused, or the phone is gone: one more look, the card may be under way
                card = await self._card(agent_id, begun.at, setup)
                break
            if self._clock() > end:
                break
            await asyncio.sleep(LOOK_S)
            card = await self._card(agent_id, begun.at, setup)
        if card is None:
            why = placed.why if placed.done_at is not None else ""
            return replace(begun, said="test-refused" if placed.code >= 300 else "test-no-card", detail=why[:200])
        self._calls[begun.registrar] = card.call_id or ""
        end = self._clock() + PAINT_S
        while card.shown_at is None and self._clock() < end:
            await asyncio.sleep(LOOK_S)
            card = await self._card(agent_id, begun.at, setup) or card
        painted = None if card.shown_at is None else max(card.shown_at - begun.at, 0.0) * 1000
        sent = max(card.created_at - begun.at, 0.0) * 1000
        said = "test-card-sent" if painted is None else "test-card-shown"
        return replace(begun, ok=True, said=said, detail="", card_ms=sent, shown_ms=painted)

    async def _card(self, agent_id: int, since: float, setup: Setup) -> StoredEvent | None:
        shows = read(setup.shows, self._plan)
        async with self._db.read() as conn:
            rows = await desktop_events.pops_since(conn, agent_id, since - EARLY_S)
        for row in rows:
            number = msgspec.json.decode(row.payload, type=ScreenPop).call.number
            if number in (setup.shows, shows.e164 or shows.internal):
                return row
        return None

    async def _leave(self, setup: Setup, placed: Placed) -> None:
        setup.line.end(placed)
        try:
            async with asyncio.timeout(LEAVE_S):
                while placed.done_at is None:
                    placed.changed.clear()
                    await placed.changed.wait()
        except TimeoutError:
            log.warning("a test call did not end in time")
