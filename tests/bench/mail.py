"""Mailboxes followed at a real Dovecot: letters taken in, how soon a new one is there, what many mailboxes cost."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cti.storage.mail_tables import letters
from tests.bench import SHORT, percentile, report
from tests.bench.letters import beside
from tests.channels.links import resident_kib
from tests.channels.mail_peers import ANNA, letter, outlook, post_office
from tests.features.mailroom import Mailroom, mailroom
from web.serving import OF_MAILBOX

LETTERS = 50 if SHORT else 2000
LARGE = 100 if SHORT else 100_000
NEW = 2 if SHORT else 30
BOXES = 3 if SHORT else 200
LARGE_BYTES = (1 if SHORT else 18) << 20  # 18 MiB of a file are 25 MiB of a letter
TEXT = "Добрый день! Пришлите, пожалуйста, прайс-лист на октябрь. " * 20
PRICES = os.urandom(20_000)


def main() -> None:
    for measure in (_take_in, _large_mailbox, _many_mailboxes):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(Path(folder)))


def _ordinary(count: int) -> Iterator[bytes]:
    now = datetime.now(UTC)
    for number in range(count):
        files = [("Прайс.pdf", PRICES)] if number % 5 == 0 else []
        at = now - timedelta(minutes=number)
        yield letter(message_id=f"<{number}@alkhimov.example>", text=TEXT, files=files, at=at)


def _short(count: int) -> Iterator[bytes]:
    raw = letter(message_id="<NUMBER@alkhimov.example>", text="x")
    return (raw.replace(b"NUMBER", str(number).encode()) for number in range(count))


async def _take_in(folder: Path) -> None:
    with post_office(ANNA) as office:
        office.fill(ANNA, _ordinary(LETTERS))
        async with mailroom(office, folder) as room:

            async def taken() -> None:
                await room.followed(await room.add(ANNA))

            room.within_s = 600
            took, late = await beside(taken)
            report(f"{LETTERS} letters taken in", await room.letters() / took, "letters/s", limit=">= 100")
            report("taken in: loop late, 99 of 100", percentile(late, 0.99) * 1000, "ms", limit="< 50")
            times = [await _new(room, f"<new{number}@alkhimov.example>") for number in range(NEW)]
            report("a new letter at the desk, half", percentile(times, 0.5), "s")
            report("a new letter at the desk, 99 of 100", percentile(times, 0.99), "s", limit="<= 2")
            large = letter(message_id="<large@alkhimov.example>", files=[("a.bin", os.urandom(LARGE_BYTES))])
            took, late = await beside(lambda: _new(room, "<large@alkhimov.example>", large))
            report(f"a letter of {len(large) >> 20} MiB at the desk", took, "s")
            report("a large letter: loop late, 99 of 100", percentile(late, 0.99) * 1000, "ms", limit="< 50")


async def _new(room: Mailroom, message_id: str, raw: bytes = b"") -> float:
    """Seconds from the delivery of a letter until somebody is told of it."""
    before = len(room.desk.news)
    await asyncio.to_thread(room.office.deliver, raw or letter(message_id=message_id, text=TEXT), ANNA)
    delivered = time.time()

    async def there() -> bool:
        return len(room.desk.news) > before

    await room.until(there, 60)
    return max(room.desk.at[room.desk.news[-1]] - delivered, 0.001)


async def _large_mailbox(folder: Path) -> None:
    """The newest letters of a large mailbox are there soon; the rest follows."""
    with post_office(ANNA) as office:
        office.fill(ANNA, _short(LARGE))
        async with mailroom(office, folder) as room:
            await _new_mailbox_is_indexed(room)
            begun = time.perf_counter()
            await room.add(ANNA)

            async def some() -> bool:
                return await room.count(letters) > 0

            await room.until(some, 300)
            report(f"mailbox of {LARGE} letters: the newest 50", time.perf_counter() - begun, "s", limit="<= 1")
            report(
                f"mailbox of {LARGE} letters: a new one", await _new(room, "<new@alkhimov.example>"), "s", limit="<= 2"
            )


async def _new_mailbox_is_indexed(room: Mailroom) -> None:
    """A mail server has seen its mailbox before we do: that Dovecot lists it for the first time is not ours."""
    with outlook(room.office, ANNA) as she:
        await asyncio.to_thread(she.link.select_folder, "INBOX")
        await asyncio.to_thread(she.link.search, ["SINCE", datetime.now(UTC).date()])


async def _many_mailboxes(folder: Path) -> None:
    names = [f"box{number}@romashka.example" for number in range(BOXES)]
    with post_office(*names) as office:
        async with mailroom(office, folder) as room:
            before, files = resident_kib(), len(os.listdir("/proc/self/fd"))
            begun = time.perf_counter()
            boxes = [await room.add(name) for name in names]
            for box in boxes:
                await room.followed(box)
            report(f"{BOXES} mailboxes followed after", time.perf_counter() - begun, "s")
            files = len(os.listdir("/proc/self/fd")) - files
            report("file descriptors for each mailbox", files / BOXES, "files", limit=f"about {OF_MAILBOX}")
            report(f"{BOXES} mailboxes", (resident_kib() - before) / 1024 or 0.001, "MiB", limit="< 100")
