"""The line to a company's SMSC by SMPP 3.4: one or several binds that share the work and the rate of their gateway.

A submit is written once. Where the answer says that it was not taken for now (throttled, queue full), it goes again
from its place in the order; where no answer came, it is unknown and is left to a person. What the SMSC tells is thanked
for only after it is in the base. Numbers and texts are never in a log: only codes of the protocol are.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator

import structlog
from aiolimiter import AsyncLimiter

from cti.channels.base import backoff
from cti.channels.reach import Connect
from cti.channels.sms import smpp_pdu as pdu
from cti.channels.sms.smpp_guard import Bind, Kind, Times
from cti.channels.sms.smpp_pace import Submit, Waiting, Whole
from cti.channels.texts import Answer, Health, InText, OutText, Receipt, SmsTrouble, TextTaker
from cti.messages.gateways import SmppGiven

log = structlog.get_logger()
SMOOTH_S = 0.05  # the rate holds over so long


class SmppLine:
    """Implements TextLine. rate: submits in a second. found: told of trouble as stored, "": it is well again.

    tls: for a gateway that has it, None for the usual one.
    """

    def __init__(
        self,
        gateway_id: int,
        given: SmppGiven,
        password: str,
        *,
        rate: int,
        taker: TextTaker,
        found: Callable[[str], Awaitable[None]],
        connect: Connect,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        times: Times | None = None,
    ) -> None:
        self._gateway_id, self._given = gateway_id, given
        self._taker, self._found, self._clock = taker, found, clock
        self._times = times or Times()
        self._waiting = Waiting()
        burst = max(1.0, rate * SMOOTH_S)
        self._limiter = AsyncLimiter(burst, burst / rate)
        self._orders = itertools.count()
        self._refs = itertools.cycle(range(256))
        for _ in range(random.randrange(256)):  # noqa: S311 - not the references that were used before a restart
            next(self._refs)
        self._trouble: str | None = None
        self._started = False
        gate = asyncio.Lock()
        sends: Kind = "transmitter" if given.bind == "pair" else "transceiver"
        kinds = [sends for _ in range(given.binds)]
        if given.bind == "pair":
            kinds.append("receiver")
        self._binds = [
            Bind(
                kind,
                given,
                password,
                connect=connect,
                tls=(tls or ssl.create_default_context()) if given.tls else None,
                waiting=self._waiting,
                gate=gate,
                turn=self._limiter.acquire,
                see=self._see,
                changed=self._changed,
                times=self._times,
                clock=clock,
            )
            for kind in kinds
        ]

    @property
    def health(self) -> Health:
        """Up while one bind can send."""
        if self._sending:
            return "up"
        return "down" if self._started else "starting"

    @property
    def window(self) -> int:
        """Of all binds that send."""
        return self._given.window * self._given.binds

    @property
    def _sending(self) -> bool:
        return any(bind.bound and bind.kind != "receiver" for bind in self._binds)

    async def run(self) -> None:
        """Hold all binds until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for number, bind in enumerate(self._binds):
                    group.create_task(self._hold(bind), name=f"sms-{self._gateway_id}-{bind.kind}-{number}")
        finally:
            self._waiting.give_up(SmsTrouble("down"))

    async def send(self, text: OutText) -> tuple[Answer, ...]:
        """Hand a message over, its parts one after another in the order of the line."""
        if not self._sending:
            raise SmsTrouble("down")
        loop = asyncio.get_running_loop()
        now, times = loop.time(), self._times
        whole = Whole(text, next(self._refs), now + times.patience, now + times.fresh)
        asked: list[asyncio.Future[Answer]] = [loop.create_future() for _ in text.parts]
        for part, answer in enumerate(asked):
            self._waiting.put(Submit(next(self._orders), whole, part, answer))
        try:
            told = await asyncio.gather(*asked, return_exceptions=True)
        finally:
            for answer in asked:
                answer.cancel()
        troubles = [one for one in told if isinstance(one, BaseException)]
        if troubles and len(troubles) == len(told):
            raise troubles[0]
        return tuple(_answer(one) for one in told)

    async def _hold(self, bind: Bind) -> None:
        """A bind under supervision: it is taken up again after a pause, a longer one where it was refused."""
        lost, refused = self._pauses(), self._refused_pauses()
        while True:
            try:
                await bind.hold()
            except SmsTrouble as error:
                trouble = error
            except Exception as error:  # noqa: BLE001 - a bug: the bind is taken up again; its words may hold a text
                trouble = SmsTrouble("other", type(error).__name__)
            if trouble.code != "refused-bind":
                refused = self._refused_pauses()
            if bind.was_bound:
                lost = self._pauses()
            self._started = True
            log.warning("sms.smpp.lost", gateway=self._gateway_id, bind=bind.kind, code=trouble.code, said=trouble.said)
            await self._tell(trouble)
            await asyncio.sleep(next(refused if trouble.code == "refused-bind" and trouble.permanent else lost))

    async def _tell(self, trouble: SmsTrouble) -> None:
        if not self._sending:
            self._waiting.give_up(SmsTrouble("down"))
        if all(bind.bound for bind in self._binds if bind.kind == "receiver") and self._sending:
            return
        await self._is(trouble.stored)

    async def _changed(self) -> None:
        """A bind is up."""
        self._started = True
        log.info("sms.smpp.bound", gateway=self._gateway_id, up=sum(bind.bound for bind in self._binds))
        if self._sending and all(bind.bound for bind in self._binds if bind.kind == "receiver"):
            await self._is("")

    async def _is(self, stored: str) -> None:
        if stored != self._trouble:
            self._trouble = stored
            await self._found(stored)

    async def _see(self, batch: list[pdu.Delivered]) -> int:
        """Have it written down; the status to thank with."""
        receipts = [one.told for one in batch if isinstance(one.told, Receipt)]
        texts = [one.told for one in batch if isinstance(one.told, InText)]
        if len(receipts) + len(texts) < len(batch):
            log.warning("sms.smpp.unread", gateway=self._gateway_id, count=len(batch) - len(receipts) - len(texts))
        try:
            if receipts:
                await self._taker.told(self._gateway_id, receipts)
            if texts:
                await self._taker.came(self._gateway_id, texts)
        except Exception as error:  # noqa: BLE001 - whatever it is: it comes again
            log.error("sms.smpp.not_taken", gateway=self._gateway_id, count=len(batch), error=type(error).__name__)
            return pdu.TRY_LATER
        return pdu.OK

    def _pauses(self) -> Iterator[float]:
        return backoff(self._times.pause, self._times.most_pause)

    def _refused_pauses(self) -> Iterator[float]:
        return backoff(self._times.refused_pause, self._times.refused_most)


def _answer(told: Answer | BaseException) -> Answer:
    if isinstance(told, Answer):
        return told
    return Answer(state="rejected", said=told.stored if isinstance(told, SmsTrouble) else "other")
