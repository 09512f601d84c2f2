"""The past taken in beside what was seen: once, whole, to be taken back; on both engines."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import func, select, text

from cti.errors import Refused
from cti.features.past import Past, of_lines
from cti.past_parts import turn_of
from cti.storage import calls, corrections, duty, past
from cti.storage.database import Database, open_database
from cti.storage.duty_tables import agent_states
from cti.storage.tables import call_waits, legs
from cti.storage.tables import calls as table
from cti.telephony.duty import Duty
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from cti.telephony.numbering import NumberPlan
from cti.telephony.past_logs import Course, QueueLogs
from tests.storage.conftest import ANNA, BORIS
from tests.storage.postgres import Cluster
from tests.telephony.test_queue_log import ANSWERED, T
from tests.web.panel import until

LOG = f"""{T - 9}|NONE|sales|PJSIP/102|ADDMEMBER|
{T - 8}|NONE|sales|PJSIP/777|ADDMEMBER|
{ANSWERED.strip()}
{T + 100}|{T}.9|sales|NONE|ENTERQUEUE||anonymous|1
{T + 130}|{T}.9|sales|NONE|ABANDON|1|1|30
torn
"""


async def take(db: Database, log: str = LOG) -> Course:
    work = Past(db=db, plan=NumberPlan(), now=lambda: T + 1e6)
    _, course = await work.take_in(QueueLogs(zone=UTC), "queue_log", of_lines(log.splitlines()))
    return course


async def counted(db: Database) -> list[int]:
    async with db.read() as conn:
        return [
            (await conn.execute(select(func.count()).select_from(one))).scalar_one()
            for one in (table, legs, call_waits, agent_states)
        ]


async def test_a_log_becomes_calls_of_the_people_who_took_them_once(db: Database) -> None:
    first = await take(db)
    assert (first.made, first.known, first.torn, first.states, list(first.strangers)) == (2, 0, 1, 1, ["PJSIP/777"])
    async with db.read() as conn:
        row = await calls.get(conn, f"{T}.5")
        assert row is not None
        assert (row.number, row.user_id, row.outcome, row.imported) == ("+79355550101", BORIS, "answered", True)
        assert {leg.device: leg.user_id for leg in row.legs} == {"PJSIP/101": ANNA, "PJSIP/102": BORIS}
        assert await duty.current(conn) == {}  # what was long ago is nobody's state now
    before = await counted(db)
    again = await take(db)
    assert (again.made, again.filled, again.known, again.states) == (0, 0, 2, 0)
    assert await counted(db) == before


async def test_many_calls_and_a_line_that_is_there_twice(db: Database) -> None:
    log, vain = [], f"{T + 5}|{T}.%d|sales|PJSIP/101|RINGNOANSWER|4000"
    for at in range(250):
        log += [f"{T}|{T}.{at}|sales|NONE|ENTERQUEUE||7935555{at:04}|1", vain % at, vain % at]
        log.append(f"{T + 9}|{T}.{at}|sales|NONE|ABANDON|1|1|9")
    course = await take(db, "\n".join(log))
    assert (course.made, course.odd, await counted(db)) == (250, 0, [250, 250, 250, 0])


async def test_an_import_is_taken_back_once(db: Database) -> None:
    before = await counted(db)
    await take(db)
    work = Past(db=db, plan=NumberPlan(), now=lambda: T + 1e6)
    assert await work.undo(1) == 3
    assert await counted(db) == before
    with pytest.raises(Refused):
        await work.undo(1)
    async with db.read() as conn:
        assert [one.state for one in await past.every(conn)] == ["undone"]


async def test_one_of_all_machines_at_a_postgresql_takes_the_past_in(
    cluster: Cluster, template: str, tmp_path: Path
) -> None:
    url, said = cluster.create("--template", template), list[str]()
    here, there = await open_database(url), await open_database(url)

    async def second() -> None:
        async with turn_of(there, tmp_path / "there", lambda: said.append("it waits")):
            said.append("it has the turn")

    async with turn_of(here, tmp_path / "here"):
        with pytest.raises(Refused, match="on another machine"):
            async with turn_of(there, tmp_path / "there"):
                raise AssertionError
        waiting = asyncio.create_task(second())
        await until(lambda: said, within_s=60, why="it waits")
        assert said == ["it waits"]
    await asyncio.wait_for(waiting, 60)
    assert said == ["it waits", "it has the turn"]
    await here.close()
    await there.close()


def seen(**more: Any) -> CallRecord:
    """The call of the log as the tracker saw it."""
    leg = LegRecord(leg="PJSIP/102-01", leg_id=f"{T}.7", device="PJSIP/102", rang=T + 12.2, answered=T + 20.3)
    said = CallRecord(
        call=f"{T}.5", direction="inbound", caller=Party(number="79355550101"), called="74950000001", queue="sales",
        started=T + 0.4, answered=T + 20.3, legs=(leg,),
        waits=(Wait(queue="sales", joined=T + 0.4, left=T + 20.3, how="answered"),),
    )  # fmt: skip
    return structs.replace(said, **more)


async def test_what_was_seen_stays_and_a_call_whose_end_nobody_saw_gets_the_logs(db: Database) -> None:
    whole = seen(ended=T + 80.6, outcome="answered")
    async with db.write() as conn:
        await calls.save(conn, whole, number="+79355550101", user_id=BORIS)
    assert (await take(db)).known == 1
    async with db.read() as conn:
        row = await calls.get(conn, f"{T}.5")
    assert row is not None
    assert (row.ended_at, row.imported, len(row.legs)) == (T + 80.6, False, 1)

    async with db.write() as conn:
        await conn.execute(text("DELETE FROM calls"))
        await calls.save(conn, seen(outcome="unfinished", reason="gap"), number="+79355550101", user_id=BORIS)
    assert (await take(db)).filled == 1
    async with db.read() as conn:
        row = await calls.get(conn, f"{T}.5")
        said = await corrections.corrections(conn, f"{T}.5")
    assert row is not None
    assert (row.outcome, row.reason, row.answered_at, row.ended_at, row.unseen_since) == (
        "answered", None, T + 20.3, T + 80, None
    )  # fmt: skip
    assert [leg.talk_s for leg in row.legs] == [60]
    assert [(one.field, one.was, one.became) for one in said] == [("outcome", "unfinished", "answered")]


async def test_a_consultation_that_was_seen_as_part_of_a_call_is_not_a_call_of_its_own(db: Database) -> None:
    async with db.write() as conn:
        await calls.save(conn, seen(call="other", ended=T + 80.6, outcome="answered"))
    course = await take(
        db, f"{T + 30}|{T}.7|support|NONE|ENTERQUEUE||102|1\n{T + 40}|{T}.7|support|NONE|ABANDON|1|1|10"
    )
    assert (course.made, course.known) == (0, 1)


async def test_a_persons_duty_is_taken_from_the_log_until_it_was_seen(db: Database) -> None:
    async with db.write() as conn:
        await duty.append(conn, BORIS, Duty(state="ready", since=T + 0.0, by="person"), BORIS)
    course = await take(db, f"{T - 9}|NONE|sales|PJSIP/102|ADDMEMBER|\n{T + 50}|NONE|sales|PJSIP/102|REMOVEMEMBER|")
    assert course.states == 1
    async with db.read() as conn:
        assert (await duty.current(conn))[BORIS].state == "ready"
        assert [one.at for one in await duty.journal(conn, BORIS, since=T - 99, until=T + 99)] == [T - 9, T]


async def test_a_line_of_no_time_ends_no_past(db: Database) -> None:
    async with db.write() as conn:
        await duty.append(conn, BORIS, Duty(), None)
    assert (await take(db)).states == 1
