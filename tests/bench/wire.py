"""Wire to tracked event, against panoramisk with an empty callback on the same bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from cti.channels.phone.codec import Decoder
from cti.telephony.tracker import Tracker
from tests.bench import SHORT, report
from tests.bench.stream import call

CALLS = 200 if SHORT else 3000
CHUNK = 65_536
ROUNDS = 1 if SHORT else 5


def main() -> None:
    events = [event for number in range(CALLS) for event in call(number)[0]]
    wire = b"".join(events)
    chunks = [wire[i : i + CHUNK] for i in range(0, len(wire), CHUNK)]
    ours = [_timed(_ours, chunks) for _ in range(ROUNDS)]
    theirs = [_timed(_panoramisk, chunks) for _ in range(ROUNDS)]
    rate, base = len(events) / min(ours), len(events) / min(theirs)
    report("wire to tracked event", rate, "events/s", baseline=base, limit="ratio >= 1.0")


def _timed(work: Callable[[list[bytes]], None], chunks: list[bytes]) -> float:
    begin = time.perf_counter()
    work(chunks)
    return time.perf_counter() - begin


def _ours(chunks: list[bytes]) -> None:
    decoder, tracker, now = Decoder(), Tracker(), 0.0
    for chunk in chunks:
        for headers in decoder.feed(chunk):
            tracker.feed(headers, now)


def _panoramisk(chunks: list[bytes]) -> None:
    manager = Manager(loop=asyncio.new_event_loop())
    manager.register_event("*", lambda _manager, _event: None)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = manager
    protocol.encoding = "latin-1"
    for chunk in chunks:
        protocol.data_received(chunk)
    manager.loop.close()
