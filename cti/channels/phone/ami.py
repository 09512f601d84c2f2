"""The AMI link of one PBX: connects, signs in, keeps itself alive, reads in order, asks with a time limit.

Rules kept here (each mends a known fault of the library below, see tests/channels): an action is sent once and never
again, and its answer that got lost is "unknown"; while the link is down asking fails at once; every answer is waited
for a limited time and its entry then forgotten; events stand in one bounded queue in the order of the wire, an
overflow is told and followed by a new snapshot; silence of DEAD_S cuts the link; a refused secret is told and not
hammered; stopping leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

from cti.channels.base import Health, State, backoff
from cti.channels.phone.codec import Decoder, FrameTooLong, Headers, to_action, to_wire
from cti.errors import ChannelError
from cti.telephony import commands as c

PING_S, DEAD_S = 5.0, 15.0
CONNECT_S = 5.0
REFUSED_S = 150.0  # between attempts after a refused secret: four in ten minutes
WRITE_LIMIT = 1024 * 1024
QUEUE_SIZE = 10_000
READ_SIZE = 65_536

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """An event. at: UNIX s of the last byte."""

    headers: Mapping[str, str | list[str]]
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkUp:
    """Signed in: ask for the snapshot now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkDown:
    """The link ended or was refused. reason: a sentence."""

    reason: str
    state: Literal["down", "refused"] = "down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Overflowed:
    """So many events could not be queued: the state must be asked for again."""

    dropped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the PBX said to an action. items: events of a list."""

    ok: bool
    message: str = ""
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    items: tuple[Mapping[str, str | list[str]], ...] = ()


@dataclass(kw_only=True, slots=True)
class _Pending:
    lists: bool
    future: asyncio.Future[Answer]
    answer: Headers | None = None
    items: list[Headers] = field(default_factory=list)


class AmiLink:
    """One PBX's manager interface. `events` is read by one consumer."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        tls: bool = False,
        tls_ca_file: Path | None = None,
        queue_size: int = QUEUE_SIZE,
        ping_s: float = PING_S,
        dead_s: float = DEAD_S,
        clock: Callable[[], float] = time.time,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        self._address = (host, port)
        self._username = username
        self._secret = secret
        self._tls = ssl.create_default_context(cafile=tls_ca_file) if tls else None
        self._ping_s, self._dead_s = ping_s, dead_s
        self._clock = clock
        self._tap = tap
        self.events: asyncio.Queue[Received | LinkUp | LinkDown | Overflowed] = asyncio.Queue()
        self._queue_size = queue_size
        self._lost = 0
        self._writer: asyncio.StreamWriter | None = None
        self._pending: dict[str, _Pending] = {}
        self._ids = 0
        self._state: State = "connecting"
        self._since = clock()
        self._detail = ""
        self._heard = 0.0
        self.frames = self.dropped = self.reconnects = self.malformed = 0

    def health(self) -> Health:
        """State of the link in words."""
        return Health(state=self._state, since=self._since, detail=self._detail)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pauses = backoff()
        while True:
            self._set("connecting", self._detail)
            began = self._clock()
            try:
                await self._session()
                reason, state = "the PBX closed the link", "down"
            except _Refused as error:
                reason, state = str(error), "refused"
            except (OSError, TimeoutError, EOFError, FrameTooLong, ssl.SSLError) as error:
                reason, state = _in_words(error, self._address), "down"
            was_up = self._state == "up"
            if was_up or state == "refused" or self._detail != reason:
                log.warning("ami link down", reason=reason, state=state)
            self._set("refused" if state == "refused" else "down", reason)
            self._put(LinkDown(reason=reason, state="refused" if state == "refused" else "down"))
            if was_up and self._clock() - began > self._dead_s:
                pauses = backoff()
            self.reconnects += 1
            await asyncio.sleep(REFUSED_S if state == "refused" else next(pauses))

    async def ask(self, command: c.Command, *, timeout_s: float = 5.0) -> Answer:
        """Send one action, once. Raises ChannelError: at once while down; unknown=True when the answer was lost."""
        if self._state != "up":
            raise ChannelError(f"The line to the PBX is down: {self._detail or 'connecting'}.")
        return await self._ask(to_action(command), lists=command.lists, effect=command.effect, timeout_s=timeout_s)

    async def snapshot(self) -> list[Mapping[str, str | list[str]]]:
        """The PBX's own account: channels, queues, bridges with their channels, device states, parked calls."""
        items: list[Mapping[str, str | list[str]]] = []
        for command in (c.ShowChannels(), c.ShowQueues(), c.ListBridges(), c.ListDeviceStates(), c.ListParked()):
            answer = await self.ask(command)
            if not answer.ok and isinstance(command, c.ShowChannels):
                raise ChannelError(f"The PBX gives no list of its calls: {answer.message}.")
            items += answer.items
        for bridge in [str(i["BridgeUniqueid"]) for i in items if i.get("Event") == "BridgeListItem"]:
            answer = await self.ask(c.BridgeDetails(bridge=bridge))
            items += [{**item, "BridgeUniqueid": bridge} for item in answer.items]
        return items

    async def _session(self) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                *self._address, ssl=self._tls, server_hostname=self._address[0] if self._tls else None
            )
        self._writer = writer
        self._heard = time.monotonic()
        reading = asyncio.create_task(self._read(reader), name="ami-read")
        alive = asyncio.create_task(self._keep_alive(), name="ami-ping")
        try:
            await self._sign_in(reading)
            self._set("up", "")
            log.info("ami link up", host=self._address[0])
            self._put(LinkUp())
            done, _ = await asyncio.wait({reading, alive}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (reading, alive):
                task.cancel()
            await asyncio.gather(reading, alive, return_exceptions=True)
            self._writer = None
            writer.transport.abort()
            self._drop_pending()

    async def _sign_in(self, reading: asyncio.Task[None]) -> None:
        login = asyncio.create_task(self._login())
        await asyncio.wait({login, reading}, timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        if not login.done():
            login.cancel()
            await asyncio.gather(login, return_exceptions=True)
            if reading.done():
                reading.result()
                raise EOFError
            raise TimeoutError
        login.result()

    async def _login(self) -> None:
        """By MD5 challenge, so that the secret does not cross the wire; plainly where the PBX knows none."""
        challenge = await self._ask({"Action": "Challenge", "AuthType": "MD5"}, timeout_s=CONNECT_S)
        login: Headers = {"Action": "Login", "Username": self._username, "Events": "on"}
        if challenge.ok and challenge.headers.get("Challenge"):
            text = f"{challenge.headers['Challenge']}{self._secret}"
            login |= {"AuthType": "MD5", "Key": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}
        else:
            login |= {"Secret": self._secret}
        try:
            answer = await self._ask(login, timeout_s=CONNECT_S)
        except ChannelError as error:
            raise EOFError from error
        if not answer.ok:
            raise _Refused(f"The PBX refuses user {self._username}: {answer.message}; check username and secret")

    async def _ask(
        self, action: Headers, *, lists: bool = False, effect: bool = False, timeout_s: float = 5.0
    ) -> Answer:
        writer = self._writer
        if writer is None:
            raise ChannelError("The line to the PBX is down.")
        if writer.transport.get_write_buffer_size() > WRITE_LIMIT:
            raise ChannelError("The PBX does not read what it is told.")
        self._ids += 1
        chosen = action.get("ChannelId")
        action_id = str(chosen) if chosen else f"t{self._ids}"
        data = to_wire(action, action_id)
        pending = _Pending(lists=lists, future=asyncio.get_running_loop().create_future())
        self._pending[action_id] = pending
        try:
            writer.write(data)
            async with asyncio.timeout(timeout_s):
                return await pending.future
        except TimeoutError:
            words = "it may have been done" if effect else "try again"
            raise ChannelError(f"The PBX did not answer in {timeout_s:g} s; {words}.", unknown=effect) from None
        finally:
            self._pending.pop(action_id, None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder = Decoder()
        while data := await reader.read(READ_SIZE):
            self._heard = time.monotonic()
            now = self._clock()
            if self._tap:
                self._tap(data)
            for headers in decoder.feed(data):
                self.frames += 1
                self._route(headers, now)
            self.dropped, self.malformed = decoder.dropped, decoder.malformed
        raise EOFError

    def _route(self, headers: Headers, now: float) -> None:
        pending = self._pending.get(str(headers.get("ActionID", "")))
        if pending is None or (headers.get("Event") and not pending.lists):
            if "Event" in headers:
                self._put(Received(headers=headers, at=now))
            return
        if "Response" in headers:
            pending.answer = headers
            if not pending.lists or headers["Response"] != "Success":
                self._settle(pending)
        elif str(headers.get("EventList", "")).startswith(("Complete", "cancelled")) or str(
            headers.get("Event", "")
        ).endswith("Complete"):
            self._settle(pending)
        else:
            pending.items.append(headers)

    def _settle(self, pending: _Pending) -> None:
        answer = pending.answer or {}
        if not pending.future.done():
            ok = answer.get("Response") in ("Success", "Follows", "Goodbye", "Pong")
            message = str(answer.get("Message", answer.get("Response", "")))
            pending.future.set_result(Answer(ok=ok, message=message, headers=answer, items=tuple(pending.items)))

    def _put(self, item: Received | LinkUp | LinkDown | Overflowed) -> None:
        if isinstance(item, Received) and self.events.qsize() >= self._queue_size:
            self._lost += 1
            return
        if self._lost and self.events.qsize() < self._queue_size // 2:
            lost, self._lost = self._lost, 0
            self.events.put_nowait(Overflowed(dropped=lost))
        self.events.put_nowait(item)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._ping_s)
            if time.monotonic() - self._heard > self._dead_s:
                raise TimeoutError(f"the PBX said nothing for {self._dead_s:g} s")
            if self._state == "up":
                with contextlib.suppress(ChannelError):
                    await self._ask({"Action": "Ping"}, timeout_s=self._ping_s)

    def _drop_pending(self) -> None:
        for pending in self._pending.values():
            if not pending.future.done():
                error = ChannelError(
                    "The line to the PBX broke before the answer; it may have been done.", unknown=True
                )
                pending.future.set_exception(error)
        self._pending.clear()

    def _set(self, state: State, detail: str) -> None:
        if state != self._state:
            self._state, self._since = state, self._clock()
        self._detail = detail


class _Refused(Exception):
    """The PBX does not take this account."""


def _in_words(error: BaseException, address: tuple[str, int]) -> str:
    """A sentence for the operator."""
    where = f"{address[0]}:{address[1]}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the PBX's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens at {where}: is the PBX running, is manager.conf enabled?"
    if isinstance(error, EOFError):
        return "the PBX closed the link"
    if isinstance(error, TimeoutError):
        return str(error) or f"no answer from {where}"
    return f"{where}: {error}"
