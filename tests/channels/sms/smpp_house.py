"""A line to an SMSC of others' making (npm smpp), and somebody who takes what it tells."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from cti.channels.reach import Reach
from cti.channels.sms.smpp import SmppLine
from cti.channels.sms.smpp_guard import Times
from cti.channels.texts import InText, OutText, Receipt, SmsTrouble
from cti.messages.gateways import SmppGiven
from cti.messages.sms import split
from lab.smsc import PASSWORD, SYSTEM_ID, Smsc

WITHIN_S = 10.0
NUMBER = "+79355550101"
HERE = Reach(["127.0.0.0/8"], SmsTrouble)
QUICK = Times(answer=0.6, enquire=0.3, patience=20.0, pause=0.05, most_pause=0.2)
CALM = Times(pause=0.05, most_pause=0.2)
ORDINARY: dict[str, Any] = {
    "refuse": 0, "per_s": 0, "throttled": 0x58, "drop_answers": 0, "answer_ms": 0, "reject": 0, "receipts": False,
    "receipt_ms": 1, "receipt_first": False, "receipt_times": 1, "receipt_tlv": False, "ids": "dec", "stat": "DELIVRD",
    "blackhole": False,
}  # fmt: skip


class Taker:
    """Keeps what it is told. fails: it cannot write it down."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.texts: list[InText] = []
        self.fails = False

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        self._may()
        self.receipts += receipts

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        self._may()
        self.texts += texts

    def _may(self) -> None:
        if self.fails:
            raise OSError("the disk is full")


class House:
    """A line that runs."""

    def __init__(
        self,
        port: int,
        *,
        password: str = PASSWORD,
        rate: int = 500,
        times: Times = CALM,
        reach: Reach = HERE,
        trusts: ssl.SSLContext | None = None,
        **given: Any,
    ) -> None:
        self.taker = Taker()
        self.found: list[str] = []
        self.line = SmppLine(
            1,
            SmppGiven(host="127.0.0.1", port=port, system_id=SYSTEM_ID, **given),
            password,
            rate=rate,
            taker=self.taker,
            found=self._find,
            connect=reach.connect,
            tls=trusts,
            times=times,
        )

    async def _find(self, stored: str) -> None:
        self.found.append(stored)


@contextlib.asynccontextmanager
async def house(port: int, *, up: bool = True, **how: Any) -> AsyncIterator[House]:
    """It runs until the block ends."""
    made = House(port, **how)
    running = asyncio.create_task(made.line.run())
    try:
        if up:
            await until(lambda: made.line.health == "up")
        yield made
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def until(true: Callable[[], object], within_s: float = WITHIN_S) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - a condition of tests
            await asyncio.sleep(0.005)


async def tell(peer: Smsc, **asked: Any) -> dict[str, Any]:
    """Have the SMSC do something; this side goes on meanwhile."""
    return await asyncio.to_thread(peer.tell, **asked)


async def fault(peer: Smsc, **faults: Any) -> None:
    await tell(peer, faults=faults)


def out(text: str, number: str = NUMBER, *, sender: str = "Trubka", key: str = "k") -> OutText:
    return OutText(key=key, number=number, sender=sender, text=text, parts=tuple(split(text)))
