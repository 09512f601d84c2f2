"""The journal: one row per call, whatever order and however often it is written."""

from __future__ import annotations

import dataclasses
from typing import Any

from msgspec.structs import replace

from cti.clients.card import ClientDraft
from cti.storage import calls, clients
from cti.storage.call_asked import CallsAsked
from cti.storage.database import Database
from cti.telephony.events import CallRecord, Conference, LegRecord, Party, Release, Transfer, Wait
from tests.storage.conftest import ANNA, BORIS, CLARA, SALES, SUPPORT

NUMBER = "+79355550101"
TRUNK = LegRecord(leg="PJSIP/trunk-1", leg_id="1.1", device=None)
RINGING = CallRecord(
    call="1.1",
    direction="inbound",
    caller=Party(number="79355550101", name="Алхимов"),
    called="74950000001",
    queue="sales",
    started=100.0,
    queued=101.0,
    legs=(
        TRUNK,
        LegRecord(leg="PJSIP/101-1", leg_id="1.2", device="PJSIP/101", rang=102.0),
        LegRecord(leg="PJSIP/102-1", leg_id="1.3", device="PJSIP/102", rang=102.0),
    ),
)
TALKING = replace(
    RINGING,
    answered=105.0,
    talked=(("PJSIP/trunk-1", "PJSIP/101-1"),),
    waits=(Wait(queue="sales", joined=101.0, left=105.0, how="answered", position=1),),
    legs=(
        TRUNK,
        replace(RINGING.legs[1], answered=105.0, talk=12.0, hold=3.0, since=120.0),
        replace(RINGING.legs[2], ended=105.1, result="answered-elsewhere", cause=26),
    ),
)
ENDED = replace(
    TALKING,
    ended=160.0,
    outcome="answered",
    transfers=(Transfer(kind="blind", by="PJSIP/101-1", to=("PJSIP/103-1",)),),
    conferences=(Conference(began=110.0, ended=120.0, legs=("PJSIP/trunk-1", "PJSIP/101-1", "PJSIP/103-1")),),
    release=Release(side="called", leg="PJSIP/101-1", cause=16),
    legs=(
        TRUNK,
        replace(TALKING.legs[1], ended=160.0, result="talked", cause=16, talk=52.0, since=None),
        TALKING.legs[2],
    ),
)
USERS = {"1.2": ANNA, "1.3": BORIS}


async def _save(db: Database, record: CallRecord, user_id: int | None = ANNA, client_id: int | None = None) -> None:
    async with db.write() as conn:
        await calls.save(conn, record, number=NUMBER, client_id=client_id, user_id=user_id, legs_users=USERS)


async def _get(db: Database, call_id: str = "1.1") -> calls.CallRow:
    async with db.read() as conn:
        row = await calls.get(conn, call_id)
    assert row is not None
    return row


async def _add_client(db: Database, name: str) -> int:
    async with db.write() as conn:
        return await clients.insert(conn, ClientDraft(name=name), 1.0)


async def test_a_call_is_one_row_with_its_legs(db: Database) -> None:
    for record in (RINGING, TALKING, ENDED, ENDED):
        await _save(db, record)
    row = await _get(db)
    assert (row.outcome, row.queue, row.answered_at, row.ended_at) == ("answered", "sales", 105.0, 160.0)
    assert (row.user_name, row.number, row.caller_name, row.open) == ("Anna", NUMBER, "Алхимов", False)
    assert {leg.leg_id: (leg.user_name, leg.result) for leg in row.legs} == {
        "1.1": ("", None),
        "1.2": ("Anna", "talked"),
        "1.3": ("Boris", "answered-elsewhere"),
    }
    assert [transfer["kind"] for transfer in row.transfers] == ["blind"]
    assert [(one["began"], one["ended"], len(one["legs"])) for one in row.conferences] == [(110.0, 120.0, 3)]
    async with db.read() as conn:
        assert (await calls.journal(conn)).total == 1


async def test_a_late_write_never_reopens_a_call_nor_forgets(db: Database) -> None:
    await _save(db, ENDED)
    before = await _get(db)
    bare = CallRecord(call="1.1", direction=None, caller=Party(), called=None, legs=(TRUNK,))
    for late in (RINGING, TALKING, bare, replace(bare, outcome="unfinished", reason="gap")):
        await _save(db, late, user_id=None)
        async with db.write() as conn:
            await calls.save(conn, late)
    after = await _get(db)
    assert dataclasses.replace(after, reason=None) == dataclasses.replace(before, reason=None)
    assert after.outcome == "answered"


