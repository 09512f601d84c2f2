"""Filters of the journal: each finds its calls and no others, whether few have what is asked for or many."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select, text

from cti.storage import call_asked, calls, dispositions, journal, tables
from cti.storage.call_asked import CallsAsked, Hears
from cti.storage.database import Database
from cti.storage.dispositions import Disposition
from cti.storage.recording_tables import recordings
from cti.storage.tables import devices, user_queues
from cti.storage.talk_tables import call_marks
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from tests.storage.conftest import ANNA, BORIS, CLARA, SALES, SUPPORT

PYOTR, MARIA = "+79355550101", "+79355550102"
IN_SALES = CallRecord(
    call="sales",
    direction="inbound",
    caller=Party(number="79355550101", name="Пётр"),
    called="74950000001",
    queue="sales",
    started=1000.0,
    answered=1010.0,
    ended=1075.0,
    outcome="answered",
    waits=(Wait(queue="sales", joined=1000.0, left=1010.0, how="answered", position=1),),
    legs=(
        LegRecord(leg="PJSIP/trunk-1", leg_id="s.1", device=None),
        LegRecord(leg="PJSIP/101-1", leg_id="s.2", device="PJSIP/101", rang=1001.0, answered=1010.0, result="talked"),
        LegRecord(
            leg="PJSIP/102-1", leg_id="s.3", device="PJSIP/102-tablet", rang=1040.0, result="talked"
        ),  # handed over
    ),
)
LOST = CallRecord(
    call="lost",
    direction="inbound",
    caller=Party(number="79355550102"),
    called="+74950000002",
    queue="support",
    started=2000.0,
    ended=2040.0,
    outcome="abandoned",
    waits=(
        Wait(queue="sales", joined=2000.0, left=2020.0, how="timeout"),
        Wait(queue="support", joined=2020.0, left=2040.0, how="abandoned"),
    ),
)
OUT = CallRecord(
    call="out",
    direction="outbound",
    caller=Party(number="101", device="PJSIP/101"),
    called="89355550101",
    started=3000.0,
    answered=3020.0,
    ended=3021.0,
    outcome="answered",
    legs=(LegRecord(leg="PJSIP/101-2", leg_id="o.1", device="PJSIP/101", answered=3000.0, result="talked"),),
)
INSIDE = CallRecord(
    call="inside", direction="internal", caller=Party(number="103", device="PJSIP/103"), called="102", started=4000.0
)


@pytest.fixture(params=[2000, 0], ids=["few", "many"])
async def base(db: Database, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Four calls; taken by their ids, or each asked in its order."""
    for bound in ("FEW", "FEW_ASKED"):
        monkeypatch.setattr(call_asked, bound, request.param)
    async with db.write() as conn:
        for user_id, number in ((ANNA, "101"), (BORIS, "102")):
            device = {"user_id": user_id, "name": f"PJSIP/{number}-tablet", "extension": number, "kind": "browser"}
            await conn.execute(insert(devices).values(device))
        await conn.execute(insert(user_queues).values(user_id=CLARA, queue="support"))
        whose = {"s.2": ANNA, "s.3": BORIS, "o.1": ANNA}
        for record, number, user in ((IN_SALES, PYOTR, BORIS), (LOST, MARIA, None), (OUT, PYOTR, ANNA)):
            await calls.save(conn, record, number=number, user_id=user, legs_users=whose)
        await calls.save(conn, INSIDE, pbx="spb", user_id=CLARA)
        await calls.set_note(conn, "sales", ANNA, "Просил счёт, 100 %", 5.0)
        await dispositions.keep(conn, "", [Disposition(id=0, name="Заказ")], 1.0)
        (order,) = await dispositions.every(conn)
        await dispositions.say(conn, "sales", ANNA, order, 6.0)
        await conn.execute(insert(call_marks).values(call_id="out", user_id=ANNA, at=3020.0))
        for call, state in (("sales", "there"), ("out", "absent"), ("lost", "there")):
            await conn.execute(
                insert(recordings).values(id=call, call_id=call, file=f"{call}.wav", started_at=1.0, state=state)
            )
    return db


