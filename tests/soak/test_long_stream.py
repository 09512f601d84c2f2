"""Memory over a long stream of churned calls: nothing of a finished call stays."""

from __future__ import annotations

import gc
import os
import tracemalloc

from cti.channels.phone.codec import Decoder
from cti.telephony.tracker import Tracker
from tests.bench import report
from tests.bench.stream import call

CALLS = 100_000 if os.environ.get("SOAK") else 3_000
PER_100_000_CALLS = 1024 * 1024


def _churn(decoder: Decoder, tracker: Tracker, start: int, count: int) -> None:
    for number in range(start, start + count):
        for event in call(number)[0]:
            for headers in decoder.feed(event):
                tracker.feed(headers, float(number))


def test_memory_stays_flat_over_a_long_stream_of_calls() -> None:
    decoder, tracker = Decoder(), Tracker()
    warm = 2_000
    _churn(decoder, tracker, 0, warm)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    _churn(decoder, tracker, warm, CALLS)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert tracker.calls() == []
    report(f"kept of {CALLS} calls that are over", grown / 1024, "KiB", limit="< 1024 per 100,000")
    assert grown < max(PER_100_000_CALLS * CALLS / 100_000, 256 * 1024)