async def test_open_calls_come_back_as_they_were(db: Database) -> None:
    other = replace(RINGING, call="2.1", started=90.0, placed_by="click-1", legs=())
    await _save(db, TALKING)
    await _save(db, other)
    await _save(db, replace(ENDED, call="3.1"))
    async with db.read() as conn:
        records = await calls.open_records(conn)
    assert [record.call for record in records] == ["2.1", "1.1"]
    assert records[0] == other
    assert replace(records[1], legs=()) == replace(TALKING, legs=())
    assert set(records[1].legs) == set(TALKING.legs)


async def test_one_pbx_closes_no_call_of_another(db: Database) -> None:
    for call in ("spb:1.1", "spb-2:1.1", "msk:1.1"):
        await _save(db, replace(RINGING, call=call))
    async with db.write() as conn:
        assert await calls.close_unfinished(conn, (), 500.0, "gap", "spb:") == 1
    async with db.read() as conn:
        assert {record.call for record in await calls.open_records(conn)} == {"spb-2:1.1", "msk:1.1"}


async def test_calls_the_pbx_does_not_know_any_more_are_unfinished_without_an_end(db: Database) -> None:
    for record in (TALKING, replace(RINGING, call="2.1"), replace(RINGING, call="3.1", started=900.0)):
        await _save(db, record)
    async with db.write() as conn:
        assert await calls.close_unfinished(conn, {"2.1"}, 500.0, "gap") == 1
        assert await calls.close_unfinished(conn, {"2.1"}, 500.0, "gap") == 0
        assert [record.call for record in await calls.open_records(conn)] == ["2.1", "3.1"]
    row = await _get(db)
    assert (row.outcome, row.reason, row.ended_at, row.open) == ("unfinished", "gap", None, False)
    async with db.write() as conn:
        assert await calls.close_unfinished(conn, (), 1000.0, "pbx-restart") == 2


async def test_what_was_only_lost_sight_of_may_still_get_its_real_end(db: Database) -> None:
    await _save(db, TALKING)
    async with db.write() as conn:
        await calls.close_unfinished(conn, (), 500.0, "gap")
    await _save(db, ENDED)
    row = await _get(db)
    assert (row.outcome, row.reason, row.ended_at) == ("answered", None, 160.0)
    assert (row.unseen_since, row.unseen_until) == (None, None)
    assert [(one.field, one.was, one.became, one.user_id) for one in row.corrections] == [
        ("outcome", "unfinished", "answered", None)
    ]


async def test_waits_talk_hold_and_who_hung_up(db: Database) -> None:
    for record in (RINGING, TALKING, ENDED, TALKING):  # the last came late
        await _save(db, record)
    row = await _get(db)
    assert [(stay.queue, stay.joined_at, stay.left_at, stay.how, stay.position) for stay in row.waits] == [
        ("sales", 101.0, 105.0, "answered", 1)
    ]
    assert (row.released_by, row.released_leg, row.cause) == ("called", "PJSIP/101-1", 16)
    assert {leg.leg_id: (leg.talk_s, leg.hold_s) for leg in row.legs if leg.user_id == ANNA} == {"1.2": (52.0, 3.0)}
    assert row.corrections == ()


async def test_an_end_that_nobody_saw_lies_between_two_times(db: Database) -> None:
    await _save(db, replace(TALKING, outcome="unfinished", reason="gap", unseen=(140.0, 171.5)))
    row = await _get(db)
    assert (row.ended_at, row.unseen_since, row.unseen_until) == (None, 140.0, 171.5)


async def test_who_is_calling_stays_as_a_person_said(db: Database) -> None:
    guessed, said = await _add_client(db, "Алхимов"), await _add_client(db, "Гранит")
    await _save(db, RINGING, client_id=guessed)
    async with db.write() as conn:
        assert await calls.set_client(conn, "1.1", said, ANNA, 7.0)
        assert not await calls.set_client(conn, "9.9", said, ANNA, 7.0)
        assert await calls.number_of(conn, "1.1") == NUMBER
        assert await calls.number_of(conn, "9.9") is None
    await _save(db, ENDED, client_id=guessed)
    row = await _get(db)
    assert row.client_name == "Гранит"
    assert [(one.field, one.was, one.became, one.user_name, one.at) for one in row.corrections] == [
        ("client", "Алхимов", "Гранит", "Anna", 7.0)
    ]


async def test_a_better_known_caller_is_another_client(db: Database) -> None:
    wrong, right = await _add_client(db, "Алхимов"), await _add_client(db, "Гранит")
    await _save(db, RINGING, client_id=wrong)
    async with db.write() as conn:
        await calls.save(conn, RINGING, number="+79355550210", client_id=right)
    row = await _get(db)
    assert (row.number, row.client_id) == ("+79355550210", right)


