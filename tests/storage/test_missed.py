"""The list of missed calls: one item per client, closed by any talk with any of the client's numbers."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy import insert

from cti.clients.card import ClientDraft, Phone
from cti.storage import clients
from cti.storage.database import Database
from cti.storage.missed import Missed, missed
from cti.storage.tables import calls, legs, user_queues
from tests.storage.conftest import ANNA, BORIS, CLARA

HOME, WORK, STRANGER = "+79355550101", "+79355550102", "+79355550999"
IDS = itertools.count(1)


async def client(db: Database, *numbers: str, shared: bool = False) -> int:
    phones = tuple(Phone(typed=number, e164=number, shared=shared) for number in numbers)
    async with db.write() as conn:
        return await clients.insert(conn, ClientDraft(name="Алхимов", phones=phones), 1.0)


async def call(db: Database, at: float, number: str | None = HOME, **more: Any) -> str:
    """A lost call from outside, unless told otherwise. rang: whose phone."""
    name, rang = f"call-{next(IDS)}", more.pop("rang", None)
    row = {"id": name, "direction": "inbound", "number": number, "started_at": at, "ended_at": at + 10}
    async with db.write() as conn:
        await conn.execute(insert(calls).values({**row, "outcome": "abandoned", "queue": "sales", **more}))
        if rang:
            leg = {"call_id": name, "leg_id": name, "leg": "PJSIP/1", "user_id": rang, "result": "no-answer"}
            await conn.execute(insert(legs).values(leg))
    return name


async def talk(db: Database, at: float, number: str | None, user_id: int, **more: Any) -> None:
    await call(db, at, number, outcome="answered", answered_at=at + 1, user_id=user_id, **more)


async def items(db: Database, **how: Any) -> list[Missed]:
    async with db.read() as conn:
        return await missed(conn, since=0.0, **how)


async def test_five_tries_from_two_numbers_of_one_client_are_one_item(db: Database) -> None:
    alhimov = await client(db, HOME, WORK)
    for at, number in ((100.0, HOME), (200.0, WORK), (300.0, HOME), (400.0, WORK)):
        await call(db, at, number, queue="support" if at == 100 else "sales")
    last = await call(db, 500.0, HOME, client_id=alhimov, ended_at=560.0, rang=ANNA)
    (item,) = await items(db)
    assert (item.client_id, item.client_name, item.tries, item.call) == (alhimov, "Алхимов", 5, last)
    assert (item.first_at, item.last_at, item.wait_s) == (100.0, 500.0, 60.0)
    assert (item.queues, item.rung) == (("sales", "support"), ("Anna",))


async def test_a_talk_by_any_number_in_either_direction_closes_it_and_says_by_whom(db: Database) -> None:
    await client(db, HOME, WORK)
    await call(db, 100.0, HOME)
    await talk(db, 200.0, WORK, BORIS, direction="outbound")
    assert await items(db) == []
    (item,) = await items(db, state="closed")
    assert (item.closed_by, item.closed_how, item.closed_at) == ("Boris", "outbound", 201.0)
    await call(db, 300.0, WORK)
    (item,) = await items(db)
    assert (item.tries, item.first_at, item.closed_at) == (1, 300.0, None)
    await talk(db, 400.0, HOME, ANNA)
    assert [one.closed_by for one in await items(db, state="all")] == ["Anna"]


async def test_a_talk_with_another_closes_nothing(db: Database) -> None:
    await client(db, HOME)
    await call(db, 100.0, HOME)
    await call(db, 110.0, STRANGER)
    await talk(db, 200.0, WORK, ANNA)
    assert [(one.number, one.client_id is None) for one in await items(db)] == [(STRANGER, True), (HOME, False)]
    await talk(db, 300.0, STRANGER, ANNA, direction="outbound")
    assert [one.number for one in await items(db)] == [HOME]


async def test_a_shared_number_belongs_to_nobody_and_hidden_callers_are_one_each(db: Database) -> None:
    await client(db, HOME, shared=True)
    await call(db, 100.0, HOME)
    await call(db, 110.0, None)
    await call(db, 120.0, None)
    assert [(one.number, one.client_id, one.tries) for one in await items(db)] == [(None, None, 1)] * 2 + [
        (HOME, None, 1)
    ]


async def test_who_was_served_or_still_calls_is_not_missed(db: Database) -> None:
    for outcome in ("diverted", "self-service", "callback-requested", None):
        await call(db, 100.0, outcome=outcome)
    await call(db, 100.0, direction="outbound", outcome="no-answer")
    await call(db, 100.0, direction="internal", outcome="no-answer")
    assert await items(db) == []


async def test_who_left_a_message_waits_to_be_called_back(db: Database) -> None:
    await call(db, 100.0, HOME, outcome="voicemail")
    await call(db, 200.0, HOME)
    (item,) = await items(db)
    assert (item.tries, bool(item.voicemail), item.voicemail != item.call) == (2, True, True)


async def test_an_agent_sees_what_rang_at_him_and_what_waited_in_his_queues(db: Database) -> None:
    async with db.write() as conn:
        await conn.execute(insert(user_queues).values({"user_id": BORIS, "queue": "sales"}))
    await call(db, 100.0, HOME, queue=None, rang=ANNA)
    await call(db, 200.0, WORK, queue="sales")
    assert [one.number for one in await items(db, user_id=ANNA)] == [HOME]
    assert [one.number for one in await items(db, user_id=BORIS)] == [WORK]
    assert await items(db, user_id=CLARA) == []
    assert len(await items(db)) == 2
    assert len(await items(db, team_id=1)) == 2
    assert len(await items(db, limit=1)) == 1


async def test_how_soon_he_was_reached_and_how_often_we_tried(db: Database) -> None:
    await client(db, HOME, WORK)
    await call(db, 50.0, HOME, direction="outbound", outcome="no-answer")  # before he called
    await call(db, 100.0, HOME)
    await call(db, 160.0, WORK)
    await call(db, 200.0, WORK, direction="outbound", outcome="no-answer")
    (item,) = await items(db)
    assert (item.reach_s, item.attempts, item.closed_at) == (None, 1, None)
    await talk(db, 400.0, HOME, BORIS, direction="outbound")
    await call(db, 500.0, HOME, direction="outbound", outcome="busy")  # about something else
    (item,) = await items(db, state="closed")
    assert (item.tries, item.reach_s, item.attempts) == (2, 301.0, 2)
    assert await items(db, state="closed", until=160.0) == []
