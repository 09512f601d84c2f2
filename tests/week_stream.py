"""Calls of a queue as a recorded Asterisk 22 says them: the recordings are the words, the times and ids are ours.

A call of a simulated week is a real one that was recorded (tests/recordings) with its wait, talk and hold stretched to
what is wanted, under ids of its own. The tracker hears all of them as they overlap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cti.telephony.events import CallCleared, CallRecord
from cti.telephony.tracker import Tracker

RECORDINGS = Path(__file__).parent / "recordings" / "22"
STATUS = {
    "timeout": "TIMEOUT", "leaveempty": "LEAVEEMPTY", "joinempty": "JOINEMPTY", "full": "FULL",
    "diverted": "WITHDRAW", "other": "CONTINUE",
}  # fmt: skip
RECORDED = {"answered": "queue", "abandoned": "abandon", "joinempty": "queue_join_empty", "full": "queue_join_empty"}
SPARE = "PJSIP/101-"  # rings beside the other member there: one member is enough
ENDS_WAIT = {"HangupRequest", "SoftHangupRequest", "AgentRingNoAnswer", "DialEnd", "QueueCallerAbandon"}
ENDS_TALK = {"HangupRequest", "SoftHangupRequest", "AgentComplete", "BridgeLeave"}
CHANNEL = re.compile(r"PJSIP/\w+-[0-9a-f]{8}")
UNIQUE = re.compile(r"\d{10}\.\d+")
HELD_AFTER_S = 1
Headers = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One call as it is wanted; at: UNIX seconds, the others whole seconds. how: as `Wait.how`. caller: as he dials."""

    queue: str
    called: str
    caller: str
    at: float
    wait: int
    talk: int
    hold: int
    how: str


def heard(calls: Iterable[Said]) -> list[CallRecord]:
    """What the tracker hands over of each, in the order of `calls`."""
    wanted = list(calls)
    stream = sorted(
        (
            (at, place, number, headers)
            for place, one in enumerate(wanted)
            for number, (at, headers) in _events(place, one)
        ),
        key=lambda said: said[:3],
    )
    tracker, records = Tracker(), {}
    for at, _, _, headers in stream:
        for event in tracker.feed(headers | {"Timestamp": f"{at:.6f}"}, None):
            if isinstance(event, CallCleared):
                records[event.record.call] = event.record
    return [records[_id(place, one)] for place, one in enumerate(wanted)]


def _id(place: int, one: Said) -> str:
    return f"{int(one.at)}.{place * 10}"


def _events(place: int, one: Said) -> Iterator[tuple[int, tuple[float, Headers]]]:
    """Its events in their order, each with its time."""
    said = _recorded(RECORDED.get(one.how, "queue_timeout" if one.how == "timeout" else "queue_leave_empty"))
    renamed = _renamed(said, place, one)
    left, end = one.at + one.wait, one.at + one.wait + one.talk + one.hold
    leaving = next((n for n, headers in enumerate(said) if headers["Event"] in ENDS_WAIT), len(said))
    last_enter = max((n for n, headers in enumerate(said) if headers["Event"] == "BridgeEnter"), default=len(said))
    ending = next((n for n, headers in enumerate(said) if n > last_enter and headers["Event"] in ENDS_TALK), len(said))
    number = 0
    for n, headers in enumerate(said):
        mine = {key: renamed.get(value, value) for key, value in headers.items()}
        if headers["Event"] == "UserEvent" and "Status" in headers:
            mine["Status"] = STATUS[one.how]
        yield number, (one.at if n < leaving else left if n < ending else end, mine)
        number += 1
        if n == last_enter and one.hold:
            agent = next(event for event in said if event["Event"] == "BridgeEnter" and "trunk" not in event["Channel"])
            hold = {key: renamed.get(value, value) for key, value in agent.items() if not key.startswith("Bridge")}
            for name, at in (("Hold", left + HELD_AFTER_S), ("Unhold", left + HELD_AFTER_S + one.hold)):
                yield number, (at, hold | {"Event": name})
                number += 1


def _renamed(said: list[Headers], place: int, one: Said) -> dict[str, str]:
    """What the recording's ids, queue and numbers are called in this call."""
    names = dict.fromkeys(value for headers in said for value in headers.values())
    first = next(headers for headers in said if headers["Event"] == "Newchannel")
    queue = next((headers["Queue"] for headers in said if "Queue" in headers), "")
    found = {queue: one.queue, first["CallerIDNum"]: one.caller, first["Exten"]: one.called}
    legs = [name for name in names if UNIQUE.fullmatch(name)]
    legs.sort(key=lambda name: name != first["Linkedid"])
    found |= {name: f"{int(one.at)}.{place * 10 + n}" for n, name in enumerate(legs)}
    found |= {name: f"{name[:-8]}{place:08x}" for name in names if CHANNEL.fullmatch(name)}
    return found | {headers["BridgeUniqueid"]: f"bridge-{place}" for headers in said if "BridgeUniqueid" in headers}


@cache
def _recorded(name: str) -> list[Headers]:
    """What was said of the call itself."""
    every: list[Headers] = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    spare = name in ("queue", "abandon")
    return [
        headers
        for headers in every
        if any(key in headers for key in ("Channel", "DestChannel", "BridgeUniqueid"))
        and not (spare and any(headers.get(key, "").startswith(SPARE) for key in ("Channel", "DestChannel")))
    ]
