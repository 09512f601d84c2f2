"""The AMI link of one PBX: connects, signs in, keeps itself alive, reads in order, asks with a time limit.

Rules kept here (each mends a known fault of the library below, see tests/channels): an action is sent once and never
again, an answer that got lost is "unknown"; while the link is down asking fails at once, and on a link that has gone
quiet the PBX must prove that it lives before it is told to do anything, so no call is ever placed late; every answer is
waited for a limited time; what comes stands in one bounded stream; silence of DEAD_S cuts the link; a refused secret is
told and not hammered; stopping leaves nothing behind. Only a bug of ours ends `run`: no text of the PBX can.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from cti.channels.base import Health, State, backoff
from cti.channels.phone.clock import FarClock
from cti.channels.phone.codec import Decoder, FrameTooLong, Headers, next_id, to_action, to_wire
from cti.channels.phone.pending import Answer, Pending
from cti.channels.phone.stream import LIMIT, EventStream, LinkDown, LinkUp, Overflowed, Received
from cti.channels.phone.trouble import SignInRefused, in_words, tls_context
from cti.errors import ChannelError
from cti.telephony import commands as c

__all__ = ["AmiLink", "Answer", "LinkDown", "LinkUp", "Overflowed", "Received"]

PING_S = 5.0
DEAD_S = 14.0  # cut between this and a TICKS-th more of silence: within 15 s
TICKS = 14
CONNECT_S = 5.0
SNAPSHOT_S = 10.0  # for one list of a busy PBX
FRESH_S = 0.5  # heard of so lately, a PBX is taken to be alive
QUICK_CAP_S = 3.0  # cap of the pauses where trying costs the PBX no refused sign-in
REFUSED_S = 160.0  # between attempts after a refused secret: at most four in ten minutes
BOOT_S, BOOT_GRACE_S = 20.0, 0.5  # for FullyBooted, where the account is known to hear it, and where not
WRITE_LIMIT = 1024 * 1024
READ_SIZE = 65_536
EVENT_CLASSES = "system,call,agent,user"

log = structlog.get_logger()


class AmiLink:
    """One PBX's manager interface. `events` is read by one consumer; the counters only grow.

    tls_ca_file: whom to trust instead of the system's list. pause_s, pause_cap_s: first and longest pause between
    attempts. tap: gets the bytes as they come. far: the PBX's clock beside ours.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        tls: bool = False,
        tls_ca_file: Path | None = None,
        queue_size: int = LIMIT,
        ping_s: float = PING_S,
        dead_s: float = DEAD_S,
        pause_s: float = 1.0,
        pause_cap_s: float = 30.0,
        clock: Callable[[], float] = time.time,
        tap: Callable[[bytes], None] | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._secret = username, secret
        self._tls = tls_context(tls_ca_file) if tls else None
        self._ping_s, self._dead_s = ping_s, dead_s
        self._slow = partial(backoff, pause_s, pause_cap_s)
        self._quick = partial(backoff, pause_s, min(QUICK_CAP_S, pause_cap_s))
        self._clock, self._tap = clock, tap
        self.events = EventStream(queue_size)
        self._decoder = Decoder()
        self._pending = Pending()
        self._writer: asyncio.StreamWriter | None = None
        self._booted = asyncio.Event()
        self._hears_boot = False
        self._heard = 0.0
        self._untold: set[str] = set()
        self._state: State = "connecting"
        self._since, self._detail = clock(), ""
        self.far = FarClock()
        self._listeners: list[tuple[tuple[str, ...], Callable[[Received], None]]] = []
        self.frames = self.bytes = self.reconnects = 0

    @property
    def dropped(self) -> int:
        """Events lost because the consumer was too slow."""
        return self.events.dropped

    @property
    def malformed(self) -> int:
        """Lines and frames that were no AMI."""
        return self._decoder.malformed

    @property
    def pending(self) -> int:
        """Actions that wait for their answer."""
        return len(self._pending)

    @property
    def booted(self) -> bool:
        """Whether this connection heard that the PBX is up: an account without read=system never does."""
        return self._booted.is_set()

    @property
    def heard_s(self) -> float:
        """How long ago the PBX last said anything."""
        return time.monotonic() - self._heard

    def health(self) -> Health:
        """State of the link in words."""
        return Health(state=self._state, since=self._since, detail=self._detail)

    @contextlib.contextmanager
    def listening(self, prefixes: tuple[str, ...], hear: Callable[[Received], None]) -> Iterator[None]:
        """Events with names that begin so go to `hear` alone: they are no part of calls. hear: quick, never raises."""
        listener = (prefixes, hear)
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        slow, quick = self._slow(), self._quick()
        try:
            while True:
                self._set("connecting", self._detail)
                began = time.monotonic()
                error = await self._attempt()
                was_up = self._state == "up"
                self._fallen(error)
                if was_up:
                    slow = self._slow()
                    quick = self._quick() if time.monotonic() - began > self._dead_s else quick
                self.reconnects += 1
                if isinstance(error, SignInRefused):
                    await asyncio.sleep(REFUSED_S)
                else:
                    free = was_up or (isinstance(error, OSError) and not isinstance(error, ssl.SSLError))
                    await asyncio.sleep(next(quick if free else slow))
        finally:
            self._set("off", "stopped")

    async def ask(self, command: c.Command, *, timeout_s: float = 5.0) -> Answer:
        """Send one action, once. Raises ChannelError: at once while down; unknown=True when the answer was lost."""
        if self._state != "up":
            raise ChannelError(f"The line to the PBX is down: {self._detail or 'connecting'}.")
        action = to_action(command)
        began = time.monotonic()
        if command.effect and began - self._heard > FRESH_S:
            await self._prove_alive(timeout_s)
        left = max(timeout_s - (time.monotonic() - began), 0.05)
        return await self._ask(action, lists=command.lists, effect=command.effect, timeout_s=left)

    async def snapshot(self) -> list[Mapping[str, str | list[str]]]:
        """The PBX's own account: channels, queues, bridges with their channels, device states, parked calls, its start.

        A list that this PBX does not know is empty (parking is a module of its own), told once. Raises ChannelError
        when the link fails meanwhile or the calls are not told. Events go on gathering in the stream.
        """
        items: list[Mapping[str, str | list[str]]] = []
        for command in (c.ShowChannels(), c.ShowQueues(), c.ListBridges(), c.ListDeviceStates(), c.ListParked()):
            answer = await self.ask(command, timeout_s=SNAPSHOT_S)
            if not answer.ok and isinstance(command, c.ShowChannels):
                raise ChannelError(f"The PBX gives no list of its calls: {answer.message}.")
            if not answer.ok:
                self._tell_once(type(command).__name__, answer.message)
            items += answer.items
        status = await self.ask(c.CoreStatus(), timeout_s=SNAPSHOT_S)
        if status.ok:
            items.append({**status.headers, "Event": "CoreStatus"})  # when it was started
        for bridge in [str(item["BridgeUniqueid"]) for item in items if item.get("Event") == "BridgeListItem"]:
            answer = await self.ask(c.BridgeDetails(bridge=bridge), timeout_s=SNAPSHOT_S)
            items += [{**item, "BridgeUniqueid": bridge} for item in answer.items]
        return items

    async def _attempt(self) -> Exception:
        """One connection from its beginning to its end; why it ended."""
        try:
            await self._session()
        except (OSError, EOFError, FrameTooLong, ChannelError, SignInRefused, UnicodeError) as error:
            return error
        return EOFError()

    async def _session(self) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                self._host, self._port, ssl=self._tls, server_hostname=self._host if self._tls else None
            )
        self._writer = writer
        self._decoder.start()
        self._booted.clear()
        tasks = (
            asyncio.create_task(self._live(), name="ami-live"),
            asyncio.create_task(self._read(reader), name="ami-read"),
            asyncio.create_task(self._watch(), name="ami-watch"),
        )
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:  # why the sign-in failed says more than that the link closed after it
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._writer = None
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._pending.end("The line to the PBX broke before the answer; it may have been done.")

    async def _live(self) -> None:
        """Sign in, wait until the PBX is ready, then ping for ever."""
        async with asyncio.timeout(CONNECT_S):  # shorter than its parts' own limits, so that this one tells
            await self._sign_in()
        await self._wait_until_booted()
        await self._ping()
        self._set("up", "")
        log.info("ami link up", host=self._host)
        self.events.mark(LinkUp())
        while True:
            await asyncio.sleep(self._ping_s)
            await self._ping()

    async def _ping(self) -> None:
        """Show that we live, hear that the PBX does, compare the clocks. No answer is the watch's business."""
        sent = self._clock()
        with contextlib.suppress(ChannelError):
            pong = await self._ask({"Action": "Ping"}, timeout_s=self._ping_s)
            self.far.pong(pong.headers.get("Timestamp"), sent, self._clock())

    async def _sign_in(self) -> None:
        """By MD5 challenge, so that the secret does not cross the wire; plainly where the PBX knows none."""
        challenge = await self._ask({"Action": "Challenge", "AuthType": "MD5"}, timeout_s=2 * CONNECT_S)
        login: Headers = {"Action": "Login", "Username": self._username, "Events": EVENT_CLASSES}
        if challenge.ok and challenge.headers.get("Challenge"):
            text = f"{challenge.headers['Challenge']}{self._secret}"
            login |= {"AuthType": "MD5", "Key": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}
        else:
            login |= {"Secret": self._secret}
        answer = await self._ask(login, timeout_s=2 * CONNECT_S)
        if not answer.ok:
            raise SignInRefused(f"the PBX refuses user {self._username}: {answer.message}; check username and secret")

    async def _wait_until_booted(self) -> None:
        """FullyBooted comes with the sign-in, or later from a PBX that still starts and whose lists are empty.

        An account without read=system never hears it: only one that heard it before is made to wait.
        """
        try:
            async with asyncio.timeout(BOOT_S if self._hears_boot else BOOT_GRACE_S):
                self._set("connecting", "the PBX is starting")
                await self._booted.wait()
        except TimeoutError:
            self._hears_boot = False

    async def _prove_alive(self, timeout_s: float) -> None:
        """A frozen PBX would find the action in its socket and do it minutes later; so ask it something harmless."""
        try:
            await self._ask({"Action": "Ping"}, timeout_s=timeout_s)
        except ChannelError as error:
            raise ChannelError("The PBX does not answer; it was not asked to do this.") from error

    async def _ask(
        self, action: Headers, *, lists: bool = False, effect: bool = False, timeout_s: float = 5.0
    ) -> Answer:
        writer = self._writer
        if writer is None or writer.transport.is_closing():
            raise ChannelError("The line to the PBX is down.")
        action_id = str(action.get("ChannelId") or next_id())
        data = to_wire(action, action_id)
        if writer.transport.get_write_buffer_size() + len(data) > WRITE_LIMIT:
            raise ChannelError("The PBX does not read what it is told.")
        future = self._pending.add(action_id, lists=lists)
        try:
            writer.write(data)
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            words = "it may have been done" if effect else "try again"
            raise ChannelError(f"The PBX did not answer in time; {words}.", unknown=effect) from None
        finally:
            self._pending.forget(action_id)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(READ_SIZE):
            self._heard = time.monotonic()
            now = self._clock()
            self.bytes += len(data)
            if self._tap:
                self._tap_in(data)
            for headers in self._decoder.feed(data):
                self.frames += 1
                if "ActionID" in headers and self._pending.takes(headers):
                    continue
                if "Event" in headers:
                    if self.far.by_events:
                        self.far.event(headers, now)
                    self._put(Received(headers=headers, at=now))
                    if headers["Event"] == "FullyBooted":
                        self._boot()
        raise EOFError

    def _put(self, event: Received) -> None:
        name = str(event.headers["Event"])
        hearers = [hear for prefixes, hear in self._listeners if name.startswith(prefixes)]
        for hear in hearers:
            hear(event)
        if not hearers:
            self.events.put(event)

    async def _watch(self) -> None:
        """Silence is counted in turns of our own life: a server that was itself stopped for a minute is not deaf."""
        silent = 0
        while True:
            before = self.bytes
            await asyncio.sleep(self._dead_s / TICKS)
            silent = silent + 1 if self.bytes == before and self._state == "up" else 0
            if silent >= TICKS:
                raise TimeoutError(f"the PBX said nothing for {self._dead_s:g} s")

    def _boot(self) -> None:
        self._hears_boot = True
        self._booted.set()
        if self._state == "up":  # it was still starting when its state was asked for
            self.events.mark(LinkUp())

    def _fallen(self, error: Exception) -> None:
        """Tell everybody why; the log only when it is news."""
        reason = in_words(error, f"{self._host}:{self._port}", spoke=bool(self._decoder.banner))
        state: Literal["down", "refused"] = "refused" if isinstance(error, SignInRefused) else "down"
        if self._state == "up" or reason != self._detail:
            log.warning("ami link down", reason=reason, state=state)
        self._set(state, reason)
        self.events.mark(LinkDown(reason=reason, state=state))

    def _tap_in(self, data: bytes) -> None:
        try:
            if self._tap:
                self._tap(data)
        except OSError as error:
            self._tap = None
            log.warning("what the PBX says is no longer written down", reason=str(error))

    def _tell_once(self, what: str, reason: str) -> None:
        if what not in self._untold:
            self._untold.add(what)
            log.info("the PBX does not give a list, taken as empty", list=what, reason=reason)

    def _set(self, state: State, detail: str) -> None:
        if state != self._state:
            self._state, self._since = state, self._clock()
        self._detail = detail
