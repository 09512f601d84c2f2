"""Counted quarters are what the journal says, whatever happens to it and whenever it is counted, on both engines."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.features.rollups import EVER, Rollups
from cti.reports.agent_sums import NUMBERS
from cti.reports.number_levels import Level
from cti.reports.queue_sums import Thresholds
from cti.storage import (
    agent_calls,
    calls,
    dispositions,
    duty,
    number_figures,
    number_rollups,
    thresholds,
)
from cti.storage.database import Database
from cti.storage.duty_tables import agent_states
from cti.storage.rollup_tables import (
    COUNTED,
    agent_pauses,
    agent_quarters,
    number_days,
    number_levels,
    queue_hours,
    queue_quarters,
)
from cti.storage.tables import calls as calls_table
from cti.telephony.duty import Duty
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from tests.storage import people_sums, plain_figures
from tests.storage.conftest import ANNA, BORIS, CLARA

RUNS = 300 if os.environ.get("SOAK") else 12
BEGUN = 1_790_000_000.0 // 86_400 * 86_400
NOW = BEGUN + 3 * 86_400.0 + 417.25
PEOPLE = (ANNA, BORIS, CLARA)
HOW = ("answered", "abandoned", "diverted", "timeout", "leaveempty", "joinempty", "full", "other", None)
STATES = ("ready", "not-ready", "after-call", "logged-off")

CHANGES: tuple[tuple[str, Any, Any], ...] = (  # a column of calls, and two values of it
    ("direction", "inbound", "outbound"), ("called", "2", None), ("queue", "sales", None), ("ended_at", NOW, None),
    ("outcome", "abandoned", None), ("answered_at", BEGUN, None), ("started_at", BEGUN + 86_399.5, NOW),
)  # fmt: skip

moments = st.integers(0, 3 * 86_400 * 8 - 1).map(lambda eighths: BEGUN + eighths / 8)
LONG_AGO = (100.0, BEGUN - 40 * 86_400.0, BEGUN - 7 * 86_400.0, BEGUN - 6.5 * 86_400.0)  # nobody signed out
ago = st.sampled_from(LONG_AGO)
lengths = st.one_of(st.sampled_from((0.0, 4.999, 5.0, 19.137, 20.0, 20.001, 299.99, 300.0)), st.floats(0, 2000))
places = st.integers(0, 30)
stays = st.tuples(st.sampled_from(("sales", "support")), lengths, st.sampled_from(HOW))
parts = st.tuples(
    st.sampled_from((None, *PEOPLE)), lengths, st.one_of(st.none(), lengths), st.sampled_from((0.0, 0.5, 1.0)),
    st.booleans(),
)  # fmt: skip
acts = st.one_of(
    st.tuples(st.just("call"), moments, st.lists(stays, max_size=3), st.lists(parts, max_size=3), st.booleans()),
    st.tuples(st.just("state"), st.sampled_from(PEOPLE), moments, st.sampled_from(STATES), places),
    st.tuples(st.just("state"), st.sampled_from(PEOPLE), ago, st.sampled_from(STATES), places),
    st.tuples(st.just("correct"), places, st.sampled_from(STATES)),
    st.tuples(st.just("merge"), places, places),
    st.tuples(st.just("remove"), places),
    st.tuples(st.just("forget"), places),
    st.tuples(st.just("say"), places, st.sampled_from(PEOPLE), st.sampled_from(("Sold", "Busy", None)), moments),
    st.tuples(st.just("move"), places, st.sampled_from(PEOPLE)),
    st.tuples(st.just("unseen"), moments),
    st.tuples(st.just("change"), places, st.sampled_from(CHANGES), st.booleans()),
    st.tuples(st.just("thresholds"), st.sampled_from(("", "sales")), moments, st.sampled_from((None, 15, 40))),
    st.tuples(st.just("count")),
)


@settings(
    max_examples=RUNS,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(acts, min_size=5, max_size=40))
async def test_counted_quarters_are_what_the_journal_says(db: Database, script: list[Any]) -> None:
    async with db.write() as conn:
        for table in (
            "calls",
            "call_dispositions",
            "agent_states",
            "queue_quarters",
            "number_levels",
            "number_days",
            "number_changes",
            "agent_quarters",
            "agent_pauses",
            "queue_thresholds",
        ):
            await conn.execute(text(f"DELETE FROM {table}"))
    rollups = Rollups(db=db, clock=lambda: NOW)
    for number, (kind, *said) in enumerate(script):
        if kind == "count":
            await _count(rollups)
            continue
        async with db.write() as conn:
            await ACTS[kind](conn, number, *said)
    assert await _count(rollups) == (0, 0)
    async with db.read() as conn:
        await _numbers_are_the_calls(conn)
    async with db.write() as conn:
        while await number_rollups.fold(conn):
            pass
    async with db.read() as conn:
        days = (await conn.execute(select(number_days))).all()
        assert {tuple(row[:4]): row.n for row in days} == await plain_figures.of_days(conn)
        assert await _queues(conn) == await plain_figures.of_queues(conn)
        assert await _numbers(conn) == await plain_figures.of_numbers(conn)
        assert await _agents(conn) == await plain_figures.of_agents(conn, NOW)
        await _hours_are_sums_of_quarters(conn)
        await people_sums.are_of_quarters(conn, int(BEGUN), PEOPLE)
        await _numbers_are_the_calls(conn)
        await _talks_and_outcomes(conn)


async def _count(rollups: Rollups) -> tuple[int, int]:
    """All that changed; what is left of it: a report waits but a moment for it, and a slow machine has more of them."""
    deadline = time.monotonic() + 30
    while any(left := ((await rollups.fresh_queues(*EVER)).left, (await rollups.fresh_agents(*EVER)).left)):
        if time.monotonic() > deadline:
            break
    return left


async def _queues(conn: AsyncConnection) -> dict[tuple[int, str], dict[str, int]]:
    rows = (await conn.execute(select(queue_quarters))).all()
    return {(row.at, row.queue): {name: n for name in COUNTED if (n := row._mapping[name])} for row in rows}


async def _hours_are_sums_of_quarters(conn: AsyncConnection) -> None:
    wanted: dict[Any, dict[str, int]] = {}
    for row in await conn.execute(select(queue_quarters)):
        own = wanted.setdefault((row.at // 3600 * 3600, row.queue, row.answer_within_s, row.short_s), {})
        for name in COUNTED:
            more = row._mapping[name]
            own[name] = max(own.get(name, 0), more) if name == "longest_ms" else own.get(name, 0) + more
    found = {
        (row.at, row.queue, row.answer_within_s, row.short_s): {name: row._mapping[name] for name in COUNTED}
        for row in await conn.execute(select(queue_hours))
    }
    assert found == wanted


async def _numbers_are_the_calls(conn: AsyncConnection) -> None:
    """Of all time, and of local days as of a queue; whatever is not added to its day yet."""
    for since, until, queues in ((0, 1 << 33, None), (int(BEGUN) + 20_700, int(BEGUN) + 193_500, ["sales"])):
        asked = since, until, queues
        rows = await number_figures.by_number(conn, *asked)
        wanted = await plain_figures.of_called(conn, *asked)
        assert {row.number: {kind: n for kind, n in row.counts.items() if n} for row in rows} == wanted
        for kind in ("calls", "others"):
            page = await number_figures.behind(conn, kind, since, until, "2", queues, limit=3)
            assert page.total == wanted.get("2", {}).get(kind, 0)
            found = [row.id for row in page.rows]
            while page.next_cursor:
                page = await number_figures.behind(
                    conn, kind, since, until, "2", queues, limit=3, cursor=page.next_cursor
                )
                found += [row.id for row in page.rows]
            assert len(found) == len(set(found)) == wanted.get("2", {}).get(kind, 0)


async def _talks_and_outcomes(conn: AsyncConnection) -> None:
    """What indexes alone answer, of the whole time and of a day of it."""
    everybody = list((await conn.execute(text("SELECT id FROM users"))).scalars())
    for since, until in ((int(BEGUN), int(NOW) + 86_400), (int(BEGUN) + 86_400, int(BEGUN) + 2 * 86_400)):
        asked = conn, since, until, PEOPLE
        talks, rang, by_person, by_queue = await plain_figures.of_talks(conn, since, until)
        assert await agent_calls.talks(*asked) == talks
        assert {(name, user): n for name, user, n in await agent_calls.said_by_person(*asked)} == by_person
        for people in (PEOPLE, everybody):
            found = await agent_calls.said_by_queue(conn, since, until, people)
            assert {(name, queue): n for name, queue, n in found} == by_queue
        for name, queue in [(None, None), *by_queue][:3]:
            told = await agent_calls.said(conn, since, until, PEOPLE, name=name, queue=queue, limit=100)
            wanted = by_queue[name, queue] if name is not None else sum(by_queue.values())
            assert (told.total, len(told.rows)) == (wanted, wanted)
        with_, without = (sum(one[place] for one in talks.values()) for place in (0, 1))
        for what, n in (("ring", rang), ("with-outcome", with_), ("without-outcome", without)):
            page = await agent_calls.parts(conn, what, since, until, PEOPLE, limit=100)
            assert (page.total, len(page.rows)) == (n, min(n, 100))


async def _numbers(conn: AsyncConnection) -> dict[tuple[int, str, str], dict[str, int]]:
    rows = (await conn.execute(select(number_levels))).all()
    return {
        (row.at, row.queue, row.called): {name: n for name in Level._fields if (n := row._mapping[name])}
        for row in rows
    }


async def _agents(conn: AsyncConnection) -> dict[tuple[int, int], dict[str, int]]:
    rows = (await conn.execute(select(agent_quarters))).all()
    found = {(row.at, row.user_id): {name: n for name in NUMBERS if (n := row._mapping[name])} for row in rows}
    for row in await conn.execute(select(agent_pauses)):
        found[row.at, row.user_id][f"pause:{row.reason}"] = row.pause_ms
    return {key: own for key, own in found.items() if own}


async def _call(
    conn: AsyncConnection, number: int, at: float, came: Sequence[Any], people: Sequence[Any], over: bool
) -> None:
    """A call with its stays one after another, and legs from its beginning on; written as it begins and as it ends."""
    waits, joined = [], at
    for queue, length, how in came:
        waits.append(Wait(queue=queue, joined=joined, left=joined + length if how else None, how=how, position=1))
        joined += length + 1
    legs = [
        LegRecord(
            leg=f"PJSIP/10{place}-{number}", leg_id=f"{number}.{place}", device=f"PJSIP/10{place}",
            rang=at + wait if rung else None, answered=None if talk is None else at + wait + 2,
            ended=None if talk is None else at + wait + 2 + talk, result="no-answer" if talk is None else "talked",
            talk=None if talk is None else talk * share, hold=None if talk is None else talk * (1 - share) / 2,
        )
        for place, (_, wait, talk, share, rung) in enumerate(people)
    ]  # fmt: skip
    users = {leg.leg_id: user for leg, (user, *_) in zip(legs, people, strict=True) if user is not None}
    ends = max([joined, *(leg.ended or 0.0 for leg in legs)]) + 1
    called, queue = ("1", "2", None)[number // 3 % 3], came[0][0] if came else None
    record = CallRecord(
        call=f"c{number}", direction=("inbound", "outbound", "internal")[number % 3],
        caller=Party(device="PJSIP/100" if number % 5 == 0 else None), called=called, queue=queue, started=at,
        waits=(*waits[:1],),
        legs=tuple(LegRecord(leg=leg.leg, leg_id=leg.leg_id, device=leg.device, rang=leg.rang, answered=leg.answered)
                   for leg in legs[:1]),
    )  # fmt: skip
    await calls.save(conn, record, legs_users=users)
    if number % 4:
        whole = CallRecord(
            call=record.call, direction=record.direction, caller=record.caller, called=called, queue=queue, started=at,
            waits=tuple(waits), legs=tuple(legs), ended=ends if over else None, outcome="answered" if over else None,
        )  # fmt: skip
        await calls.save(conn, whole, legs_users=users)


async def _state(conn: AsyncConnection, number: int, user: int, at: float, state: Any, place: int) -> None:
    call = await _id(conn, place)
    queue = ("sales", "support", "")[number % 3]
    reason = ("lunch", "training")[number % 2] if state == "not-ready" else ""
    await duty.append(conn, user, Duty(state=state, reason=reason, since=at, by="person", queue=queue, call=call), None)


async def _correct(conn: AsyncConnection, number: int, place: int, state: Any) -> None:
    ids = list((await conn.execute(select(agent_states.c.id).order_by(agent_states.c.id))).scalars())
    if ids:
        await duty.correct(
            conn, ids[place % len(ids)], state=state, reason=("", "lunch")[number % 2], why="so", at=NOW, user_id=CLARA
        )


async def _merge(conn: AsyncConnection, _number: int, one: int, other: int) -> None:
    gone, kept = await _id(conn, one), await _id(conn, other)
    if gone != kept:
        await calls.merge(conn, gone, kept)


async def _remove(conn: AsyncConnection, _number: int, place: int) -> None:
    await conn.execute(delete(calls_table).where(calls_table.c.id == await _id(conn, place)))


async def _forget(conn: AsyncConnection, _number: int, place: int) -> None:
    """As an erasure empties what is kept for the figures."""
    call = {"call": await _id(conn, place)}
    await conn.execute(text("UPDATE agent_states SET call_id = '' WHERE call_id = :call"), call)
    await conn.execute(text("UPDATE legs SET user_id = NULL WHERE call_id = :call"), call)
    await conn.execute(text("UPDATE calls SET called = '3' WHERE id = :call"), call)


async def _say(conn: AsyncConnection, _number: int, place: int, user: int, name: str | None, at: float) -> None:
    said = dispositions.Disposition(id=1, name=name) if name else None
    await dispositions.say(conn, await _id(conn, place) or "early", user, said, at)


async def _move(conn: AsyncConnection, _number: int, place: int, user: int) -> None:
    """What was said first, to another call and person."""
    there = {"call": await _id(conn, place), "user": user}
    await conn.execute(
        text(
            "UPDATE call_dispositions SET call_id = :call, user_id = :user WHERE id = (SELECT MIN(id) FROM"
            " call_dispositions) AND NOT EXISTS (SELECT 1 FROM call_dispositions d WHERE d.call_id = :call"
            " AND d.user_id = :user)"
        ),
        there,
    )


async def _change(conn: AsyncConnection, _number: int, place: int, said: tuple[str, Any, Any], other: bool) -> None:
    name, *values = said
    call = update(calls_table).where(calls_table.c.id == await _id(conn, place))
    await conn.execute(call.values({name: values[other]}))


async def _unseen(conn: AsyncConnection, _number: int, at: float) -> None:
    await calls.close_unfinished(conn, ["c1", "c2"], at, "gap")


async def _thresholds(conn: AsyncConnection, _number: int, queue: str, at: float, within: int | None) -> None:
    """What was counted before stays so: none is set for a time that is past."""
    if (await conn.execute(select(calls_table.c.id).limit(1))).first() is None:
        said = Thresholds(answer_within_s=within, short_s=7) if within else None
        await thresholds.keep(conn, queue, said, at, CLARA)


async def _id(conn: AsyncConnection, place: int) -> str:
    ids = list((await conn.execute(select(calls_table.c.id).order_by(calls_table.c.id))).scalars())
    return ids[place % len(ids)] if ids else ""


ACTS: dict[str, Any] = {
    "call": _call, "state": _state, "correct": _correct, "merge": _merge, "remove": _remove, "forget": _forget,
    "say": _say, "move": _move, "unseen": _unseen, "change": _change, "thresholds": _thresholds,
}  # fmt: skip


async def test_a_database_that_was_full_before_is_counted_backwards_from_now(db: Database) -> None:
    """As the migration marks it: by days, oldest first."""
    async with db.write() as conn:
        for number in range(1, 20):
            await _call(conn, number, BEGUN + number * 9000.0, [("sales", 7.0, "answered")], [], True)
        await conn.execute(text("DELETE FROM queue_marks"))
        days = [{"queue": "sales", "since": BEGUN + n * 86_400, "until": BEGUN + n * 86_400 + 86_399} for n in range(3)]
        await conn.execute(text("INSERT INTO queue_marks (queue, since, until) VALUES (:queue, :since, :until)"), days)
    rollups = Rollups(db=db, clock=lambda: NOW)
    before = await rollups.fresh_queues(0.0, 1.0)  # a time in which nothing was
    assert (before.left, before.share) == (0, 1)
    assert await _count(rollups) == (0, 0)
    async with db.read() as conn:
        assert await _queues(conn) == await plain_figures.of_queues(conn)


async def test_changes_are_added_to_their_days_in_the_background(db: Database) -> None:
    async with db.write() as conn:
        await _call(conn, 3, BEGUN + 60, [("sales", 7.0, "answered")], [], True)
    counting = asyncio.create_task(Rollups(db=db, clock=lambda: NOW).run())
    async with asyncio.timeout(30):
        waits = True
        while waits:
            async with db.read() as conn:
                waits = await number_rollups.waits(conn)
    counting.cancel()
    async with db.read() as conn:
        [day] = (await conn.execute(select(number_days))).all()
    assert tuple(day) == (int(BEGUN), "sales", "2", "others", 1)


async def test_a_threshold_that_is_set_leaves_what_was_counted(db: Database) -> None:
    rollups = Rollups(db=db, clock=lambda: NOW)
    async with db.write() as conn:
        await _call(conn, 1, BEGUN + 60, [("sales", 30.0, "answered")], [], True)
        await thresholds.keep(conn, "sales", Thresholds(answer_within_s=40, short_s=5), BEGUN + 100, CLARA)
        await _call(conn, 2, BEGUN + 960, [("sales", 30.0, "answered")], [], True)
    await _count(rollups)
    async with db.write() as conn:  # a late correction of the first quarter is counted as that quarter was
        await _call(conn, 3, BEGUN + 90, [("sales", 10.0, "answered")], [], True)
    await _count(rollups)
    async with db.read() as conn:
        rows = (await conn.execute(select(queue_quarters).order_by(queue_quarters.c.at))).all()
    assert [(row.answer_within_s, row.answered, row.in_t) for row in rows] == [(20, 2, 1), (40, 1, 1)]
