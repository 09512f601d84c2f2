"""The pure tracker against the published one on the package index, on the same parsed events, in one run.

The published one lives in an environment of its own that this bench makes, since the project itself must not need it.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cti.channels.phone.codec import Decoder
from cti.telephony.tracker import Tracker
from tests.bench import report
from tests.bench.stream import call

OTHER = "cacofonisk==0.7.10"
HOME = Path(__file__).resolve().parents[2] / ".lab" / "bench-cacofonisk"
CALLS = 2000
ROUNDS = 5

# Runs there: prints the best time of ROUNDS and how many calls it saw end, so that it is known to have worked.
SCRIPT = """
import gc, json, sys, time
from cacofonisk.handlers import EventHandler
from cacofonisk.reporters import BaseReporter

class Reporter(BaseReporter):
    ends = 0
    def on_hangup(self, *args, **kwargs):
        Reporter.ends += 1

events = json.load(open(sys.argv[1]))
best = 1e9
gc.freeze()
for _ in range(int(sys.argv[2])):
    handler = EventHandler(reporter=Reporter())
    wanted = handler.event_handlers().keys()
    begin = time.perf_counter()
    for event in events:
        if event["Event"] in wanted:
            handler.on_event(event)
    best = min(best, time.perf_counter() - begin)
print(json.dumps([best, Reporter.ends]))
"""


def main() -> None:
    decoder = Decoder()
    events = [dict(one) for n in range(CALLS) for wire in call(n)[0] for one in decoder.feed(wire)]
    gc.freeze()
    ours = min(_ours(events) for _ in range(ROUNDS))
    theirs = _theirs(events)
    report("tracked from parsed event", len(events) / ours, "events/s", baseline=len(events) / theirs,
           limit="ratio >= 1.0")  # fmt: skip


def _ours(events: list[dict[str, str | list[str]]]) -> float:
    tracker = Tracker()
    begin = time.perf_counter()
    for headers in events:
        tracker.feed(headers, 1e9)
    took = time.perf_counter() - begin
    assert tracker.size == 0
    return took


def _theirs(events: list[dict[str, str | list[str]]]) -> float:
    python = _environment()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(events, file)
        file.flush()
        command = [str(python), "-c", SCRIPT, file.name, str(ROUNDS)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    best, ends = json.loads(done.stdout)
    assert ends == CALLS * ROUNDS, f"the other tracker saw {ends} calls end"
    return float(best)


def _environment() -> Path:
    """The other tracker's own Python, made once."""
    python = HOME / "bin" / "python"
    if not (HOME / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", OTHER], check=True)
        (HOME / "made").touch()
    return python
