"""The line to a modem on a PBX (chan_dongle, chan_quectel): asked by the manager interface, heard by its events.

The driver cuts long texts itself, so there is one answer. It says at once that a text stands in its queue; what became
of it comes as `...Report` with our mark (or, from an old driver, as `...SMSStatus` with an id of its own). What comes
to the modem is told as `...NewSMSBase64`, once and to whoever listens then: what came while nobody did is not told
again.
Source: the drivers' manager.c; no modem was there to try it with.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol

import structlog
from aiolimiter import AsyncLimiter

from cti.channels import base
from cti.channels.phone.stream import Received
from cti.channels.texts import Answer, Health, InText, OutText, Receipt, SmsTrouble, TextTaker
from cti.errors import ChannelError
from cti.messages.deliveries import Told
from cti.messages.gateways import ModemGiven
from cti.telephony import commands as c

log = structlog.get_logger()
ANSWER_S = 10.0
HELD = 1000  # events that were not seen to yet
REMEMBERED = 1000  # ids of an old driver's
GONE = frozenset(("Disconnect", "Unregister", "Stop", "Unload"))


class Modems(Protocol):
    """The line to the PBX that a modem is on."""

    async def ask(self, command: c.Command, *, timeout_s: float = 5.0) -> base.Answer: ...
    def health(self) -> base.Health: ...
    def listening(
        self, prefixes: tuple[str, ...], hear: Callable[[Received], None]
    ) -> AbstractContextManager[None]: ...


class ModemLine:
    """Implements TextLine. found: told of trouble as stored, "": it is well again."""

    def __init__(
        self,
        gateway_id: int,
        given: ModemGiven,
        *,
        rate: int,
        taker: TextTaker,
        found: Callable[[str], Awaitable[None]],
        modems: Modems,
    ) -> None:
        self._gateway_id, self._given = gateway_id, given
        self._taker, self._found, self._modems = taker, found, modems
        self._limiter = AsyncLimiter(1, 1 / rate)
        self._heard: asyncio.Queue[Received] = asyncio.Queue(HELD)
        self._marks: OrderedDict[str, str] = OrderedDict()
        self._gone = False
        self._trouble: str | None = None
        self.window = 1  # it sends one after another

    @property
    def health(self) -> Health:
        """Up while the PBX is there and its modem is, as far as it told."""
        state = self._modems.health().state
        if state in ("up", "connecting"):
            return "down" if self._gone else ("up" if state == "up" else "starting")
        return "down"

    async def run(self) -> None:
        """Hear what the modem tells, until cancelled."""
        kind = self._given.driver.capitalize()
        names = tuple(f"{kind}{what}" for what in ("NewSMS", "Report", "SMSStatus", "Status"))
        with self._modems.listening(names, self._hear):
            while True:
                event = await self._heard.get()
                try:
                    await self._see(str(event.headers["Event"]).removeprefix(kind), event)
                except Exception as error:  # noqa: BLE001 - one event; its words may hold a text
                    log.error("sms.modem.not_taken", gateway=self._gateway_id, error=type(error).__name__)

    async def send(self, text: OutText) -> tuple[Answer, ...]:
        """Hand a message over. A line break becomes a space: an action has none."""
        mark = hashlib.sha256(text.key.encode()).hexdigest()[:32]
        try:
            command = c.SendText(
                driver=self._given.driver,
                device=self._given.device,
                number=text.number,
                text=" ".join(text.text.split()) if "\n" in text.text or "\r" in text.text else text.text,
                mark=mark,
                valid_min=min(max(round(text.lasts_s / 60), 5), 90720),
            )
        except ValueError:
            raise SmsTrouble("bad-text", permanent=True) from None
        async with self._limiter:
            answer = await self._ask(command)
        if answer is None:
            return (Answer(state="unknown"),)
        if not answer.ok:
            trouble = _refusal(answer.message)
            await self._is(trouble.stored)
            raise trouble
        await self._is("")
        self._remember(str(answer.headers.get("ID", "")), mark)
        return (Answer(state="accepted", far_id=mark),)

    async def _ask(self, command: c.SendText) -> base.Answer | None:
        """None: it may have been done."""
        try:
            return await self._modems.ask(command, timeout_s=ANSWER_S)
        except ChannelError as error:
            if error.unknown:
                return None
            await self._is("down")
            raise SmsTrouble("down") from None

    def _hear(self, event: Received) -> None:
        if event.headers.get("Device") != self._given.device:
            return
        try:
            self._heard.put_nowait(event)
        except asyncio.QueueFull:
            log.error("sms.modem.lost", gateway=self._gateway_id)

    async def _see(self, what: str, event: Received) -> None:
        headers, at = event.headers, event.at
        if what == "NewSMSBase64":
            text = InText(
                number=str(headers.get("From", "")), sender="", text=_decoded(str(headers.get("Message", ""))), at=at
            )
            await self._taker.came(self._gateway_id, [text])
        elif what == "Report":
            mark = str(headers.get("Payload", ""))
            done, report = str(headers.get("Success")) == "1", str(headers.get("Report", "")).strip(", ")
            await self._receipt(mark, "delivered" if done and report else "sent" if done else "undeliverable", at)
        elif what == "SMSStatus":
            mark = self._marks.pop(str(headers.get("ID", "")), "")
            await self._receipt(mark, "sent" if headers.get("Status") == "Sent" else "undeliverable", at)
        elif what == "Status":
            state = str(headers.get("Status", ""))
            self._gone = state in GONE
            await self._is(f"down|{state}" if self._gone else "")

    async def _receipt(self, mark: str, state: Told, at: float) -> None:
        if mark:
            await self._taker.told(self._gateway_id, [Receipt(far_id=mark, state=state, at=at)])

    def _remember(self, far_id: str, mark: str) -> None:
        if far_id:
            self._marks[far_id] = mark
            if len(self._marks) > REMEMBERED:
                self._marks.popitem(last=False)

    async def _is(self, stored: str) -> None:
        if stored != self._trouble:
            self._trouble = stored
            await self._found(stored)


def _refusal(said: str) -> SmsTrouble:
    """Why a PBX did not take a text."""
    words = said.lower()
    if "permission denied" in words:
        return SmsTrouble("no-right", said)
    if "unknown command" in words:
        return SmsTrouble("no-driver", said)
    if "number" in words and "device" not in words:
        return SmsTrouble("bad-number", permanent=True)
    return SmsTrouble("down", said)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text
