"""An SMSC that throttles, falls silent, refuses or goes: each SMS is given to it once, and its state is true."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from cti.channels.reach import Reach
from cti.channels.sms.smpp_guard import Times
from cti.channels.texts import SmsTrouble
from lab.smsc import Smsc, smsc
from tests.channels.links import SOAK
from tests.channels.sms.smpp_house import QUICK, House, fault, house, out, tell, until

FOUND_S = 3.0  # for the pace to be found, which the full figures hide


def numbers(count: int) -> list[str]:
    return [f"+7935{number:07d}" for number in range(count)]


@pytest.mark.parametrize("status", [0x58, 0x14], ids=["throttled", "queue-full"])
async def test_F_42_a_throttled_line_backs_off_keeps_the_order_and_sends_each_once(peer: Smsc, status: int) -> None:
    count, per_s = (1000, 10) if SOAK else (80, 40)
    await fault(peer, per_s=per_s, throttled=status)
    began = time.monotonic()
    async with house(peer.port, window=5, times=QUICK) as one:
        turn = asyncio.Semaphore(one.line.window)

        async def send(number: str) -> str:
            async with turn:
                return (await one.line.send(out("Hi", number)))[0].state

        states = await asyncio.gather(*(send(number) for number in numbers(count)))
    took = time.monotonic() - began
    taken = [f"+{one['destination_addr']}" for one in peer.submits() if one["status"] == 0]
    assert Counter(states) == {"accepted": count}
    assert Counter(taken) == Counter(numbers(count))
    late = max(abs(place - int(number[5:])) for place, number in enumerate(taken))
    assert late <= 5, "none is later than a window"
    assert took < count / per_s * 1.1 + (0.0 if SOAK else FOUND_S)


async def test_F_43_a_link_without_a_sign_of_life_is_taken_up_again(peer: Smsc) -> None:
    async with house(peer.port, times=QUICK) as one:
        await fault(peer, blackhole=True)
        asked = asyncio.create_task(one.line.send(out("Hi")))
        await until(lambda: one.line.health == "down", 0.3 * 2 + 1)
        assert (await asked)[0].state == "unknown", "nobody knows whether it went"
        await fault(peer, blackhole=False)
        await until(lambda: one.line.health == "up")
        assert (await one.line.send(out("Ho")))[0].state == "accepted"
        assert [code.partition("|")[0] for code in one.found] == ["", "silent", ""]
    assert [one["text"] for one in peer.submits()] == ["Ho"], "it is not sent again by itself"


async def test_what_waits_too_long_for_its_turn_does_not_leave_without_being_asked_anew(peer: Smsc) -> None:
    await fault(peer, answer_ms=600)
    async with house(peer.port, window=1, times=Times(fresh=0.2)) as one:
        first = asyncio.create_task(one.line.send(out("a" * 300, key="long")))  # two parts: begun, it goes to its end
        second = asyncio.create_task(one.line.send(out("Hi")))
        with pytest.raises(SmsTrouble, match="waited"):
            await second
        assert [answer.state for answer in await first] == ["accepted"] * 2
    assert len(peer.submits()) == 2


async def test_F_44_what_has_no_answer_is_unknown_and_not_sent_again(peer: Smsc) -> None:
    await fault(peer, drop_answers=1)
    async with house(peer.port, times=QUICK, window=1) as one:
        first, second = await asyncio.gather(one.line.send(out("Hi")), one.line.send(out("Ho")))
    assert (first[0].state, second[0].state) == ("unknown", "accepted"), "its place in the window is free again"
    assert [one["text"] for one in peer.submits()] == ["Hi", "Ho"]


async def test_an_answer_that_comes_after_all_is_told(peer: Smsc) -> None:
    await fault(peer, answer_ms=900)
    async with house(peer.port, times=QUICK) as one:
        (answer,) = await one.line.send(out("Hi"))
        assert answer.state == "unknown"
        await until(lambda: one.taker.receipts)
    (told,) = one.taker.receipts
    assert (told.far_id, told.state, told.named) == (answer.far_id, "accepted", peer.submits()[0]["id"])


async def test_binds_share_the_work_and_one_that_is_lost_leaves_it_to_the_others(peer: Smsc) -> None:
    async with house(peer.port, binds=3, window=1) as one:
        await until(lambda: all(bind.bound for bind in one.line._binds))
        await asyncio.gather(*(one.line.send(out("Hi", number)) for number in numbers(30)))
        await tell(peer, drop=1)
        answers = await asyncio.gather(*(one.line.send(out("Ho", number)) for number in numbers(30)))
        await until(lambda: all(bind.bound for bind in one.line._binds))
        assert one.found == [""], "it was never down"
    before, after = peer.submits()[:30], peer.submits()[30:]
    assert len({sent["link"] for sent in before}) == 3
    unknown = [answer for answer in answers if answer[0].state == "unknown"]
    assert len(unknown) <= 1, "a window: what was written on the link just as it was lost"
    assert set(Counter(sent["destination_addr"] for sent in after).values()) == {1}
    assert len(after) >= 30 - len(unknown)


async def test_what_was_on_its_way_when_a_link_was_lost_is_unknown(peer: Smsc) -> None:
    await fault(peer, drop_answers=1)
    async with house(peer.port, window=1) as one:
        first = asyncio.create_task(one.line.send(out("Hi")))
        waiting = asyncio.create_task(one.line.send(out("Ho")))
        await until(lambda: peer.submits())
        await tell(peer, drop=True)
        assert (await first)[0].state == "unknown"
        with pytest.raises(SmsTrouble) as trouble:
            await waiting
        assert trouble.value.code == "down", "it certainly did not go"


async def test_a_wrong_password_is_told_in_words_and_not_hammered(peer: Smsc) -> None:
    async with house(peer.port, password="wrong", up=False, binds=3) as one:
        await until(lambda: one.found)
        assert one.found == ["refused-bind|SMPP 0x0000000E"]
        assert one.line.health == "down"
        with pytest.raises(SmsTrouble) as trouble:
            await one.line.send(out("Hi"))
        assert trouble.value.code == "down"


async def test_a_password_that_no_smsc_can_take_is_told(peer: Smsc) -> None:
    async with house(peer.port, password="longer than eight", up=False) as one:
        await until(lambda: one.found)
        assert one.found[0].startswith("refused-bind|the password")


async def test_a_host_inside_the_house_is_not_reached(peer: Smsc) -> None:
    async with house(peer.port, up=False, reach=Reach((), SmsTrouble)) as one:
        await until(lambda: one.found)
    assert one.found == ["host"]


async def test_an_smsc_that_is_started_again_has_us_back_within_five_seconds(tmp_path: Path) -> None:
    with smsc(tmp_path / "sent") as first:
        port = first.port
        async with house(port) as one:
            first.process.kill()
            await until(lambda: one.line.health == "down")
            with smsc(tmp_path / "sent", port=port):
                await until(lambda: one.line.health == "up", 5.0)
                assert (await one.line.send(out("Hi")))[0].state == "accepted"


@pytest.mark.parametrize("turns", range(6))
async def test_a_stop_in_the_moment_in_which_a_link_is_lost_is_heard(peer: Smsc, turns: int) -> None:
    one = House(peer.port)
    running = asyncio.create_task(one.line.run())
    await until(lambda: one.line.health == "up")
    one.line._binds[0]._writer.transport.abort()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(running, return_exceptions=True)
