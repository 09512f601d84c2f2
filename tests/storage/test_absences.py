"""What nobody watched is noticed, read from the PBX's logs for that time alone, and else stated."""

from __future__ import annotations

import os
from pathlib import Path

from cti.cli.work_past import fill
from cti.features.absences import Absences
from cti.settings import Settings
from cti.storage import absences, calls
from cti.storage.database import Database
from tests.telephony.test_queue_log import T

DAY = 86_400.0


def settings(tmp_path: Path, **past: str) -> dict[str, object]:
    made = Settings(data=tmp_path, pbx={"main": {"past": past}})  # type: ignore[dict-item]
    return made.model_dump(mode="json", include={"numbers": True, "data": True, "pbx": {"main": {"past"}}})


def call(number: int, at: float) -> str:
    return (
        f"{at:.0f}|{at:.0f}.{number}|sales|NONE|ENTERQUEUE||79355550101|1\n"
        f"{at + 9:.0f}|{at:.0f}.{number}|sales|NONE|ABANDON|1|1|9\n"
    )


async def test_a_time_that_nobody_watched_is_filled_from_the_log_and_no_other(db: Database, tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    log.write_text("".join(call(n, T + n * 60) for n in range(3000)))
    now, up, asked = [T + 6000.0], ["main"], []

    async def filled(pbx: str, since: float, until: float) -> int | None:
        asked.append((pbx, since, until))
        job = {"settings": settings(tmp_path, queue_log=str(log)), "pbx": pbx, "since": since, "until": until}
        return await fill(db, job)

    work = Absences(db=db, up=lambda: up, clock=lambda: now[0], fill=filled)
    await work.look()
    now[0] += 10
    await work.look()
    now[0] += 3600  # the server was down for an hour
    await work.look()
    assert asked == []  # the PBX still writes
    now[0] += 100
    up.clear()
    await work.look()
    assert asked == [("main", T + 6010, T + 9610)]
    async with db.read() as conn:
        (one,) = await absences.within(conn, T, T + DAY)
        first, before, after = [await calls.get(conn, f"{T + n * 60}.{n}") for n in (101, 98, 161)]
    assert (one.state, one.found) == ("filled", 61)  # 98 is within the margin before: its end may lie in it
    assert first is not None
    assert (first.imported, before is None, after) == (True, True, None)
    await work.look()
    assert len(asked) == 1


async def test_without_a_log_it_is_stated_until_one_is_named(db: Database, tmp_path: Path) -> None:
    now = [T + 0.0]
    named: list[dict[str, str]] = [{}]

    async def filled(pbx: str, since: float, until: float) -> int | None:
        return await fill(db, {"settings": settings(tmp_path, **named[0]), "pbx": pbx, "since": since, "until": until})

    work = Absences(db=db, up=lambda: ["main"], clock=lambda: now[0], fill=filled, settle_s={"main": 0})
    for _ in range(3):
        await work.look()
        now[0] += 60
    async with db.read() as conn:
        assert [one.state for one in await absences.within(conn, T, T + DAY)] == ["open", "missing"]
        assert await absences.within(conn, T + DAY, T + 2 * DAY) == []
    (tmp_path / "queue_log").write_text(call(1, T + 10))
    named[0] = {"queue_log": str(tmp_path / "queue_log")}
    await work.reopen(["main"])
    await work.look()
    async with db.read() as conn:
        assert {(one.state, one.found) for one in await absences.within(conn, T, T + 70)} == {
            ("filled", 1),
            ("filled", 0),
        }


async def test_logs_that_are_away_are_tried_again_with_patience_and_an_end(db: Database, tmp_path: Path) -> None:
    log = tmp_path / "queue_log"
    now, tried = [T + 0.0], [0]

    async def filled(pbx: str, since: float, until: float) -> int | None:
        tried[0] += 1
        job = {"settings": settings(tmp_path, queue_log=str(log)), "pbx": pbx, "since": since, "until": until}
        return await fill(db, job)

    up = ["main"]
    work = Absences(db=db, up=lambda: up, clock=lambda: now[0], fill=filled, settle_s={"main": 0})

    async def look_at(at: float) -> tuple[str, int, int]:
        now[0] = at
        await work.look()
        async with db.read() as conn:
            (one,) = await absences.within(conn, T, T + 1)
        return one.state, one.tries, one.found

    await work.look()
    now[0] = T + 100
    await work.look()
    up.clear()
    assert await look_at(T + 101) == ("open", 1, 0)  # the file is not there
    log.write_text(call(1, T + 50))
    os.utime(log, (T + 60, T + 60))
    assert await look_at(T + 110) == ("open", 1, 0)  # too early
    assert await look_at(T + 170) == ("open", 2, 0)  # a copy of before says nothing of what came since
    assert tried == [2]
    os.utime(log, (T + 200, T + 200))
    assert await look_at(T + 300) == ("filled", 2, 1)

    up.append("main")
    now[0] = T + 1000
    await work.look()
    up.clear()
    log.unlink()
    async with db.read() as conn:
        before = len(await absences.within(conn, T, T + 2 * DAY))
    for n in range(1, 10):
        now[0] = T + 1000 + n * DAY
        await work.look()
    async with db.read() as conn:
        found = await absences.within(conn, T, T + 2 * DAY)
    assert (before, [one.state for one in found], found[0].tries) == (2, ["missing", "filled"], 6)
    assert tried == [10]
