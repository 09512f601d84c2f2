"""What nobody watched is noticed, read from the PBX's logs for that time alone, and else stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.cli.work_past import fill
from cti.errors import StorageError
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


@pytest.mark.parametrize("broken", [True, False])
async def test_without_a_log_it_is_stated(db: Database, tmp_path: Path, *, broken: bool) -> None:
    now = [T + 0.0]

    async def filled(pbx: str, since: float, until: float) -> int | None:
        if broken:
            raise StorageError("it is away", advice="")
        return await fill(db, {"settings": settings(tmp_path), "pbx": pbx, "since": since, "until": until})

    work = Absences(db=db, up=lambda: ["main"], clock=lambda: now[0], fill=filled, settle_s=0)
    for _ in range(3):
        await work.look()
        now[0] += 60
    async with db.read() as conn:
        assert [one.state for one in await absences.within(conn, T, T + DAY)] == ["open", "missing"]
        assert await absences.within(conn, T + DAY, T + 2 * DAY) == []
