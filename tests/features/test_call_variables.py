"""What a dialplan says of a call: cut, counted, kept through a restart, and with the client's call after a transfer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cti.features.call_variables import LONGEST_NAME, MOST, DialplanVariables
from cti.storage.spool import Spool
from cti.telephony.events import CallCleared, CallMerged, CallRecord, CallVariables, Party
from tests.made import new_database


def said(call: str, **words: str) -> CallVariables:
    return CallVariables(call=call, variables=words)


async def test_words_of_a_dialplan_are_bounded_joined_and_forgotten(tmp_path: Path) -> None:
    db = await new_database(tmp_path)
    spool = Spool(db)
    writer = asyncio.create_task(spool.run())
    heard: list[str] = []
    one = DialplanVariables(db=db, spool=spool)

    async def told(call: str) -> None:
        heard.append(call)

    one.told = told
    await one.heard(said("c1", order="A-17\x00\nof\u202eMay", **{"n" * 90: "v" * 900}), 1.0)
    assert [(v.name, v.value) for v in one.of("c1")] == [("order", "A-17 of May"), ("n" * LONGEST_NAME, "v" * 200)]
    await one.heard(said("c1", order="A-17 of May"), 1.0)
    assert heard == ["c1"]
    await one.heard(said("c1", **{f"x{n}": "1" for n in range(100)}), 1.0)
    assert len(one.of("c1")) == MOST
    await one.heard(said("c2", order="B-2", more="yes"), 1.0)
    await one.call_merged(CallMerged(call="c2", into="c1"), 1.0)
    assert (one.of("c2"), one.of("c1")[0].value, len(one.of("c1"))) == ((), "A-17 of May", MOST)

    await spool.flush(5.0)
    async with db.write() as conn:
        await conn.exec_driver_sql("INSERT INTO calls (id, pbx, started_at) VALUES ('c1', '', 1)")
    again = DialplanVariables(db=db, spool=spool)
    await again.start()
    assert again.of("c1") == one.of("c1")
    await again.call_cleared(CallCleared(call="c1", record=CallRecord(
        call="c1", direction=None, caller=Party(), called=None)), 1.0)  # fmt: skip
    assert again.of("c1") == ()
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await db.close()
