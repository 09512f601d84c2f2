"""Answers to a dialplan that asks where a call should go (FastAGI): who calls, whose client, how important.

The rule: a caller never waits for us. Everything of one question (reading it, the look-up, telling the answer) has
its budget (`[agi] budget_ms`); on any doubt (a late database, an unknown script, an odd request, too many at once, a
stranger, the server stopping) the connection is closed without a word, and the dialplan goes on as if nobody had been
asked. A look-up that is too late is not cut off in the middle of a query: it ends by itself and keeps its place among
the MOST_AT_ONCE.

The dialplan gets variables: TRUBKA_CALLER (client, several, unknown or none), TRUBKA_NAME, TRUBKA_PRIORITY,
TRUBKA_TAGS, TRUBKA_EXTENSION, TRUBKA_DEVICE, TRUBKA_LIST (black or white); what is not known is not set. That the first
of them is taken is the proof that somebody still listens. Source: res_agi of Asterisk 22 (the environment ends with an
empty line; one command, one answer; "HANGUP" in between when the caller has gone).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import time
import unicodedata
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import structlog

from cti.channels.base import (
    DeskQuestion,
    Desks,
    DeskWord,
    Duties,
    DutyQuestion,
    DutyWish,
    Health,
    RouteAnswer,
    RouteQuestion,
    Router,
    State,
    backoff,
)
from cti.errors import CtiError
from cti.telephony.devices import endpoint_of

DESK_S = 5.0  # who sits down at a phone waits for the PBX to be told
HEADER_LIMIT = 32 * 1024
MOST_AT_ONCE = 64
BACKLOG = 1024
LONGEST_TEXT = 80
SCRIPT = re.compile(r"route(?:/([a-z][a-z0-9-]{0,30}))?")
DESK = re.compile(r"desk/(sit|leave)(?:/([a-z][a-z0-9-]{0,30}))?")
DUTY = re.compile(r"duty/(log-in|log-out|ready|pause)(?:/([a-z][a-z0-9-]{0,30}))?")
PROBE, PROBED = "check", 'NOOP "trubka"'  # what `cti check` asks, and the answer by which it knows us from a stranger
PROBE_S = 2.0
WITHHELD = 0x20  # the presentation bits of agi_callingpres: 0x00 allowed, 0x20 restricted, 0x40 not available
_WORD = re.compile(r"[A-Za-z0-9_.@/-]{1,80}")
_DIGITS = re.compile(r"[0-9]{1,16}")
_CONTROL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_ENDS = (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError)

Answer = TypeVar("Answer")
log = structlog.get_logger()


class AgiServer:
    """Listens for dialplans. allowed: addresses and networks that may ask. The counters only grow."""

    def __init__(
        self,
        host: str,
        port: int,
        router: Router,
        *,
        allowed: Sequence[str] = ("127.0.0.1", "::1"),
        budget_s: float,
        most_at_once: int = MOST_AT_ONCE,
        desks: Desks | None = None,
        duties: Duties | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host, self._port = host, port
        self._router = router
        self._desks, self._duties = desks, duties
        self._allowed = tuple(ipaddress.ip_network(one, strict=False) for one in allowed)
        self._budget_s, self._most = budget_s, most_at_once
        self._clock = clock
        self._talks: set[asyncio.Task[None]] = set()
        self._answers: set[asyncio.Task[Any]] = set()
        self._state: State = "connecting"
        self._since, self._detail = clock(), ""
        self.asked = self.told = self.late = self.refused = 0

    def health(self) -> Health:
        """Whether it listens, in words."""
        return Health(state=self._state, since=self._since, detail=self._detail)

    async def run(self) -> None:
        """Listen until cancelled; an address that is taken is tried again."""
        pauses = backoff()
        try:
            while True:
                try:
                    server = await asyncio.start_server(
                        self._take, self._host, self._port, limit=HEADER_LIMIT, backlog=BACKLOG
                    )
                except OSError as error:
                    self._set("down", f"{self._host}:{self._port} cannot be listened on: {error.strerror or error}")
                    await asyncio.sleep(next(pauses))
                    continue
                self._set("up", "")
                async with server:
                    await server.serve_forever()
        finally:
            self._set("off", "stopped")
            for task in (*self._talks, *self._answers):
                task.cancel()
            await asyncio.gather(*self._talks, *self._answers, return_exceptions=True)

    def _set(self, state: State, detail: str) -> None:
        if (state, detail) != (self._state, self._detail):
            self._state, self._detail, self._since = state, detail, self._clock()
            log.info("agi", state=state, detail=detail)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= self._most or not self._may_ask(writer):
            self.refused += 1
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer), name="agi")
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)

    def _may_ask(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        if not peer:  # gone already
            return False
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._allowed)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end."""
        try:
            with contextlib.suppress(*_ENDS):
                async with asyncio.timeout(self._budget_s) as limit:
                    lines = environment(await reader.readuntil(b"\n\n"))
                    if lines.get("agi_network_script") == PROBE:
                        await _command(reader, writer, PROBED)
                    elif self._desks is not None and (wish := desk_question(lines)) is not None:
                        limit.reschedule(asyncio.get_running_loop().time() + DESK_S)
                        word = await self._whole(self._desk(self._desks, wish), "agi-desk")
                        await _command(reader, writer, f'SET VARIABLE TRUBKA_DESK "{word}"')
                    elif self._duties is not None and (code := duty_question(lines)) is not None:
                        limit.reschedule(asyncio.get_running_loop().time() + DESK_S)
                        done = await self._whole(self._duty(self._duties, code), "agi-duty")
                        await _command(reader, writer, f'SET VARIABLE TRUBKA_DUTY "{"ok" if done else "no"}"')
                    elif (asked := question(lines)) is not None:
                        await self._answer(asked, reader, writer)
        finally:
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()
            writer.close()

    async def _answer(self, asked: RouteQuestion, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        told: RouteAnswer | None = None
        try:
            if len(self._answers) >= self._most:
                return
            answer = await self._whole(self._search(asked), "agi-search")
            for command in commands(answer):
                await _command(reader, writer, command)
            told = answer
            self.told += 1
        finally:
            self.late += told is None
            self._router.settled(asked, told)

    async def _whole(self, work: Coroutine[Any, Any, Answer], name: str) -> Answer:
        """What this comes to; when the dialplan waits no longer it is done to its end all the same."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        return await asyncio.shield(task)

    async def _desk(self, desks: Desks, wish: DeskQuestion) -> DeskWord:
        try:
            return await desks.desk(wish)
        except CtiError as error:
            log.warning("nobody could be seated", reason=str(error))
            return "no"

    async def _duty(self, duties: Duties, code: DutyQuestion) -> bool:
        try:
            return await duties.duty(code)
        except CtiError as error:
            log.warning("a code was not carried out", reason=str(error))
            return False

    async def _search(self, asked: RouteQuestion) -> RouteAnswer:
        try:
            return await self._router.route(asked)
        except CtiError as error:
            log.warning("no answer for the dialplan", call=asked.call, reason=str(error))
            raise ValueError("no answer") from error
        except Exception as error:  # the caller goes on, whatever happened here
            log.error("no answer for the dialplan", call=asked.call, error=type(error).__name__, exc_info=True)
            raise ValueError("no answer") from error


async def probe(host: str, port: int) -> bool:
    """Whether a server of ours answers there. Raises OSError, and TimeoutError for one that is mute."""
    async with asyncio.timeout(PROBE_S):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"agi_network_script: {PROBE}\n\n".encode())
            return await reader.readline() == f"{PROBED}\n".encode()
        finally:
            writer.close()


def environment(text: bytes) -> dict[str, str]:
    """The `agi_*` lines that Asterisk sends first; others are left out."""
    pairs = (line.partition(": ") for line in text.decode("utf-8", "replace").split("\n"))
    return {name: value.strip() for name, _, value in pairs if name.startswith("agi_")}


def question(lines: dict[str, str]) -> RouteQuestion | None:
    """What is asked; None for a script that is not ours or a request without a call."""
    script = SCRIPT.fullmatch(lines.get("agi_network_script", ""))
    call = lines.get("agi_arg_1") or lines.get("agi_uniqueid", "")
    if script is None or not _WORD.fullmatch(call):
        return None
    shown = lines.get("agi_callingpres", "0")
    hidden = shown.isdecimal() and int(shown[:4]) & 0x60 == WITHHELD
    number = lines.get("agi_callerid", "")
    return RouteQuestion(number=None if hidden or number in ("", "unknown") else number, call=call, pbx=script[1] or "")


def desk_question(lines: dict[str, str]) -> DeskQuestion | None:
    """Who sits down at which phone; None for another script. The phone is that of the channel, nobody names it."""
    script = DESK.fullmatch(lines.get("agi_network_script", ""))
    device = endpoint_of(lines.get("agi_channel", ""))
    if script is None or not _WORD.fullmatch(device):
        return None
    sits, pbx = script[1] == "sit", script[2] or ""
    extension, pin = (lines.get(f"agi_arg_{place}", "") if sits else "" for place in (1, 2))
    if (sits and not _DIGITS.fullmatch(extension)) or (pin and not _DIGITS.fullmatch(pin)):
        return None
    return DeskQuestion(device=device, extension=extension, pin=pin, pbx=pbx)


def duty_question(lines: dict[str, str]) -> DutyQuestion | None:
    """What an agent dialled at which phone; None for another script. The phone is that of the channel."""
    script = DUTY.fullmatch(lines.get("agi_network_script", ""))
    device, digit = endpoint_of(lines.get("agi_channel", "")), lines.get("agi_arg_1", "")
    if script is None or not _WORD.fullmatch(device):
        return None
    wish: DutyWish = script[1]  # type: ignore[assignment] # the pattern's own words
    if wish == "pause" and not (len(digit) == 1 and _DIGITS.fullmatch(digit)):
        return None
    return DutyQuestion(device=device, wish=wish, reason=digit if wish == "pause" else "", pbx=script[2] or "")


def commands(answer: RouteAnswer) -> Iterator[str]:
    """The answer as AGI commands: what is empty is left out."""
    told = (
        ("CALLER", answer.caller),
        ("NAME", plain(answer.name)),
        ("PRIORITY", str(answer.priority) if answer.priority else ""),
        ("TAGS", " ".join(tag for tag in answer.tags if _WORD.fullmatch(tag))),
        ("EXTENSION", answer.extension if _WORD.fullmatch(answer.extension) else ""),
        ("DEVICE", answer.device if _WORD.fullmatch(answer.device) else ""),
        ("LIST", answer.listed),
    )
    return (f'SET VARIABLE TRUBKA_{name} "{value}"' for name, value in told if value)


def plain(text: str) -> str:
    """Somebody's text as a value: the one place that makes it safe for an AGI line and for a dialplan that reads it.

    One line, no quotes and no backslash, no `${` or `$[` that a careless dialplan could be made to carry out, cut to
    LONGEST_TEXT.
    """
    one_line = "".join(" " if unicodedata.category(letter) in _CONTROL else letter for letter in text)
    unquoted = re.sub(r'["\\`]', "", one_line)
    harmless = re.sub(r"\$[\s$]*(?=[{\[])", "", unquoted)
    return " ".join(harmless.split())[:LONGEST_TEXT].strip()


async def _command(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: str) -> None:
    """Send a command and read Asterisk's answer. Raises ValueError when it is not a 200."""
    writer.write(f"{command}\n".encode())
    reply = await reader.readline()
    if not reply.startswith(b"200 "):
        raise ValueError("the PBX does not take the answer")
