"""The access journal: lines chained to each other; whatever is done to one of them is found and told."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import replace

from sqlalchemy import text

from cti.clients import seen
from cti.storage import access_log
from cti.storage.access_log import Action, Asked, Checked, Line
from cti.storage.database import Database, open_database
from tests.storage.conftest import ANNA, CLARA, SALES

LINE = Line(at=100.5, user_id=ANNA, login="anna", action="view", thing="client:1", count=1, clients="1")


async def add(db: Database, *lines: Line) -> None:
    async with db.write() as conn:
        await access_log.append(conn, lines)


async def checked(db: Database, noted: tuple[int, str] | None = None) -> Checked:
    async with db.read() as conn:
        return await access_log.check(conn, noted)


async def test_DP_10_a_whole_journal_is_whole(db: Database) -> None:
    assert (await checked(db)).broken is None
    await add(db, LINE, replace(LINE, why="«причина»\U0001f600", user_id=None, login="cli:root"))
    told = await checked(db)
    assert (told.broken, told.lines, told.last) == (None, 2, 2)
    await add(db, LINE)
    assert (await checked(db, (2, told.chain))).broken is None


class TakenBackError(Exception):
    """The damage was only tried out."""


TOUCHED = [
    *((f"DELETE FROM access_log WHERE id = {id_}", id_, "missing") for id_ in (1, 3, 4)),
    ("DELETE FROM access_log WHERE id = 5", 5, "cut-off"),
    ("DELETE FROM access_log", 1, "cut-off"),
    *(
        (f"UPDATE access_log SET {field} = {value} WHERE id = 4", 4, "changed")
        for field, value in (
            ("at", "at + 1"), ("user_id", "NULL"), ("login", "'boris'"), ("action", "'log'"), ("thing", "'x'"),
            ("count", "0"), ("clients", "'2'"), ("address", "'::1'"), ("why", "'x'"), ("chain", "'x'"),
        )
    ),
    ("UPDATE access_log SET id = 9 WHERE id = 5", 5, "cut-off"),
    ("UPDATE access_head SET last = 4", 4, "changed"),
    ("DELETE FROM access_head", 5, "put-in"),
    ("INSERT INTO access_log SELECT 6, at, user_id, login, action, thing, count, clients, address, why, chain"
     " FROM access_log WHERE id = 5", 6, "put-in"),
]  # fmt: skip


async def test_DP_10_a_line_that_was_touched_is_found(db: Database) -> None:
    await add(db, *[LINE] * 5)
    for done, broken, how in TOUCHED:
        with contextlib.suppress(TakenBackError):
            async with db.write() as conn:
                await conn.execute(text(done))
                told = await access_log.check(conn)
                assert (told.broken, told.how) == (broken, how), done
                raise TakenBackError
    assert (await checked(db)).broken is None


async def test_DP_10_a_journal_written_anew_is_not_as_somebody_noted(db: Database) -> None:
    await add(db, *[LINE] * 3)
    noted = await checked(db)
    async with db.write() as conn:
        await conn.execute(text("DELETE FROM access_log"))
        await conn.execute(text("DELETE FROM access_head"))
    assert (await checked(db, (3, noted.chain))).how == "cut-off"
    await add(db, *[replace(LINE, login="boris")] * 3)
    assert (await checked(db)).broken is None
    told = await checked(db, (3, noted.chain))
    assert (told.broken, told.how) == (3, "not-as-noted")


async def test_two_who_write_at_once_keep_the_chain(url: str, db: Database) -> None:
    other = await open_database(url)
    try:
        await asyncio.gather(*(add(one, *[LINE] * 3) for one in (db, other) * 5))
        told = await checked(db)
        assert (told.broken, told.lines) == (None, 30)
    finally:
        await other.close()


async def test_lines_are_found_by_who_what_when_and_whom(db: Database) -> None:
    rows: list[tuple[float, int | None, str, Action, str]] = [
        (1, ANNA, "anna", "view", "12"),
        (2, CLARA, "clara", "search", "1,120,12,3"),
        (3, CLARA, "clara", "export", seen.told(range(5, 900))),
        (4, None, "cli:root", "export", seen.told([*range(20, 900), 112])),
    ]
    lines = [
        Line(at=at, user_id=user_id, login=login, action=action, thing="clients", count=2, clients=whom)
        for at, user_id, login, action, whom in rows
    ]
    await add(db, *lines)

    async def found(asked: Asked, **more: int) -> list[int]:
        async with db.read() as conn:
            newest = [one.id for one in await access_log.newest(conn, asked, **more)]
            if not more:
                assert newest[::-1] == [one.id async for part in access_log.parts(conn, asked) for one in part]
            return newest

    assert await found(Asked()) == [4, 3, 2, 1]
    assert await found(Asked(clients=(12,))) == [3, 2, 1]
    assert await found(Asked(clients=(12,)), limit=1) == [3]
    assert await found(Asked(clients=(12,)), limit=1, before=2) == [1]
    assert await found(Asked(clients=(1, 20))) == [4, 3, 2]
    assert await found(Asked(since=2, until=4)) == [3, 2]
    assert await found(Asked(login="clara", action="export")) == [3]
    assert await found(Asked(team_id=SALES)) == [1]
    assert await found(Asked(user_id=CLARA)) == [3, 2]
    async with db.read() as conn:
        assert await access_log.exported(conn, "clara", 2.5) == 2
        assert await access_log.exported(conn, "clara", 3.5) == 0


def test_ids_come_back_from_the_text_they_are_kept_as() -> None:
    chance = random.Random(1)
    for size in (0, 1, 3, 500, 501, 4000):
        ids = chance.sample(range(1, 9000), size)
        text_ = seen.told(ids)
        back = list(seen.ids_of(text_))
        assert (back if size <= seen.PLAIN else sorted(back)) == (ids if size <= seen.PLAIN else sorted(ids))
        assert all(seen.names(text_, one) for one in ids[:50])
        assert not any(seen.names(text_, one) for one in range(9001, 9050))
    assert seen.told(range(1, 10**6)) == "1-999999"
    odd = seen.told(range(1, 2 * 10**6, 2))
    assert seen.is_cut(odd)
    assert len(odd) <= seen.MOST + 2
    assert list(seen.ids_of(odd))[:3] == [1, 3, 5]
    assert not seen.names(odd, 2)
