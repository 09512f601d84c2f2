"""A day of a queue with known causes: more calls, longer ones, a lunch beyond its budget, rings in vain."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cti.storage import calls, duty, pause_budgets
from cti.storage.database import Database
from cti.telephony.duty import Duty
from cti.telephony.events import CallRecord, LegRecord, Party, Wait

ANNA, BORIS, VERA = 1, 2, 4
DAY = date(2026, 10, 22)  # a Thursday with no holiday in the weeks before


def record(name: str, at: float, wait: int, talk: int, *, rang: int = 0) -> CallRecord:
    """A call that somebody answers after `wait`; rang: another telephone rang in vain for so long before."""
    left = at + wait
    client = LegRecord(leg=f"PJSIP/trunk-{name}", leg_id=f"c-{name}", device=None, answered=at, ended=left + talk)
    agent = LegRecord(leg=f"PJSIP/101-{name}", leg_id=f"a-{name}", device="PJSIP/101", rang=at, answered=left,
                      ended=left + talk, result="talked", talk=float(talk), hold=0.0)  # fmt: skip
    vain = LegRecord(leg=f"PJSIP/102-{name}", leg_id=f"b-{name}", device="PJSIP/102", rang=at, ended=at + rang,
                     result="no-answer")  # fmt: skip
    return CallRecord(
        call=name, direction="inbound", caller=Party(number="9355550000"), called="74950000001", queue="sales",
        started=at, queued=at, answered=left, ended=left + talk, outcome="answered",
        legs=(client, agent, *((vain,) if rang else ())),
        waits=(Wait(queue="sales", joined=at, left=left, how="answered", position=1),),
    )  # fmt: skip


def ten_of(zone: ZoneInfo) -> float:
    return datetime(DAY.year, DAY.month, DAY.day, 10, tzinfo=zone).timestamp()


async def fill(db: Database, zone: ZoneInfo) -> None:
    """Four Thursdays of ten short calls at ten; then one of thirty longer ones, with a long lunch and vain rings."""

    async with db.write() as conn:
        for week in range(5):
            day = DAY - timedelta(days=7 * week)
            ten = datetime(day.year, day.month, day.day, 10, tzinfo=zone).timestamp()
            for n in range(10 if week else 30):
                made = record(
                    f"{week}-{n}", ten + 55 * n, 5 if week else 40, 60 if week else 100, rang=0 if week else 15
                )
                users_ = {leg.leg_id: ANNA if leg.leg_id.startswith("a") else BORIS for leg in made.legs if leg.device}
                await calls.save(conn, made, number="+79355550000", user_id=ANNA, legs_users=users_)
        for user in (ANNA, BORIS):
            await duty.append(conn, user, Duty(state="ready", since=ten_of(zone) - 3600), None)
        await duty.append(conn, BORIS, Duty(state="not-ready", reason="Lunch", since=ten_of(zone)), None)
        await duty.append(conn, BORIS, Duty(state="ready", since=ten_of(zone) + 1500), None)
        for user in (ANNA, BORIS):
            await duty.append(conn, user, Duty(state="logged-off", since=ten_of(zone) + 4 * 3600), None)
        since = ten_of(zone) - 10 * 3600
        await pause_budgets.keep(conn, "Lunch", 10, since=since, now=since, user_id=VERA)
