"""The way of a call and the client's mark: words of a stranger's dialplan are cut, counted, and a late mark is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from cti.features.call_ways import LONGEST, MOST, CallWays, StepTitles
from cti.storage import traces
from cti.storage.spool import Spool
from cti.telephony.events import Scored, SnapshotTaken, StepTaken
from dialplan.plan import Menu, Plan
from tests.made import new_database


async def test_steps_are_said_in_order_and_a_flood_of_them_is_not_kept(tmp_path: Path) -> None:
    db = await new_database(tmp_path)
    spool = Spool(db)
    writer = asyncio.create_task(spool.run())
    ways = CallWays(spool=spool)
    plan = Plan(nodes=(Menu(id="menu", sound="beep", choices=(), otherwise="", title="Меню\nглавное"),))
    asked: list[str] = []

    async def running(pbx: str) -> tuple[object, Plan] | None:
        asked.append(pbx)
        return None, plan

    ways.title_of = StepTitles(running=running, pbx_of=lambda _call: "main", clock=lambda: 1.0).of

    async def step(call: str, **said: str) -> None:
        await ways.step_taken(StepTaken(call=call, **said), 1.0)

    await step("c1", node="day", kind="ByHours")
    await step("c1", node="menu", kind="Menu", hours="closed", key="9")
    await step("c1", node="x" * 900 + "\x00\n", kind="<b>", key="5", hours="open")
    await step("c1", node="bye", kind="End", key="5", hours="open")
    for _ in range(500):
        await step("c2", node="menu", kind="Menu", key="[")
    await ways.scored(Scored(call="c1", score=4, at=50.0), 50.0)
    await ways.scored(Scored(call="c1", score=4, at=50.0), 50.0)
    await ways.scored(Scored(call="c1", score=1, at=40.0), 60.0)
    await asyncio.sleep(0.3)  # what was told together is written together
    await spool.flush(5.0)
    async with db.read() as conn:
        way = [(one.step, one.args.get("title", "")) for one in await traces.of_call(conn, "c1")]
        flood = [one.step for one in await traces.of_call(conn, "c2")]
        marks = (await conn.execute(text("SELECT call_id, score FROM call_scores"))).all()
    assert way == [
        ("way-ByHours", "day"), ("way-hours-closed", ""), ("way-Menu", "Меню главное"), ("way-key", ""),
        ("way-step", "x" * LONGEST), ("way-End", "bye"),
    ]  # fmt: skip
    assert (len(flood), flood[-1]) == (MOST, "way-long")
    assert [tuple(row) for row in marks] == [("c1", 4)]
    await step("c3", node="day", kind="ByHours")
    ways.stop()  # within the quarter of a second
    await step("c3", node="bye", kind="End", hours="open")
    await spool.flush(5.0)
    async with db.read() as conn:
        assert [one.step for one in await traces.of_call(conn, "c3")] == ["way-ByHours", "way-hours-open", "way-End"]
    assert asked == ["main"], "the running plan is read once for many steps"
    await ways.snapshot_taken(SnapshotTaken(open_calls=frozenset()), 2.0)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()
