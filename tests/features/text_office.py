"""The queue of SMS over a real base, with gateways that remember what they got and a clock that tests move."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from cti.channels.texts import Answer, Choice, Health, OutText, Receipt, SmsTrouble, TextLine
from cti.features.sms_after import SmsAfter
from cti.features.sms_out import SmsOut
from cti.messages.deliveries import Told
from cti.storage import sms as messages
from cti.storage.database import Database
from cti.storage.sms_receipts import Change
from cti.storage.sms_tables import sms, sms_gateways
from cti.telephony.numbering import NumberPlan
from tests.features.cast import Screens
from tests.made import new_database
from tests.storage.conftest import ANNA, add_cast

MOSCOW = ZoneInfo("Europe/Moscow")
PYOTR = "+79355550101"


class Gateway:
    """Takes messages as a gateway does. answers: what it says instead of "accepted" from now on; hold: it is silent."""

    def __init__(self, first_id: int = 1000, window: int = 10) -> None:
        self.got: list[OutText] = []
        self.answers: Callable[[OutText], tuple[Answer, ...]] | None = None
        self.trouble: SmsTrouble | None = None
        self.health: Health = "up"
        self.window = window
        self.go = asyncio.Event()
        self.go.set()
        self.at_once = self.most = 0
        self._ids = itertools.count(first_id)
        self._came = asyncio.Condition()

    async def busy(self, count: int) -> None:
        """Wait until so many messages are in its hands."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: self.at_once >= count)

    async def run(self) -> None:
        """It holds no connection."""

    async def send(self, text: OutText) -> tuple[Answer, ...]:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if self.trouble is not None:
                raise self.trouble
            self.got.append(text)
            async with self._came:
                self._came.notify_all()
            await self.go.wait()
            if self.answers is not None:
                return self.answers(text)
            return tuple(Answer(state="accepted", far_id=str(next(self._ids))) for _ in text.parts)
        finally:
            self.at_once -= 1


class Lines:
    """Gateways by number, the first that is up and not left out serves all."""

    def __init__(self, *gateways: Gateway) -> None:
        self.gateways = dict(enumerate(gateways, start=1))

    def choose(self, _number: str, *, purpose: str, besides: frozenset[int] = frozenset()) -> Choice | None:
        left = [one for one in self.gateways if one not in besides]
        up = [one for one in left if self.gateways[one].health == "up"]
        chosen = next(iter(up or left), None)
        return Choice(gateway_id=chosen, sender=purpose, price=250, currency="RUB") if chosen else None

    def line(self, gateway_id: int) -> TextLine | None:
        return self.gateways.get(gateway_id)


class TextOffice:
    """The queue and what it stands on. later(s): the clock goes on."""

    def __init__(self, db: Database, lines: Lines) -> None:
        self.db, self.lines = db, lines
        self.screens = Screens()
        self.changes: list[Change] = []
        self._ahead = 0.0
        seqs, self._keys = itertools.count(1), itertools.count(1)
        self.after = SmsAfter(
            db=db,
            lines=lines,
            desktop=self.screens,  # type: ignore[arg-type]
            next_seq=lambda _: next(seqs),
            zone=MOSCOW,
            clock=self.clock,
        )
        self.out = SmsOut(
            db=db,
            lines=lines,
            settled=self.after.settled,
            ended=self.after.ended,
            plan=NumberPlan(),
            zone=MOSCOW,
            clock=self.clock,
        )
        self.after.wake, self.after.changed = self.out.wake, self.changes.extend

    def clock(self) -> float:
        return time.time() + self._ahead

    def later(self, seconds: float) -> None:
        self._ahead += seconds
        self.out.wake()

    async def write(self, text: str = "Добрый день", **more: Any) -> int:
        """A message in the queue, due at once."""
        values = {"key": f"test:{next(self._keys)}", "number": PYOTR, "text": text, "user_id": ANNA} | more
        async with self.db.write() as conn:
            made = await messages.add(conn, values, self.clock())
        assert made is not None
        self.out.wake()
        return made

    async def row(self, sms_id: int) -> Any:
        async with self.db.read() as conn:
            return (await conn.execute(select(sms).where(sms.c.id == sms_id))).one()

    async def until(self, sms_id: int, holds: Callable[[Any], bool], why: str = "", *, within_s: float = 10.0) -> Any:
        """The row as soon as this holds of it."""
        deadline = time.monotonic() + within_s
        while not holds(found := await self.row(sms_id)):
            assert time.monotonic() < deadline, f"{why or 'not in time'}: {found.state} {found.why} {found.said}"
            await asyncio.sleep(0.005)
        return found

    async def state(self, sms_id: int, state: str, *, within_s: float = 10.0) -> Any:
        return await self.until(sms_id, lambda one: one.state == state, f"never {state}", within_s=within_s)

    async def told(self, far_id: str, state: Told, said: str = "", gateway_id: int = 1) -> None:
        await self.after.told(gateway_id, [Receipt(far_id=far_id, state=state, said=said, at=self.clock())])


@asynccontextmanager
async def text_office(
    folder: Path, *gateways: Gateway, db: Database | None = None, new: bool = True
) -> AsyncIterator[TextOffice]:
    """db: one that has the cast already; else one in the folder, new or left there before."""
    ours = db is None
    if db is None:
        db = await new_database(folder)
        if new:
            await add_cast(db)
    lines = Lines(*gateways)
    if new:
        async with db.write() as conn:
            for number in lines.gateways:
                row = {"name": f"Шлюз {number}", "kind": "http", "created_at": 1.0}
                await conn.execute(sms_gateways.insert().values(row))
    office = TextOffice(db, lines)
    task = asyncio.create_task(office.out.run())
    try:
        yield office
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if ours:
            await db.close()
