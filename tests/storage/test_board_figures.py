"""What the live board shows of the day: counted by the database of either kind."""

from __future__ import annotations

import itertools

from sqlalchemy import insert

from cti.board import QueueFigures
from cti.storage import board_figures, duty
from cti.storage.database import Database
from cti.storage.tables import call_waits, calls, legs
from cti.telephony.duty import Duty
from tests.storage.conftest import ANNA, BORIS

DAY = 100_000.0
IDS = itertools.count(1)


async def stay(db: Database, joined: float, wait_s: float | None, how: str | None, queue: str = "sales") -> None:
    name = f"call-{next(IDS)}"
    async with db.write() as conn:
        await conn.execute(insert(calls).values(id=name, started_at=joined, queue=queue, direction="inbound"))
        left = None if wait_s is None else joined + wait_s
        row = {"call_id": name, "place": 0, "queue": queue, "joined_at": joined, "left_at": left, "how": how}
        await conn.execute(insert(call_waits).values(row))


async def test_a_service_level_counts_who_waited_long_and_not_who_left_at_once(db: Database) -> None:
    for wait_s, how in ((20.0, "answered"), (21.0, "answered"), (5.0, "abandoned"), (6.0, "abandoned")):
        await stay(db, DAY + 10, wait_s, how)
    await stay(db, DAY + 10, 60.0, "timeout")
    await stay(db, DAY + 10, None, None)  # still waits
    await stay(db, DAY - 10, 1.0, "answered")  # yesterday
    await stay(db, DAY + 5000, 1.0, "answered")
    async with db.read() as conn:
        found = await board_figures.queue_figures(conn, ["sales", "empty"], {}, since=DAY, lately=DAY + 3000)
    assert found == {
        "sales": (
            QueueFigures(level=1.0, in_time=1, answered=1),
            QueueFigures(level=2 / 4, in_time=2, late=2, answered=3, abandoned=2, others=1),
        )
    }


async def test_a_persons_day_counts_talks_unanswered_offers_and_pauses_since_midnight(db: Database) -> None:
    async with db.write() as conn:
        await conn.execute(insert(calls).values(id="a", started_at=DAY + 10, queue="sales", direction="inbound"))
        await conn.execute(insert(calls).values(id="b", started_at=DAY - 10, queue="sales", direction="inbound"))
        for call, leg, user_id, result, talk_s in (
            ("a", "1", ANNA, "talked", 30.0), ("a", "2", BORIS, "no-answer", 0.0), ("a", "3", BORIS, "no-answer", 0.0),
            ("b", "4", ANNA, "talked", 99.0),
        ):  # fmt: skip
            at = {"rang_at": DAY + 11 if call == "a" else DAY - 9}
            at |= {"answered_at": at["rang_at"] + 1} if result == "talked" else {}
            row = {"call_id": call, "leg_id": leg, "leg": leg, "user_id": user_id, "result": result, "talk_s": talk_s}
            row |= at
            await conn.execute(insert(legs).values(row))
        for at, state in ((DAY - 50, "not-ready"), (DAY + 100, "ready"), (DAY + 200, "not-ready")):
            await duty.append(conn, ANNA, Duty(state=state, since=at), None, "")  # type: ignore[arg-type]
        await duty.append(conn, BORIS, Duty(state="not-ready", since=DAY - 90), None, "")
        await duty.append(conn, BORIS, Duty(state="ready", since=DAY - 80), None, "")
        found = await board_figures.agent_figures(conn, since=DAY, now=DAY + 250)
    anna, boris = found[ANNA], found[BORIS]
    assert (anna.answered, anna.talk_s, anna.missed, anna.paused_s) == (1, 30, 0, 150)
    assert (boris.answered, boris.missed, boris.paused_s) == (0, 2, 0)
