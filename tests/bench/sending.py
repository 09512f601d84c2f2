"""Letters with a 30 KB attachment through one connection: claimed, made, handed over to a real server and kept."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from pathlib import Path

from cti.messages.letter import Attachment
from cti.storage import outbox
from tests.bench import SHORT, report
from tests.channels.smtp_peer import smtp_peer
from tests.features.post_office import post_office

LETTERS = 20 if SHORT else 500
PRICES = os.urandom(30_000)


def main() -> None:
    asyncio.run(_measure())


async def _measure() -> None:
    with tempfile.TemporaryDirectory() as folder, smtp_peer() as peer:
        digest = hashlib.sha256(PRICES).hexdigest()
        await asyncio.to_thread(Path(folder, digest).write_bytes, PRICES)
        prices = Attachment(name="Прайс.pdf", media_type="application/pdf", size=len(PRICES), sha256=digest)
        async with post_office(Path(folder), peer.port) as office:
            rows = [await office.letter(files=(prices,), next_at=None) for _ in range(LETTERS)]
            async with office.db.write() as conn:
                for one in rows:
                    await outbox.move(conn, one, ("waiting",), next_at=1.0)
            begun = time.perf_counter()
            office.post.wake()
            await office.state(rows[-1], "sent", within_s=120)
            taken = time.perf_counter() - begun
        assert len(peer.letters) == LETTERS
        report(f"{LETTERS} letters of 30 KB through one connection", LETTERS / taken, "letters/s", limit=">= 50")
        report("connections", peer.connections, "", limit="1")
