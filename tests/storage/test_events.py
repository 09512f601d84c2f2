"""What agents were told, why, and what they clicked; and who sits behind a device."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs
from sqlalchemy.exc import IntegrityError

from cti.storage import calls, desktop_events, dial_requests, directory, traces
from cti.storage.database import Database
from cti.storage.desktop_events import NewEvent
from cti.storage.dial_requests import DialRequest
from cti.storage.traces import Step
from cti.telephony.events import CallRecord, Party
from tests.storage.conftest import ANNA, BORIS, CLARA, SALES

CLICK = DialRequest(
    request_id="click-1",
    user_id=ANNA,
    number="+79355550101",
    extension="14",
    client_id=None,
    device="PJSIP/101",
    call_id=None,
    state="sent",
    created_at=100.0,
)


def _event(agent: int, seq: int, call: str = "1.1", kind: str = "screen_pop") -> NewEvent:
    return NewEvent(agent_id=agent, seq=seq, kind=kind, call_id=call, payload=f'{{"seq":{seq}}}', created_at=float(seq))


async def test_events_are_replayed_in_order_after_the_last_seen(db: Database) -> None:
    async with db.write() as conn:
        await desktop_events.append(conn, [_event(ANNA, seq) for seq in (1, 2, 3)] + [_event(BORIS, 1)])
        await desktop_events.append(conn, [])
    async with db.read() as conn:
        assert [event.seq for event in await desktop_events.since(conn, ANNA, 1)] == [2, 3]
        assert [event.seq for event in await desktop_events.since(conn, ANNA, 0, limit=2)] == [1, 2]
        assert await desktop_events.since(conn, CLARA, 0) == []
        assert await desktop_events.last_seqs(conn) == {ANNA: 3, BORIS: 1}


async def test_an_event_written_twice_is_there_once(db: Database) -> None:
    """A write whose commit was not heard of is repeated."""
    for _ in range(2):
        async with db.write() as conn:
            await desktop_events.append(conn, [_event(ANNA, 1)])
    async with db.read() as conn:
        assert len(await desktop_events.since(conn, ANNA, 0)) == 1


async def test_a_card_is_shown_once(db: Database) -> None:
    async with db.write() as conn:
        await desktop_events.append(conn, [_event(ANNA, 1), _event(ANNA, 2)])
        assert await desktop_events.shown(conn, ANNA, 1, 5.0, 40.0)
        assert not await desktop_events.shown(conn, ANNA, 1, 9.0, 99.0)
        assert not await desktop_events.shown(conn, BORIS, 1, 5.0, None)
        (first, _) = await desktop_events.since(conn, ANNA, 0)
        assert (first.shown_at, first.latency_ms) == (5.0, 40.0)
        assert [event.seq for event in await desktop_events.unshown(conn, ANNA)] == [2]


async def test_pops_of_calls_that_are_not_over(db: Database) -> None:
    record = CallRecord(call="1.1", direction="inbound", caller=Party(), called=None, started=1.0)
    async with db.write() as conn:
        await calls.save(conn, record)
        await calls.save(conn, structs.replace(record, call="2.1", outcome="answered", ended=2.0))
        events = [_event(ANNA, 1), _event(ANNA, 2, "2.1"), _event(ANNA, 3, "3.1"), _event(ANNA, 4, kind="message")]
        await desktop_events.append(conn, events)
        assert [event.call_id for event in await desktop_events.of_open_calls(conn)] == ["1.1", "3.1"]


async def test_forgetting_keeps_the_last_seq_of_everybody(db: Database) -> None:
    async with db.write() as conn:
        await desktop_events.append(conn, [_event(ANNA, seq) for seq in (1, 2, 3)] + [_event(BORIS, 1)])
        assert await desktop_events.forget_before(conn, 100.0) == 2
        assert await desktop_events.last_seqs(conn) == {ANNA: 3, BORIS: 1}


async def test_steps_of_a_decision_come_back_in_order(db: Database) -> None:
    steps = [
        Step(call_id="1.1", at=1.0, step="number-read", args={"number": "+79355550101"}),
        Step(call_id="1.1", at=1.0, step="matched", user_id=ANNA),
        Step(call_id="1.1", at=2.0, step="pop-sent", user_id=ANNA, args={"name": "Анна"}),
    ]
    async with db.write() as conn:
        await traces.add(conn, steps)
        await traces.add(conn, [Step(call_id="2.1", at=0.0, step="other")])
        await traces.add(conn, [])
        assert await traces.of_call(conn, "1.1") == steps
        assert await traces.of_call(conn, "9.9") == []


async def test_a_click_belongs_to_whoever_was_first(db: Database) -> None:
    async with db.write() as conn:
        assert await dial_requests.claim(conn, CLICK)
        assert not await dial_requests.claim(conn, replace(CLICK, user_id=BORIS, number="+7"))
        assert await dial_requests.get(conn, "click-1") == CLICK
        assert await dial_requests.get(conn, "click-2") is None


async def test_what_became_of_a_click(db: Database) -> None:
    async with db.write() as conn:
        await dial_requests.claim(conn, CLICK)
        await dial_requests.set_state(conn, "click-1", "ok", call_id="1.1")
        await dial_requests.set_state(conn, "click-1", "failed")
        assert await dial_requests.get(conn, "click-1") == replace(CLICK, state="failed", call_id="1.1")
        assert [await dial_requests.recent(conn, ANNA, since) for since in (100.0, 100.1)] == [1, 0]
        assert await dial_requests.recent(conn, BORIS, 0.0) == 0


async def test_who_sits_behind_a_device(db: Database) -> None:
    async with db.read() as conn:
        rows = await directory.devices(conn)
    assert [(row.name, row.user_name, row.chosen) for row in rows] == [
        ("PJSIP/101-web", "Anna", True),
        ("PJSIP/101", "Anna", False),
        ("PJSIP/102", "Boris", True),
    ]
    assert (rows[0].extension, rows[0].kind, rows[0].user_id, rows[0].team_id) == ("101", "browser", ANNA, SALES)
    assert (rows[0].team, rows[0].language) == ("Sales", "ru")


async def test_an_event_of_nobody_is_refused(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.write() as conn:
            await desktop_events.append(conn, [_event(99, 1)])
