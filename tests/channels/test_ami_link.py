"""The link's life: silence, cuts, order, floods, end. Ids: faults of the library (A5-A17), of the line (F-)."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from structlog.testing import capture_logs

from cti.channels.phone import ami
from cti.channels.phone.ami import AmiLink, LinkDown, LinkUp, Overflowed, Received
from cti.errors import ChannelError
from cti.telephony import commands as c
from tests.channels.fake_ami import FakeAmi, event, said
from tests.channels.links import SOAK, linked, resident_kib, until

CUTS = 200 if SOAK else 20
LAG_S = 0.15  # three times the figure asked for: machines that run tests are busy


def numbered(count: int, first: int = 0) -> bytes:
    return b"".join(event("Newstate", Uniqueid=f"1.{n % 7}", N=str(n)) for n in range(first, first + count))


async def numbers(link: AmiLink, last: int) -> list[int]:
    """N of the events up to the one numbered last."""
    seen: list[int] = []
    async with asyncio.timeout(30):
        while not seen or seen[-1] != last:
            item = await link.events.get()
            if isinstance(item, Received) and "N" in item.headers:
                seen.append(int(str(item.headers["N"])))
    return seen


class LoopLag:
    """The longest the loop was held while inside."""

    async def __aenter__(self) -> LoopLag:
        self.worst = 0.0
        self._task = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _measure(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            self.worst = max(self.worst, time.perf_counter() - before - 0.005)


async def test_A5_a_reader_that_fails_costs_nobody_an_event(pbx: FakeAmi, link: AmiLink) -> None:
    seen: list[object] = []

    async def consume() -> None:
        while len(seen) < 10:
            item = await link.events.get()
            if isinstance(item, Received) and "N" in item.headers:
                seen.append(item.headers["N"])
                if len(seen) == 3:
                    raise RuntimeError

    pbx.send(numbered(10))
    with pytest.raises(RuntimeError):
        await consume()
    await consume()
    assert seen == [str(n) for n in range(10)]
    assert pbx.connections == 1


async def test_A5_a_tap_that_fails_is_dropped_and_the_link_stays(pbx: FakeAmi) -> None:
    def full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    async with linked(pbx, tap=full) as link:
        pbx.send(numbered(10))
        assert await numbers(link, 9) == list(range(10))
        assert pbx.connections == 1


async def test_the_tap_gets_every_byte(pbx: FakeAmi) -> None:
    taken = bytearray()
    async with linked(pbx, tap=taken.extend) as link:
        pbx.send(numbered(3))
        await numbers(link, 2)
        assert taken.startswith(b"Asterisk Call Manager")
        assert taken.endswith(b"N: 2\r\n\r\n")
        assert link.bytes == len(taken)


async def test_A7_a_silent_pbx_is_noticed_in_time(pbx: FakeAmi) -> None:
    assert ami.DEAD_S * (1 + 1 / ami.TICKS) <= 15
    async with linked(pbx, ping_s=0.2, dead_s=0.7) as link:
        await until(lambda: pbx.told("Ping"))
        assert link.health().state == "up"
        before = len(pbx.told("Ping"))
        pbx.silent = True
        took = await until(lambda: link.health().state != "up")
        assert took > 0.4
        assert len(pbx.told("Ping")) - before <= 1.2 / 0.2, "by the link's own clock"
        assert "said nothing" in link.health().detail
        pbx.silent = False
        await until(lambda: link.health().state == "up")


async def test_A7_a_quiet_pbx_that_answers_pings_is_kept(pbx: FakeAmi) -> None:
    async with linked(pbx, ping_s=0.05, dead_s=0.2):
        await until(lambda: len(pbx.told("Ping")) > 12)
        assert pbx.connections == 1


async def test_AMI_STALL_a_server_that_was_stopped_itself_keeps_the_link(pbx: FakeAmi) -> None:
    async with linked(pbx, ping_s=0.2, dead_s=0.5) as link:
        pbx.send(numbered(500))
        time.sleep(1.5)  # noqa: ASYNC251 - the whole process stands still: three times longer than silence may last
        pbx.send(numbered(500, 500))
        assert await numbers(link, 999) == list(range(1000))
        assert pbx.connections == 1


async def test_A12_names_arrive_whole_however_tcp_tears_them(pbx: FakeAmi, link: AmiLink) -> None:
    names = [f"Иванов Пётр №{n}" for n in range(30)]
    for name in names:
        pbx.send(event("Newstate", CallerIDName=name), piece=1)
        await pbx.flush()
    await until(lambda: link.events.qsize() >= 32)
    items = [await link.events.get() for _ in range(32)]
    got = [i.headers["CallerIDName"] for i in items if isinstance(i, Received) and "CallerIDName" in i.headers]
    assert got == names


async def test_A14_stopping_during_a_pause_leaves_nothing(pbx: FakeAmi) -> None:
    async with linked(pbx, pause_s=60.0, pause_cap_s=60.0) as link:
        pbx.cut()
        await until(lambda: link.health().state == "down")
        began = time.monotonic()
    assert time.monotonic() - began < 12
    assert link.health().state == "off"
    assert pbx.open == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ami-")]


async def test_A15_a_hundred_thousand_events_in_order_whatever_the_reader_does(pbx: FakeAmi) -> None:
    count, dice = 100_000, random.Random(15)
    async with linked(pbx, queue_size=count * 2) as link:

        async def say() -> None:
            for first in range(0, count, 1000):
                pbx.send(numbered(1000, first))
                await pbx.flush()

        saying = asyncio.create_task(say())
        seen: dict[str, list[int]] = {}
        total = 0
        async with asyncio.timeout(60):
            while total < count:
                item = await link.events.get()
                if isinstance(item, Received) and "N" in item.headers:
                    total += 1
                    seen.setdefault(str(item.headers["Uniqueid"]), []).append(int(str(item.headers["N"])))
                    if dice.random() < 0.01:
                        await asyncio.sleep(dice.random() / 5000)
        await saying
    assert all(one == sorted(one) for one in seen.values())


async def test_A16_SEC37_a_stalled_reader_costs_bounded_memory_and_is_told(pbx: FakeAmi) -> None:
    async with linked(pbx, queue_size=10_000) as link:
        await link.events.get()
        await link.events.get()
        before = resident_kib()
        for first in range(0, 50_000, 1000):
            pbx.send(numbered(1000, first))
            await pbx.flush()
        await until(lambda: link.frames >= 50_000, 20)
        assert link.events.qsize() == 10_000
        assert link.dropped == 40_000
        assert resident_kib() - before < 40 * 1024
        items = [await link.events.get() for _ in range(10_001)]
        assert isinstance(items[-1], Overflowed)
        assert items[-1].dropped == 40_000
        pbx.send(numbered(1, 50_000))
        assert await numbers(link, 50_000) == [50_000]
        assert pbx.connections == 1


async def test_A16_a_reader_that_is_slow_does_not_stop_answers(pbx: FakeAmi) -> None:
    async with linked(pbx, queue_size=10) as link:
        pbx.send(numbered(1000))
        assert (await link.ask(c.Ping())).ok


@pytest.mark.parametrize("start", [b"", b"Event: Newstate\r\n", b"Response: Success\r\nMessage: "])
async def test_A17_SEC35_a_frame_without_an_end_closes_the_link_and_holds_nothing_up(
    pbx: FakeAmi, link: AmiLink, start: bytes
) -> None:
    pbx.send(start)
    async with LoopLag() as lag:
        for _ in range(32 * 16):
            pbx.send(b"x" * 65_536)
            await pbx.flush()
            if not pbx.open:
                break
        await until(lambda: pbx.connections == 2 and link.health().state == "up")
    assert link.malformed >= 1
    assert lag.worst < LAG_S
    assert any(isinstance(i, LinkDown) and "256 KiB" in i.reason for i in [await link.events.get() for _ in range(4)])


async def test_SEC_35_ten_thousand_headers_and_repeated_keys_hold_nothing_up(pbx: FakeAmi, link: AmiLink) -> None:
    async with LoopLag() as lag:
        for line in (b"A: \r\n", b"Event: x\r\n", b"Response: x\r\n", b":\r\n", b"\x00\r\n"):
            pbx.send(b"Event: Odd\r\n" + line * 20_000 + b"\r\n")
            pbx.send(b"Response: Success\r\n" + line * 1900 + b"\r\n")
        pbx.send(numbered(1))
        assert await numbers(link, 0) == [0]
    assert lag.worst < LAG_S
    assert pbx.connections == 1


async def test_F_04_a_pbx_that_still_starts_is_waited_for(pbx: FakeAmi, link: AmiLink) -> None:
    await until(lambda: link.events.qsize() >= 2)
    assert [type(await link.events.get()) for _ in range(2)] == [Received, LinkUp]
    pbx.boots = False
    pbx.cut()
    assert isinstance(await link.events.get(), LinkDown)
    await until(lambda: len(pbx.told("Login")) == 2 and link.health().detail == "the PBX is starting")
    with pytest.raises(ChannelError, match="is starting"):
        await link.ask(c.ShowChannels())
    began = time.monotonic()
    await until(lambda: time.monotonic() - began > 2 * ami.BOOT_GRACE_S)
    assert link.events.qsize() == 0
    pbx.send(event("FullyBooted"))
    assert isinstance(await link.events.get(), Received)
    assert isinstance(await link.events.get(), LinkUp)


async def test_F_04_a_pbx_that_got_ready_later_is_asked_for_its_state_again(pbx: FakeAmi) -> None:
    pbx.boots = False
    async with linked(pbx) as link:
        assert isinstance(await link.events.get(), LinkUp)
        pbx.send(event("FullyBooted"))
        assert isinstance(await link.events.get(), Received)
        assert isinstance(await link.events.get(), LinkUp)


async def test_F_01_P5_cut_at_a_random_byte_and_back(pbx: FakeAmi, link: AmiLink) -> None:
    """Also: the torn frame of the connection before never mixes into the next."""
    dice = random.Random(1)
    for number in range(CUTS):
        data = numbered(5)
        pbx.send(data[: dice.randrange(len(data))])
        await pbx.flush()
        before = pbx.connections
        pbx.cut()
        took = await until(lambda: pbx.connections > before and link.health().state == "up")  # noqa: B023
        assert took < 5
        assert link.reconnects == number + 1
    pbx.send(numbered(1, 77))
    assert (await numbers(link, 77))[-1] == 77
    assert link.malformed == 0


async def test_F_17_a_clock_that_is_off_is_told_once_and_taken_off_the_times(pbx: FakeAmi) -> None:
    pbx.answers["Ping"] = lambda action: said(action, Ping="Pong", Timestamp=f"{time.time() + 60:.6f}")
    with capture_logs() as lines:
        async with linked(pbx, ping_s=0.02) as link:
            assert link.far.ahead_s == pytest.approx(60, abs=1), "known before the first snapshot"
            await until(lambda: len(pbx.told("Ping")) > 3)
            stamped = link.far.corrected({"Event": "Hangup", "Timestamp": "1060.5"})
            assert float(str(stamped["Timestamp"])) == pytest.approx(1000.5, abs=1)
    told = [line for line in lines if line["event"].startswith("the clock of the PBX differs")]
    assert [line["ahead_s"] for line in told] == [pytest.approx(60, abs=1)]
