"""The process in which pyVoIP lives: little memory, one registrar, lines in, lines out.

It reads one JSON object with its accounts (and timing), then an order a line (`call`, `end`); it writes what happens,
an object a line, and a `beat` while all its lines turn. It ends with its parent (end of input), and is silent where a
line has got stuck: the parent, `cti/channels/phone/sip.py`, then starts it anew.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
import warnings
from functools import partial
from typing import Any

from cti.limits import limited

MEMORY = 256 * 1024 * 1024
STACK = 512 * 1024  # of each thread; it counts as memory
BEAT_S = 2.0
STUCK_S = 60.0  # a name that cannot be resolved takes half a minute
LONGEST_LINE = 64 * 1024


def main() -> int:
    """Run until the input ends."""
    limited(memory=MEMORY)
    threading.stack_size(STACK)
    warnings.simplefilter("ignore")  # pyVoIP's
    out = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no message of ours
    from cti.channels.phone.sip_line import Account, Line  # not before the limit
    from cti.channels.phone.sip_timing import Timing

    lock = threading.Lock()

    def tell(name: str, what: dict[str, Any]) -> None:
        data = json.dumps({"line": name, **what}, ensure_ascii=False).encode() + b"\n"
        with lock:
            _write(out, data)

    orders = _orders()
    given = next(order for order in orders if order)
    timing = Timing(**given.get("timing", {}))
    lines: dict[str, Line] = {}
    for account in given["accounts"]:
        name = account["name"]
        lines[name] = Line(Account(**account), partial(tell, name), timing)
        lines[name].start()
    for order in orders:
        if not order:
            if all(line.alive and time.monotonic() - line.ticked < STUCK_S for line in lines.values()):
                tell("", {"kind": "beat"})
            continue
        line = lines[order["line"]]
        if order["do"] == "call":
            line.place(order["id"], order["number"], ring_s=order["ring_s"], talk_s=order["talk_s"])
        elif order["do"] == "end":
            line.end(order["id"])
    for line in lines.values():
        line.stop()
    return 0


def _orders() -> Any:
    """Objects from the input as they come; an empty one each BEAT_S without any. Ends with the input."""
    rest, due = b"", time.monotonic() + BEAT_S
    while True:
        if select.select([0], [], [], max(due - time.monotonic(), 0))[0]:
            data = os.read(0, LONGEST_LINE)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from (json.loads(one) for one in whole if one.strip())
        if time.monotonic() >= due:
            due = time.monotonic() + BEAT_S
            yield {}


def _write(out: int, data: bytes) -> None:
    while data:
        data = data[os.write(out, data) :]
