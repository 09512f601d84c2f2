"""An SMSC behind TLS: it proves who it is before a password leaves."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from lab.smsc import Smsc
from tests.channels.sms.smpp_house import house, out, until
from tests.channels.test_ami_tls import certificate


@contextlib.asynccontextmanager
async def behind(tls: ssl.SSLContext, port: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port with TLS that leads to another; and what came over it."""
    told: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, note: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                if note:
                    told.append(piece)
                writer.write(piece)
        writer.transport.abort()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        tasks.add(asyncio.create_task(carry(reader, back, note=True)))
        tasks.add(asyncio.create_task(carry(there, writer, note=False)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], told
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_goes_is_encrypted_where_the_certificate_is_good(peer: Smsc, tmp_path: Path) -> None:
    serves, file = certificate(tmp_path)
    trusts = ssl.create_default_context(cafile=str(file))
    async with behind(serves, peer.port) as (port, told), house(port, tls=True, trusts=trusts) as one:
        assert (await one.line.send(out("Hi")))[0].state == "accepted"
    assert told


async def test_no_password_leaves_where_it_is_not(peer: Smsc, tmp_path: Path) -> None:
    serves, _ = certificate(tmp_path)
    async with behind(serves, peer.port) as (port, told), house(port, tls=True, up=False) as one:
        await until(lambda: one.found)
        assert one.found[0].startswith("certificate|")
        assert not told