async def test_notes_belong_to_a_call_and_a_person(db: Database) -> None:
    async with db.write() as conn:  # before the call's own row
        await calls.set_note(conn, "1.1", ANNA, "обещал перезвонить", 10.0)
        await calls.set_note(conn, "1.1", BORIS, "спрашивал цену", 11.0)
        await calls.set_note(conn, "1.1", ANNA, "перезвонил", 12.0)
    await _save(db, ENDED)
    row = await _get(db)
    assert [(note.user_name, note.text) for note in row.notes] == [("Boris", "спрашивал цену"), ("Anna", "перезвонил")]
    assert row.note == "перезвонил"
    async with db.write() as conn:
        await calls.set_note(conn, "1.1", ANNA, "  ", 13.0)
        assert [note.user_id for note in await calls.notes(conn, "1.1")] == [BORIS]
        assert (await calls.journal(conn)).rows[0].note == "спрашивал цену"


async def test_who_had_anything_to_do_with_a_call(db: Database) -> None:
    await _save(db, RINGING, user_id=None)
    async with db.read() as conn:
        assert [await calls.takes_part(conn, "1.1", user) for user in (ANNA, BORIS, CLARA)] == [True, True, False]
        assert not await calls.takes_part(conn, "9.9", ANNA)


async def test_the_journal_is_newest_first_and_filtered(db: Database) -> None:
    client = await _add_client(db, "Алхимов")
    await _save(db, ENDED, client_id=client)
    async with db.write() as conn:
        missed = replace(RINGING, call="2.1", started=200.0, outcome="abandoned", legs=(), queue="support")
        await calls.save(conn, missed, number="+79355550210", user_id=CLARA)
        inner = CallRecord(call="3.1", direction="internal", caller=Party(number="101"), called="103", started=300.0)
        await calls.save(conn, inner, user_id=CLARA)

    async def ids(user_id: int | None = None, team_id: int | None = None, **asked: Any) -> list[str]:
        async with db.read() as conn:
            page = await calls.journal(conn, CallsAsked(**asked), user_id=user_id, team_id=team_id)
            return [row.id for row in page.rows]

    assert await ids() == ["3.1", "2.1", "1.1"]
    assert await ids(user_id=BORIS) == ["1.1"], "it rang at Boris too"
    assert await ids(user_id=CLARA) == ["3.1", "2.1"]
    assert await ids(team_id=SALES) == ["1.1"]
    assert await ids(team_id=SUPPORT) == ["3.1", "2.1"]
    assert await ids(client_id=client) == ["1.1"]
    assert await ids(numbers=("+79355550210",)) == ["2.1"]
    assert await ids(numbers=("103",)) == ["3.1"]
    assert await ids(outcome="abandoned") == ["2.1"]
    assert await ids(since=200.0, until=300.0) == ["2.1"]
    assert await ids(numbers=("' OR 1=1 --",)) == []


async def test_pages_of_the_journal_give_each_call_once(db: Database) -> None:
    async with db.write() as conn:
        for place in range(7):  # several within one instant
            await calls.save(conn, replace(RINGING, call=f"{place}.1", started=float(place // 3), queued=None, legs=()))
    seen, cursor = [], None
    async with db.read() as conn:
        while True:
            page = await calls.journal(conn, limit=2, cursor=cursor)
            seen += [row.id for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == ["6.1", "5.1", "4.1", "3.1", "2.1", "1.1", "0.1"]


async def test_the_queue_of_the_last_call_with_a_client(db: Database) -> None:
    client = await _add_client(db, "Алхимов")
    async with db.write() as conn:
        for place, queue in enumerate(("sales", "support", None)):
            record = replace(RINGING, call=f"{place}.1", queue=queue, started=float(place), queued=None, legs=())
            await calls.save(conn, record, number=NUMBER, client_id=client)
        assert await calls.last_queue_with(conn, client_id=client) == "support"
        assert await calls.last_queue_with(conn, client_id=99, number=NUMBER) == "support"
        assert await calls.last_queue_with(conn, client_id=None, number="+70") is None


async def test_fields_from_the_wire_of_any_size_are_kept_bounded(db: Database) -> None:
    wild = Party(number="1" * 5000, name="\x00<b>" + "я" * 5000)
    await _save(db, replace(RINGING, caller=wild, called="9" * 5000, queue="q" * 5000, placed_by="x" * 5000))
    row = await _get(db)
    assert (len(row.caller_number or ""), len(row.caller_name or ""), len(row.called or "")) == (80, 160, 80)
    assert "\x00" not in (row.caller_name or "")
