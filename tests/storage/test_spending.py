"""What may not be sent now: consents, quiet hours, the day's count of a number, the day's budget; on both engines."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from cti.messages.limits import Limits
from cti.storage import consents, sms, spending
from cti.storage.client_tables import clients
from cti.storage.database import Database
from cti.storage.sms_tables import sms as table
from cti.storage.spending import Stop
from cti.storage.tables import calls

HOUSE = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 26, 12, tzinfo=HOUSE).timestamp()
MORNING = datetime(2026, 11, 27, 9, tzinfo=HOUSE).timestamp()
LIMITS = Limits(budget_day=1000, a_day=2)
ONE, TWO = "+79355550101", "+79355550102"


async def made(db: Database, key: str, number: str = ONE, **values: Any) -> Any:
    async with db.write() as conn:
        row = {"key": key, "number": number, "text": "Да", "price": 300, "automatic": True, "rule_id": 7}
        sms_id = await sms.add(conn, row | values, values.get("send_at") or NOON)
        return (await conn.execute(select(table).where(table.c.id == sms_id))).one()


async def asked(db: Database, *rows: Any, limits: Limits = LIMITS, now: float = NOON) -> dict[str, Stop]:
    """What is held back, by key; the others go and are paid."""
    async with db.write() as conn:
        found = await spending.stopped(conn, rows, limits, now, HOUSE)
        gone = [row for row in rows if row.id not in found]
        await conn.execute(
            update(table).where(table.c.id.in_([row.id for row in gone])).values(state="accepted", accepted_at=now)
        )
        await spending.goes(conn, gone, found.values(), now, HOUSE)
    return {row.key: found[row.id] for row in rows if row.id in found}


async def test_the_budget_of_a_day_is_never_exceeded_and_a_persons_own_sms_is_only_counted(db: Database) -> None:
    four = [await made(db, f"a{n}", f"+7935555020{n}") for n in range(4)]
    assert await asked(db, *four) == {"a3": Stop("budget", MORNING)}
    own = await made(db, "own", "+79355550205", automatic=False, rule_id=None, user_id=1)
    assert await asked(db, own) == {}
    async with db.write() as conn:
        today = await spending.day(conn, NOON, HOUSE)
        assert (today.spent, today.messages, today.own) == (900, 3, 300)
        assert today.stopped_at == NOON
        assert await spending.told(conn, NOON, HOUSE)
        assert not await spending.told(conn, NOON, HOUSE)
        await spending.spend(conn, four[:1], NOON, HOUSE, back=True)
    assert await asked(db, four[3]) == {}
    old = await made(db, "old", "+79355550206", send_at=NOON - 2 * 86400)
    assert await asked(db, old) == {"old": Stop("too-late")}
    campaign = await made(db, "c", "+79355550207", rule_id=None, automatic=False, campaign_id=3)
    assert await asked(db, campaign) == {"c": Stop("budget", MORNING)}
    assert await asked(db, campaign, now=MORNING) == {}


async def test_a_number_gets_so_many_a_day_and_one_automatic_answer_in_ten_minutes(db: Database) -> None:
    some = [await made(db, f"n{n}") for n in range(3)]
    assert await asked(db, *some) == {"n2": Stop("a-day", MORNING)}
    assert await asked(db, some[2], limits=Limits(a_day=0)) == {}
    first, second = [await made(db, f"m{n}", TWO, call_id=f"call-{n}", price=1) for n in range(2)]
    assert await asked(db, first, second) == {"m1": Stop("too-often")}
    assert await asked(db, second, now=NOON + 601) == {}


async def test_an_sms_about_a_missed_call_ends_when_somebody_has_talked_meanwhile(db: Database) -> None:
    lost = {"direction": "inbound", "number": ONE, "started_at": NOON - 99, "ended_at": NOON - 90}
    talk = {"direction": "outbound", "number": ONE, "started_at": NOON - 50, "answered_at": NOON - 40}
    async with db.write() as conn:
        await conn.execute(insert(calls).values(lost | {"id": "lost", "outcome": "no-answer"}))
    first, second = [await made(db, f"m{n}", call_id="lost", price=1) for n in range(2)]
    assert await asked(db, first) == {}
    async with db.write() as conn:
        await conn.execute(insert(calls).values(talk | {"id": "talk", "outcome": "answered"}))
    assert await asked(db, second, now=NOON + 601) == {"m1": Stop("talked")}


async def test_quiet_hours_are_those_of_the_clients_clock(db: Database) -> None:
    async with db.write() as conn:
        far = {
            "name": "Ромашка",
            "name_folded": "ромашка",
            "search": "",
            "time_zone": "Asia/Vladivostok",
            "created_at": 0.0,
            "updated_at": 0.0,
        }
        client_id = (await conn.execute(insert(clients).values(far).returning(clients.c.id))).scalar_one()
    there = datetime(2026, 11, 26, 21, 30, tzinfo=ZoneInfo("Asia/Vladivostok")).timestamp()  # afternoon of the house
    next_day = datetime(2026, 11, 27, 9, tzinfo=ZoneInfo("Asia/Vladivostok")).timestamp()
    theirs = await made(db, "far", client_id=client_id)
    ours = await made(db, "near", TWO)
    assert await asked(db, theirs, ours, now=there) == {"far": Stop("quiet", next_day)}


async def test_a_withdrawal_holds_on_all_channels_of_a_client_until_he_says_otherwise(db: Database) -> None:
    async with db.write() as conn:
        row = {"name": "Ромашка", "name_folded": "ромашка", "search": "", "created_at": 0.0, "updated_at": 0.0}
        client_id = (await conn.execute(insert(clients).values(row).returning(clients.c.id))).scalar_one()

        async def say(kind: Any, address: str, given: bool, at: float, purpose: Any = "marketing") -> None:
            await consents.say(
                conn,
                kind=kind,
                address=address,
                purpose=purpose,
                given=given,
                source="card",
                at=at,
                client_id=client_id,
            )

        await say("phone", ONE, True, 1.0)
    row = await made(db, "ad", rule_id=None, automatic=False, campaign_id=3, purpose="marketing", client_id=client_id)
    other = await made(db, "other", TWO, purpose="marketing", client_id=client_id)
    assert await asked(db, row, other) == {"other": Stop("no-consent")}
    async with db.write() as conn:
        await consents.say(
            conn, kind="email", address="info@romashka.example", purpose="marketing", given=False,
            source="letter", at=2.0, client_id=client_id,
        )  # fmt: skip
    assert await asked(db, row) == {"ad": Stop("withdrawn")}
    async with db.write() as conn:
        await consents.say(
            conn, kind="phone", address=ONE, purpose="marketing", given=True, source="call", at=3.0, client_id=client_id
        )
        await consents.say(conn, kind="phone", address=TWO, purpose="", given=False, source="sms", at=4.0)
    assert await asked(db, row) == {}
    thanks = await made(db, "stop:1", TWO)
    service = await made(db, "service", TWO)
    assert await asked(db, thanks, service) == {"service": Stop("withdrawn")}
