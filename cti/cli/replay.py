"""`cti replay`: the calls in recorded AMI, told without a PBX, a clock or a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cti.channels.phone.codec import Decoder, FrameTooLong, Headers
from cti.cli import examples
from cti.errors import CtiError
from cti.telephony.events import CallCleared, CallRecord, TelephonyEvent
from cti.telephony.model import DevicePlan
from cti.telephony.tracker import Tracker

CHUNK = 65_536


class NotARecording(CtiError):
    """A file that is none of the three forms."""


@click.command(
    epilog=examples("cti replay calls.jsonl", "cti replay --summary morning.json", "nc pbx 5038 | cti replay -")
)
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
@click.option("--summary", is_flag=True, help="One line per call when the stream ends, instead of one per event.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings whose devices and trunks tell agents' phones from trunks.",
)
def command(files: tuple[Path, ...], summary: bool, settings_file: Path | None) -> None:
    """Tell the calls in FILES: recorded AMI as a JSON array, JSON lines or raw text ("-": standard input)."""
    plan = _plan(settings_file)
    for file in files:
        tracker = Tracker(plan)
        data = sys.stdin.buffer.read() if str(file) == "-" else _bytes(file)
        lines = summaries(tracker, read(data)) if summary else told(tracker, read(data))
        for line in lines:
            click.echo(json.dumps(line, ensure_ascii=False))


def read(data: bytes) -> Iterator[Headers]:
    """Header dicts of a recording in any of its forms. Raises NotARecording."""
    head = data.lstrip()[:1]
    try:
        if head == b"[":
            yield from json.loads(data)
        elif head == b"{":
            yield from (json.loads(line) for line in data.splitlines() if line.strip())
        else:
            yield from _raw(data)
    except (ValueError, FrameTooLong) as error:
        raise NotARecording(
            f"This is no recording of AMI ({error}): give a JSON array, JSON lines or raw text."
        ) from None


def _raw(data: bytes) -> Iterator[Headers]:
    decoder = Decoder()
    text = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n\r\n"
    known = 0
    for start in range(0, len(text), CHUNK):
        for headers in decoder.feed(text[start : start + CHUNK]):
            known += "Event" in headers or "Response" in headers
            yield headers
    if not known and text.strip():
        raise ValueError("no event in it")


def told(tracker: Tracker, recording: Iterable[Headers]) -> Iterator[dict[str, Any]]:
    """Every event, as it is told to the server."""
    for headers in recording:
        at = when(headers)
        for event in tracker.feed(headers, at or 0.0):
            yield _line(event, timed=at is not None)


def summaries(tracker: Tracker, recording: Iterable[Headers]) -> Iterator[dict[str, Any]]:
    """Every call once, when the stream is over; calls it cut short are unfinished."""
    records: list[tuple[CallRecord, bool]] = []
    timed = False
    for headers in recording:
        at = when(headers)
        timed = timed or at is not None
        for event in tracker.feed(headers, at or 0.0):
            if isinstance(event, CallCleared):
                records.append((event.record, timed))
    for event in tracker.end():
        if isinstance(event, CallCleared):
            records.append((event.record, timed))
    for record, known in records:
        yield summary_of(record, timed=known)


def summary_of(record: CallRecord, *, timed: bool = True) -> dict[str, Any]:
    """A call's record as the line that tools rely on. timed=False: the recording has no times, so all are null."""
    line = asdict(record)
    for key in ("queued", "placed_by"):
        line.pop(key)
    line["talked"] = [list(pair) for pair in record.talked]
    keys = ("leg", "device", "rang", "answered", "ended", "result")
    line["legs"] = [{key: leg[key] for key in keys} for leg in line["legs"]]
    if not timed:
        line |= {"started": None, "answered": None, "ended": None}
        line["legs"] = [leg | {"rang": None, "answered": None, "ended": None} for leg in line["legs"]]
    return line


def when(headers: Headers) -> float | None:
    """UNIX seconds of an event that says so (timestampevents = yes, or our own recording)."""
    value = headers.get("Timestamp") or headers.get("timestamp")
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        try:
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            return None


def _line(event: TelephonyEvent, *, timed: bool) -> dict[str, Any]:
    values = {key: getattr(event, key) for key in event.__dataclass_fields__}
    at = values.pop("at")
    call = values.pop("call", None)
    record = values.pop("record", None)
    if isinstance(record, CallRecord):
        values["record"] = summary_of(record, timed=timed)
    return {
        "event": type(event).__name__,
        "call": call,
        "at": at if timed else None,
        **{k: _plain(v) for k, v in values.items()},
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, tuple | frozenset):
        return [_plain(one) for one in value]
    return value


def _plan(file: Path | None) -> DevicePlan:
    if file is None:
        return DevicePlan()
    from cti import settings

    pbxs = settings.load(file).pbx.values()
    devices = frozenset(name for pbx in pbxs for name in pbx.devices)
    return DevicePlan(devices=devices, trunks=frozenset(name for pbx in pbxs for name in pbx.trunks))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotARecording(f"{file}: cannot be read ({error.strerror}).") from None
