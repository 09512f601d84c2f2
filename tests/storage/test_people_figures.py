"""Figures of people out of the database: FCR as its definition has it, and people and queues that change meanwhile."""

from __future__ import annotations

import random
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, update

from cti.features.rollups import EVER, Rollups
from cti.reports.intervals import period
from cti.reports.kpi import AGAIN_S, Contact, helped_at_once
from cti.storage import agent_calls, agent_figures, calls, duty, queue_figures
from cti.storage.agent_lines import stretches
from cti.storage.client_tables import clients
from cti.storage.database import Database
from cti.storage.tables import calls as calls_table
from cti.storage.tables import users
from cti.telephony.duty import Duty
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from tests.storage.conftest import ANNA, BORIS, CLARA, SUPPORT

ZONE = ZoneInfo("Europe/Berlin")
NIGHT = date(2026, 10, 24), date(2026, 10, 25)  # the second has 25 hours
SINCE = 1_790_000_100


async def test_fcr_of_the_database_is_that_of_its_definition(db: Database) -> None:
    dice = random.Random(5)
    async with db.write() as conn:
        rows = [{"id": n, "name": "C", "name_folded": "c", "search": "", "created_at": 1.0, "updated_at": 1.0}
                for n in range(1, 7)]  # fmt: skip
        await conn.execute(insert(clients), rows)
    for turn in range(4):
        made = []
        for number in range(60):
            # at the same moment as another, exactly a week later, an eighth of a second before it
            at = SINCE + dice.choice((0, 0.125, 450, 900, 9000)) + dice.choice((0, AGAIN_S - 0.125, AGAIN_S)) * 1.0
            made.append({
                "id": f"c{number:02}", "direction": dice.choice(("inbound", "inbound", "outbound", None)),
                "started_at": at, "answered_at": dice.choice((None, at + 5)),
                "user_id": dice.choice((None, ANNA, BORIS)),
                "client_id": dice.choice((None, *range(1, 7))) if turn else dice.randrange(1, 3),
            })  # fmt: skip
        async with db.write() as conn:
            await conn.execute(delete(calls_table))
            await conn.execute(insert(calls_table), made)
        await _holds(db, made)
        moved = made[dice.randrange(60)]  # what is matched later, taken back, forgotten
        moved["client_id"] = None if moved["client_id"] else 1
        gone = made.pop(dice.randrange(60))
        async with db.write() as conn:
            own = calls_table.c.id == moved["id"]
            await conn.execute(update(calls_table).where(own).values(client_id=moved["client_id"]))
            await conn.execute(delete(calls_table).where(calls_table.c.id == gone["id"]))
        await _holds(db, made)


async def _holds(db: Database, made: list[dict]) -> None:  # type: ignore[type-arg]
    until = SINCE + 14 * 86_400
    async with db.read() as conn:
        found = await agent_calls.helped(conn, SINCE, until, (ANNA, BORIS), SINCE + AGAIN_S)
        by_time = await agent_calls.helped_by_time(conn, SINCE, until, (ANNA, BORIS), SINCE, 900)
        wanted, whole = {}, [0, 0]
        for user in (ANNA, BORIS):
            contacts: dict[int, list[Contact]] = {}
            for one in sorted(made, key=lambda one: (one["started_at"], one["id"])):
                if one["client_id"] is not None:
                    mine = one["answered_at"] is not None and one["user_id"] == user
                    said = Contact(at=one["started_at"], inbound=one["direction"] == "inbound", answered=mine)
                    contacts.setdefault(one["client_id"], []).append(said)
            wanted[user] = helped_at_once(contacts, SINCE, until)
            for what, n in (("at-once", wanted[user][0]), ("again", wanted[user][1] - wanted[user][0])):
                assert (await agent_calls.parts(conn, what, SINCE, until, (user,))).total == n
            whole = [whole[0] + wanted[user][0], whole[1] + wanted[user][1]]
        assert {user: found.get(user, (0, 0))[:2] for user in wanted} == wanted
        assert [sum(one[place] for _, one in by_time) for place in (0, 1)] == whole
        assert all(at % 900 == 0 for at, _ in by_time)


def call(name: str, queue: str, at: float, *, ring: float = 10.0, talk: float | None = 60.0) -> CallRecord:
    answered = None if talk is None else at + ring
    end = at + ring + (talk or 0.0)
    leg = LegRecord(leg=f"PJSIP/1-{name}", leg_id=name, device="PJSIP/1", rang=at, answered=answered, ended=end,
                    result="no-answer" if talk is None else "talked", talk=talk, hold=0.0)  # fmt: skip
    wait = Wait(queue=queue, joined=at, left=at + ring, how="abandoned" if talk is None else "answered", position=1)
    return CallRecord(
        call=name, direction="inbound", caller=Party(number="9355550000"), called="74950000001", queue=queue,
        started=at, answered=answered, ended=end, outcome="abandoned" if talk is None else "answered",
        waits=(wait,), legs=(leg,),
    )  # fmt: skip


