"""SMS leave once, whenever the server is killed: none doubled, none without a state, at most a window unknown."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from cti.cli.sample_gateway import open_at
from cti.storage import sms as messages
from cti.storage.sms_tables import sms
from lab.smsc import PASSWORD, smsc
from tests.features.killed import serve_and_kill
from tests.made import new_database
from tests.storage.conftest import ANNA, add_cast

MANY, WINDOW = 90, 20


async def test_a_kill_doubles_no_sms_and_leaves_at_most_a_window_unknown(tmp_path: Path) -> None:
    """Killed while they leave; started again, it sends the others; nothing of it is said twice to an SMSC."""
    with smsc(tmp_path / "sent.jsonl") as far:
        db = await new_database(tmp_path)
        await add_cast(db)
        async with db.write() as conn:
            await open_at(conn, far.port, PASSWORD, tmp_path)
            for place in range(MANY):
                text = {"key": f"kill:{place}", "number": f"+79355{place:06}", "text": f"{place}", "user_id": ANNA}
                await messages.add(conn, text, time.time())
        await db.close()
        base = sqlite3.connect(f"file:{tmp_path / 'trubka.db'}?mode=ro", uri=True, check_same_thread=False)

        def came() -> int:
            return (tmp_path / "sent.jsonl").read_text().count("\n") if (tmp_path / "sent.jsonl").exists() else 0

        def over() -> bool:
            waits = "SELECT count(*) FROM sms WHERE state IN ('queued', 'sending')"
            return not base.execute(waits).fetchone()[0]

        await asyncio.to_thread(serve_and_kill, tmp_path, lambda: came() >= MANY // 3)
        await asyncio.to_thread(serve_and_kill, tmp_path, over)
        base.close()
        sent = Counter(json.loads(line)["text"] for line in (tmp_path / "sent.jsonl").read_text().splitlines())
    db = await new_database(tmp_path)
    async with db.read() as conn:
        states = {row.text: row.state for row in await conn.execute(select(sms.c.text, sms.c.state))}
    await db.close()
    unknown = {text for text, state in states.items() if state == "unknown"}
    assert set(sent.values()) == {1}, "nothing came twice"
    assert len(unknown) <= WINDOW
    assert set(states) - unknown <= set(sent), "nothing was lost"
