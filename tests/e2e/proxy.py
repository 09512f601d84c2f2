"""A TCP wire that a test can cut: between the server and the PBX's manager interface, or a browser and the server."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from types import TracebackType
from typing import Self


class Proxy:
    """Passes bytes to 127.0.0.1:target; drop() cuts all links, refuse keeps new ones out, silent swallows all bytes.

    tls: links come by TLS and go on plainly, as behind nginx; a page's origin is then told as the server knows itself.
    """

    def __init__(self, target: int, *, tls: ssl.SSLContext | None = None) -> None:
        self._target = target
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.refuse = False
        self.silent = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._link, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """Cut every link at once."""
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                if self.silent:
                    continue
                writer.write(data.replace(b"Origin: https:", b"Origin: http:") if self._tls else data)
                await writer.drain()
        finally:
            writer.transport.abort()


class LateClock(Proxy):
    """A wire on which the PBX's clock is `ahead_s` ahead: in each event and in each answer that tells the time."""

    def __init__(self, target: int, ahead_s: float) -> None:
        super().__init__(target)
        self._ahead_s = ahead_s

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                name, colon, text = line.partition(b": ")
                if name == b"Timestamp" and colon:
                    line = b"Timestamp: %.6f\r\n" % (float(text) + self._ahead_s)
                writer.write(line)
                await writer.drain()
        finally:
            writer.transport.abort()
