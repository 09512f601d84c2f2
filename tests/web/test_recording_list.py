"""The list of recordings and of talks without one: found by everything, only what one may hear; rules by admins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from cti.storage import marks
from cti.storage.recording_tables import recordings as table
from cti.storage.tables import call_notes, calls
from tests.web.panel import ANNA, BORIS, CLARA, Panel, panel
from tests.web.visitor import Visitor


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as made:
        for call, user_id, queue in (("c1", ANNA, "sales"), ("c2", BORIS, "sales"), ("c3", CLARA, "support")):
            await made.journal(call, user_id=user_id)
            async with made.services.database.write() as conn:
                times = {"started_at": 100.0, "answered_at": 105.0, "ended_at": 165.0, "outcome": "answered"}
                await conn.execute(update(calls).where(calls.c.id == call).values(queue=queue, **times))
        async with made.services.database.write() as conn:
            for place, (call, seconds) in enumerate((("c1", 60.0), ("c2", 600.0))):
                row = {"id": f"r{call}", "call_id": call, "pbx": "", "file": f"{call}.wav", "state": "there"}
                await conn.execute(insert(table).values(**row, started_at=100.0 + place, duration_s=seconds, size=1))
            await marks.add(conn, "c2", BORIS, 120.0, "Скидка обещана")
            note = {"call_id": "c1", "user_id": ANNA, "text": "Просит Договор", "updated_at": 1.0}
            await conn.execute(insert(call_notes).values(note))
        yield made


FINDS = (
    ("", {"c1", "c2"}),
    ("user=1", {"c1"}),
    ("queue=support", set()),
    ("queue=sales&least=1:30", {"c2"}),
    ("most=60", {"c1"}),
    ("marked=1", {"c2"}),
    ("mark=скидка", {"c2"}),
    ("note=договор просит", {"c1"}),
    ("note=%25", set()),
    ("outcome=abandoned", set()),
    ("since=1970-01-01&until=1970-01-01", {"c1", "c2"}),
    ("since=1970-01-02", set()),
    ("state=held", set()),
    ("user=x&least=-1&since=9999-99-99&state=nonsense&cursor=", {"c1", "c2"}),
)


async def test_recordings_are_found_by_everything_that_is_known_of_them(desk: Panel) -> None:
    async with Visitor(desk, "vera") as vera:
        for query, wanted in FINDS:
            shown = await vera.get(f"/recordings?{query}")
            assert shown.status == 200
            assert {call for call in ("c1", "c2", "c3") if f'data-opens="/calls/{call}/' in shown.text} == wanted, query
        assert (await vera.get("/recordings?cursor=abc")).status == 422
    async with Visitor(desk, "anna") as anna:
        shown = await anna.get("/recordings")
        assert "/calls/c1/" in shown.text
        assert "/calls/c2/" not in shown.text, "an agent finds his own alone"


async def test_F_48_talks_without_a_recording_are_listed_by_day_where_a_rule_demands_one(desk: Panel) -> None:
    day = "/recordings/missing?day=1970-01-01"
    async with Visitor(desk, "vera") as vera, Visitor(desk, "pavel") as pavel, Visitor(desk, "clara") as clara:
        assert (await vera.get(day)).says("It is not said yet which queues")
        assert (await vera.post("/settings/recordings/rule", queue="support", how="good", demanded="1")).status == 403
        await pavel.post("/settings/recordings/rule", queue="support", how="good", demanded="1")
        for whose in (vera, clara):
            shown = await whose.get(day)
            assert shown.says("1 talk without a recording")
            assert 'href="/calls/c3"' in shown.text
        async with desk.services.database.write() as conn:
            await conn.execute(update(table).where(table.c.id == "rc1").values(state="absent", why="lost"))
        shown = await vera.get(day)
        assert shown.says("2 talks without a recording")
        assert shown.says("the file was there and is gone")
        assert (await clara.get(day)).says("1 talk without a recording")
        assert (await vera.get("/recordings/missing?day=x")).status == 200


async def test_DP_01_a_rule_is_tried_before_it_holds(desk: Panel) -> None:
    async with Visitor(desk, "pavel") as pavel:
        tried = await pavel.get("/settings/recordings/due?queue=sales&how=days&days=1")
        assert tried.says("2 recordings would go")
        assert (await pavel.get("/settings/recordings/due?queue=sales&how=good")).says("Nothing: they are kept.")
        assert (await pavel.get("/settings/recordings/due?queue=sales&how=days&days=0")).status == 409
        assert (await pavel.post("/settings/recordings/rule", queue="sales", how="days", days="x")).status == 409
        await pavel.post("/settings/recordings/rule", queue="sales", how="days", days="90")
        shown = await pavel.get("/settings/recordings")
        assert shown.says("deletes nothing before")
        assert shown.says("none ([recordings] convert in the settings file)")
        await pavel.post("/settings/recordings/rule", queue="sales", how="all")
        assert not (await pavel.get("/settings/recordings")).says("deletes nothing before")
