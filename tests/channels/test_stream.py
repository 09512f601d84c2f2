"""The stream of one reader: order, bounds, losses told in their place."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from cti.channels.phone.stream import EventStream, Item, LinkDown, LinkUp, Overflowed, Received


def event(number: int) -> Received:
    return Received(headers={"N": str(number)}, at=0.0)


async def drained(stream: EventStream) -> list[Item]:
    items = []
    while stream.qsize() or stream._lost:
        items.append(await stream.get())
    return items


async def test_a_loss_is_told_before_what_came_after_it() -> None:
    stream = EventStream(2)
    for number in range(5):
        stream.put(event(number))
    stream.mark(LinkDown(reason="cut"))
    stream.mark(LinkUp())
    assert await drained(stream) == [event(0), event(1), Overflowed(dropped=3), LinkDown(reason="cut"), LinkUp()]
    stream.put(event(6))
    assert await drained(stream) == [event(6)]


async def test_nothing_is_kept_between_a_loss_and_its_telling() -> None:
    stream = EventStream(2)
    for number in range(3):
        stream.put(event(number))
    assert await stream.get() == event(0)
    stream.put(event(3))
    assert await drained(stream) == [event(1), Overflowed(dropped=2)]
    assert stream.dropped == 2


async def test_a_reader_that_gives_up_loses_nothing() -> None:
    stream = EventStream()
    for _ in range(300):
        waiting = asyncio.create_task(stream.get())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    stream.put(event(1))
    assert await stream.get() == event(1)


async def test_a_loss_alone_wakes_the_reader() -> None:
    stream = EventStream(0)
    waiting = asyncio.create_task(stream.get())
    await asyncio.sleep(0)
    stream.put(event(1))
    assert await waiting == Overflowed(dropped=1)


async def test_a_long_backlog_lets_others_run() -> None:
    stream = EventStream()
    for number in range(1000):
        stream.put(event(number))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await drained(stream)
    task.cancel()
    assert turns >= 9


@given(st.integers(1, 5), st.lists(st.sampled_from(["event", "mark", "get"]), max_size=60))
def test_whatever_happens_every_event_is_read_once_or_counted(limit: int, steps: list[str]) -> None:
    async def play() -> None:
        stream, put, read, lost = EventStream(limit), 0, [], 0
        for step in [*steps, "end"]:
            if step == "event":
                stream.put(event(put))
                put += 1
            elif step == "mark":
                stream.mark(LinkUp())
            items = await drained(stream) if step == "end" else []
            if step == "get" and (stream.qsize() or stream._lost):
                items = [await stream.get()]
            for item in items:
                if isinstance(item, Received):
                    read.append(int(str(item.headers["N"])))
                elif isinstance(item, Overflowed):
                    lost += item.dropped
                    assert item.dropped > 0
        assert read == sorted(set(read))
        assert len(read) + lost == put
        assert lost == stream.dropped

    asyncio.run(play())
