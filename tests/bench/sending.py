"""Letters with a 30 KB attachment through one connection: claimed, made, handed over to a real server and kept."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from cti.messages.letter import Attachment
from cti.storage import outbox
from tests.bench import SHORT, report
from tests.channels.smtp_peer import smtp_peer
from tests.features.post_office import post_office

LETTERS = 20 if SHORT else 500
PRICES = os.urandom(30_000)


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        asyncio.run(_measure(int(ours.recv())))
        ours.send("how many")
        letters, connections = ours.recv()
        assert letters == LETTERS
        report("connections of all the letters", connections, "connections", limit="1")
    finally:
        server.terminate()
        server.join()


def _serve(pipe: Connection) -> None:
    """The mail server, in a process of its own as mail servers are."""
    with smtp_peer() as peer:
        pipe.send(peer.port)
        pipe.recv()
        pipe.send((len(peer.letters), peer.connections))
        pipe.recv()


async def _measure(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        digest = hashlib.sha256(PRICES).hexdigest()
        await asyncio.to_thread(Path(folder, digest).write_bytes, PRICES)
        prices = Attachment(name="Прайс.pdf", media_type="application/pdf", size=len(PRICES), sha256=digest)
        async with post_office(Path(folder), port) as office:
            rows = [await office.letter(files=(prices,), next_at=None) for _ in range(LETTERS)]
            async with office.db.write() as conn:
                for one in rows:
                    await outbox.move(conn, one, ("waiting",), next_at=1.0)
            begun, used = time.perf_counter(), time.process_time()
            office.post.wake()
            await office.until(rows[-1], lambda one: one.state == "sent", within_s=120, every_s=0.2)
            taken, used = time.perf_counter() - begun, time.process_time() - used
        report(f"{LETTERS} letters of 30 KB through one connection", LETTERS / taken, "letters/s", limit=">= 50")
        report("processor time of a letter", used / LETTERS * 1000, "ms")
