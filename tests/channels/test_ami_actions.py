"""Actions over the link: sent once, answered or refused in time, never late. Ids: faults of the library (A1-A22)."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time

import pytest

from cti.channels.phone.ami import AmiLink, LinkUp, Received
from cti.errors import ChannelError
from cti.telephony import commands as c
from tests.channels.fake_ami import FakeAmi, event, frame, listing, said
from tests.channels.links import SOAK, linked, until
from tests.e2e.server import DEADLINE_S, quickest

DROPS = 1000 if SOAK else 50
TEXTS = 10_000 if SOAK else 3000


def call(number: int = 1) -> c.MakeCall:
    return c.MakeCall(device="PJSIP/101", number="79355550101", context="from-internal", request_id=f"r{number}")


def add() -> c.AddMember:
    return c.AddMember(queue="sales", device="PJSIP/101", name="Анна")


async def test_A1_a_call_whose_answer_was_lost_is_never_placed_again(pbx: FakeAmi, link: AmiLink) -> None:
    def drop(_action: dict[str, str]) -> None:
        pbx.cut()

    pbx.answers["Originate"] = drop
    for number in range(DROPS):
        with pytest.raises(ChannelError) as error:
            async with asyncio.timeout(DEADLINE_S):
                await link.ask(call(number), timeout_s=2 * DEADLINE_S)
        assert error.value.unknown, "with the connection, and not when its time is over"
        await until(lambda: link.health().state == "up")
    assert [action["ActionID"] for action in pbx.told("Originate")] == [f"trubka-r{n}" for n in range(DROPS)]


async def test_A1_dropped_while_the_action_is_on_its_way(pbx: FakeAmi, link: AmiLink) -> None:
    """Cut at any moment: told "unknown" or "not sent", and at most once at the PBX."""
    for number in range(DROPS):
        asking = asyncio.create_task(link.ask(call(number)))
        for _ in range(random.Random(number).randrange(4)):
            await asyncio.sleep(0)
        pbx.cut()
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.exception() is None or isinstance(asking.exception(), ChannelError)
        await until(lambda: link.health().state == "up" and pbx.open == 1)
    ids = [action["ActionID"] for action in pbx.told("Originate")]
    assert len(ids) == len(set(ids)) <= DROPS


async def test_A2_while_the_pbx_is_away_a_click_fails_at_once_and_is_not_kept(pbx: FakeAmi, link: AmiLink) -> None:
    await pbx.stop()
    await until(lambda: link.health().state != "up")
    with pytest.raises(ChannelError, match="is down") as error:
        link.ask(call()).send(None)  # at once: nothing is waited for
    assert not error.value.unknown
    await pbx.start()
    await until(lambda: link.health().state == "up")
    await link.ask(c.Ping())
    assert not pbx.told("Originate")


async def test_A2_a_frozen_pbx_is_not_left_an_action_that_it_would_do_later(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.silent = True
    heard = link.bytes
    await until(lambda: time.monotonic() - link._heard > 0.6)
    assert link.bytes == heard
    began = time.monotonic()
    with pytest.raises(ChannelError, match="was not asked") as error:
        await link.ask(call(), timeout_s=1.0)
    assert time.monotonic() - began < 4, "sooner than an action has by itself"
    assert not error.value.unknown
    assert not pbx.told("Originate")


async def test_A3_an_action_is_executed_once(pbx: FakeAmi, link: AmiLink) -> None:
    await asyncio.gather(*(link.ask(call(n)) for n in range(20)))
    assert len(pbx.told("Originate")) == 20


async def test_A3_the_same_click_at_the_same_time_is_one_action(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["Originate"] = lambda _action: None
    first = asyncio.create_task(link.ask(call(), timeout_s=60))
    await until(lambda: pbx.told("Originate"))
    with pytest.raises(ChannelError, match="already"):
        await link.ask(call())
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert len(pbx.told("Originate")) == 1


async def test_A4_no_text_of_the_pbx_closes_the_link(pbx: FakeAmi, link: AmiLink) -> None:
    dice = random.Random(4)
    words = ["Success", "Error", "Follows", "Fail", "", "Goodbye", "\x00", "ё", ":", "a: b", "successfully queued"]
    keys = ["Response", "Event", "ActionID", "Message", "EventList", "Async", "content", "", " ", "self", "\xff"]

    def noise() -> bytes:
        lines = [
            f"{dice.choice(keys)}{dice.choice([': ', ':', ''])}{dice.choice(words)}" for _ in range(dice.randrange(6))
        ]
        return "\r\n".join(lines).encode(dice.choice(["utf-8", "utf-16", "cp1251"]), "ignore") + b"\r\n\r\n"

    def odd(action: dict[str, str]) -> bytes:
        mark = f"ActionID: {action['ActionID']}\r\n".encode()
        return b"".join(mark + noise() for _ in range(10)) + said(action)

    pbx.answers["Originate"] = pbx.answers["QueueStatus"] = odd
    for number in range(TEXTS // 20):
        results = await asyncio.gather(
            link.ask(call(number), timeout_s=0.05), link.ask(c.ShowQueues(), timeout_s=0.05), return_exceptions=True
        )
        assert all(not isinstance(r, BaseException) or isinstance(r, ChannelError) for r in results)
    assert (await link.ask(c.Ping())).ok
    assert pbx.connections == 1


async def test_A4_an_originate_without_async_resolves(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["Originate"] = lambda action: frame(
        Response="Success", ActionID=action["ActionID"], Message="Originate successfully queued"
    )
    assert (await link.ask(call())).message == "Originate successfully queued"


async def test_what_happens_because_we_asked_is_an_event_not_the_answer(pbx: FakeAmi, link: AmiLink) -> None:
    def both(action: dict[str, str]) -> bytes:
        return event("OriginateResponse", ActionID=action["ActionID"], Response="Failure", Reason="0") + said(action)

    pbx.answers["Originate"] = both
    assert (await link.ask(call())).ok, "the event may come before the answer, and is none"
    await until(lambda: link.events.qsize() >= 3)
    items = [await link.events.get() for _ in range(3)]
    assert [item.headers["Event"] for item in items if isinstance(item, Received)] == [
        "FullyBooted", "OriginateResponse",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        add(),
        c.RemoveMember(queue="sales", device="PJSIP/101"),
        c.PauseMember(device="PJSIP/101", paused=True, reason="WRAPUP"),
    ],
)
async def test_A8_queue_actions_resolve_and_leave_nothing(link: AmiLink, command: c.Command) -> None:
    async def resolves() -> None:
        assert (await link.ask(command)).ok

    assert await quickest(resolves) < 1
    assert link.pending == 0


async def test_A10_an_unanswered_action_ends_in_time(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["Hangup"] = lambda _action: None
    with pytest.raises(ChannelError, match="in time") as error:
        await link.ask(c.ClearConnection(leg="PJSIP/101-00000001"), timeout_s=0.1)
    assert error.value.unknown
    assert link.pending == 0


async def test_A10_a_list_that_is_refused_or_cut_ends(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["QueueStatus"] = lambda action: said(action, "Error", Message="Permission denied")
    answer = await link.ask(c.ShowQueues())
    assert (answer.ok, answer.message, answer.items) == (False, "Permission denied", ())
    pbx.answers["BridgeList"] = lambda action: listing(action, "BridgeListComplete", event("BridgeListItem"))[:90]
    asking = asyncio.create_task(link.ask(c.ListBridges()))
    await until(lambda: pbx.told("BridgeList"))
    pbx.cut()
    with pytest.raises(ChannelError):
        await asking
    assert link.pending == 0


async def test_A10_stopping_leaves_nobody_waiting(pbx: FakeAmi) -> None:
    pbx.answers["Hangup"] = lambda _action: None
    async with linked(pbx) as link:
        asking = asyncio.create_task(link.ask(c.ClearConnection(leg="PJSIP/101-00000001")))
        await until(lambda: pbx.told("Hangup"))
    with pytest.raises(ChannelError) as error:
        await asking
    assert error.value.unknown
    assert link.pending == 0
    with pytest.raises(ChannelError, match="stopped"):
        await link.ask(c.Ping())


async def test_A10_an_asker_who_gives_up_leaves_nothing(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["Hangup"] = lambda _action: None
    asking = asyncio.create_task(link.ask(c.ClearConnection(leg="PJSIP/101-00000001")))
    await until(lambda: pbx.told("Hangup"))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert link.pending == 0


async def test_A11_twenty_thousand_timeouts_keep_no_memory() -> None:
    words = (sys.executable, "-m", "tests.channels.timeouts")
    alone = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    printed, _ = await alone.communicate()
    told = json.loads(printed.splitlines()[-1])
    assert told["pending"] <= 10
    assert min(told["grown_kib"][1:]) <= 2048  # the first finds the allocator's size; a leak would grow every time
    assert told["state"] == "up"


async def test_A16_a_pbx_that_does_not_read_is_told_as_an_error(pbx: FakeAmi) -> None:
    async with linked(pbx) as link:
        writer = link._writer
        assert writer is not None
        pbx.deaf = True
        words: set[str] = set()
        most = 0

        async def ask() -> None:
            try:
                await link._ask({"Action": "QueuePause", "Reason": "х" * 450}, timeout_s=0.02)
            except ChannelError as error:
                words.add(str(error))

        for _ in range(200):
            await asyncio.gather(*(ask() for _ in range(200)))
            most = max(most, writer.transport.get_write_buffer_size())
            if "The PBX does not read what it is told." in words:
                break
        assert "The PBX does not read what it is told." in words
        assert most <= 1024 * 1024
        assert link.pending == 0


async def test_the_snapshot_holds_every_list_and_the_legs_of_each_bridge(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers |= {
        "CoreShowChannels": lambda a: listing(a, "CoreShowChannelsComplete", event("CoreShowChannel", Uniqueid="1.1")),
        "QueueStatus": lambda a: listing(a, "QueueStatusComplete", event("QueueParams", Queue="sales")),
        "BridgeList": lambda a: listing(a, "BridgeListComplete", event("BridgeListItem", BridgeUniqueid="b-1")),
        "BridgeInfo": lambda a: listing(a, "BridgeInfoComplete", event("BridgeInfoChannel", Uniqueid="1.1")),
    }
    items = await link.snapshot()
    assert [item["Event"] for item in items] == [
        "CoreShowChannel", "QueueParams", "BridgeListItem", "BridgeInfoChannel",
    ]  # fmt: skip
    assert items[-1]["BridgeUniqueid"] == "b-1"
    assert pbx.told("ParkedCalls"), "asked, and taken as empty where the PBX does not know parking"


async def test_without_a_list_of_calls_there_is_no_snapshot(pbx: FakeAmi, link: AmiLink) -> None:
    pbx.answers["CoreShowChannels"] = lambda action: said(action, "Error", Message="Permission denied")
    with pytest.raises(ChannelError, match="Permission denied"):
        await link.snapshot()


async def test_events_during_a_list_go_to_the_stream(pbx: FakeAmi, link: AmiLink) -> None:
    def mixed(action: dict[str, str]) -> bytes:
        whole = listing(action, "QueueStatusComplete", event("QueueParams"), event("QueueMember"))
        first, second = whole.split(b"Event: QueueMember")
        foreign = event("Hangup", Uniqueid="9.9") + event("OriginateResponse", ActionID="t1")
        return first + foreign + b"Event: QueueMember" + second

    pbx.answers["QueueStatus"] = mixed
    answer = await link.ask(c.ShowQueues())
    assert [item["Event"] for item in answer.items] == ["QueueParams", "QueueMember"]
    seen = [await link.events.get() for _ in range(4)]
    assert [getattr(item, "headers", {}).get("Event") for item in seen] == [
        "FullyBooted", None, "Hangup", "OriginateResponse",
    ]  # fmt: skip
    assert isinstance(seen[1], LinkUp)
