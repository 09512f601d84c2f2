"""`cti replay`: the calls in recorded AMI, event by event or one line per call.

Reads what `cti record` writes and what others record: a JSON array of header objects, JSON lines, or raw AMI text,
told apart by content. A recording without timestamps has `null` times. Each file is a stream of its own.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from cti.cli import examples
from cti.telephony.events import CallCleared, CallEvent, CallRecord, TelephonyEvent
from cti.telephony.tracker import DevicePlan, Tracker

AmiHeaders = dict[str, str | list[str]]
SUMMARY = (
    "call", "direction", "caller", "called", "queue", "started", "answered", "ended", "outcome", "reason", "talked",
    "transfers", "legs", "queued", "placed_by", "waits", "release", "unseen",
)  # fmt: skip
LEG = ("leg", "device", "rang", "answered", "ended", "result", "cause", "talk", "hold")


@click.command(
    epilog=examples(
        "cti replay calls.jsonl", "cti replay --summary monday.json friday.json", "zcat a.gz | cti replay -"
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--summary", is_flag=True, help="One line per call when the stream ends.")
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Settings file that names devices and trunks; else told by their names.",
)
@click.option("--pbx", "name", help="Which PBX of the settings, when they name several.")
def command(files: tuple[Path, ...], summary: bool, settings: Path | None, name: str | None) -> None:
    """Tell the calls in recorded AMI, as JSON lines ("-": standard input)."""
    plan = _plan(settings, name)
    for file in files:
        for event in replayed(_events(file), plan):
            line = _summary(event) if summary else _line(event)
            if line is not None:
                click.echo(json.dumps(line, ensure_ascii=False))


def replayed(events: Iterator[AmiHeaders], plan: DevicePlan) -> Iterator[TelephonyEvent]:
    """Call events of one stream, closing what is open at its end."""
    tracker = Tracker(plan)
    for headers in events:
        yield from tracker.feed(headers, None)
    yield from tracker.finish()


def parse(text: str) -> Iterator[AmiHeaders]:
    """Header objects of a recording in any of the three formats. Raises ValueError where it is none."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("[", "{")):
        yield from _json(start)
    else:
        yield from _raw(start)


def summary_of(record: CallRecord) -> dict[str, Any]:
    """The line of one call."""
    row = msgspec.to_builtins(record)
    row["legs"] = [{key: leg[key] for key in LEG} for leg in row["legs"]]
    return {key: row[key] for key in SUMMARY}


def _events(file: Path) -> Iterator[AmiHeaders]:
    try:
        with click.open_file(str(file), "rb") as source:
            text = source.read().decode("utf-8", errors="replace")
        yield from parse(text)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}") from None
    except ValueError as error:
        raise click.ClickException(f"{file}: not a recording: {error}") from None


def _json(text: str) -> Iterator[AmiHeaders]:
    """One array, or objects one after the other; a last object cut off in the middle is left out."""
    decoder, at = json.JSONDecoder(), 0
    if text.startswith("["):
        items = decoder.decode(text)
        yield from (_headers(item) for item in items if isinstance(item, dict))
        return
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
            continue
        try:
            item, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            if "\n" in text[at:].rstrip("\n"):
                raise
            return
        if isinstance(item, dict):
            yield _headers(item)


def _headers(item: Mapping[str, object]) -> AmiHeaders:
    return {
        str(key): [str(part) for part in value] if isinstance(value, list) else "" if value is None else str(value)
        for key, value in item.items()
    }


def _raw(text: str) -> Iterator[AmiHeaders]:
    """AMI text: `Name: value` lines, a blank line after each message; a line cut off at the end is left out."""
    headers: AmiHeaders = {}
    found = False
    for line in text.splitlines(keepends=True):
        key, mark, value = line.partition(":")
        found = found or line.startswith(("Asterisk Call Manager", "Event:", "Response:"))
        if not line.strip():
            if headers:
                yield headers
            headers = {}
        elif mark and line.endswith("\n"):
            _add(headers, key.strip(), value.strip())
    if headers and found:
        yield headers
    if text and not found:
        raise ValueError("neither JSON nor AMI text")


def _add(headers: AmiHeaders, key: str, value: str) -> None:
    old = headers.get(key)
    headers[key] = value if old is None else [*old, value] if isinstance(old, list) else [old, value]


def _line(event: TelephonyEvent) -> dict[str, Any] | None:
    if not isinstance(event, CallEvent):
        return None
    row = _plain(event)
    head = {"event": type(event).__name__, "call": row.pop("call", None), "at": row.pop("at")}
    return head | row


def _summary(event: TelephonyEvent) -> dict[str, Any] | None:
    return summary_of(event.record) if isinstance(event, CallCleared) else None


def _plain(event: TelephonyEvent) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(event)
    record = getattr(event, "record", None)
    if isinstance(record, CallRecord):
        row["record"] = summary_of(record)
    return row


def _plan(path: Path | None, name: str | None) -> DevicePlan:
    """Devices and trunks of the settings' PBX. Nothing else of the file is looked at: no secret is needed to replay."""
    if path is None:
        return DevicePlan()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("pbx", {})
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from None
    if name is None and len(found) > 1:
        raise click.ClickException(f"{path} names several PBXes: choose one with --pbx ({', '.join(found)})")
    if name is not None and name not in found:
        raise click.ClickException(f"{path} names no PBX {name!r}")
    pbx = found[name] if name is not None else next(iter(found.values()), {})
    return DevicePlan(devices=_names(path, pbx, "devices"), trunks=_names(path, pbx, "trunks"))


def _names(path: Path, pbx: Mapping[str, object], key: str) -> frozenset[str]:
    names = pbx.get(key, [])
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise click.ClickException(f"{path}: {key} must be a list of texts")
    return frozenset(names)
