"""The server's own lines at a PBX, by SIP: watched here, living in a child process of little memory.

The library is never in this process: what it does wrong ends with its own. Rules kept here: the child is told its
secrets on its input, never in arguments or environment; what it says is bounded and read strictly; when it dies or says
nothing for DEAD_S it is ended and started again after a pause that grows; a call that rang then is lost, and said so;
a line's state is told as the child tells it, and is down while there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from cti.channels.base import Health, Placed, State, backoff
from cti.errors import ChannelError
from cti.telephony.watching import Over, Rang

ROOT = str(Path(__file__).resolve().parents[3])  # the child takes its code from where this comes from
CHILD = f"import sys; sys.path.insert(0, {ROOT!r}); from cti.channels.phone.sip_child import main; sys.exit(main())"
DEAD_S = 10.0
STEADY_S = 60.0  # a child that lived so long was no failure: the next pause is the first again
SEND_S = 5.0  # for the first packet of a call to leave
LONGEST_LINE = 64 * 1024
MOST_WAITING = 1000

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class LineAccount:
    """One extension. watch: it registers and rings along; else it only places calls."""

    name: str
    host: str
    port: int
    extension: str
    secret: str = field(repr=False)
    watch: bool


class _Told(msgspec.Struct, frozen=True):
    """What the child says."""

    line: str
    kind: Literal["beat", "line", "rang", "over", "sent", "rings", "talks", "done"]
    state: Literal["up", "down", "refused", ""] = ""
    detail: str = ""
    call: str = ""
    number: str = ""
    name: str = ""
    how: Literal["elsewhere", "unanswered", "unsaid", "lost"] = "unsaid"
    at: float = 0.0
    id: str = ""
    code: int = 0
    why: str = ""


class SipLines:
    """The lines at one registrar. events: what rang and what is over, for one reader. restarts: of the child."""

    def __init__(
        self,
        name: str,
        accounts: Sequence[LineAccount],
        *,
        clock: Callable[[], float] = time.time,
        pause_s: float = 1.0,
        dead_s: float = DEAD_S,
    ) -> None:
        self.name = name
        self._accounts = tuple(accounts)
        self._clock, self._pause_s, self._dead_s = clock, pause_s, dead_s
        self.events: asyncio.Queue[tuple[str, Rang | Over]] = asyncio.Queue(MOST_WAITING)
        self._ringing: dict[str, str] = {}  # call -> line
        self._placed: dict[str, Placed] = {}
        self._health = {one.name: Health(state="connecting", since=clock()) for one in accounts if one.watch}
        self._input: asyncio.StreamWriter | None = None
        self._ready = asyncio.Event()  # there is a child that takes orders
        self.changed = asyncio.Event()  # a line's state is another; whoever waits for it clears it
        self._process: asyncio.subprocess.Process | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._process.pid if self._process else None

    def health(self) -> Mapping[str, Health]:
        """The watch lines' states by name."""
        return dict(self._health)

    async def run(self) -> None:
        """Keep a child until cancelled."""
        pauses = backoff(self._pause_s)
        try:
            while True:
                began = time.monotonic()
                why = await self._one_life()
                log.warning("sip child ended", registrar=self.name, reason=why)
                await self._bury(why)
                self.restarts += 1
                pauses = backoff(self._pause_s) if time.monotonic() - began > STEADY_S else pauses
                await asyncio.sleep(next(pauses))
        finally:
            for name in self._health:
                self._become(name, "off", "stopped")

    async def place(self, number: str, *, ring_s: float, talk_s: float) -> Placed:
        """Call a number from the line that does not watch; one call at a time. Raises ChannelError."""
        line = next((one.name for one in self._accounts if not one.watch), None)
        if line is None:
            raise ChannelError("No extension for test calls is set up.", permanent=True)
        placed = Placed(id=uuid.uuid4().hex)
        self._placed[placed.id] = placed
        order = {"do": "call", "line": line, "id": placed.id, "number": number, "ring_s": ring_s, "talk_s": talk_s}
        try:
            async with asyncio.timeout(SEND_S):
                await self._ready.wait()
                self._order(order)
                while placed.sent_at is None and placed.done_at is None:
                    placed.changed.clear()
                    await placed.changed.wait()
        except TimeoutError:
            self._placed.pop(placed.id, None)
            raise ChannelError("The line did not send the call in time.") from None
        if placed.sent_at is None:
            raise ChannelError(f"The call cannot be placed: {placed.why}.")
        return placed

    def end(self, placed: Placed) -> None:
        """Leave the call, however far it came."""
        line = next(one.name for one in self._accounts if not one.watch)
        if placed.done_at is None:
            with contextlib.suppress(ChannelError):
                self._order({"do": "end", "line": line, "id": placed.id})

    def _order(self, order: Mapping[str, object]) -> None:
        if self._input is None or self._input.is_closing():
            raise ChannelError("The process of the SIP lines is being started; try again in a moment.")
        self._input.write(json.dumps(order).encode() + b"\n")

    async def _one_life(self) -> str:
        """A child from its start to its end; why it ended."""
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                CHILD,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C is the parent's
                env={"MALLOC_ARENA_MAX": "1"},  # each thread's own arena would eat the limit
            )
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
        try:
            if process.stdin is None or process.stdout is None:
                return "it has no pipes"
            self._input = process.stdin
            self._order({"accounts": [asdict(one) for one in self._accounts]})
            self._ready.set()
            return await self._listen(process.stdout)
        finally:
            self._input = None
            self._ready.clear()
            await self._finish(process)

    async def _listen(self, output: asyncio.StreamReader) -> str:
        try:
            while True:
                async with asyncio.timeout(self._dead_s):
                    line = await output.readline()
                if not line:
                    return "without a word"
                await self._heard(msgspec.json.decode(line, type=_Told))
        except TimeoutError:
            return f"it said nothing for {self._dead_s:g} s"
        except (msgspec.MsgspecError, ValueError) as error:
            return f"it said what cannot be read ({error})"

    async def _finish(self, process: asyncio.subprocess.Process) -> None:
        """End it: by the end of its input it signs off; whoever does not is ended."""
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(2):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _heard(self, told: _Told) -> None:
        placed = self._placed.get(told.id)
        match told.kind:
            case "line":
                self._become(told.line, told.state or "down", told.detail)
            case "rang":
                self._ringing[told.call] = told.line
                await self.events.put((told.line, Rang(call=told.call, number=told.number, name=told.name, at=told.at)))
            case "over":
                self._ringing.pop(told.call, None)
                await self.events.put((told.line, Over(call=told.call, how=told.how, at=told.at)))
            case "sent" | "rings" | "talks" | "done" if placed is not None:
                self._placed_moved(placed, told)
            case _:
                pass

    def _placed_moved(self, placed: Placed, told: _Told) -> None:
        at = told.at or self._clock()
        if told.kind == "sent":
            placed.sent_at = at
        elif told.kind == "rings":
            placed.rings_at = at
        elif told.kind == "talks":
            placed.talks_at = at
        else:
            placed.done_at, placed.code, placed.why = at, told.code, told.why
            del self._placed[placed.id]
        placed.changed.set()

    async def _bury(self, why: str) -> None:
        """The child is gone: nobody knows of its calls any more."""
        now = self._clock()
        for call, line in self._ringing.items():
            await self.events.put((line, Over(call=call, how="lost", at=now)))
        self._ringing.clear()
        for placed in self._placed.values():
            placed.done_at, placed.why = now, f"the process of the SIP lines ended: {why}"
            placed.changed.set()
        self._placed.clear()
        for name in self._health:
            self._become(name, "down", f"its process ended ({why}); it is started again")

    def _become(self, name: str, state: State, detail: str) -> None:
        before = self._health.get(name)
        if before is not None and (before.state, before.detail) != (state, detail):
            since = before.since if before.state == state else self._clock()
            self._health[name] = replace(before, state=state, detail=detail, since=since)
            self.changed.set()
            log.info("sip line", registrar=self.name, line=name, state=state, detail=detail)