ALL = Hears(user_id=ANNA, team_id=SALES, scope="all")
FOUND = {
    "everything": (CallsAsked(), "inside out lost sales"),
    "period": (CallsAsked(since=2000.0, until=3000.0), "lost"),
    "direction": (CallsAsked(direction="outbound"), "out"),
    "outcome": (CallsAsked(outcome="abandoned"), "lost"),
    "going on": (CallsAsked(outcome="open"), "inside"),
    "result": (CallsAsked(result="Заказ"), "sales"),
    "agent who talked": (CallsAsked(agent_id=ANNA), "out sales"),
    "agent it was handed to": (CallsAsked(agent_id=BORIS), "sales"),
    "team": (CallsAsked(team_id=SUPPORT), "inside"),
    "queue it went through": (CallsAsked(queue="sales"), "lost sales"),
    "queue it ended in": (CallsAsked(queue="support"), "lost"),
    "line": (CallsAsked(did="+74950000001"), "sales"),
    "line as the PBX wrote it": (CallsAsked(did="+74950000002"), "lost"),
    "line nobody called": (CallsAsked(did="+74950000009"), ""),
    "number": (CallsAsked(numbers=(PYOTR,)), "out sales"),
    "internal number": (CallsAsked(numbers=("102",)), "inside sales"),
    "two numbers": (CallsAsked(numbers=(PYOTR, "101")), "out sales"),
    "two numbers, handed over": (CallsAsked(numbers=("102", PYOTR)), "sales"),
    "two colleagues": (CallsAsked(numbers=("102", "103")), "inside"),
    "two who never talked": (CallsAsked(numbers=(PYOTR, MARIA)), ""),
    "waited": (CallsAsked(wait_from=20, wait_to=39), "out"),
    "talked": (CallsAsked(talk_from=60), "sales"),
    "talked shortly": (CallsAsked(talk_to=1), "out"),
    "recording": (CallsAsked(recording=True, hears=ALL), "lost sales"),
    "no recording": (CallsAsked(recording=False, hears=ALL), "inside out"),
    "note": (CallsAsked(noted=True), "sales"),
    "no note": (CallsAsked(noted=False), "inside out lost"),
    "words of a note": (CallsAsked(note="СЧЕТ, 100 %"), "sales"),
    "words with signs of LIKE": (CallsAsked(note="1_0"), ""),
    "bookmarks": (CallsAsked(marked=True), "out"),
    "PBX": (CallsAsked(pbx="spb"), "inside"),
    "imported": (CallsAsked(imported=True), ""),
    "several at once": (CallsAsked(queue="sales", agent_id=BORIS, noted=True, direction="inbound"), "sales"),
    "several that meet nowhere": (CallsAsked(noted=True, marked=True), ""),
}


async def test_each_filter_finds_its_calls_and_counts_them(base: Database) -> None:
    async with base.read() as conn:
        for name, (asked, ids) in FOUND.items():
            page = await calls.journal(conn, asked)
            assert " ".join(row.id for row in page.rows) == ids, name
            assert (page.total, await journal.count(conn, asked)) == (len(ids.split()),) * 2, name


async def test_postgresql_finds_legs_and_stays_by_indexes(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.is_sqlite:
        return
    monkeypatch.setattr(call_asked, "FEW_ASKED", -1)
    async with db.write() as conn:
        await conn.execute(text("SET LOCAL enable_seqscan = off"))
        for asked, index, column in (
            (CallsAsked(agent_id=ANNA), "legs_user", "user_id"),
            (CallsAsked(queue="sales"), "waits_queue", "queue"),
            (CallsAsked(direction="outbound"), "calls_direction", "direction"),
            (CallsAsked(pbx="spb"), "calls_pbx", "pbx"),
            (CallsAsked(talk_from=60), "calls_talked", "ended_at"),
        ):
            found = select(tables.calls.c.id).where(*await call_asked.conditions(conn, asked))
            sql = found.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
            plan = "\n".join((await conn.exec_driver_sql(f"EXPLAIN {sql}")).scalars())
            assert re.search(rf"ix_found_{index}\b.*\n +Index Cond: \(+{column}\b", plan), plan


async def test_recordings_that_one_may_not_hear_are_told_by_no_filter(base: Database) -> None:
    async def told(user_id: int, team_id: int | None, scope: str) -> str:
        hears = Hears(user_id=user_id, team_id=team_id, scope=scope)  # type: ignore[arg-type]
        async with base.read() as conn:
            page = await calls.journal(conn, CallsAsked(recording=True, hears=hears))
        return " ".join(row.id for row in page.rows)

    assert await told(ANNA, SALES, "own") == "sales"
    assert await told(CLARA, SUPPORT, "own") == ""
    assert await told(CLARA, SALES, "team") == "sales"
    assert await told(CLARA, SUPPORT, "queue") == "lost", "it came by a queue of hers"
    assert await told(ANNA, SALES, "none") == ""


async def test_pages_of_a_filter_go_on_where_the_last_one_ended(base: Database) -> None:
    async with base.write() as conn:
        for place in range(5):  # within one instant
            await calls.save(conn, replace(OUT, call=f"more-{place}", legs=()), number=PYOTR, user_id=ANNA)
    seen: list[str] = []
    cursor = None
    async with base.read() as conn:
        while True:
            page = await calls.journal(conn, CallsAsked(numbers=(PYOTR,)), limit=2, cursor=cursor, counted=False)
            seen += [row.id for row in page.rows]
            assert page.total is None
            if (cursor := page.next_cursor) is None:
                break
    assert seen == ["out", *(f"more-{place}" for place in reversed(range(5))), "sales"]
