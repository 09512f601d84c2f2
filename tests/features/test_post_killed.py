"""Letters leave once and rules do each thing once, whenever the server is killed: none doubled, none lost (F-40)."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import time
from collections import Counter
from functools import partial
from pathlib import Path

from sqlalchemy import select

from cti.messages.rules import Given, Rule
from cti.storage import calls, event_rules, templates
from cti.storage import outbox as post
from cti.storage.client_tables import client_emails, clients
from cti.storage.contact_tables import client_tasks
from cti.storage.database import Database
from cti.storage.sending_tables import outbox, rule_runs
from cti.telephony.events import CallRecord, Party
from tests.channels.smtp_peer import Peer, smtp_peer
from tests.features.killed import serve_and_kill
from tests.features.post_office import add_letter, base_with_box
from tests.storage.conftest import ANNA

ROUNDS = 12 if os.environ.get("SOAK") else 2
EVENTS = 20  # before each start of the server
BY_HAND = 20  # letters that people wrote


async def missed(db: Database, begin: int) -> None:
    """Calls in vain of as many clients, each with an address, while the server is down."""
    now = time.time()
    async with db.write() as conn:
        for place in range(begin, begin + EVENTS):
            name = {"name": f"Клиент {place}", "name_folded": f"клиент {place}", "search": ""}
            row = clients.insert().values(name | {"created_at": now, "updated_at": now}).returning(clients.c.id)
            client, address = (await conn.execute(row)).scalar_one(), f"c{place}@alkhimov.example"
            await conn.execute(client_emails.insert().values(client_id=client, address=address, folded=address))
            caller = Party(number=f"79355{place:06}", name="")
            record = CallRecord(
                call=f"call-{place}", direction="inbound", caller=caller, called="74950000001", queue="sales",
                started=now - 2, ended=now - 1, outcome="no-answer",
            )  # fmt: skip
            await calls.save(conn, record, number=f"+{caller.number}", client_id=client, user_id=None)


async def office(folder: Path, port: int) -> Database:
    """A base with letters that wait, and a rule at work: to each missed call a letter, and a task."""
    db, box = await base_with_box(folder, port)
    async with db.write() as conn:
        text = {"name": "т", "channel": "email", "language": "ru", "subject": "{{client.name}}", "body": "<p>Да</p>"}
        template = await templates.add(conn, text, [], 1.0, ANNA)
        rule = Rule(
            id=0, name="Пропущенный", event="missed-call", given=Given(), channel="email", mailbox_id=box,
            template_id=template, task="Перезвонить: {{client.name}}", delay_s=0, hours=None, enabled_at=None,
            version=1, user_id=ANNA,
        )  # fmt: skip
        await event_rules.enable(conn, await event_rules.add(conn, rule, ANNA, 1.0), time.time() - 3600)
    for place in range(BY_HAND):
        await add_letter(db, box, now=time.time(), subject=f"Письмо {place}")
    return db


async def test_F_40_a_kill_at_any_point_doubles_nothing(tmp_path: Path) -> None:
    """While a rule fires, before, in and after the hand-over of a letter; calls come while the server is down."""
    chance = random.Random(40)
    with smtp_peer() as peer:
        db, total = await office(tmp_path, peer.port), 0
        base = sqlite3.connect(f"file:{tmp_path / 'trubka.db'}?mode=ro", uri=True, check_same_thread=False)

        def fired(count: int) -> bool:  # by the first that is seen of it: what is written after that may be lost
            return int(base.execute("SELECT count(*) FROM client_tasks").fetchone()[0]) >= count

        def left(count: int) -> bool:
            return len(peer.letters) >= count + BY_HAND

        def settled(count: int) -> bool:
            return fired(count) and not waits(base)

        for moment in [(fired, left)[place % 2] for place in range(ROUNDS)] + [settled]:
            if moment is not settled:
                await missed(db, total)
                total += EVENTS
            count = total if moment is settled else total - chance.randrange(1, EVENTS)
            await asyncio.to_thread(serve_and_kill, tmp_path, partial(moment, count))
            async with db.write() as conn:
                assert len(await post.interrupted(conn, ())) <= 1, "at most one window of letters is unknown"
        base.close()
        await once_each(db, peer, total)
        await db.close()


def waits(base: sqlite3.Connection) -> bool:
    """Whether a letter of the rule has yet to leave."""
    going = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')"
    return bool(base.execute(going).fetchone()[0])


async def once_each(db: Database, peer: Peer, total: int) -> None:
    """One run, one letter and one task of each event; each letter came once, or it is told that nobody knows."""
    async with db.read() as conn:
        done = (await conn.execute(select(rule_runs.c.key, rule_runs.c.outcome))).all()
        letters = (await conn.execute(select(outbox.c.subject, outbox.c.state))).all()
        tasks = list((await conn.execute(select(client_tasks.c.what))).scalars())
    names = [f"Клиент {place}" for place in range(total)]
    wrote = [f"Письмо {place}" for place in range(BY_HAND)]
    assert sorted(done) == sorted((f"call:call-{place}", "queued") for place in range(total))
    assert sorted(subject for subject, _ in letters) == sorted(names + wrote)
    assert sorted(tasks) == sorted(f"Перезвонить: {name}" for name in names)
    came = Counter(str(one.read["Subject"]) for one in peer.letters)
    assert set(came.values()) == {1}, "nothing came twice"
    unknown = {subject for subject, state in letters if state == "unknown"}
    assert {subject for subject, state in letters if state == "sent"} <= set(came), "nothing was lost"
    assert {*names, *wrote} - unknown <= set(came)
