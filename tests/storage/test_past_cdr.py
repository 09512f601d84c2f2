"""Call detail records taken in: of files and tables, with ids and without, beside the queue log of the same calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from cti.errors import StorageError
from cti.features.past import Past, of_lines, texts_of
from cti.storage import calls, past_source
from cti.storage.database import Database
from cti.storage.past_source import Source
from cti.storage.tables import call_waits, legs
from cti.storage.tables import calls as table
from cti.telephony.numbering import NumberPlan
from cti.telephony.past_logs import Cdrs, Course, QueueLogs
from tests.storage.conftest import ANNA, BORIS
from tests.storage.postgres import Cluster

T = 1_700_000_000
ZONE = ZoneInfo("Europe/Moscow")
CREATE = """CREATE TABLE cdr (calldate timestamp NOT NULL, clid varchar(80), src varchar(80), dst varchar(80),
 dcontext varchar(80), channel varchar(80), dstchannel varchar(80), lastapp varchar(80), lastdata varchar(80),
 duration integer, billsec integer, disposition varchar(45), amaflags integer, accountcode varchar(20),
 uniqueid varchar(150), userfield varchar(255), linkedid varchar(150), sequence integer)"""
INSERT = text(
    "INSERT INTO cdr VALUES (:start, :clid, :src, :dst, :dcontext, :channel, :dstchannel, :lastapp, :lastdata,"
    " :duration, :billsec, :disposition, 3, :accountcode, :uniqueid, :userfield, :linkedid, :sequence)"
)


def local(at: float) -> str:
    return datetime.fromtimestamp(at, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def row(number: int, **said: object) -> dict[str, object]:
    """A call of a client that Anna takes after 4 s and talks for a minute, unless it says otherwise."""
    at = T + number * 1000
    return {
        "at": at, "accountcode": "", "src": f"7935555010{number}", "dst": "74950000001", "dcontext": "in",
        "clid": f'"\u041f\u0451\u0442\u0440" <7935555010{number}>', "channel": f"PJSIP/trunk-{number:08x}",
        "dstchannel": f"PJSIP/101-{number:08x}", "lastapp": "Dial", "lastdata": "PJSIP/101,30", "rang": 4, "talked": 60,
        "disposition": "ANSWERED", "uniqueid": f"{at}.{number}", "userfield": "", "linkedid": f"{at}.{number}",
        "sequence": number,
    } | said  # fmt: skip


ROWS = [
    row(1),
    row(2, disposition="NO ANSWER", talked=0, rang=20),
    row(3, src="102", dst="79355550199", channel="PJSIP/102-3", dstchannel="PJSIP/trunk-33", clid='"B" <102>'),
    row(4, dstchannel="", lastapp="Queue", lastdata="sales,tT,,,60", rang=0, talked=30),
]


def line(one: Mapping[str, object], *, ids: bool = True) -> str:
    at = float(str(one["at"]))
    rang, talked = int(str(one["rang"])), int(str(one["talked"]))
    answered = local(at + rang) if one["disposition"] == "ANSWERED" else ""
    names = ("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata")
    more = ("uniqueid", "userfield") if ids else ()
    cells = [
        *(one[name] for name in names), local(at), answered, local(at + rang + talked), rang + talked, talked,
        one["disposition"], "DOCUMENTATION", *(one[name] for name in more),
    ]  # fmt: skip
    return ",".join(str(c) if isinstance(c, int) else '"' + str(c).replace('"', '""') + '"' for c in cells)


async def take(db: Database, lines: Sequence[str]) -> Course:
    work = Past(db=db, plan=NumberPlan(), now=lambda: T + 1e6)
    _, course = await work.take_in(Cdrs(zone=ZONE), "Master.csv", of_lines(lines))
    return course


async def counted(db: Database) -> list[int]:
    async with db.read() as conn:
        asked = [select(func.count()).select_from(one) for one in (table, legs, call_waits)]
        return [(await conn.execute(one)).scalar_one() for one in asked]


async def test_records_become_calls_with_who_talked_and_for_how_long(db: Database) -> None:
    work = Past(db=db, plan=NumberPlan(), now=lambda: T + 1e6)
    lines = [line(one) for one in ROWS] + ['"torn","793']
    would = await work.look(Cdrs(zone=ZONE), of_lines(lines))
    assert (would.made, would.torn, await counted(db)) == (4, 1, [0, 0, 0])
    assert (await take(db, lines)).made == 4
    async with db.read() as conn:
        answered, missed, placed, gave_up = [await calls.get(conn, str(one["linkedid"])) for one in ROWS]
    assert answered is not None
    assert missed is not None
    assert placed is not None
    assert gave_up is not None
    assert (answered.number, answered.user_id, answered.outcome, answered.answered_at, answered.imported) == (
        "+79355550101", ANNA, "answered", T + 1004, True,
    )  # fmt: skip
    assert [leg.talk_s for leg in answered.legs if leg.user_id == ANNA] == [60]
    assert (missed.outcome, missed.answered_at, missed.ended_at) == ("no-answer", None, T + 2020)
    assert (placed.direction, placed.number, placed.user_id) == ("outbound", "+79355550199", BORIS)
    assert (gave_up.outcome, gave_up.queue) == ("abandoned", "sales")


async def test_files_with_and_without_ids_in_any_letters_are_the_same_calls_once(db: Database) -> None:
    first = await take(db, list(texts_of(iter([line(one, ids=False).encode("cp1251") for one in ROWS]))))
    assert (first.made, first.torn) == (4, 0)
    before = await counted(db)
    for lines in ([line(one, ids=False) for one in ROWS], [line(one) for one in ROWS]):
        again = await take(db, lines)
        assert (again.made, again.filled, again.known) == (0, 0, 4)
        assert await counted(db) == before
    async with db.read() as conn:
        names = (await conn.execute(select(table.c.caller_name))).scalars().all()
    assert names.count("\u041f\u0451\u0442\u0440") == 3


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("first", ["cdr", "queue-log"])
async def test_a_queue_log_and_the_records_of_a_call_are_one_call(db: Database, first: str, *, ids: bool) -> None:
    at, call = T + 9_000, f"{T + 9_000}.7"
    record = row(
        9, at=at, lastapp="Queue", lastdata="sales", uniqueid=call, linkedid=call, rang=0, talked=90, src="79355550109"
    )
    log = [
        f"{at + 5}|{call}|sales|NONE|ENTERQUEUE||79355550109|1",
        f"{at + 30}|{call}|sales|PJSIP/101|CONNECT|25|{at + 20}.8|10",
        f"{at + 90}|{call}|sales|PJSIP/101|COMPLETECALLER|25|60|1",
    ]
    for kind in (first, "queue-log" if first == "cdr" else "cdr"):
        work = Past(db=db, plan=NumberPlan(), now=lambda: T + 1e6)
        if kind == "cdr":
            await take(db, [line(record, ids=ids)])
        else:
            await work.take_in(QueueLogs(zone=UTC), "queue_log", of_lines(log))
    async with db.read() as conn:
        rows = (await conn.execute(select(table))).all()
        assert len(rows) == 1
        one = await calls.get(conn, rows[0].id)
    assert one is not None
    assert (one.outcome, one.queue, one.answered_at, one.called) == ("answered", "sales", at + 30, "74950000001")
    assert [(leg.user_id, leg.talk_s) for leg in one.legs if leg.user_id] == [(ANNA, 60)]
    assert [(wait.joined_at, wait.left_at) for wait in one.waits] == [(at + 5, at + 30)]


async def test_the_tables_of_a_pbx_are_read_only_and_tell_what_the_file_told(
    db: Database, cluster: Cluster, mariadb: str
) -> None:
    await take(db, [line(one) for one in ROWS])
    before = await counted(db)
    for url in (cluster.create(), mariadb):
        engine = create_async_engine(past_source.address(url))
        async with engine.begin() as conn:
            await conn.execute(text("DROP TABLE IF EXISTS cdr"))
            await conn.execute(text(CREATE))
            rows = [
                one | {"start": datetime.fromtimestamp(int(str(one["at"])), ZONE).replace(tzinfo=None)}
                | {"duration": int(str(one["rang"])) + int(str(one["talked"])), "billsec": one["talked"]}
                for one in ROWS
            ]  # fmt: skip
            await conn.execute(INSERT, rows)
        await engine.dispose()
        source = Source(url=url, table="cdr", kind="cdr", zone=ZONE)
        assert await past_source.count(source) == 4
        assert await past_source.count(source, T + 1500, T + 3500) == 2
        work = Past(db=db, plan=NumberPlan(), now=lambda: T + 1e6)
        _, course = await work.take_in(Cdrs(zone=ZONE), source.name, past_source.pages(source))
        assert (course.made, course.known, course.torn, await counted(db)) == (0, 4, 0, before)
        with pytest.raises(StorageError, match="no table"):
            await past_source.count(Source(url=url, table="nothing", kind="cdr", zone=ZONE))


async def test_the_hour_that_is_there_twice_is_told_by_the_id() -> None:
    zone = ZoneInfo("Europe/Berlin")
    at = int(datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp())
    course = Course()
    log = Cdrs(zone=zone)
    text_ = line(row(1, at=at, uniqueid=f"{at}.1")).replace(local(at), "2026-10-25 02:30:00")
    assert not list(log.feed(text_, course))
    assert course.first_at == at
