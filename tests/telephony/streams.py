"""The recorded streams, and what the tracker makes of one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cti.telephony.events import CallCleared, CallRecord, TelephonyEvent
from cti.telephony.tracker import Tracker

OWN = Path(__file__).resolve().parents[1] / "recordings"
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "recordings"  # not part of the project: see its README

Stream = list[dict[str, str]]


def own() -> dict[str, Path]:
    """The project's own recordings: those of Asterisk 22 by scenario, those of 16 as scenario-16."""
    new, old = (sorted((OWN / version).glob("*.json")) for version in ("22", "16"))
    return {path.stem: path for path in new} | {f"{path.stem}-16": path for path in old}


def reference() -> dict[str, Path]:
    """The older PBX's recordings by name, empty where they are absent."""
    return {path.stem: path for path in sorted(REFERENCE.glob("*__*.json"))}


def load(path: Path) -> Stream:
    """Header objects of a recording that have an event's name."""
    stream: Stream = json.loads(path.read_text(encoding="utf-8"))
    return [headers for headers in stream if "Event" in headers]


def expected(folder: Path) -> dict[str, Any]:
    """What must come of each recording."""
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return found


def told(stream: Iterable[Mapping[str, str]], tracker: Tracker | None = None) -> list[TelephonyEvent]:
    """Every event of a stream from its first to its last, with the end of the stream."""
    tracker = tracker or Tracker()
    events = [event for headers in stream for event in tracker.feed(headers, None)]
    return events + tracker.finish()


def cleared(events: Sequence[TelephonyEvent]) -> list[CallRecord]:
    """The final accounts of the calls."""
    return [event.record for event in events if isinstance(event, CallCleared)]


def results(stream: Iterable[Mapping[str, str]]) -> list[tuple[object, ...]]:
    """What matters of each call, times aside."""
    return [
        (
            record.call,
            record.outcome,
            record.talked,
            record.transfers,
            tuple((leg.leg, leg.result) for leg in record.legs),
        )
        for record in cleared(told(stream))
    ]