async def test_over_midnight_and_the_doubled_hour_with_people_and_queues_that_change(db: Database) -> None:
    since, until = period(*NIGHT, ZONE)
    midnight = period(NIGHT[1], NIGHT[1], ZONE)[0]
    assert until - midnight == 25 * 3600
    records = [
        (call("a", "sales", midnight - 5.0), ANNA),  # it comes before midnight and is picked up after it
        (call("b", "sales", midnight + 2.5 * 3600), ANNA),  # 2:30, and 2:30 once more
        (call("c", "sales-2", midnight + 3.5 * 3600), ANNA),  # the queue has another name by now
        (call("d", "sales-2", midnight + 9 * 3600.0, talk=None), BORIS),
        (call("e", "help", midnight + 3600.0), CLARA),  # she is not logged in, and has two at once
        (call("f", "help", midnight + 3630.0), CLARA),
    ]
    async with db.write() as conn:
        for at, state in ((-600, "ready"), (600, "ready"), (7 * 3600, "logged-off"), (8 * 3600, "ready")):
            line = Duty(state=state, since=float(midnight + at), by="person")  # type: ignore[arg-type]
            await duty.append(conn, ANNA, line, None)
        for record, user in records:
            await calls.save(conn, record, user_id=user, legs_users={record.call: user})
        await conn.execute(update(users).where(users.c.id == ANNA).values(name="Anna Married", team_id=SUPPORT))
        await conn.execute(update(users).where(users.c.id == BORIS).values(blocked_at=1.0))
    now = until + 3600.0
    rollups = Rollups(db=db, clock=lambda: now)
    while (await rollups.fresh_agents(*EVER)).left or (await rollups.fresh_queues(*EVER)).left:
        continue
    async with db.read() as conn:
        days = [(since, midnight), (midnight, until)]
        first, second = [(await agent_figures.by_person(conn, *day, None)).get(ANNA) for day in days]
        assert first is not None
        assert second is not None
        assert (first.answered, first.session_ms, first.ready_ms, first.talk_ms) == (0, 600_000, 600_000, 0)
        # 7 h of a session less 3 talks, then ready to the end of the day and on: longer than 8 h, so ignored
        assert (second.answered, second.talk_ms, second.sessions) == (3, 180_000, 1)
        assert (second.ready_ms, second.ignored_ms) == (7 * 3_600_000 - 180_000, 17 * 3_600_000)
        assert (second.session_ms, second.ring_ms, second.difference_ms) == (24 * 3_600_000, 30_000, 0)
        for what, ms in (("ready", second.ready_ms), ("ignored", second.ignored_ms), ("session", second.session_ms)):
            rows = await stretches(conn, ANNA, what, midnight, until, now)
            assert sum(one.length for one in rows) == ms
        for what, begun, ended in (("outside", 3610, 3700), ("twice", 3640, 3670)):
            [one] = await stretches(conn, CLARA, what, midnight, until, now)
            assert (one.begun, one.ended) == ((midnight + begun) * 1000, (midnight + ended) * 1000)
        clara = (await agent_figures.by_person(conn, since, until, [CLARA]))[CLARA]
        assert (clara.outside_ms, clara.twice_ms, clara.difference_ms) == (90_000, 30_000, 0)
        rang = await agent_calls.parts(conn, "ring", since, until, (ANNA, BORIS))
        assert [(one.call_id, one.ring_s) for one in rang.rows] == [("d", 10), ("c", 10), ("b", 10), ("a", 10)]
        # renamed, moved, blocked: all that they did is there, under the name and in the team of now
        assert await agent_figures.names(conn, SUPPORT) == {ANNA: "Anna Married", CLARA: "Clara"}
        assert BORIS in await agent_figures.names(conn)
        boris = (await agent_figures.by_person(conn, since, until, [BORIS]))[BORIS]
        assert (boris.missed, boris.ring_ms) == (1, 10_000)
        # a call belongs to when it came; both names of the queue stand in the report, and together they are all
        by_day = [[(name, row[0]) for name, row in await queue_figures.by_queue(conn, *day, None)] for day in days]
        assert by_day == [[("sales", 1)], [("help", 2), ("sales", 1), ("sales-2", 2)]]
        assert {"sales", "sales-2"} <= set(await queue_figures.known_queues(conn))
        hours = await queue_figures.by_time(conn, midnight, until, None, 3600)
        assert [at for at, _ in hours] == [
            midnight + 3600,
            midnight + 2 * 3600,
            midnight + 3 * 3600,
            midnight + 9 * 3600,
        ]
        decade = period(date(2017, 1, 1), date(2026, 12, 31), ZONE)
        assert sum(row[0] for _, row in await queue_figures.by_queue(conn, *decade, None)) == len(records)
        whole = (await agent_figures.by_person(conn, *decade, None))[ANNA]
        assert (whole.answered, whole.difference_ms) == (3, 0)
