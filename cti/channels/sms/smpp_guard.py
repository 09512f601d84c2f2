"""One bind to an SMSC: it signs in, keeps a window, asks for signs of life, and never guesses what became of a submit.

The library's own session (aiosmpplib.ESME) is not used: it dies of states that SMSCs have made up, ends after one
missed enquire_link, hands passwords to a connection that nobody judged, and writes texts into its log (decision 0018).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from aiosmpplib import protocol

from cti.channels.reach import Connect
from cti.channels.sms import smpp_pdu as pdu
from cti.channels.sms.smpp_pace import Pace, Submit, Waiting
from cti.channels.texts import Answer, Receipt, SmsTrouble
from cti.messages.gateways import SmppGiven

Kind = Literal["transceiver", "transmitter", "receiver"]
BIND_S, ANSWER_S, LEAVE_S = 15.0, 30.0, 1.0
SIGN_S = 10.0  # for the answer to an enquire_link
MISSES = 2
LATE = 10_000  # submits whose answer may still come
HELD = 500  # of what came, before reading stops until it is seen to
_BINDS: dict[Kind, tuple[type[protocol.BindTransceiver], int]] = {
    "transceiver": (protocol.BindTransceiver, 0x80000009),
    "transmitter": (protocol.BindTransmitter, 0x80000002),
    "receiver": (protocol.BindReceiver, 0x80000001),
}
_FOR_GOOD = frozenset((0x0D, 0x0E, 0x0F, 0x53))  # a wrong name, password or type: not to be hammered
See = Callable[[list[pdu.Delivered]], Awaitable[int]]  # what came; the status to thank with


@dataclass(frozen=True, kw_only=True)
class Times:
    """Limits in seconds. answer: without one in that time a submit is unknown; enquire: None as its gateway says.

    fresh: so long it may wait for its turn before whether it may leave is asked anew: consents are withdrawn meanwhile.
    """

    answer: float = ANSWER_S
    enquire: float | None = None
    patience: float = 60.0
    fresh: float = 40.0
    pause: float = 0.5
    most_pause: float = 4.0
    refused_pause: float = 60.0
    refused_most: float = 900.0


class Bind:
    """gate: held by the one of a line's binds that takes the next submit; turn: the gateway's rate."""

    def __init__(
        self,
        kind: Kind,
        given: SmppGiven,
        password: str,
        *,
        connect: Connect,
        tls: ssl.SSLContext | None,
        waiting: Waiting,
        gate: asyncio.Lock,
        turn: Callable[[], Coroutine[Any, Any, None]],
        see: See,
        changed: Callable[[], Awaitable[None]],
        times: Times,
        clock: Callable[[], float],
    ) -> None:
        self.kind = kind
        self.bound = self.was_bound = False  # now; the last time that it was tried
        self._given, self._password = given, password
        self._connect, self._waiting, self._gate, self._turn = connect, waiting, gate, turn
        self._see, self._changed, self._times, self._clock = see, changed, times, clock
        self._tls = tls
        self._fewer = asyncio.Event()
        self._enquire_s = times.enquire or float(given.enquire_s)
        self._pace = Pace()
        self._asked: dict[int, tuple[Submit, float]] = {}
        self._late: dict[int, str] = {}  # what we call submits that are unknown, until their answer comes after all
        self._session = ""
        self._came: asyncio.Queue[pdu.Delivered] = asyncio.Queue(HELD)
        self._sequence = 1
        self._heard_at = 0.0

    async def hold(self) -> None:
        """Connect, sign in and stay until it is lost. Raises SmsTrouble; what had no answer is unknown then."""
        self.was_bound = False
        link = await self._connect(self._given.host, self._given.port)
        try:
            async with asyncio.timeout(BIND_S):
                self._reader, self._writer = await asyncio.open_connection(
                    sock=link, ssl=self._tls, server_hostname=self._tls and self._given.host, limit=pdu.MOST_BYTES
                )
        except (OSError, TimeoutError) as error:
            link.close()
            raise _of_tls(error) from None
        try:
            await self._sign_in()
            await self._serve()
        finally:
            self.bound = False
            self._lose()
            await self._leave()

    async def _sign_in(self) -> None:
        form, answer = _BINDS[self.kind]
        try:
            request = form(
                sequence_num=self._next(),
                system_id=self._given.system_id,
                password=self._password,
                system_type=self._given.system_type,
            ).pdu()
        except ValueError:
            raise SmsTrouble("refused-bind", "the password is longer than SMPP allows", permanent=True) from None
        self._writer.write(request)
        try:
            async with asyncio.timeout(BIND_S):
                command, status, _, _ = await self._pdu()
        except TimeoutError:
            raise SmsTrouble("silent") from None
        if status or command != answer:
            raise SmsTrouble("refused-bind", f"SMPP 0x{status:08X}", permanent=status in _FOR_GOOD)

    async def _serve(self) -> None:
        self.bound = self.was_bound = True
        self._heard_at = _now()
        self._session, self._late = secrets.token_hex(8), {}
        self._came = asyncio.Queue(HELD)
        await self._changed()
        work = {"read": self._read(), "thank": self._thank(), "keep": self._keep()}
        if self.kind != "receiver":
            work |= {"pump": self._pump(), "expire": self._expire()}
        tasks = [asyncio.create_task(one, name=f"smpp-{name}") for name, one in work.items()]
        try:  # no TaskGroup: told to end while one of them fails, that of Python 3.11 forgets that it was told
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            command, status, sequence, body = await self._pdu()
            self._heard_at = _now()
            if command in (pdu.SUBMIT_RESP, pdu.GENERIC_NACK):
                self._answered(sequence, status or (pdu.SYSTEM_ERROR if command == pdu.GENERIC_NACK else 0), body)
            elif command == pdu.DELIVER:
                await self._came.put(pdu.delivered(body, sequence, self._clock()))
            elif command == pdu.ENQUIRE:
                self._writer.write(pdu.head(pdu.ENQUIRE_RESP, pdu.OK, sequence))
            elif command == pdu.UNBIND:
                self._writer.write(pdu.head(pdu.UNBIND_RESP, pdu.OK, sequence))
                raise SmsTrouble("down", "unbind")
            elif not command & 0x80000000:
                self._writer.write(pdu.head(pdu.GENERIC_NACK, pdu.BAD_COMMAND, sequence))

    async def _pdu(self) -> tuple[int, int, int, bytes]:
        try:
            length, command, status, sequence = pdu.HEAD.unpack(await self._reader.readexactly(pdu.HEAD.size))
            if not pdu.HEAD.size <= length <= pdu.MOST_BYTES:
                raise SmsTrouble("other", "this is no SMPP")
            return command, status, sequence, await self._reader.readexactly(length - pdu.HEAD.size)
        except (OSError, EOFError):
            raise SmsTrouble("down") from None

    async def _pump(self) -> None:
        """Submits in their order, while the window has room and the SMSC wants more."""
        while True:
            await self._room()
            await self._pace.turn()
            async with self._gate:
                await self._waiting.some()
                await self._turn()
                submit = None if self._pace.pause_s else self._waiting.take()
            if submit is None:
                continue
            if submit.whole.stale:
                submit.answer.set_exception(SmsTrouble("waited"))
                continue
            sequence = self._next()
            try:
                raw = pdu.submit(
                    submit.whole.text, submit.part, submit.whole.ref, sequence, sar=self._given.long == "sar"
                )
            except (SmsTrouble, ValueError) as error:  # the library's words would hold the text
                trouble = error if isinstance(error, SmsTrouble) else SmsTrouble("bad-text", permanent=True)
                submit.answer.set_exception(trouble)
                continue
            self._asked[sequence] = (submit, _now() + self._times.answer)
            submit.whole.out += 1
            self._pace.goes()
            self._writer.write(raw)
            with contextlib.suppress(OSError):  # the reader tells
                await self._writer.drain()

    async def _room(self) -> None:
        while len(self._asked) >= self._given.window:
            self._fewer.clear()
            await self._fewer.wait()

    def _answered(self, sequence: int, status: int, body: bytes) -> None:
        if sequence in self._late:
            self._answered_late(self._late.pop(sequence), status, body)
        submit, _ = self._asked.pop(sequence, (None, 0.0))
        self._fewer.set()
        if status == pdu.OK:
            self._pace.taken()
        elif status in (pdu.THROTTLED, pdu.FULL):
            self._pace.throttled()
        if submit is None or submit.answer.done():
            return
        if status == pdu.OK:
            submit.answer.set_result(Answer(state="accepted", far_id=pdu.far_id(body)))
        elif status in (pdu.THROTTLED, pdu.FULL) and _now() < submit.whole.patient_until:
            submit.whole.out -= 1
            self._waiting.put(submit)
        else:
            submit.answer.set_exception(pdu.refusal(status))

    async def _expire(self) -> None:
        """What has no answer in time is unknown; it is never sent again from here (F-44)."""
        while True:
            sequence = next(iter(self._asked), 0)
            until = self._asked[sequence][1] if sequence else _now() + self._times.answer
            if (wait := until - _now()) > 0:
                await asyncio.sleep(wait)
                continue
            submit, _ = self._asked.pop(sequence)
            self._fewer.set()
            self._late[sequence] = ours = f"late-{self._session}-{sequence}"
            if len(self._late) > LATE:
                self._late.pop(next(iter(self._late)))
            _unknown(submit, ours)

    def _answered_late(self, ours: str, status: int, body: bytes) -> None:
        """It is told as a receipt: what we called it is what the SMSC calls it from now on."""
        taken = status == pdu.OK
        told = Receipt(
            far_id=ours,
            state="accepted" if taken else "rejected",
            said="" if taken else pdu.refusal(status).said,
            at=self._clock(),
            named=pdu.far_id(body) if taken else "",
        )
        with contextlib.suppress(asyncio.QueueFull):
            self._came.put_nowait(pdu.Delivered(0, told))

    async def _keep(self) -> None:
        """Ask for a sign of life; gone after two without any (F-43)."""
        misses = 0
        while misses < MISSES:
            wait = self._heard_at + self._enquire_s - _now()
            if wait > 0:
                misses = 0
                await asyncio.sleep(wait)
                continue
            asked_at = _now()
            self._writer.write(pdu.head(pdu.ENQUIRE, pdu.OK, self._next()))
            await asyncio.sleep(min(SIGN_S, self._enquire_s / 3))
            misses = 0 if self._heard_at >= asked_at else misses + 1
        raise SmsTrouble("silent")

    async def _thank(self) -> None:
        """What came is thanked for once it is in the base: what was not comes again."""
        while True:
            batch = [await self._came.get()]
            while not self._came.empty() and len(batch) < HELD:
                batch.append(self._came.get_nowait())
            status = await self._see(batch)
            for one in batch:
                if one.sequence:  # an answer that came late is no request
                    self._writer.write(pdu.head(pdu.DELIVER_RESP, status, one.sequence, b"\0"))

    def _lose(self) -> None:
        for submit, _ in self._asked.values():
            _unknown(submit)
        self._asked.clear()
        self._fewer.set()

    async def _leave(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write(pdu.head(pdu.UNBIND, pdu.OK, self._next()))
            self._writer.close()
            async with asyncio.timeout(LEAVE_S):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    def _next(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence


def _of_tls(error: Exception) -> SmsTrouble:
    if isinstance(error, ssl.SSLCertVerificationError):
        return SmsTrouble("certificate", error.verify_message)
    return SmsTrouble("closed", "TLS") if isinstance(error, OSError) else SmsTrouble("silent")


def _unknown(submit: Submit, ours: str = "") -> None:
    if not submit.answer.done():
        submit.answer.set_result(Answer(state="unknown", far_id=ours))


def _now() -> float:
    return asyncio.get_running_loop().time()
