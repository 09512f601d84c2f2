"""The live wire: what each person hears, and that nothing is lost or told twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import socketio
from sqlalchemy import delete

from cti.desktop import AgentView, CallView, LinkView, Snapshot
from cti.features.directory_admin import UserDraft
from cti.storage import tables, traces
from tests.web.panel import ANNA, BORIS, CLARA, Browser, Panel, Wire, opened, panel, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Panel]:
    async with panel(tmp_path) as running:
        yield running


async def test_pop_comes_as_the_public_interface_says_in_the_agents_language(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        wire = await anna.connect()
        await desk.pop(ANNA, call="c1")
        await wire.hears(1)
        [pop] = wire.all("screen_pop")
    assert pop["call"]["id"] == "c1"
    assert pop["call"]["shown"] == "+7 935 555-01-01"
    assert pop["matches"][0]["client"]["phones"] == [
        {"e164": "+79355550101", "shown": "+7 935 555-01-01", "extension": "", "label": "mobile"}
    ]
    assert pop["matches"][0]["why"] == "+7 935 555-01-01 is the phone “mobile” of the card, exactly."
    assert pop["missed"] is False


async def test_only_the_agent_hears_of_his_call_and_everybody_of_people_and_link(desk: Panel) -> None:
    anna, boris = await opened(desk, "anna"), await opened(desk, "boris")
    await desk.pop(ANNA)
    await desk.live.call(ANNA, CallView(id="c1", state="ringing"))
    await desk.live.agent(AgentView(id=ANNA, name="Anna", device="ringing"))
    await desk.live.link(LinkView(state="down"))
    await until(lambda: boris.all("link") and anna.all("link"), why="the link reaches both")
    assert [name for name, _ in anna.told if name in ("screen_pop", "call")] == ["screen_pop", "call"]
    assert not [name for name, _ in boris.told if name in ("screen_pop", "call")]
    assert boris.all("agent")[-1]["text"] == "ringing"
    assert boris.all("link")[-1]["text"]
    await asyncio.gather(anna.close(), boris.close())


async def test_T_S1_twenty_pops_missed_come_in_order_once_and_the_snapshot_follows(desk: Panel) -> None:
    desk.live.snapshot = lambda _agent: Snapshot(calls=(CallView(id="now", state="talking"),))
    async with Browser(desk, "anna") as anna:
        wire = await anna.connect()
        for _ in range(5):
            await desk.pop(ANNA)
        await wire.hears(5)
        await wire.close()
        for _ in range(20):
            await desk.pop(ANNA)
        wire.told.clear()
        await anna.connect(last_seq=5)
        await until(lambda: wire.all("snapshot"), within_s=2, why="the snapshot ends the replay")
    assert wire.pops() == list(range(6, 26))
    assert wire.told[-1][0] == "snapshot"
    assert wire.told[-1][1]["seq"] == 25
    assert wire.told[-1][1]["calls"][0]["id"] == "now"


async def test_T_S1_works_with_no_event_before_the_drop(desk: Panel) -> None:
    async with Browser(desk, "anna") as anna:
        wire = await anna.connect(last_seq=0)
        await wire.close()
        for _ in range(3):
            await desk.pop(ANNA)
        await anna.connect(last_seq=0)
        await until(lambda: len(wire.all("snapshot")) == 2, why="the second snapshot comes")
    assert wire.pops() == [1, 2, 3]


async def test_T_S1_pops_during_the_replay_are_neither_lost_nor_doubled_nor_early(desk: Panel) -> None:
    for _ in range(150):
        await desk.store(ANNA)
    wire = await Wire(desk.url).open(token=await desk.token("anna"))

    async def news() -> None:
        for _ in range(50):
            await desk.pop(ANNA)

    await asyncio.gather(wire.resume(0), news())
    await wire.hears(200)
    assert wire.pops() == list(range(1, 201))
    await wire.close()


async def test_T_S1_pop_between_connect_and_resume_comes_in_its_place(desk: Panel) -> None:
    await desk.store(ANNA)
    wire = await Wire(desk.url).open(token=await desk.token("anna"))
    await desk.pop(ANNA)
    await wire.resume(0)
    assert wire.pops() == [1, 2]
    await wire.close()


async def test_program_that_never_resumes_hears_all_the_same(desk: Panel) -> None:
    wire = await Wire(desk.url).open(token=await desk.token("anna"))
    await desk.pop(ANNA)
    await until(lambda: wire.all("snapshot"), why="its grace is over")
    assert wire.pops() == [1]
    await wire.close()


async def test_T_S1_pop_whose_row_is_late_is_replayed_from_memory(desk: Panel) -> None:
    await desk.store(ANNA)
    await desk.live.pop(ANNA, desk.next_pop(ANNA))  # its row never came
    wire = await Wire(desk.url).open(token=await desk.token("anna"))
    await wire.resume(0)
    assert wire.pops() == [1, 2]
    await wire.close()


async def test_T_S1_volatile_events_carry_the_last_seq_sent_on_this_connection(desk: Panel) -> None:
    wire = await opened(desk, "anna")
    await desk.pop(ANNA)
    desk.seqs[ANNA] = 2  # the next card is numbered and not yet sent
    await desk.live.call(ANNA, CallView(id="c1", state="ringing"))
    await until(lambda: wire.all("call"), why="the call comes")
    assert wire.all("call")[-1]["seq"] == 1
    await wire.close()


async def test_F_12_pops_of_ended_calls_come_back_as_missed_entries(desk: Panel) -> None:
    await desk.pop(ANNA, call="ended")
    await desk.pop(ANNA, call="rings")
    await desk.journal("ended", outcome="no-answer")
    await desk.journal("rings", over=False)
    wire = await Wire(desk.url).open(token=await desk.token("anna"))
    await wire.resume(0)
    assert [(p["call"]["id"], p["missed"]) for p in wire.all("screen_pop")] == [("ended", True), ("rings", False)]
    await wire.close()


async def test_F_12_new_page_gets_the_cards_of_open_calls_only(desk: Panel) -> None:
    await desk.pop(ANNA, call="ended")
    await desk.pop(ANNA, call="rings")
    await desk.journal("ended")
    await desk.journal("rings", over=False)
    wire = await opened(desk, "anna")
    assert [p["call"]["id"] for p in wire.all("screen_pop")] == ["rings"]
    assert wire.all("snapshot")[-1]["seq"] == 2
    await wire.close()


async def test_seq_from_another_life_of_the_database_counts_as_a_new_page(desk: Panel) -> None:
    await desk.pop(ANNA, call="rings")
    wire = await Wire(desk.url).open(token=await desk.token("anna"))
    await wire.resume(9000)
    assert wire.pops() == [1]
    assert wire.all("snapshot")[-1]["seq"] == 1
    await wire.close()


async def test_second_tab_gets_the_same_cards(desk: Panel) -> None:
    first, second = await opened(desk, "anna"), await opened(desk, "anna")
    await desk.pop(ANNA)
    await asyncio.gather(first.hears(1), second.hears(1))
    await first.close()
    await desk.pop(ANNA)
    await second.hears(2)
    assert desk.live.online(ANNA)
    await second.close()
    await until(lambda: not desk.live.online(ANNA), why="nobody is online")


async def test_shown_is_the_pop_latency_once_and_the_last_line_of_the_trace(desk: Panel) -> None:
    first, second = await opened(desk, "anna"), await opened(desk, "anna")
    pop = await desk.pop(ANNA, call="c1")
    await asyncio.gather(first.hears(1), second.hears(1))
    for wire in (first, second):
        await wire.io.emit("shown", {"seq": pop.seq, "at": 1.0})
    for nonsense in ({"seq": True}, {"seq": 99}, {"seq": 2**70}, {"seq": "1"}, [], None):
        await first.io.emit("shown", nonsense)
    assert await first.resume(1)
    assert await second.resume(1)
    await desk.parts.spool.flush(5)
    count = desk.services.metrics.registry.get_sample_value("trubka_pop_latency_seconds_count")
    assert count == 1
    async with desk.services.db.read() as conn:
        steps = [step.step for step in await traces.of_call(conn, "c1")]
    assert steps == ["pop-shown"]
    await asyncio.gather(first.close(), second.close())


async def test_colleagues_hear_who_came_and_went(desk: Panel) -> None:
    moved: list[int] = []

    async def presence(agent_id: int) -> None:
        moved.append(agent_id)

    desk.live.presence = presence
    wire = await opened(desk, "boris")
    await until(lambda: moved == [BORIS], why="he came")
    await wire.close()
    await until(lambda: moved == [BORIS, BORIS], why="he went")


async def test_stranger_is_refused(desk: Panel) -> None:
    for auth in (None, {"token": "x" * 5000}, {"token": 5}, {"token": ""}):
        io = socketio.AsyncClient(reconnection=False)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await io.connect(desk.url, auth=auth, transports=["websocket"], wait_timeout=5)
        await io.disconnect()


async def test_SEC_23_sign_out_block_and_role_change_cut_the_wire(desk: Panel) -> None:
    people = desk.services.people
    async with Browser(desk, "anna") as anna, Browser(desk, "boris") as boris, Browser(desk, "clara") as clara:
        for one in (anna, boris, clara):
            await one.connect()
        status, _ = await anna.ask("DELETE", "/session")
        assert status == 200
        await people.block(None, BORIS, blocked=True)
        await people.change(None, CLARA, UserDraft(login="clara", name="Clara", role="supervisor", team="Support"))
        for one in (anna, boris, clara):
            await asyncio.wait_for(one.wire.closed.wait(), 5)


async def test_SEC_23_session_or_token_revoked_behind_our_back_is_cut_within_five_seconds(desk: Panel) -> None:
    program = await opened(desk, "boris")
    async with Browser(desk, "anna") as anna:
        wire = await anna.connect()
        async with desk.services.db.write() as conn:
            await conn.execute(delete(tables.sessions))
            await conn.execute(delete(tables.tokens))
        await asyncio.wait_for(asyncio.gather(wire.closed.wait(), program.closed.wait()), 5)


async def test_SEC_22_clients_cannot_join_rooms_or_tell_others(desk: Panel) -> None:
    anna, boris = await opened(desk, "anna"), await opened(desk, "boris")
    before = len(boris.told)
    for name in ("join", "subscribe", "enter_room", "screen_pop", "call", "connect", "emit"):
        await anna.io.emit(name, {"room": "agent:2", "agent": 2, "seq": 1})
    await desk.pop(BORIS)
    await boris.hears(1)
    await desk.pop(ANNA)
    await anna.hears(1)
    assert [name for name, _ in boris.told[before:]] == ["screen_pop"]
    assert [body["call"]["id"] for body in anna.all("screen_pop")] == ["call-1-1"]
    await asyncio.gather(anna.close(), boris.close())


async def test_SEC_22_of_ten_thousand_events_none_reaches_another_desk(desk: Panel) -> None:
    anna, boris = await opened(desk, "anna"), await opened(desk, "boris")
    before = len(anna.told)
    for number in range(10_000):
        await desk.live.call(BORIS, CallView(id=str(number), state="ringing"))
        if number % 200 == 199:  # he reads as fast as he can, and is not cut
            await until(lambda number=number: len(boris.all("call")) > number - 200, why="Boris keeps up")
    await until(lambda: len(boris.all("call")) == 10_000, within_s=30, why="Boris hears all of them")
    assert [body["id"] for body in boris.all("call")] == [str(number) for number in range(10_000)]
    assert [name for name, _ in anna.told[before:] if name == "call"] == []
    await asyncio.gather(anna.close(), boris.close())


@pytest.mark.parametrize("namespace", ["/admin", "/agent:2", "*"])
async def test_SEC_22_no_other_namespace_exists(desk: Panel, namespace: str) -> None:
    io = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await io.connect(
            desk.url,
            auth={"token": await desk.token("anna")},
            namespaces=[namespace],
            transports=["websocket"],
            wait_timeout=2,
        )
    await io.disconnect()
