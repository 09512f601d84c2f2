"""Letters: finding words in a million of them by whoever may see a part, and a mailbox of 100,000 opened first.

BENCH_POSTGRESQL=1: the same on PostgreSQL, which is filled anew each time.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.access import Person
from cti.messages.words import words_of
from cti.storage import conversation_lists, letter_search
from cti.storage.database import Database, open_database
from cti.storage.mail_tables import (
    conversation_boxes,
    conversations,
    letter_people,
    letter_places,
    letter_words,
    letters,
    mail_folders,
    mailbox_people,
    mailboxes,
)
from cti.storage.tables import users
from tests.bench import SHORT, keep, percentile, report, shelf
from tests.storage.postgres import running_cluster
from tests.web.panel import panel, quick_hash
from tests.web.visitor import Visitor

LETTERS = 3_000 if SHORT else 1_000_000
BOX = 300 if SHORT else 100_000  # letters of one mailbox
ASKED = 20 if SHORT else 300
BATCH = 20_000
ROUNDS = 2 if SHORT else 20
NOW = 1_795_000_000.0
YEARS_S = 3 * 365 * 86_400.0
COMMON = (
    "счет", "договор", "прайс", "заказ", "доставка", "оплата", "письмо", "добрый", "день", "спасибо", "вопрос", "срок",
    "цена", "партия", "акт",
)  # fmt: skip


def main() -> None:
    """Fill once, ask as people do."""
    if os.environ.get("BENCH_POSTGRESQL"):
        with running_cluster() as cluster:
            asyncio.run(_both(cluster.create()))
        return
    kept = shelf(f"letters-{LETTERS}")
    if not (kept / "trubka.db").exists():
        shutil.rmtree(kept, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="trubka-bench-"))
        asyncio.run(_fill(f"sqlite+aiosqlite:///{making / 'trubka.db'}"))
        keep(making, kept)
    asyncio.run(_ask(f"sqlite+aiosqlite:///{kept / 'trubka.db'}"))
    asyncio.run(_page(kept))


async def _both(url: str) -> None:
    await _fill(url)
    await _ask(url)


async def _fill(url: str) -> None:
    db = await open_database(url)
    rng = random.Random(3)
    dictionary = [f"{first}{last}" for first in _parts(rng, 400) for last in _parts(rng, 100)]
    boxes = LETTERS // BOX
    async with db.write() as conn:
        person = {"role": "agent", "created_at": 0.0, "password_hash": quick_hash()}
        people = [{"login": f"u{n}", "name": f"U{n}", **person} for n in range(1, 4)]
        await conn.execute(insert(users), people)
        host = {
            "imap_host": "x",
            "imap_port": 993,
            "smtp_host": "x",
            "smtp_port": 465,
            "created_at": 0.0,
            "paused_at": 0.0,
        }
        rows = [
            {"id": n, "name": f"B{n}", "address": f"b{n}@house.example", "kind": "shared", "login": "x", **host}
            for n in range(1, boxes + 1)
        ]
        await conn.execute(insert(mailboxes), rows)
        inboxes = [{"id": n, "mailbox_id": n, "name": "Inbox", "role": "inbox"} for n in range(1, boxes + 1)]
        await conn.execute(insert(mail_folders), inboxes)
        await conn.execute(insert(mailbox_people), [{"mailbox_id": 1, "user_id": 1}])
        members = [{"mailbox_id": n, "user_id": 2} for n in range(1, boxes + 1)]
        await conn.execute(insert(mailbox_people), members)
    for start in range(1, LETTERS + 1, BATCH):
        await _some(db, range(start, min(start + BATCH, LETTERS + 1)), rng, dictionary, boxes)
    if db.is_sqlite:
        async with db.write() as conn:
            await conn.execute(text("INSERT INTO letter_fts (letter_fts) VALUES ('optimize')"))
    await db.close()


def _parts(rng: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield "".join(rng.choice("бвгдзклмнпрст") + rng.choice("аеиоу") for _ in range(2))


async def _some(db: Database, ids: range, rng: random.Random, dictionary: list[str], boxes: int) -> None:
    """Letters of two to a conversation, each with some fifty words: a third of them everybody's."""
    rows: dict[Any, list[dict[str, Any]]] = {
        one: [] for one in (conversations, letters, letter_people, letter_places, letter_words, conversation_boxes)
    }
    for n in ids:
        at, conversation, box = NOW - YEARS_S * (1 - n / LETTERS), (n + 1) // 2, (n // 2) % boxes + 1
        sender = f"u{n % 50_000}@firm{n % 5_000}.example"
        said = " ".join([*rng.choices(COMMON, k=8), *rng.choices(dictionary, k=40), sender, f"№{n}"])
        if n % 2:
            state = "new" if n > LETTERS - 400 else "done"
            rows[conversations].append(
                {"id": conversation, "mailbox_id": box, "subject": f"Счёт {n}", "state": state, "state_at": at,
                 "last_at": at, "letters": 2}
            )  # fmt: skip
            listed = {"conversation_id": conversation, "mailbox_id": box, "state": state, "last_at": at}
            rows[conversation_boxes].append(listed)
        rows[letters].append(
            {"id": n, "message_id": f"{n}@x", "sha256": f"{n:064d}", "direction": "in", "subject": f"Счёт {n}",
             "sender": sender, "sent_at": at, "received_at": at, "size": 9000, "snippet": said[:200],
             "conversation_id": conversation}
        )  # fmt: skip
        rows[letter_people].append({"letter_id": n, "position": 0, "role": "from", "address": sender, "folded": sender})
        rows[letter_places].append({"folder_id": box, "uid": n, "mailbox_id": box, "letter_id": n, "seen": True})
        rows[letter_words].append({"id": letter_search.key_of(n, at), "letter_id": n, "words": words_of([said])})
    async with db.write() as conn:
        for table, some in rows.items():
            await (conn.execute(insert(table), some) if db.is_sqlite else _copied(conn, table, some))


