"""DP-01, DP-02: 10,000 recordings of faked age; each expired one goes with its file, nobody else's; held ones stay."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from cti.access import Person
from cti.channels.phone import recorded
from cti.errors import NotAllowed, Refused
from cti.features.recording_keeping import GRACE_S, RecordingKeeping
from cti.features.recordings import Recordings
from cti.storage import recording_chain, recordings
from cti.storage.database import Database
from cti.storage.recording_rules import DAY_S
from cti.storage.recording_tables import recordings as table
from cti.storage.spool import Spool
from cti.storage.tables import calls
from tests.made import new_database
from tests.storage.conftest import add_cast

PAVEL = Person(id=1, login="pavel", name="Pavel", role="admin")
BORIS = Person(id=2, login="boris", name="Boris", role="agent")
COUNT, NOW = 10_000, 1000 * DAY_S
QUEUES = ("sales", "support", None, "claims")


async def registry_is_done(db: Database) -> bool:
    async with db.read() as conn:
        return not await recordings.to_remove(conn)


async def test_DP_01_what_is_past_its_time_goes_and_nothing_else(tmp_path: Path) -> None:
    db, folder, clock = await new_database(tmp_path), tmp_path / "monitor", [NOW - 2 * GRACE_S]
    folder.mkdir()
    await add_cast(db)
    of: dict[str, tuple[str | None, float]] = {}
    async with db.write() as conn:
        rows = []
        for place in range(COUNT):
            age = (place * 7919) % 400 + 0.5
            of[f"c{place}"] = QUEUES[place % 4], age
            rows.append({"id": f"c{place}", "started_at": NOW - age * DAY_S, "outcome": "answered"})
            (folder / f"{place}.wav").write_bytes(b"x")
        for queue in QUEUES:
            mine = [row | {"queue": queue} for row in rows if of[row["id"]][0] == queue]
            await conn.execute(insert(calls), mine)
        told = [
            {"id": f"r{row['id']}", "call_id": row["id"], "pbx": "main", "file": f"{row['id'][1:]}.wav", "size": 1,
             "state": "there", "peaks": "ABC", "started_at": row["started_at"], "sha256": "0" * 64}
            for row in rows
        ]  # fmt: skip
        await conn.execute(insert(table), told)
        for one in told[:50]:
            link = {"day": "2026-11-27", "recording_id": one["id"], "size": 1, "sha256": "0" * 64, "made_from": ""}
            await recordings.chain(conn, link)
        await conn.execute(update(table).where(table.c.id.in_(["rc0", "rc4"])).values(held_at=1.0, held_why="court"))
        over = {"held_at": 1.0, "held_until": NOW - 1}
        await conn.execute(update(table).where(table.c.id == "rc8").values(over))
    gone = asyncio.Event()
    keeping = RecordingKeeping(db=db, gone=gone.set, clock=lambda: clock[0])
    registry = Recordings(
        db=db, spool=Spool(db), folders={"main": folder}, files=recorded, pbx_of=lambda _: "main",
        zone=ZoneInfo("Europe/Moscow"), clock=lambda: clock[0],
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        await keeping.keep_rule(BORIS, "", days=1, demanded=False, as_all=False)
    with pytest.raises(Refused):
        await keeping.keep_rule(PAVEL, "", days=0, demanded=False, as_all=False)
    await keeping.keep_rule(PAVEL, "", days=300, demanded=False, as_all=False)
    await keeping.keep_rule(PAVEL, "sales", days=30, demanded=True, as_all=False)
    await keeping.keep_rule(PAVEL, "claims", days=None, demanded=False, as_all=False)
    assert await keeping.expire() == 0, "a rule that is new deletes nothing for an hour"
    clock[0] = NOW
    limits = {"sales": 30.0, "claims": 1e9}
    past = {call for call, (queue, age) in of.items() if age > limits.get(queue or "", 300.0)}
    kept = {"c0", "c4"} & past
    due = await keeping.due("sales", 30)
    assert due.count + due.held == len([call for call in past if of[call][0] == "sales"])
    assert due.held == len(kept)
    late: list[float] = []

    async def watch() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - before - 0.01)

    watching = asyncio.create_task(watch())
    assert await keeping.expire() == len(past - kept)
    watching.cancel()
    assert gone.is_set()
    assert max(late) < 0.5
    running = asyncio.create_task(registry.run())
    deadline = time.monotonic() + 120
    async with asyncio.timeout(120):
        while len([*folder.iterdir()]) > COUNT - len(past - kept):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
            registry.remove_now()
        while True:
            if await registry_is_done(db):
                break
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with db.read() as conn:
        asked = select(table.c.call_id, table.c.state, table.c.why, table.c.peaks)
        found = {row.call_id: (row.state, row.why, row.peaks) for row in await conn.execute(asked)}
        links = [one async for one in recording_chain.links(conn)]
    assert {call for call, row in found.items() if row == ("deleted", "old", "")} == past - kept
    assert {call for call, row in found.items() if row == ("there", "", "ABC")} == {*of} - (past - kept)
    assert {path.stem for path in folder.iterdir()} == {call[1:] for call in {*of} - (past - kept)}
    assert len(links) == 50
    assert all(one.holds for one in links)
    await db.close()
