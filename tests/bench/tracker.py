"""The pure tracker against the published one on the package index, on the same parsed events, in one run.

Ours twice: as the wheel installs it (compiled) and as the sources are. The published one lives in an environment of its
own that this bench makes, since the project itself must not need it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cti.channels.phone.codec import Decoder
from lab.install import PYTHON
from lab.settings import CHECKOUT
from lab.wheel import unpacked
from tests.bench import SHORT, report
from tests.bench.stream import call

OTHER = "cacofonisk==0.7.10"
HOME = CHECKOUT / ".lab" / "bench-cacofonisk"
CALLS = 200 if SHORT else 2000
ROUNDS = 1 if SHORT else 5

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


# Runs with the wheel's compiled tracker and with the sources' own: the same two figures.
OURS = """
import gc, json, sys, time
from cti.telephony.tracker import Tracker

events = json.load(open(sys.argv[1]))
best, ends = 1e9, 0
gc.freeze()
for _ in range(int(sys.argv[2])):
    tracker = Tracker()
    begin = time.perf_counter()
    for event in events:
        for told in tracker.feed(event, 1e9):
            ends += type(told).__name__ == "CallCleared"
    best = min(best, time.perf_counter() - begin)
print(json.dumps([best, ends]))
"""


def main() -> None:
    decoder = Decoder()
    events = [dict(one) for n in range(CALLS) for wire in call(n)[0] for one in decoder.feed(wire)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(events, file)
        file.flush()
        python = str(PYTHON)
        theirs = len(events) / _best([str(_environment()), "-c", SCRIPT], file.name)
        compiled = len(events) / _best([python, "-P", "-c", OURS], file.name, unpacked(is_quick=SHORT))
        plain = len(events) / _best([python, "-P", "-c", OURS], file.name, CHECKOUT)
    report("tracked from parsed event, wheel", compiled, "events/s", baseline=theirs, limit="ratio >= 1.0")
    report("tracked from parsed event, plain sources", plain, "events/s", baseline=theirs)


def _best(command: list[str], events: str, home: Path | None = None) -> float:
    """Seconds of the best round."""
    environment = {**os.environ, **({"PYTHONPATH": str(home)} if home is not None else {})}
    done = subprocess.run(
        [*command, events, str(ROUNDS)], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    best, ends = json.loads(done.stdout)
    assert ends == CALLS * ROUNDS, f"{ends} calls were seen to end"
    return float(best)


def _environment() -> Path:
    """The other tracker's own Python, made once."""
    python = HOME / "bin" / "python"
    if not (HOME / "made").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", OTHER], check=True)
        (HOME / "made").touch()
    return python
