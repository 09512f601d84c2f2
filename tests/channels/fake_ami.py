"""A PBX's manager interface for tests: what a real Asterisk will not do on demand.

Reads actions as Asterisk does (a lone line feed also ends a line), so what it counts is what a PBX would have executed.
Knobs: `silent`, `boots`, `challenge`, `deaf`, `hangs_up`, `records`; `answers[name]` replaces the answer to one action.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import time
from collections.abc import Callable
from typing import Self

Action = dict[str, str]
Reply = Callable[[Action], bytes | None]

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE = "840415273"


def event(name: str, **headers: str) -> bytes:
    """An event as bytes."""
    return frame(Event=name, **headers)


def frame(**headers: str) -> bytes:
    """A message as bytes."""
    return "".join(f"{key}: {value}\r\n" for key, value in headers.items()).encode() + b"\r\n"


def listing(action: Action, done: str, *items: bytes) -> bytes:
    """An answer that is a list: each item gets the ActionID."""
    mark = f"ActionID: {action['ActionID']}\r\n".encode()
    start = b"Response: Success\r\n" + mark + b"EventList: start\r\nMessage: will follow\r\n\r\n"
    body = b"".join(item.removesuffix(b"\r\n") + mark + b"\r\n" for item in items)
    return start + body + b"Event: " + done.encode() + b"\r\n" + mark + b"EventList: Complete\r\n\r\n"


def said(action: Action, response: str = "Success", **headers: str) -> bytes:
    """A plain answer."""
    return frame(Response=response, ActionID=action["ActionID"], **headers)


class FakeAmi:
    """A server on a port of its own. actions: all it was told, in order; raw: every byte of it."""

    def __init__(
        self, *, secret: str = "s3cret", tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.secret = secret
        self.host, self.port = host, port
        self.actions: list[Action] = []
        self.raw = bytearray()
        self.connections = 0
        self.silent = False
        self.boots = True
        self.challenge = True
        self.deaf = False
        self.hangs_up = False
        self.records = True
        self.answers: dict[str, Reply] = {}
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the port of before if there was one."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server:
            await self._server.wait_closed()

    @property
    def open(self) -> int:
        """Connections that are up now."""
        return len(self._peers)

    def cut(self) -> None:
        """Break every connection."""
        for peer in self._peers:
            peer.transport.abort()
        self._peers.clear()

    def told(self, name: str) -> list[Action]:
        """The actions of one name."""
        return [action for action in self.actions if action.get("Action") == name]

    def send(self, data: bytes, *, piece: int = 0) -> None:
        """Say something to everybody, in pieces of so many bytes."""
        for peer in self._peers:
            step = piece or len(data) or 1
            for at in range(0, len(data), step):
                peer.write(data[at : at + step])

    async def flush(self) -> None:
        """Until all that was said has left."""
        for peer in list(self._peers):
            with contextlib.suppress(ConnectionError):
                await peer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self.hangs_up:
            writer.transport.abort()
            return
        self._peers.add(writer)
        try:
            writer.write(BANNER)
            await self._listen(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._peers.discard(writer)
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        action: Action = {}
        while not self.deaf and (line := await reader.readline()):
            if self.records:
                self.raw += line
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if text:
                key, _, value = text.partition(": ")
                action[key] = value
            elif action:
                if self.records:
                    self.actions.append(action)
                if not self.silent:
                    writer.write(self._answer(action) or b"")
                action = {}
        if self.deaf:
            await asyncio.get_running_loop().create_future()

    def _answer(self, action: Action) -> bytes | None:
        name = action.get("Action", "")
        if name in self.answers:
            return self.answers[name](action)
        if name == "Login":
            return self._login(action)
        if name == "Challenge" and self.challenge:
            return said(action, Challenge=CHALLENGE)
        if name == "Ping":
            return said(action, Ping="Pong", Timestamp=f"{time.time():.6f}")
        if name in LISTS:
            return listing(action, LISTS[name])
        if name in PLAIN:
            return said(action, Message=PLAIN[name])
        return said(action, "Error", Message="Invalid/unknown command")

    def _login(self, action: Action) -> bytes:
        key = hashlib.md5(f"{CHALLENGE}{self.secret}".encode()).hexdigest()
        if action.get("Key") != key and action.get("Secret") != self.secret:
            return said(action, "Error", Message="Authentication failed")
        booted = event("FullyBooted", Privilege="system,all", Status="Fully Booted") if self.boots else b""
        return said(action, Message="Authentication accepted") + booted


LISTS = {
    "CoreShowChannels": "CoreShowChannelsComplete",
    "QueueStatus": "QueueStatusComplete",
    "BridgeList": "BridgeListComplete",
    "BridgeInfo": "BridgeInfoComplete",
    "DeviceStateList": "DeviceStateListComplete",
}
PLAIN = {
    "Originate": "Originate successfully queued",
    "Hangup": "Channel Hungup",
    "QueueAdd": "Added interface to queue",
    "QueueRemove": "Removed interface from queue",
    "QueuePause": "Interface paused successfully",
    "PlayDTMF": "DTMF successfully queued",
    "Redirect": "Redirect successful",
    "BlindTransfer": "Transfer succeeded",
    "Atxfer": "Atxfer successfully queued",
    "UserEvent": "Event Sent",
}
