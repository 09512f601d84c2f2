"""Likely duplicates on both engines: met by keys that stand in indexes, kept as pairs, dismissed for good."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cti.access import Person
from cti.clients.card import ClientDraft, Phone
from cti.clients.duplicates import Candidate
from cti.errors import NotAllowed, Refused
from cti.features.client_duplicates import PART, ClientDuplicates
from cti.storage import clients, duplicates
from cti.storage.client_work_tables import client_merges
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan
from tests.storage.conftest import ANNA

VERA = Person(id=ANNA, login="vera", name="Vera", role="supervisor")
ANNA_HERSELF = Person(id=ANNA, login="anna", name="Anna", role="agent")
NUMBER = "+79355550101"
INN = "7707083893"


@pytest.fixture
def work(db: Database, tmp_path: Path) -> ClientDuplicates:
    return ClientDuplicates(db=db, plan=NumberPlan(), clock=lambda: 10_000.0, mark=tmp_path / "mark")


async def add(db: Database, name: str, *, phone: str = "", shared: bool = False, now: float = 1.0, **more: Any) -> int:
    phones = (Phone(typed=phone, e164=phone, shared=shared),) if phone else ()
    async with db.write() as conn:
        return await clients.insert(conn, ClientDraft(name=name, phones=phones, **more), now)


async def whom(db: Database, **asked: Any) -> list[tuple[int, list[str]]]:
    async with db.read() as conn:
        (found,) = await duplicates.likely(conn, [Candidate(**{"id": 0, "name": "Новый"} | asked)])
    return [(one.client_id, [reason for reason, _ in one.reasons]) for one in found]


async def listed(db: Database) -> list[tuple[int, int]]:
    async with db.read() as conn:
        return [(pair.one.id, pair.two.id) for pair in (await duplicates.pairs(conn)).rows]


async def looked(work: ClientDuplicates) -> int:
    """Look until nothing is left."""
    total = 0
    while part := await work.look():
        total += part
    return total


async def test_a_draft_meets_who_has_its_number_mail_inn_or_name(db: Database) -> None:
    by_phone = await add(db, "Алхимов", phone=NUMBER)
    by_mail = await add(db, "Гранит", emails=("Info@Granit.example",))
    by_inn = await add(db, "Маяк", inn=INN)
    by_name = await add(db, "ООО «Берёзка»")
    assert await whom(db, phones=(NUMBER,)) == [(by_phone, ["phone"])]
    assert await whom(db, emails=("info@granit.EXAMPLE",)) == [(by_mail, ["email"])]
    assert await whom(db, inn=INN) == [(by_inn, ["inn"])]
    assert await whom(db, name="Березка, ООО") == [(by_name, ["name"])]
    assert await whom(db, name="Никто", phones=("+79355559999",)) == []


@pytest.mark.parametrize(
    ("stored", "kind", "typed"),
    [
        ('ООО "Ромашка"', "company", "Ромашка"),
        ("Ромашка", "company", "Общество с ограниченной ответственностью «Ромашка»"),
        ("Ромашка ООО", "company", "ООО Ромашка"),
        ("Спец-Строй", "company", "ООО «Спец Строй»"),
        ("Иванов Пётр Ильич", "person", "пётр ильич иванов"),
        ("ИП Иванов И.И.", "sole-trader", "Иванов И. И."),
        ("Иванов Пётр", "person", "Иванов  Петр"),
    ],
)
async def test_a_name_is_met_however_it_is_written(db: Database, stored: str, kind: str, typed: str) -> None:
    client = await add(db, stored, kind=kind)
    assert await whom(db, name=typed, kind=kind) == [(client, ["name"])]


async def test_a_shared_number_and_a_key_of_a_crowd_say_nothing(db: Database) -> None:
    await add(db, "Первый", phone=NUMBER, shared=True)
    assert await whom(db, phones=(NUMBER,)) == []
    for _ in range(duplicates.GROUP + 1):
        await add(db, "Толпа", phone="+74950000001")
    assert await whom(db, name="Толпа", phones=("+74950000001",)) == []


async def test_branches_of_one_company_are_less_alike_than_one_company_twice(db: Database) -> None:
    await add(db, "Филиал", inn=INN, kpp="770701001")
    async with db.read() as conn:
        ask = [Candidate(id=0, name="Другой", inn=INN, kpp=kpp) for kpp in ("770701001", "780701001")]
        (same,), (other,) = await duplicates.likely(conn, ask)
    assert same.score > other.score


async def test_a_look_finds_pairs_of_what_has_changed_and_drops_those_that_are_no_more(
    db: Database, work: ClientDuplicates
) -> None:
    one = await add(db, "Алхимов", phone=NUMBER)
    two = await add(db, "Алхимов Пётр", phone=NUMBER)
    await add(db, "Гранит")
    assert await looked(work) == 3
    assert await listed(db) == [(one, two)]
    assert await work.look() == 0  # nothing has changed since
    async with db.write() as conn:
        await clients.update(conn, two, ClientDraft(name="Другой"), 1, 50.0)
    assert await looked(work) == 1
    assert await listed(db) == []


async def test_what_is_being_changed_now_waits_for_the_next_look(db: Database, work: ClientDuplicates) -> None:
    await add(db, "Алхимов", phone=NUMBER, now=9_999.0)
    assert await work.look() == 0


async def test_a_part_is_bounded_and_the_place_is_kept_over_a_restart(
    db: Database, work: ClientDuplicates, tmp_path: Path
) -> None:
    for n in range(PART + 10):
        await add(db, f"Клиент {n}")
    assert await work.look() == PART
    again = ClientDuplicates(db=db, plan=NumberPlan(), clock=lambda: 10_000.0, mark=tmp_path / "mark")
    assert await looked(again) == 10


async def test_the_search_runs_by_itself_and_old_records_are_cleared(db: Database, work: ClientDuplicates) -> None:
    one, two = await add(db, "Алхимов", phone=NUMBER), await add(db, "Другой", phone=NUMBER)
    async with db.write() as conn:
        old = {"kept_id": one, "gone_id": 77, "at": 10_000.0 - 31 * 86_400, "record": "{}"}
        await conn.execute(client_merges.insert().values(**old))
    task = asyncio.create_task(work.watch())
    try:
        deadline = time.monotonic() + 10.0
        while await listed(db) != [(one, two)] or await record(db):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def record(db: Database) -> str | None:
    async with db.read() as conn:
        return (await conn.execute(select(client_merges.c.record))).scalar()


async def test_the_keys_are_asked_of_indexes(db: Database) -> None:
    """Also in a base where a plan by guess would read all of it."""
    if not db.is_sqlite:
        return
    async with db.read() as conn:
        for kind, (column, owner) in duplicates.KINDS_OF_KEY.items():
            asked = select(column, owner).where(column.in_(["x", "y"]))
            sql = asked.compile(conn.engine.sync_engine, compile_kwargs={"literal_binds": True})
            plan = (await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")).all()
            assert all("SEARCH" in row[3] and "INDEX" in row[3] for row in plan), (kind, plan)


async def test_two_said_to_be_two_are_not_shown_again(db: Database, work: ClientDuplicates) -> None:
    one, two = await add(db, "Алхимов", phone=NUMBER), await add(db, "Алхимов", phone=NUMBER)
    await looked(work)
    with pytest.raises(NotAllowed):
        await work.dismiss(ANNA_HERSELF, one, two)
    await work.dismiss(VERA, two, one)
    assert await listed(db) == []
    async with db.write() as conn:
        await clients.update(
            conn, two, ClientDraft(name="Алхимов", phones=(Phone(typed=NUMBER, e164=NUMBER),)), 1, 60.0
        )
    await looked(work)
    assert await listed(db) == []
    with pytest.raises(Refused):
        await work.dismiss(VERA, one, 999)


async def test_pairs_come_in_pages_the_likeliest_first(db: Database, work: ClientDuplicates) -> None:
    for n in range(5):
        await add(db, f"Клиент {n}", phone=f"+7935555020{n}")
        await add(db, f"Клиент {n}", phone=f"+7935555020{n}", inn=INN if n == 3 else "")
    await add(db, "Ещё один", inn=INN)
    await looked(work)
    seen: list[tuple[float, int, int]] = []
    cursor = None
    async with db.read() as conn:
        while True:
            page = await duplicates.pairs(conn, limit=2, cursor=cursor)
            assert cursor is not None or page.total == 6
            seen += [(-pair.score, pair.one.id, pair.two.id) for pair in page.rows]
            if (cursor := page.next_cursor) is None:
                break
    assert len(seen) == 6
    assert seen == sorted(seen)


async def test_a_card_that_is_written_meets_others_and_not_itself(db: Database, work: ClientDuplicates) -> None:
    one = await add(db, "Алхимов", phone=NUMBER)
    asked = Candidate(id=0, name="", phones=("8 (935) 555-01-01",))
    assert [(card.id, found.client_id) for card, found in await work.likely(VERA, asked)] == [(one, one)]
    assert await work.likely(VERA, Candidate(id=one, name="Алхимов", phones=(NUMBER,))) == []