async def _copied(conn: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Rows into PostgreSQL by COPY: half an hour becomes minutes."""
    raw: Any = (await conn.get_raw_connection()).driver_connection
    await raw.copy_records_to_table(table.name, records=[tuple(one.values()) for one in rows], columns=list(rows[0]))


async def _ask(url: str) -> None:
    db = await open_database(url)
    rng = random.Random(8)
    async with db.read() as conn:
        known = (await conn.execute(text("SELECT words FROM letter_words WHERE letter_id % 997 = 0"))).scalars().all()
    one_box = Person(id=1, login="u1", name="U1", role="agent")  # a tenth of the letters
    all_boxes = Person(id=2, login="u2", name="U2", role="agent")
    nobody = Person(id=3, login="u3", name="U3", role="agent")
    questions = list(_questions(rng, known))
    for name, person in (("all mailboxes", all_boxes), ("one of ten", one_box), ("none", nobody)):
        took = []
        for q in questions:
            began = time.perf_counter()
            async with db.read() as conn:
                await letter_search.find(conn, person, q)
            took.append((time.perf_counter() - began) * 1000)
        for part in (0.5, 0.99):
            limit = "<= 100 ms" if part == 0.99 else ""
            report(f"mail search, {name}, p{part * 100:g}", percentile(took, part), "ms", limit=limit)
    took = []
    for _ in range(20):
        began = time.perf_counter()
        async with db.read() as conn:
            await conversation_lists.listed(conn, [1], now=NOW)
            await conversation_lists.counts(conn, [1])
        took.append((time.perf_counter() - began) * 1000)
    report(f"mailbox of {BOX} letters opened", percentile(took, 0.99), "ms", limit="<= 1000 ms")
    await db.close()


async def _page(kept: Path) -> None:
    """The page as a browser asks for it: all that one sees, one mailbox, its folder, the end of a list."""
    async with panel(kept, filled=True) as running, Visitor(running, "u2") as visitor:
        for name, address in (
            ("first", "/mail?view=all"),
            ("one mailbox", "/mail?view=all&box=1"),
            ("a folder", "/mail?view=all&box=1&folder=1"),
            ("done", "/mail?view=done&box=1"),
        ):
            took = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                answer = await visitor.get(address)
                took.append((time.perf_counter() - began) * 1000)
                assert answer.status == 200
                assert "Счёт" in answer.text, "the list is empty"
            most = f"page of a mailbox of {BOX} letters, {name}"
            report(f"{most}, the first time", took[0], "ms", limit="<= 1000 ms")
            report(f"{most}, half", percentile(took, 0.5), "ms")


def _questions(rng: random.Random, known: list[str]) -> Iterator[str]:
    """One word or several, common or rare, whole or begun, an address; some that are nowhere."""
    for number in range(ASKED):
        words = rng.choice(known).split()
        rare = [one for one in words if one not in COMMON]
        match number % 6:
            case 0:
                yield rng.choice(COMMON)
            case 1:
                yield " ".join(rng.sample(COMMON, 3))
            case 2:
                yield f"{rng.choice(COMMON)} {rng.choice(rare)}"
            case 3:
                yield rng.choice(rare)[:4]
            case 4:
                yield f"u{rng.randrange(50_000)}@firm{rng.randrange(5_000)}.example"
            case _:
                yield " ".join(rng.sample(rare, 2)) + " нигде"[: 6 * (number % 2)]
